"""Pipelines for Azure DevOps hold to what is published, and to what the harness interprets; anything else is refused with what to write."""

from __future__ import annotations

import copy
from pathlib import Path

import pytest
from azure_pipelines import INPUTS, INTERPRETED, REFERENCE, problems
from emulator.harness import ROOT
from pipelines import load

FILES = sorted((ROOT / "snippets/cicd").glob("azure-devops-*.yml"))
CLI = ROOT / "snippets/cicd/azure-devops-cli.yml"


@pytest.mark.parametrize("pipeline", FILES, ids=lambda p: p.stem)
def test_every_key_is_published_and_interpreted(pipeline: Path) -> None:
    assert not (found := [*problems(load(pipeline))]), "\n".join(found)


def test_the_harness_interprets_nothing_that_is_not_published() -> None:
    assert INTERPRETED.keys() == REFERENCE["keys"].keys() and INPUTS.keys() == REFERENCE["tasks"].keys()
    for kind, interpreted in INTERPRETED.items():
        assert interpreted <= set(REFERENCE["keys"][kind]), kind
    for task, interpreted in INPUTS.items():
        assert interpreted <= set(REFERENCE["tasks"][task]), task


JOB, STEPS = ("jobs", 0), ("jobs", 0, "strategy", "runOnce", "deploy", "steps")
# Where, the key, its value (None: taken out) -> what is said.
WRONG = {
    "key of the file": ((), "trigers", "none", "the file: 'trigers' is not published → write 'trigger'"),
    "known, not followed": (
        (),
        "variables",
        {"A": "b"},
        "the file: 'variables' is published and nothing here interprets it → ",
    ),
    "starts by itself": ((), "trigger", ["main"], "trigger: ['main'] would start it unasked → write trigger: none"),
    "starts by default": ((), "pr", None, "pr: None would start it unasked → write pr: none"),
    "parameter": (("parameters", 0), "option", [], "parameter partnerId: 'option' is not published → leave it out"),
    "second job": ((), "jobs", [{}, {}], "jobs: 2 of them → "),
    "job": (JOB, "timeoutInMinute", "10", "the job: 'timeoutInMinute' is not published → write 'timeoutInMinutes'"),
    "condition": (JOB, "condition", "always()", "the job: 'condition' is published and nothing here interprets it → "),
    "pool": ((*JOB, "pool"), "vmimage", "x", "pool: 'vmimage' is not published → write 'vmImage'"),
    "strategy": ((*JOB, "strategy"), "canary", {}, "strategy: 'canary' is published and nothing here interprets it → "),
    "step": (STEPS, 0, {"script": "id"}, "step 1: 'script' → a step is download, bash or task here"),
    "key of a step": ((*STEPS, 1), "displayname", "x", "step 2: 'displayname' is not published → write 'displayName'"),
    "goes on after a failure": ((*STEPS, 1), "continueOnError", True, "step 2: 'continueOnError' is published and "),
    "task": (
        (*STEPS, 2),
        "task",
        "AzureCLI@1",
        "step 3: the task 'AzureCLI@1' is not in the reference → write 'AzureCLI@2'",
    ),
    "input": (
        (*STEPS, 2, "inputs"),
        "scriptLokation",
        "x",
        "'scriptLokation' is not published → write 'scriptLocation'",
    ),
    "input not followed": (
        (*STEPS, 2, "inputs"),
        "addSpnToEnvironment",
        True,
        "'addSpnToEnvironment' is published and ",
    ),
    "input lacking": (
        (*STEPS, 2, "inputs"),
        "azureSubscription",
        None,
        "step 3: AzureCLI@2 wants the input 'azureSubscription' → ",
    ),
    "choice": (
        (*STEPS, 2, "inputs"),
        "scriptType",
        "sh",
        "scriptType: 'sh' is no choice of AzureCLI@2 → ps, pscore, batch, bash",
    ),
}


@pytest.mark.parametrize("case", WRONG)
def test_anything_else_is_refused_with_what_to_write(case: str) -> None:
    where, key, value, said = WRONG[case]
    content = node = copy.deepcopy(load(CLI))
    for part in where:
        node = node[part]
    if value is None:
        del node[key]
    else:
        node[key] = value
    assert [line for line in problems(content) if said in line], [*problems(content)]
