"""Run one published file the way a reader would, and report what it printed and what it sent.

A `Reader` is a person at a clean machine: empty home, private tool profiles, nothing of the outer environment but what an
operating system needs. The emulator reaches it only through the proxy and CA variables that every client honours.
"""

from __future__ import annotations

import functools
import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
from dataclasses import dataclass, field
from pathlib import Path

from filelock import FileLock
from powershell import standins
from programs import find

from . import warm
from .transport import Exchange, Proxy

ROOT = Path(__file__).parent.parent.parent
VENV = warm.VENV
STAND_IN = ROOT / "tests/standin"
TIMEOUT = 60  # seconds
FIRST_START = 300  # seconds: a client that was just installed compiles all of its modules first
# What PowerShell is told: no telemetry, no look for a newer version, no sockets in /tmp, no colours; its HOME is the reader's.
# Azure PowerShell opens a browser only where there is a desktop, reads the cloud's description, which is built in too, and looks for a
# newer version of itself in the gallery (Azure/azure-powershell-common and src/Accounts).
POWERSHELL = {
    "POWERSHELL_TELEMETRY_OPTOUT": "1",
    "POWERSHELL_UPDATECHECK": "Off",
    "DOTNET_EnableDiagnostics": "0",
    "NO_COLOR": "1",
    "DISPLAY": ":0",
    "ARM_CLOUD_METADATA_URL": "DISABLED",
    "AZUREPS_CHECK_FOR_UPGRADE": "false",
    "Azure_PS_Data_Collection": "false",
}

# Hosts that clients try on their own account and do well without; every other refused host fails the test.
HARMLESS_REFUSALS = {
    "azcliprod.blob.core.windows.net": "Azure CLI asks for its newest version on first use of a profile",
    "raw.githubusercontent.com": "the same by Azure CLI 2.60.0",
    "api.nektosact.com": "act asks for its newest version",
    "dc.services.visualstudio.com": "telemetry of Azure PowerShell, sent even when refused",
}


@dataclass
class Result:
    """What one run left behind: `code` is the exit status, `exchanges` everything that went through the emulator."""

    code: int
    stdout: str
    stderr: str
    exchanges: list[Exchange]

    @property
    def output(self) -> str:
        """All of it, with the lines that PowerShell's error view wraps at the console's width in one piece, also in a job's log."""
        return re.sub(r"\n(\[[^]\n]+\] +\| |[\w-]+ > )? +\| ", " ", self.stdout + self.stderr)


