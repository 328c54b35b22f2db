import json

import pytest

from mcpgw.errors import ConfigFault, NotFound
from mcpgw.installers.change import Outcome
from mcpgw.installers.routed_copy import STDIN, routed_copy, source_file
from mcpgw.registry.coverage import Reason
from mcpgw.registry.entry import unwrap, wrap
from support.client_home import client_home, write

LAUNCHER = "/state/bin/mcpgw"
SOURCE = b"""\xef\xbb\xbf{\r
\t"mcpServers" : {\r
\t\t"fs": {"command":"npx","args":[ "-y", "caf\\u00e9 \xff" ],"timeout":1.0, "x": 12345678901234567890},\r
\t\t"docs": {"type":"http","url":"https://a.test/mcp"},\r
\t\t"bare": {"command": "uvx"}\r
\t},  "other": [1,\t2]}"""


@pytest.fixture
def home(tmp_path):
    return client_home(tmp_path)


def _copy(home, content, *excepted, path="/etc/x/servers.json"):
    content = content if isinstance(content, bytes) else json.dumps(content).encode()
    return routed_copy(home.place, source_file(path), content, excepted, LAUNCHER)


def _became(copy):
    return {each.entry.name: (each.outcome, each.reason) for each in copy.entries}


@pytest.mark.requirement("wrap.bytes-kept")
def test_only_stdio_entries_differ(home):
    copy = _copy(home, SOURCE)
    assert _became(copy) == {
        "fs": (Outcome.ROUTE, None),
        "docs": (None, Reason.REMOTE),
        "bare": (Outcome.ROUTE, None),
    }
    before, after = SOURCE.split(b"\r\n"), copy.content.split(b"\r\n")
    assert [index for index, pair in enumerate(zip(before, after, strict=True)) if pair[0] != pair[1]] == [2, 4]
    fs = b'"command":"/state/bin/mcpgw","args":[ "run","--entry","claude-code:dynamic@'
    assert after[2].lstrip().startswith(b'"fs": {' + fs)
    assert after[2].endswith(b'"--","npx","-y", "caf\\u00e9 \xff" ],"timeout":1.0, "x": 12345678901234567890},')


@pytest.mark.requirement("wrap.ids")
def test_an_id_is_of_the_file_and_the_name(home):
    servers = {"mcpServers": {"fs": {"command": "npx"}}}
    ids = {
        path: _copy(home, servers, path=path).entries[0].entry.entry_id for path in ("/a/x.json", "/b/x.json", STDIN)
    }
    assert len(set(ids.values())) == 3
    assert all(each.startswith("claude-code:dynamic@") for each in ids.values())
    assert _copy(home, servers, path="/a/../a/x.json").entries[0].entry.entry_id == ids["/a/x.json"]
    managed = _copy(home, servers, path="/etc/claude-code/managed-mcp.json").entries[0].entry.entry_id
    assert managed == "claude-code:managed:fs"


@pytest.mark.requirement("wrap.re-pointed")
def test_wrapping_a_copy_again_changes_nothing_and_another_launcher_is_replaced(home):
    first = _copy(home, SOURCE)
    again = _copy(home, first.content)
    assert again.content == first.content
    assert _became(again)["fs"] == (None, None)
    old = {"command": "/old/mcpgw", "args": list(wrap("claude-code:user:else", "npx", ("-y", "fs")))}
    copy = _copy(home, {"mcpServers": {"fs": old}})
    assert _became(copy) == {"fs": (Outcome.REPOINT, None)}
    (argv,) = copy.allow_list
    original = unwrap(argv[1:])
    assert argv[0] == LAUNCHER
    assert (original.entry_id, original.command, original.args) == (copy.entries[0].entry.entry_id, "npx", ("-y", "fs"))


@pytest.mark.requirement("wrap.left-alone")
def test_an_excepted_entry_stays(home):
    copy = _copy(home, SOURCE, "fs")
    assert _became(copy)["fs"] == (None, Reason.OPTED_OUT)
    assert copy.content.split(b"\r\n")[2] == SOURCE.split(b"\r\n")[2]
    assert [argv[-1] for argv in copy.allow_list] == ["uvx"]
    with pytest.raises(NotFound):
        _copy(home, SOURCE, "absent")


@pytest.mark.requirement("wrap.left-alone")
def test_what_the_client_forbids_here_is_not_led_around_it(home):
    rules = {"deniedMcpServers": [{"serverCommand": ["uvx"]}]}
    write(home.home / ".claude" / "settings.json", rules)
    assert _became(_copy(home, SOURCE))["bare"] == (None, Reason.DENIED)
    managed = _copy(home, SOURCE, path="/x/managed-mcp.json")
    assert _became(managed)["bare"] == (Outcome.ROUTE, None)


@pytest.mark.requirement("wrap.left-alone")
def test_what_runs_through_another_gateway_is_not_nested(home):
    copy = _copy(home, {"mcpServers": {"fs": {"command": "pipelock", "args": ["mcp", "proxy", "--", "npx", "fs"]}}})
    assert _became(copy) == {"fs": (None, Reason.WRAPPED)}
    assert (copy.entries[0].entry.note, copy.allow_list) == ("pipelock", ())


def test_what_the_client_skips_stays(home):
    copy = _copy(home, {"mcpServers": {"bad": {"command": 3}, "none": {}, "workspace": {"command": "npx"}}})
    assert _became(copy) == dict.fromkeys(("bad", "none", "workspace"), (None, Reason.INVALID))
    assert copy.entries[2].entry.note == "the client keeps this name for itself"


@pytest.mark.requirement("wrap.broken")
@pytest.mark.parametrize(
    ("content", "where"),
    [
        (b'{"mcpServers": {"a": {},}}', ":1:24: "),
        (b'{\n "mcpServers": []}', ":2:16: "),
        (b'{"fs": {"command": "npx"}}', ":1:1: "),
        (b'{"mcpServers": {"a": {"command": "x", "command": "y"}}}', ":1:39: "),
        (b"", ":1:1: "),
    ],
)
def test_a_broken_source_is_named_with_line_and_column(home, content, where):
    with pytest.raises(ConfigFault, match=f"^/etc/x/servers.json{where}"):
        _copy(home, content)
