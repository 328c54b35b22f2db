"""`mcpgw demo`: the whole story in a throw-away home, every step checked; nothing of the user's is read or written."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

import click

from mcpgw.cli.demo_client import DemoClient
from mcpgw.cli.demo_home import DemoHome, aws_key_id, private_key
from mcpgw.cli.output import emit, json_option, style
from mcpgw.errors import ExitCode
from mcpgw.policy.redact import placeholder_pattern

# One key twice: two parsers would read two different tools.
BROKEN_FRAME = b'{"jsonrpc":"2.0","id":99,"method":"tools/call","params":{"name":"echo","name":"read_key"}}\n'


@dataclass(frozen=True, slots=True)
class Step:
    """One promise of the story, and whether it was kept."""

    promise: str
    kept: bool


@dataclass(slots=True)
class Story:
    """Tells what happens while it happens, and keeps the score."""

    say: Callable[[str], None]
    steps: list[Step] = field(default_factory=list)

    def chapter(self, title: str) -> None:
        self.say("\n" + style(title, "cyan", bold=True))

    def show(self, command: str, output: str) -> None:
        self.say(style(f"  $ {command}", "white", bold=True))
        for line in output.strip().splitlines():
            self.say(f"    {line}")

    def check(self, promise: str, kept: bool, detail: str = "") -> None:
        self.steps.append(Step(promise, kept))
        mark = style("ok  ", "green") if kept else style("FAIL", "red", bold=True)
        self.say(f"  {mark} {promise}")
        if detail:
            self.say(f"       {detail}")

    @property
    def kept(self) -> bool:
        return all(step.kept for step in self.steps)


def tell(home: DemoHome, story: Story) -> None:
    """Runs every chapter in `home`, which is empty."""
    home.write()
    originals = {path: path.read_bytes() for path in home.configs}
    story.chapter("1. A home with servers that nobody watches")
    story.show("mcpgw list", home.mcpgw("list").stdout)
    story.chapter("2. One command on")
    _run(home, story, "every stdio server is routed", "install", "--yes")
    story.check("both config files were edited", all(path.read_bytes() != originals[path] for path in home.configs))
    story.chapter("3. A client uses its server as before")
    with DemoClient(home.entry(), home.environ) as client:
        _use(client, home, story)
        story.chapter("4. What happened, in one place")
        _run(home, story, "status answers while the session runs", "status")
    _run(home, story, "the journal shows the calls", "audit", "list", "--blocked")
    _run(home, story, "the journal's hash chain is intact", "audit", "verify")
    story.chapter("5. One command off")
    _run(home, story, "uninstall succeeds", "uninstall", "--yes")
    for path, original in originals.items():
        story.check(f"{path.name} is byte for byte what it was", path.read_bytes() == original)


def _run(home: DemoHome, story: Story, promise: str, *arguments: str) -> None:
    done = home.mcpgw(*arguments)
    story.show(" ".join(("mcpgw", *arguments)), done.stdout + (done.stderr if done.returncode else ""))
    story.check(promise, done.returncode == 0, "" if done.returncode == 0 else f"exit code {done.returncode}")


def _use(client: DemoClient, home: DemoHome, story: Story) -> None:
    clean = client.call("echo", {"text": "hello"})
    story.check("a clean call passes", not clean.get("isError") and "hello" in _text(clean), _text(clean))

    key = aws_key_id()
    leak = client.call("echo", {"text": f"deploy with {key}"})
    blocked = bool(leak.get("isError")) and "aws-access-key" in _text(leak)
    story.check("a call that leaks an AWS key is blocked", blocked, _text(leak))
    story.check("the server never saw that key", key not in home.seen.read_text("utf-8"))

    result = client.call("read_key", {})
    found = placeholder_pattern.search(_text(result).encode())
    hidden = found is not None and "BEGIN PRIVATE KEY" not in str(result)
    story.check("a private key in a result is redacted", hidden, _text(result).strip())
    same = result.get("structuredContent") == {"text": _text(result)}
    story.check("its structured copy is redacted alike", same)

    stand_in = found.group().decode() if found else "[mcpgw:private-key:AAAAAAAA]"
    back = client.call("write_file", {"path": "id_ed25519", "content": stand_in})
    story.check("writing the stand-in back over the key is blocked", bool(back.get("isError")), _text(back))

    client.send_raw(BROKEN_FRAME)
    refused = client.receive()
    code = refused.get("error", {}).get("code")
    story.check("a frame that can be read in two ways is refused", refused.get("id") == 99 and code == -31002)
    story.check("and nobody hangs: the next call is answered", "result" in client.ask("ping", {}))


def _text(result: dict[str, object]) -> str:
    content = result.get("content")
    first = content[0] if isinstance(content, list) and content else {}
    return str(first.get("text", "")) if isinstance(first, dict) else ""


@click.command("demo")
@click.option("--keep", is_flag=True, help="Keep the throw-away home and print where it is.")
@json_option
def command(keep: bool, as_json: bool) -> int:
    """The whole story, on to off, in a throw-away home; exit code 1 if any step is not as promised."""
    story = Story(say=(lambda _: None) if as_json else click.echo)
    with ExitStack() as cleanup:
        if keep:
            root = tempfile.mkdtemp(prefix="mcpgw-demo-")
        else:
            root = cleanup.enter_context(tempfile.TemporaryDirectory(prefix="mcpgw-demo-"))
        tell(DemoHome(Path(root).resolve(), private_key()), story)
        payload = {
            "kept": story.kept,
            "home": root if keep else None,
            "steps": [{"promise": step.promise, "kept": step.kept} for step in story.steps],
        }
    done = sum(step.kept for step in story.steps)
    summary = f"\n{done} of {len(story.steps)} promises kept." + (f" The home is {root}" if keep else "")
    emit("mcpgw.demo/1", payload, as_json, lambda: summary)
    return int(ExitCode.DONE if story.kept else ExitCode.NO)
