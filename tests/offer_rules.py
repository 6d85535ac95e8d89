"""What an Azure Lighthouse offer must keep, each rule with Microsoft's page that says so."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path

from arm_template import Node

DATA = json.loads((Path(__file__).parent / "data/roles.json").read_text("utf-8"))
ROLES = {role["id"]: role for role in DATA["published"] + DATA["special"]}
IDS = {role["name"]: role["id"] for role in ROLES.values()}
ADMINISTRATOR, DELETE = "User Access Administrator", DATA["special"][0]["name"]
GUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)
PERSON = re.compile(r"@|^(?!.*group).*\buser(?!s)", re.IGNORECASE)
MACHINE = re.compile(r"service.?principal|\bspn?\b|managed.?identity|automation acc", re.IGNORECASE)
Findings = Iterator[tuple[str, str, str]]  # where ("file: $.path"), found, what to write


class Grant:
    """One authorization. An ID that is not known is stood for by its expression."""

    def __init__(self, node: Node):
        self.node, self.where, self.policy = node, node.where, node["justInTimeAccessPolicy"]
        self.delegated = node["delegatedRoleDefinitionIds"]
        self.approvers = self.policy["managedByTenantApprovers"]
        self.principal, self.words = identify(node)
        role = node["roleDefinitionId"]
        self.role_id = str(role.value or role.via).lower()
        self.role = ROLES.get(self.role_id, {})
        self.name = self.role.get("name", self.role_id)
        self.role_at = (f"{self.where}.roleDefinitionId", f'"{self.role_id}" ({self.name})')


class Offer:
    """One registration definition; `earlier` are those before it in the same template."""

    def __init__(self, node: Node, earlier: list[Offer]):
        self.node, self.properties, self.earlier = node, node["properties"], earlier
        self.authorizations = self.properties["authorizations"]
        self.permanent = [Grant(each) for each in self.authorizations]
        self.eligible = [Grant(each) for each in self.properties["eligibleAuthorizations"]]
        self.grants = self.permanent + self.eligible
        holders = [each for g in self.grants for each in (g.node, *g.approvers)]
        self.ids = [self.properties["managedByTenantId"]]
        self.ids += [each["principalId"] for each in holders]
        # includes Reader, or is a role that is not known here
        self.readers = {g.principal for g in self.permanent if g.role.get("reads", not g.role)}
        self.machines = {g.principal for g in self.grants if MACHINE.search(g.words)}
        self.listed = [g for g in self.permanent if g.role.get("eligible") and g.role["lighthouse"] == "yes"]


def identify(node: Node) -> tuple[str, str]:
    """Of an authorization or approver: who, lower case, and the words that tell its kind."""
    who, name = node["principalId"], node["principalIdDisplayName"].value or ""
    return str(who.value or who.via).lower(), f"{name} {who.via}".strip()


def complete(offer: Offer) -> Findings:
    """A managing tenant, and authorizations that each have principal and role, are required.

    https://learn.microsoft.com/azure/templates/microsoft.managedservices/registrationdefinitions
    """
    roles = [grant.node["roleDefinitionId"] for grant in offer.grants]
    for node in (offer.authorizations, *roles):
        if node.value is None and node.via:  # nobody can judge what it grants
            yield node.where, f"{node.via}: {node.why}", "it here, in a parameter or in a variable"
    for node in (*roles, *offer.ids):
        if not node.value and not node.via:
            yield node.where, json.dumps(node.value), "an ID: it is required"
    if not offer.permanent and not offer.authorizations.via:
        found = json.dumps(offer.authorizations.value)[:60]
        yield offer.authorizations.where, found, "an array of authorizations: it is required"


def guids(offer: Offer) -> Findings:
    """IDs are bare GUIDs: no resource IDs, no placeholders, no character too many.

    https://learn.microsoft.com/azure/lighthouse/how-to/onboard-customer
    """
    roles = [grant.node["roleDefinitionId"] for grant in offer.grants]
    for node in (*offer.ids, *roles, *(each for grant in offer.grants for each in grant.delegated)):
        if node.value and not GUID.fullmatch(str(node.value)):
            yield node.where, json.dumps(node.value), "the ID alone: 8-4-4-4-12 hexadecimal digits"
        elif node.value and not node.value.strip("0-"):
            yield node.where, f'a placeholder, "{node.value}"', "your own ID"


def supported_roles(offer: Offer) -> Findings:
    """Not Owner, no role with dataActions, none that writes role assignments, locks and the like.

    https://learn.microsoft.com/azure/lighthouse/concepts/tenants-users-roles
    """
    for grant in offer.grants:
        if grant.name == "Owner":
            yield *grant.role_at, f"another role; the nearest is Contributor {IDS['Contributor']}"
        elif grant.role.get("dataActions"):
            yield *grant.role_at, "a role without dataActions: this one has some"
        elif grant.role.get("forbidden"):
            yield *grant.role_at, f"a role without {grant.role['forbidden']}"


def delegated_roles(offer: Offer) -> Findings:
    """User Access Administrator only with the list of roles it may assign to managed identities.

    https://learn.microsoft.com/azure/lighthouse/how-to/deploy-policy-remediation
    """
    for grant in offer.permanent:
        if grant.name == ADMINISTRATOR and not grant.delegated.value and not grant.delegated.via:
            yield *grant.role_at, "delegatedRoleDefinitionIds beside it: the roles it may assign"
        for node in grant.delegated:
            name = ROLES.get(str(node.value).lower(), {}).get("name")
            if name in ("Owner", ADMINISTRATOR):
                yield node.where, f'"{node.value}" ({name})', "any other role Lighthouse supports"


def delete_role(offer: Offer) -> Findings:
    """Somebody has the delete role, or only the customer can end it; and can see what to delete.

    https://learn.microsoft.com/azure/lighthouse/concepts/tenants-users-roles
    """
    holders = [grant for grant in offer.permanent if grant.name == DELETE]
    if not holders:
        yield offer.authorizations.where, f"nobody has {DELETE}", f"{IDS[DELETE]} for a group"
    for grant in holders:
        if grant.principal not in offer.readers:
            yield grant.where, f"{DELETE} only", f"Reader {IDS['Reader']} for this principal too"


def listed_role(offer: Offer) -> Findings:
    """At least one permanent role is on Microsoft's list for partner earned credit; what other programmes pay is not judged.

    https://learn.microsoft.com/azure/lighthouse/concepts/cloud-solution-provider
    """
    if not offer.listed and all(GUID.fullmatch(grant.role_id) for grant in offer.permanent):
        names = ", ".join(dict.fromkeys(grant.name for grant in offer.permanent)) or "none"
        least = f"Support Request Contributor {IDS['Support Request Contributor']}"
        yield (
            offer.authorizations.where,
            f"no role on the list for partner earned credit: {names}",
            f"{least}, permanently",
        )


def no_users(offer: Offer) -> Findings:
    """Groups and service principals rather than users. Seen from names: the file holds no kinds.

    https://learn.microsoft.com/azure/lighthouse/concepts/tenants-users-roles
    """
    for grant in offer.grants:
        if PERSON.search(grant.words):
            yield grant.where, f'a user, by its name "{grant.words}"', "a security group instead"


def unique_name(offer: Offer) -> Findings:
    """One offer name, one offer: the same name twice at one scope is refused.

    https://learn.microsoft.com/azure/lighthouse/how-to/onboard-customer
    """
    name = offer.properties["registrationDefinitionName"].value
    earlier = (other.properties["registrationDefinitionName"].value for other in offer.earlier)
    if name and name in earlier:
        where = f"{offer.properties.where}.registrationDefinitionName"
        yield where, f'"{name}" again', "an offer name of its own"


def eligible_version(offer: Offer) -> Findings:
    """Eligible authorizations exist since API version 2020-02-01-preview.

    https://learn.microsoft.com/azure/templates/microsoft.managedservices/registrationdefinitions
    """
    version = offer.node["apiVersion"]
    if offer.eligible and str(version.value)[:10] < "2020-02-01":
        yield version.where, f'"{version.value}"', '"2022-10-01"'


def eligible_principals(offer: Offer) -> Findings:
    """Eligible roles are for groups and users with Reader for good, and give no power to assign.

    https://learn.microsoft.com/azure/lighthouse/how-to/create-eligible-authorizations
    """
    for grant in offer.eligible:
        if grant.principal in offer.machines:
            yield grant.where, "a service principal, by its name", "a permanent one instead"
        elif grant.principal not in offer.readers:
            yield (
                grant.where,
                "no permanent Reader",
                f"Reader {IDS['Reader']} in authorizations",
            )
        if grant.name == ADMINISTRATOR or grant.delegated.value:
            yield *grant.role_at, "a permanent authorization: it cannot be eligible"


def eligible_policy(offer: Offer) -> Findings:
    """An activation lasts 30 minutes to 8 hours; the second factor is Azure or None.

    https://learn.microsoft.com/azure/lighthouse/how-to/create-eligible-authorizations
    """
    for grant in offer.eligible:
        lasts = grant.policy["maximumActivationDuration"]
        factor = grant.policy["multiFactorAuthProvider"]
        if lasts.value is not None and not 30 <= minutes(lasts.value) <= 480:
            yield lasts.where, json.dumps(lasts.value), '"PT30M" to "PT8H"'
        if grant.policy.value and factor.value not in ("Azure", "None") and not factor.via:
            yield factor.where, json.dumps(factor.value), '"Azure" (or "None")'


def eligible_approvers(offer: Offer) -> Findings:
    """At most 10 approvers, groups or users, one of them not the principal that asks.

    https://learn.microsoft.com/azure/lighthouse/how-to/create-eligible-authorizations
    """
    for grant in offer.eligible:
        who = [identify(node) for node in grant.approvers]
        if len(who) > 10:
            yield grant.approvers.where, f"{len(who)} approvers", "10 at most, or a group"
        if {principal for principal, _ in who} == {grant.principal}:
            yield grant.approvers.where, "only the principal that asks", "another group or user"
        for node, (principal, words) in zip(grant.approvers, who, strict=True):
            if principal in offer.machines or MACHINE.search(words):
                yield node.where, "a service principal, by its name", "a group or user"


def same_policy(offer: Offer) -> Findings:
    """Eligible authorizations with the same role have the same access policy.

    https://learn.microsoft.com/azure/lighthouse/how-to/create-eligible-authorizations
    """
    first: dict[str, Grant] = {}
    for grant in offer.eligible:
        other = first.setdefault(grant.role_id, grant)
        if grant.policy.value != other.policy.value:
            yield grant.policy.where, f"not the policy {grant.name} has before", "one policy a role"


def minutes(duration: object) -> int:
    """PT1H30M -> 90; -1 for anything but hours and minutes."""
    match = re.fullmatch(r"PT(?=\d)(?:(\d+)H)?(?:(\d+)M)?", str(duration))
    return int(match[1] or 0) * 60 + int(match[2] or 0) if match else -1


RULES = (complete, guids, supported_roles, delegated_roles, delete_role, listed_role, no_users)
RULES += (unique_name, eligible_version, eligible_principals, eligible_policy, eligible_approvers)
RULES += (same_policy,)


def check(offer: Offer) -> Findings:
    """What all rules find; of an offer whose authorizations are not known, that alone."""
    for rule in RULES if offer.permanent else (complete,):
        yield from rule(offer)


def notes(offer: Offer) -> Iterator[str]:
    """What could not be checked, and is no mistake by itself."""
    for node in offer.ids:
        if node.via and node.value is None:
            yield f"not checked, {node.via}: {node.why}"
    for grant in offer.grants:
        if not grant.role and GUID.fullmatch(grant.role_id):
            yield f"role {grant.role_id} is not known here; see that it is built in and supported"
