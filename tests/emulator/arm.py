"""management.azure.com: routes of Azure Resource Manager over the world's rules.

Paths, methods and answers of Microsoft.ManagementPartner follow its published description, 2018-02-01 (spec); header names and the
doubled error body are recorded. Subscriptions and tenants follow the published ARM descriptions as far as the clients read them.
"""

from __future__ import annotations

import base64
import json
import re
import uuid
from collections.abc import Callable
from datetime import UTC, datetime

from . import authorization, deployments, managed_identity, managedservices
from .transport import Request, Response
from .world import Link, ServiceError, World

AUDIENCES = {"https://management.azure.com", "https://management.core.windows.net"}
PARTNER_API = "2018-02-01"
WRITES = {"PUT", "PATCH", "DELETE"}
# What a token of a sign-in with a second factor carries, and what a challenge asks for (recorded: azure-cli pull request 31699).
SECOND_FACTOR = "p1"
CHALLENGE = {"access_token": {"acrs": {"essential": True, "values": [SECOND_FACTOR]}}}

Route = tuple[str, str, Callable[..., Response]]  # method, path pattern, handler(caller, request, *groups)


class Arm:
    """Callable host. Reads who is asking from the bearer token's `tid` and `oid`, as the service does (recorded)."""

    def __init__(self, world: World):
        self.world = world
        # Further resource providers live in modules of their own, which give their routes.
        self.routes: list[Route] = [
            ("GET", r"/subscriptions", self.list_subscriptions),
            ("GET", r"/subscriptions/([^/]+)", self.get_subscription),
            ("GET", r"/tenants", self.list_tenants),
            ("GET", r"/providers/Microsoft\.ManagementPartner/operations", self.list_operations),
            ("GET", r"/providers/Microsoft\.ManagementPartner/partners/?", self.get_partner),
            ("GET", r"/providers/Microsoft\.ManagementPartner/partners/([^/]+)", self.get_partner),
            ("PUT", r"/providers/Microsoft\.ManagementPartner/partners/([^/]+)", self.create_partner),
            ("PATCH", r"/providers/Microsoft\.ManagementPartner/partners/([^/]+)", self.update_partner),
            ("DELETE", r"/providers/Microsoft\.ManagementPartner/partners/([^/]+)", self.delete_partner),
            *authorization.Authorization(world).routes(),
            *managedservices.routes(world),
            *deployments.Deployments(world).routes(),
            *managed_identity.routes(world),
        ]

    def __call__(self, request: Request) -> Response:
        try:
            caller = self.caller(request)
            self.check_version(request)
            self.check_second_factor(caller, request)
            for method, pattern, handler in self.routes:
                match = re.fullmatch(pattern, request.path, re.IGNORECASE)  # reported: case does not matter
                if match and method == request.method:
                    response = handler(caller, request, *match.groups())
                    break
            else:
                response = not_emulated(request)
        except ServiceError as error:
            response = Response(error.status, error_body(request, error), error.headers)
        response.headers = arm_headers(request) | response.headers
        return response

    def caller(self, request: Request) -> dict:
        """The token's claims. 401 without a usable one; texts modelled on ARM's usual ones."""
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        if scheme.lower() != "bearer":
            raise ServiceError(
                401, "AuthenticationFailed", "Authentication failed. The 'Authorization' header is missing."
            )
        claims = self.world.claims(token)
        if claims is None or str(claims["aud"]).rstrip("/") not in AUDIENCES:
            raise ServiceError(401, "InvalidAuthenticationToken", "The access token is invalid.")
        return claims

    @staticmethod
    def check_version(request: Request) -> None:
        """api-version is required everywhere (spec); the wording is modelled on ARM's."""
        version = request.query.get("api-version")
        if not version:
            raise ServiceError(400, "MissingApiVersionParameter", "The api-version query parameter is required.")
        if "managementpartner" in request.path.lower() and version != PARTNER_API:
            raise ServiceError(400, "InvalidApiVersionParameter", f"[modelled] api-version '{version}' is not known.")
        if request.method == "PUT" and "content-length" not in request.headers:
            raise ServiceError(411, "LengthRequired", "[modelled] PUT without Content-Length.")

    def check_second_factor(self, caller: dict, request: Request) -> None:
        """401 with a claims challenge for a person's write with a token of a sign-in without a second factor.

        Only in tenants that the world marks. Who, and what: people, guests too, when they create, change or delete; no reads, no
        workload identities (documented: concept-mandatory-multifactor-authentication, 29 July 2025). Status and claims: azure-cli
        pull request 31699 (recorded); form of the header: Azure SDK, tests of ARMChallengeAuthenticationPolicy (recorded). Message:
        public scripts that quote it (reported); its code is modelled after other messages that begin alike.
        """
        who = self.world.tenants.get(caller["tid"])  # recorded traffic comes from tenants that are not here
        if who is None or not who.mfa_for_writes or request.method not in WRITES or caller["idtyp"] != "user":
            return
        if SECOND_FACTOR in caller.get("acrs", []):
            return
        claims = base64.b64encode(json.dumps(CHALLENGE, separators=(",", ":")).encode()).decode()
        authority = f"https://login.microsoftonline.com/{who.id}"
        challenge = f'Bearer realm="", authorization_uri="{authority}", error="insufficient_claims", claims="{claims}"'
        raise ServiceError(
            401,
            "RequestDisallowedByAzure",
            f"Resource '{request.path.rstrip('/').rpartition('/')[2]}' was disallowed by Azure: You are receiving this error because "
            "you tried to create, update or delete Azure resources without authenticating through MFA. User accounts must be "
            "authenticated through MFA to manage your resources. To resolve this error, go to https://aka.ms/MFAforAzure.",
            **{"WWW-Authenticate": challenge},
        )

    def subscriptions(self, caller: dict) -> list[dict]:
        tenant = self.world.tenants[caller["tid"]]
        value = [
            {
                "id": f"/subscriptions/{id}",
                "subscriptionId": id,
                "tenantId": tenant.id,
                "displayName": name,
                "state": "Enabled",
                "managedByTenants": managedservices.managed_by(self.world, id),
            }
            for id, name in tenant.subscriptions.items()
            if self.can_see(caller, id)
        ]
        return value + managedservices.delegated_subscriptions(self.world, caller)

    def list_subscriptions(self, caller: dict, request: Request) -> Response:
        value = self.subscriptions(caller)
        return Response(200, {"value": value, "count": {"type": "Total", "value": len(value)}})

    def get_subscription(self, caller: dict, request: Request, id: str) -> Response:
        for subscription in self.subscriptions(caller):
            if subscription["subscriptionId"] == id:
                return Response(200, subscription)
        raise ServiceError(404, "SubscriptionNotFound", "[modelled] The subscription could not be found.")

    def can_see(self, caller: dict, subscription: str) -> bool:
        """People see every subscription of their tenant here; service principals those where they hold a role."""
        scopes = [a.scope for a in self.world.role_assignments if a.principal_id == caller["oid"]]
        return caller["idtyp"] == "user" or any(f"{s}/".startswith(f"/subscriptions/{subscription}/") for s in scopes)

    def list_tenants(self, caller: dict, request: Request) -> Response:
        """The tenants where the caller is known under any object ID."""
        person = next((p for p in self.world.people if caller["oid"] in p.objects.values()), None)
        ids = person.objects if person else [caller["tid"]]
        tenants = [self.world.tenants[id] for id in ids]
        value = [
            {"id": f"/tenants/{t.id}", "tenantId": t.id, "displayName": t.name, "defaultDomain": t.domain}
            for t in tenants
        ]
        return Response(200, {"value": value})

    def list_operations(self, caller: dict, request: Request) -> Response:
        names = ("read", "write", "action", "delete")
        value = [{"name": f"Microsoft.ManagementPartner/partners/{name}"} for name in names]  # spec example
        return Response(200, {"value": value})

    def get_partner(self, caller: dict, request: Request, partner_id: str | None = None) -> Response:
        return self.partner(self.world.read_link(caller["tid"], caller["oid"], partner_id))

    def create_partner(self, caller: dict, request: Request, partner_id: str) -> Response:
        return self.partner(self.world.create_link(caller["tid"], caller["oid"], partner_id))

    def update_partner(self, caller: dict, request: Request, partner_id: str) -> Response:
        return self.partner(self.world.update_link(caller["tid"], caller["oid"], partner_id))

    def delete_partner(self, caller: dict, request: Request, partner_id: str) -> Response:
        self.world.delete_link(caller["tid"], caller["oid"], partner_id)
        return Response(200)

    def partner(self, link: Link) -> Response:
        """PartnerResponse with the recorded key order, lower-case provider in `id`, and etag equal to version."""
        properties = {
            "partnerId": link.partner_id,
            "partnerName": self.world.partners[link.partner_id],
            "tenantId": link.tenant,
            "objectId": link.object_id,
            "version": link.version,
            "updatedTime": link.updated,
            "createdTime": link.created,
            "state": link.state,
        }
        return Response(
            200,
            {
                "id": f"/providers/microsoft.managementpartner/partners/{link.partner_id}",
                "type": "Microsoft.ManagementPartner/partners",
                "name": link.partner_id,
                "etag": link.version,
                "properties": properties,
            },
        )


