"""What FAQ growth costs: build time of 1,000 entries against 100, and the bytes they add to other pages.

`make bench` prints it. Times are ratios within one run, so a slow machine changes little; the bound is twelve times.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from pathlib import Path

from browsing import environment
from exits import copy_sources

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


def main() -> int:
    with tempfile.TemporaryDirectory() as folder:
        results = {n: build(n, Path(folder) / str(n)) for n in (100, 1000)}
    ratio = results[1000][0] / results[100][0]
    grown = results[1000][1] - results[100][1]
    print(f"FAQ growth: 1,000 entries take {ratio:.1f} times as long to build as 100 (at most 12)")
    print(f"            and add {grown} bytes to another page (0)")
    return 0 if ratio <= 12 and grown == 0 else 1


if __name__ == "__main__":
    sys.exit(main())
