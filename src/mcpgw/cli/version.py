"""`mcpgw version`: what is running, for reports."""

from __future__ import annotations

import platform
import sys

import click

from mcpgw.cli.output import emit, json_option
from mcpgw.version import VERSION


@click.command("version")
@json_option
def command(as_json: bool) -> None:
    """Version and platform."""
    payload = {
        "version": VERSION,
        "python": platform.python_version(),
        "platform": sys.platform,
        "machine": platform.machine(),
    }
    emit(
        "mcpgw.version/1",
        payload,
        as_json,
        lambda: f"mcpgw {VERSION} (Python {payload['python']}, {payload['platform']} {payload['machine']})",
    )
