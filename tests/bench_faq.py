"""What FAQ growth costs: build time of 1,000 entries against 100, the bytes they add to other pages, and what `make faq` takes.

`make bench` prints it. Times are ratios within one run, so a slow machine changes little; the bounds are twelve times, and 1.5 times the
CPU time that the checker took at BEFORE, when it had a Markdown parser of its own.
"""

from __future__ import annotations

import resource
import subprocess
import sys
import tarfile
import tempfile
import time
from pathlib import Path

from browsing import environment
from emulator.harness import ROOT, VENV
from exits import copy_sources

BEFORE = "69907e9"

ENTRY = """---
title: Is question {n} of the benchmark answered?
description: Yes, by entry {n} of {of}, which exists only while the benchmark runs.
tags:
  - Reporting
confidence: practice
checked: 2026-01-01
sources:
  "Nothing": https://learn.microsoft.com/
---

Yes, by entry {n}.

{words}
"""


def build(entries: int, folder: Path) -> tuple[float, int]:
    """Seconds to build the site with that many made-up entries added, and the bytes of its users page."""
    copy_sources(folder)
    for n in range(entries):
        words = " ".join(f"word{(n * 37 + i * 11) % 4000}" for i in range(80))
        file = folder / f"docs/pal/faq/is-question-{n}-of-the-benchmark-answered.md"
        file.write_text(ENTRY.format(n=n, of=entries, words=words), encoding="utf-8")
    start = time.perf_counter()
    command = [sys.executable, "-m", "mkdocs", "build"]
    subprocess.run(command, cwd=folder, env=environment(), check=True, capture_output=True)
    return time.perf_counter() - start, (folder / "site/pal/users/index.html").stat().st_size


def checker(root: Path) -> float:
    """Seconds of CPU that checking all entries takes below `root`."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run([sys.executable, root / "tests/faq.py"], cwd=root, check=True, capture_output=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def against_before(folder: Path) -> float | None:
    """What checking today's entries takes, in times of what the checker of BEFORE takes for them: the least of five in turn."""
    archive = folder / "before.tar"
    if subprocess.run(
        ["git", "archive", "-o", archive, BEFORE, "tests", "mkdocs.yml"], cwd=ROOT, capture_output=True
    ).returncode:
        return None
    with tarfile.open(archive) as tar:
        tar.extractall(folder, filter="data")
    (folder / ".venv").symlink_to(VENV)
    for name in ("docs", "snippets"):
        (folder / name).symlink_to(ROOT / name)
    pairs = [(checker(ROOT), checker(folder)) for _ in range(5)]
    now, then = map(min, zip(*pairs, strict=True))
    return now / then


def main() -> int:
    with tempfile.TemporaryDirectory() as folder:
        times = against_before(Path(folder))
    print(
        f"`make faq`: {times or 0:.2f} times the CPU of {BEFORE} (at most 1.5)"
        if times
        else f"`make faq`: {BEFORE} is not in this clone"
    )
    with tempfile.TemporaryDirectory() as folder:
        results = {n: build(n, Path(folder) / str(n)) for n in (100, 1000)}
    ratio = results[1000][0] / results[100][0]
    grown = results[1000][1] - results[100][1]
    print(f"FAQ growth: 1,000 entries take {ratio:.1f} times as long to build as 100 (at most 12)")
    print(f"            and add {grown} bytes to another page (0)")
    return 0 if ratio <= 12 and grown == 0 and (times or 0) <= 1.5 else 1


if __name__ == "__main__":
    sys.exit(main())
