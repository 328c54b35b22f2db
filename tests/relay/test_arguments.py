"""The data plane's own reading of its command line."""

from __future__ import annotations

import pytest

from mcpgw.relay.arguments import Arguments, BadArguments, parse_arguments


@pytest.mark.parametrize(
    ("argv", "expected"),
    [
        (
            ["run", "--entry", "cc:user:my%20fs", "--", "npx", "-y"],
            Arguments("cc:user:my%20fs", "my fs", ["npx", "-y"]),
        ),
        (["run", "--entry", "cc:user:x", "--no-args", "--", "srv"], Arguments("cc:user:x", "x", ["srv"])),
        (["run", "--entry", "cc:local:x", "--shadow", "--no-args", "--", "srv"], Arguments("cc:local:x", "x", ["srv"])),
        (["run", "--name", "n", "--", "/bin/srv", "--entry", "y"], Arguments(None, "n", ["/bin/srv", "--entry", "y"])),
        (["run", "--", "/bin/srv"], Arguments(None, "srv", ["/bin/srv"])),
        (["run", "srv", "--flag"], Arguments(None, "srv", ["srv", "--flag"])),
        (["stdio", "srv", "--name", "x"], Arguments(None, "srv", ["srv", "--name", "x"])),
        (["stdio", "--", "srv"], Arguments(None, "srv", ["srv"])),
        (["run", "--entry", "a:b:%zz%C3%A9", "--", "s"], Arguments("a:b:%zz%C3%A9", "%zzé", ["s"])),
    ],
)
@pytest.mark.requirement("run.arguments")
def test_reads(argv: list[str], expected: Arguments) -> None:
    assert parse_arguments(argv) == expected


@pytest.mark.parametrize(
    "argv", [["run"], ["run", "--"], ["run", "--entry"], ["run", "--entry", "--", "x"], ["run", "--x", "y"]]
)
def test_refuses(argv: list[str]) -> None:
    with pytest.raises(BadArguments):
        parse_arguments(argv)
