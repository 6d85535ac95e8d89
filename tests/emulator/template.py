"""What a template deploys: its resources with every expression evaluated, as Azure Resource Manager would.

Syntax and functions follow the published reference (spec), https://learn.microsoft.com/azure/azure-resource-manager/templates/template-functions;
what is refused is documented, its texts are [modelled]. A function that is not here is refused by its name. Nothing of this is shared with
`make check-offer`, which judges the same files: tests/test_two_readers.py compares them.
"""

from __future__ import annotations

import base64
import functools
import hashlib
import json
import re
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from .world import ServiceError

TOKEN = re.compile(r"\s*('(?:[^']|'')*'|-?\d+|[A-Za-z_][\w.]*(?=\s*\()|\.\s*\w+|[()\[\],])\s*")
GUIDS = uuid.UUID(
    "11fb06fb-712d-4ddd-98c7-e71bbd588830"
)  # namespace of guid(), reported; the reference says only "SHA-1"
KINDS = {
    "string": str,
    "securestring": str,
    "int": int,
    "bool": bool,
    "object": dict,
    "secureobject": dict,
    "array": list,
}
LONGEST, MOST_COPIES, MOST_PARAMETERS = 131_072, 800, 256
# Members of each level (spec), those that are required, and the types of the others.
TEMPLATE = {
    "$schema",
    "contentVersion",
    "apiProfile",
    "languageVersion",
    "definitions",
    "metadata",
    "parameters",
    "functions",
}
TEMPLATE |= {"variables", "resources", "outputs"}
RESOURCE = {
    "type",
    "apiVersion",
    "name",
    "properties",
    "dependsOn",
    "condition",
    "copy",
    "comments",
    "metadata",
    "scope",
    "plan",
}
RESOURCE |= {"location", "tags", "resourceGroup", "subscriptionId", "id", "sku", "kind", "identity"}
TYPED = {"type", "metadata", "minValue", "maxValue", "minLength", "maxLength", "nullable", "items", "properties"}
REQUIRED: dict[str, dict] = {
    "template": {"$schema": str, "contentVersion": str, "resources": (list, dict)},
    "resource": {"type": str, "apiVersion": str, "name": str, "properties": dict},
    "parameter": {"type": str},
    "output": {"type": str},
    "plan": dict.fromkeys(("name", "publisher", "product", "version"), str),
}
OPTIONAL: dict[str, dict] = {
    "template": {"parameters": dict, "variables": dict, "outputs": dict, "functions": list, "metadata": dict},
    "resource": {"dependsOn": list, "copy": dict, "plan": (dict, str), "condition": (bool, str)},
}


@dataclass
class Resource:
    """One resource to deploy at `scope`, a subscription or resource group."""

    type: str
    name: str
    scope: str
    properties: dict[str, Any]
    version: str = ""


@dataclass
class Scope:
    """Where expressions are evaluated: values by lower-case name, and the turns of the loops around."""

    id: str  # of the subscription or resource group; empty above both
    tenant: str = ""
    parameters: dict[str, Any] = field(default_factory=dict)
    variables: dict[str, Any] = field(default_factory=dict)  # as they are written
    turns: dict[str, int] = field(default_factory=dict)
    busy: tuple[str, ...] = ()

    @property
    def subscription(self) -> str:
        return "/".join(self.id.split("/")[:3])


@dataclass
class Loop:
    """A variable that a `copy` loop makes."""

    copy: dict


def invalid(text: str) -> ServiceError:
    return ServiceError(400, "InvalidTemplate", f"[modelled] Deployment template validation failed: {text}.")


# --- expressions ---


