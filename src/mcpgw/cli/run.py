"""Help for `run` and `stdio`; the verbs themselves never come this way (see __main__)."""

from __future__ import annotations

import click


@click.command("run", context_settings={"ignore_unknown_options": True, "allow_interspersed_args": False})
@click.option("--entry", metavar="ID", help="The installed entry that this instance serves (written by install).")
@click.option("--name", metavar="NAME", help="A name for a server that no client lists.")
@click.option("--shadow", is_flag=True, help="Marks an entry that install added as a whole (written by install).")
@click.option("--no-args", is_flag=True, help="Marks an entry that had no args key (written by install).")
@click.argument("server", nargs=-1, required=True, metavar="-- COMMAND [ARGS]...")
def command(entry: str | None, name: str | None, shadow: bool, no_args: bool, server: tuple[str, ...]) -> None:
    """Run one stdio server through the gateway; `mcpgw stdio COMMAND...` is the older name."""
    raise click.UsageError("give the verb first: mcpgw run [--name NAME] -- COMMAND...")
