"""Microsoft.Resources/deployments at subscriptions: validate, what-if, create, follow.

Paths, fields and status codes follow the published description (spec), as far as Azure CLI 2.91 and azure-mgmt-resource-deployments read
them. What is deployed are offers and delegations; any other resource type is refused by its name.
"""

from __future__ import annotations

import json
import re
import uuid

from . import managedservices
from .template import Resource, deployed
from .transport import Request, Response
from .world import ServiceError, World

DEPLOYMENTS = r"/subscriptions/([^/]+)/providers/Microsoft\.Resources/deployments"
CREATE = {
    "registrationdefinitions": managedservices.create_offer,
    "registrationassignments": managedservices.delegate,
}


class Deployments:
    """Deployments in one world; its handlers get (caller, request, subscription, ...)."""

    def __init__(self, world: World):
        self.world = world

    def validate(self, caller: dict, request: Request, subscription: str, name: str) -> Response:
        """Whether the template and its parameters fit; the offer's own rules are not asked (modelled)."""
        check_may_deploy(self.world, caller, subscription)
        deployed(*template_and_parameters(request), subscription)
        return Response(200, body_of(self.world, request, subscription, name, "Succeeded"))

    def what_if(self, caller: dict, request: Request, subscription: str, name: str) -> Response:
        check_may_deploy(self.world, caller, subscription)
        resources, _ = deployed(*template_and_parameters(request), subscription)
        changes = [change(self.world, resource) for resource in resources]
        return Response(200, {"status": "Succeeded", "properties": {"correlationId": name, "changes": changes}})

    def create(self, caller: dict, request: Request, subscription: str, name: str) -> Response:
        """201 and an operation to follow (spec). All is done at once; what fails is told by the operation, not here."""
        check_may_deploy(self.world, caller, subscription)
        resources, outputs = deployed(*template_and_parameters(request), subscription)
        error = deploy(self.world, caller, resources)
        made = body_of(self.world, request, subscription, name, "Failed" if error else "Succeeded")
        made["location"] = sent(request)["location"]
        accepted = made | {"properties": made["properties"] | {"provisioningState": "Accepted"}}
        made["properties"] |= {"error": error} if error else {"outputs": outputs}
        self.world.deployments[made["id"].lower()] = made
        operation = f"https://{request.host}{made['id']}/operationStatuses/{uuid.uuid4()}?api-version=2025-04-01"
        return Response(201, accepted, {"Azure-AsyncOperation": operation, "Retry-After": "0"})

    def status(self, caller: dict, request: Request, subscription: str, name: str, operation: str) -> Response:
        properties = self.kept(request.path.rpartition("/operationStatuses/")[0])["properties"]
        error = {"error": properties["error"]} if "error" in properties else {}
        return Response(200, {"status": properties["provisioningState"]} | error)

    def get(self, caller: dict, request: Request, subscription: str, name: str) -> Response:
        return Response(200, self.kept(request.path))

    def operations(self, caller: dict, request: Request, subscription: str, name: str) -> Response:
        """Of a deployment that is over; Azure PowerShell follows them, and reads nothing from an empty list (modelled)."""
        self.kept(request.path.rpartition("/operations")[0])
        return Response(200, {"value": []})

    def kept(self, id: str) -> dict:
        if id.lower() not in self.world.deployments:
            raise ServiceError(404, "DeploymentNotFound", "[modelled] There is no deployment of this name.")
        return self.world.deployments[id.lower()]

    def routes(self) -> list:
        """For `Arm`: (method, path pattern, handler)."""
        one = rf"{DEPLOYMENTS}/([^/]+)"
        return [
            ("POST", rf"{one}/validate", self.validate),
            ("POST", rf"{one}/whatIf", self.what_if),
            ("PUT", one, self.create),
            ("GET", one, self.get),
            ("GET", rf"{one}/operationStatuses/([^/]+)", self.status),
            ("GET", rf"{one}/operations", self.operations),
        ]


def check_may_deploy(world: World, caller: dict, subscription: str) -> None:
    """Owner or Contributor, in the subscription's own tenant."""
    roles = managedservices.held_roles(world, caller, f"/subscriptions/{subscription}")
    if not roles & {managedservices.OWNER, managedservices.CONTRIBUTOR}:
        text = f"[modelled] {caller['oid']} may not deploy to '/subscriptions/{subscription}'."
        raise ServiceError(403, "AuthorizationFailed", text)


def sent(request: Request) -> dict:
    """What a request deploys. Azure CLI sends the template's own text behind a key without quotes, which is no JSON (measured)."""
    return json.loads(re.sub(r"([{,]\s*)template:", r'\1"template":', request.body.decode(), count=1))


def template_and_parameters(request: Request) -> tuple[dict, dict]:
    properties = sent(request)["properties"]
    return properties["template"], properties.get("parameters") or {}


def deploy(world: World, caller: dict, resources: list[Resource]) -> dict | None:
    """Create all in order; the error of the first that is refused, in the form that users reported (samples issue 31)."""
    for resource in sorted(resources, key=lambda r: r.type.lower().endswith("assignments")):
        try:
            if resource.version < "2020-02-01" and "eligibleAuthorizations" in resource.properties:
                managedservices.refuse(f"[modelled] There are no eligible authorizations in {resource.version}.")
            kind = resource.type.lower().removeprefix("microsoft.managedservices/")
            if kind not in CREATE:
                raise ServiceError(400, "InvalidTemplate", f"[modelled] The sandbox does not deploy '{resource.type}'.")
            CREATE[kind](world, caller, resource.scope, resource.name, resource.properties)
        except ServiceError as error:
            inner = {"error": {"code": error.code, "message": error.message}}
            text = "At least one resource deployment operation failed. Please list deployment operations for details."
            detail = {
                "code": {400: "BadRequest", 403: "Forbidden", 409: "Conflict"}[error.status],
                "message": json.dumps(inner),
            }
            return {"code": "DeploymentFailed", "message": text, "details": [detail]}
    return None


def change(world: World, resource: Resource) -> dict:
    """What deploying one resource would do: Create, NoChange or Modify (spec)."""
    id = f"{resource.scope}/providers/{resource.type}/{resource.name}"
    old = (world.offers | world.delegations).get(id.lower())
    after = {"id": id, "type": resource.type, "name": resource.name, "properties": resource.properties}
    if old is None:
        return {"resourceId": id, "changeType": "Create", "after": after}
    before = after | {"properties": {key: old["properties"].get(key) for key in resource.properties}}
    delta = [
        {
            "path": f"properties.{key}",
            "propertyChangeType": "Modify",
            "before": before["properties"][key],
            "after": value,
        }
        for key, value in resource.properties.items()
        if value != before["properties"][key]
    ]
    kind = "Modify" if delta else "NoChange"
    return {"resourceId": id, "changeType": kind, "before": before, "after": after, "delta": delta}


def body_of(world: World, request: Request, subscription: str, name: str, state: str) -> dict:
    """DeploymentExtended (spec)."""
    _, parameters = template_and_parameters(request)
    properties = {
        "parameters": parameters,
        "mode": sent(request)["properties"]["mode"],
        "provisioningState": state,
        "timestamp": world.now() if request.method == "PUT" else "2026-09-15T14:25:52Z",
        "duration": "PT1S",
        "correlationId": str(uuid.uuid5(uuid.NAMESPACE_URL, name)),
        "providers": [],
        "dependencies": [],
    }
    id = f"/subscriptions/{subscription}/providers/Microsoft.Resources/deployments/{name}"
    return {"id": id, "name": name, "type": "Microsoft.Resources/deployments", "properties": properties}
