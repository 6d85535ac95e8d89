"""What a reader meets when something is wrong: a clear message, a non-zero exit, and a world exactly as before.

Every value that is wrong is put over the sample value as the page does it; nothing else in the published file changes.
"""

from __future__ import annotations

import copy
import sys
from pathlib import Path

import pytest
from emulator import samples
from emulator.harness import Reader, painted
from emulator.transport import Fault, Response
from emulator.world import GLOBAL_ACCOUNT_ID, STRANGER_TENANT, World
from scenarios import ME, RUNNABLE, SNIPPETS, prepare

NOT_VALID = ("The Partner ID is not valid",)
NOT_LINKED = ("not linked with a Partner ID",)
UNKNOWN_TENANT = "0bad0bad-0000-4000-8000-000000000000"
WRITERS = ("link", "link-device-code", "change", "ensure")
READERS = ("show", "change", "remove")
ALL = ("link", "link-device-code", "show", "change", "remove", "ensure")


def files(*tasks: str) -> list:
    """Every runnable file of the users' tasks named."""
    found = sorted(f for t in tasks for f in SNIPPETS.glob(f"users/{t}.*") if f.suffix in RUNNABLE)
    return [pytest.param(f, id=f"{f.parent.name}/{f.name}") for f in found]


def assert_refused(reader: Reader, world: World, snippet: Path, message: tuple[str, ...], **values: str) -> None:
    """Run `snippet` with wrong values: it must fail, say one of the messages and change nothing."""
    prepare(reader, world, snippet)
    before = copy.deepcopy(world.links)
    result = reader.run(snippet, {getattr(samples, name): own for name, own in values.items()})
    assert result.code not in {0, None}, f"{snippet.name} reports success: {result.output}"
    assert any(text in result.output for text in message), f"{snippet.name} does not name the problem: {result.output}"
    assert world.links == before, f"{snippet.name} failed and still changed something"


@pytest.mark.parametrize("snippet", files(*WRITERS))
def test_partner_id_that_nobody_has(snippet: Path, reader: Reader, world: World) -> None:
    if snippet.name.startswith("change."):
        world.create_link(*ME, samples.PARTNER_ID)
        assert_refused(reader, world, snippet, NOT_VALID, NEW_PARTNER_ID="9999999")
    else:
        assert_refused(reader, world, snippet, NOT_VALID, PARTNER_ID="9999999")


@pytest.mark.parametrize("snippet", files("link", "ensure"))
def test_partner_id_of_the_global_account(snippet: Path, reader: Reader, world: World) -> None:
    assert_refused(reader, world, snippet, NOT_VALID, PARTNER_ID=GLOBAL_ACCOUNT_ID)


@pytest.mark.parametrize("snippet", files(*READERS))
def test_nothing_linked(snippet: Path, reader: Reader, world: World) -> None:
    assert_refused(reader, world, snippet, NOT_LINKED)


@pytest.mark.parametrize("snippet", files("remove"))
def test_remove_leaves_a_link_to_another_partner_id_alone(snippet: Path, reader: Reader, world: World) -> None:
    world.create_link(*ME, samples.NEW_PARTNER_ID)
    assert_refused(reader, world, snippet, NOT_LINKED)


@pytest.mark.parametrize("snippet", files("link", "link-device-code"))
def test_already_linked(snippet: Path, reader: Reader, world: World) -> None:
    world.create_link(*ME, samples.NEW_PARTNER_ID)
    assert_refused(reader, world, snippet, ("already linked",))


@pytest.mark.parametrize("snippet", [p for p in files(*ALL) if not p.values[0].name.endswith(".rest.sh")])
def test_tenant_that_does_not_exist(snippet: Path, reader: Reader, world: World) -> None:
    messages = ("AADSTS90002", "Unable to get authority configuration", f"'{UNKNOWN_TENANT}' not found")
    if snippet.suffix == ".ps1" and "-UseDeviceAuthentication" not in snippet.read_text("utf-8"):
        messages = ("",)  # the reason stands in the browser alone, and PowerShell waits for Ctrl+C
    assert_refused(reader, world, snippet, messages, CUSTOMER_TENANT=UNKNOWN_TENANT)


@pytest.mark.parametrize("snippet", files("link", "link-device-code"))
def test_sign_in_that_is_cancelled(snippet: Path, reader: Reader, world: World) -> None:
    world.at_the_browser = None
    assert_refused(reader, world, snippet, ("AADSTS65004",))


@pytest.mark.parametrize("snippet", files("link", "ensure"))
def test_token_that_the_service_does_not_accept(snippet: Path, reader: Reader, world: World) -> None:
    world.claims = lambda token: None  # type: ignore[method-assign]
    assert_refused(reader, world, snippet, ("access token is invalid", "InvalidAuthenticationToken"))


@pytest.mark.parametrize("snippet", files("ensure"))
def test_ensure_does_not_take_an_unreadable_link_for_none(snippet: Path, reader: Reader, world: World) -> None:
    refusal = Response(403, {"error": {"code": "AuthorizationFailed", "message": "Reading is not allowed."}})
    reader.proxy.faults.append(Fault(lambda r: "managementpartner" in r.path.lower(), refusal, times=100))
    assert_refused(reader, world, snippet, ("Reading is not allowed",))
    assert not [e for e in reader.proxy.exchanges if e.request.method == "PUT"]


# --- a tenant where the reader is no guest, with an older sign-in at home that must never be used instead ---


@pytest.mark.parametrize("snippet", files(*ALL))
def test_failed_sign_in_never_uses_an_older_one(snippet: Path, reader_signed_in_at_home: Reader, world: World) -> None:
    assert_refused(reader_signed_in_at_home, world, snippet, ("AADSTS50020",), CUSTOMER_TENANT=STRANGER_TENANT)


@pytest.mark.parametrize("snippet", [p for p in files(*ALL) if p.values[0].suffix == ".sh"])
def test_failed_sign_in_never_uses_an_older_one_when_pasted(
    snippet: Path, reader_signed_in_at_home: Reader, world: World
) -> None:
    prepare(reader_signed_in_at_home, world, snippet)
    result = reader_signed_in_at_home.paste(painted(snippet, {samples.CUSTOMER_TENANT: STRANGER_TENANT}))
    assert result.code > 0, f"the shell was closed or the block succeeded: {result.output}"
    assert "AADSTS50020" in result.output
    assert world.links == {}
    assert not [e for e in result.exchanges if "managementpartner" in e.request.path.lower()]


@pytest.mark.parametrize("snippet", [p for p in files("link", "ensure", "remove") if p.values[0].suffix != ".ps1"])
def test_pasted_block_works_and_leaves_the_shell_open(snippet: Path, reader: Reader, world: World) -> None:
    prepare(reader, world, snippet)
    if snippet.name.startswith("remove."):
        world.create_link(*ME, samples.PARTNER_ID)
    text = snippet.read_text(encoding="utf-8")
    if snippet.suffix == ".py":
        result = reader.command(sys.executable, "-i", "-q", stdin=text + "\nprint('still ' + 'here')\n")
        assert "still here" in result.stdout, result.output
    else:
        result = reader.paste(text)
        assert result.code == 0, result.output
    expected = {} if snippet.name.startswith("remove.") else {ME: samples.PARTNER_ID}
    assert world.active_links() == expected, result.output
