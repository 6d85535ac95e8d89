"""`make check-offer`: a reader's own template, whatever it looks like.

Kinds of odd files were found by trying the checker on files of other people; each case below says what is wrong with it.
"""

from __future__ import annotations

import ast
import copy
import json
import subprocess
import sys
from pathlib import Path

import arm_template
import offer_file
import offer_rules
import pytest
from offer_report import ACCEPT, REFUSE, SAY, report
from test_offers import BROKEN, LIGHTHOUSE, ROOT, findings, read

TYPE = "Microsoft.ManagedServices/registrationDefinitions"
SCHEMAS = "https://schema.management.azure.com/schemas/2019-08-01"
OFFER_ID = f"[subscriptionResourceId('{TYPE}', guid('offer'))]"


def grant(role: str, principal: str = "66666666-6666-6666-6666-666666666666", name: str = "Operators") -> dict:
    return {
        "principalId": principal,
        "principalIdDisplayName": name,
        "roleDefinitionId": offer_rules.IDS.get(role, role),
    }


GOOD = [grant("Reader"), grant("Support Request Contributor"), grant(offer_rules.DELETE)]


def eligible(role: str = "Contributor", **policy) -> dict:
    return grant(role) | {
        "justInTimeAccessPolicy": {"multiFactorAuthProvider": "Azure", "maximumActivationDuration": "PT8H", **policy}
    }


def good(**properties) -> dict:
    """A template that Azure takes; `properties` join or replace those of its definition."""
    offer = {
        "registrationDefinitionName": "Fabrikam: support",
        "description": "Support",
        "authorizations": copy.deepcopy(GOOD),
    }
    definition = {
        "type": TYPE,
        "apiVersion": "2022-10-01",
        "name": "[guid('offer')]",
        "properties": {"managedByTenantId": "22222222-2222-2222-2222-222222222222", **offer, **properties},
    }
    assignment = {
        "type": "Microsoft.ManagedServices/registrationAssignments",
        "apiVersion": "2022-10-01",
        "name": "[guid('offer')]",
        "dependsOn": [OFFER_ID],
        "properties": {"registrationDefinitionId": OFFER_ID},
    }
    return {
        "$schema": f"{SCHEMAS}/subscriptionDeploymentTemplate.json#",
        "contentVersion": "1.0.0.0",
        "resources": [definition, assignment],
    }


def write(folder: Path, properties: dict, **members) -> Path:
    """A template with one definition of these `properties`; `members` join or replace its own."""
    path = folder / "own.json"
    path.write_text(json.dumps(good(**properties) | members), "utf-8")
    return path


def deployment(template: dict, **members) -> dict:
    """A nested deployment with a scope of its own."""
    inner = {"mode": "Incremental", "expressionEvaluationOptions": {"scope": "inner"}, "template": template, **members}
    return {"type": "Microsoft.Resources/deployments", "apiVersion": "2025-04-01", "name": "inner", "properties": inner}


def given(folder: Path, **values) -> None:
    """The parameters file beside the template of `write`."""
    file = {"$schema": f"{SCHEMAS}/deploymentParameters.json#", "contentVersion": "1.0.0.0"}
    file["parameters"] = {name: {"value": value} for name, value in values.items()}
    (folder / "own.parameters.json").write_text(json.dumps(file), "utf-8")


def test_good_offer_passes_without_a_word(tmp_path):
    lines, verdict = report(write(tmp_path, {"eligibleAuthorizations": [eligible()]}))
    assert (len(lines), verdict) == (1, ACCEPT), lines


# --- where values come from ---


def test_authorizations_in_a_parameters_file(tmp_path):
    """As in Microsoft's samples. The parameters file beside FILE is found, and findings name it."""
    declared = {"authorizations": {"type": "array"}}
    path = write(tmp_path, {"authorizations": "[parameters('authorizations')]"}, parameters=declared)
    lines, verdict = report(path)
    assert verdict == SAY
    assert "not judged" in lines[0]
    assert "the parameter authorizations is given no value → its value in a parameters file" in lines[0]
    given(tmp_path, Authorizations=[*GOOD, grant("Owner")])
    lines, verdict = report(path)
    assert verdict == REFUSE
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
    nested = good(authorizations="[parameters('a')]") | {"parameters": {"a": {"type": "array"}}}
    inner = deployment(nested, parameters={"a": {"value": "[variables('b')]"}})
    path = write(tmp_path, {}, resources={"offer": inner}, variables={"b": [*GOOD, grant("Owner")]})
    ((where, _, _),) = findings(path)
    assert where == "own.json: $.variables.b[3].roleDefinitionId"


def test_policy_with_parameters_of_its_own(tmp_path):
    """The other way to write the policy: values pass through the policy's parameters, escaped."""
    nested = good(authorizations="[[parameters('inner')]") | {"parameters": {"inner": {"type": "array"}}}
    inside = {"parameters": {"inner": {"value": "[[parameters('of-policy')]"}}, "template": nested}
    details = {"deploymentScope": "subscription", "deployment": {"properties": inside}}
    policy = {
        "type": "Microsoft.Authorization/policyDefinitions",
        "properties": {
            "parameters": {"of-policy": {"defaultValue": "[parameters('outer')]"}},
            "policyRule": {"then": {"details": details}},
        },
    }
    for resource in nested["resources"]:  # evaluated where the policy deploys
        resource |= json.loads(json.dumps({k: resource[k] for k in resource if k != "properties"}).replace('"[', '"[['))
    nested["resources"][1]["properties"] = {"registrationDefinitionId": f"[{OFFER_ID}"}
    outer = {"outer": {"type": "array", "defaultValue": [*GOOD, grant("Owner")]}}
    path = write(tmp_path, {}, resources=[policy], parameters=outer)
    ((where, _, _),) = findings(path)
    assert where == "own.json: $.parameters.outer.defaultValue[3].roleDefinitionId"


