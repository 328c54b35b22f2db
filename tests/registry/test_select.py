from dataclasses import replace

import pytest

from mcpgw.errors import NotFound, UsageFault
from mcpgw.registry.entry import Entry, Scope, Transport
from mcpgw.registry.select import Choice, chosen

USER = Entry("claude-code", Scope.USER, "/f", None, "fs", Transport.STDIO, "npx", (), (), None, "{}")
LOCAL = replace(USER, scope=Scope.LOCAL, project_key="/app")
GIT = replace(USER, client="claude-desktop", name="git")
ALL = (USER, LOCAL, GIT)


@pytest.mark.parametrize(
    ("choice", "expected"),
    [
        (Choice(), ALL),
        (Choice(servers=("git",)), (GIT,)),
        (Choice(servers=(LOCAL.entry_id,)), (LOCAL,)),
        (Choice(servers=("fs",), scope="user"), (USER,)),
        (Choice(excepted=("fs",)), (GIT,)),
        (Choice(excepted=(LOCAL.entry_id,)), (USER, GIT)),
        (Choice(client="claude-desktop"), (GIT,)),
        (Choice(servers=("git", "git")), (GIT,)),
    ],
)
def test_the_choice(choice, expected):
    assert chosen(ALL, choice) == expected


@pytest.mark.parametrize(
    "choice", [Choice(servers=("nope",)), Choice(excepted=("nope",)), Choice(("git",), scope="local")]
)
def test_an_unknown_name_selects_nothing(choice):
    with pytest.raises(NotFound):
        chosen(ALL, choice)


def test_an_ambiguous_name_lists_the_choices():
    with pytest.raises(UsageFault) as caught:
        chosen(ALL, Choice(servers=("fs",)))
    assert USER.entry_id in caught.value.next_step
    assert LOCAL.entry_id in caught.value.next_step
