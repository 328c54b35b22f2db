"""The rules in force that find secrets, ready to run on the cold side; no snapshot is needed and none is made."""

from mcpgw.config.effective import layering
from mcpgw.config.sources import read_sources
from mcpgw.detect.engine import portable_automaton
from mcpgw.detect.pattern import from_plain
from mcpgw.detect.pipeline import Detector
from mcpgw.paths import StateLayout
from mcpgw.policy.overlay import RulePolicy, Target
from mcpgw.policy.rule import Action

CATEGORY = "secret"


def secret_detector(layout: StateLayout) -> Detector:
    """Each rule of category `secret` that is on, with its severity in force. Raises SourceFault.

    Personal data is left out: an address in a config is no leak.
    """
    sources = read_sources(layout)
    policy = layering(sources).policy(Target())
    patterns = tuple(
        from_plain({**rule, "severity": policy.rules[rule["id"]].severity.value})
        for pack in sources.packs
        for rule in pack.rules
        if rule["category"] == CATEGORY and _is_on(policy.rules[rule["id"]])
    )
    return Detector(patterns, portable_automaton(patterns))


def _is_on(rule: RulePolicy) -> bool:
    return any(chosen.value is not Action.ALLOW for chosen in (rule.to_server, rule.to_client, rule.metadata))