ROLE = offer_rules.IDS["Owner"]
COMPUTED = {  # expressions that lead to the role Owner
    "concat": "[concat('8e3af657-', 'a8ff-443c-a75c-2fe8c4bcb635')]",
    "format": "[format('{0}-a8ff-443c-{1}', '8e3af657', 'a75c-2fe8c4bcb635')]",
    "toLower": f"[toLower('{ROLE.upper()}')]",
    "if": f"[if(equals(parameters('kind'), 'own'), '{ROLE}', reference('x').id)]",
    "last": f"[last(split('/roleDefinitions/{ROLE}', '/'))]",
    "index": f"[createArray('x', '{ROLE}')[add(0, 1)]]",
    "json": f'[json(\'{{"id": "{ROLE}"}}\').id]',
    "coalesce": f"[coalesce(null(), '{ROLE}')]",
    "own function": "[fabrikam.owner()]",
    "createObject": f"[createObject('id', '{ROLE}').id]",
    "substring": f"[substring('x{ROLE}', 1)]",
    "union": f"[union(variables('none'), createObject('id', '{ROLE}')).id]",
}


@pytest.mark.parametrize("expression", COMPUTED.values(), ids=COMPUTED)
def test_functions_are_evaluated(tmp_path, expression):
    members = {"owner": {"parameters": [], "output": {"type": "string", "value": ROLE}}}
    path = write(
        tmp_path,
        {"authorizations": [*GOOD, grant(expression)]},
        parameters={"kind": {"type": "string", "defaultValue": "own"}},
        variables={"none": {}},
        functions=[{"namespace": "fabrikam", "members": members}],
    )
    lines, verdict = report(path)
    assert verdict == REFUSE
    assert "(Owner)" in lines[0], lines


@pytest.mark.parametrize(
    "expression", ["concat(variables('a'), variables('b'))", "union(variables('a'), variables('b'))"]
)
def test_arrays_put_together_keep_their_places(tmp_path, expression):
    path = write(tmp_path, {"authorizations": f"[{expression}]"}, variables={"a": GOOD, "b": [grant("Owner")]})
    ((where, _, _),) = findings(path)
    assert where == "own.json: $.variables.b[0].roleDefinitionId"


def test_copy_loop_of_a_property(tmp_path):
    loop = {"name": "authorizations", "count": "[length(variables('who'))]"}
    loop["input"] = grant(offer_rules.IDS["Owner"], "[variables('who')[copyIndex('authorizations')]]")
    template = good(copy=[loop])
    del template["resources"][0]["properties"]["authorizations"]
    (tmp_path / "own.json").write_text(json.dumps(template | {"variables": {"who": [GOOD[0]["principalId"]]}}), "utf-8")
    lines, verdict = report(tmp_path / "own.json")
    assert verdict == REFUSE
    assert "own.json: $.resources[0].properties.copy[0].input.roleDefinitionId: " in lines[0]


@pytest.mark.parametrize(
    ("name", "verdict"), [("[guid('offer')]", REFUSE), ("[guid('offer', string(copyIndex()))]", SAY)]
)
def test_copy_loop_of_a_resource(tmp_path, name, verdict):
    """The same name twice is refused; names of their own make two offers, only one of them delegated here."""
    template = good()
    template["resources"][0] |= {"copy": {"name": "offers", "count": 2}, "name": name}
    template["resources"][1]["dependsOn"] = ["offers"]
    (tmp_path / "own.json").write_text(json.dumps(template), "utf-8")
    lines, found = report(tmp_path / "own.json")
    assert found == verdict, lines


REFUSED_EXPRESSIONS = {
    "[paramters('x')]": ("there is no function paramters", "parameters"),
    "[parameters('nmae')]": ("the template declares no such parameter", "name"),
    "[variables('x').y]": ("the template declares no such variable", "a variable that it declares"),
    "[concat('a', 'b'": None,
    "[concat('a', 'b']": ("an expression that ends too early", "closed"),
    "[variables('v').oen]": ("nothing is written at own.json: $.variables.v.oen", "one"),
    "[copyIndex()]": ("copyIndex() outside its loop", "inside the loop"),
    "[subscription().tenantId]": ("the customer's own tenant", "your tenant"),
}


@pytest.mark.parametrize("expression", REFUSED_EXPRESSIONS)
def test_expressions_that_azure_refuses(tmp_path, expression):
    path = write(
        tmp_path,
        {"managedByTenantId": expression},
        parameters={"name": {"type": "string", "defaultValue": "x"}},
        variables={"v": {"one": "x"}},
    )
    lines, verdict = report(path)
    assert verdict == REFUSE
    said = REFUSED_EXPRESSIONS[expression] or (expression, "8-4-4-4-12")
    assert any(said[0] in line and said[1] in line.partition(" → ")[2] for line in lines), lines


