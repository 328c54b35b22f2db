import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mcpgw.registry.claude.agents import agent_entries, front_matter
from mcpgw.registry.entry import Scope, Transport
from support.client_home import write


@pytest.mark.requirement("list.agents")
def test_servers_that_subagents_define(tmp_path):
    write(
        tmp_path / "team" / "critic.md",
        b"---\nname: critic\nmcpServers:\n  - known\n  - web:\n      type: http\n      url: https://x\n"
        b"  - tool: {command: npx, args: [-y, 'a b']}\n---\nBe kind.\n",
    )
    write(tmp_path / "mapped.md", b"---\r\nmcpServers:\r\n  one: {command: x}\r\n---\r\n")
    write(tmp_path / "notes.txt", b"---\nmcpServers:\n  no: {command: x}\n---\n")
    found = agent_entries(iter([str(tmp_path), str(tmp_path), str(tmp_path / "none")]))
    assert [(each.name, each.transport, each.note) for each in found] == [
        ("one", Transport.STDIO, "mapped.md"),
        ("web", Transport.HTTP, "critic.md"),
        ("tool", Transport.STDIO, "critic.md"),
    ]
    assert {each.scope for each in found} == {Scope.AGENT}


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"mcpServers: {}",
        b"---\nname: x\n",
        b"---\nmcpServers: {a: [\n---\n",
        b"---\n- mcpServers\n---\n",
        b"---\nname: x\n---\nmcpServers: {a: {}}\n",
        b"---\nmcpServers: !!python/object:os.system {}\n---\n",
    ],
)
def test_other_files_define_none(content):
    assert front_matter(content).get("mcpServers") is None


@given(st.binary(max_size=80))
def test_garbage_raises_nothing(content):
    front_matter(b"---\nmcpServers: " + content + b"\n---\n")


def test_without_such_a_key_the_yaml_reader_is_not_loaded():
    code = (
        "import sys; from mcpgw.registry.claude.agents import front_matter; front_matter(b'---\\nname: x\\n---\\n');"
        "sys.exit('ruamel.yaml' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], timeout=30, check=False).returncode == 0
