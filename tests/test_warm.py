"""A program that starts warm does what it does when started from nothing."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from emulator import warm

PROGRAM = """
import atexit, os, sys
assert vars(sys.modules["__main__"]) is globals()
print(sys.argv, os.getcwd(), os.environ["WHO"], sys.stdin.read(), "PATH" in os.environ)
print(sys.path[0], file=sys.stderr)
atexit.register(print, "at the end")
"""
ENDS = {
    "runs through": "",
    "exit status": "sys.exit(3)",
    "exit text": "sys.exit('stopped')",
    "exception": "def f(): raise ValueError('x')\nf()",
}


@pytest.mark.skipif(not warm.CAN_FORK, reason="Windows cannot fork; there everything starts from nothing")
@pytest.mark.parametrize("end", ENDS)
def test_warm_and_cold_are_the_same(end: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("PAL_COLD", raising=False)
    (tmp_path / "program.py").write_text(PROGRAM + ENDS[end], encoding="utf-8")
    python = {"warm": warm.python("main"), "cold": [sys.executable]}
    assert python["warm"] != python["cold"]
    env = {"WHO": "é=ü", "PYTHONUTF8": "1"}
    ways = [["program.py"], ["-"]] + (
        [] if end == "exception" else [["-m", "program"]]
    )  # whose traceback has more lines
    for how in ways:
        text = (tmp_path / "program.py").read_text(encoding="utf-8") if how == ["-"] else "typed\n"
        seen = {}
        for start, command in python.items():
            argv = [*command, *how, "", "two words", "ö\n"]
            done = subprocess.run(argv, cwd=tmp_path, env=env, input=text, capture_output=True, text=True)
            seen[start] = (done.returncode, done.stdout, done.stderr)
        assert seen["warm"] == seen["cold"]
