"""No block writes before it knows whom it links. What names an identity: a client ID, an object ID that is compared with the token's, the
browser or the device code that the block itself opens. What never does: whoever Azure CLI is signed in as, whoever a machine hands out.

Every published file that writes is run where a slip would meet somebody else: Azure CLI is signed in as a colleague, in the customer's
tenant too, and the machine has identities that nobody named. The token of each write tells who did it. Once the one whom the block means
can sign in, and once nobody but the others can; then nothing may be written. The failing test IDs are the list, and it has to be empty.
"""

from __future__ import annotations

import copy
import re
from pathlib import Path

import pipelines
import pytest
import wire
from conftest import COLLEAGUE, EXTENSIONS, done_with, file_name, need
from emulator import samples
from emulator.harness import Reader
from emulator.transport import Exchange
from emulator.world import Application, FederatedCredential, ManagedIdentity, World
from pipelines import ACT
from scenarios import PAGES, RUNNABLE, SNIPPETS, STARTS, WITHOUT_PROXY, prepare, wire_file
from test_pipelines import RUNNABLE as PIPELINES
from test_pipelines import SUBJECTS

# No sign-in at all.
SETUP = {
    "sp/certificate-pem.sh",
    "sp/secret-variable.ps1",
    "sp/secret-variable.sh",
    "users/install.ps1",
    "users/install.sh",
}
TARGETS = {"management.azure.com", "graph.microsoft.com"}


def blocks(*suffixes: str) -> list[Path]:
    """The published files that a reader starts."""
    found = sorted(file for suffix in suffixes for file in SNIPPETS.rglob(f"*{suffix}"))
    return [f for f in found if f.relative_to(SNIPPETS).as_posix() not in SETUP]


def writes(file: Path) -> bool:
    """Whether its wire file has anything but reads. What has none writes: pipelines and the trust that they need, but not their gates."""
    if file.name.startswith("gate-"):
        return False
    known = wire_file(file)
    turns = [turn for scenario in wire.read(known).values() for turn in scenario] if known.exists() else []
    return not known.exists() or any(turn.method != "GET" for turn in turns)


def situations() -> list:
    """(file, how many foreign identities the machine has, or None where the one who is meant can sign in)."""
    runnable = [f for f in blocks(*RUNNABLE, ".yml") if f.suffix != ".yml" or f in PIPELINES]
    return [
        pytest.param(file, foreign, id=f"{file_name(file)}-{'beside' if foreign is None else foreign}")
        for file in runnable
        if writes(file) and file.name not in WITHOUT_PROXY
        for foreign in ((None, 1, 2, 0) if "managed-identity" in file.name else (None, 1))
    ]


@pytest.fixture(name="colleagues_machine")
def _colleagues_machine(signed_in, proxy, world: World, tmp_path: Path, request: pytest.FixtureRequest):
    """A machine where Azure CLI is signed in as somebody else, at home and in the customer's tenant."""
    profile = signed_in(samples.HOME_TENANT, samples.CUSTOMER_TENANT, colleague=True)
    yield (reader := Reader(proxy, tmp_path / "home", extensions=EXTENSIONS, profile=profile))
    done_with(reader, request)


def arrange(file: Path, reader: Reader, world: World) -> None:
    """Everything that the file's first scenario needs."""
    if file.parent.name == "cicd":
        need(ACT)
        federated = [FederatedCredential(issuer, subject) for issuer, subject in SUBJECTS]
        ours = {samples.CUSTOMER_TENANT: samples.SERVICE_PRINCIPAL}
        world.applications[samples.CLIENT_ID] = Application(samples.CLIENT_ID, "pipeline", ours, federated=federated)
    else:
        prepare(reader, world, file)
        STARTS[next(iter(wire.read(wire_file(file))))](world, PAGES[file.parent.name].who)


