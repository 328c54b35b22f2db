import pytest

from mcpgw.errors import ConfigFault, McpgwError
from mcpgw.installers.verify import verify_rewrite
from mcpgw.registry.client import ConfigFile, Container
from mcpgw.registry.entry import Scope
from mcpgw.registry.reading import open_document

FILE = ConfigFile("claude-code", "/c.json", (Container(("mcpServers",), Scope.USER),))
OLD = b'{"a": 1.0, "mcpServers": {"s": {"command": "x", "args": ["1"], "env": {"A": "1"}}, "t": {}}, "a": 2}'
EXPECTED = {(Scope.USER, None, "s"): ("y", ("1",))}


def check(new, expected=EXPECTED):
    verify_rewrite(FILE, open_document(FILE, OLD), new, expected)


def test_the_planned_edit_passes():
    check(OLD.replace(b'"x"', b'"y"'))
    check(OLD, {})


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (b"1.0", b"1"),
        (b'"A": "1"', b'"A": "2"'),
        (b'"env": {"A": "1"}', b'"e": {"A": "1"}'),
        (b'"t": {}', b'"u": {}'),
        (b'"t": {}', b'"t": {"command": "z"}'),
        (b', "t": {}', b""),
        (b'"a": 2', b'"b": 2'),
        (b'["1"]', b'["1", "2"]'),
    ],
)
def test_any_other_change_is_refused(before, after):
    with pytest.raises(McpgwError, match="left alone"):
        check(OLD.replace(b'"x"', b'"y"').replace(before, after))


def test_an_edit_that_did_not_happen_is_refused():
    with pytest.raises(McpgwError, match="left alone"):
        check(OLD)


def test_what_is_no_json_is_refused():
    with pytest.raises(ConfigFault):
        check(OLD[:-1])
