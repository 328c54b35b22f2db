"""One look a second later, and only where a client runs."""

from dataclasses import replace

import pytest

from mcpgw.errors import Partial, Refused
from mcpgw.installers import watch
from mcpgw.installers.watch import see_them_last
from support.one_server import OneServer

RUNNING = frozenset({"claude-code"})


@pytest.fixture
def plan(tmp_path, monkeypatch):
    monkeypatch.setattr(watch, "LOOK_AFTER_SECONDS", 0.001)
    return OneServer(tmp_path).plan


class Client:
    """Writes over the edit so many times."""

    def __init__(self, times):
        self.looks, self.times = 0, times

    def again(self, plan):
        self.looks += 1
        return plan if self.looks <= self.times else replace(plan, new=plan.old)


@pytest.mark.requirement("install.lasts")
@pytest.mark.parametrize(("running", "lost", "looks"), [(frozenset(), 9, 0), (RUNNING, 0, 1), (RUNNING, 1, 2)])
def test_an_edit_that_was_lost_is_made_again(plan, running, lost, looks):
    client = Client(lost)
    see_them_last([plan], running, client.again)
    assert client.looks == looks


@pytest.mark.requirement("install.lasts")
def test_a_client_that_does_it_again_is_named(plan):
    with pytest.raises(Partial, match=r"wrote over the edit of .*\.claude\.json"):
        see_them_last([plan], RUNNING, Client(2).again)


def test_a_change_of_the_users_own_is_no_loss(plan):
    def again(_):
        raise Refused("its servers changed")

    see_them_last([plan], RUNNING, again)
