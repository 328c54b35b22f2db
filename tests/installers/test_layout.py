import pytest

from mcpgw.installers.layout import Style, indented, last_break, style_below, style_of
from mcpgw.registry.document import Shape, Syntax, read_document, shape_of

SHAPE = shape_of([("s",)], Shape())


def servers_in(content):
    document = read_document(content, SHAPE, path="/c", syntax=Syntax.JSONC)
    return document, document.root.member("s").value


@pytest.mark.parametrize(
    ("content", "style"),
    [
        (b'{"s":{}}', Style(b"", b":")),
        (b'{ "s" : {}}', Style(b"", b" : ")),
        (b'{\n    "s": {}\n}', Style(b"\n        ", b": ")),
        (b'\xef\xbb\xbf{\r\n\r\n\t"s": {}\r\n}', Style(b"\r\n\t\t", b": ")),
        (b'{ // c\n "s" /* : */ : {}}', Style(b"\n  ", b": ")),
    ],
)
def test_a_first_member_follows_the_file(content, style):
    assert style_below(*servers_in(content)) == style


def test_a_file_without_members_gets_the_clients_own_style():
    document = read_document(b"{}", SHAPE, path="/c")
    assert style_below(document, document.root) == Style(b"\n  ", b": ")


@pytest.mark.parametrize(
    ("content", "style"),
    [
        (b'{"s":{"a":1}}', Style(b"", b":")),
        (b'{"s":{"a": 1}}', Style(b" ", b": ")),
        (b'{"s":{\n\n  "a": 1}}', Style(b"\n  ", b": ")),
    ],
)
def test_a_further_member_follows_the_last(content, style):
    document, servers = servers_in(content)
    assert style_of(document, servers.members[-1]) == style


def test_longer_values_are_indented_anew():
    assert indented(b'{\n    "a": [\n      1\n    ]\n  }', b"\r\n\t") == b'{\r\n\t  "a": [\r\n\t    1\r\n\t  ]\r\n\t}'
    assert indented(b'{\n  "a": 1\n}', b" ") == b'{ "a": 1 }'
    assert last_break(b"\n\n  \r\n\t") == b"\r\n\t"
