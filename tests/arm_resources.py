"""What a template deploys: its resources with loops unrolled, nested deployments and policies entered.

https://learn.microsoft.com/azure/azure-resource-manager/templates/linked-templates
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from itertools import repeat
from typing import Any

from arm_functions import FUNCTIONS, KNOWN, Call, ExpressionError, Path
from arm_template import MOST_COPIES, Node, Scope, nearest, tree_of

DEPLOYMENTS, POLICIES = "microsoft.resources/deployments", "microsoft.authorization/policydefinitions"


@dataclass
class Resource:
    """One resource to deploy. `level` is where, `around` are the deployments it is nested in, the nearest last."""

    node: Node
    level: str
    around: tuple[Resource, ...]
    siblings: list[Resource]
    symbol: str = ""  # its name where resources are an object
    counted: bool = True  # whether the number of its copies is known

    @property
    def kind(self) -> str:
        return str(self.node["type"].value).strip("/").lower()


@dataclass
class Deployed:
    """All resources of a file, the templates they stand in, and what values nested templates are given."""

    resources: list[Resource] = field(default_factory=list)
    templates: dict[str, Node] = field(default_factory=dict)
    given: list[tuple[Node, dict[str, Node], str]] = field(default_factory=list)


def values_of(parameters: Node, member: str = "value") -> dict[str, Node]:
    """What the `parameters` of a file or nested deployment give: lower-case name -> value."""
    return {name.lower(): parameters[name][member] for name in parameters.members()}


def scope_of(template: Node, values: dict[str, Node], level: str, outer: Scope | None = None) -> Scope:
    """The scope inside `template`: its parameters (`values` over defaults) and variables.

    With `outer`, as for the template inside a policy, `[...]` is evaluated there and `[[...]` here.
    """
    own = Scope(template.scope.reading, level=level)
    view = replace(outer, escaped=own) if outer else own
    template = replace(template, scope=view, expanded=None)
    for name in template["parameters"].members():
        declared = template["parameters"][name]
        if name.lower() in values:  # a default that is not needed is not read
            own.parameters[name.lower()] = values[name.lower()]
        elif "defaultValue" in declared.members() or declared["nullable"].value is True:
            own.parameters[name.lower()] = declared["defaultValue"]
        else:
            own.parameters[name.lower()] = None
    for name, value in template["variables"].members().items():
        own.variables[name.lower()] = [value, f"{template.where}.variables.{name}", view, None]
    for space in template["functions"]:
        for name in space["members"].members():
            own.functions[f"{space['namespace'].value}.{name}".lower()] = space["members"][name]
    return view


def deployed(template: Node, level: str) -> Deployed:
    """Everything that `template`, in its own scope, deploys at `level`."""
    found = Deployed()
    enter(found, template, level, ())
    return found


def enter(found: Deployed, template: Node, level: str, around: tuple[Resource, ...]) -> None:
    found.templates.setdefault(template.where, template)
    siblings: list[Resource] = []
    for resource in instances(template, level, around, siblings):
        siblings.append(resource)
        found.resources.append(resource)
        properties = resource.node["properties"]
        if resource.kind == DEPLOYMENTS:
            inner, there = properties["template"], level_of(resource.node, level)
            if not isinstance(inner.value, dict):
                continue
            if str(properties["expressionEvaluationOptions"]["scope"].value).lower() == "inner":
                values = values_of(properties["parameters"])
                found.given.append((inner, values, f"{properties.where}.parameters"))
                inner = replace(inner, scope=scope_of(inner, values, there), expanded=None)
            enter(found, inner, there, (*around, resource))
        elif resource.kind == POLICIES:
            policy(found, template, resource, around)


def policy(found: Deployed, template: Node, resource: Resource, around: tuple[Resource, ...]) -> None:
    """The template that a deployIfNotExists policy deploys, to a subscription unless it says otherwise."""
    properties, outer = resource.node["properties"], template.scope
    details = properties["policyRule"]["then"]["details"]
    deployment = details["deployment"]["properties"]
    if not isinstance(deployment["template"].value, dict):
        return
    later = Scope(
        outer.reading,
        {n: v if not v.absent else None for n, v in values_of(properties["parameters"], "defaultValue").items()},
    )
    deployment = replace(deployment, scope=replace(outer, escaped=later), expanded=None)
    inner, values = deployment["template"], values_of(deployment["parameters"])
    level = "subscription" if str(details["deploymentScope"].value).lower() == "subscription" else "resourceGroup"
    inner = replace(inner, scope=scope_of(inner, values, level, outer), expanded=None)
    found.given.append((inner, values, f"{deployment.where}.parameters"))
    enter(found, inner, level, (*around, resource))


def instances(template: Node, level: str, around: tuple[Resource, ...], siblings: list[Resource]) -> Iterator[Resource]:
    """The resources of one template: each copy by itself, those whose condition is false left out."""
    listed = template["resources"]
    symbols = iter(listed.members()) if isinstance(listed.value, dict) else repeat("")
    for resource, symbol in zip(listed, symbols, strict=False):
        for node, counted in turns(resource):
            if node["condition"].value is not False:
                yield Resource(node, level, around, siblings, symbol, counted)


def turns(resource: Node) -> Iterator[tuple[Node, bool]]:
    """A resource once for each turn of its loop; once and not counted when that is not known."""
    loop = resource.value.get("copy") if isinstance(resource.value, dict) else None
    if not isinstance(loop, dict):
        yield resource, True
        return
    copy = Node(loop, f"{resource.where}.copy", resource.scope)
    count, name = copy["count"], str(copy["name"].value).lower()
    good = isinstance(count.value, int) and 0 <= count.value <= MOST_COPIES
    if count.known and not good:
        count.fault(f"a loop that counts {count.value!r}"[:60], f"a number from 0 to {MOST_COPIES}")
    for turn in range(count.value) if good else [None]:
        loops = {**resource.scope.loops, "": turn, name: turn}
        yield replace(resource, scope=replace(resource.scope, loops=loops), expanded=None), good


def level_of(deployment: Node, level: str) -> str:
    """Where a nested deployment deploys: what it names, or where it stands."""
    scope = str(deployment["scope"].value or "").lower()
    if "managementgroups" in scope:
        return "managementGroup"
    if not deployment["resourceGroup"].absent or "/resourcegroups/" in scope:
        return "resourceGroup"
    if not deployment["subscriptionId"].absent or "subscriptions/" in scope:
        return "subscription"
    return "tenant" if scope == "/" else level


# --- every expression, also where nobody looks at its value ---


def sweep(template: Node) -> None:
    """Note, for every expression of a template, what Azure refuses before it deploys anything."""
    for section in ("variables", "resources", "outputs"):
        value = template.value.get(section) if isinstance(template.value, dict) else None
        look(value, f"{template.where}.{section}", template.scope)
    for name, declared in template["parameters"].members().items():
        default = declared.get("defaultValue") if isinstance(declared, dict) else None
        look(default, f"{template.where}.parameters.{name}.defaultValue", template.scope)


def look(value: Any, where: str, scope: Scope) -> None:
    if isinstance(value, dict):
        own = str(value.get("type")).lower() == DEPLOYMENTS and has_own_scope(value.get("properties"))
        for name, each in value.items():
            if own and name == "properties":  # its template is looked at by itself
                each = {key: part for key, part in each.items() if key != "template"}
            look(each, f"{where}.{name}", scope)
    elif isinstance(value, list):
        for index, each in enumerate(value):
            look(each, f"{where}[{index}]", scope)
    elif isinstance(value, str) and value.startswith("[") and value.endswith("]"):
        later = value.startswith("[[")
        inside = scope.escaped if later else scope
        if inside is None:  # text with a bracket
            return
        try:
            names(tree_of(value[1 + later : -1].strip()), inside)
        except ExpressionError as error:
            scope.reading.faults.setdefault(where, (f"{value[:80]}: {error.found}", error.write))


def has_own_scope(properties: Any) -> bool:
    options = properties.get("expressionEvaluationOptions") if isinstance(properties, dict) else None
    return isinstance(options, dict) and str(options.get("scope")).lower() == "inner"


def names(tree: Any, scope: Scope) -> None:
    """The functions of an expression exist, and so do the parameters and variables that it names."""
    if isinstance(tree, Path):
        names(tree.base, scope)
        names(tree.key, scope)
    elif isinstance(tree, Call):
        name = tree.name.lower()
        if name not in KNOWN and name not in FUNCTIONS and name not in scope.functions:
            raise ExpressionError(
                f"there is no function {tree.name}", nearest(tree.name, KNOWN.values(), "a function of the reference")
            )
        first = tree.arguments[0] if len(tree.arguments) == 1 else None
        if name in ("parameters", "variables") and isinstance(first, str):
            declared = getattr(scope, name)
            if first.lower() not in declared:
                near = nearest(first, declared, f"a {name[:-1]} that it declares")
                raise ExpressionError(f"the template declares no such {name[:-1]}: {first}", near)
        for each in tree.arguments:
            names(each, scope)
