"""Each fault has its documented exit code."""

from __future__ import annotations

from mcpgw import errors


def test_exit_codes() -> None:
    codes = {kind.__name__: int(kind.exit_code) for kind in errors.McpgwError.__subclasses__()}
    assert codes["UsageFault"] == 2
    assert codes["ConfigFault"] == 3
    assert codes["NotFound"] == 4
    assert codes["Refused"] == 5
    assert codes["EnvironmentFault"] == 6
    assert codes["Partial"] == 7
    assert errors.McpgwError("m", "n").next_step == "n"
