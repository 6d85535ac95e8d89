"""What an Azure Lighthouse offer must keep, each rule with Microsoft's page that says so."""

from __future__ import annotations

import json
import pkgutil
import re
from typing import Any

from arm_resources import Resource
from arm_template import CUSTOMER, Node, nearest
from offer_file import shown
from offer_schema import DEFINITION, Finding, Findings, doubt, members, unseen

DATA = json.loads(pkgutil.get_data(__name__, "data/roles.json") or b"")
ROLES = {role["id"]: role for role in DATA["published"] + DATA["special"]}
IDS = {role["name"]: role["id"] for role in ROLES.values()}
ADMINISTRATOR, DELETE = "User Access Administrator", DATA["special"][0]["name"]
GUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)
VERSIONS = (
    "2018-06-01-preview",
    "2019-04-01-preview",
    "2019-06-01",
    "2019-09-01",
    "2019-12-01-preview",
    "2020-02-01-preview",
)
VERSIONS += ("2022-01-01-preview", "2022-10-01")
# What a name says of the kind of a principal. A group's name may hold any other word; one word alone proves nothing.
GROUP = re.compile(
    r"\b(groups?|teams?|users|operators|admin(istrator)?s|engineers|readers|contributors|owners|members|support|desk|staff|approvers)\b",
    re.I,
)
MACHINE = re.compile(
    r"\bservice principal|\bspn?\b|\b(managed|user assigned|system assigned) identity|\bautomation acc|\bapp registration",
    re.I,
)
ADDRESS = re.compile(r"[^\s@<(]+@[^\s@]+\.[^\s@]+")
PERSON = re.compile(r"\((guest )?user\)|^user: |\buser account\b", re.I)
PERSON_PARAMETER = re.compile(r"\b(user|person) (object|principal)? ?id\b", re.I)


class Grant:
    """One authorization. An ID that is not known is stood for by its expression."""

    def __init__(self, node: Node):
        self.node, self.where, self.policy = node, node.where, node["justInTimeAccessPolicy"]
        self.delegated = node["delegatedRoleDefinitionIds"]
        self.approvers = self.policy["managedByTenantApprovers"]
        self.principal, self.words = identify(node)
        self.principal_known = isinstance(node["principalId"].value, str)
        self.role_node = node["roleDefinitionId"]
        self.role_known = isinstance(self.role_node.value, str)
        self.role_id = text(self.role_node)
        self.role = ROLES.get(self.role_id, {})
        self.name = self.role.get("name", self.role_id)
        self.role_at = (f"{self.where}.roleDefinitionId", f'"{shown(self.role_id)}" ({shown(self.name)})')


class Offer:
    """One registration definition."""

    def __init__(self, resource: Resource):
        self.resource, self.node, self.properties = resource, resource.node, resource.node["properties"]
        self.authorizations = self.properties["authorizations"]
        self.permanent = [Grant(each) for each in elements(self.authorizations)]
        self.eligible = [Grant(each) for each in elements(self.properties["eligibleAuthorizations"])]
        self.grants = self.permanent + self.eligible
        holders = [each for g in self.grants for each in (g.node, *elements(g.approvers))]
        self.ids = [self.properties["managedByTenantId"], *(each["principalId"] for each in holders)]
        self.readers = {g.principal for g in self.permanent if g.role.get("reads", not g.role)}
        self.machines = {g.principal for g in self.grants if is_machine(g.words)}
        self.listed = [g for g in self.permanent if g.role.get("eligible") and g.role["lighthouse"] == "yes"]
        # What is not there may be in what is not known: then nobody can say that it is missing.
        self.whole = self.authorizations.known and all(g.node.known and g.role_known for g in self.permanent)
        self.everybody = self.whole and all(g.principal_known for g in self.grants)
        self.name, self.offer_name = text(self.node["name"]), self.properties["registrationDefinitionName"].value


def elements(node: Node) -> list[Node]:
    return list(node) if isinstance(node.value, list) else []


def text(node: Node) -> str:
    """The text of a node in lower case, or the expression that leads to it."""
    return str(node.value if isinstance(node.value, str) else node.via).lower()


