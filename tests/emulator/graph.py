"""graph.microsoft.com: applications, their service principals and credentials.

Paths, fields and status codes follow the published Microsoft Graph v1.0 reference (spec), as far as Azure CLI and the pages' own calls
use them. Error codes are published ones; wording marked [modelled] is ours. Every person of a tenant may register applications here, as
in a tenant with default settings (documented); tests take that away by a fault.
"""

from __future__ import annotations

import re
import secrets
import uuid
from datetime import datetime
from urllib.parse import unquote

from . import samples
from .arm import not_emulated
from .transport import Request, Response
from .world import Application, FederatedCredential, Password, World

TWO_YEARS = 2 * 365 * 24 * 3600  # seconds that a secret lasts when nobody says how long (documented)
CODES = {400: "Request_BadRequest", 401: "InvalidAuthenticationToken", 404: "Request_ResourceNotFound"}


class GraphError(Exception):
    """A refusal: `status` and the message that goes with its code."""

    def __init__(self, status: int, message: str):
        self.status, self.message = status, message


class Graph:
    """Callable host for one world. IDs of what is made first are the sample values, so that pages and wire files show them."""

    def __init__(self, world: World):
        self.world = world
        app = r"/applications(?:/|\(appId=')([^/']+)(?:'\))?"
        credentials = rf"{app}/federatedIdentityCredentials"
        self.routes = [
            ("GET", r"/applications", self.list_applications),
            ("POST", r"/applications", self.create_application),
            ("GET", app, lambda t, r, id: Response(200, application_body(self.application(t, id)))),
            ("PATCH", app, lambda t, r, id: Response(204) if self.application(t, id) else None),
            ("DELETE", app, self.delete_application),
            ("POST", rf"{app}/addPassword", self.add_password),
            ("POST", rf"{app}/removePassword", self.remove_password),
            ("GET", credentials, lambda t, r, id: listed(map(federated_body, self.application(t, id).federated))),
            ("POST", credentials, self.add_federated),
            ("DELETE", rf"{credentials}/([^/]+)", self.remove_federated),
            ("GET", r"/servicePrincipals", self.list_principals),
            ("POST", r"/servicePrincipals", self.create_principal),
            ("GET", r"/servicePrincipals/([^/]+)", self.get_principal),
            ("POST", r"/directoryObjects/getByIds", self.get_by_ids),
        ]

    def __call__(self, request: Request) -> Response:
        try:
            claims = self.world.claims(request.headers.get("authorization", "").partition(" ")[2])
            if claims is None or claims["aud"] != "https://graph.microsoft.com":
                raise GraphError(401, "[modelled] The access token is not valid for this service.")
            path = re.sub(
                r"\(appId='([^']*)'\)", lambda m: self.by_client_id(claims["tid"], m[1]), unquote(request.path)
            )
            for method, pattern, handler in self.routes:
                match = re.fullmatch(f"/v1.0{pattern}", path, re.IGNORECASE)
                if match and method == request.method:
                    return handler(claims["tid"], request, *match.groups())
            return not_emulated(request)
        except GraphError as error:
            return Response(error.status, {"error": {"code": CODES[error.status], "message": error.message}})

    # --- applications ---

    def applications(self, tenant: str) -> list[Application]:
        return [a for a in self.world.applications.values() if a.home == tenant]

    def application(self, tenant: str, id: str) -> Application:
        """The application with this object ID, or with this client ID as its alternate key (documented)."""
        return only((a for a in self.applications(tenant) if id in {a.object_id, a.client_id}), id)

    def by_client_id(self, tenant: str, client_id: str) -> str:
        """`/applications(appId='…')` is another address of `/applications/…` (spec)."""
        return "/" + only((a.object_id for a in self.applications(tenant) if a.client_id == client_id), client_id)

    def list_applications(self, tenant: str, request: Request) -> Response:
        return listed(filtered(map(application_body, self.applications(tenant)), request))

    def create_application(self, tenant: str, request: Request) -> Response:
        taken, name = self.world.applications, request.json["displayName"]
        object_id = unused(samples.APPLICATION_OBJECT_ID, {a.object_id for a in taken.values()})
        new = Application(unused(samples.CLIENT_ID, taken), name, {}, home=tenant, object_id=object_id)
        new.audience = request.json.get("signInAudience", "AzureADandPersonalMicrosoftAccount")  # the default (spec)
        taken[new.client_id] = new
        return Response(201, application_body(new))

    def delete_application(self, tenant: str, request: Request, id: str) -> Response:
        """The application and, with it, its service principal in its home tenant (documented)."""
        del self.world.applications[self.application(tenant, id).client_id]
        return Response(204)

    def add_password(self, tenant: str, request: Request, id: str) -> Response:
        application, key, secret = self.application(tenant, id), str(uuid.uuid4()), f"-{secrets.token_urlsafe(24)}~"
        asked, now = request.json["passwordCredential"], self.world.clock()
        end = datetime.fromisoformat(asked["endDateTime"]).timestamp() if "endDateTime" in asked else now + TWO_YEARS
        application.keys[key] = Password(secret, asked.get("displayName"), now + self.world.propagation, end)
        application.secrets.add(secret)
        return Response(200, asked | {"keyId": key, "secretText": secret})

    def remove_password(self, tenant: str, request: Request, id: str) -> Response:
        application = self.application(tenant, id)
        if request.json["keyId"] not in application.keys:
            raise GraphError(400, "[modelled] No password credential found with this keyId.")
        application.secrets.discard(application.keys.pop(request.json["keyId"]).secret)
        return Response(204)

    def add_federated(self, tenant: str, request: Request, id: str) -> Response:
        """Name and the pair of issuer and subject are each unique within an application (documented)."""
        asked, credentials = request.json, self.application(tenant, id).federated
        new = FederatedCredential(asked["issuer"], asked["subject"], asked["audiences"][0], asked["name"])
        if any(c.name == new.name or (c.issuer, c.subject) == (new.issuer, new.subject) for c in credentials):
            raise GraphError(400, "[modelled] A federated credential with this name, or issuer and subject, exists.")
        credentials.append(new)
        return Response(201, federated_body(new))

    def remove_federated(self, tenant: str, request: Request, id: str, credential: str) -> Response:
        credentials = self.application(tenant, id).federated
        credentials.remove(only((c for c in credentials if credential in {c.id, c.name}), credential))
        return Response(204)

    # --- service principals ---

    def principals(self, tenant: str) -> list[dict]:
        apps = [a for a in self.world.applications.values() if tenant in a.service_principals]
        return [principal_body(a, tenant) for a in apps]

    def list_principals(self, tenant: str, request: Request) -> Response:
        return listed(filtered(self.principals(tenant), request))

    def create_principal(self, tenant: str, request: Request) -> Response:
        """The application's principal in the caller's tenant; 400 when it is there already (modelled text)."""
        application = only(
            (a for a in self.world.applications.values() if a.client_id == request.json["appId"]), "appId"
        )
        if tenant in application.service_principals:
            raise GraphError(400, "[modelled] The service principal name is already in use.")
        taken = {id for a in self.world.applications.values() for id in a.service_principals.values()}
        application.service_principals[tenant] = unused(samples.SERVICE_PRINCIPAL, taken)
        return Response(201, principal_body(application, tenant))

    def get_principal(self, tenant: str, request: Request, id: str) -> Response:
        return Response(200, only((p for p in self.principals(tenant) if p["id"] == id), id))

    def get_by_ids(self, tenant: str, request: Request) -> Response:
        return listed(p for p in self.principals(tenant) if p["id"] in request.json["ids"])