def error_body(request: Request, error: ServiceError) -> dict:
    """code and message inside `error`; Microsoft.ManagementPartner repeats them at the top level (recorded)."""
    detail = {"code": error.code, "message": error.message}
    return {"error": detail, **detail} if "managementpartner" in request.path.lower() else {"error": detail}


def arm_headers(request: Request) -> dict[str, str]:
    """Headers that recorded answers carry; writes also carry the remaining quota."""
    request_id = str(uuid.uuid4())
    headers = {
        "Cache-Control": "no-cache",
        "Pragma": "no-cache",
        "Expires": "-1",
        "x-ms-request-id": request_id,
        "x-ms-correlation-request-id": request_id,
        "x-ms-routing-request-id": f"EMULATOR:{datetime.now(UTC):%Y%m%dT%H%M%SZ}:{request_id}",
        "request-id": request_id,
    }
    if request.method in WRITES:
        headers["x-ms-ratelimit-remaining-tenant-resource-requests"] = "99"
    return headers


def not_emulated(request: Request) -> Response:
    """A route nobody wrote: loud, so that no test takes it for an empty answer."""
    text = f"The emulator has no {request.method} {request.host}{request.path}. Add it to tests/emulator/."
    return Response(501, {"error": {"code": "NotEmulated", "message": text}})