def identify(node: Node) -> tuple[str, str]:
    """Of an authorization or approver: who, lower case, and the words that tell its kind."""
    who, name = node["principalId"], node["principalIdDisplayName"].value
    via = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", " ".join(re.findall(r"'(\w+)'", who.via)))
    return text(who), f"{name if isinstance(name, str) else ''} {via.replace('_', ' ')}".strip()


def is_machine(words: str) -> bool:
    return bool(MACHINE.search(words)) and not GROUP.search(words)


def is_person(words: str) -> bool:
    named = ADDRESS.search(words) or PERSON.search(words) or PERSON_PARAMETER.search(words)
    return bool(named) and not GROUP.search(words) and not MACHINE.search(words)


def placeholder(node: Node) -> bool:
    return isinstance(node.value, str) and bool(GUID.fullmatch(node.value)) and not node.value.strip("0-")


def complete(offer: Offer) -> Findings:
    """Every member is published, of its type and there once; managing tenant, principals and roles are required.

    https://learn.microsoft.com/azure/templates/microsoft.managedservices/registrationdefinitions
    """
    yield from members(offer.node, DEFINITION)
    authorizations = offer.authorizations
    for node in (offer.properties["registrationDefinitionName"], offer.properties["description"]):
        yield from unseen(node)
    for grant in offer.grants:
        for node in (grant.node, *elements(grant.approvers)):
            yield from unseen(node["principalIdDisplayName"])
    if isinstance(authorizations.value, list) and not authorizations.value and authorizations.via:
        yield Finding(authorizations.where, "an empty list", "an array of authorizations: it is required")


def guids(offer: Offer) -> Findings:
    """IDs are bare GUIDs: no resource IDs, no placeholders, no character too many. So are names of definitions.

    https://learn.microsoft.com/azure/lighthouse/how-to/onboard-customer
    """
    lists = [each for grant in offer.grants for each in elements(grant.delegated)]
    for node in (*offer.ids, *(grant.role_node for grant in offer.grants), *lists):
        if not isinstance(node.value, str) or not node.value:
            continue
        if CUSTOMER in node.value:
            yield Finding(
                node.where, "the customer's own tenant", "the ID of your tenant: a tenant cannot manage itself"
            )
        elif not GUID.fullmatch(node.value):
            yield Finding(node.where, f'"{shown(node.value)}"', "the ID alone: 8-4-4-4-12 hexadecimal digits")
        elif placeholder(node):
            yield Finding(node.where, f'a placeholder, "{node.value}"', "your own ID")
    name = offer.node["name"]
    if isinstance(name.value, str) and name.value and not GUID.fullmatch(name.value):
        yield Finding(name.where, f'the name "{shown(name.value)}" is no GUID', "[guid('your offer name')]")


def supported_roles(offer: Offer) -> Findings:
    """Not Owner, no role with dataActions, none that writes role assignments, locks and the like.

    https://learn.microsoft.com/azure/lighthouse/concepts/tenants-users-roles
    """
    for grant in offer.grants:
        if grant.name == "Owner":
            yield Finding(*grant.role_at, f"another role; the nearest is Contributor {IDS['Contributor']}")
        elif grant.role.get("dataActions"):
            yield Finding(*grant.role_at, "a role without dataActions: this one has some")
        elif grant.role.get("forbidden"):
            yield Finding(*grant.role_at, f"a role without {grant.role['forbidden']}")
        elif not grant.role and GUID.fullmatch(grant.role_id):
            found = f"role {grant.role_id} is not known here"
            yield doubt(
                grant.role_node,
                found,
                "it only if it is built in and supported: look it up among Azure's built-in roles",
            )


def delegated_roles(offer: Offer) -> Findings:
    """User Access Administrator only with the list of roles it may assign to managed identities.

    https://learn.microsoft.com/azure/lighthouse/how-to/deploy-policy-remediation
    """
    for grant in offer.permanent:
        if grant.name != ADMINISTRATOR:
            if elements(grant.delegated) and grant.role_known:
                yield doubt(
                    grant.delegated,
                    f"delegatedRoleDefinitionIds does nothing beside {grant.name}",
                    f"it beside {ADMINISTRATOR} only",
                )
        elif grant.delegated.known and not grant.delegated.value:
            yield Finding(*grant.role_at, "delegatedRoleDefinitionIds beside it: the roles it may assign")
        seen: set[str] = set()
        for node in elements(grant.delegated):
            yield from delegated_role(node, seen)


