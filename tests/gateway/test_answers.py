"""What a model reads names rule and REF, says to ask the user, and holds no way to weaken a policy."""

from __future__ import annotations

import json

import pytest

from mcpgw.gateway import answers
from mcpgw.gateway.answers import Code

TEXTS = [
    answers.blocked_request("r", "ABCD2345"),
    answers.blocked_result("r", "ABCD2345"),
    answers.placeholder_argument("ABCD2345"),
    answers.refused_frame("a key stands twice", "ABCD2345"),
    answers.policy_unavailable("ABCD2345"),
    answers.audit_unavailable("ABCD2345"),
    answers.too_many_waiting("ABCD2345"),
]
WEAKENING = ("allow", "bypass", "--yes", "uninstall", "config", "rules set", "unblock", "disable", "observe", "profile")


@pytest.mark.requirement("answers.no-weakening")
@pytest.mark.parametrize("text", [*TEXTS, answers.server_gone("exit code 1")])
def test_no_text_tells_how_to_weaken_policy(text: str) -> None:
    assert not [word for word in WEAKENING if word in text.lower()]


@pytest.mark.parametrize("text", TEXTS)
def test_every_refusal_names_its_ref(text: str) -> None:
    assert "ABCD2345" in text


@pytest.mark.requirement("answers.codes")
def test_codes_stay_clear_of_every_range_that_means_something() -> None:
    own = [code for code in Code if code is not Code.PARSE]
    assert [int(code) for code in own] == [-31001, -31002, -31003, -31004, -31005, -31006]
    assert not [code for code in own if -32768 <= code <= -32000]


def test_an_error_is_one_line_of_json_with_rule_and_ref() -> None:
    frame = answers.error('"a\\u2028"', Code.POLICY, 'say "x"\n', rule="r", ref="REF")
    assert frame.count(b"\n") == 1
    message = json.loads(frame)
    assert message["id"] == "a\u2028"
    assert message["error"] == {"code": -31001, "message": 'say "x"\n', "data": {"mcpgw": {"rule": "r", "ref": "REF"}}}
