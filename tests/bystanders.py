"""What else is in a customer's tenant: whatever a block does, nothing of it may change.

`bring_in` adds other links, roles, delegations, applications with their credentials, subscriptions and groups to a world that is
arranged. What it returns fails when one of them was touched, and takes them away again, so that a test then sees only its own.
"""

from __future__ import annotations

import copy
from collections.abc import Callable

from emulator import samples
from emulator.authorization import PROVIDER, ROLES
from emulator.managedservices import PROVIDER as LIGHTHOUSE
from emulator.managedservices import resource
from emulator.world import (
    GUEST_IN_OTHER,
    OTHER_CUSTOMER,
    STRANGER_TENANT,
    Application,
    FederatedCredential,
    Password,
    RoleAssignment,
    World,
)

SOMEBODY, THEIR_GROUP = "d0d0d0d0-0000-4000-8000-000000000001", "d0d0d0d0-0000-4000-8000-000000000002"
THEIR_CLIENT, THEIR_OBJECT = "d0d0d0d0-0000-4000-8000-000000000003", "d0d0d0d0-0000-4000-8000-000000000004"
THEIR_PRINCIPAL, ELSEWHERE = "d0d0d0d0-0000-4000-8000-000000000005", "d0d0d0d0-0000-4000-8000-000000000006"
THEIR_OFFER, THEIR_DELEGATION = "d0d0d0d0-0000-4000-8000-000000000007", "d0d0d0d0-0000-4000-8000-000000000008"
AT = f"/subscriptions/{samples.SUBSCRIPTION}"
Named = dict[tuple[str, object], object]


def bring_in(world: World) -> Callable[[], None]:
    """Add the others to `world`; the returned function asserts that they are as they were, and removes them."""
    mine = named(world)
    for who in (
        (samples.CUSTOMER_TENANT, SOMEBODY),
        (samples.HOME_TENANT, SOMEBODY),
        (OTHER_CUSTOMER, GUEST_IN_OTHER),
        (samples.CUSTOMER_TENANT, THEIR_PRINCIPAL),
    ):
        now, world.now = world.now, lambda: "2026-09-01T08:00:00Z"  # their links take no tick of the test's clock
        world.create_link(*who, samples.PARTNER_ID)
        world.now = now
    world.tenants[samples.CUSTOMER_TENANT].subscriptions[ELSEWHERE] = "Contoso Archive"
    world.groups[THEIR_GROUP] = {SOMEBODY}
    world.applications[THEIR_CLIENT] = their_application()
    (role,) = ROLES
    for scope in (AT, f"{AT}/resourceGroups/theirs", f"/subscriptions/{ELSEWHERE}"):
        id, role_id = f"{scope}{PROVIDER}/roleAssignments/{THEIR_OBJECT}", f"{AT}{PROVIDER}/roleDefinitions/{role}"
        world.role_assignments.append(
            RoleAssignment(id, scope, role_id, THEIR_PRINCIPAL, "ServicePrincipal", "2026-09-01T08:00:00Z", SOMEBODY)
        )
    delegate_to_another_provider(world)
    before = copy.deepcopy({key: value for key, value in named(world).items() if key not in mine})

    def take_away() -> None:
        now = named(world)
        changed = {key: (value, now.get(key)) for key, value in before.items() if now.get(key) != value}
        assert not changed, f"somebody else's was touched (kind and key: before, after): {changed}"
        for kept in (world.links, world.groups, world.applications, world.offers, world.delegations):
            for kind, key in before:
                if kept is getattr(world, kind, None):
                    del kept[key]
        del world.tenants[samples.CUSTOMER_TENANT].subscriptions[ELSEWHERE]
        world.role_assignments[:] = [a for a in world.role_assignments if ("role_assignments", a.id) not in before]

    return take_away


def named(world: World) -> Named:
    """(attribute of World, key) -> everything there that a block might touch."""
    kept = ("links", "groups", "applications", "offers", "delegations")
    found: Named = {(kind, key): value for kind in kept for key, value in getattr(world, kind).items()}
    found |= {("role_assignments", a.id): a for a in world.role_assignments}
    tenants = world.tenants.values()
    return found | {("subscriptions", (t.id, id)): name for t in tenants for id, name in t.subscriptions.items()}


def their_application() -> Application:
    """Another application of the customer, called much like ours, with every kind of credential."""
    return Application(
        THEIR_CLIENT,
        f"Partner Admin Link {samples.NEW_PARTNER_ID}",
        {samples.CUSTOMER_TENANT: THEIR_PRINCIPAL},
        secrets={"their secret"},
        certificates=["their certificate"],
        federated=[FederatedCredential("https://issuer.example", "theirs", name="theirs", id=THEIR_OFFER)],
        object_id=THEIR_OBJECT,
        keys={"their key": Password("their secret", "theirs")},
    )


def delegate_to_another_provider(world: World) -> None:
    """The same subscription is delegated to another provider too."""
    authorization = {
        "principalId": THEIR_GROUP,
        "roleDefinitionId": next(iter(ROLES)),
        "principalIdDisplayName": "Theirs",
    }
    offer = resource(
        f"{AT}{LIGHTHOUSE}/registrationDefinitions/{THEIR_OFFER}",
        {
            "registrationDefinitionName": "Tailspin: backup",
            "description": "Another provider's offer",
            "managedByTenantId": STRANGER_TENANT,
            "managedByTenantName": "Tailspin",
            "manageeTenantId": samples.CUSTOMER_TENANT,
            "manageeTenantName": "Contoso",
            "authorizations": [authorization],
            "provisioningState": "Succeeded",
        },
    )
    delegation = resource(
        f"{AT}{LIGHTHOUSE}/registrationAssignments/{THEIR_DELEGATION}",
        {"registrationDefinitionId": offer["id"], "provisioningState": "Succeeded"},
    )
    world.offers[offer["id"].lower()], world.delegations[delegation["id"].lower()] = offer, delegation
