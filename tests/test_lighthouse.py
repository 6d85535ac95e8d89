"""Azure Lighthouse from nothing to delegated, linked and earning, and back to nothing; and what is refused on the way."""

from __future__ import annotations

import copy
import json
from pathlib import Path

import delegating
import pytest
import wire
from bystanders import THEIR_DELEGATION, bring_in
from delegating import AS_CUSTOMER, LIGHTHOUSE, PROVIDER_PRINCIPAL, SCOPE
from emulator import samples
from emulator.deployments import deploy
from emulator.harness import ROOT, Reader, Result, painted
from emulator.managedservices import CONTRIBUTOR, managed_by, offer_of
from emulator.template import deployed
from emulator.transport import Fault, Response
from emulator.world import MEMBER_AT_HOME, STRANGER_TENANT, ServiceError, World
from scenarios import RUNNABLE, SNIPPETS, prepare

OFFER_NAME = "Fabrikam Consulting: managed operations"
TOOLS = sorted(RUNNABLE)


def go(reader: Reader, world: World, task: str) -> Result:
    """Run a task ("page/task.suffix") as its page arranges it, in the world as it is; it must succeed."""
    prepare(reader, world, SNIPPETS / task)
    others_are_untouched = bring_in(world)
    result = reader.run(SNIPPETS / task)
    assert result.code == 0, result.output
    others_are_untouched()
    return result


def state(world: World) -> tuple:
    return copy.deepcopy((world.offers, world.delegations, world.links))


def altered(folder: Path, template: tuple[str, str] = ("", ""), parameters: tuple[str, str] = ("", "")) -> list[Path]:
    """The offer's two files in `folder`, with one text in each replaced by another."""
    for suffix, (old, new) in {"json": template, "parameters.json": parameters}.items():
        text = (LIGHTHOUSE / f"sp.{suffix}").read_text("utf-8")
        assert old in text
        (folder / f"sp.{suffix}").write_text(text.replace(old, new) if old else text, "utf-8")
    return sorted(folder.glob("sp.*"))


# --- the way there and back ---


@pytest.mark.parametrize("tool", TOOLS)
def test_from_nothing_to_earning_and_back(tool: str, reader: Reader, world: World) -> None:
    go(reader, world, f"onboard/deploy{tool}")
    delegating.offer_is_delegated(world)
    assert OFFER_NAME in go(reader, world, f"onboard/show{tool}").stdout

    listed = go(reader, world, f"delegations/list{tool}").stdout
    assert all(text in listed for text in (samples.SUBSCRIPTION, samples.CUSTOMER_TENANT, OFFER_NAME))
    go(reader, world, f"delegations/link{tool}")
    earning = go(reader, world, f"delegations/earning{tool}").stdout.splitlines()
    assert [line.split()[0] for line in earning if THEIR_DELEGATION not in line] == ["with"]

    go(reader, world, f"delegations/remove{tool}")
    delegating.only_the_offer_is_left(world)
    assert samples.SUBSCRIPTION not in go(reader, world, f"delegations/list{tool}").stdout
    go(reader, world, f"onboard/remove{tool}")
    delegating.nothing_is_delegated(world)
    # The page of service principals removes the link: the same principal, in the provider's own tenant.
    result = reader.run(SNIPPETS / f"sp/remove{tool}", {samples.CUSTOMER_TENANT: samples.HOME_TENANT})
    assert result.code == 0, result.output
    assert world.active_links() == {}


def test_update_replaces_the_authorizations(reader: Reader, world: World, tmp_path: Path) -> None:
    """The same offer name again: other authorizations, the same delegation, shown by the preview first."""
    prepare(reader, world, SNIPPETS / "onboard/deploy.py")
    delegating.delegated(world, PROVIDER_PRINCIPAL)
    (before,), (delegation,) = world.offers.values(), world.delegations.values()
    reader.files = altered(tmp_path, parameters=(samples.SERVICE_PRINCIPAL, samples.OPERATORS_GROUP))
    assert "modify" in reader.run(SNIPPETS / "onboard/preview.py").stdout.lower()
    assert world.offers == {before["id"].lower(): before}
    result = reader.run(SNIPPETS / "onboard/deploy.py")
    assert result.code == 0, result.output
    assert list(world.delegations.values()) == [delegation]
    who = {a["principalId"] for a in offer_of(world, delegation)["properties"]["authorizations"]}
    assert who == {samples.OPERATORS_GROUP, samples.ADMINISTRATORS_GROUP}