def delegated_role(node: Node, seen: set[str]) -> Findings:
    role, id = ROLES.get(text(node), {}), f'"{shown(node.value)}"'
    if text(node) in seen:
        yield doubt(node, f"{id} stands here twice", "it once")
    seen.add(text(node))
    if role.get("name") in ("Owner", ADMINISTRATOR) or role.get("forbidden"):
        yield Finding(node.where, f"{id} ({role['name']})", "any other role Lighthouse supports")
    elif role.get("dataActions"):
        found = f"{id} ({role['name']}) has data actions; no source settles whether such a role may stand in this list"
        yield doubt(node, found, "a role without data actions, to be sure")
    elif not role and GUID.fullmatch(text(node)):
        yield doubt(node, f"role {text(node)} is not known here", "it only if it is built in and supported")


def delete_role(offer: Offer) -> Findings:
    """Somebody has the delete role, or only the customer can end it; and can see what to delete.

    https://learn.microsoft.com/azure/lighthouse/concepts/tenants-users-roles
    """
    holders = [grant for grant in offer.permanent if grant.name == DELETE]
    if not holders and offer.whole and offer.permanent:
        yield doubt(
            offer.authorizations, f"nobody has {DELETE}: only the customer can end this", f"{IDS[DELETE]} for a group"
        )
    for grant in holders:
        if grant.principal not in offer.readers:
            found = f"{DELETE} only: who has it cannot see what to delete"
            yield doubt(grant.node, found, f"Reader {IDS['Reader']} for this principal too")


def listed_role(offer: Offer) -> Findings:
    """At least one permanent role is on Microsoft's list for partner earned credit; what other programmes pay is not judged.

    https://learn.microsoft.com/azure/lighthouse/concepts/cloud-solution-provider
    """
    if (
        not offer.listed
        and offer.whole
        and offer.permanent
        and all(GUID.fullmatch(grant.role_id) for grant in offer.permanent)
    ):
        names = ", ".join(dict.fromkeys(grant.name for grant in offer.permanent))
        least = f"Support Request Contributor {IDS['Support Request Contributor']}"
        yield doubt(
            offer.authorizations, f"no role on the list for partner earned credit: {names}", f"{least}, permanently"
        )


def no_users(offer: Offer) -> Findings:
    """Groups and service principals rather than users. Seen from names: the file holds no kinds.

    https://learn.microsoft.com/azure/lighthouse/concepts/tenants-users-roles
    """
    for grant in offer.grants:
        if is_person(grant.words):
            yield Finding(grant.where, f'a user, by its name "{shown(grant.words)}"', "a security group instead")


def once(offer: Offer) -> Findings:
    """Each role once for each principal: one line too many hides what the customer agrees to.

    https://learn.microsoft.com/azure/lighthouse/how-to/update-delegation
    """
    for grants in (offer.permanent, offer.eligible):
        seen: set[tuple[str, str]] = set()
        for grant in grants:
            key = (grant.principal, grant.role_id)
            if key in seen and all(key) and not placeholder(grant.node["principalId"]):
                yield doubt(grant.node, f"the same principal has {grant.name} twice", "it once: delete this one")
            seen.add(key)


def api_version(offer: Offer) -> Findings:
    """The API version is published; eligible authorizations exist since 2020-02-01-preview.

    https://learn.microsoft.com/azure/templates/microsoft.managedservices/registrationdefinitions
    """
    version = offer.node["apiVersion"]
    yield from published_version(version)
    if offer.eligible and isinstance(version.value, str) and version.value[:10] < "2020-02-01":
        yield Finding(version.where, f'"{shown(version.value)}" has no eligible authorizations', '"2022-10-01"')


def published_version(version: Node) -> Findings:
    """Of a definition or an assignment; a later one than is known here may be good."""
    if not isinstance(version.value, str) or version.value in ("", *VERSIONS):
        return
    if re.fullmatch(r"20\d\d-\d\d-\d\d(-preview)?", version.value) and version.value[:10] > VERSIONS[-1]:
        yield doubt(version, f'"{version.value}" is later than the versions known here', f'"{VERSIONS[-1]}"')
    else:
        yield Finding(
            version.where,
            f'"{shown(version.value)}" is no published version',
            f'"{nearest(version.value, VERSIONS, VERSIONS[-1])}"',
        )


