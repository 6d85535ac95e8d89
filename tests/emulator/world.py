"""The emulated world: tenants, identities, partners and links, and the rules between them. No HTTP here.

Every rule carries its grade: *spec* (published API description), *recorded* (traffic recorded by the vendors' client tests,
tests/data/recorded-exchanges.json), or *modelled* (our choice where nothing is public; never quoted on a page as Microsoft's).
"""

from __future__ import annotations

import itertools
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime

import jwt

from . import samples

# Whom a token is for that is exchanged at Microsoft Entra ID (documented).
ENTRA_AUDIENCE = "api://AzureADTokenExchange"


class ServiceError(Exception):
    """A refusal by Azure Resource Manager: `status`, `code`, `message`, and `headers` that only this refusal has."""

    def __init__(self, status: int, code: str, message: str, **headers: str):
        super().__init__(f"{status} {code}: {message}")
        self.status, self.code, self.message, self.headers = status, code, message, headers


@dataclass
class Tenant:
    """A directory. `mfa_for_writes`: people's writes to Azure need a sign-in with a second factor there."""

    id: str
    name: str
    domain: str
    subscriptions: dict[str, str] = field(default_factory=dict)  # id -> display name
    mfa_for_writes: bool = False


@dataclass
class Person:
    """Somebody with a mailbox: one object ID in each tenant where they are member or guest."""

    upn: str
    home: str
    objects: dict[str, str]


@dataclass
class FederatedCredential:
    issuer: str
    subject: str
    audience: str = ENTRA_AUDIENCE
    name: str = ""
    id: str = field(default_factory=lambda: str(uuid.uuid4()))


@dataclass
class Password:
    """A secret made through Graph, under its key ID. `known_from` and `end` are moments of the world's clock, in seconds."""

    secret: str
    name: str | None = None
    known_from: float = 0
    end: float = float("inf")


@dataclass
class Application:
    """An app registration of tenant `home` with its credentials; `service_principals` maps tenant to object ID.

    `secrets` holds every secret, `expired` those whose day has passed, `keys` the key IDs of those made through Graph.
    `audience` is who may sign in, in the words of Graph.
    """

    client_id: str
    name: str
    service_principals: dict[str, str]
    secrets: set[str] = field(default_factory=set)
    certificates: list[str] = field(default_factory=list)  # PEM
    federated: list[FederatedCredential] = field(default_factory=list)
    home: str = samples.CUSTOMER_TENANT
    object_id: str = samples.APPLICATION_OBJECT_ID
    expired: set[str] = field(default_factory=set)
    keys: dict[str, Password] = field(default_factory=dict)  # by key ID
    audience: str = "AzureADMyOrg"


@dataclass
class ManagedIdentity:
    client_id: str
    object_id: str
    tenant: str
    system_assigned: bool = True


@dataclass
class RoleAssignment:
    """One principal's role at one scope; `id` is the resource ID that the caller chose the last part of."""

    id: str
    scope: str
    role_definition_id: str
    principal_id: str
    principal_type: str
    created: str
    created_by: str


@dataclass
class Link:
    """What the service keeps for one (tenant, object ID), also after deletion."""

    partner_id: str
    tenant: str
    object_id: str
    version: int
    created: str
    updated: str
    state: str = "Active"


