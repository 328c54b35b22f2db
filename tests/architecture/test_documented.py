"""What exists is documented, and what is documented exists."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from pathlib import Path

import click
import pytest
from pydantic import BaseModel

from mcpgw.audit.diagnostics import LEVELS
from mcpgw.audit.heads import Head
from mcpgw.cli.main import tree
from mcpgw.config.packs import DEFAULT_PACK
from mcpgw.config.schema import ConfigFile, MatchSection, PackRule, PackSection
from mcpgw.errors import ExitCode
from mcpgw.gateway.answers import Code
from mcpgw.policy.profiles import DirectionActions, Profile, actions_of
from mcpgw.policy.rule import Action
from mcpgw.state.status import COUNTERS, STATES

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
PAGES = [ROOT / "README.md", *sorted(DOCS.rglob("*.md"))]


def _read(page: str) -> str:
    return (DOCS / page).read_text("utf-8")


def _verbs(command: click.Command, path: tuple[str, ...] = ()) -> Iterator[tuple[str, click.Command]]:
    if not isinstance(command, click.Group):
        yield " ".join(path), command
        return
    context = click.Context(command)
    for name in command.list_commands(context):
        below = command.get_command(context, name)
        assert below is not None
        yield from _verbs(below, (*path, name))


@pytest.mark.requirement("docs.command-line")
@pytest.mark.parametrize(
    ("verb", "command"), list(_verbs(tree)), ids=lambda value: value if isinstance(value, str) else ""
)
def test_every_verb_and_option(verb: str, command: click.Command) -> None:
    _, _, rest = _read("reference/cli.md").partition(f"## mcpgw {verb}\n")
    section = rest.split("\n## ")[0]
    assert "Exit codes: " in section
    for parameter in command.params:
        if isinstance(parameter, click.Option):
            assert all(f"`{option}`" in section for option in parameter.opts), parameter.opts
        else:
            assert (parameter.metavar or (parameter.name or "").upper()) in section
    documented = set(re.findall(r"`(--?[a-z-]+)`", section.split("Exit codes")[0]))
    assert documented <= {option for parameter in command.params for option in parameter.opts}


def test_no_verb_is_documented_that_is_not_there() -> None:
    documented = re.findall(r"^## mcpgw (.+)$", _read("reference/cli.md"), re.M)
    assert sorted(documented) == sorted(verb for verb, _ in _verbs(tree))


@pytest.mark.requirement("docs.rules")
def test_every_rule_with_its_action() -> None:
    with open(DEFAULT_PACK, "rb") as file:
        rules = tomllib.load(file)["rule"]
    table = re.findall(r"^\| `([a-z0-9-]+)` \| (\w+) \| (\w+) \| ", _read("reference/rules.md"), re.M)
    assert table == [(rule["id"], rule["severity"], rule["action"]) for rule in rules]


@pytest.mark.requirement("docs.exit-codes")
def test_every_exit_code() -> None:
    table = re.findall(r"^\| (\d+) \| ([A-Z_]+) \|", _read("reference/exit-codes.md"), re.M)
    assert table == [(str(int(code)), code.name) for code in ExitCode]


def test_every_json_rpc_code() -> None:
    table = re.findall(r"^\| (-\d+) \| ([A-Z_]+) \|", _read("reference/formats.md"), re.M)
    assert table == [(str(int(code)), code.name) for code in Code]


@pytest.mark.requirement("docs.config-keys")
def test_every_config_key() -> None:
    documented = set(re.findall(r"`([a-z_.<>]+)`", _read("reference/config.md").split("## Overlays")[0]))
    schema = ConfigFile.model_json_schema()
    keys = set()
    for name, spec in schema["properties"].items():
        section = schema["$defs"].get(spec.get("$ref", "").rsplit("/", 1)[-1])
        keys |= {f"{name}.{key}" for key in section["properties"]} if section else {name}
    keys.remove("rules")
    keys |= {f"rules.<id>.{key}" for key in schema["$defs"]["RuleSection"]["properties"]}
    assert keys <= documented
    assert {each for each in documented if "." in each and each != "config.toml"} <= keys


def test_every_json_schema_name() -> None:
    names = {
        name
        for path in (ROOT / "src" / "mcpgw").rglob("*.py")
        for name in re.findall(r'"(mcpgw\.[a-z.-]+/\d+)"', path.read_text("utf-8"))
    }
    assert names == set(re.findall(r"`(mcpgw\.[a-z.-]+/\d+)`", _read("reference/formats.md")))


@pytest.mark.requirement("docs.formats")
@pytest.mark.parametrize(
    ("heading", "words"),
    [
        ("Status record", (*STATES, *COUNTERS)),
        ("Heads", ("open", "count", "rotate", "close", "prune", *Head._fields)),
        ("Logs", tuple(LEVELS)),
        ("Ledger", ("plan", "done", "undone", "install", "uninstall")),
    ],
)
def test_every_word_of_a_format(heading: str, words: tuple[str, ...]) -> None:
    section = _read("reference/formats.md").partition(f"## {heading}\n")[2].split("\n## ")[0]
    quoted = {word for span in re.findall(r"`([^`]+)`", section) for word in span.split()}
    assert set(words) - quoted == set()


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_and_paths_lead_somewhere(page: Path) -> None:
    text = page.read_text("utf-8")
    for target in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", text):
        assert (page.parent / target).exists(), target
    for path in re.findall(r"`((?:src|tests|docs|scripts|bench)/[\w./-]+)`", text):
        assert (ROOT / path).exists(), path


@pytest.mark.requirement("docs.links")
@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_to_a_heading_find_it(page: Path) -> None:
    for target, anchor in re.findall(r"\]\(([^)#:]*)#([^)]+)\)", page.read_text("utf-8")):
        linked = (page.parent / target).read_text("utf-8") if target else page.read_text("utf-8")
        headings = {_anchor(heading) for heading in re.findall(r"^#+ (.+)$", linked, re.M)}
        assert anchor in headings, f"{target}#{anchor}"


@pytest.mark.requirement("docs.links")
def test_every_page_is_reached_from_the_index() -> None:
    """Decisions are linked as a folder."""
    linked = {(DOCS / target).resolve() for target in re.findall(r"\]\(([^)#:]+)\)", _read("index.md"))}
    pages = {page.resolve() for page in DOCS.rglob("*.md") if page.name != "index.md"}
    assert {page for page in pages if page not in linked and page.parent not in linked} == set()


def _anchor(heading: str) -> str:
    return re.sub(r"[^a-z0-9 _-]", "", heading.lower()).replace(" ", "-")


@pytest.mark.requirement("docs.overlay-and-pack-keys")
@pytest.mark.parametrize(
    ("page", "start", "model"),
    [
        ("config.md", "## Overlays", MatchSection),
        ("rules.md", "## Packs", PackRule),
        ("rules.md", "## Packs", PackSection),
    ],
)
def test_every_overlay_and_pack_key(page: str, start: str, model: type[BaseModel]) -> None:
    section = _read(f"reference/{page}").partition(start)[2].split("\n## ")[0]
    assert set(model.model_fields) - set(re.findall(r"`([a-z_]+)`", section)) == set()


@pytest.mark.requirement("docs.rules")
def test_every_profile_maps_as_the_table_says() -> None:
    section = _read("reference/rules.md").partition("## Profiles")[2].split("\n## ")[0]
    table = re.findall(r"^\| (\w+) \| (\w+) \| (\w+) \| (\w+) \| (\w+) \| (\w+) \|$", section, re.M)
    rows = []
    for declared in (Action.BLOCK, Action.REDACT, Action.ALERT, Action.LOG):
        observe, balanced, strict = (actions_of(profile, declared) for profile in Profile)
        assert observe == DirectionActions(*[observe.to_server] * 3)
        assert strict == DirectionActions(*[strict.to_server] * 3)
        mapped = (observe.to_server, balanced.to_server, balanced.to_client, balanced.metadata, strict.to_server)
        rows.append((declared.label, *(action.label for action in mapped)))
    assert table == rows


@pytest.mark.requirement("docs.plain")
def test_nothing_names_a_host_a_machine_or_the_other_package() -> None:
    wrong = re.compile(
        r"pypi\.org|pythonhosted|registry\.npmjs|/work/|/root/|/tmp/plan|shared/(?:design|testkit)|\bpip install mcpgw(?![-\w])"
    )
    suffixes = {".py", ".c", ".md", ".toml", ".lock", ".json", ".sh", ".in"}
    folders = ("src", "docs", "tests", "scripts", "bench", ".ci")
    files = [path for folder in folders for path in (ROOT / folder).rglob("*") if path.is_file()]
    files += [path for path in ROOT.iterdir() if path.suffix in suffixes]
    this = Path(__file__).name
    found = [
        str(path)
        for path in files
        if (path.suffix in suffixes or not path.suffix)
        and path.name != this
        and wrong.search(path.read_text("utf-8", "replace"))
    ]
    assert found == []


def test_short_pages_stay_short() -> None:
    assert _read("architecture.md").count("\n") <= 180
    for decision in (DOCS / "decisions").iterdir():
        assert decision.read_text("utf-8").count("\n") <= 25, decision
