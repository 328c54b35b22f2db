"""`mcpgw completion SHELL`: the script that click makes for the shell."""

from __future__ import annotations

import click
from click.shell_completion import get_completion_class


@click.command("completion")
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
def command(shell: str) -> None:
    """Print the completion script: `eval "$(mcpgw completion bash)"`."""
    from mcpgw.cli.main import tree

    completion = get_completion_class(shell)
    if completion is None:  # pragma: no cover - the choices above are click's own
        raise click.UsageError(f"no completion for {shell}")
    click.echo(completion(tree, {}, "mcpgw", "_MCPGW_COMPLETE").source())
