"""The Terraform example, checked: no Terraform runs here.

It is parsed, its arguments are held to the provider's published reference (tests/data/azapi-reference.json), and the requests that it
makes in each situation are played through the emulated rules in the order that Terraform keeps: what others depend on is made first and
destroyed last.
"""

from __future__ import annotations

import difflib
import json
import re
from importlib.metadata import version

import hcl2
import pytest
from emulator import samples
from emulator.harness import ROOT
from emulator.world import GLOBAL_ACCOUNT_ID, ServiceError, World
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
    wrong = [line for name, action in actions.items() for line in problems(name, action)]
    assert not wrong, "\n".join(wrong)
    read = re.findall(r"azapi_resource_action\.\w+\.(\w+)", str(blocks("resource") + blocks("output")))
    assert set(read) <= set(ACTION["read_only"])
    for block in blocks("provider"):
        assert not (wrong := unknown("provider azapi", block["azapi"], REFERENCE["provider"])), "\n".join(wrong)


def problems(name: str, action: dict) -> list[str]:
    """What the published schema of azapi_resource_action does not allow in one resource, with what to write."""
    wrong = unknown(name, action, [*ACTION["required"], *ACTION["optional"], *REFERENCE["meta"]])
    wrong += [
        f"{name}: {argument!r} is required → write it" for argument in ACTION["required"] if argument not in action
    ]
    # An expression has its values in quotes: the choice of `link` between two.
    given = {"when": [action.get("when", "apply")]}
    given["method"] = re.findall(r'"(\w+)"', action.get("method", "POST")) or [action.get("method", "POST")]
    for argument, values in given.items():
        choices = ACTION["values"][argument]
        wrong += [f"{name}: {argument} = {v!r} → one of {', '.join(choices)}" for v in values if v not in choices]
    return wrong


def unknown(where: str, found: dict, published: list[str]) -> list[str]:
    """A line for each argument that is not published, with the nearest that is."""
    near = {name: difflib.get_close_matches(name, published, n=1) for name in found if name not in published}
    return [
        f"{where}: no argument {name!r} → {f'write {to[0]!r}' if to else 'leave it out'}" for name, to in near.items()
    ]


MISTAKES = {
    "misspelt": ({"ignore_notfound": True}, "move: no argument 'ignore_notfound' → write 'ignore_not_found'"),
    "unknown": ({"partner": "1234567"}, "move: no argument 'partner' → leave it out"),
    "lacking": ({"resource_id": None}, "move: 'resource_id' is required → write it"),
    "method": ({"method": "patch"}, "move: method = 'patch' → one of POST, PATCH, PUT, DELETE, GET, HEAD"),
    "when": ({"when": "create"}, "move: when = 'create' → one of apply, destroy"),
}


@pytest.mark.parametrize("case", MISTAKES)
def test_what_the_published_schema_does_not_allow_is_refused(case: str, actions: dict[str, dict]) -> None:
    change, said = MISTAKES[case]
    altered = {name: value for name, value in (actions["move"] | change).items() if value is not None}
    assert problems("move", altered) == [said]


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


class Terraform:
    """What applying and destroying sends for one identity, and the state that is left when something is refused.

    An object is destroyed before its replacement is made, and what others depend on is made first and destroyed last:
    https://developer.hashicorp.com/terraform/language/meta-arguments/lifecycle (spec). Seen in Terraform 1.11.4 with built-in resources
    that depend on each other as these do. When AzAPI's action sends is its source code's (tests/data/azapi-reference.json).
    """

    def __init__(self, world: World, actions: dict[str, dict]):
        assert set(actions["unlink"]["depends_on"]) == {
            "${azapi_resource_action.move}",
            "${azapi_resource_action.link}",
        }
        assert [name for name, a in actions.items() if a.get("when") == "destroy"] == ["unlink"]
        assert not any("create_before_destroy" in str(a) for a in actions.values())
        self.world, self.actions = world, actions
        self.state: dict[str, dict] = {}  # name -> what was sent when it was made
        self.sent: list[tuple[str, str]] = []

    def apply(self, partner_id: str, replace: tuple[str, ...] = ()) -> None:
        """ServiceError when a request is refused; the state then ends before the action that sent it."""
        assert ACTION["replaced_when_changed"] == ["resource_id", "action"]
        assert all("local.id" in a["resource_id"] for a in self.actions.values())
        self.destroy({name for name, made in self.state.items() if made["id"] != partner_id or name in replace})
        for name in ("move", "link"):
            method = self.method(name)
            if self.state.get(name, {}).get("method") != method:  # new, or updated in place
                self.state[name] = {"id": partner_id, "method": method, "exist": self.send(name, method, partner_id)}
        self.state["unlink"] = {"id": partner_id}

    def destroy(self, names: set[str]) -> None:
        for name in [n for n in ("unlink", "link", "move") if n in names]:
            if name == "unlink":
                self.send(name, self.actions[name]["method"], self.state[name]["id"])
            del self.state[name]

    def method(self, name: str) -> str:
        """`link` takes one of two, as `move` was answered."""
        if name == "move":
            return self.actions[name]["method"]
        pattern = r'\$\{azapi_resource_action\.move\.exist \? "(\w+)" : "(\w+)"\}'
        when_there, otherwise = re.fullmatch(pattern, self.actions[name]["method"]).groups()
        return when_there if self.state["move"]["exist"] else otherwise

    def send(self, name: str, method: str, partner_id: str) -> bool:
        """One request; False when it was told 404 and the action ignores that."""
        calls = {"PUT": self.world.create_link, "PATCH": self.world.update_link, "DELETE": self.world.delete_link}
        self.sent.append((method, partner_id))
        try:
            calls[method](*WHO, partner_id)
        except ServiceError as error:
            if error.status != 404 or not self.actions[name].get("ignore_not_found"):
                raise
            return False
        return True


