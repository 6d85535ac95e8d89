"""The policy for a management group delegates, and delegates again after the delegation was removed; so do few public ones.

No policy engine runs here: tests/policy.py stands in for it, so all of this is *modelled*.
"""

from __future__ import annotations

import copy
import json
import re

import delegating
import policy
import pytest
from delegating import LIGHTHOUSE, PROVIDER_PRINCIPAL, SCOPE
from emulator import samples
from emulator.deployments import deploy
from emulator.harness import ROOT, Reader
from emulator.managedservices import CONTRIBUTOR, OWNER
from emulator.template import deployed
from emulator.world import RoleAssignment, World
from scenarios import SNIPPETS, prepare

IDENTITY = "c0c0c0c0-0000-4000-8000-000000000002"  # of the policy's assignment, made by the customer
AS_POLICY = {"tid": samples.CUSTOMER_TENANT, "oid": IDENTITY, "idtyp": "app"}
PUBLIC = json.loads((ROOT / "tests/data/lighthouse-policies.json").read_text("utf-8"))["policies"]
PAGE = (ROOT / "docs/lighthouse/index.md").read_text("utf-8")


def read(name: str) -> dict:
    return json.loads((LIGHTHOUSE / name).read_text("utf-8"))


@pytest.fixture(name="rule")
def _rule() -> dict:
    return policy.definition(read("policy.json"), read("sp.parameters.json")["parameters"])["policyRule"]


def assign(world: World, reader: Reader, role: str = OWNER) -> None:
    """The customer assigns the policy, and its identity gets a role."""
    delegating.customer(world, reader)
    role_id = f"{SCOPE}/providers/Microsoft.Authorization/roleDefinitions/{role}"
    world.role_assignments.append(RoleAssignment(SCOPE, SCOPE, role_id, IDENTITY, "ServicePrincipal", "", ""))


def run(reader: Reader, world: World, task: str) -> None:
    prepare(reader, world, SNIPPETS / task)
    result = reader.run(SNIPPETS / task)
    assert result.code == 0, result.output


# --- our policy ---


def test_it_gives_its_identity_the_role_that_its_deployment_needs(rule: dict, world: World, reader: Reader) -> None:
    assert [id.rpartition("/")[2] for id in rule["then"]["details"]["roleDefinitionIds"]] == [OWNER]
    assign(world, reader, CONTRIBUTOR)
    assert "sufficient privileges" in str(policy.remediate(world, rule, AS_POLICY, samples.SUBSCRIPTION))
    delegating.nothing_is_delegated(world)


def test_it_delegates_again_after_the_provider_removed_the_delegation(rule: dict, world: World, reader: Reader) -> None:
    """Non-compliant, deployed, compliant; removed by the page's own block; non-compliant, although the offer is still there."""
    assign(world, reader)
    for _ in range(2):
        assert not policy.complies(world, rule, samples.SUBSCRIPTION)
        assert policy.remediate(world, rule, AS_POLICY, samples.SUBSCRIPTION) is None
        delegating.offer_is_delegated(world)
        assert policy.complies(world, rule, samples.SUBSCRIPTION)
        run(reader, world, "delegations/remove.py")
        delegating.only_the_offer_is_left(world)
        assign(world, reader)


def test_it_delegates_again_after_the_customer_removed_everything(rule: dict, world: World, reader: Reader) -> None:
    assign(world, reader)
    assert policy.remediate(world, rule, AS_POLICY, samples.SUBSCRIPTION) is None
    run(reader, world, "onboard/remove.py")
    delegating.nothing_is_delegated(world)
    assert not policy.complies(world, rule, samples.SUBSCRIPTION)


def test_offer_deployed_by_hand_counts_as_done(rule: dict, world: World, reader: Reader) -> None:
    """The same offer name gives the same definition, whoever deploys it."""
    assign(world, reader)
    delegating.delegated(world, PROVIDER_PRINCIPAL)
    assert policy.complies(world, rule, samples.SUBSCRIPTION)