@pytest.mark.parametrize(
    "expression",
    ["[reference('x').id]", "[newGuid()]", "[environment().name]", "[map(variables('v'), lambda('x', 1))]"],
)
def test_what_only_azure_knows_is_named(tmp_path, expression):
    lines, verdict = report(write(tmp_path, {"managedByTenantId": expression}, variables={"v": []}))
    assert verdict == SAY
    assert "$.resources[0].properties.managedByTenantId: not judged" in lines[0]


def test_variables_in_a_circle(tmp_path):
    circle = {"a": "[variables('b')]", "b": "[variables('a')]"}
    lines, verdict = report(write(tmp_path, {"authorizations": "[variables('a')]"}, variables=circle))
    assert verdict == REFUSE
    assert "leads back to itself" in " ".join(lines)


@pytest.mark.parametrize(
    "variables",
    [
        {"v0": "x" * 9} | {f"v{i}": f"[concat(variables('v{i - 1}'), variables('v{i - 1}'))]" for i in range(1, 60)},
        {"v0": [1, 2]} | {f"v{i}": [f"[variables('v{i - 1}')]"] * 4 for i in range(1, 60)},
        {"v59": "[padLeft('x', 2000000000)]"},
        {"v59": "[range(0, 2000000000)]"},
        {"v0": "x"} | {f"v{i}": f"[variables('v{i - 1}')]" for i in range(1, 60)},
        {"v59": "[" + "concat(" * 3000 + "'x'" + ")" * 3000 + "]"},
    ],
    ids=["double text", "double arrays", "padding", "range", "a long way", "brackets"],
)
def test_expressions_that_grow_without_end(tmp_path, variables):
    lines, verdict = report(write(tmp_path, {"description": "[string(variables('v59'))]"}, variables=variables))
    assert verdict in (ACCEPT, SAY), lines


# --- every member, every level ---


def every_member() -> dict:
    """An offer that has each published member once."""
    automation = grant(
        offer_rules.ADMINISTRATOR, "55555555-5555-5555-5555-555555555555", "Automation (service principal)"
    )
    automation["delegatedRoleDefinitionIds"] = [offer_rules.IDS["Contributor"]]
    approvers = [{"principalId": "77777777-7777-7777-7777-777777777777", "principalIdDisplayName": "Administrators"}]
    template = good(
        authorizations=[*copy.deepcopy(GOOD), automation],
        eligibleAuthorizations=[eligible(managedByTenantApprovers=approvers)],
        managedByTenantId="[parameters('managedByTenantId')]",
    )
    template["parameters"] = {
        "managedByTenantId": {"type": "string", "defaultValue": "22222222-2222-2222-2222-222222222222"}
    }
    template["variables"] = {"offer": "offer"}
    template["outputs"] = {"offer": {"type": "string", "value": "[variables('offer')]"}}
    template["resources"][0]["plan"] = {"name": "a", "publisher": "b", "product": "c", "version": "1"}
    return template


def places(value, path=()):
    """Every member of every object: the objects and keys that lead to it."""
    for key in list(value) if isinstance(value, dict) else range(len(value)) if isinstance(value, list) else ():
        if isinstance(value, dict):
            yield (*path, key)
        yield from places(value[key], (*path, key))


def holder_of(template: dict, path: tuple):
    for key in path[:-1]:
        template = template[key]
    return template


def doubled_text(template: dict, path: tuple) -> str:
    """The template with the member at `path` written twice."""
    holder = holder_of(template, path)
    holder["@twice@"] = holder[path[-1]]
    return json.dumps(template).replace('"@twice@"', json.dumps(path[-1]))


# Without them the offer is as good: names that the file chooses, and what adds something only when it is there.
OPTIONAL = {
    (*("resources", 0), "plan"): "of Marketplace offers only",
    (*("resources", 0, "properties"), "eligibleAuthorizations"): "an offer without PIM",
    (
        *("resources", 0, "properties", "eligibleAuthorizations", 0, "justInTimeAccessPolicy"),
        "managedByTenantApprovers",
    ): "self-service",
    ("outputs",): "for scripts",
    ("outputs", "offer"): "for scripts",
}
CHOSEN = {
    ("parameters", "managedByTenantId"),
    ("variables", "offer"),
    ("outputs", "offer"),
}  # their names are the file's own
ANYTHING = {("variables", "offer"), ("outputs", "offer", "value")}  # of any type
WRONG = [7, "x", True, None, [], {}, [[]], {"x": 1}]


CHANGES = [
    (path, kind)
    for path in places(every_member())
    for kind in ("dropped", "doubled", "wrong case", "wrong type", "extra")
]


def outcome(folder: Path, text: str) -> tuple[list[str], int]:
    path = folder / "own.json"
    path.write_text(text, "utf-8")
    return report(path)


def test_every_member_is_good_as_it_is(tmp_path):
    lines, verdict = outcome(tmp_path, json.dumps(every_member()))
    assert (len(lines), verdict) == (1, ACCEPT), lines


