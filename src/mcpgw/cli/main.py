"""The verb tree: one module a verb, imported only when asked for, and the one place where errors become exit codes."""

from __future__ import annotations

import gc
import importlib
import os
import sys
import traceback

import click

from mcpgw import interrupts
from mcpgw.errors import ExitCode, McpgwError
from mcpgw.version import VERSION
from mcpgw.visible import visible

COLLECT_EVERY_OBJECTS = 50_000
# verb -> (module below mcpgw.cli, one line of help); listed here so that help needs no import of the verbs.
VERBS: dict[str, tuple[str, str]] = {
    "install": ("install", "Route every server of your clients through the gateway."),
    "uninstall": ("uninstall", "Take the gateway off again."),
    "list": ("list_", "Every server of every client: routed, or why not."),
    "wrap": ("wrap", "Print a routed copy of a managed file or a `--mcp-config`."),
    "scan": ("scan", "Look for literal secrets."),
    "status": ("status", "Is everything protected? A verdict first, then every entry."),
    "why": ("why", "Why a server is down, or a message was refused."),
    "restart": ("restart", "Start a server anew; the sessions that use it go on."),
    "doctor": ("doctor", "What is wrong with the installation, and what to do; --fix mends it."),
    "review": ("review", "What waits for your decision: servers that changed since you approved them."),
    "audit": ("audit", "Read, export, verify and prune the audit journal, and keep its heads."),
    "metrics": ("metrics", "Messages, blocks, latency and findings, counted from the journal."),
    "logs": ("logs", "The gateway's own diagnostics."),
    "rules": ("rules", "The rules in force, and where each value comes from."),
    "config": ("config", "Write, check and show the configuration."),
    "demo": ("demo", "The whole story in a throw-away home."),
    "run": ("run", "Run one server through the gateway."),
    "stdio": ("run", "The older name of `run`."),
    "completion": ("completion", "Shell completion script."),
    "version": ("version", "Version and platform."),
}


class VerbTree(click.Group):
    """Loads a verb's module when it is called, so that `mcpgw version` does not import pydantic."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(VERBS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in VERBS:
            return None
        module = importlib.import_module(f"mcpgw.cli.{VERBS[cmd_name][0]}")
        command: click.Command = module.command
        interrupts.unwind()
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(verb, text) for verb, (_, text) in VERBS.items()])


@click.group(cls=VerbTree, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110})
@click.version_option(VERSION, prog_name="mcpgw")
def tree() -> None:
    """A security gateway between your MCP client and the servers it already has."""


def main(argv: list[str]) -> int:
    """Runs one command line; returns its exit code. Writes two lines to stderr where it fails."""
    # A command is over before cycles add up; looking for them at every 700 objects takes a twentieth of its time.
    gc.set_threshold(COLLECT_EVERY_OBJECTS)
    try:
        outcome = tree.main(args=argv, prog_name="mcpgw", standalone_mode=False)
    except (click.exceptions.Abort, KeyboardInterrupt):
        return _fail(interrupts.MESSAGE, interrupts.NEXT_STEP, ExitCode.INTERRUPTED)
    except click.ClickException as error:
        error.show()
        return int(ExitCode.USAGE)
    except McpgwError as error:
        return _fail(error.message, error.next_step, error.exit_code)
    except BrokenPipeError:
        # The reader (`| head`) has gone; nothing more can be said to it.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return int(ExitCode.DONE)
    except OSError as error:
        return _fail(*_words_of(error), ExitCode.ENVIRONMENT)
    except Exception as error:  # noqa: BLE001 - the one handler at the top
        return _report_bug(error)
    return outcome if isinstance(outcome, int) else int(ExitCode.DONE)


def _words_of(error: OSError) -> tuple[str, str]:
    if isinstance(error, FileNotFoundError) and error.filename is None:
        return "the working directory has been deleted", "Change to a directory that exists, and run it again."
    return f"{error.filename or 'the system'}: {error.strerror}", "Mend that and run it again."


def _fail(message: str, next_step: str, code: int) -> int:
    click.echo(f"mcpgw: {visible(message)}", err=True)
    if next_step:
        click.echo(f"  next: {visible(next_step)}", err=True)
    return int(code)


def _report_bug(error: Exception) -> int:
    """A bug shows its type and place, not its text: the text of a foreign exception may quote a secret."""
    if os.environ.get("MCPGW_DEBUG"):
        traceback.print_exc()
    frame = traceback.extract_tb(error.__traceback__)[-1]
    where = f"{os.path.basename(frame.filename)}:{frame.lineno}"
    return _fail(
        f"this is a bug in mcpgw: {type(error).__name__} at {where}",
        "Run it again with MCPGW_DEBUG=1 and report what it prints.",
        ExitCode.BUG,
    )
