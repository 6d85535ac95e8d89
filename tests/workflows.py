"""Run a job of our own workflows here, with act, on a copy of the working tree: `make act JOB=test.yml:linux`.

act reads the file as GitHub does and runs the job's steps on this machine. The jobs that it needs do nothing and succeed; tests/actions
stands in for the actions that cannot be fetched. What only GitHub has stays out: its cache, Pages, and the rights of a token.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path

import yaml
from emulator.harness import ROOT
from pipelines import ACT, load, stand_ins

WORKFLOWS = ROOT / ".github/workflows"
RUNNERS = (
    "ubuntu-24.04",
    "macos-15",
)  # whose steps this machine can run; act leaves a job for Windows out, and says so


def alone(workflow: Path, job: str, results: dict[str, str]) -> str:
    """The workflow with `job` as it is, and in place of each job that it needs one that only ends as `results` says, or well."""
    content = load(workflow)
    jobs = {job: content["jobs"][job]}
    needed = jobs[job].get("needs", [])
    for name in [needed] if isinstance(needed, str) else needed:
        result = results.get(name, "success")
        step = {"run": "exit 1" if result == "failure" else "exit 0"}
        jobs[name] = {"if": result != "skipped", "runs-on": RUNNERS[0], "steps": [step]}
    return yaml.safe_dump(content | {"jobs": jobs}, sort_keys=False)


def act(
    folder: Path, scratch: Path, job: str, event: Path | None = None, results: dict[str, str] | None = None, **env: str
) -> list[str]:
    """The command that runs `job`, "file:name", on a copy of `folder`, with `env` for its steps. It writes to `scratch` only."""
    file, _, name = job.partition(":")
    (cut := scratch / file).write_text(alone(WORKFLOWS / file, name, results or {}), encoding="utf-8")
    return [
        str(ACT),
        next(iter(load(WORKFLOWS / file)["on"])),
        f"--directory={folder}",
        f"--workflows={cut}",
        *(f"--platform={runner}=-self-hosted" for runner in RUNNERS),
        f"--action-cache-path={scratch}",
        "--no-cache-server",
        *([f"--eventpath={event}"] if event else []),
        *(f"--env={key}={value}" for key, value in env.items()),
        *stand_ins(cut.read_text(encoding="utf-8")),
    ]


def main(job: str, event: str | None = None) -> int:
    """Run `job`; `event` names a JSON file that tells what happened. SystemExit with the names for a job that is not there."""
    known = [f"{file.name}:{name}" for file in sorted(WORKFLOWS.glob("*.yml")) for name in load(file)["jobs"]]
    if job not in known:
        sys.exit(f"There is no job {job} → JOB={', '.join(known)}")
    outer = {k: v for k, v in os.environ.items() if not k.startswith(("MAKE", "MFLAGS"))} | {"NO_COLOR": "1"}
    with tempfile.TemporaryDirectory(prefix="pal-act-") as scratch:
        return subprocess.run(act(ROOT, Path(scratch), job, Path(event) if event else None), env=outer).returncode


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