def only(found, name: str):
    """The first of `found`; 404 when there is none."""
    for one in found:
        return one
    raise GraphError(404, f"[modelled] Resource '{name}' does not exist.")


def unused(id: str, taken) -> str:
    return str(uuid.uuid4()) if id in taken else id


def listed(value) -> Response:
    return Response(200, {"value": list(value)})


def filtered(bodies, request: Request) -> list[dict]:
    """Those that a `$filter` of the forms the clients send lets through; any other form is an error of the emulator."""
    query = request.query.get("$filter", "startswith(displayName,'')")
    equal = re.fullmatch(r"(\w+) eq '([^']*)'", query)
    member = re.fullmatch(r"(\w+)/any\(\w:\w eq '([^']*)'\)", query)
    start = re.fullmatch(r"startswith\((\w+), ?'([^']*)'\)", query)
    match = equal or member or start
    assert match, f"$filter={query} is not emulated"
    test = {equal: lambda v: v == match[2], member: lambda v: match[2] in v, start: lambda v: v.startswith(match[2])}
    return [b for b in bodies if test[match](b[match[1]])]


def application_body(a: Application) -> dict:
    passwords = [{"keyId": key, "displayName": p.name, "secretText": None} for key, p in a.keys.items()]
    names = {"id": a.object_id, "appId": a.client_id, "displayName": a.name, "signInAudience": a.audience}
    return names | {"identifierUris": [], "passwordCredentials": passwords, "keyCredentials": []}


def principal_body(a: Application, tenant: str) -> dict:
    return {
        "@odata.type": "#microsoft.graph.servicePrincipal",
        "id": a.service_principals[tenant],
        "appId": a.client_id,
        "displayName": a.name,
        "accountEnabled": True,
        "servicePrincipalNames": [a.client_id],
    }


def federated_body(c: FederatedCredential) -> dict:
    body = {"id": c.id, "name": c.name, "issuer": c.issuer, "subject": c.subject}
    return body | {"audiences": [c.audience], "description": None}
