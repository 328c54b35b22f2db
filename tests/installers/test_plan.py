import json

import pytest

from mcpgw.errors import ConfigFault
from mcpgw.installers.change import Outcome
from mcpgw.installers.plan import diff, install_plan, sha256
from mcpgw.registry.client import ConfigFile, Container
from mcpgw.registry.document import EACH
from mcpgw.registry.entry import Scope

FILE = ConfigFile(
    "claude-code",
    "/h/.claude.json",
    (Container(("mcpServers",), Scope.USER), Container(("projects", EACH, "mcpServers"), Scope.LOCAL)),
)
LAUNCHER = "/s/bin/mcpgw"
FS = "claude-code:user:fs"


def as_it_is(command):
    return command


CONTENT = b"""{
  "mcpServers": {
    "fs": {"command": "npx", "args": ["-y"]},
    "git": {"command": "git"}
  }
}"""


def test_only_what_is_wanted_is_routed():
    plan = install_plan(FILE, CONTENT, frozenset({FS}), LAUNCHER)
    servers = json.loads(plan.new)["mcpServers"]
    assert servers["fs"] == {"command": LAUNCHER, "args": ["run", "--entry", FS, "--", "npx", "-y"]}
    assert servers["git"] == {"command": "git"}
    (change,) = plan.changes
    assert (change.entry.name, change.outcome, change.before) == ("fs", Outcome.ROUTE, ("npx", ("-y",)))


@pytest.mark.requirement("install.idempotent")
def test_routing_twice_is_routing_once():
    once = install_plan(FILE, CONTENT, frozenset({FS}), LAUNCHER)
    twice = install_plan(FILE, once.new, frozenset({FS}), LAUNCHER)
    assert not twice.changed
    assert twice.changes == ()


def test_an_older_launcher_and_a_copied_entry_are_mended_in_place():
    old = install_plan(FILE, CONTENT, frozenset({FS}), "/old/mcpgw").new.replace(b'"fs": {', b'"f2": {')
    plan = install_plan(FILE, old, frozenset({"claude-code:user:f2"}), LAUNCHER)
    (change,) = plan.changes
    assert change.outcome is Outcome.REPOINT
    assert json.loads(plan.new)["mcpServers"]["f2"] == {
        "command": LAUNCHER,
        "args": ["run", "--entry", "claude-code:user:f2", "--", "npx", "-y"],
    }


def test_a_file_that_changed_elsewhere_stays_within_what_was_shown():
    plan = install_plan(FILE, CONTENT, frozenset({FS}), LAUNCHER)
    moved = install_plan(FILE, b'{"n": 1,' + CONTENT[1:], frozenset({FS}), LAUNCHER)
    other = install_plan(FILE, CONTENT.replace(b'"-y"', b'"-n"'), frozenset({FS}), LAUNCHER)
    assert moved.within(plan)
    assert not other.within(plan)


def test_a_broken_file_is_no_plan():
    with pytest.raises(ConfigFault):
        install_plan(FILE, CONTENT + b"}", frozenset({FS}), LAUNCHER)


def test_the_diff_says_what_changes_and_where():
    content = CONTENT.replace(b"\n  }\n", b'\n  }, "projects": {"/app": {"mcpServers": {"db": {"command": "uvx"}}}}\n')
    local = "claude-code:local@"
    entries = frozenset(
        {
            FS,
            *(
                each.entry.entry_id
                for each in install_plan(FILE, content, _all_ids(content), LAUNCHER).changes
                if each.entry.entry_id.startswith(local)
            ),
        }
    )
    lines = diff([install_plan(FILE, content, entries, LAUNCHER)], as_it_is)
    assert lines[:7] == (
        "--- /h/.claude.json",
        "+++ /h/.claude.json",
        "@@ line 3: fs (user) @@",
        '- "command": "npx"',
        '- "args": ["-y"]',
        '+ "command": "/s/bin/mcpgw"',
        '+ "args": ["run", "--entry", "claude-code:user:fs", "--", "npx", "-y"]',
    )
    assert lines[7] == "@@ line 5: db (local, project /app) @@"


def _all_ids(content):
    from mcpgw.registry.reading import entries_of, open_document

    return frozenset(entry.entry_id for entry, _ in entries_of(FILE, open_document(FILE, content)))


def test_nothing_to_do_is_an_empty_diff():
    assert diff([install_plan(FILE, CONTENT, frozenset(), LAUNCHER)], as_it_is) == ()


def test_a_name_with_a_line_break_is_one_line_of_the_diff():
    content = b'{"mcpServers": {"a\\n- forged": {"command": "x"}}}'
    lines = diff([install_plan(FILE, content, _all_ids(content), LAUNCHER)], as_it_is)
    assert lines[2] == "@@ line 1: a\n- forged (user) @@"


def test_sha256_is_hexadecimal():
    assert sha256(b"").startswith("e3b0c442")
