"""Do the tests notice? Put each fault of faults.toml into a copy of the repository and run only the tests that should fail.

    python tests/mutants/run.py [--kind N…] [--jobs N] [--quick]

Prints one line a fault, `caught` or `survived` with the reason, and `N of M caught` last. Exit status 1 when a fault survives that has
no reason in faults.toml. SystemExit when the tests are red without a fault (`--quick` does not look), or when a fault's text does not stand
in its file exactly once.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import tomllib
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from queue import Queue

ROOT = Path(__file__).resolve().parents[2]
FAULTS = tomllib.loads(Path(__file__).with_name("faults.toml").read_text("utf-8"))["fault"]
KINDS = {
    1: "PowerShell is parsed, its logic is not run",
    2: "the shared passage drifts in one copy",
    3: "bystanders",
    4: "values that are sent and that nobody reads",
    5: "waiting that is skipped",
    6: "what the screen shows, and must not show",
    7: "what a file says that it needs",
    8: "promises of a page",
    9: "keys that nobody knows",
    10: "both sides of a comparison edited together",
    11: "rules that only FAQ entries obey",
    12: "an include under the wrong heading or tab",
    13: "a tab label that nobody knows",
    14: "public addresses and anchors",
    15: "the content security policy",
    16: "an injected fault that never fires",
    17: "central helpers made weaker",
}
TESTS_FAILED, NOT_COLLECTED = 1, 2  # pytest's exit statuses; a fault that stops the collection is noticed too
TIMEOUT = 280  # seconds for the tests of one fault


def edits(fault: dict) -> list[dict]:
    """The places that a fault changes: dictionaries with file, find and put."""
    return [fault, *fault.get("also", [])]


def misplaced(fault: dict) -> list[str]:
    """A sentence for each text of a fault that does not stand in its file exactly once."""
    found = []
    for edit in edits(fault):
        file = ROOT / edit["file"]
        count = file.read_text("utf-8").count(edit["find"]) if file.exists() else 0
        if count != 1:
            found.append(
                f"{edit['file']}: {edit['find']!r} stands there {count} times → write find of faults.toml anew"
            )
    return found


def changed(text: str, here: list[dict]) -> str:
    """A file's text with all edits made at once, so that two texts can change places."""
    for start, edit in sorted(((text.index(edit["find"]), edit) for edit in here), key=lambda found: -found[0]):
        text = text[:start] + edit["put"] + text[start + len(edit["find"]) :]
    return text


def copy_of_the_repository(folder: Path) -> Path:
    """The files that git knows or would add, as they are now, with the environments of this one."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        check=True,
    )
    for name in filter(None, listed.stdout.decode().split("\0")):
        if (ROOT / name).is_file():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, folder / name)
    (folder / ".venv").unlink(missing_ok=True)
    (folder / ".venv").symlink_to((ROOT / ".venv").resolve())
    return folder


def pytest(folder: Path, by: list[str], *options: str) -> tuple[int, str]:
    """Exit status and output of pytest in a copy; -1 when it does not end in time."""
    command = [str(folder / ".venv/main/bin/python"), "-m", "pytest", "-q", "-p", "no:cacheprovider", *options, *by]
    environment = {name: value for name, value in os.environ.items() if name not in {"PAL_WARM", "PYTEST_ADDOPTS"}}
    try:
        done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, timeout=TIMEOUT)
    except subprocess.TimeoutExpired:
        return -1, f"not done after {TIMEOUT} seconds"
    return done.returncode, done.stdout + done.stderr


def verdict(fault: dict, folder: Path) -> tuple[bool, str]:
    """Whether the tests noticed, and the line that says so. The copy is as before afterwards."""
    head = f"{fault['kind']:2} {fault['file']}: {' '.join(fault['find'].split())[:60]}"
    before = {edit["file"]: (folder / edit["file"]).read_bytes() for edit in edits(fault)}
    for name, content in before.items():
        (folder / name).write_text(changed(content.decode(), [e for e in edits(fault) if e["file"] == name]), "utf-8")
    try:
        code, said = pytest(folder, fault["by"], "-x")
    finally:
        for name, content in before.items():
            (folder / name).write_bytes(content)
    if code in {TESTS_FAILED, NOT_COLLECTED}:
        return True, f"caught    {head}"
    last = said.strip().splitlines()[-1] if said.strip() else ""
    return False, f"survived  {head} → {fault.get('why') or f'no reason is written; pytest says: {last}'}"


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--kind", type=int, nargs="+", default=list(KINDS))
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--quick", action="store_true", help="do not run the tests without a fault first")
    arguments = parser.parse_args()
    chosen = [fault for fault in FAULTS if fault["kind"] in arguments.kind]
    if wrong := [sentence for fault in FAULTS for sentence in misplaced(fault)]:
        sys.exit("\n".join(wrong))
    with tempfile.TemporaryDirectory(prefix="mutants-") as base:
        copies: Queue[Path] = Queue()
        for number in range(arguments.jobs):
            copies.put(copy_of_the_repository(Path(base, str(number))))

        def in_a_copy(call, *given):
            folder = copies.get()
            try:
                return call(*given, folder)
            finally:
                copies.put(folder)

        def sound(by: tuple[str, ...], folder: Path) -> str:
            code, said = pytest(folder, list(by))
            return "" if code == 0 else f"{' '.join(by)}: not green without a fault ({code})\n{said[-1500:]}"

        with ThreadPoolExecutor(arguments.jobs) as pool:
            groups = set() if arguments.quick else {tuple(fault["by"]) for fault in chosen}
            if red := [told for told in pool.map(lambda by: in_a_copy(sound, by), sorted(groups)) if told]:
                sys.exit("\n".join(red))
            verdicts = []
            for found in pool.map(lambda fault: in_a_copy(verdict, fault), chosen):
                print(found[1], flush=True)
                verdicts.append(found[0])
    print(f"{sum(verdicts)} of {len(verdicts)} caught")
    return int(any(not caught and "why" not in fault for caught, fault in zip(verdicts, chosen, strict=True)))


if __name__ == "__main__":
    sys.exit(main())