def value_of(written: Any, scope: Scope) -> Any:
    """A value of a template with all expressions in it evaluated and its `copy` loops unrolled."""
    if isinstance(written, dict):
        loops = written.get("copy")
        made = {
            name: value_of(each, scope)
            for name, each in written.items()
            if name != "copy" or not isinstance(loops, list)
        }
        for loop in loops if isinstance(loops, list) else []:
            turns = [{**scope.turns, loop["name"].lower(): index} for index in range(count_of(loop, scope))]
            made[loop["name"]] = [value_of(loop["input"], Scope(**{**vars(scope), "turns": each})) for each in turns]
        return made
    if isinstance(written, list):
        return [value_of(each, scope) for each in written]
    if not (isinstance(written, str) and written.startswith("[") and written.endswith("]")):
        return written
    return written[1:] if written.startswith("[[") else Expression(written[1:-1], scope).value()


def count_of(loop: dict, scope: Scope) -> int:
    count = value_of(loop.get("count"), scope)
    if not isinstance(count, int) or not 0 <= count <= MOST_COPIES:
        raise invalid(f"a copy loop counts {json.dumps(count)[:60]}, not 0 to {MOST_COPIES}")
    return count


class Expression:
    """One expression, read from left to right while it is evaluated."""

    def __init__(self, text: str, scope: Scope):
        self.text, self.scope, self.tokens, at = text, scope, [], 0
        while at < len(text):
            found = TOKEN.match(text, at)
            if found is None:
                raise invalid(f"the expression '{text[:80]}' cannot be read from '{text[at : at + 20]}' on")
            self.tokens.append(re.sub(r"^\.\s*", ".", found[1]))
            at = found.end()

    def value(self) -> Any:
        value = self.operand(True)
        if self.tokens:
            raise invalid(f"the expression '{self.text[:80]}' goes on after its end")
        return value

    def next(self, wanted: str = "") -> str:
        token = self.tokens.pop(0) if self.tokens else ""
        if not token or (wanted and token != wanted):
            raise invalid(f"the expression '{self.text[:80]}' lacks '{wanted or 'a value'}'")
        return token

    def operand(self, live: bool) -> Any:
        """The next value; in the branch of if() that is not taken nothing is looked up."""
        token = self.next()
        if token[0] == "'":
            value: Any = token[1:-1].replace("''", "'")
        elif token.lstrip("-").isdigit():
            value = int(token)
        elif self.tokens and self.tokens[0] == "(":
            value = self.function(token.lower(), live)
        else:
            raise invalid(f"the expression '{self.text[:80]}' has '{token}' where a value belongs")
        while self.tokens and (self.tokens[0] == "[" or self.tokens[0][0] == "."):
            token = self.next()
            key = self.operand(live) if token == "[" else token[1:]
            if token == "[":
                self.next("]")
            value = member(value, key) if live else None
        return value

    def function(self, name: str, live: bool) -> Any:
        self.next("(")
        given: list[Any] = []
        while self.tokens and self.tokens[0] != ")":
            if given:
                self.next(",")
            taken = live and (name != "if" or not given or given[0] is (len(given) == 1))
            given.append(self.operand(taken))
        self.next(")")
        return call(name, given, self.scope) if live else None


def member(value: Any, key: Any) -> Any:
    if isinstance(value, dict) and isinstance(key, str):
        for name in value:
            if name.lower() == key.lower():
                return value[name]
    elif isinstance(value, list) and isinstance(key, int) and 0 <= key < len(value):
        return value[key]
    raise invalid(f"the language expression property '{str(key)[:60]}' does not exist")


def call(name: str, given: list, scope: Scope) -> Any:
    """One function of the reference; ServiceError names the one that is not known here, or that does not take its values."""
    function = OF_THE_PLACE.get(name)
    bound = functools.partial(function, scope) if function else PLAIN.get(name)
    if bound is None:
        raise invalid(f"the sandbox does not know the template function '{name}'")
    try:
        value = bound(*given)
    except (TypeError, ValueError, LookupError, AttributeError, ArithmeticError):
        raise invalid(
            f"the template function '{name}' does not take these values: {json.dumps(given, default=str)[1:-1][:80]}"
        ) from None
    if isinstance(value, (str, list)) and len(value) > LONGEST:
        raise invalid(f"the template function '{name}' makes too much")
    return value


