"""The check of offers and the emulated Azure read the same templates with nothing in common, and say the same of them.

What the check refuses the emulator refuses too, unless it is in `ADVICE`; what the check takes the emulator deploys.
"""

from __future__ import annotations

import ast
import copy
import json
from pathlib import Path

import delegating
import pytest
from emulator import samples
from emulator.deployments import deploy
from emulator.harness import Reader
from emulator.template import deployed
from emulator.world import ServiceError, World
from offer_pyz import MODULES
from offer_report import ACCEPT, REFUSE, SAY, report
from test_check_offer import AROUND, BROKEN, CHANGES, COMPUTED, WRONG, every_member, good, grant, holder_of
from test_offers import ROOT

ADVICE = {  # Azure takes it as far as is published, or cannot know what a name means; the check refuses it
    "user": "groups are advised",
    "eligible-without-reader": "nobody could activate in the portal",
    "eligible-service-principal": "the emulator does not go by names",
    "service-principal-approves": "the emulator does not go by names",
    "approves-itself": "nobody could approve",
}


def sandbox(world: World, reader: Reader, template: dict, parameters: dict | None = None) -> str:
    """What the customer's deployment ends with in the emulator, empty when it succeeds."""
    delegating.customer(world, reader)
    try:
        resources, _ = deployed(template, parameters or {}, samples.SUBSCRIPTION, samples.CUSTOMER_TENANT)
    except ServiceError as error:
        return str(error)
    return json.dumps(deploy(world, delegating.AS_CUSTOMER, resources) or "").strip('"')


def compare(world: World, reader: Reader, folder: Path, template: dict, advice: bool = False) -> None:
    path = folder / "own.json"
    path.write_text(json.dumps(template), "utf-8")
    lines, verdict = report(path)
    world.offers.clear()
    world.delegations.clear()
    refused = sandbox(world, reader, json.loads(path.read_text("utf-8")))
    if verdict != SAY:
        assert bool(refused) == (verdict == REFUSE and not advice), (refused, lines)


def test_they_share_no_code():
    """Neither imports the other: the judge is what readers download, the judged is tests/emulator."""
    for module in (ROOT / "tests/emulator").glob("*.py"):
        for node in ast.walk(ast.parse(module.read_text("utf-8"))):
            names = [each.name for each in node.names] if isinstance(node, ast.Import) else []
            names += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            assert not {name.partition(".")[0] for name in names} & {*MODULES, "offers"}, module.name


@pytest.mark.parametrize("path", sorted(BROKEN.glob("*.json")), ids=lambda path: path.stem)
def test_broken_offers(path, world, reader, tmp_path):
    compare(world, reader, tmp_path, json.loads(path.read_text("utf-8")), path.stem in ADVICE)


def test_advice_is_of_offers_that_are_there():
    assert set(ADVICE) <= {path.stem for path in BROKEN.glob("*.json")}


@pytest.mark.parametrize("case", AROUND)
def test_templates_around_an_offer(case, world, reader, tmp_path):
    template = good() | {"parameters": {"x": {"type": "bool"}}}
    AROUND[case][0](template)
    compare(world, reader, tmp_path, template)


@pytest.mark.parametrize("kind", ["dropped", "wrong case", "extra", "wrong type"])
def test_generated_offers(kind, world, reader, tmp_path):
    """Each published member in turn changed; one of another type each way."""
    compare(world, reader, tmp_path, every_member())
    for path in (path for path, each in CHANGES if each == kind):
        for wrong in WRONG if kind == "wrong type" else [None]:
            template = every_member()
            holder, name = holder_of(template, path), path[-1]
            if kind == "wrong type":
                if isinstance(wrong, type(holder[name])) or (path, wrong) == (("resources",), {}):
                    continue  # an object of no resources: Azure deploys nothing, the check finds no offer
                holder[name] = copy.deepcopy(wrong)
            elif kind == "extra":
                holder[f"{name}s"] = holder[name]
            else:
                value = holder.pop(name)
                if kind == "wrong case":
                    holder[name.swapcase()] = value
            compare(world, reader, tmp_path, template)


@pytest.mark.parametrize("name", [name for name in COMPUTED if name != "own function"])
def test_functions(name, world, reader):
    """Those that lead the check to the role Owner lead the emulator there too; a template's own functions it names."""
    expression = COMPUTED[name]
    template = good(authorizations=[grant(expression)]) | {"variables": {"none": {}}}
    template["parameters"] = {"kind": {"type": "string", "defaultValue": "own"}}
    assert "8e3af657-a8ff-443c-a75c-2fe8c4bcb635' is restricted" in sandbox(world, reader, template)


@pytest.mark.parametrize(
    "name", ["reference", "listKeys", "fabrikam.owner", "paramters", "map", "environment", "nothingOfTheKind"]
)
def test_a_function_that_is_not_known_is_named_in_one_sentence(name, world, reader):
    template = good(description=f"[{name}('x')]")
    refused = sandbox(world, reader, template)
    assert f"does not know the template function '{name.lower()}'." in refused
    assert refused.startswith("400 InvalidTemplate: [modelled] ")


UNFIT = ["concat(1, createArray())", "first(7)", "int('x')", "json('{')", "split(1, 2)", "substring('x', 'y')", "guid("]
UNFIT += [
    "copyIndex()",
    "parameters('x')",
    "variables('x')",
    "resourceId('x')",
    "'x",
    "1 2",
    "union()",
    "range(0, 'x')",
]
UNFIT += ["padLeft('x', 999999999)", "range(0, 999999999)", "resourceGroup().name", "max()", "createObject('x')"]


@pytest.mark.parametrize("expression", UNFIT)
def test_an_expression_that_does_not_fit_is_one_sentence(expression, world, reader):
    refused = sandbox(world, reader, good(description=f"[{expression}]"))
    assert refused.startswith("400 InvalidTemplate: [modelled] Deployment template validation failed: ")
    assert len(refused.splitlines()) == 1


def test_verdicts_of_both_are_met(world, reader, tmp_path):
    """The comparison is no comparison of nothing: it has met all three verdicts and both outcomes."""
    verdicts, outcomes = set(), set()
    for path in BROKEN.glob("*.json"):
        verdicts.add(report(path)[1])
        outcomes.add(bool(sandbox(world, reader, json.loads(path.read_text("utf-8")))))
    assert verdicts == {REFUSE, SAY}
    assert outcomes == {True, False}
    (tmp_path / "x.json").write_text(json.dumps(good()))
    assert report(tmp_path / "x.json")[1] == ACCEPT
