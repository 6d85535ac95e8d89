"""The verdict on a template: every line to print, and whether Azure takes it."""

from __future__ import annotations

import sys
from pathlib import Path

from arm_resources import deployed, scope_of, sweep, values_of
from arm_template import Node, Reading, Scope, TooMuch
from offer_file import load, shown
from offer_rules import Offer, check
from offer_schema import GIVEN, PARAMETERS, Finding, content_version, doubled, members
from template_rules import File, check_file, level_of

ACCEPT, REFUSE, SAY = 0, 1, 2
DEPTH = 4_000  # of Python's calls: variables may lead far


def opened(path: Path, literal: bool = False) -> Node:
    """The file as a Node whose places begin with its name; values of a `literal` one are never expressions."""
    return Node(load(path), f"{shown(path.name)}: $", Scope(Reading(), literal=literal))


def parameters_file(path: Path) -> tuple[Node, list[Finding]]:
    """The parameters that a file gives, and what is wrong with it; ValueError when it is no parameters file."""
    file = opened(path, literal=True)
    bare = file["parameters"].absent and any({"value", "reference"} & set(each.members()) for each in file)
    if bare:
        raise ValueError(
            'its values do not stand inside "parameters" → {"$schema": …, "contentVersion": "1.0.0.0", "parameters": {…}}'
        )
    findings = [*doubled(file.value, file.where), *members(file, PARAMETERS), *content_version(file["contentVersion"])]
    for each in file["parameters"]:
        findings += members(each, GIVEN)
        if isinstance(each.value, dict) and not {"value", "reference", "expression"} & {
            name.lower() for name in each.value
        }:
            findings.append(Finding(each.where, "a parameter without a value", '"value": …'))
    return file["parameters"], findings


def read_file(path: Path, given: Path | None = None) -> tuple[File, list[Finding]]:
    """A template with its values, and what is wrong before anything is evaluated; ValueError for files that are none."""
    template = opened(path)
    if "deploymentparameters" in str(template["$schema"].value).lower():
        raise ValueError("a parameters file; give the template first and this after it")
    if template["resources"].absent:
        raise ValueError("not a template: it has no resources")
    values, findings = None, list(doubled(template.value, template.where))
    if given:
        try:
            parameters, wrong = parameters_file(given)
        except ValueError as error:
            raise ValueError(f"its parameters file {shown(given.name)}: {error}") from None
        values = {name: each for name, each in values_of(parameters).items() if not each.absent}
        findings += wrong
    template.scope = scope_of(template, values or {}, level_of(template))
    return File(template, deployed(template, level_of(template)), values), findings


def findings_of(path: Path, given: Path | None = None) -> tuple[list[Finding], list[Offer]]:
    """All findings, those of expressions too, and the offers; ValueError for files that are none."""
    file, findings = read_file(path, given)
    for offer in file.offers:
        findings += check(offer)
    findings += check_file(file)
    for template in file.deployed.templates.values():
        sweep(template)
    faults = file.template.scope.reading.faults
    findings = [each for each in findings if not (each.found.startswith("not judged") and each.where in faults)]
    findings += [Finding(where, found, write) for where, (found, write) in faults.items()]
    if not file.offers and not any(each.refused or each.found.startswith("not judged, a") for each in findings):
        raise ValueError("no offer: no resource Microsoft.ManagedServices/registrationDefinitions")
    return list(dict.fromkeys(findings)), file.offers


def report(path: Path, given: Path | None = None) -> tuple[list[str], int]:
    """The lines to print about a file, and the verdict: ACCEPT, REFUSE, or SAY for what has to be looked at."""
    name, beside = shown(path.name), path.with_suffix(".parameters.json")
    limit = sys.getrecursionlimit()
    try:
        sys.setrecursionlimit(DEPTH)
        findings, offers = findings_of(path, given or (beside if beside.exists() else None))
    except ValueError as error:
        return [f"{name}: {error}"], REFUSE
    except (RecursionError, TooMuch):
        return [f"{name}: not judged: its expressions lead too far → a plainer template"], SAY
    finally:
        sys.setrecursionlimit(limit)
    lines = [line(each) for each in findings]
    if any(each.refused for each in findings):
        return lines, REFUSE
    if offers:
        listed = ", ".join(dict.fromkeys(grant.name for offer in offers for grant in offer.listed)) or "none"
        count = sum(len(offer.grants) for offer in offers)
        well = "no mistake found, but read the lines above" if findings else "ok"
        lines.append(f"{name}: {well}, {count} authorizations, on the list for partner earned credit: {listed}")
    else:
        lines.append(f"{name}: no offer in what could be judged")
    return lines, SAY if findings else ACCEPT


def line(finding: Finding) -> str:
    kind = "" if finding.refused or finding.found.startswith("not judged") else "warning: "
    return f"{finding.where}: {kind}{finding.found} → {finding.write}"


def main(arguments: list[str], usage: str) -> int:
    """Check the file named on the command line; the exit status is the verdict."""
    if len(arguments) not in (1, 2):
        print(usage)
        return REFUSE
    try:
        lines, verdict = report(*map(Path, arguments))
    except Exception as error:  # a reader gets a sentence whatever the file holds; the tests call report()
        lines, verdict = (
            [f"{shown(arguments[0])}: not judged: this check failed on it ({type(error).__name__}) → report it"],
            SAY,
        )
    print("\n".join(lines))
    return verdict