def eligible_principals(offer: Offer) -> Findings:
    """Eligible roles are for groups and users with Reader for good, and give no power to assign.

    https://learn.microsoft.com/azure/lighthouse/how-to/create-eligible-authorizations
    """
    for grant in offer.eligible:
        if grant.principal in offer.machines:
            yield Finding(grant.where, "a service principal, by its name", "a permanent one instead")
        elif grant.principal not in offer.readers and offer.whole and grant.principal:
            found, write = "no permanent Reader", f"Reader {IDS['Reader']} in authorizations"
            yield Finding(grant.where, found, write, refused=offer.everybody)
        if grant.name == ADMINISTRATOR:
            yield Finding(*grant.role_at, "a permanent authorization: it cannot be eligible")


def eligible_policy(offer: Offer) -> Findings:
    """An activation lasts 30 minutes to 8 hours; the second factor is Azure or None.

    https://learn.microsoft.com/azure/lighthouse/how-to/create-eligible-authorizations
    """
    for grant in offer.eligible:
        lasts, factor = grant.policy["maximumActivationDuration"], grant.policy["multiFactorAuthProvider"]
        if isinstance(lasts.value, str) and lasts.value and not 30 <= minutes(lasts.value) <= 480:
            yield Finding(lasts.where, f'"{shown(lasts.value)}"', '"PT30M" to "PT8H"')
        if isinstance(factor.value, str) and factor.value and factor.value not in ("Azure", "None"):
            cased = factor.value.capitalize() in ("Azure", "None")
            yield Finding(factor.where, f'"{shown(factor.value)}"', '"Azure" (or "None")', refused=not cased)


def eligible_approvers(offer: Offer) -> Findings:
    """At most 10 approvers, groups or users, one of them not the principal that asks.

    https://learn.microsoft.com/azure/lighthouse/how-to/create-eligible-authorizations
    """
    for grant in offer.eligible:
        approvers = elements(grant.approvers)
        who = [identify(node) for node in approvers]
        if len(who) > 10:
            yield Finding(grant.approvers.where, f"{len(who)} approvers", "10 at most, or a group")
        if {principal for principal, _ in who} == {grant.principal} and not placeholder(grant.node["principalId"]):
            yield Finding(grant.approvers.where, "only the principal that asks", "another group or user")
        for node, (principal, words) in zip(approvers, who, strict=True):
            if principal in offer.machines or is_machine(words):
                yield Finding(node.where, "a service principal, by its name", "a group or user")


def same_policy(offer: Offer) -> Findings:
    """Eligible authorizations with the same role have the same access policy.

    https://learn.microsoft.com/azure/lighthouse/how-to/create-eligible-authorizations
    """
    first: dict[str, Grant] = {}
    for grant in offer.eligible:
        other = first.setdefault(grant.role_id, grant)
        if grant.policy.known and other.policy.known and settled(grant.policy) != settled(other.policy):
            yield Finding(grant.policy.where, f"not the policy {grant.name} has before", "one policy a role")


def settled(node: Node) -> Any:
    """A value to compare: names in lower case, what is not known by its expression."""
    if isinstance(node.value, dict):
        return {name.lower(): settled(node[name]) for name in node.members()}
    if isinstance(node.value, list):
        return [settled(each) for each in node]
    return node.value if node.known else node.via


def minutes(duration: object) -> int:
    """PT1H30M -> 90; -1 for anything but hours and minutes."""
    match = re.fullmatch(r"PT(?=\d)(?:(\d{1,4})H)?(?:(\d{1,4})M)?", str(duration))
    return int(match[1] or 0) * 60 + int(match[2] or 0) if match else -1


RULES = (complete, guids, supported_roles, delegated_roles, delete_role, listed_role, no_users, once, api_version)
RULES += (eligible_principals, eligible_policy, eligible_approvers, same_policy)


def check(offer: Offer) -> Findings:
    """What all rules find in one offer."""
    for rule in RULES:
        yield from rule(offer)
