"""Customers and providers for the pages "onboard" and "delegations": what surrounds their files, and what must hold afterwards."""

from __future__ import annotations

import json

from emulator import samples
from emulator.deployments import deploy
from emulator.harness import ROOT, Reader
from emulator.managedservices import OWNER, offer_of
from emulator.template import deployed
from emulator.world import MEMBER_AT_HOME, Application, Person, RoleAssignment, World
from principals import NAME, SECRET

PROVIDER_PRINCIPAL = (samples.HOME_TENANT, samples.SERVICE_PRINCIPAL)
CUSTOMER = (samples.CUSTOMER_TENANT, "c0c0c0c0-0000-4000-8000-000000000001")
AS_CUSTOMER = {"tid": CUSTOMER[0], "oid": CUSTOMER[1], "idtyp": "user"}
LIGHTHOUSE = ROOT / "snippets/lighthouse"
SCOPE = f"/subscriptions/{samples.SUBSCRIPTION}"


def customer(world: World, reader: Reader, role: str = OWNER) -> None:
    """An administrator of the customer at the browser, with the offer's files in the working directory."""
    world.at_the_browser = Person("admin@contoso.example", CUSTOMER[0], dict([CUSTOMER]))
    world.people = [p for p in world.people if p.home != CUSTOMER[0]] + [world.at_the_browser]
    role_id = f"{SCOPE}/providers/Microsoft.Authorization/roleDefinitions/{role}"
    world.role_assignments = [RoleAssignment(SCOPE, SCOPE, role_id, CUSTOMER[1], "User", "", "")]
    provider_identities(world)
    reader.files = [LIGHTHOUSE / "sp.json", LIGHTHOUSE / "sp.parameters.json"]


def provider(world: World, reader: Reader) -> None:
    """An engineer of the provider at the browser, and their service principal's secret in the environment."""
    customer(world, reader)
    world.at_the_browser = next(p for p in world.people if p.home == samples.HOME_TENANT)
    reader.extra["AZURE_CLIENT_SECRET"] = SECRET


def provider_identities(world: World) -> None:
    """The engineer is in both groups of the offers; the service principal lives in the provider's own tenant."""
    world.groups = {group: {MEMBER_AT_HOME} for group in (samples.OPERATORS_GROUP, samples.ADMINISTRATORS_GROUP)}
    world.applications[samples.CLIENT_ID] = Application(
        samples.CLIENT_ID, NAME, dict([PROVIDER_PRINCIPAL]), {SECRET}, home=samples.HOME_TENANT
    )


def delegated(world: World, who: tuple[str, str], offer: str = "sp", subscription: str = samples.SUBSCRIPTION) -> None:
    """The customer has deployed an offer."""
    template = json.loads((LIGHTHOUSE / f"{offer}.json").read_text("utf-8"))
    parameters = json.loads((LIGHTHOUSE / f"{offer}.parameters.json").read_text("utf-8"))["parameters"]
    assert deploy(world, AS_CUSTOMER, deployed(template, parameters, subscription)[0]) is None


def delegated_and_linked(world: World, who: tuple[str, str]) -> None:
    delegated(world, who)
    world.create_link(*who, samples.PARTNER_ID)


# --- what must hold afterwards ---


def offer_is_delegated(world: World) -> None:
    """The customer's subscription is delegated as the offer's files say, once."""
    given = json.loads((LIGHTHOUSE / "sp.parameters.json").read_text("utf-8"))["parameters"]
    (delegation,) = world.delegations.values()
    offer = offer_of(world, delegation)["properties"]
    assert delegation["id"].startswith(f"{SCOPE}/providers/Microsoft.ManagedServices/registrationAssignments/")
    assert offer["registrationDefinitionName"] == given["mspOfferName"]["value"]
    assert offer["managedByTenantId"] == samples.HOME_TENANT
    assert len(offer["authorizations"]) == 6
    assert (offer["manageeTenantId"], offer["provisioningState"]) == (samples.CUSTOMER_TENANT, "Succeeded")


def deployed_once(world: World) -> None:
    """The offer, by one deployment where the page says, which takes nothing away that is there."""
    offer_is_delegated(world)
    (made,) = world.deployments.values()
    assert (made["name"], made["location"], made["properties"]["mode"]) == ("lighthouse", "westeurope", "Incremental")


def nothing_is_delegated(world: World) -> None:
    assert (world.delegations, world.offers) == ({}, {})


def only_the_offer_is_left(world: World) -> None:
    assert world.delegations == {}
    assert len(world.offers) == 1
