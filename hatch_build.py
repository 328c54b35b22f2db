"""Builds the optional C extension into the wheel; without a compiler the wheel is pure and works the same, slower."""

import os
import shlex
import subprocess
import sys
import sysconfig
import tempfile
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

SOURCE = "src/mcpgw/protocol/_frame.c"
COMPILE_SECONDS = 120
# Set it to build a pure wheel on purpose.
PURE = "MCPGW_PURE_WHEEL"


class CustomBuildHook(BuildHookInterface):  # type: ignore[type-arg]
    """Adds mcpgw/protocol/_frame.<abi>.so to the wheel, which is then one for this platform."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        if os.environ.get(PURE):
            return
        # The wheel is put together before the directory goes: the hook's object lives as long as the build.
        self._made = tempfile.TemporaryDirectory(prefix="mcpgw-build-")
        name = f"_frame{sysconfig.get_config_var('EXT_SUFFIX')}"
        built = os.path.join(self._made.name, name)
        if not _build(os.path.join(self.root, SOURCE), built):
            return
        build_data["force_include"][built] = f"mcpgw/protocol/{name}"
        build_data["pure_python"] = False
        build_data["infer_tag"] = True


def _build(source: str, built: str) -> bool:
    """Whether the compiler that Python itself was built with is here and made the extension."""
    link, flags = sysconfig.get_config_var("LDSHARED"), sysconfig.get_config_var("CCSHARED")
    if not link:
        return False
    command = [
        *shlex.split(link),
        *shlex.split(flags or ""),
        *("-O2", f"-I{sysconfig.get_path('include')}", source, "-o", built),
    ]
    try:
        subprocess.run(command, check=True, capture_output=True, text=True, timeout=COMPILE_SECONDS)  # noqa: TID251
    except (OSError, subprocess.SubprocessError) as error:
        reason = getattr(error, "stderr", None) or error
        sys.stderr.write(f"mcpgw: the optional extension is left out: {reason}\n")
        return False
    return True
