"""Environment variables that make a program load or run something else, so that an entry's command says half of it."""

from __future__ import annotations

from collections.abc import Iterable

# Name, or its beginning with `*` -> what it does.
_DANGEROUS = {
    "NODE_OPTIONS": "makes Node load other code first",
    "NODE_PATH": "changes where Node looks for modules",
    "NPM_CONFIG_*": "changes what npm and npx download and run",
    "LD_PRELOAD": "loads a library into every program",
    "LD_AUDIT": "loads a library into every program",
    "LD_LIBRARY_PATH": "changes which libraries are loaded",
    "DYLD_*": "changes which libraries are loaded (macOS)",
    "PYTHONPATH": "changes which modules Python loads",
    "PYTHONHOME": "changes which standard library Python loads",
    "PYTHONSTARTUP": "makes Python run a file first",
    "PYTHONINSPECT": "makes Python read commands from its input",
    "PIP_*": "changes what pip downloads",
    "UV_*": "changes what uv and uvx download and run",
    "PERL5LIB": "changes which modules Perl loads",
    "PERL5OPT": "makes Perl load other code first",
    "RUBYLIB": "changes which files Ruby loads",
    "RUBYOPT": "makes Ruby load other code first",
    "JAVA_TOOL_OPTIONS": "makes Java load other code first",
    "_JAVA_OPTIONS": "makes Java load other code first",
    "DOTNET_STARTUP_HOOKS": "makes .NET load other code first",
    "BASH_ENV": "makes bash run a file first",
    "ENV": "makes sh run a file first",
    "SHELLOPTS": "changes how bash runs scripts",
    "PROMPT_COMMAND": "makes bash run a command",
    "GIT_SSH_COMMAND": "is a command that git runs",
    "GIT_CONFIG*": "can make git run commands",
    "PATH": "changes which program a name leads to",
    "IFS": "changes how a shell splits words",
}


def dangerous_env(names: Iterable[str]) -> tuple[str, ...]:
    """One sentence for each of `names` that can make the server run other code; empty when none can."""
    return tuple(f"{name} {what}" for name in names if (what := _what(name)) is not None)


def _what(name: str) -> str | None:
    """npm reads its variables in any case; the other names are exact."""
    exact = _DANGEROUS.get(name)
    if exact is not None:
        return exact
    folded = name.upper()
    return next((what for key, what in _DANGEROUS.items() if key[-1] == "*" and folded.startswith(key[:-1])), None)
