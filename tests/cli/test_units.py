"""Numbers as people read them."""

import pytest

from mcpgw.cli import units

NOW = 1_767_268_800.0  # 2026-01-01T12:00:00Z


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("90s", NOW - 90),
        ("15m", NOW - 900),
        ("2h", NOW - 7200),
        ("3 D", NOW - 3 * 86400),
        ("1w", NOW - 7 * 86400),
        ("2026-01-01", NOW - 43200),
        ("2026-01-01T11:00", NOW - 3600),
        ("2026-01-01T13:00+02:00", NOW - 3600),
        (" 2026-01-01T12:00:00Z ", NOW),
    ],
)
def test_since(text: str, expected: float) -> None:
    assert units.since(text, NOW) == expected


@pytest.mark.parametrize("text", ["", "yesterday", "2x", "-2h", "2026-13-01"])
def test_since_refuses_the_rest(text: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        units.since(text, NOW)


def test_moment() -> None:
    assert units.moment(NOW) == "2026-01-01 12:00:00Z"
    assert units.moment(1e300) == "-" and units.moment(float("nan")) == "-"


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(-1, "0s"), (0.9, "0s"), (4, "4s"), (190, "3m 10s"), (7200, "2h"), (7500, "2h 5m"), (525_600, "6d 2h")],
)
def test_duration(seconds: float, text: str) -> None:
    assert units.duration(seconds) == text


def test_latency_and_size() -> None:
    assert [units.latency(each) for each in (None, 85, 1234, 3_400_000)] == ["-", "85 us", "1.2 ms", "3.4 s"]
    assert [units.size(each) for each in (512, 1536, 3 << 30, 5 << 40)] == ["512 B", "1.5 KiB", "3.0 GiB", "5.0 TiB"]


def test_counted() -> None:
    assert units.counted(1, "day") == "1 day" and units.counted(0, "day") == "0 days"
