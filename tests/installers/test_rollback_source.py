import ast
import subprocess
import sys

from mcpgw.installers.rollback_source import carried, kinds, rollback_source
from mcpgw.registry.client import Place
from mcpgw.registry.discover import CLIENTS


def test_it_carries_the_modules_as_they_are():
    tree = ast.parse(rollback_source())
    texts = {
        node.targets[0].slice.value: node.value.value
        for node in tree.body
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Subscript)
    }
    assert texts == carried()
    assert "def unwrap_edits(" in texts["mcpgw.installers.spans"]
    assert "'''" not in texts["mcpgw.errors"]


def test_it_runs_with_the_standard_library_alone(tmp_path):
    script = tmp_path / "bin" / "rollback"
    script.parent.mkdir()
    script.write_text(rollback_source())
    done = subprocess.run(
        [sys._base_executable, "-IS", str(script)], capture_output=True, text=True, timeout=30, cwd="/"
    )
    assert done.returncode == 1
    assert "no file is named" in done.stderr


def test_every_client_that_is_written_is_known():
    home = Place("/h", {}, "linux", "/h/app")
    written = {file.client for client in CLIENTS for file in client.files(home) if file.editable}
    assert {client for client, _, _ in kinds()} == written
    assert {syntax for _, syntax, _ in kinds()} == {"json", "jsonc", "toml"}


def test_its_data_is_the_same_wherever_it_is_written(tmp_path, monkeypatch):
    before = rollback_source()
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path))
    assert rollback_source() == before
