"""PowerShell and the Bicep compiler, which no package registry has: from the PATH, or out of an archive.

    python tests/programs.py    unpack what is not on the PATH and has its archive here; `make test` does

PAL_PWSH_ARCHIVE and PAL_BICEP_ARCHIVE name an archive; without them one in ../shared/tools is taken, if it is there. The archive's
SHA-256 decides before anything is unpacked. Standard library only: this runs before anything is installed.
"""

from __future__ import annotations

import hashlib
import os
import platform
import shutil
import sys
import tarfile
import tempfile
from pathlib import Path

ROOT = Path(__file__).parent.parent
FOLDER = ROOT / ".venv/programs"
HERE = "linux-x64" if (sys.platform, platform.machine()) == ("linux", "x86_64") else sys.platform
# Program -> archive without its endings -> SHA-256. The archive holds one folder, NAME-VERSION, with the program in it.
ARCHIVES = {
    "pwsh": ("pwsh-7.6.9-linux-x64", "5460344bb71090eccd4ae0e0a1fbbf2f46140a765a0a0fe3af891633bf53529a"),
    "bicep": ("bicep-0.49.2-linux-x64", "e08a7ef3ae29815bbb1924c4547afbe46fc6dce98012bb6407a2ed2c610aa145"),
}


class Refused(Exception):
    """An archive that cannot be used; the text says in one line what to do."""


def unpacked(program: str) -> Path:
    """Where the program of ARCHIVES is, or would be, below .venv."""
    name = ARCHIVES[program][0].removesuffix("-linux-x64")
    return FOLDER / name / program


def find(program: str) -> Path | None:
    """The program: the one on the PATH, else the unpacked one, else None."""
    found = shutil.which(program) or shutil.which(unpacked(program))
    return Path(found) if found else None


def lacking(program: str) -> str:
    """What to say where `find` finds nothing."""
    return f"{program} is missing → put it on the PATH, or name its archive in {variable(program)}, then: make test"


def variable(program: str) -> str:
    return f"PAL_{program.upper()}_ARCHIVE"


def archive(program: str) -> Path | None:
    """The archive to unpack: what the variable names (Refused when that is no file), else the default when it is there."""
    if named := os.environ.get(variable(program)):
        if not (file := ROOT / named).is_file():
            raise Refused(f"{variable(program)}={named} is no file → name the archive, or unset the variable")
        return file
    default = ROOT.parent / "shared/tools" / f"{ARCHIVES[program][0]}.tar.xz"
    return default if default.is_file() and HERE in default.name else None


def unpack(program: str, file: Path) -> None:
    """Put the program of an archive below .venv, all of it or nothing. Refused when it is not the archive that is known."""
    name, wanted = ARCHIVES[program]
    with file.open("rb") as opened:
        found = hashlib.file_digest(opened, "sha256").hexdigest()
    if found != wanted:
        raise Refused(
            f"{file.name} is not {name}.tar.xz: its SHA-256 is {found[:12]}…, not {wanted[:12]}… → copy it again"
        )
    FOLDER.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=FOLDER) as aside, tarfile.open(file) as content:
        content.extractall(aside, **({"filter": "data"} if hasattr(tarfile, "data_filter") else {}))  # noqa: S202 - its sum is known
        (made,) = Path(aside).iterdir()
        if not (FOLDER / made.name).exists():
            made.rename(FOLDER / made.name)


def main() -> int:
    for program in ARCHIVES:
        try:
            if not find(program) and (file := archive(program)):
                unpack(program, file)
        except (Refused, OSError) as error:
            print(error, file=sys.stderr)
            return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
