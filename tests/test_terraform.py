"""The Terraform example, checked: no Terraform runs here.

It is parsed, its arguments are held to the provider's published reference (tests/data/azapi-reference.json), and the requests that it
makes in each situation are played through the emulated rules in the order that Terraform keeps: what others depend on is made first and
destroyed last.
"""

from __future__ import annotations

import json
import re
from importlib.metadata import version

import hcl2
import pytest
from emulator import samples
from emulator.harness import ROOT
from emulator.world import ServiceError, World
from grades import CHECKED, record
from test_pipelines import HOSTILE

FILES = sorted((ROOT / "snippets/terraform").glob("*.tf"))
REFERENCE = json.loads((ROOT / "tests/data/azapi-reference.json").read_text(encoding="utf-8"))
ACTION = REFERENCE["azapi_resource_action"]
WHO = (samples.CUSTOMER_TENANT, samples.SERVICE_PRINCIPAL)


def plain(node):
    """What python-hcl2 read, without its marks and the quotes that it keeps around texts."""
    if isinstance(node, dict):
        return {k.strip('"'): plain(v) for k, v in node.items() if not k.startswith("__")}
    if isinstance(node, list):
        return [plain(v) for v in node]
    return node.strip('"') if isinstance(node, str) else node


def blocks(kind: str) -> list:
    parsed = [plain(hcl2.loads(file.read_text(encoding="utf-8"))) for file in FILES]
    return [block for file in parsed for block in file.get(kind, [])]


@pytest.fixture(scope="module", name="actions")
def _actions() -> dict[str, dict]:
    found = {}
    for block in blocks("resource"):
        assert set(block) == {"azapi_resource_action"}
        found |= block["azapi_resource_action"]
    return found


def test_arguments_are_those_of_the_published_reference(
    actions: dict[str, dict], request: pytest.FixtureRequest
) -> None:
    for file in FILES:
        record(request, file, CHECKED, f"python-hcl2 {version('python-hcl2')}")
    for name, action in actions.items():
        arguments = set(action) - set(REFERENCE["meta"])
        assert set(ACTION["required"]) <= arguments, name
        assert arguments <= {*ACTION["required"], *ACTION["optional"]}, f"{name}: {arguments}"
        assert action.get("when", "apply") in ACTION["values"]["when"]
        methods = re.findall(r'"(\w+)"', action["method"]) or [action["method"]]
        assert set(methods) <= set(ACTION["values"]["method"])
    read = re.findall(r"azapi_resource_action\.\w+\.(\w+)", str(blocks("resource") + blocks("output")))
    assert set(read) <= set(ACTION["read_only"])
    assert {name for block in blocks("provider") for name in block["azapi"]} <= set(REFERENCE["provider"])


def test_version_has_what_is_used(actions: dict[str, dict]) -> None:
    constraint = blocks("terraform")[0]["required_providers"][0]["azapi"]["version"]
    lowest = tuple(map(int, constraint.removeprefix("~> ").split(".")))
    used = {argument for action in actions.values() for argument in action} | {"exist"}
    for argument in used & set(ACTION["since"]):
        assert lowest >= tuple(map(int, ACTION["since"][argument].split(".")))[:2], argument


def test_it_signs_in_by_federation_and_nothing_else() -> None:
    (provider,) = [block["azapi"] for block in blocks("provider")]
    assert (provider["use_oidc"], provider["use_cli"], provider["use_msi"]) == (True, False, False)
    assert provider["client_id"] == samples.CLIENT_ID
    assert not re.search("secret|password", "".join(f.read_text(encoding="utf-8") for f in FILES))


@pytest.mark.parametrize("value", [*HOSTILE.values(), samples.PARTNER_ID])
def test_variable_takes_partner_ids_only(value: str) -> None:
    (variable,) = [block["partner_id"] for block in blocks("variable")]
    pattern = re.search(r'can\(regex\(\\?"(.+?)\\?", var\.partner_id\)\)', variable["validation"][0]["condition"])[1]
    matches = re.search(pattern.replace("$", r"\Z"), value, re.ASCII)  # in Terraform's RE2, $ is the end of the text
    assert bool(matches) == (value == samples.PARTNER_ID)


# --- what it sends, by the emulated rules ---


def send(world: World, method: str, partner_id: str) -> bool:
    """One request; False when it was told 404, which two of the three actions ignore."""
    calls = {"PUT": world.create_link, "PATCH": world.update_link, "DELETE": world.delete_link}
    try:
        calls[method](*WHO, partner_id)
    except ServiceError as error:
        if error.status != 404:
            raise
        return False
    return True


def apply(world: World, actions: dict[str, dict], partner_id: str) -> None:
    """Create `move`, then `link`, whose method is decided by `move.exist`; `unlink` sends nothing."""
    assert actions["move"]["ignore_not_found"] is True
    found = send(world, actions["move"]["method"], partner_id)
    when_there, otherwise = re.fullmatch(
        r'\$\{azapi_resource_action\.move\.exist \? "(\w+)" : "(\w+)"\}', actions["link"]["method"]
    ).groups()
    assert send(world, when_there if found else otherwise, partner_id)
    assert "ignore_not_found" not in actions["link"]


def destroy(world: World, actions: dict[str, dict], partner_id: str) -> None:
    """`unlink` depends on the others, so it goes first; they do nothing when they are destroyed."""
    assert {"${azapi_resource_action.move}", "${azapi_resource_action.link}"} == set(actions["unlink"]["depends_on"])
    assert [name for name, a in actions.items() if a.get("when") == "destroy"] == ["unlink"]
    send(world, actions["unlink"]["method"], partner_id)


@pytest.mark.parametrize("before", [None, samples.PARTNER_ID, samples.NEW_PARTNER_ID])
def test_apply_ends_linked_whatever_was_there(before: str | None, actions: dict[str, dict], world: World) -> None:
    if before:
        world.create_link(*WHO, before)
    apply(world, actions, samples.PARTNER_ID)
    assert world.active_links() == {WHO: samples.PARTNER_ID}


def test_another_partner_id_replaces_all_three(actions: dict[str, dict], world: World) -> None:
    apply(world, actions, samples.PARTNER_ID)
    assert ACTION["replaced_when_changed"] == ["resource_id"]
    assert all("local.id" in a["resource_id"] for a in actions.values())
    destroy(world, actions, samples.PARTNER_ID)
    apply(world, actions, samples.NEW_PARTNER_ID)
    assert world.active_links() == {WHO: samples.NEW_PARTNER_ID}


def test_destroy_removes_the_link_and_may_come_twice(actions: dict[str, dict], world: World) -> None:
    apply(world, actions, samples.PARTNER_ID)
    destroy(world, actions, samples.PARTNER_ID)
    destroy(world, actions, samples.PARTNER_ID)
    assert world.active_links() == {}