@pytest.mark.parametrize("offer", ["minimal", "sp", "pim"])
def test_every_offer_is_one_that_azure_takes(offer: str, reader: Reader, world: World) -> None:
    delegating.customer(world, reader)
    delegating.delegated(world, PROVIDER_PRINCIPAL, offer)
    assert len(world.offers) == len(world.delegations) == 1


def test_resource_groups_only(reader: Reader, world: World, tmp_path: Path) -> None:
    """The offer is kept at the subscription, a delegation at each group, and the provider still sees the subscription."""
    prepare(reader, world, SNIPPETS / "onboard/deploy.py")
    groups = '"resourceGroupNames": {"value": ["web", "data"]}, "mspOfferName"'
    reader.files = altered(tmp_path, parameters=('"mspOfferName"', groups))
    result = reader.run(SNIPPETS / "onboard/deploy.py")
    assert result.code == 0, result.output
    scopes = {d["id"].partition("/providers/")[0] for d in world.delegations.values()}
    assert scopes == {f"{SCOPE}/resourceGroups/{name}" for name in ("web", "data")}
    assert managed_by(world, samples.SUBSCRIPTION) == [{"tenantId": samples.HOME_TENANT}]
    assert samples.SUBSCRIPTION in go(reader, world, "delegations/list.py").stdout


def test_narrowing_an_offer_ends_no_delegation(reader: Reader, world: World, tmp_path: Path) -> None:
    """A deployment adds: what shall no longer be there is ended first, as the page says."""
    prepare(reader, world, SNIPPETS / "onboard/deploy.py")
    delegating.delegated(world, PROVIDER_PRINCIPAL)
    before = set(world.delegations)
    reader.files = altered(
        tmp_path, parameters=('"mspOfferName"', '"resourceGroupNames": {"value": ["web"]}, "mspOfferName"')
    )
    result = reader.run(SNIPPETS / "onboard/deploy.py")
    assert result.code == 0, result.output
    assert set(world.delegations) > before


@pytest.mark.parametrize("tool", TOOLS)
def test_earning_lists_nothing_where_nothing_is_delegated(tool: str, reader: Reader, world: World) -> None:
    prepare(reader, world, SNIPPETS / f"delegations/earning{tool}")
    delegating.delegated_and_linked(world, PROVIDER_PRINCIPAL)
    none = Fault(lambda r: r.path.lower().endswith("/registrationassignments"), Response(200, {"value": []}))
    reader.proxy.faults.append(none)
    result = reader.run(SNIPPETS / f"delegations/earning{tool}")
    assert (result.code, result.stdout) == (0, ""), result.output


@pytest.mark.parametrize("tool", TOOLS)
def test_linked_but_without_the_role(tool: str, reader: Reader, world: World, tmp_path: Path) -> None:
    """The principal may read only: it is linked, and the delegation gives it no listed role."""
    prepare(reader, world, SNIPPETS / f"delegations/earning{tool}")
    template, parameters = ((LIGHTHOUSE / f"sp.{s}").read_text("utf-8") for s in ("json", "parameters.json"))
    template = json.loads(template)
    del template["resources"][0]["properties"]["authorizations"][-1]
    resources, _ = deployed(template, json.loads(parameters)["parameters"], samples.SUBSCRIPTION)
    assert deploy(world, AS_CUSTOMER, resources) is None
    world.create_link(*PROVIDER_PRINCIPAL, samples.PARTNER_ID)
    (line,) = reader.run(SNIPPETS / f"delegations/earning{tool}").stdout.splitlines()
    assert line.startswith("without role")


@pytest.mark.parametrize("tool", TOOLS)
def test_earning_says_when_nothing_is_linked(tool: str, reader: Reader, world: World) -> None:
    prepare(reader, world, SNIPPETS / f"delegations/earning{tool}")
    delegating.delegated(world, PROVIDER_PRINCIPAL)
    result = reader.run(SNIPPETS / f"delegations/earning{tool}")
    assert result.code != 0
    assert "not linked with a Partner ID" in result.output


def test_provider_without_a_delegation_lists_nothing(reader: Reader, world: World) -> None:
    for tool in TOOLS:
        result = go(reader, world, f"delegations/list{tool}")
        assert "registrationAssignments" not in str([e.request.target for e in result.exchanges])


# --- refusals: every one is told, and nothing is left half done but what Azure leaves ---

