"""Check Azure Lighthouse offers against Microsoft's rules, before a customer sees them.

    python tests/offers.py FILE [PARAMETERS]

FILE is an ARM template as JSON. Its parameters file x.parameters.json beside x.json is found
automatically. Prints every finding as `file: $.path: found → write`, and exits with 1 if there are any.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

from arm_template import Node, Scope, resources, scope_of, values_of
from offer_rules import Offer, check, notes

MAX_BYTES = 4 * 1024 * 1024  # Azure takes no larger template


def load(path: Path) -> dict:
    """The JSON object in `path`. ValueError says in words what else the file is."""
    if path.suffix.lower() in (".bicep", ".bicepparam"):
        command = "build-params" if path.suffix.lower() == ".bicepparam" else "build"
        raise ValueError(f"Bicep: az bicep {command} --file {path.name}, then check its JSON")
    try:
        if path.stat().st_size > MAX_BYTES:
            raise ValueError(f"{path.stat().st_size:,} bytes; Azure takes templates up to 4 MB")
        content = json.loads(path.read_text("utf-8-sig"))
    except OSError as error:
        raise ValueError(f"cannot be read: {error.strerror}") from None
    except UnicodeDecodeError:
        raise ValueError("not a text file in UTF-8") from None
    except RecursionError:
        raise ValueError("nested too deeply") from None
    except json.JSONDecodeError as error:
        where = f"line {error.lineno}, column {error.colno}"
        raise ValueError(f"not plain JSON (comments?), {where}: {error.msg}") from None
    if not isinstance(content, dict):
        raise ValueError("not a template: the file is to hold one JSON object")
    return content


def offers_in(path: Path, given: Path | None = None) -> list[Offer]:
    """The offers of a template; ValueError for files that are none, or do not fit each other."""
    template = Node(load(path), f"{path.name}: $", Scope({}))
    if "deploymentparameters" in str(template["$schema"].value).lower():
        raise ValueError("a parameters file; give the template first and this after it")
    if not isinstance(template["resources"].value, list | dict):
        raise ValueError("not a template: it has no resources")
    values: dict[str, Node] = {}
    if given:
        try:
            parameters = Node(load(given), f"{given.name}: $", Scope({}))["parameters"]
        except ValueError as error:
            raise ValueError(f"its parameters file {given.name}: {error}") from None
        values = values_of(parameters)
        declared = {name.lower() for name in template["parameters"].members()}
        if strange := [name for name in parameters.members() if name.lower() not in declared]:
            raise ValueError(f"{given.name} gives {', '.join(strange)}, which it does not declare")
    template.scope = scope_of(template, values)
    found: dict[str, list[Offer]] = {}
    for node in resources(template):
        if str(node["type"].value).lower() == "microsoft.managedservices/registrationdefinitions":
            siblings = found.setdefault(node.where.rpartition(".resources")[0], [])
            siblings.append(Offer(node, siblings[:]))
    if not found:
        raise ValueError("no offer: no resource Microsoft.ManagedServices/registrationDefinitions")
    return [offer for siblings in found.values() for offer in siblings]


def report(path: Path, given: Path | None = None) -> tuple[list[str], bool]:
    """The lines to print about a file, and whether all is well."""
    beside = path.with_suffix(".parameters.json")
    try:
        offers = offers_in(path, given or (beside if beside.exists() else None))
        findings = [finding for offer in offers for finding in check(offer)]
    except ValueError as error:
        return [f"{path.name}: {error}"], False
    except RecursionError:
        return [f"{path.name}: its variables refer to each other in a circle"], False
    lines = [f"{where}: {found} → {write}" for where, found, write in dict.fromkeys(findings)]
    said = dict.fromkeys(note for offer in offers for note in notes(offer))
    lines += [f"{path.name}: note: {note}" for note in said]
    if not findings:
        for offer in offers:
            names = ", ".join(dict.fromkeys(grant.name for grant in offer.listed))
            count = len(offer.grants)
            lines.append(f"{path.name}: ok, {count} authorizations, on the list for partner earned credit: {names}")
    return lines, not findings


def main(arguments: list[str]) -> int:
    """Check the file named on the command line; 0 when all is well."""
    if len(arguments) not in (1, 2):
        print(__doc__)
        return 1
    lines, well = report(*map(Path, arguments))
    print("\n".join(lines))
    return 0 if well else 1


if __name__ == "__main__":
    sys.stdout.reconfigure(encoding="utf-8")
    sys.exit(main(sys.argv[1:]))
