import tomllib

import pytest
from hypothesis import given, settings

from mcpgw.errors import ConfigFault
from mcpgw.registry.document import Shape, Syntax, elements, read_document, shape_of
from mcpgw.registry.toml_reader import key_parts
from support.layouts import toml_files

SERVERS = shape_of([("mcp_servers",)], Shape({"command": None, "args": None}))
BASE = b'model = "x"\n[mcp_servers.docs]\ncommand = "npx" # keep\nargs = ["-y", "docs"]\n'


def read(content):
    return read_document(content, SERVERS, path="/h/config.toml", syntax=Syntax.TOML)


def entries(content):
    document = read(content)
    return document, {
        member.key: member.value for _, node in document.find(("mcp_servers",)) for member in node.members
    }


LAYOUTS = [
    b'[mcp_servers.docs]\ncommand = "npx"\nargs = ["-y"]\n[mcp_servers.docs.env]\nK = "v"',
    b'[mcp_servers.docs.env]\nK = "v"\n[other]\n[mcp_servers.docs]\nargs = ["-y"]\ncommand = "npx"',
    b'[mcp_servers]\r\ndocs.command = "npx"\r\ndocs . args = [ # [x\r\n "-y",\r\n]\r\ndocs.env.K = "v"\r\n',
    b'mcp_servers.docs.command = "npx"\nmcp_servers.docs.args = ["-y"]\nmcp_servers.docs.env.K = "v"',
    b"\xef\xbb\xbfmcp_servers = { docs = { command = 'npx', args = ['-y'], env = { K = 'v' } } }",
    b'mcp_servers = { docs.command = """npx""", docs.args = [\n"""\n-y"""], docs.env.K = """\\\n  v""" }',
    b"[mcp_servers.\"docs\"]\ncommand = '''npx'''\nargs = [\"-y\"]\nenv = { 'K' = \"\\u0076\" }",
    b"[ mcp_servers . docs ] # x\n\tcommand='npx'\n\targs=['-y']\n\tenv.'K'='v'",
]


@pytest.mark.parametrize("content", LAYOUTS)
def test_an_entry_is_found_in_every_layout(content):
    document, found = entries(content)
    entry = found["docs"]
    assert document.value(entry) == {"command": "npx", "args": ["-y"], "env": {"K": "v"}}
    raw = document.raw(entry.member("command").value)
    assert tomllib.loads(f"v = {raw.decode()}")["v"] == "npx"
    (only,) = elements(document, entry.member("args").value)
    assert document.value(only) == "-y"
    assert entry.member("env").value.member("K") is not None


def test_names_that_need_quotes():
    _, found = entries(
        b'[mcp_servers."my \\"srv\\""]\n[mcp_servers.\'it"s\']\n[mcp_servers."a.b"]\n[mcp_servers.\'\\u\']'
    )
    assert list(found) == ['my "srv"', 'it"s', "a.b", "\\u"]


@pytest.mark.parametrize("text", ['""""a"""""', "''''a'''''", '"""a""\\""""', "'''''a'''", '""', "''", '""""""'])
def test_strings_that_end_in_quotes(text):
    content = f"[mcp_servers.s]\ncommand = {text}\nargs = [{text},{text} , 'x']\n".encode()
    document, found = entries(content)
    wanted = tomllib.loads(f"v = {text}")["v"]
    assert document.raw(found["s"].member("command").value) == text.encode()
    values = [document.value(each) for each in elements(document, found["s"].member("args").value)]
    assert values == [wanted, wanted, "x"]


def test_an_array_of_tables_is_one_value():
    document, found = entries(
        BASE
        + b"[[mcp_servers.docs.tools]]\nx = 1\n[mcp_servers.docs.tools.y]\nx.z = 1\n[[mcp_servers.docs.tools]]\ny = 2\n"
    )
    tools = found["docs"].member("tools").value
    assert document.value(tools) == [{"x": 1, "y": {"x": {"z": 1}}}, {"y": 2}]
    assert elements(document, tools) == ()


def test_an_empty_file_is_an_empty_table():
    assert entries(b"")[1] == {}
    assert entries(b"# nothing\n")[1] == {}


def test_key_parts_know_their_places():
    parts = key_parts(b"docs . 'a b'.\"c\" = 1")
    assert [(each.key, each.start, each.end) for each in parts] == [("docs", 0, 4), ("a b", 7, 12), ("c", 13, 16)]


@pytest.mark.requirement("install.bad-input")
@pytest.mark.parametrize(
    ("content", "where", "why"),
    [
        (BASE + b"x = \n", "5:5", "not valid TOML"),
        (BASE + b"[mcp_servers.docs]\n", "5:18", "twice"),
        (BASE + b'command = "SECRET"\n', "5:19", "twice"),
        (b'[mcp_servers]\ndocs = { a = 1, a = "SECRET" }', "2:29", "twice"),
        (BASE + b'[mcp_servers.docs.env]\nK = "SECRET', "6:12", "ends too early"),
        (BASE[:-2], "4:21", "ends too early"),
        (BASE + b"x = \xff\n", "5:5", "not UTF-8"),
        (b"\xef\xbb\xbfx = \xff\n", "1:6", "not UTF-8"),
        (BASE + b"x = 'a\0'\n", "5:7", "NUL"),
        (BASE.decode().encode("utf-16"), "1:1", "UTF-16"),
        (b'{"mcpServers": {}}', "1:1", "not valid TOML"),
        (BASE + b"x = " + b"[" * 100_000, "1:1", "deeply"),
        (BASE + b"x = " + b"9" * 5000, "5:5005", "not valid TOML"),
    ],
)
def test_what_is_no_toml_is_refused_with_its_place(content, where, why):
    with pytest.raises(ConfigFault) as caught:
        read(content)
    assert caught.value.message.startswith(f"/h/config.toml:{where}: ")
    assert why in caught.value.message
    assert "SECRET" not in caught.value.message + caught.value.next_step


@pytest.mark.parametrize("content", [b"x = 1\nmcp_servers = []", b"x = 1\n[[mcp_servers]]", b"x = 1\nmcp_servers = 7"])
def test_a_container_that_is_no_table_is_refused(content):
    with pytest.raises(ConfigFault, match=r"config\.toml:2:\d+: an object is expected"):
        entries(content)


def leaves(document, node, value, path=()):
    """(path, the value of the bytes, what tomllib says) of every value."""
    if node.members is None:
        yield path, node, value
    else:
        assert [member.key for member in node.members] == list(value)
        for member in node.members:
            yield from leaves(document, member.value, value[member.key], (*path, member.key))


@settings(max_examples=300, deadline=None)
@given(toml_files())
def test_the_bytes_of_every_place_hold_its_value(drawn):
    content, tree = drawn
    document = read(content)
    for _, node, value in leaves(document, document.root, tree):
        raw = document.raw(node).decode()
        if node.start != node.end:
            assert tomllib.loads(f"v = {raw}")["v"] == value
        if isinstance(value, list):
            spans = [tomllib.loads(f"v = {document.raw(each).decode()}")["v"] for each in elements(document, node)]
            assert spans == (value if node.start != node.end else [])
