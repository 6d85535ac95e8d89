"""What is installed: every package is locked with hashes, and its licence is one that pyproject.toml allows."""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib

import pytest
from emulator.harness import ROOT

LOCKS = ROOT / "requirements"
GROUPS = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["dependency-groups"]


def locked(group: str) -> dict[str, str]:
    """Of one lock: name, version and marker as one text -> hashes."""
    text = (LOCKS / f"{group}.txt").read_text(encoding="utf-8")
    return dict(re.findall(r"^(\w[^\\\n]*)((?:\\?\n +--hash=.*)*)", text, re.MULTILINE))


def test_every_group_has_its_lock() -> None:
    assert {file.stem for file in LOCKS.iterdir()} == set(GROUPS), (
        "a group without lock, or a lock without group → see LOCKS in Makefile"
    )


@pytest.mark.parametrize("group", GROUPS)
def test_a_lock_holds_versions_and_hashes_and_no_address(group: str) -> None:
    wrong = [e for e, hashes in locked(group).items() if "==" not in e or not re.search(r"sha256:[0-9a-f]{64}", hashes)]
    assert not wrong, f"requirements/{group}.txt: {wrong} without version or hash → run: make lock LOCK="
    text = (LOCKS / f"{group}.txt").read_text(encoding="utf-8")
    assert "//" not in text and "index-url" not in text, (
        f"requirements/{group}.txt names a registry → run: make lock LOCK="
    )


def test_the_exits_are_rehearsed_with_the_versions_of_the_site() -> None:
    main, exits = locked("main"), locked("exits")
    shared = {entry.partition("==")[0] for entry in main}
    other = [entry for entry in exits if entry.partition("==")[0] in shared and entry not in main]
    assert not other, f"requirements/exits.txt: {other} differ from main.txt → run: make lock LOCK="


def licences(*options: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "piplicenses", "--with-system", *options]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True)


def test_licences_are_allowed() -> None:
    checked = licences()
    assert checked.returncode == 0, f"{checked.stderr}→ see [tool.pip-licenses] in pyproject.toml"


def test_a_licence_that_is_not_allowed_stops_the_check() -> None:
    checked = licences("--packages", "certifi", "--allow-only", "MIT")
    assert checked.returncode == 1 and "certifi" in checked.stderr