SUPPORT = "cfd33db0-3dd1-45e3-aa9d-cdbdf3b6f24e"
REFUSED = {  # what is replaced in template and parameters, what Azure says
    "Owner": ((SUPPORT, "8e3af657-a8ff-443c-a75c-2fe8c4bcb635"), ("", ""), "is restricted for registration"),
    "data actions": ((SUPPORT, "ba92f5b4-2d11-453d-a403-e96b0029c9fe"), ("", ""), "with data actions not allowed"),
    "a custom role": ((SUPPORT, samples.CLIENT_ID), ("", ""), "is not a built-in role"),
    "no such tenant": (("", ""), (samples.HOME_TENANT, samples.CLIENT_ID), "as ManagedByTenantId"),
}


@pytest.mark.parametrize("tool", TOOLS)
def test_managing_tenant_that_is_the_customers(tool: str, reader: Reader, world: World, tmp_path: Path) -> None:
    """Every tool waits for the deployment and tells why it failed."""
    prepare(reader, world, SNIPPETS / f"onboard/deploy{tool}")
    reader.files = altered(tmp_path, parameters=(samples.HOME_TENANT, samples.CUSTOMER_TENANT))
    result = reader.run(SNIPPETS / f"onboard/deploy{tool}")
    assert result.code != 0
    assert "as ManagedByTenantId" in result.output, result.output
    delegating.nothing_is_delegated(world)


def deployed_from(files: list[Path], world: World, reader: Reader) -> str:
    """What the customer's deployment of these files ends with, empty when it succeeds."""
    delegating.customer(world, reader)
    template, parameters = (json.loads(f.read_text("utf-8")) for f in sorted(files, key=lambda f: len(f.name)))
    resources, _ = deployed(template, parameters["parameters"], samples.SUBSCRIPTION)
    return json.dumps(deploy(world, AS_CUSTOMER, resources) or "")


@pytest.mark.parametrize("case", REFUSED)
def test_offer_that_azure_refuses(case: str, reader: Reader, world: World, tmp_path: Path) -> None:
    template, parameters, message = REFUSED[case]
    assert message in deployed_from(altered(tmp_path, template, parameters), world, reader)
    delegating.nothing_is_delegated(world)


@pytest.mark.parametrize("name", ["authorization-actions", "data-actions", "eligible-administrator", "owner"])
def test_what_the_validator_finds_azure_refuses(name: str, reader: Reader, world: World) -> None:
    """Azure's refusals are the emulator's own; this shows that it has them."""
    delegating.customer(world, reader)
    template = json.loads((ROOT / f"tests/data/offers/{name}.json").read_text("utf-8"))
    resources, _ = deployed(template, {}, samples.SUBSCRIPTION)
    assert "InvalidRegistrationDefinitionCreateRequest" in str(deploy(world, AS_CUSTOMER, resources))


def test_same_offer_name_from_another_template(reader: Reader, world: World, tmp_path: Path) -> None:
    """The name of the resources differs, the offer name does not: the second delegation at this scope is refused."""
    delegating.customer(world, reader)
    delegating.delegated(world, PROVIDER_PRINCIPAL)
    files = altered(tmp_path, template=("guid(parameters('mspOfferName'))", "guid('by', 'hand')"))
    assert "Multiple registration assignments are not allowed" in deployed_from(files, world, reader)
    delegating.offer_is_delegated(world)


def test_another_managing_tenant_needs_another_offer_name(reader: Reader, world: World, tmp_path: Path) -> None:
    delegating.customer(world, reader)
    delegating.delegated(world, PROVIDER_PRINCIPAL)
    files = altered(tmp_path, parameters=(samples.HOME_TENANT, STRANGER_TENANT))
    assert "is managed by another tenant" in deployed_from(files, world, reader)
    delegating.offer_is_delegated(world)


@pytest.mark.parametrize(
    ("role", "message"), [(CONTRIBUTOR, "sufficient privileges"), ("no role", "AuthorizationFailed")], ids=str
)
def test_customer_who_is_not_owner(role: str, message: str, reader: Reader, world: World) -> None:
    delegating.customer(world, reader, role)
    result = reader.run(SNIPPETS / "onboard/deploy.py")
    assert result.code != 0
    assert message in result.output, result.output
    delegating.nothing_is_delegated(world)


@pytest.mark.parametrize("tool", TOOLS)
def test_provider_without_the_delete_role(tool: str, reader: Reader, world: World) -> None:
    prepare(reader, world, SNIPPETS / f"delegations/remove{tool}")
    delegating.delegated(world, PROVIDER_PRINCIPAL)
    world.groups[samples.ADMINISTRATORS_GROUP].remove(MEMBER_AT_HOME)
    before = state(world)
    result = reader.run(SNIPPETS / f"delegations/remove{tool}")
    assert result.code != 0
    assert "sufficient privileges" in result.output, result.output
    assert state(world) == before


