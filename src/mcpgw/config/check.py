"""Looks at all policy sources and says everything that is wrong; writes nothing."""

from dataclasses import dataclass

from mcpgw.config.effective import Layering, layering, target_of
from mcpgw.config.fault import Fault, SourceFault
from mcpgw.config.packs import native_example_faults, native_faults
from mcpgw.config.sources import PolicySources, read_sources
from mcpgw.paths import StateLayout
from mcpgw.policy.overlay import matches
from mcpgw.registry import ledger


@dataclass(frozen=True, slots=True)
class CheckReport:
    """faults: empty = valid.  overlays: file -> entry ids it holds for.  rules: how many there are."""

    faults: tuple[Fault, ...]
    overlays: dict[str, tuple[str, ...]]
    rules: int

    @property
    def unused(self) -> tuple[str, ...]:
        """Overlays that match no installed server."""
        return tuple(name for name, entries in self.overlays.items() if not entries)


def check_sources(layout: StateLayout) -> CheckReport:
    """Reads config.toml, rules/ and the packs as a compile would, and runs the packs' examples on every engine."""
    try:
        sources = read_sources(layout)
    except SourceFault as fault:
        return CheckReport(fault.faults, {}, 0)
    faults = _engine_faults(sources)
    layers = layering(sources)
    return CheckReport(faults, _overlay_entries(layers, layout), len(layers.rules))


def _engine_faults(sources: PolicySources) -> tuple[Fault, ...]:
    refused = [fault for pack in sources.packs for fault in native_faults(pack)]
    return tuple(refused or (fault for pack in sources.packs for fault in native_example_faults(pack)))


def _overlay_entries(layers: Layering, layout: StateLayout) -> dict[str, tuple[str, ...]]:
    entries = ledger.entries(layout)
    return {
        overlay.layer.origin: tuple(entry.entry_id for entry in entries if matches(overlay.match, target_of(entry)))
        for overlay in layers.overlays
    }
