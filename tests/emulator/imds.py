"""169.254.169.254: the managed identities of the machine the snippet runs on (published IMDS token protocol).

A machine without any answers nothing at all: the connection is dropped, as where no such service listens.
"""

from __future__ import annotations

import time

from .arm import not_emulated
from .transport import Drop, Request, Response
from .world import World


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
        asked = request.query.get("client_id")
        identity = next(
            (i for i in self.world.machine_identities if (i.client_id == asked if asked else i.system_assigned)), None
        )
        if identity is None:
            return refusal("invalid_request", "Identity not found")
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


def refusal(error: str, text: str) -> Response:
    """400 with error and error_description; clients must not retry it (documented). Wording modelled."""
    return Response(400, {"error": error, "error_description": text})