@pytest.fixture(name="terraform")
def _terraform(world: World, actions: dict[str, dict]) -> Terraform:
    return Terraform(world, actions)


OLD, NEW, WRONG = samples.PARTNER_ID, samples.NEW_PARTNER_ID, GLOBAL_ACCOUNT_ID


@pytest.mark.parametrize("before", [None, OLD, NEW])
def test_apply_ends_linked_whatever_was_there(before: str | None, terraform: Terraform, world: World) -> None:
    if before:
        world.create_link(*WHO, before)
    terraform.apply(OLD)
    assert world.active_links() == {WHO: OLD}
    sent = list(terraform.sent)
    terraform.apply(OLD)
    assert terraform.sent == sent, "nothing has changed, nothing is sent"


def test_another_partner_id_deletes_before_it_creates(terraform: Terraform, world: World) -> None:
    terraform.apply(OLD)
    terraform.sent.clear()
    terraform.apply(NEW)
    assert terraform.sent == [("DELETE", OLD), ("PATCH", NEW), ("PUT", NEW)]
    assert world.active_links() == {WHO: NEW}


@pytest.mark.parametrize("mended", [NEW, OLD], ids=["the right ID", "back to the old ID"])
def test_refused_partner_id_leaves_nothing_linked_until_it_is_mended(
    mended: str, terraform: Terraform, world: World
) -> None:
    terraform.apply(OLD)
    with pytest.raises(ServiceError, match="The Partner ID is not valid"):
        terraform.apply(WRONG)
    assert world.active_links() == {}
    assert "unlink" not in terraform.state
    terraform.apply(mended)
    assert world.active_links() == {WHO: mended}
    terraform.destroy(set(terraform.state))
    assert world.active_links() == {}


def test_refusal_that_passes_is_mended_by_applying_again(terraform: Terraform, world: World) -> None:
    terraform.apply(OLD)
    name = world.partners.pop(NEW)
    with pytest.raises(ServiceError):
        terraform.apply(NEW)
    world.partners[NEW] = name
    terraform.apply(NEW)
    assert world.active_links() == {WHO: NEW}


def test_linked_by_hand_after_a_refusal_needs_replace(terraform: Terraform, world: World) -> None:
    terraform.apply(OLD)
    name = world.partners.pop(NEW)
    with pytest.raises(ServiceError):
        terraform.apply(NEW)
    world.partners[NEW] = name
    world.create_link(*WHO, NEW)
    with pytest.raises(ServiceError, match="already linked"):
        terraform.apply(NEW)
    terraform.apply(NEW, replace=("move",))
    assert world.active_links() == {WHO: NEW}


def test_moving_the_link_first_leaves_no_gap(terraform: Terraform, world: World) -> None:
    """A block of the same identity moves the link with PATCH: a wrong ID is refused there, and the old link stays."""
    terraform.apply(OLD)
    with pytest.raises(ServiceError):
        world.update_link(*WHO, WRONG)
    assert world.active_links() == {WHO: OLD}
    world.update_link(*WHO, NEW)
    terraform.apply(NEW)
    assert terraform.sent[-3:] == [("DELETE", OLD), ("PATCH", NEW), ("PATCH", NEW)]
    assert world.links[WHO].version == 4, "created, moved, and PATCHed twice; never deleted"
    assert world.active_links() == {WHO: NEW}


def test_moving_first_ends_linked_also_where_delete_minds_no_id(terraform: Terraform, world: World) -> None:
    """No source says what DELETE of another ID does (searched); if it took the link, the PUT takes an ID that was just accepted."""
    terraform.apply(OLD)
    world.update_link(*WHO, NEW)
    world.delete_link = lambda tenant, who, partner_id: World.delete_link(world, tenant, who, NEW)
    terraform.apply(NEW)
    assert world.active_links() == {WHO: NEW}


def test_destroy_removes_the_link_and_may_come_twice(terraform: Terraform, world: World) -> None:
    terraform.apply(OLD)
    terraform.destroy({"unlink"})
    assert world.active_links() == {}
    terraform.send("unlink", "DELETE", OLD)
    assert world.active_links() == {}


def test_page_says_how_a_change_goes_and_is_mended() -> None:
    page = (ROOT / "docs/pal/terraform.md").read_text("utf-8")
    change = page.partition("{ #change }")[2].partition("\n## ")[0]
    order = [change.index(f"`{method}`") for method in ("DELETE", "PATCH", "PUT")]
    assert order == sorted(order)
    assert "nothing is linked" in change
    assert "-replace=azapi_resource_action.move" in change
