"""The journal adds up; exact percentiles are nearest rank."""

import statistics
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mcpgw.audit.tally import exact_percentile, tally


def record(**fields: Any) -> dict[str, Any]:
    return {
        "at": 10.0,
        "server": "fs",
        "direction": "to_server",
        "type": "request",
        "method": "tools/call",
        "tool": "read",
        "decision": "allow",
        "bytes": 10,
        "findings": [],
        **fields,
    }


def test_an_empty_journal_adds_up_to_nothing() -> None:
    total = tally([])
    assert (total.records, total.calls, total.first_at) == (0, 0, None)


def test_everything_is_counted() -> None:
    finding = {"rule": "ssn", "action": "block"}
    total = tally(
        [
            record(),
            record(decision="block", findings=[finding, finding], at=5.0),
            record(type="result", direction="to_client", method=None, tool=None, latency_us=40, at=20.0),
            record(method="tools/list", tool=None),
        ]
    )
    assert total.records == 4 and total.bytes == 40 and total.calls == 2
    assert total.messages == {("to_server", "request"): 3, ("to_client", "result"): 1}
    assert total.decisions == {"allow": 3, "block": 1}
    assert total.tools == {("fs", "read"): 2} and total.tools_stopped == {("fs", "read"): 1}
    assert total.findings == {("ssn", "block"): 2}
    assert (total.first_at, total.last_at) == (5.0, 20.0)
    assert total.latencies == {40: 1}


def test_fields_of_another_type_are_left_out() -> None:
    total = tally([{"bytes": "10", "latency_us": True, "findings": ["x", {"rule": 1}], "at": None, "tool": []}])
    assert (total.bytes, total.latencies, total.first_at) == (0, {}, None)
    assert total.findings == {("", ""): 1}


@given(st.lists(st.integers(0, 1000), min_size=1), st.sampled_from([0.5, 0.95, 0.99, 1.0]))
def test_a_percentile_is_a_value_that_the_share_stays_within(values: list[int], q: float) -> None:
    found = exact_percentile({value: values.count(value) for value in values}, q)
    assert found in values
    assert sum(value <= found for value in values) >= q * len(values)
    assert sum(value < found for value in values) < q * len(values)


def test_percentiles() -> None:
    assert exact_percentile({}, 0.5) is None
    assert exact_percentile({7: 1}, 0.99) == 7
    assert exact_percentile({1: 1, 2: 1, 9: 1}, 0.5) == statistics.median([1, 2, 9])
    assert exact_percentile({1: 95, 50: 5}, 0.95) == pytest.approx(1)
