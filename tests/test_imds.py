"""The curl files for managed identities go past every proxy, as Microsoft's own examples do. So they run in a network of their own.

A Linux network namespace holds nothing but this process, with the metadata address on its loopback device and the emulator behind it.
It needs no rights where user namespaces are allowed; elsewhere `sudo` without a password is tried. Inside runs inside_namespace.py.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from conftest import missing, need, only_in_ci
from emulator.harness import ROOT
from grades import RUN, record
from scenarios import WITHOUT_PROXY

ENTER = (["unshare", "--map-root-user", "--net"], ["sudo", "--non-interactive", "unshare", "--net"])
SETUP = 'ip link set lo up && ip address add 169.254.169.254/32 dev lo && exec "$@"'


def enter() -> list[str]:
    """The command that makes a network namespace here, or stop."""
    for tool in ("unshare", "ip", "curl", "jq"):
        need(tool)
    for command in ENTER:
        if shutil.which(command[0]) and subprocess.run([*command, "true"], capture_output=True).returncode == 0:
            return command
    return missing("no network namespace can be made here → allow user namespaces, or sudo without a password")


@only_in_ci
@pytest.mark.skipif(sys.platform != "linux", reason="network namespaces exist on Linux only")
def test_curl_files_in_a_network_of_their_own(tmp_path: Path, request: pytest.FixtureRequest) -> None:
    for name in WITHOUT_PROXY:
        for failure in (False, True):
            record(request, ROOT / "snippets/sp" / name, RUN, "curl", failure=failure)
    inside = Path(__file__).with_name("inside_namespace.py")
    options = ["-q", "-p", "no:cacheprovider", "-p", "no:xdist", "--basetemp", str(tmp_path / "inside")]
    # Warm servers of its own: one that is started in there reaches nothing outside.
    inherited = ["env", "--unset=PAL_WARM", *(f"{name}={os.environ.get(name, '')}" for name in ("PATH", "CI"))]
    run = [*inherited, sys.executable, "-B", "-m", "pytest", str(inside), *options]
    done = subprocess.run([*enter(), "sh", "-c", SETUP, "sh", *run], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
