"""The Lighthouse offers keep every rule, their files agree, and the validator says what is wrong with broken ones."""

from __future__ import annotations

import json
import re
from pathlib import Path

import offer_report
import offer_rules
import pytest
import template_rules
from grades import CHECKED, record
from offer_report import ACCEPT, REFUSE, SAY
from offer_rules import Offer

ROOT = Path(__file__).parents[1]
LIGHTHOUSE = ROOT / "snippets/lighthouse"
BROKEN = ROOT / "tests/data/offers"
OFFERS = ["minimal", "sp", "pim"]
# file -> the one finding: where, found (in part), what to write (in part)
EXPECTED = json.loads((ROOT / "tests/data/broken-offers.json").read_text("utf-8"))


def read(name: str) -> dict:
    return json.loads((LIGHTHOUSE / name).read_text("utf-8"))


def authorizations(name: str, *, parameters: str | None = None) -> set[tuple[str, str]]:
    """(principal, role) of the permanent authorizations of one offer."""
    given = LIGHTHOUSE / f"{parameters or name}.parameters.json"
    return {(grant.principal, grant.name) for grant in offer_in(LIGHTHOUSE / f"{name}.json", given).permanent}


def offer_in(path: Path, given: Path | None = None) -> Offer:
    (offer,) = offer_report.read_file(path, given)[0].offers
    return offer


def findings(path: Path, given: Path | None = None) -> list[tuple[str, str, str]]:
    return [each[:3] for each in offer_report.findings_of(path, given)[0]]


# --- the offers ---


@pytest.mark.parametrize(("name", "parameters"), [*((o, o) for o in OFFERS), ("policy", "sp")], ids=[*OFFERS, "policy"])
def test_offer_keeps_every_rule(name, parameters, request):
    for file in (f"{name}.json", f"{name}.parameters.json"):
        if (LIGHTHOUSE / file).exists():
            record(request, LIGHTHOUSE / file, CHECKED, "rules of `make check-offer`")
    lines, verdict = offer_report.report(LIGHTHOUSE / f"{name}.json", LIGHTHOUSE / f"{parameters}.parameters.json")
    assert verdict == ACCEPT, lines
    assert len(lines) == 1, "nothing is left unchecked"
    assert re.fullmatch(
        r".*: ok, \d authorizations, on the list for partner earned credit: Support Request .*", lines[0]
    )


def test_each_offer_builds_on_the_one_before():
    assert authorizations("minimal") < authorizations("sp") == authorizations("pim")
    assert authorizations("policy", parameters="sp") == authorizations("sp")


def test_offer_names_are_unique():
    names = [read(f"{o}.parameters.json")["parameters"]["mspOfferName"]["value"] for o in OFFERS]
    assert len(set(names)) == len(OFFERS)


@pytest.mark.parametrize("name", OFFERS)
def test_parameters_and_template_agree(name):
    declared = read(f"{name}.json")["parameters"]
    given = read(f"{name}.parameters.json")["parameters"]
    assert set(given) == {key for key, value in declared.items() if "defaultValue" not in value}
    assert all(value["metadata"]["description"] for value in declared.values())


def test_policy_takes_the_parameters_of_sp():
    declared = read("policy.json")["parameters"]
    required = {key for key, value in declared.items() if "defaultValue" not in value}
    assert required == set(read("sp.parameters.json")["parameters"])


def granted(name: str, parameters: str) -> dict[str, set[str]]:
    """Role ID -> "permanent" or "eligible", of every authorization in one template."""
    offer = offer_in(LIGHTHOUSE / f"{name}.json", LIGHTHOUSE / f"{parameters}.parameters.json")
    found: dict[str, set[str]] = {}
    for kind in ("permanent", "eligible"):
        for grant in getattr(offer, kind):
            found.setdefault(grant.role_id, set()).add(kind)
    return found


def test_onboarding_page_names_every_role_beside_its_id():
    """What the customer is shown are IDs: the page has the name of each, from the role data, and no other."""
    page = (ROOT / "docs/lighthouse/onboard.md").read_text("utf-8")
    rows = re.findall(r"^\| ([^|]+) \| `([0-9a-f-]{36})` \| ([^|]+) \|$", page, re.MULTILINE)
    files = {**{offer: offer for offer in OFFERS}, "policy": "sp"}
    roles = {name: granted(name, parameters) for name, parameters in files.items()}
    every = {role for granted_in in roles.values() for role in granted_in}
    assert {(name, id) for name, id, _ in rows} == {(offer_rules.ROLES[role]["name"], role) for role in every}
    for _, id, where in rows:
        assert where == "all" if all(id in granted_in for granted_in in roles.values()) else "PIM" in where
        assert ("to be activated" in where) == all(
            granted_in.get(id, {"eligible"}) == {"eligible"} for granted_in in roles.values()
        )


