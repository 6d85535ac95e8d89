"""Managed identities: what the metadata address answers, and the curl files that ask it.

The files go past every proxy, as Microsoft's own examples do, so they run in a network of their own: a Linux network namespace that
holds nothing but this process, with the metadata address on its loopback device and the emulator behind it. It needs no rights where
user namespaces are allowed; elsewhere `sudo` without a password is tried. Inside runs inside_namespace.py.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import requests
from conftest import missing, need, only_in_ci
from emulator import samples
from emulator.harness import ROOT
from emulator.world import ManagedIdentity, World
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


# --- what the address answers ---

TOKEN = (
    "http://169.254.169.254/metadata/identity/oauth2/token?api-version=2018-02-01&resource=https://management.azure.com"
)
METADATA = {"Metadata": "true"}


def identities(world: World, system: bool, *users: str) -> None:
    made = [ManagedIdentity("the machine's", "object of the machine", samples.CUSTOMER_TENANT)] if system else []
    others = [ManagedIdentity(u, f"object of {u}", samples.CUSTOMER_TENANT, system_assigned=False) for u in users]
    world.machine_identities[:] = made + others


@pytest.mark.parametrize(
    ("system", "users", "asked", "answer"),
    [
        (True, [], "", "object of the machine"),
        (True, ["a", "b"], "", "object of the machine"),
        (True, ["a", "b"], "b", "object of b"),
        (False, ["a"], "", "object of a"),  # the trap: nobody named it
        (False, ["a"], "a", "object of a"),
        (False, ["a", "b"], "", "Multiple user assigned identities exist"),
        (False, ["a", "b"], "b", "object of b"),
        (True, ["a"], "c", "Identity not found"),
    ],
)
def test_who_gets_a_token(
    system: bool, users: list[str], asked: str, answer: str, world: World, session: requests.Session
) -> None:
    identities(world, system, *users)
    body = session.get(TOKEN + (f"&client_id={asked}" if asked else ""), headers=METADATA).json()
    found = world.claims(body["access_token"])["oid"] if "access_token" in body else body["error_description"]
    assert found.startswith(answer)


def test_who_gets_none(world: World, session: requests.Session) -> None:
    with pytest.raises(requests.exceptions.ConnectionError):
        session.get(TOKEN, headers=METADATA)  # no identity here: nothing listens
    identities(world, True)
    assert session.get(TOKEN).status_code == 400, "without the Metadata header"
    assert session.get(f"{TOKEN}&msi_res_id=x", headers=METADATA).status_code == 501, "a selector that is not modelled"


# --- the curl files ---


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
