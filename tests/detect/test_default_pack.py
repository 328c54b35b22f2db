"""Each example of each default rule, with both engines, as it would stand in a frame."""

from __future__ import annotations

import json
import tomllib
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mcpgw.config.packs import DEFAULT_PACK
from mcpgw.detect.engine import judge, portable_automaton
from support.detectors import ENGINES, detector, patterns

with open(DEFAULT_PACK, "rb") as file:
    RULES: list[dict[str, Any]] = tomllib.load(file)["rule"]
EXAMPLES = [
    (rule["id"], kind == "match", text)
    for rule in RULES
    for kind in ("match", "no_match")
    for text in rule["examples"][kind]
]
ACTIONS = {
    "openai-api-key": ("alert", "critical"),
    "aws-access-key": ("block", "critical"),
    "aws-secret-key": ("block", "critical"),
    "private-key": ("block", "critical"),
    "github-token": ("alert", "high"),
    "jwt-token": ("alert", "medium"),
    "context7-api-key": ("alert", "high"),
    "generic-api-key": ("log", "medium"),
    "email-address": ("log", "low"),
    "credit-card": ("block", "critical"),
    "ssn": ("block", "critical"),
}


@pytest.mark.requirement("rules.default-pack")
def test_the_eleven_rules_and_their_declared_actions() -> None:
    assert {rule["id"]: (rule["action"], rule["severity"]) for rule in RULES} == ACTIONS


@pytest.mark.requirement("rules.examples")
@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize(("rule", "matches", "text"), EXAMPLES)
def test_an_example_in_a_text_and_in_nested_json(engine: str, rule: str, matches: bool, text: str) -> None:
    inner = {"deep": [1, {"value": text}]}
    result = {"content": [{"type": "text", "text": json.dumps(inner)}], "structuredContent": inner}
    raw = json.dumps({"jsonrpc": "2.0", "id": 1, "result": result}).encode()
    found = [each.pointer for each in detector(engine).inspect(raw) if each.rule == rule]
    expected = {"/result/content/0/text", "/result/structuredContent/deep/1/value"} if matches else set()
    assert set(found) == expected


CARDS = ["4539578763621486", "4539 5787 6362 1486", "374245455400126", "36227206271668", "4539-5787-6362-1486"]
AROUND = st.text(alphabet="0.19af_xX:/- \n,g", max_size=4)


@settings(max_examples=300, deadline=None)
@given(st.lists(st.tuples(AROUND, st.sampled_from(CARDS), AROUND).map("".join), max_size=3).map("".join))
def test_a_card_number_that_the_pattern_finds_is_found_by_the_trigger(text: str) -> None:
    rule = next(each for each in patterns() if each.id == "credit-card")
    whole = (rule._replace(triggers=(rule.expression.pattern,)),)
    raw = b" " + text.encode()
    assert judge(raw, (rule,), portable_automaton((rule,))) == judge(raw, whole, portable_automaton(whole))
