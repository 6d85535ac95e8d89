"""What the template around an offer must keep, so that Azure deploys it and it delegates something."""

from __future__ import annotations

import re
from collections import defaultdict

from arm_resources import DEPLOYMENTS, POLICIES, Deployed, Resource
from arm_template import Node, nearest
from offer_file import shown
from offer_rules import GUID, Offer, published_version, text
from offer_schema import (
    ASSIGNMENT,
    DEPLOYMENT,
    OUTPUT,
    TEMPLATE,
    Finding,
    Findings,
    content_version,
    doubt,
    members,
    parameter_values,
)

OFFERS, DELEGATIONS = (
    "microsoft.managedservices/registrationdefinitions",
    "microsoft.managedservices/registrationassignments",
)
TYPES = ("Microsoft.ManagedServices/registrationDefinitions", "Microsoft.ManagedServices/registrationAssignments")
HOST = "https://schema.management.azure.com/schemas"
SCHEMA = re.compile(
    rf"{HOST.replace('https', 'https?')}/20\d\d-\d\d-\d\d(-preview)?/(\w*deploymentTemplate)\.json#?", re.I
)
GOOD_SCHEMA = f"{HOST}/2018-05-01/subscriptionDeploymentTemplate.json#"
LEVELS = {"tenantdeploymenttemplate": "tenant", "managementgroupdeploymenttemplate": "managementGroup"}
OFFER_ID = re.compile(
    r"/subscriptions/[^/]+/providers/Microsoft\.ManagedServices/registrationDefinitions/([^/]+)", re.I
)
LIMITS = {"parameters": 256, "outputs": 64, "resources": 800}


def kind_of(template: Node) -> str:
    """deploymentTemplate and the like, from its $schema, in lower case; nothing for what is none."""
    found = SCHEMA.fullmatch(str(template["$schema"].value))
    return found[2].lower() if found else ""


def level_of(template: Node) -> str:
    """Where a template is taken to be deployed; an offer is only ever made at a subscription."""
    return LEVELS.get(kind_of(template), "subscription")


class File:
    """A template with all that it deploys, and the values it was given."""

    def __init__(self, template: Node, deployed: Deployed, values: dict[str, Node] | None):
        self.template, self.deployed, self.values = template, deployed, values
        self.offers = [Offer(each) for each in deployed.resources if each.kind == OFFERS]
        self.delegations = [each for each in deployed.resources if each.kind == DELEGATIONS]
        self.linked = [
            each
            for each in deployed.resources
            if each.kind == DEPLOYMENTS and not each.node["properties"]["templateLink"].absent
        ]


def templates(file: File) -> Findings:
    """A template has a schema and a version, and only published members; so has each that is nested.

    https://learn.microsoft.com/azure/azure-resource-manager/templates/syntax
    """
    given = {inner.where: values for inner, values, _ in file.deployed.given}
    for template in file.deployed.templates.values():
        top = template.where == file.template.where
        yield from members(template, TEMPLATE)
        yield from content_version(template["contentVersion"])
        schema = template["$schema"]
        if isinstance(schema.value, str) and schema.value and not kind_of(template):
            yield Finding(
                schema.where, f'"{shown(schema.value)}" is no schema of a template', f'"{GOOD_SCHEMA}"', refused=top
            )
        if not isinstance(template["resources"].value, (list, dict)) and not template["resources"].absent:
            yield Finding(f"{template.where}.resources", "neither an array nor an object", "an array of resources")
        for name, most in LIMITS.items():
            held = template[name].value
            if isinstance(held, (list, dict)) and len(held) > most:
                yield Finding(f"{template.where}.{name}", f"{len(held)} {name}", f"{most} at most")
        for output in template["outputs"]:
            yield from members(output, OUTPUT)
            if isinstance(output.value, dict) and output["value"].absent and output["copy"].absent:
                yield Finding(f"{output.where}.value", "an output without a value", "value: it is required")
        if top or template.where in given:
            yield from parameter_values(template, file.values if top else given[template.where], template.where)
    for inner, values, where in file.deployed.given:
        for name, held in inner.scope.parameters.items() if inner.scope.escaped is None else ():
            if held is None and name not in values:
                yield Finding(
                    where,
                    f"the nested template's parameter {name} is given no value",
                    f"{name} here, or a defaultValue there",
                )


