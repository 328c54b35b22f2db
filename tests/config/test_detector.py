import pytest

from mcpgw.config.detector import secret_detector
from mcpgw.config.fault import SourceFault
from mcpgw.paths import StateLayout
from support.client_home import write

PACK = """[[rule]]
id = "acme-token"
description = "Token of the Acme service"
severity = "low"
action = "log"
pattern = 'acme_[a-z0-9]{8}'
max_length = 13
"""


@pytest.fixture
def layout(tmp_path):
    return StateLayout(str(tmp_path / "state"))


def _rules(layout):
    return {pattern.id: pattern.severity for pattern in secret_detector(layout).patterns}


@pytest.mark.requirement("scan.no-state")
def test_without_a_state_the_default_rules_on_secrets_and_nothing_is_written(layout, tmp_path):
    rules = _rules(layout)
    assert "github-token" in rules
    assert "email-address" not in rules
    assert list(tmp_path.iterdir()) == []


@pytest.mark.requirement("scan.packs-in-force")
def test_packs_severities_and_switches_of_the_user_hold(layout, tmp_path):
    config = 'packs = ["mine.toml"]\n[rules.acme-token]\nseverity = "high"\n[rules.jwt-token]\nenabled = false\n'
    write(tmp_path / "state" / "config.toml", config.encode())
    write(tmp_path / "state" / "mine.toml", PACK.encode())
    rules = _rules(layout)
    assert rules["acme-token"] == "high"
    assert "jwt-token" not in rules
    assert secret_detector(layout).inspect(b'"acme_abcd1234"')[0].severity == "high"


def test_a_policy_that_does_not_hold_is_said(layout, tmp_path):
    write(tmp_path / "state" / "config.toml", b"profile = 3")
    with pytest.raises(SourceFault):
        secret_detector(layout)
