"""A tenant where people's writes need a second factor: every published block of a person that writes, run there by its real client.

Reads pass; the first write is challenged. Python asks the person once more and goes on. Azure CLI stops: nothing is done, and the block
works when its own sign-in asks for what the challenge names, as the errors page says.
"""

from __future__ import annotations

import copy
import re
import shutil
from pathlib import Path

import principals
import pytest
import requests
import wire
from conftest import ME
from emulator import samples
from emulator.arm import SECOND_FACTOR, WRITES
from emulator.harness import Reader, Result
from emulator.managed_identity import TYPE
from emulator.world import Application, World
from scenarios import AFTER, PAGES, RUNNABLE, SNIPPETS, STARTS, links_at_the_end, prepare, wire_file

# A line of a block by which a person signs in, and none by which a workload does.
PERSON = re.compile(
    r"InteractiveBrowserCredential\(|DeviceCodeCredential\(|az login (?!.*--service-principal|.*--identity)"
    r"|Connect-AzAccount (?!-ServicePrincipal|-Identity)"
)
ASKS_AGAIN = ".py"
# Most commands of `az` name the challenge; these do not handle it and only pass on that a second factor was missing.
NAMED = '--claims-challenge "'
NOT_NAMED = re.compile(r"\baz (rest|managedservices .* delete|identity) |\bConnect-AzAccount\b")
# Where a sign-in takes the challenge that it shall answer.
CLAIMS = {
    ".sh": ("az login ", 'az login --claims-challenge "{}" '),
    ".ps1": ("-Tenant ", '-ClaimsChallenge "{}" -Tenant '),
}


def challenged_blocks() -> list:
    """Each (snippet, start) of a person that writes to Azure Resource Manager, by what its wire file sends."""
    return [
        pytest.param(snippet, start, id=f"{file.parent.name}/{snippet.name}-{start.replace(' ', '_')}")
        for file in sorted(SNIPPETS.glob("*/*.http"))
        for start, turns in wire.read(file).items()
        if any(turn.method in WRITES for turn in turns)
        for snippet in sorted(file.parent.glob(f"{file.stem}.*"))
        if snippet.suffix in RUNNABLE and PERSON.search(text := snippet.read_text("utf-8"))
        if not re.search(
            "ClientSecretCredential|--service-principal|-ServicePrincipal -C", text
        )  # tag/create: the principal writes
    ]


def demand_second_factor(world: World) -> None:
    for tenant in world.tenants.values():
        tenant.mfa_for_writes = True


def state(world: World) -> tuple:
    """All that a block may have changed in Azure."""
    return copy.deepcopy(
        (world.links, world.role_assignments, world.delegations, world.offers, world.deployments, world.applications)
    )


def refused_writes(result: Result) -> list[str]:
    return [e.request.path for e in result.exchanges if e.response and e.response.status == 401]


def answered(reader: Reader, snippet: Path, claims: str) -> Result:
    """Run the block with `claims` on its own sign-in line, as the page says."""
    text = snippet.read_text("utf-8")
    old, new = CLAIMS[snippet.suffix]
    assert text.count(old) == 1
    file = reader.home / "answered" / snippet.name
    shutil.rmtree(file.parent, ignore_errors=True)
    file.parent.mkdir()
    file.write_text(text.replace(old, new.format(claims)), encoding="utf-8")
    before = reader.ran[:]
    result = reader.run(file)
    reader.ran[:] = before  # no published file
    return result


def test_the_blocks_that_are_challenged_are_all_there() -> None:
    names = {f"{p.values[0].parent.name}/{p.values[0].name}" for p in challenged_blocks()}
    tasks = {name.split(".")[0] for name in names}
    assert tasks == {
        *("users/link", "users/link-device-code", "users/change", "users/ensure", "users/remove"),
        *("tag/assign", "tag/remove", "onboard/deploy", "onboard/remove", "delegations/remove"),
    }
    assert len(names) == len(RUNNABLE) * len(tasks) + 3  # the three of `az rest`


@pytest.mark.parametrize(("snippet", "start"), challenged_blocks())
def test_challenged_write_is_done_whole_or_not_at_all(snippet: Path, start: str, reader: Reader, world: World) -> None:
    page, task = snippet.parent.name, wire_file(snippet).stem
    prepare(reader, world, snippet)
    STARTS[start](world, PAGES[page].who)
    demand_second_factor(world)
    before = state(world)
    result = reader.run(snippet)
    assert len(refused_writes(result)) == 1, "every block of this test meets the challenge, and none tries it again"
    if snippet.suffix != ASKS_AGAIN:
        assert state(world) == before, f"{snippet.name} left something half done"
        assert "Removed" not in result.output
        assert_way_out_is_named(snippet, result)
        result = answered(reader, snippet, the_challenge(result))
        assert not refused_writes(result)
    assert result.code == 0, result.output
    assert world.active_links() == links_at_the_end(page, task)
    AFTER.get(f"{page}/{task}", lambda _: None)(world)


