"""From the files of a person to the snapshot in force."""

import fcntl
import json
import os
import subprocess
import sys

import pytest

from mcpgw.config.compile import CompileBusy, compile_policy, database_ahead, main
from mcpgw.config.fault import SourceFault
from mcpgw.config.scandb import begin_database
from mcpgw.errors import EnvironmentFault
from mcpgw.paths import StateLayout
from support.policies import entry, install_entries, pack_text, write_files


def compiled(layout):
    """The snapshot in force."""
    with open(layout.policy_current) as file:
        digest = file.read().strip()
    with open(f"{layout.snapshot_dir(digest)}/snapshot.json") as file:
        return json.load(file)


def database_inode(layout):
    return os.stat(f"{layout.snapshot_dir(compiled(layout)['digest'])}/scan.db").st_ino


def test_an_empty_state_directory_compiles_to_the_default_policy(tmp_path):
    layout = StateLayout(str(tmp_path / "state"))
    result = compile_policy(layout, clock=lambda: 1700000000.0)
    snapshot = compiled(layout)
    assert result.changed and result.warnings == () and result.digest == snapshot["digest"]
    assert (snapshot["v"], snapshot["created"], snapshot["default"]) == (1, 1700000000.0, 0)
    assert snapshot["engine"]["name"] == "hyperscan"
    assert len(snapshot["patterns"]) == 11
    (policy,) = snapshot["policies"]
    assert policy["rules"]["credit-card"] == ["block", "redact", "alert", "critical"]
    assert policy["malformed_text"] == "repair"
    assert policy["frames"] == {"max_bytes": 67108864, "max_depth": 200}
    assert policy["audit"] == {
        "record": "params",
        "on_failure": "block",
        "fsync": "never",
        "max_value_chars": 256,
        "max_params_bytes": 4096,
    }
    assert {source["size"] for source in snapshot["sources"]} == {None}
    assert os.stat(layout.root).st_mode & 0o777 == 0o700


def test_the_same_files_make_the_same_digest(tmp_path):
    one, other = (write_files(tmp_path / name, {"config.toml": "profile = 'strict'\n"}) for name in "ab")
    first, second = compile_policy(one), compile_policy(other)
    assert first.digest == second.digest
    assert not compile_policy(one).changed


def test_servers_get_the_policy_that_their_overlays_make(tmp_path):
    layout = write_files(
        tmp_path,
        {
            "rules/fs.toml": "[match]\nname = 'fs'\n[rules.ssn]\nenabled = false\n",
            "rules/gone.toml": "[match]\nname = 'gone'\n",
        },
    )
    install_entries(layout, entry("fs"), entry("git"))
    result = compile_policy(layout)
    snapshot = compiled(layout)
    assert result.warnings == ("rules/gone.toml matches no installed server",)
    assert snapshot["entries"] == {"claude-code:user:fs": 1, "claude-code:user:git": 0}
    assert snapshot["names"]["fs"] == 1
    assert snapshot["policies"][1]["rules"]["ssn"] == [None, None, None, "critical"]


def test_a_touched_file_is_noted_without_a_new_digest(tmp_path):
    layout = write_files(tmp_path, {"config.toml": ""})
    compile_policy(layout)
    before = database_inode(layout)
    os.utime(layout.config_file, ns=(1, 1))
    assert not compile_policy(layout).changed
    assert compiled(layout)["sources"][0]["mtime_ns"] == 1
    assert database_inode(layout) == before


def test_an_unchanged_key_reuses_the_database_and_a_new_pattern_does_not(tmp_path):
    layout = write_files(tmp_path, {})
    first = compile_policy(layout)
    key = compiled(layout)["engine"]["key"]
    database = (tmp_path / f"policy/{first.digest}/scan.db").read_bytes()
    write_files(tmp_path, {"config.toml": "profile = 'strict'\n"})
    second = compile_policy(layout)
    assert compiled(layout)["engine"]["key"] == key
    assert second.changed and (tmp_path / f"policy/{second.digest}/scan.db").read_bytes() == database
    write_files(tmp_path, {"config.toml": 'packs = ["p.toml"]\n', "p.toml": pack_text()})
    compile_policy(layout)
    assert compiled(layout)["engine"]["key"] != key
    assert compiled(layout)["patterns"][11]["id"] == "ticket"


def test_a_damaged_database_is_compiled_anew(tmp_path):
    layout = write_files(tmp_path, {})
    digest = compile_policy(layout).digest
    path = tmp_path / f"policy/{digest}/scan.db"
    good = path.read_bytes()
    path.write_bytes(good[:100])
    compile_policy(layout)
    assert path.read_bytes() == good


