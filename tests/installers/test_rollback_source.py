import ast
import subprocess
import sys

from mcpgw.installers.rollback_source import CARRIED, rollback_source


def test_it_carries_the_modules_as_they_are():
    tree = ast.parse(rollback_source())
    carried = {
        node.targets[0].slice.value: node.value.value
        for node in tree.body
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Subscript)
    }
    assert list(carried) == list(CARRIED)
    assert "def unwrap_edits(" in carried["mcpgw.installers.spans"]
    assert "'''" not in carried["mcpgw.errors"]


def test_it_runs_with_the_standard_library_alone(tmp_path):
    script = tmp_path / "bin" / "rollback"
    script.parent.mkdir()
    script.write_text(rollback_source())
    done = subprocess.run(
        [sys._base_executable, "-IS", str(script)], capture_output=True, text=True, timeout=30, cwd="/"
    )
    assert done.returncode == 1
    assert "no file is named" in done.stderr
