import json

import pytest

from mcpgw.errors import ConfigFault
from mcpgw.installers.edits import apply_edits
from mcpgw.installers.spans import repoint_edits, unwrap_edits, wrap_edits
from mcpgw.registry.document import Shape, Syntax, read_document, shape_of

SHAPE = shape_of([("mcpServers",)], Shape({"command": None, "args": None}))
ID = "claude-code:user:s"
LAUNCHER = "/s/bin/mcpgw"


def entry_in(content):
    document = read_document(content, SHAPE, path="/c.json")
    ((_, servers),) = document.find(("mcpServers",))
    return document, servers.members[0].value


def file_with(entry):
    return b'{"mcpServers": {"s": ' + entry + b'}, "x": 1}'


def wrapped(entry):
    content = file_with(entry)
    new = apply_edits(content, wrap_edits(*entry_in(content), ID, LAUNCHER))
    return new[len(b'{"mcpServers": {"s": ') : -len(b'}, "x": 1}')]


def unwrapped(entry):
    content = file_with(entry)
    new = apply_edits(content, unwrap_edits(*entry_in(content)))
    return new[len(b'{"mcpServers": {"s": ') : -len(b'}, "x": 1}')]


SAMPLES = [
    (
        b'{ "command": "npx", "args": ["-y", "x"], "env": {} }',
        b'{ "command": "/s/bin/mcpgw", "args": ["run", "--entry", "%s", "--", "npx", "-y", "x"], "env": {} }',
    ),
    (
        b'{"command":"npx","args":["-y","x"]}',
        b'{"command":"/s/bin/mcpgw","args":["run","--entry","%s","--","npx","-y","x"]}',
    ),
    (
        b'{\r\n\t"args": [\r\n\t\t"a"\r\n\t],\r\n\t"command": "\\u006epx"\r\n}',
        b'{\r\n\t"args": [\r\n\t\t"run",\r\n\t\t"--entry",\r\n\t\t"%s",\r\n\t\t"--",'
        b'\r\n\t\t"\\u006epx",\r\n\t\t"a"\r\n\t],\r\n\t"command": "/s/bin/mcpgw"\r\n}',
    ),
    (
        b'{\n  "type": "stdio",\n  "command": "npx"\n}',
        b'{\n  "type": "stdio",\n  "command": "/s/bin/mcpgw",\n'
        b'  "args": ["run", "--entry", "%s", "--no-args", "--", "npx"]\n}',
    ),
    (
        b'{"command":"npx"}',
        b'{"command":"/s/bin/mcpgw","args":["run","--entry","%s","--no-args","--","npx"]}',
    ),
    (
        b'{"command": "npx", "args": [ ]}',
        b'{"command": "/s/bin/mcpgw", "args": ["run", "--entry", "%s", "--", "npx" ]}',
    ),
    (
        b'{"command": "n\xffx", "args": ["\xfe"]}',
        b'{"command": "/s/bin/mcpgw", "args": ["run", "--entry", "%s", "--", "n\xffx", "\xfe"]}',
    ),
]


@pytest.mark.requirement("install.spans")
@pytest.mark.parametrize(("entry", "expected"), SAMPLES)
def test_an_entry_is_wrapped_in_its_own_layout(entry, expected):
    assert wrapped(entry) == expected.replace(b"%s", ID.encode())


@pytest.mark.parametrize(("entry", "expected"), SAMPLES)
def test_unwrapping_gives_back_the_bytes(entry, expected):
    assert unwrapped(expected.replace(b"%s", ID.encode())) == entry


def test_a_client_that_writes_the_file_anew_changes_the_layout_only():
    original = {"command": "npx", "args": ["-y", "ü"], "env": {"A": "1"}}
    rewritten = json.dumps(json.loads(wrapped(json.dumps(original).encode())), indent=2, ensure_ascii=False).encode()
    assert json.loads(unwrapped(rewritten)) == original


def test_args_that_the_user_added_are_kept():
    entry = json.loads(wrapped(b'{"command": "npx", "args": ["-y"]}'))
    entry["args"].append("--verbose")
    assert json.loads(unwrapped(json.dumps(entry).encode())) == {"command": "npx", "args": ["-y", "--verbose"]}
    entry = json.loads(wrapped(b'{"command": "npx"}'))
    entry["args"].append("--verbose")
    assert json.loads(unwrapped(json.dumps(entry).encode())) == {"command": "npx", "args": ["--verbose"]}


