"""What a template deploys: its resources with every expression evaluated.

Syntax and functions follow the published reference of template functions (spec), as far as the offers use them:
https://learn.microsoft.com/azure/azure-resource-manager/templates/template-functions
Anything else stops the test. Parameters, variables and nested scopes are read by tests/arm_template.py.
"""

from __future__ import annotations

import re
import uuid
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

from arm_template import Node, Scope, scope_of, values_of

from .world import ServiceError

TOKEN = re.compile(r"\s*(?:'(?P<text>(?:[^']|'')*)'|(?P<number>\d+)|(?P<name>[A-Za-z_]\w*)|(?P<sign>[().,\[\]]))\s*")
GUIDS = uuid.UUID(
    "11fb06fb-712d-4ddd-98c7-e71bbd588830"
)  # namespace of guid(), reported; the reference says only "SHA-1"


@dataclass
class Resource:
    """One resource to deploy at `scope`, a subscription or resource group."""

    type: str
    name: str
    scope: str
    properties: dict[str, Any]


@dataclass
class Evaluation(Scope):
    """A scope that also evaluates functions. `index` is that of the copy loop around."""

    subscription: str = ""
    index: int = 0

    def follow(self, expression: str) -> Node | str:
        tokens = list(TOKEN.finditer(expression))
        value = self.evaluate(tokens)
        assert not tokens, f"[{expression}] is not understood from {tokens[0][0]!r} on"
        return Node(value, expression, Scope({}))

    def evaluate(self, tokens: list[re.Match]) -> Any:
        """The value of the expression at the head of `tokens`, which loses what is read."""
        token = tokens.pop(0)
        text, number = token["text"], token["number"]
        value = text.replace("''", "'") if text is not None else number and int(number)
        if token["name"]:
            tokens.pop(0)  # the opening bracket
            arguments = []
            while tokens[0]["sign"] != ")":
                arguments.append(self.evaluate(tokens))
                if tokens[0]["sign"] == ",":
                    tokens.pop(0)
            tokens.pop(0)
            value = self.call(token["name"].lower(), arguments)
        while tokens and tokens[0]["sign"] in (".", "["):
            if tokens.pop(0)["sign"] == ".":
                value = value[tokens.pop(0)["name"]]
            else:
                value = value[self.evaluate(tokens)]
                tokens.pop(0)  # the closing bracket
        return value

    def call(self, name: str, given: list) -> Any:
        if name in ("parameters", "variables"):
            found = super().follow(f"{name}('{given[0]}')")
            if isinstance(found, str):
                raise ServiceError(
                    400, "InvalidTemplate", f"[modelled] Deployment template validation failed: {found}."
                )
            return plain(found)
        functions = {
            "guid": lambda *parts: str(uuid.uuid5(GUIDS, "-".join(parts))),
            "concat": lambda *parts: "".join(parts),
            "empty": lambda value: not value,
            "length": len,
            "format": lambda pattern, *values: pattern.format(*values),
            "copyindex": lambda offset=0: self.index + offset,
            "subscriptionresourceid": lambda type, name: f"/subscriptions/{self.subscription}/providers/{type}/{name}",
        }
        return functions[name](*given)


def plain(node: Node) -> Any:
    """The value of a node with all references in it followed."""
    if isinstance(node.value, dict):
        return {key: plain(node[key]) for key in node.value}
    return [plain(each) for each in node] if isinstance(node.value, list) else node.value


def deployed(template: dict, parameters: dict, subscription: str) -> tuple[list[Resource], dict[str, Any]]:
    """The resources of a subscription's deployment and its outputs.

    `parameters` maps names to {"value": …}. ServiceError 400 when a value is missing.
    """
    node = Node(template, "$", Evaluation({}, subscription=subscription))
    given = {name.lower(): Node(each["value"], name, Scope({})) for name, each in parameters.items()}
    node.scope = scope_of(node, given)
    for name in node["parameters"].members():
        node.scope.call("parameters", [name])
    outputs = {name: {"type": plain(each["type"]), "value": plain(each["value"])} for name, each in outputs_of(node)}
    return list(instances(node, f"/subscriptions/{subscription}")), outputs


def outputs_of(template: Node) -> Iterator[tuple[str, Node]]:
    return ((name, template["outputs"][name]) for name in template["outputs"].members())


def instances(template: Node, scope: str) -> Iterator[Resource]:
    """The resources of a template: copied, those whose condition fails left out, nested deployments entered."""
    for resource in template["resources"]:
        copies = resource["copy"]["count"].value if "copy" in resource.members() else 1
        for index in range(copies):
            each = replace(resource, scope=replace(resource.scope, index=index))
            if "condition" in each.members() and not each["condition"].value:
                continue
            if each["type"].value.lower() == "microsoft.resources/deployments":
                inner = each["properties"]["template"]
                assert plain(each["properties"]["expressionEvaluationOptions"]) == {"scope": "inner"}
                inner.scope = scope_of(inner, values_of(each["properties"]["parameters"]))
                yield from instances(inner, f"{scope}/resourceGroups/{each['resourceGroup'].value}")
            else:
                yield Resource(each["type"].value, each["name"].value, scope, plain(each["properties"]))
