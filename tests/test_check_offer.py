"""`make check-offer`: a reader's own template, whatever it looks like."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import arm_template
import offer_rules
import offers
import pytest
from test_offers import BROKEN, LIGHTHOUSE, ROOT, findings, read


def write(folder: Path, properties: dict, **members) -> Path:
    """A template with one definition of these `properties`; `members` join or replace its own."""
    definition = {
        "type": "Microsoft.ManagedServices/registrationDefinitions",
        "apiVersion": "2022-10-01",
        "name": "[guid(parameters('mspOfferName'))]",
        "properties": {"managedByTenantId": "22222222-2222-2222-2222-222222222222", **properties},
    }
    template = {"resources": [definition], **members}
    path = folder / "own.json"
    path.write_text(json.dumps(template), "utf-8")
    return path


def grant(role: str, principal: str = "66666666-6666-6666-6666-666666666666") -> dict:
    return {"principalId": principal, "roleDefinitionId": offer_rules.IDS.get(role, role)}


GOOD = [grant("Reader"), grant("Support Request Contributor"), grant(offer_rules.DELETE)]


def test_authorizations_in_a_parameters_file(tmp_path):
    """As in Microsoft's samples. The parameters file beside FILE is found, and findings name it."""
    path = write(
        tmp_path,
        {"authorizations": "[parameters('authorizations')]"},
        parameters={"authorizations": {"type": "array"}},
    )
    lines, well = offers.report(path)
    assert not well
    assert "the parameter authorizations is given no value" in lines[0]
    values = {"parameters": {"Authorizations": {"value": [*GOOD, grant("Owner")]}}}
    (tmp_path / "own.parameters.json").write_text(json.dumps(values), "utf-8")
    lines, well = offers.report(path)
    assert not well
    assert lines[0].startswith("own.parameters.json: $.parameters.Authorizations.value[3].roleDefinitionId: ")


def test_variables_and_defaults(tmp_path):
    path = write(
        tmp_path,
        {"authorizations": "[variables('Offer').who]"},
        parameters={"role": {"type": "string", "defaultValue": offer_rules.IDS["Owner"]}},
        variables={"offer": {"who": [*GOOD, grant("[parameters('ROLE')]")]}},
    )
    ((where, found, _),) = findings(path)
    assert where == "own.json: $.variables.offer.who[3].roleDefinitionId"
    assert "(Owner)" in found


def test_nested_deployment_and_named_resources(tmp_path):
    """Bicep modules compile to nested templates with own names; resources may be an object."""
    nested = json.loads(write(tmp_path, {"authorizations": "[parameters('a')]"}).read_text())
    nested["parameters"] = {"a": {"type": "array"}}
    deployment = {
        "type": "Microsoft.Resources/deployments",
        "properties": {
            "expressionEvaluationOptions": {"scope": "inner"},
            "parameters": {"a": {"value": "[variables('b')]"}},
            "template": nested,
        },
    }
    path = write(tmp_path, {}, resources={"offer": deployment}, variables={"b": [*GOOD, grant("Owner")]})
    ((where, _, _),) = findings(path)
    assert where == "own.json: $.variables.b[3].roleDefinitionId"


def test_policy_with_parameters_of_its_own(tmp_path):
    """The other way to write the policy: values pass through the policy's parameters, escaped."""
    nested = json.loads(write(tmp_path, {"authorizations": "[[parameters('inner')]"}).read_text())
    nested["parameters"] = {"inner": {"type": "array"}}
    rule = {
        "then": {
            "details": {
                "deployment": {
                    "properties": {
                        "parameters": {"inner": {"value": "[[parameters('of-policy')]"}},
                        "template": nested,
                    }
                }
            }
        }
    }
    policy = {
        "type": "Microsoft.Authorization/policyDefinitions",
        "properties": {
            "parameters": {"of-policy": {"defaultValue": "[parameters('outer')]"}},
            "policyRule": rule,
        },
    }
    outer = {"outer": {"type": "array", "defaultValue": [*GOOD, grant("Owner")]}}
    path = write(tmp_path, {}, resources=[policy], parameters=outer)
    ((where, _, _),) = findings(path)
    assert where == "own.json: $.parameters.outer.defaultValue[3].roleDefinitionId"


def test_unknown_role_is_a_note(tmp_path):
    role = "4a9ae827-6dc8-4573-8ac7-8239d42aa03f"
    lines, well = offers.report(write(tmp_path, {"authorizations": [*GOOD, grant(role)]}))
    assert well
    assert f"role {role} is not known here" in lines[0]
    assert lines[1].startswith("own.json: ok, 4 authorizations")


