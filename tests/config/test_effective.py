"""Which policy holds for which server."""

from mcpgw.config.effective import layering, policy_table, unused_overlays
from mcpgw.config.sources import read_sources
from mcpgw.policy.overlay import Target
from mcpgw.policy.profiles import Profile
from mcpgw.policy.rule import Action
from support.policies import entry, pack_text, write_files


def layers_of(root, files):
    return layering(read_sources(write_files(root, files)))


def test_all_servers_without_an_overlay_share_the_default_policy(tmp_path):
    table = policy_table(layers_of(tmp_path, {}), [entry("fs"), entry("git")])
    assert [name for name, _ in table.policies] == ["default"]
    assert table.entries == {"claude-code:user:fs": 0, "claude-code:user:git": 0}
    assert table.names == {"fs": 0, "git": 0}


def test_servers_with_the_same_overlays_share_a_policy(tmp_path):
    files = {
        "rules/all-f.toml": "profile = 'strict'\n[match]\nname = 'f*'\n",
        "rules/desktop.toml": "[match]\nclient = 'claude-desktop'\n[audit]\nrecord = 'full'\n",
    }
    entries = [entry("fs"), entry("fetch"), entry("git"), entry("fs", client="claude-desktop")]
    table = policy_table(layers_of(tmp_path, files), entries)
    assert [name for name, _ in table.policies] == [
        "default",
        "rules/all-f.toml",
        "rules/all-f.toml+rules/desktop.toml",
    ]
    assert table.entries == {
        "claude-code:user:fetch": 1,
        "claude-code:user:fs": 1,
        "claude-code:user:git": 0,
        "claude-desktop:user:fs": 2,
    }
    assert table.names == {"f*": 1, "fetch": 1, "fs": 1, "git": 0}


def test_a_glob_stands_for_names_that_are_not_known_yet_with_all_wider_ones(tmp_path):
    files = {
        "rules/a.toml": "[match]\nname = '*'\n",
        "rules/b.toml": "[match]\nname = 'f*'\n",
        "rules/c.toml": "[match]\nname = 'fs-*'\n",
    }
    table = policy_table(layers_of(tmp_path, files), [])
    assert {name: table.policies[index][0] for name, index in table.names.items()} == {
        "*": "rules/a.toml",
        "f*": "rules/a.toml+rules/b.toml",
        "fs-*": "rules/a.toml+rules/b.toml+rules/c.toml",
    }


def test_a_name_that_only_an_overlay_has_is_known_for_ad_hoc_runs(tmp_path):
    files = {
        "rules/a.toml": "profile = 'strict'\n[match]\nname = 'mine'\n",
        "rules/b.toml": "profile = 'strict'\n[match]\nname = 'theirs'\nscope = 'user'\n",
    }
    assert policy_table(layers_of(tmp_path, files), []).names == {"mine": 1}


def test_what_the_files_say_arrives_in_the_policy(tmp_path):
    files = {
        "config.toml": """\
profile = "observe"
malformed_text = "refuse"
packs = ["p.toml"]
[frames]
max_depth = 64
[rules.ssn]
severity = "low"
""",
        "p.toml": pack_text(action="redact"),
        "rules/fs.toml": "profile = 'strict'\n[match]\nname = 'fs'\n[rules.ticket]\nto_client = 'log'\n",
    }
    layers = layers_of(tmp_path, files)
    default, fs = layers.policy(Target()), layers.policy(Target(name="fs"))
    assert default.profile.value is Profile.OBSERVE
    assert fs.settings["frames.max_depth"].value == 64
    assert fs.settings["malformed_text"].origin == "config.toml"
    assert fs.rules["ssn"].severity.value == "low"
    assert fs.rules["ticket"].to_client.value is Action.LOG
    assert fs.rules["ticket"].to_client.origin == "rules/fs.toml"
    assert fs.rules["ticket"].to_server.origin == f"pack {tmp_path}/p.toml"


def test_an_overlay_for_nobody_is_known(tmp_path):
    files = {"rules/a.toml": "[match]\nname = 'f*'\n", "rules/b.toml": "[match]\nproject = '/gone'\n"}
    assert unused_overlays(layers_of(tmp_path, files), [entry("fs")]) == ("rules/b.toml",)