def test_another_offer_does_not_count(rule: dict, world: World, reader: Reader) -> None:
    assign(world, reader)
    delegating.delegated(world, PROVIDER_PRINCIPAL, "minimal")
    assert not policy.complies(world, rule, samples.SUBSCRIPTION)
    assert policy.remediate(world, rule, AS_POLICY, samples.SUBSCRIPTION) is None
    assert len(world.delegations) == 2


def test_one_delegated_resource_group_does_not_count(rule: dict, world: World, reader: Reader) -> None:
    assign(world, reader)
    given = read("sp.parameters.json")["parameters"] | {"resourceGroupNames": {"value": ["web"]}}
    resources, _ = deployed(read("sp.json"), given, samples.SUBSCRIPTION)
    assert deploy(world, delegating.AS_CUSTOMER, resources) is None
    assert not policy.complies(world, rule, samples.SUBSCRIPTION)


def test_new_authorizations_do_not_reach_who_is_delegated_already(rule: dict, world: World, reader: Reader) -> None:
    """As the page says: the old offer satisfies the policy, so nothing deploys the new one."""
    assign(world, reader)
    assert policy.remediate(world, rule, AS_POLICY, samples.SUBSCRIPTION) is None
    before = copy.deepcopy(world.offers)
    given = read("sp.parameters.json")["parameters"] | {"operatorsGroupId": {"value": samples.CLIENT_ID}}
    changed = policy.definition(read("policy.json"), given)["policyRule"]
    assert samples.CLIENT_ID in str(changed)
    assert policy.remediate(world, changed, AS_POLICY, samples.SUBSCRIPTION) is None
    assert world.offers == before


def test_other_resources_are_left_alone(rule: dict, world: World) -> None:
    rule["if"]["equals"] = "Microsoft.Resources/subscriptions/resourceGroups"
    assert policy.complies(world, rule, samples.SUBSCRIPTION)


# --- public policies ---


def rule_of(public: dict) -> dict:
    """A public policy's rule, from what tests/data/lighthouse-policies.json says of it."""
    parts = []
    for field, wanted in public["exists"]:
        where, value = (f"{policy.PROVIDER}/{field}", f"[parameters('{wanted.replace(' ', '_')}')]")
        is_type = field == "type"
        parts.append(
            {"field": field if is_type else where, "equals": f"{policy.PROVIDER}/{wanted}" if is_type else value}
        )
    scope = public["scope"]
    details = {"type": f"{policy.PROVIDER}/{public['type']}", "existenceScope": scope, "deploymentScope": scope}
    details["existenceCondition"] = {"allOf": parts}
    about = {"field": "type", "equals": "Microsoft.Resources/subscriptions"}
    return {"if": about, "then": {"effect": "deployIfNotExists", "details": details}}


def verdict(public: dict, world: World) -> str:
    """What becomes of a subscription under a policy: before, delegated, and with the definition alone."""
    rule, given, states = rule_of(public), {"managing_tenant": samples.HOME_TENANT}, []
    given["offer_name"] = read("sp.parameters.json")["parameters"]["mspOfferName"]["value"]
    given["definition_ID"] = "that of a definition that is not there yet"
    try:
        states.append(policy.complies(world, rule, samples.SUBSCRIPTION, given))
    except policy.PolicyError as error:
        assert "is not an alias" in str(error)
        return "refused"
    delegating.delegated(world, PROVIDER_PRINCIPAL)
    given["definition_ID"] = next(iter(world.offers.values()))["id"]
    states.append(policy.complies(world, rule, samples.SUBSCRIPTION, given))
    world.delegations.clear()
    states.append(policy.complies(world, rule, samples.SUBSCRIPTION, given))
    names = {(False, True, False): "again", (False, True, True): "never again", (False, False, False): "never done"}
    return names[tuple(states)]


