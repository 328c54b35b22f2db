import json

import pytest

from mcpgw.registry.discover import discover
from mcpgw.registry.entry import wrap
from mcpgw.registry.exposure import Exposure, Readers
from mcpgw.registry.leaks import Leak, find_leaks
from mcpgw.registry.literals import NAMED_SECRET, LiteralSecret
from mcpgw.registry.select import Choice
from support.client_home import furnished, write
from support.detectors import detector

TOKEN = "ghp_" + "q7Zt3LmVw9KpXc2RbN5sYdE8fGhJ1kT4uWvA"


@pytest.fixture
def home(tmp_path):
    made = furnished(tmp_path)
    write(made.desktop_file, {"mcpServers": {"git mine": {"command": "g", "env": {"G_TOKEN": "abcd1234"}}}})
    return made


def _leak(entry, severity="medium", readers=Readers.OWNER, pointer="/env/G_TOKEN"):
    return Leak(entry, LiteralSecret(NAMED_SECRET, severity, pointer, 0, "abcd1234"), 1, Exposure(readers, None, 0o600))


@pytest.mark.requirement("scan.configs")
def test_where_a_secret_stands(home):
    report = find_leaks(discover(home.place), Choice(), detector("portable"))
    (leak,) = report.leaks
    line = home.desktop_file.read_text().splitlines()[leak.line - 1]
    assert (leak.entry.name, leak.literal.pointer, line.strip()) == (
        "git mine",
        "/env/G_TOKEN",
        '"G_TOKEN": "abcd1234"',
    )
    assert (report.entries, report.problems) == (5, ())


def test_only_the_chosen_entries(home):
    report = find_leaks(discover(home.place), Choice(client="claude-code"), detector("portable"))
    assert (report.leaks, report.entries) == ((), 4)


@pytest.mark.requirement("scan.routed")
@pytest.mark.parametrize("args", [None, [], ["--api-key", "abcd1234", f"x={TOKEN}"]])
@pytest.mark.parametrize("command", ["npx", f"/opt/{TOKEN}/server"])
def test_routing_changes_no_place(home, command, args):
    entry = {"command": command, "env": {"A_TOKEN": "abcd1234"}} | ({} if args is None else {"args": args})
    routed = entry | {"command": f"/{TOKEN}/bin/mcpgw", "args": list(wrap("claude-code:user:fs", command, args))}
    found = []
    for each in (entry, routed):
        write(home.code_file, {"mcpServers": {"fs": each}})
        report = find_leaks(discover(home.place), Choice(client="claude-code"), detector("portable"))
        found.append(sorted((leak.literal.pointer, leak.literal.rule, leak.fingerprint) for leak in report.leaks))
    assert found[0] == found[1]
    assert found[0]


JSONC = b"""{ // api_key: none
"servers": {"ms": {"command": "x", "args": ["--token",
"abcd1234"], /* "env": 1 */ "env": {"B_TOKEN": "\\u0061bcd5678",},}}}"""
TOML = b"""model = "x"
[mcp_servers.cx]
command = "x"
args = ["--token",
  "abcd1234"]
[mcp_servers.cx.env]
B_TOKEN = "\\u0061bcd5678"
"""


@pytest.mark.requirement("scan.configs")
@pytest.mark.parametrize(
    ("path", "content", "lines"),
    [(".config/Code/User/mcp.json", JSONC, [2, 3]), (".codex/config.toml", TOML, [2, 5])],
    ids=["jsonc", "toml"],
)
def test_every_syntax_is_searched(home, path, content, lines):
    """A secret that its file spells with escapes is at the line of its entry."""
    write(home.home / path, content)
    leaks = find_leaks(discover(home.place), Choice(), detector("portable")).leaks
    found = [(each.literal.pointer, each.line) for each in leaks if each.entry.config_file.endswith(path)]
    assert found == [("/env/B_TOKEN", lines[0]), ("/args/1", lines[1])]


def test_a_file_that_several_clients_read_counts_once(home):
    write(home.home / ".copilot" / "mcp-config.json", {"mcpServers": {}})
    write(home.home / ".config/Code/User/mcp.json", {"servers": {}})
    write(home.project / ".mcp.json", {"mcpServers": {"shared": {"command": "x", "env": {"A_TOKEN": "abcd1234"}}}})
    found = discover(home.place)
    assert len({each.client for each in found.entries if each.name == "shared"}) == 3
    leaks = find_leaks(found, Choice(), detector("portable")).leaks
    assert [each.entry.client for each in leaks if each.entry.name == "shared"] == ["claude-code"]


@pytest.mark.requirement("scan.severity")
@pytest.mark.parametrize(
    ("severity", "readers", "shown"),
    [
        ("medium", Readers.OWNER, "medium"),
        ("medium", Readers.GROUP, "medium"),
        ("medium", Readers.EVERYONE, "high"),
        ("critical", Readers.EVERYONE, "critical"),
    ],
)
def test_a_file_that_everyone_reads_makes_it_graver(home, severity, readers, shown):
    assert _leak(home.entries()["fs"], severity, readers).severity == shown


@pytest.mark.requirement("scan.fingerprint")
def test_a_fingerprint_is_of_the_place_and_the_rule(home):
    entries = home.entries()
    first = _leak(entries["fs"]).fingerprint
    assert first == _leak(entries["fs"], readers=Readers.EVERYONE).fingerprint
    others = {_leak(entries["db"]).fingerprint, _leak(entries["fs"], pointer="/env/X").fingerprint}
    assert len({first, *others}) == 3


@pytest.mark.requirement("scan.incomplete")
def test_an_entry_that_is_built_to_cost_time_is_a_problem(home):
    flood = {"command": "x", "args": [" ".join(["ghp_" + "a1" * 18] * 25_000)]}
    tree = json.loads(home.code_file.read_bytes())
    tree["mcpServers"]["flood"] = flood
    write(home.code_file, tree)
    report = find_leaks(discover(home.place), Choice(), detector("portable"))
    assert [each.path for each in report.problems] == [str(home.code_file)]
    assert [leak.entry.name for leak in report.leaks] == ["git mine"]