def bring_in_others(world: World, foreign: int | None) -> set[str]:
    """The colleague and foreign identities of the machine, all linked: their object IDs. With `foreign`, nobody else can sign in."""
    if foreign is not None:
        world.at_the_browser = None
        world.applications.clear()
        world.machine_identities.clear()
    tenant, names = (
        samples.CUSTOMER_TENANT,
        [f"foreign {number}" for number in range(1 if foreign is None else foreign)],
    )
    world.machine_identities += [ManagedIdentity(f"client of {n}", n, tenant, system_assigned=False) for n in names]
    world.people.append(COLLEAGUE)
    for who in [*COLLEAGUE.objects.items(), *((tenant, name) for name in names)]:
        world.create_link(*who, samples.NEW_PARTNER_ID)
    return {*COLLEAGUE.objects.values(), *names}


def run(file: Path, reader: Reader, world: World) -> tuple[int, str, list[Exchange]]:
    if file.suffix == ".yml":
        done = pipelines.run(reader, world, file, samples.PARTNER_ID, "ensure")
        return done.code, done.log, done.exchanges
    result = reader.run(file)
    return result.code, result.output, result.exchanges


def writers(exchanges: list[Exchange], world: World) -> set[str]:
    """Object IDs in the tokens of all requests that are no reads."""
    sent = [e.request for e in exchanges if e.request.host in TARGETS and e.request.method not in {"GET", "HEAD"}]
    return {world.claims(request.headers["authorization"].removeprefix("Bearer "))["oid"] for request in sent}


@pytest.mark.parametrize(("file", "foreign"), situations())
def test_nobody_else_writes(file: Path, foreign: int | None, colleagues_machine: Reader, world: World) -> None:
    arrange(file, colleagues_machine, world)
    assert_nobody_else_writes(file, foreign, colleagues_machine, world)


def assert_nobody_else_writes(file: Path, foreign: int | None, reader: Reader, world: World) -> None:
    strangers = bring_in_others(world, foreign)
    before = copy.deepcopy(world.links)
    code, said, exchanges = run(file, reader, world)
    wrote = writers(exchanges, world)
    assert not wrote & strangers, f"written as {wrote & strangers}: {said}"
    assert all(world.links[who] == link for who, link in before.items() if who[1] in strangers)
    if foreign is None:
        assert wrote, f"nobody wrote, so this proves nothing: {said}"
        return
    assert code != 0 and not wrote, said
    assert world.links == before
    if foreign == 1 and file.name.startswith("managed-identity."):
        assert "foreign 0" in said and samples.SERVICE_PRINCIPAL in said, f"both IDs have to be told: {said}"


# --- what cannot be run here is read ---

NAMED = (
    r"azureSubscription: |Connect-AzAccount (?!.*-Identity)(?=.*-(Tenant|ApplicationId|Credential) )"
    r"|-Identity -AccountId |\$found -ne "
)
WRITES = r"(?m)^[^#\n]*\b(New|Update|Remove|Send)-(Az(?!Config)|PartnerId)"


@pytest.mark.parametrize(
    "file", [f for f in blocks(".ps1", "-powershell.yml") if re.search(WRITES, f.read_text("utf-8"))], ids=file_name
)
def test_powershell_names_an_identity_before_it_writes(file: Path) -> None:
    text = file.read_text("utf-8")
    first = next(m.start() for m in re.finditer(WRITES, text) if "function" not in m[0])
    assert re.search(NAMED, text[:first]), f"{file_name(file)} writes before it knows whom it links"


def test_every_block_is_run_or_read() -> None:
    """A new kind of file has to be brought in here."""
    kinds = {f.suffix for f in SNIPPETS.rglob("*") if f.is_file()}
    assert kinds == {".ps1", ".sh", ".py", ".yml", ".tf", ".http", ".txt", ".json", ".bicep"}
    linking = {f.name for f in blocks(".yml") if not f.name.startswith("gate-")}  # a gate links nobody
    assert linking == {f.name for f in PIPELINES} | {f.name for f in blocks("-powershell.yml")}
    # Terraform: test_terraform.py holds that the provider has a client ID, and neither Azure CLI's sign-in nor the machine's.