@pytest.mark.parametrize(
    ("path", "kind"), CHANGES, ids=[f"{'.'.join(map(str, path))} {kind}" for path, kind in CHANGES]
)
def test_no_change_of_a_member_passes_in_silence(tmp_path, path, kind):
    template = every_member()
    holder, name = holder_of(template, path), path[-1]
    if kind == "doubled":
        assert outcome(tmp_path, doubled_text(template, path))[1] == REFUSE
        return
    if kind == "wrong type":
        expected = type(holder[name])
        for wrong in WRONG:
            if isinstance(wrong, expected) or path in ANYTHING:
                continue
            holder[name] = wrong
            lines, verdict = outcome(tmp_path, json.dumps(template))
            assert verdict != ACCEPT, (wrong, lines)
        return
    if kind == "dropped":
        del holder[name]
        expected = ACCEPT if path in OPTIONAL else None
    elif kind == "wrong case":
        holder[name.swapcase()] = holder.pop(name)
        expected = ACCEPT if path in CHOSEN else None
    else:
        holder[f"{name}s"] = holder[name]
        expected = ACCEPT if path in CHOSEN else REFUSE
    lines, verdict = outcome(tmp_path, json.dumps(template))
    assert verdict == expected if expected is not None else verdict != ACCEPT, lines


@pytest.mark.parametrize(
    ("member", "write_instead"),
    [
        ("eligibleAuthorisations", "eligibleAuthorizations"),
        ("authorization", "authorizations"),
        ("managedByTenantID", "managedByTenantId"),
        ("registrationDefinitonName", "registrationDefinitionName"),
        ("authorizations\u200f", "authorizations"),
        ("principalId", "where it belongs"),
        ("provisioningState", "delete it"),
    ],
)
def test_unknown_member_gets_the_nearest_name(tmp_path, member, write_instead):
    lines, verdict = report(write(tmp_path, {member: []}))
    assert verdict != ACCEPT
    assert any(write_instead in line.partition(" → ")[2] for line in lines), lines
    assert all(line.isprintable() for line in lines)


# --- what is said of an offer ---


def test_unknown_role_is_named(tmp_path):
    role = "4a9ae827-6dc8-4573-8ac7-8239d42aa03f"
    lines, verdict = report(write(tmp_path, {"authorizations": [*GOOD, grant(role)]}))
    assert verdict == SAY
    assert f"role {role} is not known here" in lines[0]
    assert lines[1].startswith("own.json: no mistake found, but read the lines above, 4 authorizations")


def test_unknown_principals_are_named():
    lines, verdict = report(LIGHTHOUSE / "policy.json")
    assert verdict == SAY
    assert {line.rpartition("the parameter ")[2].split()[0] for line in lines if "is given no value" in line} == {
        *("mspOfferName", "mspOfferDescription", "managedByTenantId"),
        *("operatorsGroupId", "administratorsGroupId", "servicePrincipalId"),
    }


LISTED = {  # delegatedRoleDefinitionIds beside a role: verdict, words
    "beside Contributor": ("Contributor", ["Reader"], SAY, "does nothing beside Contributor"),
    "unknown": (offer_rules.ADMINISTRATOR, ["12345678-1234-4234-8234-123456789abc"], SAY, "is not known here"),
    "data actions": (offer_rules.ADMINISTRATOR, ["Storage Blob Data Contributor"], SAY, "no source settles"),
    "twice": (offer_rules.ADMINISTRATOR, ["Contributor", "Contributor"], SAY, "stands here twice"),
    "Owner": (offer_rules.ADMINISTRATOR, ["Owner"], REFUSE, "(Owner)"),
    "itself": (offer_rules.ADMINISTRATOR, [offer_rules.ADMINISTRATOR], REFUSE, "(User Access Administrator)"),
    "assigns roles": (offer_rules.ADMINISTRATOR, ["Role Based Access Control Administrator"], REFUSE, "Role Based"),
    "empty": (offer_rules.ADMINISTRATOR, [], REFUSE, "the roles it may assign"),
    "no GUID": (offer_rules.ADMINISTRATOR, ["reader"], REFUSE, "8-4-4-4-12"),
    "no list": (offer_rules.ADMINISTRATOR, "Reader", REFUSE, "an array"),
    "good": (offer_rules.ADMINISTRATOR, ["Contributor", "Reader"], ACCEPT, "ok"),
}


@pytest.mark.parametrize("case", LISTED)
def test_roles_that_may_be_assigned(tmp_path, case):
    role, listed, expected, words = LISTED[case]
    ids = [offer_rules.IDS.get(each, each) for each in listed] if isinstance(listed, list) else listed
    automation = grant(role, "55555555-5555-5555-5555-555555555555", "Automation (service principal)")
    lines, verdict = report(
        write(tmp_path, {"authorizations": [*GOOD, automation | {"delegatedRoleDefinitionIds": ids}]})
    )
    assert verdict == expected, lines
    assert any(words in line for line in lines)


def test_roles_that_may_be_assigned_are_never_eligible(tmp_path):
    asked = eligible() | {"delegatedRoleDefinitionIds": [offer_rules.IDS["Reader"]]}
    lines, verdict = report(write(tmp_path, {"eligibleAuthorizations": [asked]}))
    assert verdict == REFUSE
    assert "delegatedRoleDefinitionIds is not known here" in lines[0]


NAMES = {  # name: a user, a machine, or neither
    "User Support": "",
    "Users": "",
    "Fabrikam User Access Administrators": "",
    "Managed Identity Operators (group)": "",
    "Service Principal Owners team": "",
    "support@fabrikam.example (group)": "",
    "Power User Desk": "",
    "Jane Doe": "",
    "jane@fabrikam.example": "user",
    "Jane Doe (user)": "user",
    "Automation (service principal)": "machine",
    "Fabrikam SPN": "machine",
    "Managed identity of the pipeline": "machine",
}


