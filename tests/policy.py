"""Whether a subscription complies with a deployIfNotExists policy for Azure Lighthouse, and what its remediation deploys.

There is no policy engine here: this stands in for it, and every verdict of it is *modelled*. Its rules are Microsoft's text on the effect
(8 April 2024), on policy rules (19 March 2025) and the aliases of tests/data/policy-aliases.json. It raises on whatever it does not know.
https://learn.microsoft.com/azure/governance/policy/concepts/effect-deploy-if-not-exists
https://learn.microsoft.com/azure/governance/policy/concepts/definition-structure-policy-rule
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

from emulator.deployments import deploy
from emulator.managedservices import covers
from emulator.template import deployed
from emulator.world import World

PROVIDER = "Microsoft.ManagedServices"
DATA = json.loads((Path(__file__).parent / "data/policy-aliases.json").read_text("utf-8"))
KINDS = {f"{PROVIDER}/{kind}".lower(): kind for kind in ("registrationDefinitions", "registrationAssignments")}
ALIASES = {f"{type}/{alias}".lower(): (type, alias) for type, kind in KINDS.items() for alias in DATA[kind]}
RESOURCE_FIELDS = ("type", "name", "id")


class PolicyError(ValueError):
    """A policy that Azure would refuse, or that is not modelled here; it says which field or operator."""


def definition(template: dict, parameters: dict) -> dict[str, Any]:
    """The properties of the one policy definition that a management group's `template` deploys.

    `parameters` maps names to {"value": …}, as in a parameters file.
    """
    here = {"location": {"value": "westeurope"}}
    ((policy,), _) = deployed(template | {"outputs": {}}, parameters | here, "")
    return policy.properties


def complies(world: World, rule: dict, subscription: str, parameters: dict[str, str] | None = None) -> bool:
    """Whether `if` leaves the subscription alone, or a related resource satisfies `existenceCondition`.

    `rule` is a policyRule; `parameters` are those of the policy's assignment. PolicyError as in `holds`.
    """
    details, given = rule["then"]["details"], parameters or {}
    expect("effect", rule["then"]["effect"], "deployIfNotExists")
    expect("deploymentScope", details.get("deploymentScope", "ResourceGroup"), "Subscription")
    expect("existenceScope", details.get("existenceScope", "ResourceGroup"), "Subscription")  # spec: the default
    if details["type"].lower() not in KINDS:
        raise PolicyError(f"details.type {details['type']}: only {PROVIDER} is modelled")
    scope = f"/subscriptions/{subscription}"
    evaluated = {"type": "Microsoft.Resources/subscriptions", "name": subscription, "id": scope, "properties": {}}
    condition = details["existenceCondition"]
    holds(condition, evaluated, given)  # an alias that does not exist is refused whatever is there
    if not holds(rule["if"], evaluated, given):
        return True
    everything = [*world.offers.values(), *world.delegations.values()]
    related = [r for r in everything if r["type"].lower() == details["type"].lower() and covers(scope, r["id"])]
    return any(holds(condition, resource, given) for resource in related)


def remediate(world: World, rule: dict, caller: dict, subscription: str) -> dict | None:
    """What a remediation task does: deploy the policy's template as its identity where a subscription does not comply.

    Returns the error of the deployment, None when it succeeded or was not needed.
    """
    if complies(world, rule, subscription):
        return None
    deployment = rule["then"]["details"]["deployment"]["properties"]
    resources, _ = deployed(deployment["template"], deployment.get("parameters", {}), subscription)
    return deploy(world, caller, resources)


def expect(name: str, found: str, wanted: str) -> None:
    if found.lower() != wanted.lower():
        raise PolicyError(f"{name} {found}: only {wanted} is modelled")


def holds(condition: dict, resource: dict, parameters: dict[str, str]) -> bool:
    """Whether a condition is true of one resource; every part of it is read, so that each mistake is told."""
    if "not" in condition:
        return not holds(condition["not"], resource, parameters)
    for operator, combine in (("allOf", all), ("anyOf", any)):
        if operator in condition:
            return combine([holds(part, resource, parameters) for part in condition[operator]])
    if "field" not in condition or len(condition) != 2:
        raise PolicyError(f"{sorted(condition)}: only a field with one operator is modelled")
    (operator,) = condition.keys() - {"field"}
    return compare(operator, value_of(condition["field"], resource), literal(condition[operator], parameters))


def value_of(field: str, resource: dict) -> str | None:
    """The field of a resource, None when it has none. What is said of `registrationDefinition.…` is reported."""
    if field in RESOURCE_FIELDS:
        return resource[field]
    if field.lower() not in ALIASES:
        raise PolicyError(f"{field} is not an alias of {PROVIDER}, see tests/data/policy-aliases.json")
    type, alias = ALIASES[field.lower()]
    if "[*]" in alias:
        raise PolicyError(f"{field}: arrays are not modelled")
    if type != resource["type"].lower() or alias.startswith("registrationDefinition."):
        return None
    return resource["properties"].get(alias)


def literal(text: str, parameters: dict[str, str]) -> str:
    """What a policy's expression stands for: a parameter of its assignment, or the text itself."""
    if not text.startswith("["):
        return text
    found = re.fullmatch(r"\[parameters\('(\w+)'\)\]", text)
    if found is None or found[1] not in parameters:
        raise PolicyError(f"{text}: only a parameter with a value is modelled")
    return parameters[found[1]]


def compare(operator: str, value: str | None, wanted: str) -> bool:
    """The documented string conditions; none of these minds the case, and none is true of a value that is not there."""
    value, wanted = (value or "").lower(), wanted.lower()
    head, star, tail = wanted.partition("*")
    if operator in ("like", "notLike") and (star != "*" or "*" in tail):
        raise PolicyError(f"{operator} {wanted}: write exactly one *")
    results = {
        "equals": value == wanted,
        "like": len(value) >= len(head + tail) and value.startswith(head) and value.endswith(tail),
        "contains": wanted in value,
    }
    results |= {f"not{name[0].upper()}{name[1:]}": not result for name, result in results.items()}
    if operator not in results:
        raise PolicyError(f"the operator {operator} is not modelled")
    return results[operator]
