"""The emulated directory and roles, asked by plain HTTP: what the pages "sp", "tag" and "cicd" lean on."""

from __future__ import annotations

import principals
import pytest
import requests
from conftest import token
from emulator import authorization, samples
from emulator.world import ENTRA_AUDIENCE, World
from principals import CHOSEN, NOT_CHOSEN, PRINCIPAL

ARM, GRAPH = "https://management.azure.com", "https://graph.microsoft.com/v1.0"
APPLICATION = f"{GRAPH}/applications/{samples.APPLICATION_OBJECT_ID}"


@pytest.fixture(name="graph")
def _graph(session: requests.Session, world: World) -> requests.Session:
    """A person of the customer's tenant asks Graph; the principal of the page "tag" is there."""
    principals.with_link(world, PRINCIPAL)
    session.headers.pop("Content-Length")
    session.headers["Authorization"] = f"Bearer {token(world, aud='https://graph.microsoft.com')}"
    return session


def test_principal_sees_only_subscriptions_where_it_holds_a_role(session: requests.Session, world: World) -> None:
    principals.three_subscriptions(world, None)  # type: ignore[arg-type]
    seen = []
    for role in (False, True):
        principals.with_link(world, PRINCIPAL, role)
        world.links.clear()
        session.headers["Authorization"] = f"Bearer {token(world, *PRINCIPAL, idtyp='app')}"
        answer = session.get(f"{ARM}/subscriptions?api-version=2022-12-01").json()["value"]
        seen.append([s["subscriptionId"] for s in answer])
    assert seen == [[], list(CHOSEN)] and NOT_CHOSEN not in seen[1]


def test_one_subscription_and_one_role_are_found_by_id(session: requests.Session) -> None:
    """As Azure PowerShell asks for them."""
    one, other = (f"{ARM}/subscriptions/{id}?api-version=2022-12-01" for id in (samples.SUBSCRIPTION, NOT_CHOSEN))
    assert session.get(one).json()["displayName"] == "Contoso Production"
    assert session.get(other).json()["error"]["code"] == "SubscriptionNotFound"
    (id,) = authorization.ROLES
    roles = f"{ARM}/subscriptions/{samples.SUBSCRIPTION}{authorization.PROVIDER}/roleDefinitions"
    assert (
        session.get(f"{roles}/{id}?api-version=2022-04-01").json()["properties"]["roleName"]
        == "Support Request Contributor"
    )
    assert session.get(f"{roles}/x?api-version=2022-04-01").status_code == 404


@pytest.mark.parametrize(
    ("change", "status", "code"),
    [
        ({"principalId": "nobody"}, 400, "PrincipalNotFound"),
        ({"roleDefinitionId": "/x/unknown"}, 400, "RoleDefinitionDoesNotExist"),
        ({}, 409, "RoleAssignmentExists"),
    ],
    ids=["principal", "role", "twice"],
)
def test_role_assignment_is_refused(change: dict, status: int, code: str, session, world: World) -> None:
    principals.with_link(world, PRINCIPAL, role=True)
    (held, *_) = world.role_assignments
    asked = {"roleDefinitionId": held.role_definition_id, "principalId": held.principal_id} | change
    url = f"{ARM}{held.scope}/providers/Microsoft.Authorization/roleAssignments/new?api-version=2022-04-01"
    session.headers.pop("Content-Length")
    answer = session.put(url, json={"properties": asked})
    assert (answer.status_code, answer.json()["error"]["code"]) == (status, code)


def test_role_cannot_be_assigned_in_a_stranger_s_subscription(session: requests.Session) -> None:
    url = f"{ARM}/subscriptions/{NOT_CHOSEN}/providers/Microsoft.Authorization/roleAssignments?api-version=2022-04-01"
    assert session.get(url).json()["error"]["code"] == "SubscriptionNotFound"


def test_federated_credential_comes_and_goes(graph: requests.Session, world: World) -> None:
    asked = {"name": "main", "issuer": "https://i", "subject": "s", "audiences": [ENTRA_AUDIENCE]}
    credentials = f"{GRAPH}/applications(appId='{samples.CLIENT_ID}')/federatedIdentityCredentials"
    made = graph.post(credentials, json=asked)
    assert made.status_code == 201
    assert graph.post(credentials, json=asked | {"name": "other"}).status_code == 400, "issuer and subject are taken"
    assert [c["name"] for c in graph.get(credentials).json()["value"]] == ["main"]
    assert graph.delete(f"{credentials}/{made.json()['id']}").status_code == 204
    assert world.applications[samples.CLIENT_ID].federated == []


def test_graph_knows_who_asks_and_for_what(graph: requests.Session, world: World) -> None:
    assert graph.get(f"{GRAPH}/applications/unknown").status_code == 404
    assert graph.get(APPLICATION).json()["appId"] == samples.CLIENT_ID
    assert graph.post(f"{GRAPH}/servicePrincipals", json={"appId": samples.CLIENT_ID}).status_code == 400, "is there"
    graph.headers["Authorization"] = (
        f"Bearer {token(world, tenant=samples.HOME_TENANT, aud='https://graph.microsoft.com')}"
    )
    assert graph.get(f"{GRAPH}/applications").json()["value"] == [], "another tenant's applications"
    graph.headers["Authorization"] = f"Bearer {token(world)}"
    assert graph.get(f"{GRAPH}/applications").status_code == 401, "a token for another service"