@pytest.mark.parametrize("name", NAMES)
def test_names_prove_only_what_they_say(tmp_path, name):
    """One word among others is no proof; a group may be named after anything."""
    who = "88888888-8888-8888-8888-888888888888"
    asked = eligible() | {"principalId": who, "principalIdDisplayName": name}
    path = write(tmp_path, {"authorizations": [*GOOD, grant("Reader", who, name)], "eligibleAuthorizations": [asked]})
    lines, verdict = report(path)
    assert verdict == (REFUSE if NAMES[name] else ACCEPT), lines
    words = {"user": "a user, by its name", "machine": "a service principal, by its name", "": "ok"}[NAMES[name]]
    assert any(words in line for line in lines)


@pytest.mark.parametrize("name", ["userAssignedIdentityPrincipalId", "usersGroupId", "user"])
def test_names_of_parameters_prove_no_user(tmp_path, name):
    asked = grant("Contributor", f"[parameters('{name}')]", "Lighthouse automation")
    lines, verdict = report(write(tmp_path, {"authorizations": [*GOOD, asked]}, parameters={name: {"type": "string"}}))
    assert verdict == SAY
    assert "user, by its name" not in " ".join(lines)


def test_invisible_characters_in_a_name_are_told(tmp_path):
    lines, verdict = report(write(tmp_path, {"description": "Support\u202egnp.exe"}))
    assert verdict == SAY
    assert "U+202E RIGHT-TO-LEFT OVERRIDE" in lines[0]


AROUND = {  # a change of the whole template: verdict, words
    "linked template": (
        lambda t: t.update(resources=[linked()]),
        SAY,
        "a linked template: offer.json → check that file by itself",
    ),
    "no assignment": (lambda t: t["resources"].pop(), SAY, "delegates nothing"),
    "assignment of another": (
        lambda t: t["resources"][1]["properties"].update(registrationDefinitionId=OFFER_ID.replace("'offer'", "'x'")),
        SAY,
        "not in this file",
    ),
    "ID of a group": (
        lambda t: t["resources"][1]["properties"].update(
            registrationDefinitionId="33333333-3333-3333-3333-333333333333"
        ),
        REFUSE,
        "subscriptionResourceId(",
    ),
    "not waiting": (lambda t: t["resources"][1].pop("dependsOn"), SAY, "in dependsOn"),
    "wrong schema": (lambda t: t.update({"$schema": "https://example.org/x.json"}), REFUSE, "no schema of a template"),
    "schema of a group": (
        lambda t: t.update({"$schema": f"{SCHEMAS}/deploymentTemplate.json#"}),
        SAY,
        "made at a subscription",
    ),
    "schema of a management group": (
        lambda t: t.update({"$schema": f"{SCHEMAS}/managementGroupDeploymentTemplate.json#"}),
        SAY,
        "made at a subscription",
    ),
    "old version": (lambda t: t["resources"][0].update(apiVersion="2017-01-01"), REFUSE, "no published version"),
    "new version": (
        lambda t: t["resources"][0].update(apiVersion="2099-01-01"),
        SAY,
        "later than the versions known here",
    ),
    "a name that is no GUID": (lambda t: t["resources"][0].update(name="my-offer"), REFUSE, "is no GUID → [guid("),
    "location": (lambda t: t["resources"][0].update(location="westeurope"), SAY, "delete it"),
    "another resource": (
        lambda t: t["resources"].append({"type": "Microsoft.Storage/storageAccounts"}),
        SAY,
        "not judged, a resource of another type",
    ),
    "no resource": (lambda t: t["resources"].append(7), REFUSE, "7 is no resource"),
    "condition": (lambda t: t["resources"][1].update(condition="[parameters('x')]"), SAY, "not judged"),
    "condition false": (lambda t: t["resources"][1].update(condition=False), SAY, "delegates nothing"),
    "in a group": (
        lambda t: t.update(resources=[deployment(good()) | {"resourceGroup": "web"}]),
        REFUSE,
        "a definition in a resource group",
    ),
    "parameter not given": (
        lambda t: t.update(resources=[deployment(good() | {"parameters": {"x": {"type": "string"}}})]),
        REFUSE,
        "x is given no value",
    ),
    "parameter not declared": (
        lambda t: t.update(resources=[deployment(good(), parameters={"x": {"value": 1}})]),
        REFUSE,
        "declares no parameter x",
    ),
    "too many parameters": (
        lambda t: t.update(parameters={f"p{i}": {"type": "int", "defaultValue": i} for i in range(257)}),
        REFUSE,
        "256 at most",
    ),
    "default of another type": (
        lambda t: t.update(parameters={"x": {"type": "int", "defaultValue": "1"}}),
        REFUSE,
        "is no int",
    ),
    "no such type": (
        lambda t: t.update(parameters={"x": {"type": "strng", "defaultValue": "1"}}),
        REFUSE,
        "is no type → string",
    ),
    "not allowed": (
        lambda t: t.update(parameters={"x": {"type": "string", "defaultValue": "c", "allowedValues": ["a", "b"]}}),
        REFUSE,
        "none of the allowed values",
    ),
    "too short": (
        lambda t: t.update(parameters={"x": {"type": "string", "defaultValue": "c", "minLength": 2}}),
        REFUSE,
        "minLength is 2",
    ),
}


def linked() -> dict:
    inner = {"mode": "Incremental", "templateLink": {"relativePath": "offer.json"}}
    return {"type": "Microsoft.Resources/deployments", "apiVersion": "2025-04-01", "name": "n", "properties": inner}