def test_unknown_principals_are_notes():
    lines, well = offers.report(LIGHTHOUSE / "policy.json")
    assert well
    assert sum("is given no value" in line for line in lines) == 4


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ("{", "not plain JSON (comments?), line 1, column 2: "),
        ('{"resources": [] // mine\n}', "not plain JSON (comments?), line 1, column 18"),
        (b"\xff\xfe\x00\x01", "not a text file in UTF-8"),
        ("[]", "not a template: the file is to hold one JSON object"),
        ("{}", "not a template: it has no resources"),
        ('{"resources": []}', "no offer: no resource Microsoft.ManagedServices/registration"),
        ('{"$schema": "…/deploymentParameters.json#"}', "a parameters file; give the template"),
        ("[" * 200_000, "nested too deeply"),
        (" " * (offers.MAX_BYTES + 1), "4,194,305 bytes; Azure takes templates up to 4 MB"),
    ],
)
def test_file_that_is_no_template(tmp_path, content, says):
    path = tmp_path / "x.json"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    (line,), well = offers.report(path)
    assert not well
    assert line.startswith("x.json: ")
    assert says in line


def test_other_files(tmp_path):
    (line,), well = offers.report(LIGHTHOUSE / "minimal.bicep")
    assert not well
    assert line == "minimal.bicep: Bicep: az bicep build --file minimal.bicep, then check its JSON"
    assert offers.report(tmp_path / "none.json")[0] == ["none.json: cannot be read: No such file or directory"]
    assert "cannot be read" in offers.report(tmp_path)[0][0]
    (line,), _ = offers.report(LIGHTHOUSE / "minimal.json", LIGHTHOUSE / "sp.parameters.json")
    assert line.endswith(": sp.parameters.json gives servicePrincipalId, which it does not declare")
    (line,), _ = offers.report(LIGHTHOUSE / "minimal.json", tmp_path / "none.json")
    assert line.startswith("minimal.json: its parameters file none.json: cannot be read")


@pytest.mark.parametrize("wrong", [None, [], "people", 7, {}, [7], [None], ["x"], [[]]])
def test_authorizations_of_another_kind(tmp_path, wrong):
    found = findings(write(tmp_path, {"authorizations": wrong}))
    assert found
    assert all("required" in write or "nobody" in found for _, found, write in found[:1])


def test_variables_in_a_circle(tmp_path):
    path = write(
        tmp_path,
        {"authorizations": "[variables('a')]"},
        variables={"a": "[variables('b')]", "b": "[variables('a')]"},
    )
    assert offers.report(path)[0] == ["own.json: its variables refer to each other in a circle"]


def holders(value: object):
    """Every place of a JSON value: what holds it, and under which key or index."""
    if isinstance(value, dict | list):
        for key in list(value if isinstance(value, dict) else range(len(value))):
            yield value, key
            yield from holders(value[key])


def test_odd_values_anywhere_never_crash(tmp_path):
    """Each value of an offer in turn replaced by other kinds: some line to print, no traceback."""
    path, given, template = (
        tmp_path / "x.json",
        LIGHTHOUSE / "pim.parameters.json",
        read("pim.json"),
    )
    for holder, key in list(holders(template)):
        kept = holder[key]
        for odd in (None, 7, "[parameters('no')]", [[]], {"type": []}):
            holder[key] = odd
            path.write_text(json.dumps(template))
            assert offers.report(path, given)[0]
        holder[key] = kept


def test_byte_order_mark_and_crlf(tmp_path):
    text = (LIGHTHOUSE / "minimal.json").read_text("utf-8").replace("\n", "\r\n")
    (tmp_path / "x.json").write_bytes(b"\xef\xbb\xbf" + text.encode())
    assert offers.report(tmp_path / "x.json", LIGHTHOUSE / "minimal.parameters.json")[1]


@pytest.mark.parametrize(
    ("arguments", "code", "says"),
    [
        (
            [LIGHTHOUSE / "pim.json"],
            0,
            "pim.json: ok, 8 authorizations, on the list for partner earned credit: Support",
        ),
        ([BROKEN / "owner.json"], 1, "owner.json: $.resources[0].properties.authorizations[4]"),
        ([], 1, "python tests/offers.py FILE [PARAMETERS]"),
    ],
)
def test_command_line(arguments, code, says):
    command = [sys.executable, ROOT / "tests/offers.py", *arguments]
    done = subprocess.run(command, capture_output=True, encoding="utf-8", check=False)
    assert done.returncode == code
    assert says in done.stdout
    assert not done.stderr


def test_work_grows_with_the_number_of_authorizations(tmp_path, monkeypatch):
    """Time follows the values read: ten times the authorizations, ten times as many."""

    def reads(count: int) -> int:
        path, seen = write(tmp_path, {"authorizations": GOOD * count}), []
        original = arm_template.read
        monkeypatch.setattr(arm_template, "read", lambda *a: seen.append(a) or original(*a))
        assert not findings(path)
        monkeypatch.undo()
        return len(seen)

    assert reads(100) < 10.5 * reads(10)
    assert reads(10) < 30 * 40  # about 20 an authorization
