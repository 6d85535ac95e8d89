"""What is installed: every package is locked with hashes, and its licence is one that pyproject.toml allows."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import tomllib

import pytest
from conftest import need
from emulator.harness import ROOT, VENV
from packaging.requirements import Requirement

LOCKS = ROOT / "requirements"
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
GROUPS = PROJECT["dependency-groups"]
IGNORED = PROJECT["tool"]["pip-licenses"]["ignore-packages"]


def locked(group: str) -> dict[str, str]:
    """Of one lock: name, version and marker as one text -> hashes, and who asked for it."""
    text = (LOCKS / f"{group}.txt").read_text(encoding="utf-8")
    return dict(re.findall(r"^(\w[^\\\n]*)((?:\\?\n +(?:--hash=|#).*)*)", text, re.MULTILINE))


def test_every_group_has_its_lock() -> None:
    assert {file.stem for file in LOCKS.glob("*.txt")} == set(GROUPS), (
        "a group without lock, or a lock without group → see LOCKS in Makefile"
    )


@pytest.mark.parametrize("group", GROUPS)
def test_a_lock_is_that_of_its_group(group: str) -> None:
    """What pyproject.toml asks for is there, in a version that it allows; and nothing says that it asks for more."""
    origin = f"pal-guide (pyproject.toml:{group})"
    asked = {spelled(each.name): each.specifier for each in map(Requirement, GROUPS[group])}
    found = [entry.split()[0].split("==") for entry, told in locked(group).items() if origin in told]
    direct = {spelled(name): version for name, version in found}
    unlike = asked.keys() ^ direct.keys()
    unlike |= {name for name in asked.keys() & direct.keys() if direct[name] not in asked[name]}
    assert not unlike, f"requirements/{group}.txt: {sorted(unlike)} differ from pyproject.toml → run: make lock LOCK="


@pytest.mark.parametrize("group", GROUPS)
def test_a_lock_holds_versions_and_hashes_and_no_address(group: str) -> None:
    wrong = [e for e, hashes in locked(group).items() if "==" not in e or not re.search(r"sha256:[0-9a-f]{64}", hashes)]
    assert not wrong, f"requirements/{group}.txt: {wrong} without version or hash → run: make lock LOCK="
    text = (LOCKS / f"{group}.txt").read_text(encoding="utf-8")
    assert "//" not in text and "index-url" not in text, (
        f"requirements/{group}.txt names a registry → run: make lock LOCK="
    )


def test_the_npm_lock_holds_versions_and_hashes_and_no_registry() -> None:
    for name, package in npm_packages().items():
        assert package.get("version") and re.match("sha512-", package.get("integrity", "")), (
            f"{name} without version or hash"
        )
        assert "resolved" not in package, (
            f"{name} names a registry → see omit-lockfile-registry-resolved in requirements/npm/.npmrc"
        )


def test_licences_of_npm_are_allowed() -> None:
    """Those that the lock tells, held to the same list as Python's."""
    allowed = {each.strip() for each in PROJECT["tool"]["pip-licenses"]["allow-only"].split(";")}
    wrong = {name: each.get("license") for name, each in npm_packages().items() if each.get("license") not in allowed}
    assert not wrong, f"{wrong} → read it: allow it in [tool.pip-licenses] of pyproject.toml, or take another package"


def npm_packages() -> dict[str, dict]:
    """What requirements/npm installs: path below node_modules -> entry of the lock."""
    packages = json.loads((LOCKS / "npm/package-lock.json").read_text(encoding="utf-8"))["packages"]
    return {name.removeprefix("node_modules/"): each for name, each in packages.items() if name}


def test_the_exits_are_rehearsed_with_the_versions_of_the_site() -> None:
    main, exits = locked("main"), locked("exits")
    shared = {entry.partition("==")[0] for entry in main}
    other = [entry for entry in exits if entry.partition("==")[0] in shared and entry not in main]
    assert not other, f"requirements/exits.txt: {other} differ from main.txt → run: make lock LOCK="


def licences(group: str, *options: str) -> subprocess.CompletedProcess[str]:
    """What pip-licenses says of an environment. Microsoft's extension lies beside the Azure CLI that loads it."""
    extension = VENV / "az-genuine/extensions/managementpartner"
    command, env = [sys.executable, "-m", "piplicenses", "--with-system", *options], dict(os.environ)
    if group == "az-genuine-extension":
        need(extension)
        env["PYTHONPATH"] = str(extension)
    else:
        need(python := VENV / group / "bin/python")
        command.append(f"--python={python}")
    return subprocess.run(command, cwd=ROOT, env=env, capture_output=True, text=True)


@pytest.mark.parametrize("group", ["main", "uv", "az-genuine-extension"])
def test_licences_are_allowed(group: str) -> None:
    """Of all that a lock installs: for the site, and for what pip-licenses alone would overlook. `make care` takes every environment."""
    checked = licences(group)
    assert checked.returncode == 0, f"{checked.stderr}→ see [tool.pip-licenses] in pyproject.toml"
    listed = {spelled(line.split()[0]) for line in checked.stdout.splitlines() if line.strip()}
    without_marker = {spelled(entry.partition("==")[0]) for entry in locked(group) if ";" not in entry}
    assert without_marker <= listed | {spelled(name) for name in IGNORED}


def spelled(name: str) -> str:
    """A package's name as indexes compare it (PEP 503)."""
    return re.sub(r"[-_.]+", "-", name).lower()


def test_a_licence_that_is_not_allowed_stops_the_check() -> None:
    checked = licences("main", "--packages", "certifi", "--allow-only", "MIT")
    assert checked.returncode == 1 and "certifi" in checked.stderr
