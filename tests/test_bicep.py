"""The Bicep offers, by Bicep's own compiler: they build and lint without a word, and the ARM JSON beside them is what it makes of them.

https://learn.microsoft.com/azure/azure-resource-manager/bicep/bicep-cli
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path

import programs
import pytest
from conftest import missing, once
from emulator.harness import ROOT
from grades import CHECKED, record

LIGHTHOUSE = ROOT / "snippets/lighthouse"
FILES = sorted(LIGHTHOUSE.glob("*.bicep"))
OFFERS = [file.stem for file in FILES if file.with_suffix(".parameters.json").exists()]
KNOWN = programs.ARCHIVES["bicep"][0].split("-")[1]  # the version whose output is published
NO_PROXY = "http://127.0.0.1:9"  # nothing listens there: on its own account the compiler asks for news of itself


def bicep(folder: Path, verb: str, pattern: str) -> str:
    """Let the compiler do `verb` to the files of a folder, without a network; all that it said, with its exit status if it failed."""
    if not (program := programs.find("bicep")):
        missing(programs.lacking("bicep"))
    env = os.environ | {"HOME": str(folder), "TMPDIR": str(folder), "HTTPS_PROXY": NO_PROXY, "https_proxy": NO_PROXY}
    done = subprocess.run(
        [program, verb, "--pattern", pattern], cwd=folder, env=env, text=True, capture_output=True, timeout=120
    )
    return done.stdout + done.stderr + (f"exit status {done.returncode}" if done.returncode else "")


def compile_parameters(folder: Path, given: dict[str, dict]) -> str:
    """Let the compiler hold parameters files to Bicep files: name -> content of NAME.parameters.json, for the offer before a dot in NAME.

    It writes NAME.out.json with what it took. Bicep infers the type of what it loads.
    """
    for name, content in given.items():
        (folder / f"{name}.parameters.json").write_text(json.dumps(content), encoding="utf-8")
        lines = [f"using '{name.partition('.')[0]}.bicep'"]
        for parameter in content["parameters"]:
            path = f"parameters.{parameter}.value"
            lines.append(f"param {parameter} = loadJsonContent('{name}.parameters.json', '{path}')")
        (folder / f"{name}.out.bicepparam").write_text("\n".join(lines), encoding="utf-8")
    return bicep(folder, "build-params", "*.bicepparam")


def read(file: Path) -> dict:
    return json.loads(file.read_text("utf-8"))


def bicep_files(_: str, names: list[str]) -> list[str]:
    """What copytree leaves out, so that only Bicep files come."""
    return [name for name in names if not name.endswith(".bicep")]


@pytest.fixture(scope="session", name="built")
def _built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The Bicep offers with the ARM JSON that the compiler made beside them, and what it said in said.txt."""

    def make(target: Path) -> None:
        shutil.copytree(LIGHTHOUSE, target, ignore=bicep_files)
        said = bicep(target, "build", "*.bicep") + bicep(target, "lint", "*.bicep")
        (target / "said.txt").write_text(said, encoding="utf-8")

    return once(tmp_path_factory, "bicep", make)


@pytest.fixture(name="offers")
def _offers(tmp_path: Path) -> Path:
    """The Bicep offers alone, to build and to spoil."""
    return Path(shutil.copytree(LIGHTHOUSE, tmp_path / "lighthouse", ignore=bicep_files))


def comparable(template: dict) -> dict:
    """A template without what moves with the compiler: `_generator`, and the API version of nested deployments."""
    resources = [comparable_resource(each) for each in template["resources"]]
    metadata = {name: value for name, value in template.get("metadata", {}).items() if name != "_generator"}
    return template | {"resources": resources, "metadata": metadata}


def comparable_resource(resource: dict) -> dict:
    if resource["type"] != "Microsoft.Resources/deployments":
        return resource
    properties = resource["properties"] | {"template": comparable(resource["properties"]["template"])}
    return resource | {"properties": properties, "apiVersion": "any"}


def test_every_file_builds_and_lints_without_a_word(built: Path, request: pytest.FixtureRequest) -> None:
    said = (built / "said.txt").read_text("utf-8")
    assert not said, f"→ mend the file: a reader's terminal shows each warning\n{said}"
    for file in FILES:
        assert (built / f"{file.stem}.json").exists()
        record(request, file, CHECKED, "Bicep")


@pytest.mark.parametrize("offer", OFFERS)
def test_json_is_what_the_compiler_makes(offer: str, built: Path) -> None:
    made = read(built / f"{offer}.json")
    if not (version := made["metadata"]["_generator"]["version"]).startswith(f"{KNOWN}."):
        pytest.skip(f"Bicep {version} is here, and {KNOWN} wrote the JSON → compared with {KNOWN} only")
    say = f"→ write what `bicep build --file {offer}.bicep` makes into {offer}.json, without _generator"
    assert comparable(read(LIGHTHOUSE / f"{offer}.json")) == comparable(made), say


def test_parameters_are_those_of_the_file(offers: Path, request: pytest.FixtureRequest) -> None:
    given = {offer: read(LIGHTHOUSE / f"{offer}.parameters.json") for offer in OFFERS}
    said = compile_parameters(offers, given)
    assert not said, said
    for offer in OFFERS:
        record(request, LIGHTHOUSE / f"{offer}.parameters.json", CHECKED, "Bicep")
        assert read(offers / f"{offer}.out.json") == given[offer]


# --- that all this can fail ---

WRONG = {
    "member": (
        "managedByTenantId: managedByTenantId",
        "managedByTenant: managedByTenantId",
        'mean "managedByTenantId"',
    ),
    "role": ("roles.reader", "roles.raeder", 'mean "reader"'),
    "parameter": ("output mspOfferName", "param unused string\noutput mspOfferName", "no-unused-params"),
    "syntax": ("authorizations: [", "authorizations: {", "Error BCP"),
}


def test_the_compiler_finds_what_is_wrong(offers: Path) -> None:
    text = (LIGHTHOUSE / "minimal.bicep").read_text("utf-8")
    for name, (right, wrong, _) in WRONG.items():
        assert right in text
        (offers / f"wrong-{name}.bicep").write_text(text.replace(right, wrong, 1), encoding="utf-8")
    said = bicep(offers, "build", "wrong-*.bicep")
    for name, (_, _, expected) in WRONG.items():
        assert any(f"wrong-{name}.bicep(" in line and expected in line for line in said.splitlines()), (name, said)


def test_the_compiler_finds_wrong_parameters(offers: Path) -> None:
    right = read(LIGHTHOUSE / "minimal.parameters.json")
    one, *others = right["parameters"]
    wrong = {
        "minimal.unknown": {**right["parameters"], "operatorGroupId": {"value": "x"}},
        "minimal.missing": {name: right["parameters"][name] for name in others},
        "minimal.type": {**right["parameters"], one: {"value": 6}},
    }
    said = compile_parameters(offers, {name: right | {"parameters": each} for name, each in wrong.items()})
    for name, code in {"unknown": "BCP259", "missing": "BCP258", "type": "BCP033"}.items():
        assert any(f"minimal.{name}." in line and code in line for line in said.splitlines()), (name, said)