def assert_way_out_is_named(snippet: Path, result: Result) -> None:
    """The block of Azure CLI failed and said why; it names the challenge, where its command does."""
    assert result.code > 0, f"{snippet.name} reports success: {result.output}"
    unnamed = NOT_NAMED.search(snippet.read_text("utf-8"))
    told = "status code 'Unauthorized'" if snippet.match("tag/*.ps1") else "without authenticating through MFA"
    assert told in result.output if unnamed else NAMED in result.output, result.output


def the_challenge(result: Result) -> str:
    """What Azure asks for, from the answer's header; where the tool names it, it names the same."""
    (header,) = [
        e.response.headers["WWW-Authenticate"] for e in result.exchanges if e.response and e.response.status == 401
    ]
    claims = re.search(r'error="insufficient_claims", claims="([^"]+)"', header)[1]
    assert NAMED not in result.output or f'{NAMED}{claims}"' in result.output
    return claims


@pytest.mark.parametrize("suffix", sorted(RUNNABLE))
def test_trust_of_a_managed_identity_is_challenged_too(suffix: str, reader: Reader, world: World) -> None:
    snippet = SNIPPETS / f"cicd/federate-identity{suffix}"
    path = (
        f"/subscriptions/{samples.SUBSCRIPTION}/resourceGroups/partner-admin-link/providers/{TYPE.rpartition('/')[0]}"
    )
    identity = Application(samples.MANAGED_IDENTITY_CLIENT_ID, f"{path}/partner-admin-link", {})
    world.applications[identity.client_id] = identity
    demand_second_factor(world)
    result = reader.run(snippet)
    assert len(refused_writes(result)) == 1
    if suffix != ASKS_AGAIN:
        assert_way_out_is_named(snippet, result)
        assert not identity.federated
        result = answered(reader, snippet, the_challenge(result))
    assert result.code == 0, result.output
    assert len(identity.federated) == 1


@pytest.mark.parametrize("snippet", [SNIPPETS / "users/ensure.py", SNIPPETS / "users/link-device-code.py"])
def test_second_factor_that_is_not_given_leaves_nothing(snippet: Path, reader: Reader, world: World) -> None:
    """The person closes the second page: the block fails, and says why."""
    demand_second_factor(world)
    signed_in = world.sign

    def sign(claims: dict, lifetime: int = 3600) -> str:
        world.at_the_browser = None  # whoever signed in once, is gone
        return signed_in(claims, lifetime)

    world.sign = sign  # type: ignore[method-assign]
    result = reader.run(snippet)
    assert result.code > 0 and "AADSTS65004" in result.output, result.output
    assert world.links == {}


@pytest.mark.parametrize("snippet", sorted(f for f in SNIPPETS.glob("tag/create.*") if f.suffix in RUNNABLE))
def test_workload_identities_are_not_challenged(snippet: Path, reader: Reader, world: World) -> None:
    """The person registers the application in the directory; the link is written by the principal."""
    prepare(reader, world, snippet)
    demand_second_factor(world)
    result = reader.run(snippet)
    assert (result.code, refused_writes(result)) == (0, []), result.output
    assert world.active_links() == {principals.PRINCIPAL: samples.PARTNER_ID}


@pytest.mark.parametrize("snippet", sorted(f for f in SNIPPETS.glob("users/show.*") if f.suffix in RUNNABLE))
def test_reads_are_not_challenged(snippet: Path, reader: Reader, world: World) -> None:
    prepare(reader, world, snippet)
    world.create_link(*ME, samples.PARTNER_ID)
    demand_second_factor(world)
    result = reader.run(snippet)
    assert (result.code, refused_writes(result)) == (0, []), result.output


@pytest.mark.parametrize("method", sorted(WRITES))
def test_the_challenge_itself(method: str, world: World, session: requests.Session) -> None:
    """A person's write, and only that, in a tenant that is marked, and only there."""
    partner = f"https://management.azure.com/providers/Microsoft.ManagementPartner/partners/{samples.PARTNER_ID}"
    url = f"{partner}?api-version=2018-02-01"
    unmarked = session.request(method, url)
    assert unmarked.status_code != 401
    world.links.clear()
    world.tenants[samples.CUSTOMER_TENANT].mfa_for_writes = True
    refused = session.request(method, url)
    assert refused.status_code == 401
    assert refused.headers["WWW-Authenticate"].startswith('Bearer realm="", authorization_uri="https://login.')
    assert world.links == {}
    for who in ({"acrs": [SECOND_FACTOR]}, {"idtyp": "app"}, {"tid": samples.HOME_TENANT}):
        session.headers["Authorization"] = f"Bearer {world.sign(claims_of_me() | who)}"
        assert session.request(method, url).status_code == unmarked.status_code, who
        world.links.clear()


def claims_of_me() -> dict:
    return {"tid": ME[0], "oid": ME[1], "aud": "https://management.azure.com", "idtyp": "user"}
