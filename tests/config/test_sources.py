"""Reading all sources of a policy together."""

import os

import pytest

from mcpgw.config.fault import SourceFault
from mcpgw.config.sources import load_config, overlay_paths, read_sources, stamp, stamp_sources
from support.policies import pack_text, write_files

OVERLAY = '[match]\nname = "fs"\n'


def texts(layout):
    """The faults of all sources, without the state directory."""
    with pytest.raises(SourceFault) as raised:
        read_sources(layout)
    return [str(fault).replace(layout.root + "/", "") for fault in raised.value.faults]


def test_nothing_at_all_is_the_default_policy(tmp_path):
    sources = read_sources(write_files(tmp_path, {}))
    assert sources.config.profile is None
    assert sources.overlays == ()
    assert len(sources.packs) == 1


def test_overlays_come_by_name_and_hidden_files_are_left_alone(tmp_path):
    layout = write_files(
        tmp_path, {"rules/b.toml": OVERLAY, "rules/a.toml": OVERLAY, "rules/.a.toml": "[", "rules/a.toml~": "["}
    )
    assert [name for name, _ in read_sources(layout).overlays] == ["rules/a.toml", "rules/b.toml"]


def test_a_pack_is_found_below_the_state_directory(tmp_path):
    layout = write_files(tmp_path, {"config.toml": 'packs = ["own/p.toml"]\n', "own/p.toml": pack_text()})
    assert [rule["id"] for rule in read_sources(layout).packs[1].rules] == ["ticket"]


@pytest.mark.requirement("config.faults")
def test_the_faults_of_all_files_come_together(tmp_path):
    layout = write_files(
        tmp_path,
        {
            "config.toml": "[rules.snn]\naction = 'block'\n",
            "rules/a.toml": OVERLAY + "[rules.email]\nenabled = false\n",
            "rules/b.toml": OVERLAY + "[rules.email-address]\nenabled = false\n",
        },
    )
    assert texts(layout) == [
        'config.toml:1: rules.snn: no pack has this rule; did you mean "ssn"?',
        "rules/a.toml:3: rules.email: no pack has this rule",
    ]


def test_an_overlay_may_name_a_rule_of_an_own_pack(tmp_path):
    layout = write_files(
        tmp_path,
        {
            "config.toml": 'packs = ["p.toml"]\n',
            "p.toml": pack_text(),
            "rules/a.toml": OVERLAY + "[rules.ticket]\naction = 'block'\n",
        },
    )
    assert len(read_sources(layout).overlays) == 1


def test_broken_files_are_all_named(tmp_path):
    layout = write_files(
        tmp_path, {"config.toml": "=", "rules/a.toml": "[", "rules/b.toml": OVERLAY + "profile = 'lax'\n"}
    )
    assert [text.split(":")[0] for text in texts(layout)] == ["config.toml", "rules/a.toml", "rules/b.toml"]


@pytest.mark.parametrize(
    ("packs", "problem"),
    [
        ('["gone.toml"]', "packs[1]: names no file; a path is relative to the state directory"),
        ('["p.toml", "./p.toml"]', "packs[2]: names a pack a second time"),
        ('["a\\u0000b"]', "packs[1]: names no file; a path is relative to the state directory"),
        ('["."]', "packs[1]: names no file; a path is relative to the state directory"),
    ],
)
def test_a_pack_that_cannot_be_meant(tmp_path, packs, problem):
    layout = write_files(tmp_path, {"config.toml": f"packs = {packs}\n", "p.toml": pack_text()})
    assert texts(layout) == [f"config.toml:1: {problem}"]


def test_an_own_rule_may_not_take_a_default_name(tmp_path):
    layout = write_files(tmp_path, {"config.toml": 'packs = ["p.toml"]\n', "p.toml": pack_text("ssn")})
    assert "p.toml:2: rule[ssn].id" in texts(layout)[0]


@pytest.mark.requirement("config.faults")
def test_a_directory_or_a_file_in_the_wrong_place(tmp_path):
    layout = write_files(tmp_path / "one", {"config.toml/x": "", "rules": ""})
    assert texts(layout) == [
        "config.toml: cannot be read: Is a directory",
        "rules: cannot be read: Not a directory",
    ]
    layout = write_files(tmp_path / "two", {"rules/dir.toml/x": ""})
    assert texts(layout) == ["rules/dir.toml: cannot be read: Is a directory"]


def test_a_dangling_link_is_a_fault_not_a_default(tmp_path):
    (tmp_path / "config.toml").symlink_to("gone")
    assert texts(write_files(tmp_path, {})) == ["config.toml: cannot be read: No such file or directory"]


def test_stamps_hold_size_and_time_of_every_source_and_of_none(tmp_path):
    layout = write_files(
        tmp_path, {"config.toml": 'packs = ["p.toml"]\n', "p.toml": pack_text(), "rules/a.toml": OVERLAY}
    )
    stamps = stamp_sources(layout)
    names = [os.path.relpath(each.path, layout.root) for each in stamps]
    assert names == ["config.toml", "rules", "rules/a.toml", "ledger.jsonl", "p.toml"]
    assert stamps[0].size == 19
    assert stamps[0].mtime_ns == os.stat(layout.config_file).st_mtime_ns
    assert (stamps[3].size, stamps[3].mtime_ns) == (None, None)


def test_a_broken_config_still_has_a_stamp(tmp_path):
    layout = write_files(tmp_path, {"config.toml": "="})
    assert stamp_sources(layout)[0] == stamp(layout.config_file)


def test_no_rules_directory_means_no_overlays(tmp_path):
    assert overlay_paths(write_files(tmp_path, {})) == ()


def test_config_alone_does_not_need_the_rest(tmp_path):
    layout = write_files(tmp_path, {"config.toml": "profile = 'strict'\n", "rules/a.toml": "["})
    assert load_config(layout).profile == "strict"
