"""Microsoft.Authorization: roles at subscriptions and resource groups, as far as the pages need them.

Paths, fields and status codes follow the published description of 2022-04-01 (spec). Error codes are those that Azure CLI acts on;
wording marked [modelled] is ours. Everybody who may see a subscription may assign roles in it here; tests take that away by a fault.
"""

from __future__ import annotations

import re

from .transport import Request, Response
from .world import RoleAssignment, ServiceError, World

# The built-in roles that the pages assign: the same ID in every tenant.
ROLES = {"cfd33db0-3dd1-45e3-aa9d-cdbdf3b6f24e": "Support Request Contributor"}
SCOPE = r"(/subscriptions/[^/]+(?:/resourceGroups/[^/]+)?)"
PROVIDER = "/providers/Microsoft.Authorization"


class Authorization:
    """Roles in one world; its handlers get (caller, request, scope, ...)."""

    def __init__(self, world: World):
        self.world = world

    def list_assignments(self, caller: dict, request: Request, scope: str) -> Response:
        check_scope(self.world, caller, scope)
        wanted = request.query.get("$filter", "")
        principal = re.fullmatch(r"principalId eq '([^']+)'", wanted)
        found = [a for a in self.world.role_assignments if a.scope == scope]  # atScope()
        if principal:  # at the scope and below it
            held = [a for a in self.world.role_assignments if a.principal_id == principal[1]]
            found = [a for a in held if f"{a.scope}/".startswith(f"{scope}/")]
        return Response(200, {"value": [assignment_body(a) for a in found]})

    def create(self, caller: dict, request: Request, scope: str, name: str) -> Response:
        check_scope(self.world, caller, scope)
        asked, id = request.json["properties"], f"{scope}{PROVIDER}/roleAssignments/{name}"
        role, principal, kind = asked["roleDefinitionId"], asked["principalId"], asked.get("principalType", "User")
        new = RoleAssignment(id, scope, role, principal, kind, self.world.now(), caller["oid"])
        if new.role_definition_id.rpartition("/")[2] not in ROLES:
            raise ServiceError(400, "RoleDefinitionDoesNotExist", "[modelled] There is no such role.")
        if new.principal_id not in principals(self.world, caller["tid"]):
            raise ServiceError(400, "PrincipalNotFound", "[modelled] The principal does not exist in the directory.")
        if any(same_grant(new, old) for old in self.world.role_assignments):
            raise ServiceError(409, "RoleAssignmentExists", "The role assignment already exists.")
        self.world.role_assignments.append(new)
        return Response(201, assignment_body(new))

    def delete(self, caller: dict, request: Request, scope: str, name: str) -> Response:
        check_scope(self.world, caller, scope)
        for assignment in self.world.role_assignments:
            if assignment.id == request.path:
                self.world.role_assignments.remove(assignment)
                return Response(200, assignment_body(assignment))
        return Response(204)

    def list_definitions(self, caller: dict, request: Request, scope: str) -> Response:
        check_scope(self.world, caller, scope)
        wanted = re.fullmatch(r"roleName eq '([^']+)'", request.query.get("$filter", ""))
        found = [id for id, name in ROLES.items() if not wanted or name == wanted[1]]
        return Response(200, {"value": [definition_body(scope, id) for id in found]})

    def get_definition(self, caller: dict, request: Request, scope: str, id: str) -> Response:
        check_scope(self.world, caller, scope)
        if id not in ROLES:
            raise ServiceError(404, "RoleDefinitionDoesNotExist", "[modelled] There is no such role.")
        return Response(200, definition_body(scope, id))

    def routes(self) -> list:
        """For `Arm`: (method, path pattern, handler)."""
        return [
            ("GET", rf"{SCOPE}{PROVIDER}/roleAssignments", self.list_assignments),
            ("PUT", rf"{SCOPE}{PROVIDER}/roleAssignments/([^/]+)", self.create),
            ("DELETE", rf"{SCOPE}{PROVIDER}/roleAssignments/([^/]+)", self.delete),
            ("GET", rf"{SCOPE}{PROVIDER}/roleDefinitions", self.list_definitions),
            ("GET", rf"{SCOPE}{PROVIDER}/roleDefinitions/([^/]+)", self.get_definition),
        ]


def check_scope(world: World, caller: dict, scope: str) -> None:
    """404 for a subscription that is not in the caller's tenant (code published, text modelled)."""
    if scope.split("/")[2] not in world.tenants[caller["tid"]].subscriptions:
        raise ServiceError(404, "SubscriptionNotFound", "[modelled] The subscription could not be found.")


def principals(world: World, tenant: str) -> set[str]:
    """Object IDs that exist in a tenant."""
    people = {p.objects[tenant] for p in world.people if tenant in p.objects}
    apps = {a.service_principals[tenant] for a in world.applications.values() if tenant in a.service_principals}
    return people | apps | {i.object_id for i in world.machine_identities if i.tenant == tenant}


def same_grant(a: RoleAssignment, b: RoleAssignment) -> bool:
    """A principal holds a role at a scope once, whatever the assignment's name and the subscription in the role's ID."""
    roles = [g.role_definition_id.rpartition("/")[2] for g in (a, b)]
    return (a.scope, a.principal_id, roles[0]) == (b.scope, b.principal_id, roles[1])


def assignment_body(a: RoleAssignment) -> dict:
    properties = {
        "roleDefinitionId": a.role_definition_id,
        "principalId": a.principal_id,
        "principalType": a.principal_type,
        "scope": a.scope,
        "createdOn": a.created,
        "updatedOn": a.created,
        "createdBy": a.created_by,
        "updatedBy": a.created_by,
    }
    name = a.id.rpartition("/")[2]
    return {"properties": properties, "id": a.id, "type": "Microsoft.Authorization/roleAssignments", "name": name}


def definition_body(scope: str, id: str) -> dict:
    properties = {"roleName": ROLES[id], "type": "BuiltInRole", "assignableScopes": ["/"], "permissions": []}
    subscription = "/".join(scope.split("/")[:3])
    path = f"{subscription}{PROVIDER}/roleDefinitions/{id}"
    return {"properties": properties, "id": path, "type": "Microsoft.Authorization/roleDefinitions", "name": id}
