"""The real client as a person has it: a session in a terminal of its own, asked by keys, heard through its transcript."""

from __future__ import annotations

import os
import pty
import struct
import subprocess
import termios
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from fcntl import ioctl
from pathlib import Path
from typing import Any

from support.claude_home import CLIENT_SECONDS, ClaudeHome
from support.messages_api import model_that_calls

KEY = "sk-ant-dummy"
ROWS, COLUMNS = 40, 120
PROMPT = "❯".encode()


def past_the_first_start(directory: Path) -> dict[str, Any]:
    """What the client's file holds when nothing is left to ask before the first prompt in `directory`."""
    return {
        "theme": "dark",
        "hasCompletedOnboarding": True,
        "customApiKeyResponses": {"approved": [KEY[-20:]], "rejected": []},
        "projects": {str(directory.resolve()): {"hasTrustDialogAccepted": True}},
    }


class ClaudeTerminal:
    """A session that runs.  terminal: the person's side.  home: where it keeps its transcript."""

    def __init__(self, home: ClaudeHome, process: subprocess.Popen[bytes], terminal: int) -> None:
        self.home = home
        self.process = process
        self.terminal = terminal
        self.screen = b""
        self._reading = threading.Thread(target=self._read)
        self._reading.start()

    def ask(self, text: str) -> None:
        """The model, which says "done"."""
        self._enter(text, '"text":"done"')

    def turn(self, switch: str, server: str) -> None:
        """Switches the server "off" or "on" for the project, which the session writes into its file."""
        verb = {"off": "disable", "on": "enable"}[switch]
        self._enter(f"/mcp {verb} {server}", f"Turned {switch} MCP server")

    def leave(self) -> int:
        """Ends the session as a person does; its exit status."""
        self._type("/exit")
        self._key(b"\r")
        return self.process.wait(CLIENT_SECONDS)

    def close(self) -> None:
        self.process.kill()
        self.process.wait()
        self._reading.join()
        os.close(self.terminal)

    def await_screen(self, shown: bytes, start: int = 0) -> None:
        self._until(lambda: shown in self.screen[start:], f"the screen shows no {shown!r}")

    def _enter(self, text: str, answer: str) -> None:
        heard = self._transcript().count(answer)
        self._type(text)
        self._key(b"\r")
        self._until(lambda: self._transcript().count(answer) > heard, f"no {answer} to {text}")

    def _type(self, text: str) -> None:
        start = len(self.screen)
        self._key(text.encode())
        # The screen moves the cursor over blanks, so only a word is found in one piece.
        self.await_screen(text.split()[-1].encode(), start)

    def _key(self, keys: bytes) -> None:
        os.write(self.terminal, keys)

    def _transcript(self) -> str:
        return "".join(path.read_text() for path in self.home.root.glob(".claude/projects/*/*.jsonl"))

    def _until(self, reached: Callable[[], bool], otherwise: str) -> None:
        until = time.monotonic() + CLIENT_SECONDS
        while not reached():
            if time.monotonic() > until or self.process.poll() is not None:
                raise AssertionError(f"{otherwise}: {self.screen[-2000:]!r}")
            time.sleep(0.02)

    def _read(self) -> None:
        try:
            while part := os.read(self.terminal, 65536):
                self.screen += part
        except OSError:
            # The other side was closed.
            return


@contextmanager
def terminal(home: ClaudeHome) -> Iterator[ClaudeTerminal]:
    """A session in the home's project, at its prompt; ended at the end, whatever it does."""
    person, client = pty.openpty()
    ioctl(client, termios.TIOCSWINSZ, struct.pack("HHHH", ROWS, COLUMNS, 0, 0))
    with model_that_calls("none", {}) as model:
        process = subprocess.Popen(
            [home.binary],
            env=home.environ(ANTHROPIC_BASE_URL=model.url, ANTHROPIC_API_KEY=KEY),
            cwd=home.root / "project",
            stdin=client,
            stdout=client,
            stderr=client,
            start_new_session=True,
        )
        os.close(client)
        session = ClaudeTerminal(home, process, person)
        try:
            session.await_screen(PROMPT)
            yield session
        finally:
            session.close()
