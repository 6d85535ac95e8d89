"""The check of offers as one file: made of the sources here, run by a bare Python, with the sum that its page names."""

from __future__ import annotations

import ast
import hashlib
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from offer_pyz import FILE, MODULES, PAGE, SOURCES, SUM, TESTS, packed
from offer_report import ACCEPT, REFUSE, SAY, report
from test_offers import BROKEN, LIGHTHOUSE


def run(folder: Path, *arguments: Path) -> subprocess.CompletedProcess:
    """A copy of the file in a folder of its own, by a Python that sees nothing else."""
    shutil.copy(FILE, folder)
    command = [sys.executable, "-I", "-S", folder / FILE.name, *arguments]
    return subprocess.run(command, capture_output=True, encoding="utf-8", check=False, cwd=folder)


def test_file_is_made_of_the_sources_here():
    assert FILE.read_bytes() == packed(), "run: make pyz"


def test_page_names_its_sum():
    assert SUM.findall(PAGE.read_text("utf-8")) == [hashlib.sha256(FILE.read_bytes()).hexdigest()], "run: make pyz"


def test_nothing_but_the_standard_library_is_imported():
    for source in (TESTS / name for name in SOURCES.values() if name.endswith(".py")):
        for node in ast.walk(ast.parse(source.read_text("utf-8"))):
            names = [each.name for each in node.names] if isinstance(node, ast.Import) else []
            names += [node.module] if isinstance(node, ast.ImportFrom) else []
            assert {name.partition(".")[0] for name in names} <= {*sys.stdlib_module_names, *MODULES}, source.name


@pytest.mark.parametrize(
    ("path", "verdict"),
    [(LIGHTHOUSE / "pim.json", ACCEPT), (BROKEN / "owner.json", REFUSE), (BROKEN / "no-assignment.json", SAY)],
    ids=["accept", "refuse", "say"],
)
def test_it_says_what_the_check_here_says(path, verdict, tmp_path):
    done = run(tmp_path, path)
    assert (done.stdout.splitlines(), done.returncode) == report(path)
    assert done.returncode == verdict
    assert not done.stderr


def test_without_a_file_it_says_how_to_use_it(tmp_path):
    done = run(tmp_path)
    assert done.returncode == REFUSE
    assert "python check-offer.pyz FILE [PARAMETERS]" in done.stdout
