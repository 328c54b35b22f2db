"""How layers merge."""

import dataclasses

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mcpgw.policy.overlay import (
    DEFAULT_SETTINGS,
    Chosen,
    DeclaredRule,
    Layer,
    Overlay,
    RuleChange,
    Target,
    layers_for,
    matches,
    merge,
    specificity,
)
from mcpgw.policy.profiles import Profile
from mcpgw.policy.rule import Action

ALLOW, LOG, ALERT, REDACT, BLOCK = Action
DECLARED = [LOG, ALERT, REDACT, BLOCK]
CARD = DeclaredRule("card", BLOCK, "critical", "default pack")
MAIL = DeclaredRule("mail", LOG, "low", "default pack")
FS = Target("fs", "claude-code", "local", "/home/ada/app", "claude-code:local@0123abcd:fs")
DIRECTIONS = ("to_server", "to_client", "metadata")


def config(**fields):
    return Layer("config.toml", **fields)


def actions(policy, rule="card"):
    return tuple(getattr(policy.rules[rule], direction).value for direction in DIRECTIONS)


def origins(policy, rule="card"):
    return tuple(getattr(policy.rules[rule], direction).origin for direction in DIRECTIONS)


def test_without_layers_the_default_profile_holds():
    policy = merge([CARD, MAIL], [])
    assert policy.profile == Chosen(Profile.BALANCED, "default")
    assert actions(policy) == (BLOCK, REDACT, ALERT)
    assert origins(policy) == ("default pack", "profile balanced", "profile balanced")
    assert policy.settings["malformed_text"] == Chosen("repair", "profile balanced")
    assert {key: policy.settings[key].value for key in DEFAULT_SETTINGS} == dict(DEFAULT_SETTINGS)


@pytest.mark.requirement("config.layers")
def test_the_later_layer_wins_and_is_named():
    first = config(profile=Profile.STRICT, settings={"audit.record": "full", "frames.max_depth": 50})
    second = Layer("rules/fs.toml", settings={"audit.record": "metadata"})
    policy = merge([CARD], [first, second])
    assert policy.profile == Chosen(Profile.STRICT, "config.toml")
    assert policy.settings["audit.record"] == Chosen("metadata", "rules/fs.toml")
    assert policy.settings["frames.max_depth"] == Chosen(50, "config.toml")
    assert policy.settings["malformed_text"] == Chosen("refuse", "profile strict")


def test_an_explicit_action_overrides_the_mapping():
    policy = merge([CARD], [config(rules={"card": RuleChange(action=BLOCK)})])
    assert actions(policy) == (BLOCK, BLOCK, ALERT)
    assert origins(policy) == ("config.toml",) * 3


def test_a_direction_wins_over_the_action_beside_it_but_not_over_a_later_action():
    change = RuleChange(action=LOG, to_server=BLOCK, metadata=REDACT)
    assert actions(merge([CARD], [config(rules={"card": change})])) == (BLOCK, LOG, REDACT)
    later = Layer("rules/fs.toml", rules={"card": RuleChange(action=ALERT)})
    assert actions(merge([CARD], [config(rules={"card": change}), later])) == (ALERT, ALERT, ALERT)


def test_a_rule_that_is_off_does_nothing_until_a_later_layer_turns_it_on():
    off = config(rules={"card": RuleChange(enabled=False, to_server=ALERT)})
    policy = merge([CARD], [off])
    assert actions(policy) == (ALLOW, ALLOW, ALLOW)
    assert origins(policy) == ("config.toml",) * 3
    on = Layer("rules/fs.toml", rules={"card": RuleChange(enabled=True)})
    assert actions(merge([CARD], [off, on])) == (ALERT, REDACT, ALERT)


def test_severity_is_a_value_like_any_other():
    policy = merge([CARD, MAIL], [config(rules={"mail": RuleChange(severity="high")})])
    assert policy.rules["mail"].severity == Chosen("high", "config.toml")
    assert policy.rules["card"].severity == Chosen("critical", "default pack")


@pytest.mark.requirement("rules.observe")
def test_observe_forces_what_it_promises():
    layer = config(
        profile=Profile.OBSERVE,
        settings={"malformed_text": "refuse", "audit.on_failure": "block"},
        rules={"card": RuleChange(action=BLOCK, metadata=REDACT)},
    )
    policy = merge([CARD], [layer])
    assert actions(policy) == (ALERT, ALERT, ALERT)
    assert origins(policy) == ("profile observe",) * 3
    assert policy.settings["malformed_text"].value == "repair"
    assert policy.settings["audit.on_failure"] == Chosen("allow", "profile observe")


