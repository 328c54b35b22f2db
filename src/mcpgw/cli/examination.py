"""Everything that `doctor` looks at, in the order in which it is told. It reads and changes nothing."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from mcpgw.cli.status import install_times, policy_problems
from mcpgw.config.detector import secret_detector
from mcpgw.errors import ConfigFault
from mcpgw.installers.checkup import (
    Checkup,
    awake_twins,
    broken_files,
    drift_of,
    drift_symptoms,
    old_sessions,
    open_secrets,
    shadows_due,
    this_surroundings,
    to_review,
    unfinished,
)
from mcpgw.installers.launcher_symptoms import launcher_symptoms
from mcpgw.installers.sessions import Process, sessions_before
from mcpgw.installers.shadowing import Footing, shadows_out_of_step
from mcpgw.installers.symptom import Symptom, Weight
from mcpgw.installers.unapproved import waiting
from mcpgw.paths import StateLayout
from mcpgw.registry.claude.twins import twins
from mcpgw.registry.client import Place
from mcpgw.registry.discover import CLIENTS, Discovery, discover
from mcpgw.registry.leaks import Leak, find_leaks
from mcpgw.registry.ledger import read_ledger
from mcpgw.registry.select import Choice


def examine(place: Place, state: StateLayout, processes: Iterable[Process]) -> Checkup:
    """Raises McpgwError where the ledger, or what was approved, cannot be read."""
    found, ledger = discover(place), read_ledger(state)
    changed = waiting(state, found)
    unreviewed = frozenset(each.approval.entry_id for each in changed)
    drifted = drift_of(found, ledger, state.launcher, unreviewed)
    symptoms = (
        *unfinished(ledger.steps, ledger.open_steps),
        *broken_files(found.problems),
        *drift_symptoms(drifted),
        *shadows_due(shadows_out_of_step(Footing(found, ledger.installed, unreviewed, state.launcher))),
        *to_review(each for each in changed if not each.denied),
        *awake_twins(twins(found.entries, place.environ)),
        *open_secrets(_leaks(found, state)),
        *(launcher_symptoms(state) if ledger.installed else ()),
        *_of_policy(state),
        *old_sessions(sessions_before(max(install_times(state).values(), default=0.0), CLIENTS, processes)),
        *this_surroundings(state),
    )
    return Checkup(symptoms, drifted)


def _of_policy(state: StateLayout) -> Iterator[Symptom]:
    for each in policy_problems(state):
        yield Symptom("policy", Weight.ACTION, each, "`mcpgw config check` shows where.")


def _leaks(found: Discovery, state: StateLayout) -> tuple[Leak, ...]:
    """None where the policy's own sources are broken: that is a symptom of its own."""
    try:
        return find_leaks(found, Choice(), secret_detector(state)).leaks
    except ConfigFault:
        return ()