@pytest.mark.requirement("config.last-good")
def test_a_broken_source_keeps_the_last_good_snapshot_and_says_why(tmp_path):
    layout = write_files(tmp_path, {})
    good = compile_policy(layout).digest
    write_files(tmp_path, {"config.toml": "profil = 'strict'\n", "rules/a.toml": "["})
    with pytest.raises(SourceFault) as raised:
        compile_policy(layout, clock=lambda: 5.0)
    with open(layout.policy_problem) as file:
        problem = json.load(file)
    assert compiled(layout)["digest"] == good
    assert (problem["v"], problem["at"], problem["file"]) == (1, 5.0, layout.config_file)
    assert problem["message"] == raised.value.message and problem["next_step"] == raised.value.next_step
    assert len(problem["faults"]) == 2
    assert problem["sources"][0]["size"] == 18
    write_files(tmp_path, {"config.toml": "", "rules/a.toml": "[match]\nname = 'x'\n"})
    compile_policy(layout)
    assert not os.path.exists(layout.policy_problem)


def test_a_pattern_that_the_engine_refuses_is_a_fault_of_its_pack(tmp_path):
    pattern = "TICKET(?:ab{1,100}c){1,16384}"
    layout = write_files(tmp_path, {"config.toml": "packs = ['p.toml']\n", "p.toml": pack_text(pattern=pattern)})
    with pytest.raises(SourceFault, match=r"p\.toml:7: rule\[ticket\]\.pattern: the scan engine refuses it"):
        compile_policy(layout)


def test_a_lock_that_is_held_is_not_waited_for_beyond_the_bound(tmp_path):
    layout = write_files(tmp_path, {})
    compile_policy(layout)
    with open(layout.compile_lock, "rb") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        with pytest.raises(CompileBusy):
            compile_policy(layout, wait_seconds=0)
        assert main([layout.root]) == 0
    assert main([layout.root]) == 0


def test_a_state_directory_that_cannot_be_written(tmp_path):
    layout = write_files(tmp_path, {"policy": ""})
    with pytest.raises(EnvironmentFault, match="policy"):
        compile_policy(layout)
    assert main([layout.root]) == 6


def compile_by_command(*arguments, prelude=""):
    """`python -I -m mcpgw.config.compile ...`, or the same after `prelude`."""
    script = ["-c", f"{prelude}\nimport runpy; runpy.run_module('mcpgw.config.compile', run_name='__main__')"]
    start = script if prelude else ["-m", "mcpgw.config.compile"]
    return subprocess.run(
        [sys.executable, "-I", *start, *arguments], capture_output=True, text=True, timeout=60, check=False
    )


@pytest.mark.requirement("config.compile-command")
def test_the_command_that_the_data_plane_starts(tmp_path):
    layout = write_files(tmp_path, {})
    assert compile_by_command(layout.root).returncode == 0
    assert compiled(layout)["digest"]
    seen = os.stat(layout.policy_current).st_mtime_ns
    # Who asked may have failed to read it: it must look new, though nothing changed.
    assert compile_by_command(layout.root).returncode == 0
    assert os.stat(layout.policy_current).st_mtime_ns > seen
    write_files(tmp_path, {"config.toml": "="})
    failed = compile_by_command(layout.root)
    assert failed.returncode == 3
    assert failed.stderr.count("\n") == 2 and "config.toml:1" in failed.stderr
    assert failed.stdout == ""


def test_the_command_wants_one_absolute_path():
    assert compile_by_command("relative").returncode == 2
    assert compile_by_command().returncode == 2


def test_without_the_native_engine_the_snapshot_names_the_portable_one(tmp_path):
    layout = write_files(tmp_path, {})
    done = compile_by_command(layout.root, prelude="import sys; sys.modules['hyperscan'] = None")
    assert done.returncode == 0, done.stderr
    snapshot = compiled(layout)
    assert snapshot["engine"] == {"name": "re"}
    assert os.listdir(layout.snapshot_dir(snapshot["digest"])) == ["snapshot.json"]


def test_a_database_that_was_begun_before_is_the_one_that_is_stored(tmp_path):
    layout = StateLayout(str(tmp_path))
    ahead = database_ahead(layout)
    begun = compile_policy(layout, ahead=ahead)
    with open(f"{layout.snapshot_dir(begun.digest)}/scan.db", "rb") as file:
        stored = file.read()
    assert ahead is not None and ahead.database.result() == stored
    assert database_ahead(layout) is None


def test_nothing_is_begun_for_sources_that_are_not_valid(tmp_path):
    layout = StateLayout(str(tmp_path))
    with open(layout.config_file, "w") as file:
        file.write("profile = 1")
    assert database_ahead(layout) is None


def test_a_database_of_other_patterns_is_not_taken(tmp_path):
    layout = StateLayout(str(tmp_path))
    other = begin_database([], "another key")
    begun = compile_policy(layout, ahead=other)
    assert database_ahead(layout) is None and begun.changed