def known_types(file: File) -> Findings:
    """A resource is an offer, a delegation, a nested deployment or the policy that deploys one; others are not judged.

    https://learn.microsoft.com/azure/templates/microsoft.managedservices/registrationassignments
    """
    for each in file.deployed.resources:
        node, kind = each.node, each.node["type"]
        if each.kind == OFFERS:
            continue
        if each.kind == DELEGATIONS:
            yield from members(node, ASSIGNMENT)
            yield from published_version(node["apiVersion"])
        elif each.kind == DEPLOYMENTS:
            yield from deployment(node)
        elif not isinstance(node.value, dict):
            yield Finding(
                node.where,
                f"{shown(node.value)[:60]} is no resource",
                "an object with type, apiVersion, name and properties",
            )
        elif not isinstance(kind.value, str) or not kind.value:
            found = f"not judged, its type: {kind.unknown}" if not kind.known else "a resource without a type"
            yield Finding(f"{node.where}.type", found, f'"{TYPES[0]}" or another type', refused=kind.known)
        elif (
            near := nearest(kind.value, TYPES, "")
            if "managedservices" in each.kind or "registration" in each.kind
            else ""
        ):
            yield Finding(kind.where, f'"{shown(kind.value)}" is no type of resource', near)
        elif each.kind != POLICIES:
            yield doubt(
                kind, f"not judged, a resource of another type: {shown(kind.value)}", "it in a template of its own"
            )


def deployment(node: Node) -> Findings:
    """A nested deployment: its members, and whether its template can be read."""
    yield from members(node, DEPLOYMENT)
    properties = node["properties"]
    link = properties["templateLink"]
    if not link.absent:
        address = next((link[name].value for name in ("relativePath", "uri", "id") if link[name].value), "another file")
        yield doubt(link, f"not judged, a linked template: {shown(address)}", "check that file by itself")
    elif properties["template"].absent and properties.known:
        yield Finding(f"{properties.where}.template", "a deployment without a template", "template or templateLink")


def place(file: File) -> Findings:
    """A definition is made at a subscription, also for resource groups.

    https://learn.microsoft.com/azure/lighthouse/how-to/onboard-customer
    """
    kind, top = kind_of(file.template), file.template
    own = [offer for offer in file.offers if not offer.resource.around]
    if own and kind and kind != "subscriptiondeploymenttemplate":
        schema = top["$schema"]
        yield doubt(
            schema, "an offer is made at a subscription, and this schema is for another place", f'"{GOOD_SCHEMA}"'
        )
    for offer in file.offers:
        around = offer.resource.around
        if around and offer.resource.level != "subscription":
            places = {
                "resourceGroup": "a resource group",
                "managementGroup": "a management group",
                "tenant": "a tenant",
            }
            found = f"a definition in {places[offer.resource.level]}"
            yield Finding(
                offer.node.where, found, "it in a template for the subscription; only the assignment may be in a group"
            )


def unique_names(file: File) -> Findings:
    """One offer name, one offer: two delegations with one name at one scope are refused, and so are two resources with one name.

    https://learn.microsoft.com/azure/lighthouse/how-to/onboard-customer
    """
    scopes = defaultdict(set)
    for each in file.delegations:
        scopes[named_offer(each)].add(scope_of(each))
    earlier: list[Offer] = []
    for offer in file.offers:
        for other in earlier:
            twin = offer.name == other.name and offer.resource.siblings is other.resource.siblings and bool(offer.name)
            same = offer.offer_name == other.offer_name and isinstance(offer.offer_name, str)
            clash = twin or bool(scopes[offer.name] & scopes[other.name])
            where = f"{offer.properties.where}.registrationDefinitionName" if same else f"{offer.node.where}.name"
            loop = offer.node.where == other.node.where
            if same and (clash or not loop):
                write = "copyIndex() in name and offer name, or no loop" if loop else "an offer name of its own"
                yield Finding(where, f'"{shown(offer.offer_name)}" again', write, refused=clash)
                break
            if twin:
                yield Finding(
                    where, f'the name "{offer.name}" again', "copyIndex() in the name" if loop else "a name of its own"
                )
                break
        earlier.append(offer)
    seen: dict[tuple, Resource] = {}
    for each in file.delegations:
        key = (id(each.siblings), text(each.node["name"]), scope_of(each))
        if key[1] and key in seen:
            yield Finding(
                f"{each.node.where}.name", "an assignment of this name again", "one assignment for each scope"
            )
        seen[key] = each