@pytest.mark.parametrize("case", AROUND)
def test_template_around_the_offer(tmp_path, case):
    change, expected, words = AROUND[case]
    template = good() | {"parameters": {"x": {"type": "bool"}}}
    change(template)
    (tmp_path / "own.json").write_text(json.dumps(template), "utf-8")
    lines, verdict = report(tmp_path / "own.json")
    assert verdict == expected, lines
    assert any(words in line for line in lines), lines


def test_one_offer_name_in_several_groups_is_no_mistake(tmp_path):
    """As in Microsoft's sample for several resource groups: a definition for each, all of one name, each delegated once."""
    template = good()
    definition, assignment = template["resources"]
    name = "[guid(parameters('groups')[copyIndex()])]"
    loop = {"name": "each", "count": "[length(parameters('groups'))]"}
    definition |= {"name": name, "copy": loop}
    assignment |= {"name": name, "properties": {"registrationDefinitionId": f"[resourceId('{TYPE}/', {name[1:-1]})]"}}
    del assignment["dependsOn"]
    inner = {k: v for k, v in template.items() if k != "resources"} | {"resources": [assignment]}
    group = {"resourceGroup": "[parameters('groups')[copyIndex()]]", "copy": loop, "dependsOn": ["each"]}
    outer = deployment(inner) | group | {"name": "[concat('group', copyIndex())]"}
    del outer["properties"]["expressionEvaluationOptions"]
    template |= {
        "resources": [definition, outer],
        "parameters": {"groups": {"type": "array", "defaultValue": ["web", "data"]}},
    }
    (tmp_path / "own.json").write_text(json.dumps(template), "utf-8")
    lines, verdict = report(tmp_path / "own.json")
    assert verdict == ACCEPT, lines


# --- parameters files ---

GIVEN = {
    "bare": ({"x": {"value": True}}, 'its values do not stand inside "parameters"'),
    "not declared": ({"parameters": {"y": {"value": True}}}, "the template declares no parameter y"),
    "another type": ({"parameters": {"x": {"value": "true"}}}, "is no bool"),
    "misspelt": ({"parameters": {"x": {"valeu": True}}}, "value"),
    "no value": ({"parameters": {"x": {}}}, "a parameter without a value"),
    "unknown member": ({"parameters": {"x": {"value": True}}, "values": {}}, "values is not known here"),
    "no schema": ({"$schema": None, "parameters": {"x": {"value": True}}}, "$schema"),
    "version": ({"contentVersion": "1", "parameters": {"x": {"value": True}}}, "four numbers"),
}


@pytest.mark.parametrize("case", GIVEN)
def test_parameters_file(tmp_path, case):
    content, words = GIVEN[case]
    path, file = write(tmp_path, {}, parameters={"x": {"type": "bool"}}), tmp_path / "p.json"
    whole = {"$schema": f"{SCHEMAS}/deploymentParameters.json#", "contentVersion": "1.0.0.0"}
    file.write_text(json.dumps(content if case == "bare" else whole | content), "utf-8")
    lines, verdict = report(path, file)
    assert verdict == REFUSE
    assert any(words in line and "p.json" in line for line in lines), lines


def test_text_in_a_parameters_file_is_no_expression(tmp_path):
    path = write(tmp_path, {"description": "[parameters('x')]"}, parameters={"x": {"type": "string"}})
    given(tmp_path, x="[nothing(")
    assert report(path)[1] == ACCEPT
    given(tmp_path, x="[nothing()]")
    assert report(path)[1] == ACCEPT


# --- files that are none ---

UTF16 = json.dumps(good()).encode("utf-16")


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ("", "the file is empty"),
        (" \n", "the file is empty"),
        ("\ufeff", "the file is empty"),
        ("{", "line 1, column 2: the file ends too early"),
        ("{'a': 1}", "line 1, column 2: single quotes"),
        ("{\n  “a”: 1}", "line 2, column 3: typographic quotes"),
        ('{"a": 1,}', "a comma after the last member"),
        ('{"a": [1,]}', "a comma after the last member"),
        ('{"a": 1 "b": 2}', "a comma is missing"),
        ('{"a" 1}', "a colon is missing"),
        ("{a: 1}", "a name without quotes"),
        ('{"a": 1} x', "something follows the template's last }"),
        ('{"a": \u200f1}', "an invisible character, U+200F RIGHT-TO-LEFT MARK"),
        ('{"a": "b\n"}', "a text that does not end on its line"),
        ('{"a": NaN}', "NaN is no JSON"),
        ('{"a": ' + "9" * 5000 + "}", "a number of 5000 digits"),
        ("name: offer", "no JSON here"),
        ("<!DOCTYPE html><p>Not found", "a web page"),
        (UTF16, "UTF-16"),
        (UTF16[2:], "UTF-16"),
        (b"PK\x03\x04\x14\x00\x08\x08\xff", "no text"),
        (b'{"a": "\xe4"}', "line 1: not a text file in UTF-8"),
        ("[]", "not a template: the file is to hold one JSON object"),
        ("{}", "not a template: it has no resources"),
        (json.dumps(good() | {"resources": []}), "no offer: no resource Microsoft.ManagedServices/registration"),
        ('{"$schema": "…/deploymentParameters.json#"}', "a parameters file; give the template"),
        ("[" * 200_000, "nested too deeply"),
        ('{"a":' * 200_000, "nested too deeply"),
        (" " * (offer_file.MAX_BYTES + 1), "4,194,305 bytes; Azure takes templates up to 4 MB"),
    ],
)
def test_file_that_is_no_template(tmp_path, content, says):
    path = tmp_path / "x.json"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    (line,), verdict = report(path)
    assert verdict == REFUSE
    assert line.startswith("x.json: ")
    assert says in line