@pytest.mark.parametrize("public", PUBLIC, ids=lambda public: f"{public['source']} {public['path']} {public['of']}")
def test_public_policy(public: dict, world: World, reader: Reader) -> None:
    delegating.customer(world, reader)
    assert verdict(public, world) == public["verdict"]


def test_page_counts_the_public_policies() -> None:
    """At least ten, each named with what was read of it."""
    assert len({(p["source"], p["path"], p["of"]) for p in PUBLIC}) == len(PUBLIC) >= 10
    assert all(re.fullmatch(r"[0-9a-f]{40}", p.get("commit", "")) or p["path"].startswith("https://") for p in PUBLIC)
    counted = {
        kind: sum(p["verdict"] == kind for p in PUBLIC) for kind in ("again", "never again", "never done", "refused")
    }
    said = re.search(
        r"Of (\d+) public policies .*: (\d+) never delegate again, (\d+) do, (\d+) .*, and (\d+) \[Azure refuses\]",
        PAGE,
    )
    order = ("never again", "again", "never done", "refused")
    assert [int(n) for n in said.groups()] == [len(PUBLIC), *(counted[kind] for kind in order)]


# --- the stand-in ---

FIELD = f"{policy.PROVIDER}/registrationDefinitions/managedByTenantId"
UNKNOWN = {  # what is put into the rule -> what is said
    "an alias that does not exist": (
        {"field": f"{policy.PROVIDER}/registrationDefinitions/tenant", "equals": "x"},
        "is not an alias",
    ),
    "an alias of another provider": (
        {"field": "Microsoft.Storage/storageAccounts/sku.name", "equals": "x"},
        "is not an alias",
    ),
    "an array": ({"field": f"{policy.PROVIDER}/registrationDefinitions/authorizations[*]", "equals": "x"}, "arrays"),
    "an operator": ({"field": FIELD, "match": "x"}, "the operator match"),
    "a count": ({"count": {"field": FIELD}, "greater": 0}, "only a field with one operator"),
    "two operators": ({"field": FIELD, "equals": "x", "like": "*"}, "only a field with one operator"),
    "an expression": ({"field": FIELD, "equals": "[subscription().tenantId]"}, "only a parameter"),
    "a parameter without a value": ({"field": FIELD, "equals": "[parameters('who')]"}, "only a parameter"),
    "two wildcards": ({"field": FIELD, "like": "*a*"}, "exactly one *"),
    "in the second part": ({"anyOf": [{"field": "type", "exists": "true"}]}, "the operator exists"),
}


@pytest.mark.parametrize("case", UNKNOWN)
def test_what_is_not_modelled_is_told(case: str, rule: dict, world: World) -> None:
    condition, said = UNKNOWN[case]
    rule["then"]["details"]["existenceCondition"] = condition
    with pytest.raises(policy.PolicyError, match=re.escape(said)):
        policy.complies(world, rule, samples.SUBSCRIPTION)


@pytest.mark.parametrize("member", ["existenceScope", "deploymentScope"])
def test_default_scope_is_the_resource_group_that_a_subscription_has_not(member: str, rule: dict, world: World) -> None:
    del rule["then"]["details"][member]
    with pytest.raises(policy.PolicyError, match=f"{member} ResourceGroup"):
        policy.complies(world, rule, samples.SUBSCRIPTION)


COMPARED = [  # operator, value, wanted, result
    ("equals", "AbC", "aBc", True),
    ("equals", None, "abc", False),
    ("notEquals", None, "abc", True),
    ("like", "/Subscriptions/1/x", "*/X", True),
    ("like", "abc", "ab*bc", False),
    ("like", None, "*x", False),
    ("notLike", "abc", "a*", False),
    ("contains", "/resourceGroups/web", "/RESOURCEGROUPS/", True),
    ("notContains", "/subscriptions/1", "/resourceGroups/", True),
]


@pytest.mark.parametrize(("operator", "value", "wanted", "result"), COMPARED)
def test_conditions_compare_as_documented(operator: str, value: str | None, wanted: str, result: bool) -> None:
    assert policy.compare(operator, value, wanted) is result
