"""Mending is an install of what drifted, and of nothing else; what its owner deleted is forgotten."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable

from mcpgw.installers import trust
from mcpgw.installers.apply import sole_installer
from mcpgw.installers.checkup import Checkup
from mcpgw.installers.drift import Drifted
from mcpgw.installers.guard import Tolerance
from mcpgw.installers.install import Installed, InstallPlan, install, plan_install
from mcpgw.installers.project_servers import ProjectServers
from mcpgw.installers.sessions import Process
from mcpgw.paths import StateLayout
from mcpgw.registry.client import Place
from mcpgw.registry.ledger import append, read_ledger, uninstall_record
from mcpgw.registry.select import Choice


def plan_mend(
    place: Place, layout: StateLayout, checkup: Checkup, tolerance: Tolerance, processes: Iterable[Process]
) -> InstallPlan:
    """Routes what drifted, in shared files too where it had been routed there. Raises as `plan_install`."""
    choice = Choice(checkup.to_route, only_named=True)
    return plan_install(place, layout, choice, tolerance, processes, ProjectServers.EDIT)


def renew_shadows(place: Place, layout: StateLayout, processes: Iterable[Process], *, now: float) -> None:
    """Brings the private entries in step with the shared ones that were approved. Raises as `install`."""
    plan = plan_install(place, layout, Choice(only_named=True), Tolerance(), processes)
    if plan.changed:
        install(layout, plan, observe=False, now=now)


def mend(layout: StateLayout, plan: InstallPlan, checkup: Checkup, *, now: float) -> Installed:
    """Performs the plan and renews the launcher. Raises McpgwError; Partial when some files had been done."""
    done = install(layout, plan, observe=False, now=now)
    forget(layout, checkup.to_forget, now=now)
    return done


def forget(layout: StateLayout, gone: Collection[Drifted], *, now: float) -> None:
    """Clears the ledger of entries that are no more, and what was approved of them."""
    by_file = defaultdict[str, list[str]](list)
    for each in gone:
        by_file[each.config_file].append(each.entry_id)
    if not by_file:
        return
    with sole_installer(layout):
        append(layout, *(uninstall_record(file, ids, at=now) for file, ids in by_file.items()))
        still = {each.gateway_id for each in read_ledger(layout).installed}
        trust.forget(layout, {each.gateway_id for each in gone} - still)
