"""Install, then uninstall, is the identity on JSONC and TOML too, whatever stands around and between the values."""

import tomllib

import pytest
from hypothesis import given, settings

from mcpgw.installers.plan import install_plan
from mcpgw.installers.rollback import uninstall_plan
from mcpgw.registry.client import ConfigFile, Container
from mcpgw.registry.document import Syntax
from mcpgw.registry.entry import Scope, Transport
from mcpgw.registry.json_reader import json_value
from mcpgw.registry.ledger import Ledger
from mcpgw.registry.reading import entries_of, open_document
from support.layouts import jsonc_files, toml_files

JSONC = ConfigFile("vscode", "/h/mcp.json", (Container(("servers",), Scope.USER),), syntax=Syntax.JSONC)
TOML = ConfigFile("codex", "/h/config.toml", (Container(("mcp_servers",), Scope.USER),), syntax=Syntax.TOML)
LAUNCHER = "/home/ü ser/mcpgw"


def routable(file, content):
    document = open_document(file, content)
    return frozenset(entry.entry_id for entry, _ in entries_of(file, document) if entry.transport is Transport.STDIO)


def round_trip(file, content):
    """The routed bytes, after all that must hold of them was checked."""
    wanted = routable(file, content)
    plan = install_plan(file, content, wanted, LAUNCHER)
    assert len(plan.changes) == len(wanted)
    assert uninstall_plan(file, plan.new, Ledger()).new == content
    assert not install_plan(file, plan.new, wanted, LAUNCHER).changed
    outside, at = [], 0
    for edit in sorted(plan.edits, key=lambda each: each.start):
        outside.append(content[at : edit.start])
        at = edit.end
    position = 0
    for piece in (*outside, content[at:]):
        position = plan.new.index(piece, position) + len(piece)
    return plan.new


@pytest.mark.requirement("uninstall.exact-bytes")
@settings(max_examples=150, deadline=None)
@given(jsonc_files())
def test_jsonc(drawn):
    content, tree = drawn
    routed = json_value(round_trip(JSONC, content).removeprefix(b"\xef\xbb\xbf"), comments=True)
    assert {key: value for key, value in routed.items() if key != "servers"} == {
        key: value for key, value in tree.items() if key != "servers"
    }
    assert all(each["command"] == LAUNCHER for each in routed["servers"].values())


@pytest.mark.requirement("uninstall.exact-bytes")
@settings(max_examples=150, deadline=None)
@given(toml_files())
def test_toml(drawn):
    content, tree = drawn
    routed = tomllib.loads(round_trip(TOML, content).decode("utf-8-sig"))
    servers, originals = routed.pop("mcp_servers", {}), tree.pop("mcp_servers", {})
    assert routed == tree
    for name, entry in servers.items():
        original = originals[name]
        assert entry["command"] == LAUNCHER
        assert {**entry, "command": 0, "args": 0} == {**original, "command": 0, "args": 0}
        assert entry["args"][-len(original.get("args", ())) :] == original["args"] if original.get("args") else True


SAMPLES = [
    (
        JSONC,
        b'{ // jsonc\n "inputs":[{"id":"k"}],"servers":{"gh":{"type":"stdio","command":"docker","args":["run"]}},}',
    ),
    (JSONC, b'{"servers": {"s": {"command" /* " */ : "x", /* , */ "args" // [\n : [ // ]\n "a", // "b"\n ], }, }, }'),
    (JSONC, b'{"servers": {"s": { // "command": "y"\n\t"command": "x" // last\n} } }'),
    (JSONC, b'{"servers": {"s": {"args": [ /* none */ ], "command": "x",}}}'),
    (JSONC, b'\xef\xbb\xbf{\r\n\t"servers": {\r\n\t\t"s": {\r\n\t\t\t"command": "x",\r\n\t\t},\r\n\t}\r\n}'),
    (
        TOML,
        b'[mcp_servers.docs]\ncommand = "npx" # keep comment\nargs = ["-y","docs-mcp"]\n[mcp_servers.docs.env]\nK = "v"',
    ),
    (TOML, b"[mcp_servers.a]\r\n\tcommand = \"x\" # c\r\n\r\n[mcp_servers.b]\r\ncommand = 'y'"),
    (TOML, b'[mcp_servers]\na.command = "x"\nb = { command = "y" }\n"c d" . command = """\nz"""\n'),
    (TOML, b"mcp_servers.a.command = 'x' # the table ends before this, and with its args at the end of the file"),
    (TOML, b'mcp_servers = { a = {command="x"}, b.command = "y", b.env.K = "#" } # all'),
    (
        TOML,
        b'[mcp_servers.a]\nargs = [ # none\n]\ncommand = "x"\n[mcp_servers.b]\nargs = [ # one\n  "a", # b\n]\ncommand = "x"',
    ),
]


@pytest.mark.parametrize(("file", "content"), SAMPLES)
def test_samples(file, content):
    round_trip(file, content)


def routed_sample(file, content):
    return install_plan(file, content, routable(file, content), LAUNCHER).new


@pytest.mark.requirement("uninstall.keeps-edits")
@pytest.mark.parametrize(
    ("file", "content", "edit", "restored"),
    [
        (  # a comment between our arguments
            TOML,
            b'[mcp_servers.a]\ncommand = "x"\nargs = ["1"]\n',
            (b'"--", "x", "1"]', b'"--", # sep\n  "x", "1", # one\n]'),
            b'[mcp_servers.a]\ncommand = "x"\nargs = [    # sep\n   "1", # one\n]\n',
        ),
        (  # comments around the args that were added
            TOML,
            b'[mcp_servers.a]\ncommand = "x"\n',
            (b"\nargs = ", b" # mine\n# gateway\nargs = "),
            b'[mcp_servers.a]\ncommand = "x" # mine\n# gateway\n',
        ),
        (  # the args moved before the command
            TOML,
            b'[mcp_servers]\na = { timeout = 1, command = "x" }\n',
            (b"timeout = 1, ", b""),
            b'[mcp_servers]\na = { command = "x" }\n',
        ),
        (  # a formatter put a comma behind the last argument
            JSONC,
            b'{"servers": {"a": {"command": "x", "args": []}}}',
            (b'"x"]', b'"x",\n]'),
            b'{"servers": {"a": {"command": "x", "args": [\n]}}}',
        ),
        (
            JSONC,
            b'{"servers": {"a": {"command": "x"}}}',
            (b', "args"', b' /* c */ , // d\n "args"'),
            b'{"servers": {"a": {"command": "x" /* c */  // d\n }}}',
        ),
        (
            JSONC,
            b'{"servers": {"a": {"command": "x", "args": ["1"]}}}',
            (b'"run", ', b'"run" /* verb */, '),
            b'{"servers": {"a": {"command": "x", "args": [ /* verb */     "1"]}}}',
        ),
    ],
)
def test_comments_that_were_added_since_stay(file, content, edit, restored):
    routed = routed_sample(file, content)
    assert edit[0] in routed
    assert uninstall_plan(file, routed.replace(*edit), Ledger()).new == restored