def test_provider_may_not_replace_the_offer(world: World, reader: Reader) -> None:
    delegating.provider(world, reader)
    delegating.delegated(world, PROVIDER_PRINCIPAL)
    as_provider = {"tid": samples.HOME_TENANT, "oid": MEMBER_AT_HOME, "idtyp": "user"}
    template = json.loads((LIGHTHOUSE / "sp.json").read_text("utf-8"))
    parameters = json.loads((LIGHTHOUSE / "sp.parameters.json").read_text("utf-8"))["parameters"]
    resources, _ = deployed(template, parameters, samples.SUBSCRIPTION)
    assert "InsufficientPrivileges" in str(deploy(world, as_provider, resources))


@pytest.mark.parametrize(
    ("task", "tool"), [("onboard/remove", ".py"), ("onboard/remove", ".sh"), ("delegations/remove", ".sh")]
)
def test_nothing_to_remove(task: str, tool: str, reader: Reader, world: World) -> None:
    prepare(reader, world, SNIPPETS / f"{task}{tool}")
    if task.startswith("delegations"):  # another delegation lets the provider read here
        delegating.delegated(world, PROVIDER_PRINCIPAL)
        for offer in world.offers.values():
            offer["properties"]["managedByTenantId"] = samples.CUSTOMER_TENANT
        world.tenants[samples.HOME_TENANT].subscriptions[samples.SUBSCRIPTION] = "seen"
    before = state(world)
    result = reader.run(SNIPPETS / f"{task}{tool}")
    assert result.code != 0
    assert samples.HOME_TENANT in result.output.splitlines()[-1], result.output
    assert state(world) == before


# Azure CLI is the tool that keeps an older sign-in; a Python file names its own, and the blocks of a page are alike.
MEMORY = ["onboard/deploy.sh", "onboard/remove.sh", "delegations/list.sh", "delegations/remove.sh"]


@pytest.mark.parametrize("name", MEMORY)
def test_failed_sign_in_never_uses_an_older_one(name: str, reader_signed_in_at_home: Reader, world: World) -> None:
    reader, snippet = reader_signed_in_at_home, SNIPPETS / name
    prepare(reader, world, snippet)
    delegating.delegated(world, PROVIDER_PRINCIPAL)
    before, page = state(world), snippet.parent.name
    tenant = samples.CUSTOMER_TENANT if page == "onboard" else samples.HOME_TENANT
    result = reader.run(snippet, {tenant: STRANGER_TENANT})
    assert result.code != 0
    assert "AADSTS50020" in result.output, result.output
    assert state(world) == before
    assert not [e for e in result.exchanges if "/providers/" in e.request.path]


@pytest.mark.parametrize("name", ["onboard/deploy", "delegations/remove"])
def test_pasted_block_that_fails_leaves_the_shell_open(name: str, reader: Reader, world: World) -> None:
    snippet = SNIPPETS / f"{name}.sh"
    prepare(reader, world, snippet)
    world.at_the_browser = None
    result = reader.paste(painted(snippet, {}))
    assert result.code > 0, f"the shell was closed or the block succeeded: {result.output}"


# --- the means of these tests ---


def test_a_template_that_is_not_understood_is_loud(world: World) -> None:
    frame = {"$schema": "https://schema.management.azure.com/schemas/2019-08-01/subscriptionDeploymentTemplate.json#"}
    frame["contentVersion"] = "1.0.0.0"
    named = {"type": "a/b", "apiVersion": "2022-10-01", "name": "[reference('x')]", "properties": {}}
    odd = frame | {"resources": [named]}
    with pytest.raises(ServiceError, match="does not know the template function 'reference'"):
        deployed(odd, {}, samples.SUBSCRIPTION)
    required = frame | {"parameters": {"who": {"type": "string"}}, "resources": []}
    with pytest.raises(ServiceError, match="the parameter who is given no value"):
        deployed(required, {}, samples.SUBSCRIPTION)


def test_wire_files_leave_out_only_the_version_that_tools_choose_themselves() -> None:
    def compared(path: str, body: str = "{}") -> str:
        return wire.Turn("GET", f"https://management.azure.com{path}", 200, body).compared

    offers, link = f"{SCOPE}/providers/Microsoft.ManagedServices/registrationDefinitions", "/providers/x/partners"
    assert compared(f"{offers}?api-version=2019-06-01") == compared(
        f"{offers}?api-version=2020-02-01-preview", '{"a":1}'
    )
    assert compared(f"{offers}?api-version=2019-06-01") != compared(f"{offers}/x?api-version=2019-06-01")
    assert compared(f"{link}?api-version=2018-02-01") != compared(f"{link}?api-version=2019-02-01")