def parameter(scope: Scope, name: str) -> Any:
    if name.lower() not in scope.parameters:
        raise invalid(f"the template parameter '{name}' is not found")
    return scope.parameters[name.lower()]


def variable(scope: Scope, name: str) -> Any:
    if name.lower() not in scope.variables:
        raise invalid(f"the template variable '{name}' is not found")
    if name.lower() in scope.busy:
        raise invalid(f"the template variable '{name}' refers to itself")
    written, inside = scope.variables[name.lower()], Scope(**{**vars(scope), "busy": (*scope.busy, name.lower())})
    return (
        value_of({"copy": [written.copy]}, inside)[written.copy["name"]]
        if isinstance(written, Loop)
        else value_of(written, inside)
    )


def copy_index(scope: Scope, name: str | int = "", offset: int = 0) -> int:
    if isinstance(name, int):
        name, offset = "", name
    if name.lower() not in scope.turns:
        raise invalid("the template function 'copyIndex' is not expected here")
    return scope.turns[name.lower()] + offset


def typed(base: str, type: str, *names: str) -> str:
    """A resource ID below `base`: provider, then each part of the type with its name."""
    provider, *kinds = type.strip("/").split("/")
    return "/".join(
        [f"{base}/providers/{provider}", *(f"{kind}/{name}" for kind, name in zip(kinds, names, strict=True))]
    )


def resource_id(scope: Scope, *given: str) -> str:
    """[subscription,] [resource group,] type, names…"""
    at = ["/" in each for each in given].index(True)
    base = scope.id
    if at == 2:
        base = f"/subscriptions/{given[0]}/resourceGroups/{given[1]}"
    elif at == 1:
        base = (
            f"{scope.subscription}/resourceGroups/{given[0]}"
            if "/resourceGroups/" in scope.id
            else f"/subscriptions/{given[0]}"
        )
    return typed(base, *given[at:])


def subscription_resource_id(scope: Scope, *given: str) -> str:
    named = "/" not in given[0]
    return typed(f"/subscriptions/{given[0]}" if named else scope.subscription, *given[named:])


def subscription(scope: Scope) -> dict:
    id = scope.subscription.rpartition("/")[2]
    return {"id": scope.subscription, "subscriptionId": id, "tenantId": scope.tenant, "displayName": id}


OF_THE_PLACE: dict[str, Callable] = {
    "parameters": parameter,
    "variables": variable,
    "copyindex": copy_index,
    "resourceid": resource_id,
    "subscriptionresourceid": subscription_resource_id,
    "tenantresourceid": lambda scope, *given: typed("", *given),
    "extensionresourceid": lambda scope, base, *given: typed(base, *given),
    "subscription": subscription,
    "tenant": lambda scope: {"tenantId": scope.tenant},
    "resourcegroup": lambda scope: {"id": scope.id, "name": scope.id.split("/resourceGroups/")[1]},
    "deployment": lambda scope: {"name": "deployment", "location": "westeurope", "properties": {}},
}


def concat(*given: Any) -> Any:
    if given and isinstance(given[0], list):
        return [each for values in given for each in list_of(values)]
    if any(isinstance(each, (list, dict)) for each in given):
        raise TypeError
    return "".join(text_of(each) for each in given)


def list_of(value: Any) -> list:
    if not isinstance(value, list):
        raise TypeError
    return value


def text_of(value: Any) -> str:
    return (
        value
        if isinstance(value, str)
        else str(value)
        if isinstance(value, bool)
        else json.dumps(value, separators=(",", ":"))
    )


def formatted(pattern: str, *values: Any) -> str:
    return re.sub(r"\{(\d+)\}", lambda found: text_of(values[int(found[1])]), pattern)


