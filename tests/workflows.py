"""Run a job of our own workflows here, with act, on a copy of the working tree: `make act JOB=test.yml:linux`.

act reads the file as GitHub does and runs its steps on this machine. tests/actions stands in for the actions that cannot be fetched; a job
for another system than this one is left out, and so is what only GitHub has: its cache, Pages and the rights of a token.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path

from emulator.harness import ROOT
from pipelines import ACT, ACTIONS, PINNED, load

RUNNER = {"linux": "ubuntu-24.04", "darwin": "macos-15", "win32": "windows-2025"}.get(sys.platform, "")


def act(folder: Path, workflow: Path, cache: Path, *options: str, env: dict[str, str] | None = None) -> list[str]:
    """The command that runs `workflow` on a copy of `folder`, which is made below `cache`, with `env` for its jobs."""
    local = {
        f"--local-repository={owner}/{name}@{commit}={stand_in}"
        for owner, name, commit in PINNED.findall(workflow.read_text(encoding="utf-8"))
        if (stand_in := ACTIONS / f"{owner}-{name}").is_dir()
    }
    variables = [f"--env={name}={value}" for name, value in (env or {}).items()]
    event = next(iter(load(workflow)["on"]))
    where = [f"--directory={folder}", f"--workflows={workflow}", f"--action-cache-path={cache}", "--no-cache-server"]
    return [str(ACT), event, f"--platform={RUNNER}=-self-hosted", *where, *sorted(local), *variables, *options]


def main(job: str, event: str | None = None) -> int:
    """Run `job`, "file:job", or all jobs of "file"; `event` names a JSON file with what happened."""
    file, _, name = job.partition(":")
    options = ([f"--job={name}"] if name else []) + ([f"--eventpath={event}"] if event else [])
    outer = {k: v for k, v in os.environ.items() if not k.startswith(("MAKE", "MFLAGS"))} | {"NO_COLOR": "1"}
    with tempfile.TemporaryDirectory(prefix="pal-act-") as cache:
        return subprocess.run(act(ROOT, ROOT / ".github/workflows" / file, Path(cache), *options), env=outer).returncode


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
