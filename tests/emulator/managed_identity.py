"""Microsoft.ManagedIdentity: federated credentials of user-assigned identities. Path and fields follow the published description (spec).

An identity is an `Application` of the world whose name is its resource ID; Microsoft Graph does not list it.
"""

from __future__ import annotations

from .authorization import check_scope
from .transport import Request, Response
from .world import FederatedCredential, ServiceError, World

IDENTITY = (
    r"(/subscriptions/[^/]+/resourceGroups/[^/]+/providers/Microsoft\.ManagedIdentity/userAssignedIdentities/[^/]+)"
)


def routes(world: World) -> list:
    """Routes for `Arm`: (method, pattern, handler(caller, request, identity, name))."""

    def put(caller: dict, request: Request, identity: str, name: str) -> Response:
        check_scope(world, caller, identity)
        found = next((a for a in world.applications.values() if a.name.lower() == identity.lower()), None)
        if found is None:
            raise ServiceError(404, "ResourceNotFound", "[modelled] There is no such identity.")
        asked = request.json["properties"]
        new = FederatedCredential(asked["issuer"], asked["subject"], asked["audiences"][0], name)
        others = [c for c in found.federated if c.name != name]
        if any((c.issuer, c.subject) == (new.issuer, new.subject) for c in others):
            raise ServiceError(409, "Conflict", "[modelled] Issuer and subject must be unique on an identity.")
        status = 201 if len(others) == len(found.federated) else 200  # spec: created or updated
        found.federated = [*others, new]
        return Response(status, {"id": request.path, "name": name, "type": TYPE, "properties": asked})

    return [("PUT", rf"{IDENTITY}/federatedIdentityCredentials/([^/]+)", put)]


TYPE = "Microsoft.ManagedIdentity/userAssignedIdentities/federatedIdentityCredentials"