def unique_string(*given: str) -> str:
    """13 characters that depend on what is given (spec); which ones is modelled."""
    return base64.b32encode(hashlib.sha256("-".join(given).encode()).digest()).decode().lower()[:13]


def joined(*given: Any) -> Any:
    """union(): objects member by member, arrays without what they hold already."""
    if isinstance(given[0], dict):
        return {name: value for each in given for name, value in each.items()}
    return functools.reduce(lambda kept, each: kept if each in kept else [*kept, each], concat(*given), [])


def contains(value: Any, wanted: Any) -> bool:
    return wanted.lower() in (name.lower() for name in value) if isinstance(value, dict) else wanted in value


def branch(asked: Any, yes: Any, no: Any) -> Any:
    if not isinstance(asked, bool):
        raise TypeError
    return yes if asked else no


PLAIN: dict[str, Callable] = {
    "and": lambda *each: all(each),
    "array": lambda value: value if isinstance(value, list) else [value],
    "base64": lambda value: base64.b64encode(value.encode()).decode(),
    "bool": lambda value: {"true": True, "false": False, "1": True, "0": False}[str(value).lower()],
    "coalesce": lambda *each: next((value for value in each if value is not None), None),
    "concat": concat,
    "contains": contains,
    "createarray": lambda *each: list(each),
    "createobject": lambda *each: dict(zip(each[::2], each[1::2], strict=True)),
    "add": lambda one, other: one + other,
    "sub": lambda one, other: one - other,
    "mul": lambda one, other: one * other,
    "div": lambda one, other: int(one / other),
    "mod": lambda one, other: one % other,
    "empty": lambda value: value is None or len(value) == 0,
    "endswith": lambda value, end: value.lower().endswith(end.lower()),
    "equals": lambda one, other: one == other,
    "false": lambda: False,
    "first": lambda value: value[0] if isinstance(value, list) else value[:1],
    "flatten": lambda value: concat(*value),
    "format": formatted,
    "greater": lambda one, other: one > other,
    "greaterorequals": lambda one, other: one >= other,
    "guid": lambda *parts: str(uuid.uuid5(GUIDS, "-".join(text_of(part) for part in parts))),
    "if": branch,
    "indexof": lambda value, wanted: value.lower().find(wanted.lower()),
    "int": int,
    "intersection": lambda one, *others: [each for each in list_of(one) if all(each in other for other in others)],
    "items": lambda value: [{"key": name, "value": value[name]} for name in sorted(value)],
    "join": lambda values, between: between.join(map(text_of, values)),
    "json": json.loads,
    "last": lambda value: value[-1] if isinstance(value, list) else value[-1:],
    "length": len,
    "less": lambda one, other: one < other,
    "lessorequals": lambda one, other: one <= other,
    "max": lambda *each: max(each[0] if isinstance(each[0], list) else each),
    "min": lambda *each: min(each[0] if isinstance(each[0], list) else each),
    "newguid": lambda: str(uuid.uuid4()),
    "not": lambda value: not value,
    "null": lambda: None,
    "objectkeys": sorted,
    "or": lambda *each: any(each),
    "padleft": lambda value, width, sign=" ": text_of(value).rjust(min(width, LONGEST + 1), sign),
    "range": lambda start, count: list(range(start, start + min(count, LONGEST + 1))),
    "replace": lambda value, old, new: value.replace(old, new),
    "skip": lambda value, count: value[max(count, 0) :],
    "split": lambda value, between: re.split(
        "|".join(map(re.escape, [between] if isinstance(between, str) else between)), value
    ),
    "startswith": lambda value, start: value.lower().startswith(start.lower()),
    "string": text_of,
    "substring": lambda value, start, length=None: value[start : None if length is None else start + length],
    "take": lambda value, count: value[: max(count, 0)],
    "tolower": lambda value: value.lower(),
    "toupper": lambda value: value.upper(),
    "trim": lambda value: value.strip(),
    "true": lambda: True,
    "union": joined,
    "uniquestring": unique_string,
}


