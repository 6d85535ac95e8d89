"""Microsoft.ManagedServices: offers (registration definitions) and delegations (registration assignments).

Paths, fields and status codes follow the published description of 2022-10-01 (spec); the order of fields, 201 for a new resource and 200
with an empty body for a deletion are recorded by Azure CLI's own tests (2019). Refusals carry code and text that users reported, with the
issue beside them; texts marked [modelled] are ours. Who may do what is documented: https://learn.microsoft.com/azure/lighthouse/.
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

from jsonschema import Draft202012Validator
from jsonschema.exceptions import best_match

from .authorization import SCOPE
from .transport import Request, Response
from .world import ServiceError, World

PROVIDER = "/providers/Microsoft.ManagedServices"
ROLE_DATA = json.loads(
    (Path(__file__).parents[1] / "data/roles.json").read_text("utf-8")
)  # published; what it refuses is below
ROLES = {role["id"]: role for role in ROLE_DATA["published"] + ROLE_DATA["special"]}
OWNER, CONTRIBUTOR, ADMINISTRATOR, DELETE = (
    next(id for id, role in ROLES.items() if role["name"] == name)
    for name in (
        "Owner",
        "Contributor",
        "User Access Administrator",
        "Managed Services Registration assignment Delete Role",
    )
)
ID = {"type": "string", "pattern": "^(?=.*[1-9a-fA-F])[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$"}
TEXT, READ_ONLY = {"type": "string"}, {}


def object_of(required: dict, **optional: dict) -> dict:
    """The JSON schema of an object with these members and no other."""
    members = {"type": "object", "properties": {**required, **optional}}
    return {**members, "required": list(required), "additionalProperties": False}


def array_of(items: dict) -> dict:
    return {"type": "array", "items": items}


# Members, types and what is required (spec); that IDs are GUIDs, and how long an activation lasts, is documented.
APPROVER = object_of({"principalId": ID}, principalIdDisplayName=TEXT)
POLICY = object_of(
    {"multiFactorAuthProvider": {"enum": ["Azure", "None"]}},
    maximumActivationDuration=TEXT,
    managedByTenantApprovers={**array_of(APPROVER), "maxItems": 10},
)
AUTHORIZATION = {"principalId": ID, "roleDefinitionId": ID}
OFFER = object_of(
    {
        "managedByTenantId": ID,
        "authorizations": {
            **array_of(object_of(AUTHORIZATION, principalIdDisplayName=TEXT, delegatedRoleDefinitionIds=array_of(ID))),
            "minItems": 1,
        },
    },
    eligibleAuthorizations=array_of(
        object_of(AUTHORIZATION, principalIdDisplayName=TEXT, justInTimeAccessPolicy=POLICY)
    ),
    registrationDefinitionName=TEXT,
    description=TEXT,
    **dict.fromkeys(("managedByTenantName", "manageeTenantId", "manageeTenantName", "provisioningState"), READ_ONLY),
)
DELEGATION = object_of(
    {"registrationDefinitionId": TEXT}, provisioningState=READ_ONLY, registrationDefinition=READ_ONLY
)
INVALID = "InvalidRegistrationDefinitionCreateRequest"
SINCE_2020 = (
    "eligibleAuthorizations",
    "manageeTenantId",
    "manageeTenantName",
)  # not in 2019-06-01 and 2019-09-01 (spec)


def routes(world: World) -> list:
    """Routes for `Arm`: (method, pattern, handler(caller, request, scope, ...))."""

    def listing(caller: dict, request: Request, scope: str) -> Response:
        """Those at the scope and below it (recorded: a subscription lists its resource groups' too)."""
        check_reads(world, caller, scope)
        found = [a for a in world.delegations.values() if covers(scope, a["id"])]
        return Response(200, {"value": [shown(world, a, request) for a in found]})

    def definitions(caller: dict, request: Request, scope: str) -> Response:
        check_reads(world, caller, scope)
        found = [d for d in world.offers.values() if covers(scope, d["id"])]
        return Response(200, {"value": [shown(world, d, request) for d in found]})

    def get(caller: dict, request: Request, scope: str, kind: str, name: str) -> Response:
        check_reads(world, caller, scope)
        found = kept(world, kind).get(request.path.lower())
        if found is None:
            raise ServiceError(404, f"{kind[0].upper()}{kind[1:-1]}NotFound", "[modelled] There is none with this ID.")
        return Response(200, shown(world, found, request))

    def put(caller: dict, request: Request, scope: str, kind: str, name: str) -> Response:
        new = request.path.lower() not in kept(world, kind)
        create = create_offer if kind.lower() == "registrationdefinitions" else delegate
        return Response(201 if new else 200, shown(world, create(world, caller, scope, name, asked(request)), request))

    def delete(caller: dict, request: Request, scope: str, kind: str, name: str) -> Response:
        """200, also for what is not there: 204 (spec). The provider needs the delete role, and can only end delegations."""
        ends = DELETE in delegated_roles(world, caller, scope) and kind.lower() == "registrationassignments"
        if not ends:
            check_owner(world, caller, scope)
        used = [a for a in world.delegations.values() if offer_of(world, a)["id"].lower() == request.path.lower()]
        if used:
            raise ServiceError(409, "Conflict", f"[modelled] This offer is still assigned: {used[0]['id']}")
        return Response(200 if kept(world, kind).pop(request.path.lower(), None) else 204)

    one = rf"{SCOPE}{PROVIDER}/(registrationDefinitions|registrationAssignments)/([^/]+)"
    return [
        ("GET", rf"{SCOPE}{PROVIDER}/registrationAssignments", listing),
        ("GET", rf"{SCOPE}{PROVIDER}/registrationDefinitions", definitions),
        ("GET", one, get),
        ("PUT", one, put),
        ("DELETE", one, delete),
    ]


def asked(request: Request) -> dict:
    return request.json["properties"]


def kept(world: World, kind: str) -> dict[str, dict]:
    return world.offers if kind.lower() == "registrationdefinitions" else world.delegations


# --- the rules ---


def create_offer(world: World, caller: dict, scope: str, name: str, properties: dict[str, Any]) -> dict:
    """The registration definition, new or replaced: the same name again gives new authorizations (documented)."""
    check_owner(world, caller, scope)
    if "/resourceGroups/" in scope:
        # code reported: Azure-Lighthouse-samples issue 31
        raise ServiceError(
            400, "InvalidRegistrationDefinitionUri", "[modelled] A registration definition is made in a subscription."
        )
    properties = shaped("registration definition", OFFER, name, properties)
    id, tenant = f"{scope}{PROVIDER}/registrationDefinitions/{name}", properties["managedByTenantId"]
    if tenant == caller["tid"] or tenant not in world.tenants:
        # reported: azure-docs issue 35016; an unknown tenant gets the same answer (modelled)
        refuse(f"The registration definition '{name}' not allowed to use the '{tenant}' as ManagedByTenantId.")
    old = world.offers.get(id.lower())
    if old and old["properties"]["managedByTenantId"] != tenant:
        # documented: another managing tenant needs another offer name
        refuse(f"[modelled] The registration definition '{name}' is managed by another tenant.")
    for each in properties["authorizations"]:
        check_role(name, each)
    for each in properties.get("eligibleAuthorizations") or []:
        check_eligible(name, each)
    check_policies(name, properties.get("eligibleAuthorizations") or [])
    customer = world.tenants[caller["tid"]]
    read_only = {
        "provisioningState": "Succeeded",
        "manageeTenantId": customer.id,
        "manageeTenantName": customer.name,
        "managedByTenantName": world.tenants[tenant].name,
    }
    made = resource(id, properties | read_only)
    world.offers[id.lower()] = made
    return made


def shaped(kind: str, schema: dict, name: str, properties: Any) -> dict[str, Any]:
    """The properties as published, names in any case; refused when they are not. The texts are [modelled]."""
    properties = spelled(properties, schema)
    wrong = best_match(Draft202012Validator(schema).iter_errors(properties))
    if wrong is not None:
        refuse(f"[modelled] {wrong.json_path} of {kind} '{name}': {wrong.message}")
    if not re.fullmatch(ID["pattern"], str(name)):
        refuse(f"[modelled] The name '{name}' of the {kind} is no GUID.")
    return properties


def spelled(value: Any, schema: dict) -> Any:
    """A value with its members spelt as published, those that are null left out."""
    if isinstance(value, dict) and "properties" in schema:
        known = {name.lower(): name for name in schema["properties"]}
        named = {known.get(name.lower(), name): each for name, each in value.items() if each is not None}
        return {name: spelled(each, schema["properties"].get(name, {})) for name, each in named.items()}
    if isinstance(value, list) and "items" in schema:
        return [spelled(each, schema["items"]) for each in value]
    return value


def check_role(name: str, authorization: dict[str, Any]) -> None:
    """A built-in role that Azure Lighthouse supports; User Access Administrator with the list of what it may assign (documented)."""
    role = authorization["roleDefinitionId"].lower()
    known = ROLES.get(role)
    if known is None:
        refuse(f"[modelled] The role definition '{role}' is not a built-in role.")
    if known["dataActions"]:
        # reported: Azure-Lighthouse-samples issue 137; its code is modelled
        why = "Only built in role definitions without any data and notData actions are allowed."
        refuse(
            f"The role definition '{role}' with data actions not allowed for registration definition '{name}'. {why}"
        )
    if role == OWNER or known.get("forbidden"):
        # reported in part: azure-docs issue 52919
        refuse(f"The role definition '{role}' is restricted for registration definition '{name}'.")
    listed = [each.lower() for each in authorization.get("delegatedRoleDefinitionIds") or []]
    if role == ADMINISTRATOR and not listed:
        refuse(f"[modelled] The role definition '{role}' needs delegatedRoleDefinitionIds.")
    for each in listed:
        if each in (OWNER, ADMINISTRATOR) or ROLES.get(each, {}).get("forbidden"):
            refuse(f"[modelled] The role definition '{each}' is restricted for delegatedRoleDefinitionIds.")


def check_eligible(name: str, eligible: dict[str, Any]) -> None:
    """Documented of eligible authorizations: which role, and for how long; the texts are [modelled] but one."""
    role = eligible["roleDefinitionId"].lower()
    if role in (OWNER, ADMINISTRATOR):
        # reported: azure-docs issue 80795
        text = "is restricted for eligible authorization in registration definition"
        refuse(f"The role definition '{role}' {text} '{name}'.")
    check_role(name, eligible)
    lasts = eligible.get("justInTimeAccessPolicy", {}).get("maximumActivationDuration", "PT8H")
    time = re.fullmatch(r"PT(?=\d)(?:(\d{1,3})H)?(?:(\d{1,3})M)?", lasts)
    if time is None or not 30 <= 60 * int(time[1] or 0) + int(time[2] or 0) <= 480:
        refuse("[modelled] An activation lasts from 30 minutes to 8 hours.")


def check_policies(name: str, eligible: list[dict[str, Any]]) -> None:
    """Eligible authorizations of one role have the same access policy (documented)."""
    first: dict[str, Any] = {}
    for each in eligible:
        policy = each.get("justInTimeAccessPolicy")
        if first.setdefault(each["roleDefinitionId"].lower(), policy) != policy:
            refuse(f"[modelled] The eligible authorizations of one role in '{name}' have different access policies.")


def delegate(world: World, caller: dict, scope: str, name: str, properties: dict[str, Any]) -> dict:
    """The registration assignment of an offer of the same subscription at `scope`; one of an offer name at a scope."""
    check_owner(world, caller, scope)
    properties = shaped("registration assignment", DELEGATION, name, properties)
    id = f"{scope}{PROVIDER}/registrationAssignments/{name}"
    made = resource(id, properties | {"provisioningState": "Succeeded"})
    offer = world.offers.get(properties["registrationDefinitionId"].lower())
    if offer is None or not covers("/".join(scope.split("/")[:3]), offer["id"]):
        raise ServiceError(400, "InvalidRegistrationAssignment", "[modelled] The offer is not in this subscription.")
    for other in world.delegations.values():
        twin = offer_of(world, other)
        same = offer_name(twin) == offer_name(offer) and other["id"].rpartition(PROVIDER)[0] == scope
        if same and other["id"].lower() != made["id"].lower():
            # text reported: Azure-Lighthouse-samples issue 85; code modelled
            text = f"Another registration assignment present at this scope '{scope}' for registration definition '{twin['id']}'."
            raise ServiceError(409, "Conflict", f"{text} Multiple registration assignments are not allowed.")
    world.delegations[made["id"].lower()] = made
    return made


def refuse(text: str) -> None:
    raise ServiceError(400, INVALID, text)


def offer_of(world: World, delegation: dict) -> dict:
    return world.offers[delegation["properties"]["registrationDefinitionId"].lower()]


def offer_name(offer: dict) -> str:
    return offer["properties"].get("registrationDefinitionName", offer["id"])


def resource(id: str, properties: dict) -> dict:
    kind, name = id.split("/")[-2:]
    return {"properties": properties, "id": id, "type": f"Microsoft.ManagedServices/{kind}", "name": name}


def shown(world: World, body: dict, request: Request) -> dict:
    """A resource as the request's api-version shows it, with its offer when `$expandRegistrationDefinition` asks (spec)."""
    properties = dict(body["properties"])
    if request.query["api-version"] < "2020":
        properties = {key: value for key, value in properties.items() if key not in SINCE_2020}
    if (
        body["type"].endswith("Assignments")
        and request.query.get("$expandRegistrationDefinition", "").lower() == "true"
    ):
        properties["registrationDefinition"] = shown(world, offer_of(world, body), request)
    return body | {"properties": properties}


# --- who may do what ---


def covers(scope: str, id: str) -> bool:
    """Whether a resource ID or scope is at or below `scope`."""
    return f"{id}/".lower().startswith(f"{scope}/".lower())


def held_roles(world: World, caller: dict, scope: str) -> set[str]:
    """IDs of the roles that the caller holds in their own tenant at `scope` or above."""
    if scope.split("/")[2] not in world.tenants[caller["tid"]].subscriptions:
        return set()
    held = [a for a in world.role_assignments if a.principal_id == caller["oid"] and covers(a.scope, scope)]
    return {a.role_definition_id.rpartition("/")[2] for a in held}


def delegated_roles(world: World, caller: dict, scope: str, below: bool = False) -> set[str]:
    """IDs of the permanent roles that the caller, or a group they are in, has through Azure Lighthouse at `scope` or above.

    `below` also counts what is delegated inside the scope, such as one resource group of a subscription.
    """
    who = {caller["oid"]} | {group for group, members in world.groups.items() if caller["oid"] in members}
    roles = set()
    for delegation in world.delegations.values():
        at, offer = delegation["id"].rpartition(PROVIDER)[0], offer_of(world, delegation)["properties"]
        if offer["managedByTenantId"] == caller["tid"] and (covers(at, scope) or (below and covers(scope, at))):
            roles |= {a["roleDefinitionId"].lower() for a in offer["authorizations"] if a["principalId"] in who}
    return roles


def reads(world: World, caller: dict, scope: str) -> bool:
    """People of the customer's tenant see everything here; who comes through Lighthouse needs a role with Reader in it."""
    if scope.split("/")[2] in world.tenants[caller["tid"]].subscriptions and caller["idtyp"] == "user":
        return True
    roles = held_roles(world, caller, scope) | delegated_roles(world, caller, scope, below=True)
    return any(ROLES[role].get("reads") for role in roles)


def check_reads(world: World, caller: dict, scope: str) -> None:
    if not reads(world, caller, scope):
        raise ServiceError(403, "AuthorizationFailed", f"[modelled] {caller['oid']} may not read at '{scope}'.")


def check_owner(world: World, caller: dict, scope: str) -> None:
    """Who delegates, or ends a delegation, must be able to assign roles there: Owner, for example (documented)."""
    if OWNER not in held_roles(world, caller, scope):
        # reported: Azure-Lighthouse-samples issue 39; text in a public log of the Terraform provider
        text = "The requested user doesn't have sufficient privileges to perform the operation."
        raise ServiceError(403, "InsufficientPrivilegesForManagedServiceResource", text)


# --- what each tenant's subscription list shows ---


def managed_by(world: World, subscription: str) -> list[dict]:
    """`managedByTenants` of a subscription (spec)."""
    scope = f"/subscriptions/{subscription}"
    here = [offer_of(world, d) for d in world.delegations.values() if covers(scope, d["id"])]
    return [{"tenantId": tenant} for tenant in dict.fromkeys(o["properties"]["managedByTenantId"] for o in here)]


def delegated_subscriptions(world: World, caller: dict) -> list[dict]:
    """Customers' subscriptions that the caller sees from their own tenant.

    `tenantId` is the customer's tenant: Azure CLI shows it as homeTenantId and puts its own over it (its source code).
    """
    ids = dict.fromkeys(re.match(r"/subscriptions/([^/]+)", d["id"])[1] for d in world.delegations.values())
    return [
        {
            "id": f"/subscriptions/{id}",
            "subscriptionId": id,
            "tenantId": tenant.id,
            "displayName": tenant.subscriptions[id],
            "state": "Enabled",
            "managedByTenants": managed_by(world, id),
        }
        for tenant in world.tenants.values()
        for id in ids
        if id in tenant.subscriptions and tenant.id != caller["tid"] and reads(world, caller, f"/subscriptions/{id}")
    ]
