import pytest
from hypothesis import given
from hypothesis import strategies as st

from mcpgw.registry.claude.approvals import Approval, Approvals, approval, approvals_from, names_in_list

YES, NO = Approvals(approved=frozenset({"a b"})), Approvals(rejected=frozenset({"a_b"}))
ALL, NONE = Approvals(every=True), Approvals(every=False)
SOURCES = st.lists(
    st.builds(
        Approvals,
        st.frozensets(st.sampled_from(["x", "y"])),
        st.frozensets(st.sampled_from(["x", "y"])),
        st.sampled_from([None, True, False]),
    ),
    max_size=4,
)


@pytest.mark.parametrize(
    ("name", "sources", "trusted", "expected"),
    [
        ("a b", [], True, Approval.PENDING),
        ("a b", [YES], True, Approval.APPROVED),
        ("a_b", [YES], True, Approval.PENDING),  # a yes is to the very name
        ("a b", [NO], True, Approval.REJECTED),  # a no is to the name that tools carry
        ("a b", [YES, NO, ALL], True, Approval.REJECTED),
        ("x", [ALL], True, Approval.APPROVED),
        ("x", [NONE, ALL], True, Approval.PENDING),  # the strongest word counts
        ("x", [NONE, ALL], False, Approval.APPROVED),
    ],
)
def test_the_answer(name, sources, trusted, expected):
    assert approval(name, sources, sources, trusted=trusted) is expected


@given(SOURCES, SOURCES, st.booleans())
def test_a_no_from_anywhere_counts(believed, others, trusted):
    answer = approval("x", believed, [*believed, *others, Approvals(rejected=frozenset({"x"}))], trusted=trusted)
    assert answer is Approval.REJECTED


def test_values_of_the_wrong_kind_say_nothing():
    odd = {"enabledMcpjsonServers": 7, "disabledMcpjsonServers": [1, "a"], "enableAllProjectMcpServers": "yes"}
    assert approvals_from(odd) == Approvals(rejected=frozenset({"a"}))
    assert approvals_from({"enabledMcpjsonServers": "one"}).approved == {"one"}
    assert names_in_list({"a": 1}) == frozenset()
