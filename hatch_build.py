"""Builds what is in C into the wheel; without a compiler the wheel is pure and works the same, slower and larger."""

import glob
import os
import shlex
import subprocess
import sys
import sysconfig
import tempfile
from collections.abc import Iterator
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

COMPILE_SECONDS = 120
# Set it to build a pure wheel on purpose.
PURE = "MCPGW_PURE_WHEEL"


class CustomBuildHook(BuildHookInterface):  # type: ignore[type-arg]
    """Adds the extension and the guardian's program; the wheel is then one for this platform."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        if os.environ.get(PURE):
            return
        # The wheel is put together before the directory goes: the hook's object lives as long as the build.
        self._made = tempfile.TemporaryDirectory(prefix="mcpgw-build-")
        for sources, target, command in _parts(os.path.join(self.root, "src")):
            built = os.path.join(self._made.name, os.path.basename(target))
            if _compiled([*command, *sources, "-o", built]):
                build_data["force_include"][built] = target
                build_data["pure_python"] = False
                build_data["infer_tag"] = True


def _parts(root: str) -> Iterator[tuple[list[str], str, list[str]]]:
    """(sources, place in the wheel, command) of each, made as Python itself was."""
    compiler, link, flags = (sysconfig.get_config_var(name) or "" for name in ("CC", "LDSHARED", "CCSHARED"))
    optimized = ["-O2", f"-I{sysconfig.get_path('include')}"]
    if link:
        name = f"mcpgw/_native{sysconfig.get_config_var('EXT_SUFFIX')}"
        sources = sorted(glob.glob(os.path.join(root, "mcpgw", "native", "*.c")))
        yield sources, name, [*shlex.split(link), *shlex.split(flags), *optimized]
    if compiler and sys.platform == "linux":
        source = os.path.join(root, "mcpgw", "relay", "_guardian.c")
        yield [source], "mcpgw/relay/_guardian", [*shlex.split(compiler), *optimized]


def _compiled(command: list[str]) -> bool:
    try:
        subprocess.run(command, check=True, capture_output=True, text=True, timeout=COMPILE_SECONDS)  # noqa: TID251
    except (OSError, subprocess.SubprocessError) as error:
        reason = getattr(error, "stderr", None) or error
        sys.stderr.write(f"mcpgw: {command[-1]} is left out of the wheel: {reason}\n")
        return False
    return True
