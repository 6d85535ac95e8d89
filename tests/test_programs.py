"""Programs out of archives: what is whole and known is unpacked, all of it or nothing; anything else is one clear line."""

from __future__ import annotations

import hashlib
import shutil
import subprocess
import sys
import tarfile
from pathlib import Path

import programs
import pytest
from conftest import missing


@pytest.fixture(name="packed")
def _packed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An archive of a small program, known by its sum; nothing on the PATH, nothing unpacked, no archive elsewhere."""
    (tmp_path / "pwsh-7").mkdir()
    (tmp_path / "pwsh-7/pwsh").write_text("#!/bin/sh\necho here\n")
    (tmp_path / "pwsh-7/pwsh").chmod(0o755)
    archive = tmp_path / "pwsh-7-linux-x64.tar.xz"
    with tarfile.open(archive, "w:xz") as content:
        content.add(tmp_path / "pwsh-7", "pwsh-7")
    known = hashlib.sha256(archive.read_bytes()).hexdigest()
    monkeypatch.setattr(programs, "ARCHIVES", {"pwsh": ("pwsh-7-linux-x64", known)})
    monkeypatch.setattr(programs, "ROOT", tmp_path)
    monkeypatch.setattr(programs, "FOLDER", tmp_path / "programs")
    monkeypatch.setattr(programs, "HERE", "linux-x64")
    monkeypatch.setenv("PATH", str(tmp_path / "empty"))
    monkeypatch.setenv("PAL_PWSH_ARCHIVE", str(archive))
    return archive


def test_an_archive_is_unpacked_once(packed: Path) -> None:
    assert programs.find("pwsh") is None
    assert programs.main() == 0
    assert subprocess.check_output([programs.find("pwsh")], text=True) == "here\n"
    packed.write_bytes(b"")  # not looked at again
    assert programs.main() == 0
    assert [each.name for each in programs.FOLDER.iterdir()] == ["pwsh-7"]


def test_the_default_is_taken_where_it_is(packed: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("PAL_PWSH_ARCHIVE")
    (checkout := packed.parent / "checkout").mkdir()
    monkeypatch.setattr(programs, "ROOT", checkout)
    assert programs.main() == 0 and programs.find("pwsh") is None
    (packed.parent / "shared/tools").mkdir(parents=True)
    shutil.copy(packed, packed.parent / "shared/tools")
    assert programs.main() == 0 and programs.find("pwsh")


@pytest.mark.parametrize(
    ("harm", "said"),
    [
        ("cut short", "is not pwsh-7-linux-x64.tar.xz: its SHA-256 is"),
        ("another", "its SHA-256 is"),
        ("gone", "is no file"),
    ],
)
def test_anything_else_is_one_line_and_leaves_nothing(
    harm: str, said: str, packed: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    if harm == "gone":
        packed.unlink()
    else:
        packed.write_bytes(packed.read_bytes()[:-9] if harm == "cut short" else b"another program's archive")
    assert programs.main() == 1
    (line,) = capsys.readouterr().err.splitlines()
    assert said in line and " → " in line
    assert not programs.FOLDER.exists()


def test_a_program_on_the_path_goes_first(packed: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert programs.main() == 0
    monkeypatch.setenv("PATH", str(packed.parent / "pwsh-7"))
    assert programs.find("pwsh") == packed.parent / "pwsh-7/pwsh"


@pytest.mark.parametrize("program", ["pwsh", "bicep"])
def test_what_the_tests_start_is_here(program: str) -> None:
    """The one skip on a machine without it, and a failure in CI."""
    if sys.platform == "linux" and not programs.find(program):
        missing(programs.lacking(program))