def test_args_that_came_first_are_taken_out_with_their_comma():
    entry = b'{"args": ["run", "--entry", "claude-code:user:s", "--no-args", "--", "npx"], "command": "/s/bin/mcpgw"}'
    assert unwrapped(entry) == b'{"command": "npx"}'


def test_an_entry_of_somebody_else_is_not_unwrapped():
    with pytest.raises(ConfigFault, match="not routed"):
        unwrapped(b'{"command": "docker", "args": ["run", "x"]}')
    with pytest.raises(ConfigFault, match="no args"):
        unwrapped(b'{"command": "docker"}')


def test_repointing_changes_launcher_and_id_only():
    content = file_with(wrapped(b'{"command": "npx", "args": ["run"]}'))
    document, entry = entry_in(content)
    assert repoint_edits(document, entry, ID, LAUNCHER) == ()
    moved = apply_edits(content, repoint_edits(document, entry, "claude-code:user:t", "/new/mcpgw"))
    assert moved == content.replace(LAUNCHER.encode(), b"/new/mcpgw").replace(ID.encode(), b"claude-code:user:t")


@pytest.mark.parametrize("entry", [b'{"command": "npx", "args": ["run"]}', b'{"command": "npx"}'])
def test_repointing_a_shadow_makes_it_an_entry_of_its_own(entry):
    plain = file_with(entry)
    shadow = apply_edits(plain, wrap_edits(*entry_in(plain), "claude-code:project@00000000:s", LAUNCHER, shadow=True))
    own = apply_edits(shadow, repoint_edits(*entry_in(shadow), ID, LAUNCHER))
    assert own == file_with(wrapped(entry))


def test_a_path_that_is_not_unicode_is_still_json():
    content = file_with(b'{"command": "npx", "args": []}')
    new = apply_edits(content, wrap_edits(*entry_in(content), ID, "/s\udc80/mcpgw"))
    assert json.loads(new)["mcpServers"]["s"]["command"] == "/s\udc80/mcpgw"


def test_a_path_that_is_not_unicode_cannot_stand_in_toml():
    content = b'[mcpServers.s]\ncommand = "npx"\n'
    document = read_document(content, SHAPE, path="/c.toml", syntax=Syntax.TOML)
    ((_, servers),) = document.find(("mcpServers",))
    with pytest.raises(ConfigFault, match="cannot stand in a TOML file"):
        wrap_edits(document, servers.members[0].value, ID, "/s\udc80/mcpgw")


TOML_SAMPLES = [
    (
        b'[mcpServers.s]\n  command = "npx" # keep\n\n[next]\n',
        b'[mcpServers.s]\n  command = "/s/bin/mcpgw" # keep\n'
        b'  args = ["run", "--entry", "%s", "--no-args", "--", "npx"]\n\n[next]\n',
    ),
    (
        b"[mcpServers]\r\ns . command='npx'\r\ns.timeout=1",
        b'[mcpServers]\r\ns . command="/s/bin/mcpgw"\r\n'
        b's . args=["run","--entry","%s","--no-args","--",\'npx\']\r\ns.timeout=1',
    ),
    (
        b'mcpServers = { s = { command = "npx", env = {} } }',
        b'mcpServers = { s = { command = "/s/bin/mcpgw", args = ["run", "--entry", "%s", "--no-args", "--", "npx"], env = {} } }',
    ),
    (
        b'mcpServers.s.command = """npx"""',
        b'mcpServers.s.command = "/s/bin/mcpgw"\n'
        b'mcpServers.s.args = ["run", "--entry", "%s", "--no-args", "--", """npx"""]',
    ),
    (
        b'[mcpServers.s]\nargs = [ # why\n\t"-y", # yes\n]\ncommand = "npx"\n',
        b'[mcpServers.s]\nargs = [ # why\n\t"run",\n\t"--entry",\n\t"%s",\n\t"--",\n\t"npx",\n\t"-y", # yes\n]\n'
        b'command = "/s/bin/mcpgw"\n',
    ),
]


@pytest.mark.requirement("install.spans")
@pytest.mark.parametrize(("content", "expected"), TOML_SAMPLES)
def test_a_toml_entry_is_wrapped_in_its_own_layout(content, expected):
    document = read_document(content, SHAPE, path="/c.toml", syntax=Syntax.TOML)
    ((_, servers),) = document.find(("mcpServers",))
    new = apply_edits(content, wrap_edits(document, servers.members[0].value, ID, LAUNCHER))
    assert new == expected.replace(b"%s", ID.encode())