@pytest.mark.parametrize("name", OFFERS)
def test_page_of_an_offer_names_every_role(name):
    page = (ROOT / f"docs/lighthouse/{name}.md").read_text("utf-8")
    named = set(re.findall(r"^\| [\w ]+ \| ([\w ]+) \| ", page, re.MULTILINE)) - {"Role"}
    assert named == {offer_rules.ROLES[role]["name"] for role in granted(name, name)}


# --- the validator on broken offers ---


@pytest.mark.parametrize("path", sorted(BROKEN.glob("*.json")), ids=lambda path: path.stem)
def test_broken_offer_has_one_finding(path):
    """What Azure takes, or nobody can judge, is a warning with a verdict of its own."""
    where, found, write = EXPECTED[path.stem]
    lines, verdict = offer_report.report(path)
    warned = "warning: " in lines[0] or "not judged" in lines[0]
    assert verdict == (SAY if warned else REFUSE)
    assert len(lines) == 1 + warned, lines
    assert lines[0].startswith(f"{path.name}: {where}: ")
    assert found in lines[0].partition(" → ")[0]
    assert write in lines[0].partition(" → ")[2]


def test_what_azure_takes_is_a_warning():
    warned = {path.stem for path in BROKEN.glob("*.json") if offer_report.report(path)[1] == SAY}
    assert warned == {
        *("no-delete-role", "no-earning-role", "same-role-twice", "delete-role-cannot-read"),
        *("no-assignment", "schema-of-resource-group", "unknown-authorizations"),
    }


def test_every_expected_offer_exists():
    assert set(EXPECTED) == {path.stem for path in BROKEN.glob("*.json")}


RULES = [(offer_rules, "RULES", rule) for rule in offer_rules.RULES]
RULES += [(template_rules, "FILE_RULES", rule) for rule in template_rules.FILE_RULES]


@pytest.mark.parametrize(("module", "name", "rule"), RULES, ids=lambda value: getattr(value, "__name__", value))
def test_rule_is_needed(module, name, rule, monkeypatch):
    """Without it some broken offer would pass."""
    rest = tuple(other for other in getattr(module, name) if other is not rule)
    monkeypatch.setattr(module, name, rest)
    assert any(offer_report.report(path)[1] == ACCEPT for path in BROKEN.glob("*.json"))


def test_all_findings_at_once(tmp_path):
    template = read("minimal.json")
    template["variables"]["roles"] |= {
        "reader": offer_rules.IDS["Owner"],
        "supportRequestContributor": offer_rules.IDS["Storage Blob Data Contributor"],
    }
    (tmp_path / "x.json").write_text(json.dumps(template))
    lines, verdict = offer_report.report(tmp_path / "x.json", LIGHTHOUSE / "minimal.parameters.json")
    assert verdict == REFUSE
    assert [line.partition(" → ")[0].rpartition(" (")[2] for line in lines[:3]] == [
        "Owner)",
        "Storage Blob Data Contributor)",
        "Owner)",
    ]


# --- role data and page ---


def test_role_data():
    published = offer_rules.DATA["published"]
    assert len(published) == 122
    assert sum(role["eligible"] for role in published) == 98
    usable = [role for role in published if role["eligible"] and role["lighthouse"] == "yes"]
    assert len(usable) == 71
    assert all(offer_rules.GUID.fullmatch(role) for role in offer_rules.ROLES)
    assert len(offer_rules.ROLES) == 124


def test_page_of_roles_is_the_role_data():
    page = (ROOT / "docs/pal/roles.md").read_text("utf-8")
    rows = re.findall(r"^\| [^|]+ \| ([\w ]+) \| (\w+)[^|]* \| `([0-9a-f-]{36})` \|$", page, re.MULTILINE)
    earns, offer = {True: "yes", False: "no"}, {"yes": "can", "no": "cannot", "limited": "limited"}
    data = offer_rules.DATA["published"]
    assert sorted(rows) == sorted((earns[r["eligible"]], offer[r["lighthouse"]], r["id"]) for r in data)


def test_page_explains_every_rule():
    page = (ROOT / "docs/lighthouse/index.md").read_text("utf-8")
    table = re.search(r"## The rules\n(.*?)(?=\n## |\Z)", page, re.DOTALL)[1]
    rows = re.findall(r"^\| (?!Rule|-)(.*?) \|.*\((https://\S+?)\) \|$", table, re.MULTILINE)
    assert len(rows) == len(RULES)
    sources = [re.search(r"https://\S+", rule.__doc__)[0] for _, _, rule in RULES]
    assert [source for _, source in rows] == sources