# --- templates ---


def deployed(
    template: dict, parameters: dict, subscription: str, tenant: str = ""
) -> tuple[list[Resource], dict[str, Any]]:
    """The resources of a subscription's deployment and its outputs.

    `parameters` maps names to {"value": …}. ServiceError 400 for what Azure refuses before it deploys anything.
    """
    place = Scope(f"/subscriptions/{subscription}" if subscription else "", tenant)
    template = spelled(template, TEMPLATE)
    try:
        scope = opened(template, {name: each["value"] for name, each in parameters.items()}, place)
        resources = list(instances(template, scope, scope.id))
        return resources, outputs_of(template, scope)
    except RecursionError:
        raise invalid("it is nested too deeply") from None
    except (TypeError, AttributeError, KeyError, ValueError) as error:
        raise invalid(f"a part of it has another shape than published ({type(error).__name__}: {error})") from None


def spelled(value: Any, members: set[str], what: str = "template") -> dict:
    """An object with its members spelt as published, in whatever case they are; refused for another member or another kind of value."""
    if not isinstance(value, dict):
        raise invalid(f"{json.dumps(value)[:60]} is no {what}")
    known = {name.lower(): name for name in members}
    for name in value:
        if name.lower() not in known:
            raise invalid(f"could not find member '{name}' on the {what}")
    named = {known[name.lower()]: each for name, each in value.items() if each is not None or what == "output"}
    for name, required in REQUIRED.get(what, {}).items():
        if not isinstance(named.get(name), required):
            raise invalid(f"the {what} lacks '{name}', or it is not of the type published")
    for name, optional in OPTIONAL.get(what, {}).items():
        if name in named and not isinstance(named[name], optional):
            raise invalid(f"'{name}' of the {what} is not of the type published")
    return named


def opened(template: dict, values: dict[str, Any], place: Scope) -> Scope:
    """The scope inside a template: values of its parameters, over defaults."""
    if (
        not re.fullmatch(r"\d+(\.\d+){3}", template["contentVersion"])
        or "deploymenttemplate.json" not in template["$schema"].lower()
    ):
        raise invalid("'contentVersion' or '$schema' is not one of a template")
    if len(template.get("parameters") or {}) > MOST_PARAMETERS:
        raise invalid(f"there are more than {MOST_PARAMETERS} parameters")
    scope = Scope(
        place.id, place.tenant, {}, {name.lower(): each for name, each in named_variables(template.get("variables"))}
    )
    declared = {name.lower(): name for name in template.get("parameters") or {}}
    if strange := [name for name in values if name.lower() not in declared]:
        raise invalid(f"the parameter '{strange[0]}' is given and not declared in the template")
    given = {name.lower(): value for name, value in values.items()}
    for name, written in (template.get("parameters") or {}).items():
        each = spelled(written, {*TYPED, "defaultValue", "allowedValues"}, "parameter")
        if name.lower() not in given and "defaultValue" not in each and not each.get("nullable"):
            raise invalid(f"the parameter {name} is given no value")
        value = given[name.lower()] if name.lower() in given else value_of(each.get("defaultValue"), scope)
        kind = KINDS.get(str(each.get("type")).lower())
        if kind is None or (
            value is not None and (not isinstance(value, kind) or isinstance(value, bool) != (kind is bool))
        ):
            raise invalid(f"the value of the parameter '{name}' is not of the type '{each.get('type')}'")
        length = len(value) if isinstance(value, (str, list)) else 0
        if ("allowedValues" in each and value not in each["allowedValues"]) or not each.get(
            "minLength", 0
        ) <= length <= each.get("maxLength", length):
            raise invalid(f"the value of the parameter '{name}' is none of those allowed")
        scope.parameters[name.lower()] = value
    return scope


