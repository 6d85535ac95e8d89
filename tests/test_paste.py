"""Each block of PowerShell that signs in, pasted into a live PowerShell in a terminal: it runs once, the shell stays and is as it was.

The same shell takes the block twice: first the sign-in succeeds, then it is refused, where an older sign-in is still there to be used.
"""

from __future__ import annotations

import contextlib
import json
import os
import shlex
import signal
import subprocess
import threading
import time
from pathlib import Path

import pytest
import wire
from conftest import missing, need
from emulator import samples
from emulator.harness import POWERSHELL, Reader, painted
from emulator.world import STRANGER_TENANT, World
from programs import find, lacking
from scenarios import AFTER, PAGES, SNIPPETS, STARTS, links_at_the_end, prepare, wire_file

PATIENCE = 60  # seconds for one paste; then everything that runs in the terminal is ended
REFUSED = ("AADSTS50020", "AADSTS700016", "Multiple attempts failed to obtain a token", "Identity not found")
# What a reader may have set. A device code turns EnableLoginByWam off for the user, by the module's own doing: docs/pal/users.md says so.
BEFORE = """
$ErrorActionPreference = "Continue"
$partnerId, $you, $asks, $secret, $link = "the reader's own"
Update-AzConfig -DisplaySurveyMessage $false -Scope Process | Out-Null
function global:prompt { "PS> " }
function global:Save-State($to) {
    $itself = "$", "?", "^", "Error", "MyInvocation", "StackTrace", "LASTEXITCODE", "Matches"
    $own = Get-Variable -Scope Global | Where-Object Name -NotIn $itself
    $state = [ordered] @{
        variables = @($own | Sort-Object Name | ForEach-Object { "$($_.Name) = $($_.Value)" })
        settings = @(Get-AzConfig | Where-Object Key -NE "EnableLoginByWam" | Sort-Object Key |
            ForEach-Object { "$($_.Key) = $($_.Value), $($_.Scope)" })
    }
    ConvertTo-Json $state | Set-Content $to
    & tmux -S $env:TERMINAL wait-for -S (Split-Path $to -Leaf)
}
"""