def named_offer(delegation: Resource) -> str:
    """The name of the definition that an assignment is of, in lower case."""
    return text(delegation.node["properties"]["registrationDefinitionId"]).rstrip("/").rpartition("/")[2]


def scope_of(resource: Resource) -> str:
    """Where a resource is deployed: the subscription, or the group that the nearest deployment names."""
    inside = [
        each.node for each in resource.around if each.kind == DEPLOYMENTS and not each.node["resourceGroup"].absent
    ]
    return text(inside[-1]["resourceGroup"]) if inside else f"{resource.level} {text(resource.node['scope'])}".strip()


def delegates(file: File) -> Findings:
    """Each definition has an assignment, which names it by its resource ID and waits for it.

    https://learn.microsoft.com/azure/lighthouse/how-to/onboard-customer
    """
    names = {offer.name for offer in file.offers}
    sure = all(offer.node["name"].known for offer in file.offers)
    for each in file.delegations:
        id, name = each.node["properties"]["registrationDefinitionId"], each.node["name"]
        if isinstance(name.value, str) and name.value and not GUID.fullmatch(name.value):
            yield Finding(name.where, f'the name "{shown(name.value)}" is no GUID', "[guid('your offer name')]")
        if not isinstance(id.value, str) or not id.value or each.level not in ("subscription", "resourceGroup"):
            continue
        if not OFFER_ID.fullmatch(id.value.rstrip("/")):
            write = f"[subscriptionResourceId('{TYPES[0]}', …)]"
            yield Finding(id.where, f'"{shown(id.value)}" is no ID of a definition in a subscription', write)
        elif named_offer(each) not in names:
            if sure and not file.linked:
                yield doubt(
                    id,
                    "not judged, an offer that is not in this file",
                    "the ID of the definition in this file, or check that offer by itself",
                )
        elif not waits(each):
            yield doubt(each.node, "nothing makes Azure wait for the definition", "its resource ID in dependsOn")
    unclear = any(not each.node["properties"]["registrationDefinitionId"].known for each in file.delegations)
    unclear |= any(
        "managedservices" in each.kind and each.kind not in (OFFERS, DELEGATIONS) for each in file.deployed.resources
    )
    assigned = {named_offer(each) for each in file.delegations}
    for offer in file.offers:
        if offer.name not in assigned and not unclear and not file.linked:
            yield doubt(
                offer.node,
                "no assignment of this definition: it adds an offer and delegates nothing",
                f'a resource "{TYPES[1]}"',
            )


def waits(resource: Resource) -> bool:
    """Whether a resource or a deployment around it depends on something."""
    return any(
        not each.node["dependsOn"].absent and each.node["dependsOn"].value != []
        for each in (resource, *resource.around)
    )


def dependencies(file: File) -> Findings:
    """What dependsOn names is a resource of the same template.

    https://learn.microsoft.com/azure/azure-resource-manager/templates/resource-dependency
    """
    for each in file.deployed.resources:
        needed = each.node["dependsOn"]
        for node in needed if isinstance(needed.value, list) else ():
            if (
                isinstance(node.value, str)
                and node.value
                and not any(is_named(node.value, other) for other in each.siblings)
            ):
                yield Finding(
                    node.where,
                    f'"{shown(node.value)}" is no resource of this template',
                    "the resource ID, or the name, of one that is",
                )


def is_named(id: str, resource: Resource) -> bool:
    """Whether an entry of dependsOn means a resource, which may be known in part only."""
    name, wanted = text(resource.node["name"]), id.rstrip("/").lower()
    if not resource.node["name"].known or not resource.node["type"].known:
        return True
    loop = resource.node.value.get("copy") if isinstance(resource.node.value, dict) else None
    loop_name = str(loop.get("name")).lower() if isinstance(loop, dict) else ""
    if wanted in (name, resource.symbol.lower(), loop_name):
        return True
    types, names = resource.kind.split("/"), name.split("/")
    full = "/".join([types[0], *(part for pair in zip(types[1:], names, strict=False) for part in pair)])
    return wanted.rpartition("/providers/")[2] in (full, f"{resource.kind}/{name}")


FILE_RULES = (templates, known_types, place, unique_names, delegates, dependencies)


def check_file(file: File) -> Findings:
    """What all rules find in the template around the offers."""
    for rule in FILE_RULES:
        yield from rule(file)