@pytest.mark.parametrize(
    ("match", "fits"),
    [
        (Target(name="fs"), True),
        (Target(name="f*"), True),
        (Target(name="F*"), False),
        (Target(name="git"), False),
        (Target(client="claude-code"), True),
        (Target(client="claude-*"), False),
        (Target(scope="user"), False),
        (Target(project="/home/ada/app"), True),
        (Target(entry="claude-code:local@0123abcd:fs"), True),
        (Target(name="fs", scope="local"), True),
        (Target(name="fs", scope="user"), False),
    ],
)
def test_every_field_that_is_given_must_match(match, fits):
    assert matches(match, FS) is fits


def test_a_name_with_brackets_matches_itself():
    assert matches(Target(name="fs[1]"), Target(name="fs[1]"))


def test_what_is_not_known_matches_nothing():
    assert not matches(Target(client="claude-code"), Target(name="fs"))
    assert not matches(Target(name="*"), Target())


@pytest.mark.requirement("config.layers")
def test_narrower_overlays_come_later_and_files_in_order_of_their_names():
    wanted = [
        ("rules/z.toml", Target(name="f*")),
        ("rules/y.toml", Target(name="fs")),
        ("rules/w.toml", Target(client="claude-code")),
        ("rules/x.toml", Target(scope="local")),
        ("rules/a.toml", Target(entry=FS.entry)),
    ]
    overlays = [Overlay(match, Layer(name)) for name, match in reversed(wanted)]
    overlays.append(Overlay(Target(name="git"), Layer("rules/other.toml")))
    assert [layer.origin for layer in layers_for(FS, overlays)] == [name for name, _ in wanted]
    assert [specificity(match) for _, match in wanted] == [0, 1, 2, 2, 3]


ACTIONS = st.one_of(st.none(), st.sampled_from(DECLARED))
CHANGES = st.builds(
    RuleChange,
    enabled=st.one_of(st.none(), st.booleans()),
    action=ACTIONS,
    to_server=ACTIONS,
    to_client=ACTIONS,
    metadata=ACTIONS,
)
LAYERS = st.lists(
    st.builds(
        Layer,
        origin=st.sampled_from(["config.toml", "rules/a.toml", "rules/b.toml"]),
        profile=st.one_of(st.none(), st.sampled_from(Profile)),
        settings=st.dictionaries(
            st.sampled_from(["malformed_text", "audit.on_failure"]), st.sampled_from(["refuse", "block"])
        ),
        rules=st.dictionaries(st.just("card"), CHANGES),
    ),
    max_size=4,
)
RULES = st.builds(DeclaredRule, st.just("card"), st.sampled_from(DECLARED), st.just("low"), st.just("pack"))


def assert_not_less(before, after):
    for low, high in zip(actions(before), actions(after), strict=True):
        assert low <= high


@pytest.mark.requirement("rules.deny-never-allows")
@given(RULES, LAYERS)
def test_adding_a_deny_never_allows_more(rule, layers):
    deny = Layer("deny", rules={"card": RuleChange(enabled=True, action=BLOCK, metadata=BLOCK)})
    assert_not_less(merge([rule], layers), merge([rule], [*layers, deny]))


@pytest.mark.requirement("rules.deny-never-allows")
@given(RULES, LAYERS, st.data())
def test_raising_one_action_never_allows_more(rule, layers, data):
    """Any action of any layer, and the declared one."""
    before = merge([rule], layers)
    raised = dataclasses.replace(rule, action=data.draw(st.sampled_from(_at_least(rule.action))))
    assert_not_less(before, merge([raised], layers))
    for place, layer in enumerate(layers):
        change = layer.rules.get("card")
        key = data.draw(st.sampled_from(["action", *DIRECTIONS]))
        if change is not None and getattr(change, key) is not None:
            higher = data.draw(st.sampled_from(_at_least(getattr(change, key))))
            replaced = dataclasses.replace(layer, rules={"card": dataclasses.replace(change, **{key: higher})})
            assert_not_less(before, merge([rule], [*layers[:place], replaced, *layers[place + 1 :]]))


@pytest.mark.requirement("rules.observe")
@given(RULES, LAYERS)
def test_observe_never_blocks_or_changes_anything(rule, layers):
    policy = merge([rule], [*layers, Layer("last", profile=Profile.OBSERVE)])
    assert all(action <= ALERT for action in actions(policy))
    assert policy.settings["malformed_text"].value == "repair"
    assert policy.settings["audit.on_failure"].value == "allow"


def _at_least(action):
    return [each for each in DECLARED if each >= action]
