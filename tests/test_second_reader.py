"""The promise from end to end: what a second reader copies, with their values in it, runs and does its job for them."""

from __future__ import annotations

import os
import re
import subprocess
import sys

from conftest import only_in_ci
from emulator.harness import ROOT

# Starting Azure CLI costs seconds: one block of each way to call it. PAL_EVERY_BLOCK=1 runs all, from every start.
SHELL = ("users/link.sh", "users/link.rest.sh", "sp/secret.sh", "tag/create.sh")


@only_in_ci
def test_blocks_run_with_the_values_of_a_second_reader() -> None:
    """tests/test_snippets.py once more with tests/second_reader.py: every Python block, and SHELL, from its first start.

    That the copy button gives this text is for test_values_are_painted_in_every_block_and_copied.
    """
    everything = os.environ.get("PAL_EVERY_BLOCK")
    blocks = ".py- or .sh-" if everything else f".py- or {' or '.join(SHELL)}"
    command = [sys.executable, "-m", "pytest", "-p", "second_reader", "-p", "no:cacheprovider", "-q", "-n", "0"]
    command += [] if everything else ["--one-start"]
    command += ["-k", f"test_snippet_sends and ({blocks})", "tests/test_snippets.py"]
    env = {k: v for k, v in os.environ.items() if not k.startswith("PYTEST_")} | {"PYTHONPATH": str(ROOT / "tests")}
    done = subprocess.run(command, cwd=ROOT, env=env, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stdout
    assert int(re.search(r"(\d+) passed", done.stdout)[1]) >= 25, done.stdout
