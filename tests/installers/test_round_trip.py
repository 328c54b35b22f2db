"""Install, then uninstall, is the identity on any file that its client can read."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mcpgw.installers.plan import install_plan
from mcpgw.installers.rollback import uninstall_plan
from mcpgw.registry.client import ConfigFile, Container
from mcpgw.registry.document import EACH
from mcpgw.registry.entry import Scope, Transport
from mcpgw.registry.ledger import Ledger
from mcpgw.registry.reading import entries_of, open_document

FILE = ConfigFile(
    "claude-code",
    "/h/.claude.json",
    (Container(("mcpServers",), Scope.USER), Container(("projects", EACH, "mcpServers"), Scope.LOCAL)),
)
LAUNCHER = "/home/ü ser/mcpgw"

words = st.text(max_size=6)
scalars = st.none() | st.booleans() | st.integers(-(10**30), 10**30) | st.floats(allow_nan=False, allow_infinity=False)
values = st.recursive(
    scalars | words, lambda inner: st.lists(inner, max_size=2) | st.dictionaries(words, inner, max_size=2)
)
remote = st.fixed_dictionaries({"type": st.sampled_from(["http", "sse"]), "url": words})
stdio = st.fixed_dictionaries(
    {"command": st.text(min_size=1, max_size=6)},
    optional={
        "args": st.lists(words, max_size=3),
        "env": st.dictionaries(words, words, max_size=2),
        "type": st.just("stdio"),
        "timeout": st.integers(),
        "x-note": values,
    },
)
servers = st.dictionaries(words, stdio | remote | values, max_size=4)
trees = st.fixed_dictionaries(
    {"mcpServers": servers},
    optional={
        "before": values,
        "10": values,
        "projects": st.dictionaries(
            words, st.fixed_dictionaries({}, optional={"mcpServers": servers, "history": values}), max_size=2
        ),
    },
)


@st.composite
def contents(draw):
    """The same tree in any layout: key order, indent, separators, line ends, mark, escapes, closing newline."""
    tree = draw(trees)
    order = draw(st.permutations(list(tree)))
    ascii_only = draw(st.booleans())
    indent = draw(st.sampled_from([None, 0, 1, 2, 4, "\t"]))
    separators = draw(st.sampled_from([(",", ":"), (", ", ": "), (" ,", " : ")]))
    ordered = {key: tree[key] for key in order}
    text = json.dumps(ordered, indent=indent, ensure_ascii=ascii_only, separators=separators)
    if draw(st.booleans()):
        text = text.replace("\n", "\r\n")
    tail = draw(st.sampled_from(["", "\n", "\r\n", "  "]))
    return draw(st.sampled_from([b"", b"\xef\xbb\xbf"])) + (text + tail).encode("utf-8", "surrogatepass")


def routable(content):
    document = open_document(FILE, content)
    return frozenset(entry.entry_id for entry, _ in entries_of(FILE, document) if entry.transport is Transport.STDIO)


@pytest.mark.requirement("uninstall.exact-bytes")
@settings(max_examples=300, deadline=None)
@given(contents())
def test_install_then_uninstall_is_the_identity(content):
    installed = install_plan(FILE, content, routable(content), LAUNCHER)
    assert uninstall_plan(FILE, installed.new, Ledger()).new == content
    assert not install_plan(FILE, installed.new, routable(content), LAUNCHER).changed


@settings(max_examples=200, deadline=None)
@given(contents(), st.sampled_from([None, 2, "\t"]))
def test_after_the_client_wrote_the_file_anew_the_values_and_their_order_are_the_same(content, indent):
    installed = install_plan(FILE, content, routable(content), LAUNCHER).new
    rewritten = json.dumps(json.loads(installed.decode("utf-8-sig", "surrogatepass")), indent=indent).encode()
    restored = uninstall_plan(FILE, rewritten, Ledger()).new
    original = json.loads(content.decode("utf-8-sig", "surrogatepass"))
    assert json.dumps(json.loads(restored)) == json.dumps(original)


def test_a_big_file_is_no_work():
    history = [{"display": "x" * 900}] * 40
    projects = {f"/p/{n}": {"history": history, "mcpServers": {"a": {"command": "x"}}} for n in range(600)}
    content = json.dumps({"projects": projects}, indent=2).encode()
    assert len(content) > 20_000_000
    installed = install_plan(FILE, content, routable(content), LAUNCHER)
    assert len(installed.changes) == 600
    assert uninstall_plan(FILE, installed.new, Ledger()).new == content