def named_variables(variables: dict | None) -> Iterator[tuple[str, Any]]:
    """The variables as they are written; a `copy` among them becomes the ones it makes."""
    for name, each in (variables or {}).items():
        if name == "copy" and isinstance(each, list):
            yield from ((loop["name"], Loop(loop)) for loop in each)
        else:
            yield name, each


def outputs_of(template: dict, scope: Scope) -> dict[str, Any]:
    named = (template.get("outputs") or {}).items()
    written = [(name, spelled(each, {*TYPED, "value", "copy", "condition"}, "output")) for name, each in named]
    for name, each in written:
        if "value" not in each and "copy" not in each:
            raise invalid(f"the output '{name}' has no value")
    asked = [(name, each) for name, each in written if value_of(each.get("condition", True), scope)]
    return {name: {"type": each["type"], "value": value_of(each.get("value"), scope)} for name, each in asked}


def instances(template: dict, scope: Scope, at: str) -> Iterator[Resource]:
    """The resources of a template: copied, those whose condition fails left out, nested deployments entered."""
    listed, seen, needed = template["resources"], set(), []
    for symbol, written in listed.items() if isinstance(listed, dict) else enumerate(listed):
        written = spelled(written, RESOURCE, "resource")
        loop = written.get("copy")
        seen |= {(str(symbol).lower(),), (loop["name"].lower(),) if loop else ()}
        for index in range(count_of(loop, scope)) if loop else [None]:
            turns = scope.turns if index is None else {**scope.turns, "": index, loop["name"].lower(): index}
            here = Scope(**{**vars(scope), "turns": turns})
            if value_of(written.get("condition", True), here) is False:
                continue
            kind, name = value_of(written["type"], here), value_of(written["name"], here)
            if (kind.lower(), str(name).lower()) in seen:
                raise invalid(f"the resource '{kind}/{name}' is defined multiple times in the template")
            seen.add((kind.lower(), str(name).lower()))
            needed += value_of(written.get("dependsOn", []), here)
            if value_of(written.get("plan"), here) is not None:
                spelled(value_of(written["plan"], here), set(REQUIRED["plan"]), "plan")
            if kind.lower() == "microsoft.resources/deployments":
                yield from nested(written, here, at)
            else:
                properties = value_of(written.get("properties", {}), here)
                yield Resource(kind, name, at, properties, str(value_of(written.get("apiVersion"), here)))

    for id in needed:
        if not any(is_named(id, each) for each in seen):
            raise invalid(f"the resource '{id}' is not defined in the template")


def is_named(id: str, resource: tuple[str, ...]) -> bool:
    """Whether an entry of dependsOn is a symbol, a loop, or the name or the ID of a resource."""
    id = id.rstrip("/").lower()
    return (
        id == resource[-1] or (len(resource) == 2 and id.endswith(typed("", *resource).lower())) if resource else False
    )


def nested(written: dict, scope: Scope, at: str) -> Iterator[Resource]:
    """The resources of a nested deployment: its expressions belong to the template around, unless its scope is inner."""
    properties = written["properties"]
    if "templateLink" in properties or "template" not in properties:
        raise invalid(
            f"the sandbox does not read linked templates, as in the deployment '{value_of(written['name'], scope)}'"
        )
    if "subscriptionId" in written:
        at = f"/subscriptions/{value_of(written['subscriptionId'], scope)}"
    if "resourceGroup" in written:
        at = f"{'/'.join(at.split('/')[:3])}/resourceGroups/{value_of(written['resourceGroup'], scope)}"
    inner = str((properties.get("expressionEvaluationOptions") or {}).get("scope")).lower() == "inner"
    if inner:
        given = {name: value_of(each["value"], scope) for name, each in (properties.get("parameters") or {}).items()}
        scope = opened(spelled(properties["template"], TEMPLATE), given, Scope(at, scope.tenant))
    yield from instances(spelled(properties["template"], TEMPLATE), scope, at)