@pytest.mark.parametrize("nested", ["[" * 900 + "]" * 900, '{"a":' * 900 + "1" + "}" * 900], ids=["arrays", "objects"])
def test_deep_file_is_no_traceback(tmp_path, nested):
    text = json.dumps(good()).replace('"Support"', nested, 1)
    _, verdict = outcome(tmp_path, text)
    assert verdict in (REFUSE, SAY)


def test_other_files(tmp_path):
    (line,), verdict = report(LIGHTHOUSE / "minimal.bicep")
    assert verdict == REFUSE
    assert line == "minimal.bicep: Bicep: az bicep build --file minimal.bicep, then check its JSON"
    assert report(tmp_path / "none.json")[0] == ["none.json: cannot be read: No such file or directory"]
    assert "cannot be read" in report(tmp_path)[0][0]
    lines, verdict = report(LIGHTHOUSE / "minimal.json", LIGHTHOUSE / "sp.parameters.json")
    assert verdict == REFUSE
    assert "sp.parameters.json: $.parameters.servicePrincipalId.value: the template declares no parameter" in lines[0]
    (line,), _ = report(LIGHTHOUSE / "minimal.json", tmp_path / "none.json")
    assert line.startswith("minimal.json: its parameters file none.json: cannot be read")


@pytest.mark.parametrize("wrong", [None, [], "people", 7, {}, [7], [None], ["x"], [[]]])
def test_authorizations_of_another_kind(tmp_path, wrong):
    lines, verdict = report(write(tmp_path, {"authorizations": wrong}))
    assert verdict == REFUSE
    assert any("authorizations" in line for line in lines)


def test_comments_line_ends_and_byte_order_mark(tmp_path):
    """Azure documents comments in templates."""
    text = json.dumps(good(), indent=2).replace("{", '{ // mine: "\n/* 1\n2 */', 3)
    (tmp_path / "x.json").write_bytes(b"\xef\xbb\xbf" + text.replace("\n", "\r\n").encode())
    assert report(tmp_path / "x.json")[1] == ACCEPT


def test_ten_thousand_lines(tmp_path):
    roles = [grant("Reader", f"{i:08x}-0000-4000-8000-000000000000") for i in range(1, 1500)]
    text = json.dumps(good(authorizations=[*GOOD, *roles]), indent=2)
    assert text.count("\n") > 7_000
    assert outcome(tmp_path, "\n" * 3_000 + text)[1] == ACCEPT


def test_odd_values_anywhere_never_crash(tmp_path):
    """Each value of an offer in turn replaced by other kinds: some line to print, no traceback."""
    path, values = tmp_path / "x.json", LIGHTHOUSE / "pim.parameters.json"
    template = read("pim.json")
    for place in places(template):
        holder, key = holder_of(template, place), place[-1]
        kept = holder[key]
        for odd in (
            None,
            7,
            "[parameters('no')]",
            [[]],
            {"type": []},
            {"copy": [7, {"name": 1}, {"name": "x", "count": 10**9}]},
        ):
            holder[key] = odd
            path.write_text(json.dumps(template))
            assert report(path, values)[0]
        holder[key] = kept


# --- the command ---


@pytest.mark.parametrize(
    ("arguments", "code", "says"),
    [
        (
            [LIGHTHOUSE / "pim.json"],
            ACCEPT,
            "pim.json: ok, 8 authorizations, on the list for partner earned credit: Support",
        ),
        ([BROKEN / "owner.json"], REFUSE, "owner.json: $.resources[0].properties.authorizations[4]"),
        ([BROKEN / "no-assignment.json"], SAY, "delegates nothing"),
        ([], REFUSE, "python check-offer.pyz FILE [PARAMETERS]"),
    ],
)
def test_command_line(arguments, code, says):
    command = [sys.executable, ROOT / "tests/offers.py", *arguments]
    done = subprocess.run(command, capture_output=True, encoding="utf-8", check=False)
    assert done.returncode == code
    assert says in done.stdout
    assert not done.stderr


def test_python_that_is_too_old_gets_one_line():
    """Python reads the gate whatever its age, and meets it before any import that it could not read."""
    text = (ROOT / "tests/offers.py").read_text("utf-8")
    tree = ast.parse(text, feature_version=(3, 7))
    assert not {"JoinedStr", "AnnAssign", "NamedExpr"} & {type(node).__name__ for node in ast.walk(tree)}
    kinds = [type(node).__name__ for node in tree.body]
    first = [getattr(node, "names", [None])[0] for node in tree.body if isinstance(node, ast.Import | ast.ImportFrom)]
    assert kinds.index("If") < kinds.index("ImportFrom")
    assert first[0].name == "sys"
    old = text.replace("sys.version_info < (3, 11)", "sys.version_info < (99,)")
    done = subprocess.run([sys.executable, "-c", old], capture_output=True, text=True, check=False, cwd=ROOT / "tests")
    assert done.returncode == REFUSE
    assert done.stderr.splitlines() == [
        line for line in done.stderr.splitlines() if "Python 3.11 or newer is needed" in line
    ]


