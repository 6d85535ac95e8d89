"""The helpers that judge in other tests: each is shown what it must not let pass. One that was emptied fails here."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import bystanders
import delegating
import principals
import pytest
import test_failures
import test_failures_sp
import test_lighthouse
import test_pipelines
import wire
from conftest import ME, done_with
from emulator import samples
from emulator.harness import Reader, Result
from emulator.transport import Exchange, Fault, Proxy, Request, Response
from emulator.world import Password, World
from pipelines import Run
from scenarios import AFTER, PAGES, SNIPPETS, STARTS, links_at_the_end
from screen import assert_nothing_secret, assert_screen

LINKED = f"{samples.PARTNER_ID} {ME[1]} Active"


def result(code: int = 0, stdout: str = "", exchanges: list[Exchange] | None = None) -> Result:
    return Result(code, stdout, "", exchanges or [])


def refused(call: Callable[..., object], *given: object) -> None:
    """`call` must fail by an assertion, or because there is not exactly one of what it takes out."""
    with pytest.raises((AssertionError, ValueError)):
        call(*given)


# --- what must hold in the world ---


def with_principal(world: World) -> None:
    principals.with_link(world, principals.PRINCIPAL, role=True)


@pytest.mark.parametrize(
    "leave",
    [
        lambda app: app.secrets.add("left"),
        lambda app: app.keys.update(left=Password("left")),
        lambda app: app.certificates.append("left"),
        lambda app: app.federated.append("left"),
        lambda app: setattr(app, "name", "another"),
        lambda app: setattr(app, "audience", "AzureADMultipleOrgs"),
        lambda app: app.service_principals.clear(),
    ],
    ids=["secret", "key", "certificate", "trust", "name", "audience", "principal"],
)
def test_a_credential_that_is_left_is_seen(leave: Callable, world: World) -> None:
    with_principal(world)
    principals.one_principal_without_credential(world)
    leave(world.applications[samples.CLIENT_ID])
    refused(principals.one_principal_without_credential, world)


@pytest.mark.parametrize("task", sorted(AFTER.keys() - {"tag/create"}))
def test_what_must_hold_after_a_task_does_not_hold_anyhow(task: str, world: World, reader: Reader) -> None:
    """In the world that the task starts from, or in one where it did more or less than it should."""
    PAGES[task.partition("/")[0]].arrange(world, reader)
    with_principal(world)
    if task == "tag/assign":
        principals.role_in_both_chosen_subscriptions(world)
        world.role_assignments[0].principal_type = "User"
    if task == "delegations/remove":
        delegating.delegated(world, delegating.PROVIDER_PRINCIPAL)
    if task == "onboard/remove":
        delegating.delegated(world, delegating.PROVIDER_PRINCIPAL)
        world.delegations.clear()
    refused(AFTER[task], world)


def test_links_at_the_end_are_those_of_the_page() -> None:
    assert links_at_the_end("users", "link") == {ME: samples.PARTNER_ID}
    assert links_at_the_end("users", "change") == {ME: samples.NEW_PARTNER_ID}
    assert links_at_the_end("sp", "remove") == {}


@pytest.mark.parametrize("kind", ["links", "groups", "applications", "offers", "delegations", "role_assignments"])
def test_a_bystander_that_is_touched_is_seen(kind: str, world: World) -> None:
    before = bystanders.named(world)
    bystanders.bring_in(world)()
    assert bystanders.named(world) == before, "nothing of them stays"
    others_are_untouched = bystanders.bring_in(world)
    getattr(world, kind).clear()
    refused(others_are_untouched)


def test_a_bystander_that_is_changed_is_seen(world: World) -> None:
    others_are_untouched = bystanders.bring_in(world)
    world.applications[bystanders.THEIR_CLIENT].keys.clear()
    refused(others_are_untouched)


# --- what a run said and sent ---


def test_a_refusal_that_is_none_is_seen(reader: Reader, world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Success, another message, a changed link: each alone is enough."""
    for code, said, change in ((0, "not valid", False), (1, "another", False), (1, "not valid", True)):

        def run(*_: object, code: int = code, said: str = said, change: bool = change) -> Result:
            if change:
                STARTS["Already linked"](world, ME)
            return result(code, said)

        monkeypatch.setattr(reader, "run", run)
        refused(test_failures.assert_refused, reader, world, SNIPPETS / "users/link.py", ("not valid",))


