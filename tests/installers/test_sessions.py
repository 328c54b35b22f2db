import os

from mcpgw.installers.sessions import (
    Process,
    Session,
    must_close_first,
    running_clients,
    running_processes,
    sessions_before,
)
from mcpgw.registry.clients import claude_code, claude_desktop

CLIENTS = (claude_code.CLIENT, claude_desktop.CLIENT)
RUNNING = (Process(9, "Claude", 10.0), Process(4, "claude", 20.0), Process(5, "claude", 99.0), Process(6, "vim", 1.0))


def test_older_sessions_are_listed():
    assert sessions_before(50.0, CLIENTS, RUNNING) == (Session("Claude Code", 4), Session("Claude Desktop", 9))
    assert sessions_before(50.0, (claude_code.CLIENT,), RUNNING) == (Session("Claude Code", 4),)


def test_only_a_client_that_loses_edits_must_be_closed():
    assert must_close_first(claude_desktop.CLIENT, RUNNING)
    assert not must_close_first(claude_code.CLIENT, RUNNING)
    assert not must_close_first(claude_desktop.CLIENT, RUNNING[1:])


def test_clients_with_a_process():
    assert running_clients(CLIENTS, RUNNING) == {"claude-code", "claude-desktop"}
    assert running_clients(CLIENTS, RUNNING[3:]) == frozenset()


def test_this_process_is_seen():
    assert any(process.pid == os.getpid() for process in running_processes())