def test_work_grows_with_the_number_of_authorizations(tmp_path, monkeypatch):
    """Time follows the values read: ten times the authorizations, ten times as many."""

    def reads(count: int) -> int:
        roles = [grant("Reader", f"{i:08x}-0000-4000-8000-000000000000") for i in range(1, count * 3)]
        path, seen = write(tmp_path, {"authorizations": [*GOOD, *roles]}), []
        original = arm_template.read
        monkeypatch.setattr(arm_template, "read", lambda *a: seen.append(a) or original(*a))
        assert not findings(path)
        monkeypatch.undo()
        return len(seen)

    assert reads(100) < 10.5 * reads(10)
    assert reads(10) < 30 * 70  # about 50 an authorization


# --- what Microsoft publishes, reduced to its structure ---
# https://github.com/Azure/Azure-Lighthouse-samples/tree/37b72c8b4417760664a11245606223627a0fb6fd/templates (MIT)

OFFER_OF_SAMPLE = f"[resourceId('{TYPE}/', variables('mspRegistrationName'))]"


def sample(**parameters: str) -> dict:
    """As the samples are: every value a parameter, names from the offer's name, outputs that repeat them."""
    template = good(
        registrationDefinitionName="[parameters('mspOfferName')]",
        description="[parameters('mspOfferDescription')]",
        managedByTenantId="[parameters('managedByTenantId')]",
        authorizations="[parameters('authorizations')]",
    )
    definition, assignment = template["resources"]
    definition |= {"apiVersion": "2019-06-01", "name": "[variables('mspRegistrationName')]"}
    assignment |= {
        "apiVersion": "2019-06-01",
        "name": "[variables('mspRegistrationName')]",
        "dependsOn": [OFFER_OF_SAMPLE],
    }
    assignment["properties"]["registrationDefinitionId"] = OFFER_OF_SAMPLE
    names = ("mspOfferName", "mspOfferDescription", "managedByTenantId")
    declared = {**dict.fromkeys(names, "string"), "authorizations": "array", **parameters}
    template["parameters"] = {
        name: {"type": kind, "metadata": {"description": name}} for name, kind in declared.items()
    }
    template["variables"] = {"mspRegistrationName": "[guid(parameters('mspOfferName'))]"}
    template["outputs"] = {
        "mspOfferName": {"type": "string", "value": "[concat('Managed by', ' ', parameters('mspOfferName'))]"}
    }
    return template


def in_a_group(template: dict, **members) -> dict:
    """The assignment in a nested deployment whose expressions belong to the template around."""
    assignment = template["resources"].pop()
    needed = assignment.pop("dependsOn")
    inner = {"$schema": f"{SCHEMAS}/deploymentTemplate.json#", "contentVersion": "1.0.0.0", "parameters": {}}
    outer = deployment(inner | {"resources": [assignment]}) | {"dependsOn": needed, **members}
    del outer["properties"]["expressionEvaluationOptions"]
    template["resources"].append(outer)
    return template


def of_marketplace() -> dict:
    template = sample()
    plan = dict.fromkeys(("name", "publisher", "product", "version"), "x")
    template["variables"]["plan"] = plan
    template["parameters"]["marketplaceOffer"] = {"type": "string", "defaultValue": "No"}
    asked = "[if(equals(parameters('marketplaceOffer'), 'Yes'), variables('plan'), json('null'))]"
    template["resources"][0]["plan"] = asked
    return template


def with_pim() -> dict:
    template = sample(eligibleAuthorizations="array")
    template["resources"][0]["apiVersion"] = "2020-02-01-preview"
    template["resources"][0]["properties"]["eligibleAuthorizations"] = "[parameters('eligibleAuthorizations')]"
    return template


SAMPLES = {
    "subscription": sample,
    "resource group": lambda: in_a_group(sample(rgName="string"), resourceGroup="[parameters('rgName')]"),
    "marketplace": of_marketplace,
    "eligible": with_pim,
}
VALUES = {
    "mspOfferName": "Relecloud Managed Services",
    "mspOfferDescription": "Relecloud Managed Services",
    "managedByTenantId": "22222222-2222-2222-2222-222222222222",
    "rgName": "web",
    "eligibleAuthorizations": [eligible("Resource Policy Contributor (Preview)")],
}


@pytest.mark.parametrize("name", SAMPLES)
@pytest.mark.parametrize(
    "roles", [["Reader"], ["Reader", "Contributor"], ["Reader", "Contributor", offer_rules.DELETE]]
)
def test_samples_of_microsoft_hold_no_mistake(name, roles, tmp_path):
    """Without values nothing is judged; a missing earning or delete role is a warning; with all of them they pass."""
    template = SAMPLES[name]()
    (tmp_path / "own.json").write_text(json.dumps(template), "utf-8")
    lines, verdict = report(tmp_path / "own.json")
    assert verdict == SAY, lines
    assert all("not judged" in line or "no mistake found" in line for line in lines), lines
    values = {key: value for key, value in VALUES.items() if key in template["parameters"]}
    given(tmp_path, **values, authorizations=[grant(role) for role in roles])
    lines, verdict = report(tmp_path / "own.json")
    assert verdict == (ACCEPT if len(roles) == 3 else SAY), lines
    warned = [words for words in ("no role on the list", "nobody has") if any(words in line for line in lines)]
    assert len(warned) == 3 - len(roles)