@pytest.mark.parametrize("where", ["arguments", "output", "token"])
def test_a_secret_that_somebody_saw_is_seen(where: str, tmp_path: Path) -> None:
    log = tmp_path / "log"
    log.write_text("/bin/az login" + (" secret" if where == "arguments" else ""))
    said = {"output": "secret", "token": "eyJabc"}.get(where, "")
    refused(test_failures_sp.assert_nobody_saw, {"secret"}, result(stdout=said), log)


def test_a_screen_that_is_empty_or_tells_too_much_is_seen() -> None:
    assert_screen("users", "link", result(stdout=LINKED))
    for said in ("", LINKED + " eyJabc", LINKED + principals.SECRET, LINKED + "\nWARNING: something new"):
        refused(assert_screen, "users", "link", result(stdout=said))
    answer = Exchange(Request("POST", "graph.microsoft.com", "/", {}), Response(200, {"secretText": "made"}))
    refused(assert_nothing_secret, result(stdout="made", exchanges=[answer]))


def test_a_turn_that_differs_is_another() -> None:
    turn = wire.Turn("GET", "https://management.azure.com/x?api-version=1", 200, '{"a":1}')
    for other in (("PUT", turn.url, 200, turn.body), ("GET", turn.url + "1", 200, turn.body)):
        assert wire.Turn(*other).compared != turn.compared
    assert wire.Turn("GET", turn.url, 404, turn.body).compared != turn.compared
    assert wire.Turn("GET", turn.url, 200, '{"a":2}').compared != turn.compared


PIPELINE = SNIPPETS / "cicd/azure-devops-cli.yml"
REQUEST = Exchange(Request("GET", "management.azure.com", "/providers/Microsoft.ManagementPartner/partners", {}), None)


@pytest.mark.parametrize(
    "done",
    [
        Run(0, "Refused: the input", "", []),
        Run(1, "another", "", []),
        Run(1, "Refused: the input", "", [REQUEST]),
        Run(1, "Refused: the input ##vso[x]", "", []),
    ],
    ids=["success", "message", "request", "command"],
)
def test_an_input_that_is_taken_is_seen(done: Run, reader: Reader, world: World) -> None:
    refused(test_pipelines.assert_refused, reader, world, done, "1; touch PWNED", PIPELINE)


def test_an_input_that_was_executed_is_seen(reader: Reader, world: World) -> None:
    (reader.work / "PWNED").touch()
    refused(test_pipelines.assert_refused, reader, world, Run(1, "Refused: the x", "", []), "1", PIPELINE)


@pytest.mark.parametrize("done", [Run(0, "why", "", []), Run(1, "else", "", []), Run(1, "why", "", [REQUEST])])
def test_a_sign_in_that_worked_is_seen(done: Run, world: World) -> None:
    refused(test_pipelines.assert_no_sign_in, done, world, "why")


def test_a_task_that_fails_stops_the_journey(reader: Reader, world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reader, "run", lambda _: result(1))
    refused(test_lighthouse.go, reader, world, "onboard/show.py")


# --- the reader's own check ---


def test_a_fault_that_nobody_met_fails_the_reader(proxy: Proxy, reader: Reader) -> None:
    fault = Fault(lambda request: False)
    proxy.faults.append(fault)
    with pytest.raises(AssertionError, match="faults that no request met"):
        reader.check()
    fault.met = 1
    reader.check()


def test_every_reader_is_checked_in_the_end(proxy: Proxy, reader: Reader) -> None:
    proxy.refused.append("example.com")
    request = SimpleNamespace(config=None, node=None)
    with pytest.raises(AssertionError, match="outside the emulator"):
        done_with(reader, request)
    proxy.refused.clear()
