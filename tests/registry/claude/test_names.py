import pytest

from mcpgw.registry.claude.names import in_tool_names, reserved


@pytest.mark.parametrize("name", ["workspace", "Claude Preview", "Claude.Preview", "Claude in Chrome", "__proto__"])
def test_the_client_keeps_some_names(name):
    assert reserved(name)


@pytest.mark.parametrize("name", ["", "WORKSPACE", "claude_preview", "computer_use", "ide", "claude.ai X", "toString"])
def test_others_are_free(name):
    assert not reserved(name)


def test_names_as_tools_carry_them():
    assert in_tool_names("my srv.ü-1_x") == "my_srv__-1_x"