class Terminal:
    """A live PowerShell with PSReadLine in tmux, in the reader's working directory."""

    def __init__(self, reader: Reader, pwsh: Path) -> None:
        self.reader, self.socket = reader, f"/tmp/pal-{os.getpid()}-{id(reader):x}"  # noqa: S108 - a socket's name has to be short
        start = reader.home / "start.ps1"
        start.write_text(BEFORE, encoding="utf-8")
        command = shlex.join([str(pwsh), "-NoLogo", "-NoProfile", "-NoExit", "-File", str(start)])
        env = reader.env | POWERSHELL | {"TERMINAL": self.socket, "TERM": "xterm-256color"}
        self.tmux("-f", "/dev/null", "new-session", "-d", "-x", "200", "-y", "400", command, env=env)

    def tmux(self, *arguments: str, env: dict[str, str] | None = None, stdin: str | None = None) -> str:
        command = ["tmux", "-S", self.socket, *arguments]
        env = env or self.reader.env
        done = subprocess.run(command, env=env, cwd=self.reader.work, input=stdin, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def prompt(self) -> None:
        """Wait until the shell has shown its prompt, seen twice: PSReadLine reads what is pasted only then as a terminal's paste."""
        seen, end = 0, time.monotonic() + PATIENCE
        while seen < 2:
            lines = self.tmux("capture-pane", "-p").rstrip().splitlines()
            seen = seen + 1 if lines and lines[-1].strip() == "PS>" else 0
            if time.monotonic() > end:
                pytest.fail(f"no prompt comes:\n{self.screen()}")
            threading.Event().wait(0.1)

    def paste(self, text: str) -> None:
        self.prompt()
        self.tmux("load-buffer", "-", stdin=text.rstrip("\n") + "\n")
        self.tmux("paste-buffer", "-d")

    def state(self, name: str) -> dict:
        """The shell's variables and settings, and what is saved of sign-ins, once all that was pasted is done."""
        file = self.reader.home / name
        self.paste(f"Save-State {file}")
        self.wait_for(file)
        saved = {
            f.name: f.read_text("utf-8") for f in sorted((self.reader.home / ".Azure").glob("AzureRmContext*.json"))
        }
        return json.loads(file.read_text("utf-8")) | {"saved": saved}

    def wait_for(self, file: Path) -> None:
        """Wait for what was pasted last. The line feed of what is pasted while PowerShell works is lost: Enter is pressed again.

        A signal that comes while a wait is given up is lost too; the whole file is there then.
        """
        for _ in range(PATIENCE // 3):
            try:
                subprocess.run(["tmux", "-S", self.socket, "wait-for", file.name], check=True, timeout=3)
            except subprocess.TimeoutExpired:
                if file.exists() and file.read_text("utf-8").endswith("}\n"):
                    return
                self.tmux("send-keys", "Enter")
            except subprocess.CalledProcessError:
                pytest.fail("the shell was closed")
            else:
                return
        pytest.fail(f"the shell waits for something:\n{self.screen()}")

    def screen(self) -> str:
        """All that the terminal shows, as one line: PowerShell wraps its messages."""
        return " ".join(self.tmux("capture-pane", "-p", "-S", "-").replace("     | ", " ").split())

    def close(self) -> None:
        """End the terminal and whatever was started in it."""
        pane = subprocess.run(
            ["tmux", "-S", self.socket, "display", "-p", "#{pane_pid}"], capture_output=True, text=True, check=False
        ).stdout
        subprocess.run(["tmux", "-S", self.socket, "kill-server"], capture_output=True, check=False)
        if pane.strip():
            with contextlib.suppress(ProcessLookupError):
                os.killpg(int(pane), signal.SIGKILL)
        Path(self.socket).unlink(missing_ok=True)


@pytest.fixture(name="terminal")
def _terminal(reader: Reader):
    need("tmux")
    if not (pwsh := find("pwsh")):
        missing(lacking("pwsh"))
    terminals: list[Terminal] = []

    def start() -> Terminal:
        terminals.append(Terminal(reader, pwsh))
        return terminals[-1]

    yield start
    for terminal in terminals:
        terminal.close()


def pasted() -> list:
    """The blocks that sign in and have a wire file, each with the first start of it."""
    return [
        pytest.param(file, next(iter(wire.read(wire_file(file)))), id=f"{file.parent.name}/{file.name}")
        for file in sorted(SNIPPETS.glob("*/*.ps1"))
        if "Connect-AzAccount" in file.read_text("utf-8") and wire_file(file).exists()
    ]


@pytest.mark.parametrize(("snippet", "start"), pasted())
def test_pasted_block_leaves_the_shell_as_it_was(
    snippet: Path, start: str, reader: Reader, world: World, terminal
) -> None:
    page, task = snippet.parent.name, wire_file(snippet).stem
    prepare(reader, world, snippet)
    STARTS[start](world, PAGES[page].who)
    for each in reader.files:
        (reader.work / each.name).write_bytes(each.read_bytes())
    shell = terminal()
    before = shell.state("before")
    first = len(reader.proxy.exchanges)
    shell.paste(painted(snippet, {}))
    assert shell.state("after") == before
    assert world.active_links() == links_at_the_end(page, task), shell.screen()
    AFTER.get(f"{page}/{task}", lambda _: None)(world)
    sent = wire.seen(reader.proxy.exchanges[first:])
    wanted = wire.read(wire_file(snippet))[start]
    assert [t.compared for t in sent] == [t.compared for t in wanted], "it did not run once"

    world.machine_identities.clear()
    first, linked = len(reader.proxy.exchanges), world.active_links()
    tenants = dict.fromkeys((samples.CUSTOMER_TENANT, samples.HOME_TENANT), STRANGER_TENANT)
    shell.paste(painted(snippet, tenants))
    assert shell.state("refused") == before
    screen = shell.screen()
    assert any(text in screen for text in REFUSED), f"the reason is not told: {screen}"
    assert world.active_links() == linked
    assert wire.seen(reader.proxy.exchanges[first:]) == [], "something acted with the older sign-in"
    told = {value for name, value in reader.extra.items() if name.endswith(("SECRET", "PASSWORD"))}
    shown = [secret for secret in told | {"eyJ"} if secret in screen]
    assert not shown, "a secret is on the screen"
