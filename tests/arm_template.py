"""Read Azure Resource Manager templates: every value with the place where it is written.

References to parameters and variables are followed; any other expression stays unknown.
https://learn.microsoft.com/azure/azure-resource-manager/templates/template-expressions
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Any

REFERENCE = re.compile(r"(parameters|variables)\(\s*'([^']+)'\s*\)((?:\.\w+|\['[^']+'\]|\[\d+\])*)", re.IGNORECASE)


@dataclass
class Scope:
    """What expressions may name; lower-case keys, as Azure ignores case.

    A parameter without a value is None. Variables (value, where, scope) are followed when used.
    `escaped` is the scope of `[[...]`, which is evaluated one deployment later.
    `unknown` tells why something is: place -> reason, for all scopes of a file.
    """

    unknown: dict[str, str]
    parameters: dict[str, Node | None] = field(default_factory=dict)
    variables: dict[str, tuple[Any, str, Scope]] = field(default_factory=dict)
    escaped: Scope | None = None

    def follow(self, expression: str) -> Node | str:
        """What an expression without its brackets names, or why that is unknown."""
        match = REFERENCE.fullmatch(expression.strip())
        if match is None:
            return "only parameters and variables are followed here"
        kind, name = match[1].lower(), match[2]
        names = self.parameters if kind == "parameters" else self.variables
        if name.lower() not in names:
            return f"the template declares no such {kind[:-1]}"
        found = names[name.lower()]
        if found is None:
            return f"the parameter {name} is given no value"
        found = read(*found) if isinstance(found, tuple) else found
        for member, index in re.findall(r"[.']([^.'\[\]]+)|\[(\d+)\]", match[3]):
            found = found[int(index) if index else member]
        if found.value is None:
            return self.unknown.get(found.where, f"nothing is written at {found.where}")
        return found


@dataclass
class Node:
    """A value, None when unknown or absent, and `where` it is written: "file: $.path".

    `via` is the expression that led there, or to nothing.
    """

    value: Any
    where: str
    scope: Scope
    via: str = ""

    def __getitem__(self, key: str | int) -> Node:
        """The member or element, its reference followed; a Node of None when there is none."""
        if isinstance(key, int):
            known = isinstance(self.value, list) and key < len(self.value)
            return read(self.value[key] if known else None, f"{self.where}[{key}]", self.scope)
        name = next((k for k in self.members() if k.lower() == key.lower()), key)
        return read(self.members().get(name), f"{self.where}.{name}", self.scope)

    def members(self) -> dict[str, Any]:
        """The members of an object as they are written; nothing of other values."""
        return self.value if isinstance(self.value, dict) else {}

    @property
    def why(self) -> str:
        """Why the value is unknown, if an expression is to blame."""
        return self.scope.unknown.get(self.where, "")

    def __iter__(self) -> Iterator[Node]:
        """The elements of an array or the members of an object; nothing of other values."""
        if isinstance(self.value, list | dict):
            keys = self.value if isinstance(self.value, dict) else range(len(self.value))
            yield from (self[key] for key in keys)


def read(value: Any, where: str, scope: Scope) -> Node:
    """`value` as a Node, or what it refers to; None, and the reason in the scope, if unknown."""
    if not (isinstance(value, str) and value.startswith("[") and value.endswith("]")):
        return Node(value, where, scope)
    later = value.startswith("[[")
    if later and scope.escaped is None:  # text with a bracket: nothing evaluates it later
        return Node(value[1:], where, scope)
    found = (scope.escaped if later else scope).follow(value[1 + later : -1])
    if isinstance(found, str):
        scope.unknown[where] = found
        return Node(None, where, scope, value)
    return Node(found.value, found.where, found.scope, value)


def values_of(parameters: Node, member: str = "value") -> dict[str, Node]:
    """What the `parameters` of a file or nested deployment give: lower-case name -> value."""
    return {name.lower(): parameters[name][member] for name in parameters.members()}


def scope_of(template: Node, values: dict[str, Node], outer: Scope | None = None) -> Scope:
    """The scope inside `template`: its parameters (`values` over defaults) and variables.

    With `outer`, as for the template inside a policy, `[...]` is evaluated there and `[[...]` here.
    """
    own = replace(template.scope, parameters={}, variables={}, escaped=None)
    view = replace(outer, unknown=own.unknown, escaped=own) if outer else own
    for declared in Node(template["parameters"].value, f"{template.where}.parameters", view):
        name = declared.where.rpartition(".")[2].lower()
        if name in values:  # a default that is not needed is not read
            own.parameters[name] = values[name]
        else:
            own.parameters[name] = declared["defaultValue"] if "defaultValue" in declared.members() else None
    for name, value in template["variables"].members().items():
        own.variables[name.lower()] = (value, f"{template.where}.variables.{name}", view)
    return view


def resources(template: Node) -> Iterator[Node]:
    """All resources of a template in its own scope, also in nested deployments and policies."""
    for resource in template["resources"]:
        yield resource
        kind, properties = str(resource["type"].value).lower(), resource["properties"]
        inner = None
        if kind == "microsoft.resources/deployments":
            inner = properties["template"]
            if properties["expressionEvaluationOptions"]["scope"].value == "inner":
                inner.scope = scope_of(inner, values_of(properties["parameters"]))
        elif kind == "microsoft.authorization/policydefinitions":
            outer, unknown = template.scope, template.scope.unknown
            policy = Scope(unknown, values_of(properties["parameters"], "defaultValue"))
            deployment = properties["policyRule"]["then"]["details"]["deployment"]["properties"]
            deployment.scope = Scope(unknown, outer.parameters, outer.variables, policy)
            inner = deployment["template"]
            inner.scope = scope_of(inner, values_of(deployment["parameters"]), outer)
        if inner is not None:
            yield from resources(inner)
