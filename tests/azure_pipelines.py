"""Hold a pipeline for Azure DevOps to what is published, and to what our harness for it interprets.

No engine of Azure DevOps runs here (tests/pipelines.py). So that the harness never passes over a key in silence, each key must be published
(tests/data/azure-pipelines-reference.json: the published schema and the inputs of the tasks) and be one that the harness follows, or that
has no effect on what the steps do.
"""

from __future__ import annotations

import difflib
import json
from collections.abc import Iterable, Iterator

from emulator.harness import ROOT

REFERENCE = json.loads((ROOT / "tests/data/azure-pipelines-reference.json").read_text(encoding="utf-8"))
# What `run_azure_devops` follows, or passes over because only the platform can do it: names, time limits, approvals, machines, triggers.
INTERPRETED = {
    "pipeline": {"trigger", "pr", "parameters", "jobs"},
    "parameter": {"name", "displayName", "type", "default", "values"},
    "job": {"deployment", "displayName", "environment", "timeoutInMinutes", "pool", "strategy"},
    "pool": {"vmImage"},
    "strategy": {"runOnce"},
    "runOnce": {"deploy"},
    "deploy": {"steps"},
    "download": {"download"},
    "bash": {"bash", "displayName", "env"},
    "task": {"task", "displayName", "env", "inputs"},
}
INPUTS = {
    "AzureCLI@2": {"azureSubscription", "scriptType", "scriptLocation", "inlineScript"},
    "AzurePowerShell@5": {"azureSubscription", "azurePowerShellVersion", "pwsh", "ScriptType", "Inline"},
    "UsePythonVersion@0": {"versionSpec"},
}


def problems(pipeline: dict) -> Iterator[str]:
    """One line for each part of the loaded file that is not published or not interpreted, with what to write."""
    yield from keys("pipeline", pipeline, "the file")
    for name in ("trigger", "pr"):
        if pipeline.get(name) != "none":
            yield f"{name}: {pipeline.get(name)!r} would start it unasked → write {name}: none"
    for parameter in pipeline.get("parameters", []):
        yield from keys("parameter", parameter, f"parameter {parameter.get('name')}")
    jobs = pipeline.get("jobs", [])
    if len(jobs) != 1:
        yield f"jobs: {len(jobs)} of them → one deployment job is what run_azure_devops runs"
    for job in jobs:
        yield from keys("job", job, "the job")
        yield from keys("pool", job.get("pool", {}), "pool")
        node = job
        for name in ("strategy", "runOnce", "deploy"):
            node = node.get(name, {})
            yield from keys(name, node, name)
        for number, step in enumerate(node.get("steps", []), start=1):
            yield from step_problems(step, f"step {number}")


def step_problems(step: dict, where: str) -> Iterator[str]:
    kind = next((kind for kind in ("download", "bash", "task") if kind in step), None)
    if not kind:
        yield f"{where}: {', '.join(map(repr, step))} → a step is download, bash or task here"
        return
    yield from keys(kind, step, where)
    if kind == "task":
        yield from input_problems(step["task"], step.get("inputs", {}), where)


def input_problems(task: str, inputs: dict, where: str) -> Iterator[str]:
    published = REFERENCE["tasks"].get(task)
    if not published:
        yield f"{where}: the task {task!r} is not in the reference{nearest(task, REFERENCE['tasks'])}"
        return
    yield from unknown(inputs, published, INPUTS[task], f"{where}, input of {task}")
    for name, declared in published.items():
        if declared.get("required") and name not in inputs:
            yield f"{where}: {task} wants the input {name!r} → write it"
        if name in inputs and "options" in declared and inputs[name] not in declared["options"]:
            yield f"{where}: {name}: {inputs[name]!r} is no choice of {task} → {', '.join(declared['options'])}"


def keys(kind: str, node: dict, where: str) -> Iterator[str]:
    return unknown(node, REFERENCE["keys"][kind], INTERPRETED[kind], where)


def unknown(found: Iterable[str], published: Iterable[str], interpreted: set[str], where: str) -> Iterator[str]:
    for name in found:
        if name not in published:
            yield f"{where}: {name!r} is not published{nearest(name, published)}"
        elif name not in interpreted:
            yield f"{where}: {name!r} is published and nothing here interprets it → teach run_azure_devops, or leave it out"


def nearest(name: str, known: Iterable[str]) -> str:
    """ " → write 'it'" for the nearest known name, else " → leave it out"."""
    by_lower = {each.lower(): each for each in known}
    found = difflib.get_close_matches(name.lower(), by_lower, n=1)
    return f" → write {by_lower[found[0]]!r}" if found else " → leave it out"
