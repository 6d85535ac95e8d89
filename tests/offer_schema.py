"""The members of templates, parameters files and the resources of an offer, as published, and what is wrong with those in a file.

https://learn.microsoft.com/azure/templates/microsoft.managedservices/registrationdefinitions
https://learn.microsoft.com/azure/templates/microsoft.managedservices/registrationassignments
https://learn.microsoft.com/azure/azure-resource-manager/templates/syntax
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple

from arm_template import Node, nearest
from offer_file import INVISIBLE, Members, character, shown


class Finding(NamedTuple):
    """`where` ("file: $.path"), what was found, what to write; `refused` when Azure does not take it."""

    where: str
    found: str
    write: str
    refused: bool = True


Findings = Iterator[Finding]


def doubt(node: Node, found: str, write: str) -> Finding:
    """What Azure takes, or what nobody here can judge: the reader has to look."""
    return Finding(node.where, found, write, refused=False)


@dataclass(frozen=True)
class Member:
    """One member: its kind, the members of what it holds, and what is lost without it."""

    kind: str = "string"
    of: dict[str, Member] | None = None
    required: bool = False
    without: str = ""  # advice where it is missing
    may_be_empty: bool = False
    useless: str = ""  # why it has no business here, though Azure may take it


TEXT, ANY, OBJECT, ARRAY = Member(), Member("any"), Member("object"), Member("array")
NUMBER, BOOL = Member("number"), Member("boolean")
REQUIRED = Member(required=True)
READ_ONLY = Member("any", useless="is filled by Azure, and only read")
NAME = Member(without="the customer is shown a bare ID in its place")

APPROVER = {"principalId": REQUIRED, "principalIdDisplayName": NAME}
POLICY = {
    "multiFactorAuthProvider": REQUIRED,
    "maximumActivationDuration": Member(without="8 hours, the default, is what an activation lasts"),
    "managedByTenantApprovers": Member("array", APPROVER),
}
AUTHORIZATION = {
    "principalId": REQUIRED,
    "principalIdDisplayName": NAME,
    "roleDefinitionId": REQUIRED,
    "delegatedRoleDefinitionIds": Member("array", {}),
}
ELIGIBLE = {
    "principalId": REQUIRED,
    "principalIdDisplayName": NAME,
    "roleDefinitionId": REQUIRED,
    "justInTimeAccessPolicy": Member(
        "object", POLICY, without="no second factor is asked for, and an activation lasts 8 hours"
    ),
}
OFFER = {
    "registrationDefinitionName": Member(without="the customer is shown an offer without a name"),
    "description": Member(without="the customer is not told what the offer is"),
    "managedByTenantId": REQUIRED,
    "authorizations": Member("array", AUTHORIZATION, required=True),
    "eligibleAuthorizations": Member("array", ELIGIBLE),
    "managedByTenantName": READ_ONLY,
    "manageeTenantId": READ_ONLY,
    "manageeTenantName": READ_ONLY,
    "provisioningState": READ_ONLY,
}
ASSIGNED = {"registrationDefinitionId": REQUIRED, "provisioningState": READ_ONLY, "registrationDefinition": READ_ONLY}
PLAN = {"name": REQUIRED, "publisher": REQUIRED, "product": REQUIRED, "version": REQUIRED}
LOOP = {"name": REQUIRED, "count": Member("number", required=True), "mode": TEXT, "batchSize": NUMBER}
RESOURCE = {
    "type": REQUIRED,
    "apiVersion": REQUIRED,
    "name": REQUIRED,
    "dependsOn": Member("array", {}),
    "condition": BOOL,
    "copy": Member("object", LOOP),
    "comments": TEXT,
    "metadata": OBJECT,
    "scope": TEXT,
}
ELSEWHERE = Member("any", useless="means nothing for this type of resource")
OTHER_TYPES = ("location", "tags", "sku", "kind", "identity", "zones", "managedBy", "extendedLocation", "resources")
FOREIGN = {**dict.fromkeys(OTHER_TYPES, ELSEWHERE), "id": READ_ONLY, "systemData": READ_ONLY, "etag": READ_ONLY}
DEFINITION = {
    **RESOURCE,
    "properties": Member("object", OFFER, required=True),
    "plan": Member("object", PLAN),
    **FOREIGN,
}
ASSIGNMENT = {**RESOURCE, "properties": Member("object", ASSIGNED, required=True), "plan": ELSEWHERE, **FOREIGN}
DEPLOYMENT = {
    **RESOURCE,
    **dict.fromkeys(("resourceGroup", "subscriptionId"), TEXT),
    **dict.fromkeys(("location", "tags"), ANY),
    "name": Member("any", required=True),
    "properties": Member(
        "object",
        {
            "mode": REQUIRED,
            "template": OBJECT,
            "templateLink": OBJECT,
            "parameters": OBJECT,
            "parametersLink": OBJECT,
            "expressionEvaluationOptions": Member("object", {"scope": REQUIRED}),
            **dict.fromkeys(("debugSetting", "onErrorDeployment", "extensionConfigs"), OBJECT),
            "validationLevel": TEXT,
        },
        required=True,
    ),
}
LIMITS = dict.fromkeys(("minValue", "maxValue", "minLength", "maxLength"), NUMBER)
# since languageVersion 2.0
TYPED = {
    **dict.fromkeys(("items", "properties", "discriminator"), OBJECT),
    **dict.fromkeys(("prefixItems",), ARRAY),
    "nullable": BOOL,
    "sealed": BOOL,
    "additionalProperties": ANY,
    "$ref": TEXT,
}
PARAMETER = {"type": REQUIRED, "defaultValue": ANY, "allowedValues": ARRAY, "metadata": OBJECT, **LIMITS, **TYPED}
OUTPUT = {"type": REQUIRED, "value": ANY, "condition": BOOL, "copy": OBJECT, "metadata": OBJECT, **LIMITS, **TYPED}
FUNCTION = {
    "parameters": ARRAY,
    "output": Member("object", {"type": REQUIRED, "value": Member("any", required=True), **TYPED}),
}
SPACE = {"namespace": REQUIRED, "members": OBJECT}
TEMPLATE = {
    "$schema": REQUIRED,
    "contentVersion": REQUIRED,
    "apiProfile": TEXT,
    "languageVersion": TEXT,
    "definitions": OBJECT,
    "metadata": OBJECT,
    "parameters": OBJECT,
    "functions": Member("array", SPACE),
    "variables": OBJECT,
    "resources": Member("any", required=True, may_be_empty=True),
    "outputs": OBJECT,
    **dict.fromkeys(("imports", "extensions"), OBJECT),
}
PARAMETERS = {
    "$schema": REQUIRED,
    "contentVersion": REQUIRED,
    "metadata": OBJECT,
    "parameters": Member("object", required=True, may_be_empty=True),
}
GIVEN = {"value": ANY, "reference": OBJECT, "metadata": OBJECT, "expression": TEXT}
EVERYWHERE = {
    name for level in (OFFER, AUTHORIZATION, ELIGIBLE, POLICY, ASSIGNED, RESOURCE, PLAN, TEMPLATE) for name in level
}
KINDS: dict[str, Any] = {"string": str, "array": list, "object": dict, "boolean": bool, "number": (int, float)}
TYPES = {
    "string": str,
    "securestring": str,
    "int": int,
    "bool": bool,
    "object": dict,
    "secureobject": dict,
    "array": list,
}
KIND_WORDS = {
    "string": "text",
    "array": "an array, […]",
    "object": "an object, {…}",
    "boolean": "true or false",
    "number": "a number",
}


def members(node: Node, known: dict[str, Member]) -> Findings:
    """What is wrong with an object whose `known` members are published, and with all below it."""
    if not node.known:
        yield not_judged(node)
        return
    if not isinstance(node.value, dict):
        yield wrong_kind(node, "object")
        return
    spelling = {name.lower(): name for name in known}
    for name in node.members():
        published = spelling.get(name.lower())
        if published is None:
            yield Finding(f"{node.where}.{shown(name)}", f"{shown(name)} is not known here", instead(name, known))
            continue
        each, member = node[name], known[published]
        if name != published:
            yield doubt(each, f"{name}: Azure reads names in any case, other programs do not", published)
        if member.useless:
            yield doubt(each, f"{published} {member.useless}", "nothing: delete it")
        else:
            yield from value(each, member)
    given = {name.lower() for name in node.members()}
    for name, member in known.items():
        if name.lower() not in given and member.required:
            yield Finding(f"{node.where}.{name}", f"{name} is missing", f"{name}: it is required")
        elif name.lower() not in given and member.without:
            yield Finding(f"{node.where}.{name}", f"{name} is missing: {member.without}", name, refused=False)


def instead(name: str, known: dict[str, Member]) -> str:
    """What to write for a member that is not published here."""
    clean = "".join(sign for sign in name if sign not in INVISIBLE and sign.isprintable()).strip()
    near = nearest(clean, known, "")
    if near:
        return near
    other = next((each for each in EVERYWHERE if each.lower() == clean.lower()), "")
    return (
        f"{other} where it belongs: not here"
        if other
        else f"nothing, or one of {', '.join(n for n, m in known.items() if not m.useless)}"
    )


def value(node: Node, member: Member) -> Findings:
    """What is wrong with the value of one member."""
    if not node.known:
        if member.kind != "any":  # what may be anything is not looked at
            yield not_judged(node)
    elif node.value is None:
        if member.kind != "any" and (member.required or not node.via):  # null as a template computes it is meant
            found = f"null: {'it is required' if member.required else 'as if it were not written'}"
            yield Finding(node.where, found, KIND_WORDS[member.kind], refused=member.required)
    elif member.kind != "any" and not fits(node.value, KINDS[member.kind]):
        yield wrong_kind(node, member.kind)
    elif (
        node.value in ("", []) and not member.may_be_empty and (member.required or member.kind == "string" or member.of)
    ):
        write = "a value: it is required" if member.required else "a value, or delete it"
        yield Finding(node.where, f"{shown(node.value) or 'empty text'}: empty", write, refused=member.required)
    elif member.kind == "object" and member.of:
        yield from members(node, member.of)
    elif member.kind == "array" and member.of is not None:
        for each in node:
            yield from members(each, member.of) if member.of else value(each, REQUIRED)


def fits(found: Any, kind: Any) -> bool:
    """Whether a value is of a kind; true and false are no numbers."""
    return isinstance(found, kind) and (isinstance(found, bool) == (kind is bool))


def wrong_kind(node: Node, kind: str) -> Finding:
    return Finding(node.where, f"{shown(node.value)[:60]} is not {KIND_WORDS[kind]}", KIND_WORDS[kind])


def not_judged(node: Node) -> Finding:
    via = f"{shown(node.via)[:80]}: " if node.via else ""
    write = (
        "its value in a parameters file" if "is given no value" in node.unknown else "plain values, to have them judged"
    )
    return doubt(node, f"not judged, {via}{node.unknown}", write)


def doubled(value: Any, where: str) -> Findings:
    """Names that stand twice in one object, anywhere in a file: one hides the other."""
    if isinstance(value, Members):
        for name in value.doubled:
            yield Finding(
                f"{where}.{shown(name)}",
                f"{shown(name)} stands twice in one object",
                "one of them, and delete the other",
            )
    if isinstance(value, (dict, list)):
        for key, each in value.items() if isinstance(value, dict) else enumerate(value):
            yield from doubled(each, f"{where}[{key}]" if isinstance(key, int) else f"{where}.{shown(key)}")


def unseen(node: Node) -> Findings:
    """Characters that nobody sees, and that make a name look like another."""
    if isinstance(node.value, str):
        for sign in dict.fromkeys(sign for sign in node.value if sign in INVISIBLE):
            yield doubt(node, f"{shown(node.value)[:60]} holds {character(sign)}, which nobody sees", "it without that")


# --- parameters and their values ---


def parameter_values(template: Node, given: dict[str, Node] | None, where: str) -> Findings:
    """Declared parameters, and the values that a file or a nested deployment gives them."""
    declared = template["parameters"]
    names = {name.lower(): name for name in declared.members()}
    for name, each in (given or {}).items():
        if name not in names:
            near = nearest(name, names.values(), "")
            yield Finding(
                each.where, f"the template declares no parameter {name}", near or "nothing: delete it, or declare it"
            )
    for name in declared.members():
        each = declared[name]
        yield from members(each, PARAMETER)
        kind = str(each["type"].value).lower()
        if isinstance(each["type"].value, str) and kind not in TYPES:
            yield Finding(
                f"{each.where}.type",
                f'"{shown(each["type"].value)}" is no type',
                nearest(kind, TYPES, ", ".join(TYPES)),
            )
        default = each["defaultValue"]
        chosen = (given or {}).get(name.lower(), default)
        for one in (default, chosen) if chosen is not default else (default,):
            yield from fitting(one, each, kind)


def fitting(node: Node, declared: Node, kind: str) -> Findings:
    """Whether a value is of the declared type and within its limits."""
    if (
        node.absent
        or not node.known
        or kind not in TYPES
        or (node.value is None and declared["nullable"].value is True)
    ):
        return
    if not fits(node.value, TYPES[kind]):
        yield Finding(
            node.where,
            f"{shown(node.value)[:60]} is no {kind}",
            f"a value of the type {kind}, as the template declares",
        )
        return
    allowed = declared["allowedValues"]
    if isinstance(allowed.value, list) and isinstance(node.value, str):
        values = [each.value for each in allowed]
        if node.value.lower() not in [str(each).lower() for each in values]:
            yield Finding(node.where, f"{shown(node.value)} is none of the allowed values", f"one of {shown(values)}")
    size = len(node.value) if isinstance(node.value, (str, list)) else node.value
    for name in LIMITS:
        limit = declared[name].value
        if (
            not fits(limit, (int, float))
            or not fits(size, (int, float))
            or name.endswith("Length") != isinstance(node.value, (str, list))
        ):
            continue
        if size < limit if name.startswith("min") else size > limit:
            yield Finding(node.where, f"{size}, where {name} is {limit}", "a value within the limits")


VERSION = re.compile(r"\d+\.\d+\.\d+\.\d+")


def content_version(node: Node) -> Findings:
    if isinstance(node.value, str) and node.value and not VERSION.fullmatch(node.value):
        yield Finding(node.where, f'"{shown(node.value)}" is not four numbers', '"1.0.0.0"')