@dataclass
class Reader:
    """A reader's machine with `home` as its home. `az` names the Azure CLI environment below .venv to use.

    `profile` is an Azure CLI profile to start from; the default has only the command indexes that the CLI builds on first use.
    """

    proxy: Proxy
    home: Path
    az: str = "az"
    extensions: Path = STAND_IN
    extra: dict[str, str] = field(default_factory=dict)
    profile: Path | None = None
    files: list[Path] = field(default_factory=list)  # what the reader has put beside the block
    ran: list[tuple[Path, int]] = field(default_factory=list)  # published files that were run, with their exit status

    def __post_init__(self) -> None:
        self.work = self.home / "work"
        self.bin = self.home / "bin"
        self.work.mkdir(parents=True)
        self.bin.mkdir()
        browser = shlex.join([*warm.python("main"), str(Path(__file__).parent / "browser.py")])
        self.browser = f"{browser} %s &"
        self.install()
        if self.profile:
            shutil.copytree(self.profile, self.home / ".azure")
        for name in ("xdg-open", "microsoft-edge"):  # MSAL for .NET may look for the second one first
            (self.bin / name).write_text(f'#!/bin/sh\nexec {browser} "$1"\n')
            (self.bin / name).chmod(0o755)

    @property
    def env(self) -> dict[str, str]:
        """The whole environment of a run: nothing else is inherited."""
        ca = str(self.proxy.ca_file)
        env = {k: os.environ[k] for k in ("LANG", "SYSTEMROOT", "TEMP", "COMSPEC", "PATHEXT") if k in os.environ}
        env["PSModulePath"] = os.pathsep.join(map(str, [az_modules(), *standins.real_places()]))
        env.setdefault("LANG", "C.UTF-8")
        env |= {
            "PATH": os.pathsep.join([str(self.bin), str(Path(sys.executable).parent), os.environ["PATH"]]),
            "HOME": str(self.home),
            "USERPROFILE": str(self.home),
            "HTTP_PROXY": self.proxy.url,
            "HTTPS_PROXY": self.proxy.url,
            "http_proxy": self.proxy.url,
            "https_proxy": self.proxy.url,
            "NO_PROXY": "localhost,127.0.0.1",
            "no_proxy": "localhost,127.0.0.1",
            "REQUESTS_CA_BUNDLE": ca,
            "SSL_CERT_FILE": ca,
            "CURL_CA_BUNDLE": ca,
            "NODE_EXTRA_CA_CERTS": ca,
            "BROWSER": self.browser,
            "AZURE_CONFIG_DIR": str(self.home / ".azure"),
            "AZURE_EXTENSION_DIR": str(self.extensions),
            "AZURE_CORE_COLLECT_TELEMETRY": "no",
            "PYTHONUTF8": "1",
        }
        return env | self.extra

    def install(self) -> None:
        """Put `az`, `python` and `pwsh` into the PATH: what the packages' own scripts start, in an interpreter that may be warm."""
        programs = {
            "python": f'case $1 in -m|-|*.py) exec {shlex.join(warm.python("main"))} "$@";; esac\nexec "{sys.executable}"'
        }
        if (VENV / self.az / "bin/az").exists():
            programs["az"] = f"export AZ_INSTALLER=PIP\nexec {shlex.join(warm.python(self.az))} -m azure.cli"
        if pwsh := find("pwsh"):
            told = " ".join(f"{name}={value}" for name, value in POWERSHELL.items())
            programs["pwsh"] = f"export {told}\nexec {shlex.quote(str(pwsh))}"
        for name, line in programs.items():
            (self.bin / name).write_text(f'#!/bin/sh\n{line} "$@"\n')
            (self.bin / name).chmod(0o755)

    def build_indexes(self, target: Path) -> None:
        """Let Azure CLI build its command indexes and keep only those, for other readers' `profile`."""
        self.command("az", "account", "list", timeout=FIRST_START)
        target.mkdir()
        for name in ("commandIndex", "helpIndex", "extensionIndex", "extensionHelpIndex", "versionCheck"):
            if (file := self.home / ".azure" / f"{name}.json").exists():
                shutil.copy(file, target)

    def command(self, *argv: str, stdin: str = "", timeout: int = TIMEOUT, **extra: str) -> Result:
        """Run a program in the reader's working directory, with `extra` variables; fails the test after `timeout` seconds.

        Where the sign-in page shows an error and nothing comes back to the program, the reader closes it and presses Ctrl+C.
        """
        before = len(self.proxy.exchanges)
        pipe = subprocess.PIPE
        with subprocess.Popen(
            argv, cwd=self.work, env=self.env | extra, stdin=pipe, stdout=pipe, stderr=pipe, text=True
        ) as started:
            pressed = []
            self.proxy.on_stranded = lambda: pressed.append(started.send_signal(signal.SIGINT))
            try:
                stdout, stderr = started.communicate(stdin, timeout)
            except BaseException:
                started.kill()
                raise
            finally:
                self.proxy.on_stranded = None
        self.proxy.settle()
        code = 130 if pressed else started.returncode  # `pwsh -File` ends with 0 when it is interrupted
        return Result(code, stdout, stderr, self.proxy.exchanges[before:])

    def run(self, snippet: Path, values: dict[str, str] | None = None) -> Result:
        """Run a published file, saved to an empty directory. `values` puts the reader's own over sample values.

        Nobody answers a question: a block that asks one fails.
        """
        shutil.rmtree(self.work)
        self.work.mkdir()
        for each in self.files:
            shutil.copy(each, self.work)
        file = self.work / snippet.name
        text = painted(snippet, values or {})
        file.write_bytes(text.encode())
        first = snippet.suffix == ".ps1" and not (az_modules() / "Az.Accounts").exists()  # of the published module
        before = self.saved_sign_in()
        result = self.command(*interpreter(snippet.suffix), file.name, timeout=FIRST_START if first else TIMEOUT)
        assert self.saved_sign_in() == before, f"{snippet.name} writes the sign-in to the reader's profile"
        if snippet.suffix == ".ps1" and (secret := self.extra.get("AZURE_CLIENT_SECRET")):
            assert secret not in result.output, f"{snippet.name} shows the secret"
        self.ran += [(each, result.code) for each in (snippet, *self.files) if each == snippet or each.name in text]
        return result

    def saved_sign_in(self) -> bytes | None:
        """What the next PowerShell would start from: the contexts of Azure PowerShell, if some are saved."""
        file = self.home / ".Azure/AzureRmContext.json"
        return file.read_bytes() if file.exists() else None

    def paste(self, text: str) -> Result:
        """Paste `text` into a live interactive bash, as a terminal does, then ask whether that shell still lives.

        The subscription list that `az login` shows on a terminal is answered with Enter. `code` is the block's status;
        a shell that was closed by the block gives -1.
        """
        import pty  # not on Windows

        before = len(self.proxy.exchanges)
        controller, terminal = pty.openpty()
        shell = subprocess.Popen(
            ["bash", "--norc", "--noprofile", "-i"],
            cwd=self.work,
            env=self.env | {"PS1": "", "PS2": "", "TERM": "dumb"},
            stdin=terminal,
            stdout=terminal,
            stderr=terminal,
            start_new_session=True,
        )
        os.close(terminal)
        (timer := threading.Timer(TIMEOUT, shell.kill)).start()
        os.write(controller, text.rstrip("\n").encode() + b"\n" + b'echo "alive:$?:"\n')
        seen = ""
        try:
            while not (alive := re.search(r"\nalive:(\d+):", seen.replace("\r", ""))):
                chunk = os.read(controller, 65536).decode(errors="replace")
                seen += chunk
                if "Select a subscription and tenant" in chunk:
                    os.write(controller, b'\necho "alive:$?:"\n')
        except OSError:  # the terminal was hung up: the shell is gone
            alive = None
        finally:
            timer.cancel()
            shell.kill()
            shell.wait()
            os.close(controller)
        return Result(int(alive[1]) if alive else -1, seen, "", self.proxy.exchanges[before:])

    def check(self) -> None:
        """Fail for anything the emulator itself got wrong or should have served."""
        assert not self.proxy.errors, f"the emulator failed: {self.proxy.errors!r}"
        unknown = [h for h in self.proxy.refused if h not in HARMLESS_REFUSALS]
        assert not unknown, f"requests to hosts outside the emulator: {unknown}"
        missing = [e.response.body for e in self.proxy.exchanges if e.response and e.response.status == 501]
        assert not missing, f"routes the emulator lacks: {missing}"
        unmet = [fault for fault in self.proxy.faults if not fault.met]
        assert not unmet, f"faults that no request met, so that the test shows nothing: {unmet}"


def painted(snippet: Path, values: dict[str, str]) -> str:
    """The file's text with each whole sample value replaced, as the page does it; unchanged without `values`."""
    text = snippet.read_bytes().decode()
    for sample, own in values.items():
        text = re.sub(rf"(?<![0-9A-Za-z]){re.escape(sample)}(?![0-9A-Za-z])", own, text)
    return text


def interpreter(suffix: str) -> list[str]:
    """How a reader runs a file of that kind."""
    return {
        ".py": warm.python("main"),
        ".sh": ["bash"],
        ".ps1": ["pwsh", "-NoProfile", "-File"],
    }[suffix]


@functools.cache
def az_modules() -> Path:
    """The folder with stand-ins of the Az modules that are not in PSModulePath, made once a run for all workers."""
    folder = (warm.run_folder() if warm.CAN_FORK else Path(tempfile.mkdtemp())) / "az-modules"
    with FileLock(f"{folder}.lock"):
        if not folder.exists():
            standins.write(folder)
    return folder