class World:
    """All state of one emulated Azure. `now` gives times as the service writes them; tests replace it by a fixed clock.

    `clock` tells the moment by which secrets become known and expire, in seconds; a reader's waiting may move it. `propagation` is how
    long Microsoft Entra ID takes to know a new secret, in those seconds.
    """

    def __init__(self) -> None:
        self.tenants: dict[str, Tenant] = {}
        self.people: list[Person] = []
        self.applications: dict[str, Application] = {}
        self.machine_identities: list[ManagedIdentity] = []  # of the machine the snippet runs on
        self.pipeline_jobs: dict[str, object] = {}  # bearer token -> CI job that may ask for an ID token, see ci_tokens
        self.unreachable_issuers: set[str] = set()  # whose published keys Microsoft Entra ID cannot read
        self.at_the_browser: Person | None = None
        self.partners: dict[str, str] = {}  # location account ID -> name
        self.links: dict[tuple[str, str], Link] = {}
        self.role_assignments: list[RoleAssignment] = []
        self.groups: dict[str, set[str]] = {}  # object ID -> members' object IDs
        self.offers: dict[str, dict] = {}  # registration definitions by lower-case ID
        self.delegations: dict[str, dict] = {}  # registration assignments by lower-case ID
        self.deployments: dict[str, dict] = {}
        self.now = lambda: timestamp(time.time_ns())
        self.clock: Callable[[], float] = time.time
        self.propagation = 0.0

    def fix_clock(self) -> None:
        """Let every write happen one second after the one before, from a fixed start: wire files stay as they are."""
        start, ticks = 1_789_482_352_615_674_200, itertools.count()
        self.now = lambda: timestamp(start + next(ticks) * 1_000_000_000)

    def active_links(self) -> dict[tuple[str, str], str]:
        """(tenant, object ID) -> partner ID of every link that is not deleted."""
        return {key: link.partner_id for key, link in self.links.items() if link.state == "Active"}

    # --- the rules of Microsoft.ManagementPartner ---

    def read_link(self, tenant: str, object_id: str, partner_id: str | None = None) -> Link:
        """The caller's link. 404 when there is none (recorded), or when it is to another ID (documented, text modelled)."""
        link = self.links.get((tenant, object_id))
        if link is None or link.state != "Active" or partner_id not in (None, link.partner_id):
            # recorded: py-get-nothing-linked
            raise ServiceError(
                404, "ManagementPartnerNotFound", "This user or service principal is not linked with a Partner ID"
            )
        return link

    def create_link(self, tenant: str, object_id: str, partner_id: str) -> Link:
        """Link the caller. 400 for what is no location account ID (recorded), 409 when already linked (modelled)."""
        self._known(partner_id)
        old = self.links.get((tenant, object_id))
        if old and old.state == "Active":
            raise ServiceError(409, "Conflict", f"[modelled] This identity is already linked to {old.partner_id}")
        now = self.now()
        # recorded: create after delete goes on counting and keeps the first createdTime
        version, created = (old.version + 1, old.created) if old else (1, now)
        link = Link(partner_id, tenant, object_id, version, created, now)
        self.links[tenant, object_id] = link
        return link

    def update_link(self, tenant: str, object_id: str, partner_id: str) -> Link:
        """Move the caller's link. The not-linked check comes before the ID check (recorded)."""
        link = self.read_link(tenant, object_id)
        self._known(partner_id)
        link.partner_id, link.version, link.updated = partner_id, link.version + 1, self.now()
        return link

    def delete_link(self, tenant: str, object_id: str, partner_id: str) -> None:
        """Soft-delete. Nothing linked answers 200 (recorded, by inference); another ID is refused (modelled)."""
        link = self.links.get((tenant, object_id))
        if link is None or link.state != "Active":
            return
        self.read_link(tenant, object_id, partner_id)
        link.state, link.version, link.updated = "Deleted", link.version + 1, self.now()

    def _known(self, partner_id: str) -> None:
        if partner_id not in self.partners:  # recorded: py-create-invalid-id; global account IDs fall here too
            raise ServiceError(400, "PartnerIdInvalid", "The Partner ID is not valid")

    # --- tokens: JWTs signed with a key of this world, so that nobody else's pass ---

    _key = "the key of an emulated world, known to nobody else"

    def sign(self, claims: dict[str, object], lifetime: int = 3600) -> str:
        """A compact JWT of `claims` plus iat, nbf and exp (seconds)."""
        now = int(time.time())
        return jwt.encode({"iat": now, "nbf": now, "exp": now + lifetime, **claims}, self._key, "HS256")

    def claims(self, token: str) -> dict | None:
        """The claims of a token that this world signed and that has not expired, else None."""
        try:
            return jwt.decode(token, self._key, ["HS256"], options={"verify_aud": False, "verify_iss": False})
        except jwt.InvalidTokenError:
            return None


def timestamp(nanoseconds: int) -> str:
    """UTC of an epoch time with up to seven fractional digits and no trailing zeros (recorded)."""
    seconds, rest = divmod(nanoseconds, 1_000_000_000)
    fraction = f".{rest // 100:07}".rstrip("0").rstrip(".")
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%dT%H:%M:%S}{fraction}Z"


GUEST_IN_CUSTOMER = "a1a1a1a1-0000-4000-8000-000000000001"
MEMBER_AT_HOME = "a1a1a1a1-0000-4000-8000-000000000002"
GUEST_IN_OTHER = "a1a1a1a1-0000-4000-8000-000000000003"
OTHER_CUSTOMER = "0c0c0c0c-0000-4000-8000-000000000003"
STRANGER_TENANT = "0c0c0c0c-0000-4000-8000-000000000004"
GLOBAL_ACCOUNT_ID = "1234566"


def sample_world() -> World:
    """The world of the pages: an engineer at home in one tenant and guest in two customers' tenants, at the browser."""
    world = World()
    for tenant in (
        Tenant(samples.CUSTOMER_TENANT, "Contoso", "contoso.example", {samples.SUBSCRIPTION: "Contoso Production"}),
        Tenant(samples.HOME_TENANT, "Fabrikam Consulting", "fabrikam.example"),
        Tenant(OTHER_CUSTOMER, "Woodgrove", "woodgrove.example"),
        Tenant(STRANGER_TENANT, "Tailspin", "tailspin.example"),
    ):
        world.tenants[tenant.id] = tenant
    engineer = Person(
        "engineer@fabrikam.example",
        samples.HOME_TENANT,
        {
            samples.HOME_TENANT: MEMBER_AT_HOME,
            samples.CUSTOMER_TENANT: GUEST_IN_CUSTOMER,
            OTHER_CUSTOMER: GUEST_IN_OTHER,
        },
    )
    world.people.append(engineer)
    world.at_the_browser = engineer
    world.partners = {samples.PARTNER_ID: "Fabrikam Consulting", samples.NEW_PARTNER_ID: "Fabrikam Consulting Europe"}
    return world
