import pytest

from mcpgw.errors import ConfigFault, McpgwError
from mcpgw.installers.verify import Gone, Whole, verify_rewrite
from mcpgw.registry.client import ConfigFile, Container
from mcpgw.registry.document import EACH, Syntax
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


LOCAL = ConfigFile("claude-code", "/c.json", (Container(("projects", EACH, "mcpServers"), Scope.LOCAL),))
SHADOW = (Scope.LOCAL, "/a", "new")


@pytest.mark.parametrize(
    ("before", "after", "wanted", "right"),
    [
        (b'"mcpServers": {}', b'"mcpServers": {"new": {"command": "x"}}', Whole({"command": "x"}), True),
        (b'"n": 1', b'"n": 1, "mcpServers": {"new": {"command": "x"}}', Whole({"command": "x"}), True),
        (b'"mcpServers": {"new": 1}', b'"mcpServers": {"new": {"command": "x"}}', Whole({"command": "x"}), True),
        (b'"mcpServers": null', b'"mcpServers": {"new": {"command": "x"}}', Whole({"command": "x"}), True),
        (b'"mcpServers": null, "n": 1', b'"mcpServers": {"new": 2}, "n": 2', Whole(2), False),
        (b'"mcpServers": {"old": 1}', b'"mcpServers": {"old": 1, "new": 2}', Whole(2), True),
        (b'"mcpServers": {"old": 1}', b'"mcpServers": {"old": 2, "new": 2}', Whole(2), False),
        (b'"mcpServers": {"old": 1}', b'"mcpServers": {"new": 2}', Whole(2), False),
        (b'"mcpServers": {}', b'"mcpServers": {"new": {"command": "y"}}', Whole({"command": "x"}), False),
        (b'"mcpServers": {}', b'"mcpServers": {"other": {"command": "x"}}', Whole({"command": "x"}), False),
        (b'"mcpServers": {}', b'"mcpServers": {}', Whole({"command": "x"}), False),
        (b'"mcpServers": {"new": 1, "old": 1}', b'"mcpServers": {"old": 1}', Gone(), True),
        (b'"mcpServers": {"new": 1}', b'"mcpServers": {}', Gone(), True),
        (b'"n": 1, "mcpServers": {"new": 1}', b'"n": 1', Gone(), True),
        (b'"n": 1, "mcpServers": {"new": 1}', b'"n": 2', Gone(), False),
        (b'"mcpServers": {"new": 1}', b'"mcpServers": {"new": 1}', Gone(), False),
    ],
)
def test_an_entry_may_come_or_go(before, after, wanted, right):
    frame = b'{"projects": {"/a": {%s}, "/b": {"mcpServers": {"x": 1}}}}'
    old = open_document(LOCAL, frame.replace(b"%s", before))
    new = frame.replace(b"%s", after)
    if right:
        verify_rewrite(LOCAL, old, new, {SHADOW: wanted})
        return
    with pytest.raises(McpgwError, match="left alone"):
        verify_rewrite(LOCAL, old, new, {SHADOW: wanted})


def test_no_container_comes_or_goes_by_itself():
    old = open_document(LOCAL, b'{"projects": {"/a": {}, "/b": {}}}')
    with pytest.raises(McpgwError, match="left alone"):
        verify_rewrite(LOCAL, old, b'{"projects": {"/a": {"mcpServers": {}}, "/b": {}}}', {})


TOML = ConfigFile("codex", "/c.toml", (Container(("m",), Scope.USER),), syntax=Syntax.TOML)
TOML_OLD = b"""a = 1.0 # one
[[b]]
c = 1
[m.s]
command = "x"
args = ["1"]
env.A = "1"
[m.t]
[[b]]
d = 'e'
"""


def test_the_planned_edit_of_toml_passes():
    new = TOML_OLD.replace(b'"x"', b"'y'")
    verify_rewrite(TOML, open_document(TOML, TOML_OLD), new, EXPECTED)
    verify_rewrite(TOML, open_document(TOML, TOML_OLD), TOML_OLD, {})


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (b"1.0", b"1"),
        (b"1.0", b"1.00"),
        (b"c = 1", b"c = 2"),
        (b"'e'", b"'f'"),
        (b'A = "1"', b'A = "2"'),
        (b'A = "1"', b"A = '1'"),
        (b"env.A", b"env.B"),
        (b"[m.t]", b"[m.u]"),
        (b"[m.t]", b"[m.t]\nx = 1"),
        (b"[m.t]\n", b""),
        (b'["1"]', b'["1", "2"]'),
    ],
)
def test_any_other_change_of_toml_is_refused(before, after):
    new = TOML_OLD.replace(b'"x"', b"'y'").replace(before, after)
    with pytest.raises(McpgwError, match="left alone"):
        verify_rewrite(TOML, open_document(TOML, TOML_OLD), new, EXPECTED)
