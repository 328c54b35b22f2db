"""A server that runs through another gateway already is known by the program that its entry starts, and never nested.

Two gateways in a row hide each other's refusals and double every wait. `mcp-remote` and `supergateway` are not here:
they only carry a remote server's messages, so what is behind them is an ordinary stdio server.
"""

from __future__ import annotations

import ntpath
import re
import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from mcpgw.registry.entry import Entry, Standing


@dataclass(frozen=True, slots=True)
class Wrapper:
    """A gateway: the programs, packages, modules or images that it goes by.

    verb: the words that must follow for it to be one; without them it is some other tool of the same maker.
    """

    name: str
    programs: frozenset[str]
    verb: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Runner:
    """A program that starts another one. verb: the words before that one; valued: options that take the next word."""

    verb: tuple[str, ...] = ()
    valued: frozenset[str] = frozenset()


def _wrapper(name: str, *programs: str, verb: tuple[str, ...] = ()) -> Wrapper:
    return Wrapper(name, frozenset(programs), verb)


OURS = "mcpgw, by hand"
WRAPPERS = (
    _wrapper(OURS, "mcpgw", "mcpgw-gateway", verb=("run",)),
    _wrapper(OURS, "mcpgw", "mcpgw-gateway", verb=("stdio",)),
    _wrapper("pipelock", "pipelock", "luckypipewrench/pipelock", verb=("mcp", "proxy")),
    _wrapper("node9", "node9", "@node9/proxy", verb=("mcp-gateway",)),
    _wrapper("mcp-proxy", "mcp-proxy", "mcp_proxy", "sparfenyuk/mcp-proxy"),
    _wrapper("mcp-gateway", "mcp-gateway", "mcp_gateway", "docker/mcp-gateway"),
    _wrapper("Docker MCP Gateway", "docker", verb=("mcp", "gateway")),
    _wrapper("ToolHive", "thv", verb=("proxy",)),
    _wrapper("MCPProxy", "mcpproxy"),
    _wrapper("mcp-guardian", "mcp-guardian"),
    _wrapper("mcp-guard", "mcp-guard"),
    _wrapper("mcp-guardrail", "mcp-guardrail"),
    _wrapper("Invariant Gateway", "invariant-gateway"),  # what `mcp-scan proxy` puts before a server
    _wrapper("mcp-scan", "mcp-scan", verb=("proxy",)),
    _wrapper("agentmesh-mcp-proxy", "agentmesh-mcp-proxy", "@microsoft/agentmesh-mcp-proxy"),
    _wrapper("agentmesh-mcp-proxy", "agentmesh", verb=("protect",)),
    _wrapper("agentmesh-mcp-proxy", "agentmesh.integrations.mcp.proxy"),
    _wrapper("ContextForge", "mcpgateway.wrapper", "mcpgateway.translate", "ibm/mcp-context-forge"),
    _wrapper("mcp-context-protector", "mcp-context-protector"),
    _wrapper("AvaKill", "avakill", verb=("mcp-proxy",)),
    _wrapper("Rampart", "rampart", verb=("mcp",)),
    _wrapper("Stroq", "stroq", verb=("mcp",)),
    _wrapper("mcproxy", "mcproxy", "@team-attention/mcproxy"),
)

_NPX = frozenset({"-p", "--package", "-c", "--call", "-w", "--workspace"})
_UV = frozenset(
    {"--from", "--with", "-w", "--python", "-p", "--index", "--index-url", "-i", "--extra-index-url", "--directory"}
    | {"--project", "--env-file", "--with-requirements", "--with-editable", "--cache-dir", "--refresh-package"}
)
_PIP = frozenset({"--spec", "--python", "--pip-args", "--index-url", "-i"})
_PYTHON = frozenset({"-W", "-X", "-c"})
_DOCKER = frozenset(
    {"-e", "--env", "--env-file", "-v", "--volume", "--mount", "--name", "--network", "--net", "-p", "--publish", "-w"}
    | {"--workdir", "-u", "--user", "--entrypoint", "--platform", "--add-host", "-l", "--label", "-m", "--memory"}
    | {"--cpus", "--pull", "--gpus", "--device", "--tmpfs", "--security-opt", "--cap-add", "--cap-drop", "-h"}
)
_CONTAINERS = (Runner(("run",), _DOCKER), Runner(("container", "run"), _DOCKER))
RUNNERS: Mapping[str, tuple[Runner, ...]] = {
    "npx": (Runner((), _NPX),),
    "bunx": (Runner(),),
    "pnpx": (Runner(),),
    "npm": (Runner(("exec",), _NPX), Runner(("x",), _NPX)),
    "bun": (Runner(("x",)),),
    "pnpm": (Runner(("dlx",)), Runner(("exec",))),
    "yarn": (Runner(("dlx",)),),
    "uvx": (Runner((), _UV),),
    "uv": (Runner(("tool", "run"), _UV), Runner(("run",), _UV)),
    "pipx": (Runner(("run",), _PIP),),
    "python": (Runner((), _PYTHON),),
    "py": (Runner((), _PYTHON),),
    "node": (Runner(),),
    "env": (Runner((), frozenset({"-u", "--unset", "-C", "--chdir", "-S"})),),
    "cmd": (Runner(("/c",)), Runner(("/d", "/c")), Runner(("/s", "/c")), Runner(("/d", "/s", "/c"))),
    "exec": (Runner(),),
    "docker": _CONTAINERS,
    "podman": _CONTAINERS,
}

