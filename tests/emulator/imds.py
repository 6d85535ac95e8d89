"""169.254.169.254: the managed identities of the machine the snippet runs on (published IMDS token protocol).

A machine without any answers nothing at all: the connection is dropped, as where no such service listens.
"""

from __future__ import annotations

import time

from .arm import not_emulated
from .transport import Drop, Request, Response
from .world import ManagedIdentity, World

# Stated by Microsoft (managed identities FAQ, 27 February 2025, "What identity will IMDS default to"), which quotes this text.
SEVERAL = "Multiple user assigned identities exist, please specify the clientId / resourceId of the identity in the token request"


class Imds:
    def __init__(self, world: World):
        self.world = world

    def __call__(self, request: Request) -> Response:
        if not self.world.machine_identities:
            raise Drop
        if request.path != "/metadata/identity/oauth2/token":
            return not_emulated(request)
        if request.headers.get("metadata") != "true":
            return refusal("invalid_request", "Required metadata header not specified")
        if {"object_id", "msi_res_id", "mi_res_id"} & request.query.keys():
            return not_emulated(request)
        found = self.identities(request.query.get("client_id"))
        if len(found) > 1:
            return refusal("invalid_request", SEVERAL)
        if not found:
            return refusal("invalid_request", "Identity not found")
        (identity,) = found
        resource = request.query["resource"]
        claims = {"tid": identity.tenant, "oid": identity.object_id, "appid": identity.client_id, "idtyp": "app"}
        token = self.world.sign(claims | {"aud": resource.rstrip("/"), "sub": identity.object_id})
        return Response(
            200,
            {
                "access_token": token,
                "client_id": identity.client_id,
                "expires_in": "3600",
                "expires_on": str(int(time.time()) + 3600),
                "resource": resource,
                "token_type": "Bearer",
            },
        )

    def identities(self, client_id: str | None) -> list[ManagedIdentity]:
        """Those that a request may mean. Unnamed: the system-assigned one, else all others; a single one is handed out (stated)."""
        here = self.world.machine_identities
        if client_id:
            return [i for i in here if i.client_id == client_id]
        return [i for i in here if i.system_assigned] or here


def refusal(error: str, text: str) -> Response:
    """400 with error and error_description; clients must not retry it (documented). Wording modelled."""
    return Response(400, {"error": error, "error_description": text})
