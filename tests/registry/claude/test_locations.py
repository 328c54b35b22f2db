import pytest

from mcpgw.registry.claude.locations import config_dir, managed_file, managed_settings, moved, user_file
from mcpgw.registry.client import Place


def test_everything_of_the_users_moves_at_once():
    usual, elsewhere = Place("/h", {}, "linux", "/"), Place("/h", {"CLAUDE_CONFIG_DIR": "/c"}, "linux", "/")
    assert (user_file(usual), config_dir(usual), moved(usual)) == ("/h/.claude.json", "/h/.claude", False)
    assert (user_file(elsewhere), config_dir(elsewhere), moved(elsewhere)) == ("/c/.claude.json", "/c", True)


@pytest.mark.parametrize(
    ("platform", "expected"),
    [
        ("linux", "/r/etc/claude-code/x"),
        ("darwin", "/r/Library/Application Support/ClaudeCode/x"),
        ("win32", "/rC:\\Program Files\\ClaudeCode/x"),
    ],
)
def test_the_administrators_directory(platform, expected):
    assert managed_file(Place("/h", {}, platform, "/", "/r"), "x") == expected


def test_drop_ins_come_by_name_and_hidden_ones_do_not_count(tmp_path):
    drop_ins = tmp_path / "etc" / "claude-code" / "managed-settings.d"
    drop_ins.mkdir(parents=True)
    for name in ("20.json", "10.json", ".30.json", "readme.txt"):
        (drop_ins / name).touch()
    found = managed_settings(Place("/h", {}, "linux", "/", str(tmp_path)))
    assert [path.rpartition("/")[2] for path in found] == ["managed-settings.json", "10.json", "20.json"]