_SHELLS = frozenset({"sh", "bash", "dash", "zsh"})
_SCRIPT_OPTION = re.compile(r"-[a-z]*c")
# Only what `install` would route otherwise: every other standing leaves the entry alone for a reason that comes first.
_ROUTABLE = frozenset({Standing.ACTIVE, Standing.DISABLED})
_SUFFIX = re.compile(r"\.(exe|cmd|bat|ps1|sh|py|js|mjs)$")
_VERSION = re.compile(r"(?<=.)(@|==|>=|~=|\[).*$")
_PYTHON_NAME = re.compile(r"python[0-9.]*$")
_ASSIGNMENT = re.compile(r"[A-Za-z_][A-Za-z0-9_]*=")
# cmd, npx, `uv run`, a package in a container: more than this is no command line that a person wrote.
_DEEPEST = 5


def marked(entry: Entry) -> Entry:
    """The entry, as WRAPPED by its gateway where it has one. Our own routed entries are not: they can be taken off."""
    if entry.standing not in _ROUTABLE or entry.wrapped is not None:
        return entry
    name = wrapper_of(entry.original_argv)
    return entry if name is None else replace(entry, standing=Standing.WRAPPED, note=name)


def wrapper_of(argv: Sequence[str]) -> str | None:
    """The gateway that this command line starts; None for a server."""
    for _ in range(_DEEPEST):
        if not argv:
            return None
        program, rest = _names(argv[0]), argv[1:]
        for wrapper in WRAPPERS:
            if program & wrapper.programs and _follows(wrapper.verb, rest):
                return wrapper.name
        argv = _started_by(program, rest)
    return None


def _names(word: str) -> frozenset[str]:
    """What a program, package, module or image may be called: its last part, and with the part before it.

    A scoped package (`@maker/name`) is only known by its whole name.
    """
    plain = word.lower()
    if plain.startswith("@"):
        return frozenset({_VERSION.sub("", plain)})
    parts = ntpath.normpath(plain).split("\\")
    last = _SUFFIX.sub("", _VERSION.sub("", parts[-1].partition(":")[0]))
    name = "python" if _PYTHON_NAME.match(last) else last
    return frozenset({name, "/".join((*parts[-2:-1], name))})


def _follows(verb: tuple[str, ...], rest: Sequence[str]) -> bool:
    """Whether the verb's words come in a row before any `--`; options, and what they take, may come first."""
    words = [word for word in rest[: rest.index("--") if "--" in rest else None] if not word.startswith("-")]
    return any(tuple(words[at : at + len(verb)]) == verb for at in range(len(words) - len(verb) + 1))


def _started_by(program: frozenset[str], rest: Sequence[str]) -> Sequence[str]:
    """The command line that a runner starts; empty for a program that is none."""
    if program & _SHELLS:
        return _script(rest)
    for name in program & RUNNERS.keys():
        for runner in RUNNERS[name]:
            length = len(runner.verb)
            if tuple(word.lower() for word in rest[:length]) == runner.verb:
                return _behind_options(runner, rest[length:])
    return ()


def _script(rest: Sequence[str]) -> Sequence[str]:
    """The words of a shell's one-line script."""
    if len(rest) < 2 or not _SCRIPT_OPTION.fullmatch(rest[0]):
        return ()
    try:
        return _behind_options(Runner(), shlex.split(rest[1]))
    except ValueError:
        return ()


def _behind_options(runner: Runner, words: Sequence[str]) -> Sequence[str]:
    at = 0
    while at < len(words):
        word = words[at]
        if word == "--" or word == "-m" or _ASSIGNMENT.match(word):
            at += 1
        elif word.startswith("-"):
            at += 2 if word in runner.valued else 1
        else:
            return words[at:]
    return ()
