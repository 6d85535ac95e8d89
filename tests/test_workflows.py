"""Our own workflows: what they may do is read from the files, what they do is run with act. Dependabot comes last."""

from __future__ import annotations

import itertools
import json
import os
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pipelines
import pytest
import scenarios
import workflows
import yaml
from conftest import file_name, need
from emulator.harness import ROOT, VENV
from pipelines import ACT, ACTIONS, load
from powershell import versions

GITHUB = ROOT / ".github"
ALL = sorted(workflows.WORKFLOWS.glob("*.yml"))
STAND_INS = sorted(ACTIONS.glob("*/action.yml"))
FORMS = sorted(p for p in (GITHUB / "ISSUE_TEMPLATE").glob("*.yml") if p.name != "config.yml")
# The only rights to write, and whose they are.
MAY_WRITE = {
    ("publish.yml", "attest"): {"id-token": "write", "attestations": "write"},
    ("publish.yml", "deploy"): {"pages": "write", "id-token": "write"},
    ("weekly.yml", "report"): {"issues": "write"},
}
JOBS = [pytest.param(file, name, id=f"{file.name}:{name}") for file in ALL for name in load(file)["jobs"]]
MAKEFILE = (ROOT / "Makefile").read_text("utf-8")


def job(file: Path | str, name: str) -> dict:
    return load(workflows.WORKFLOWS / file)["jobs"][name]


def scripts(of: dict) -> list[str]:
    return [step["run"] for step in of.get("steps", []) if "run" in step]


# --- what they may do ---


@pytest.mark.parametrize("file", ALL, ids=lambda p: p.name)
def test_workflow_starts_with_no_rights_and_alone(file: Path) -> None:
    content = load(file)
    assert content["permissions"] == {}
    assert content["concurrency"]["group"].startswith(file.stem), (
        "a group of its own: a called workflow has its caller's name"
    )
    assert not set(content["on"]) & {"pull_request_target", "workflow_run", "issue_comment"}, (
        "strangers' text with our rights"
    )
    assert "secrets." not in file.read_text("utf-8")


@pytest.mark.parametrize(("file", "name"), JOBS)
def test_job_has_only_the_rights_it_needs(file: Path, name: str) -> None:
    declared = job(file, name)
    writes = {right: level for right, level in declared["permissions"].items() if level != "read"}
    assert writes == MAY_WRITE.get((file.name, name), {})
    assert "uses" in declared or declared["timeout-minutes"] <= 30
    if writes:
        assert not any("checkout" in step.get("uses", "") for step in declared["steps"]), (
            "code of others, with a right to write"
        )
        assert not re.search(r"\b(make|python|pip|npm)\b", "\n".join(scripts(declared)))
    for step in declared.get("steps", []):
        if "checkout" in step.get("uses", ""):
            assert step["with"]["persist-credentials"] is False
        assert "${{" not in step.get("run", ""), "an expression pasted into a script → env"


@pytest.mark.parametrize("file", [*ALL, *STAND_INS], ids=file_name)
def test_actions_are_pinned_to_commits_with_their_version(file: Path) -> None:
    for line in re.findall(r"^.*\buses: .*$", file.read_text("utf-8"), re.MULTILINE):
        assert re.search(
            r"uses: ([\w-]+/[\w/-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+|\$/\.github/workflows/[\w-]+\.yml)$", line
        ), line


def test_everything_is_required_and_everything_is_reported() -> None:
    for file, last in (("test.yml", "required"), ("weekly.yml", "report")):
        others = set(load(workflows.WORKFLOWS / file)["jobs"]) - {last}
        assert set(job(file, last)["needs"]) == others
        assert job(file, last)["if"] == "always()", "a job that is left out counts as passed"
    unseen = {
        name for name, each in load(workflows.WORKFLOWS / "test.yml")["jobs"].items() if "continue-on-error" in each
    }
    assert unseen <= {"powershell", "extension"}, "what has been green once decides"


def test_main_is_tested_once_then_built_once_then_published() -> None:
    assert set(load(workflows.WORKFLOWS / "test.yml")["on"]) == {"pull_request", "workflow_call"}
    assert load(workflows.WORKFLOWS / "publish.yml")["on"] == {"push": {"branches": ["main"]}}
    assert job("publish.yml", "test")["uses"] == "$/.github/workflows/test.yml"
    needs = {name: job("publish.yml", name).get("needs") for name in ("test", "build", "attest", "deploy")}
    assert needs == {"test": None, "build": "test", "attest": "build", "deploy": ["build", "attest"]}
    assert scripts(job("publish.yml", "build"))[0] == "make build"


def test_every_published_file_is_attested(site: Path, tmp_path: Path) -> None:
    """The list that is signed names each file with its checksum, as `sha256sum --check` takes it."""
    (output := tmp_path / "output").touch()
    script = scripts(job("publish.yml", "build"))[1]
    subprocess.run(
        ["bash", "-eo", "pipefail", "-c", script], cwd=site, env=os.environ | {"GITHUB_OUTPUT": str(output)}, check=True
    )
    first, *listed, last = output.read_text(encoding="utf-8").splitlines()
    assert first == f"checksums<<{last}"
    files = {file.relative_to(site).as_posix() for file in site.rglob("*") if file.is_file()}
    assert {line.split("  ", 1)[1] for line in listed} == files
    assert len(listed) == len(files) < 1024, "one attestation takes no more"
    subprocess.run(["sha256sum", "--check", "--quiet"], cwd=site, input="\n".join(listed) + "\n", text=True, check=True)
    assert job("publish.yml", "attest")["steps"][1]["with"] == {"subject-checksums": "checksums.txt"}


# --- what the linters and the published schemas say ---

CHECKS = {
    "jactionlint": ["jactionlint", "--strict-exit", "--shellcheck=", "--pyflakes="],
    "zizmor": ["zizmor", "--offline", "--persona=pedantic", "--no-progress", GITHUB],
    "dependabot": ["check-jsonschema", "--builtin-schema", "vendor.dependabot", GITHUB / "dependabot.yml"],
    "issue forms": ["check-jsonschema", "--builtin-schema", "vendor.github-issue-forms", *FORMS],
    "issue config": [
        "check-jsonschema",
        "--builtin-schema",
        "vendor.github-issue-config",
        GITHUB / "ISSUE_TEMPLATE/config.yml",
    ],
    "stand-ins": ["check-jsonschema", "--builtin-schema", "vendor.github-actions", *STAND_INS],
}


@pytest.mark.parametrize("check", CHECKS)
def test_files_are_clean(check: str) -> None:
    tool, *options = CHECKS[check]
    need(VENV / "pipelines/bin" / tool)
    done = subprocess.run([VENV / "pipelines/bin" / tool, *options], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr


# --- what they do, run with act ---


@pytest.fixture(name="act")
def _act(tmp_path: Path):
    """Run a job on a folder as GitHub would; returns exit status and log. `programs` come first in its PATH."""
    for tool in (ACT, "jq"):
        need(tool)

    def run(folder: Path, name: str, programs: dict[str, str] | None = None, **options) -> tuple[int, str]:
        scratch = tmp_path / f"act-{len(list(tmp_path.iterdir()))}"
        (bin_ := scratch / "bin").mkdir(parents=True)
        pipelines.lingering(bin_, "bash", os.environ["PATH"])
        for program, text in (programs or {}).items():
            (bin_ / program).write_text(text)
            (bin_ / program).chmod(0o755)
        path = f"{bin_}:{Path(sys.executable).parent}:{Path(shutil.which('jq')).parent}:/usr/bin:/bin"
        command = workflows.act(folder, scratch, name, **options)
        env = {"PATH": path, "HOME": str(scratch), "NO_COLOR": "1"}
        done = subprocess.run(command, env=env, capture_output=True, text=True, timeout=120)
        return done.returncode, done.stdout + done.stderr

    return run


@pytest.fixture(name="repository")
def _repository(tmp_path: Path) -> Path:
    """As much of a copy of this repository as the job for FAQ entries needs, with our environments: nothing is fetched."""
    for name in ("docs", "snippets", "tests"):
        shutil.copytree(ROOT / name, tmp_path / "repository" / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("Makefile", "mkdocs.yml"):
        shutil.copy(ROOT / name, tmp_path / "repository")
    (tmp_path / "repository/.venv").symlink_to(VENV)
    return tmp_path / "repository"


def from_a_fork(tmp_path: Path) -> Path:
    """What GitHub tells a workflow about a stranger's pull request."""
    head = {"ref": "patch-1", "sha": "0" * 40, "repo": {"full_name": "stranger/pal-guide", "fork": True}}
    base = {"ref": "main", "repo": {"full_name": "fabrikam/pal-guide", "fork": False}}
    (event := tmp_path / "event.json").write_text(
        json.dumps({"action": "opened", "number": 7, "pull_request": {"number": 7, "head": head, "base": base}})
    )
    return event


def annotations(log: str) -> list[str]:
    return re.findall(r"::(error .*)$", log, re.MULTILINE)


def outcome(log: str, name: str) -> str:
    """How act says that the job of that name ended."""
    return re.search(rf"^\[\w+/{name} *\] 🏁  Job (\w+)$", log, re.MULTILINE)[1]


def faq_job(act, repository: Path, tmp_path: Path) -> tuple[int, str]:
    return act(repository, "test.yml:faq", event=from_a_fork(tmp_path))


def test_bad_entry_from_a_fork_is_annotated_on_its_lines(act, repository: Path, tmp_path: Path) -> None:
    entry = "docs/pal/faq/is-this-a-bad-entry.md"
    good = (repository / "docs/pal/faq/is-creating-the-link-twice-harmless.md").read_text("utf-8")
    bad = re.sub(r"(?m)^title: .*", "title: Is this a bad entry?", good)
    bad = (
        re.sub(r"(?m)^checked: .*", "checked: 2031-01-01", bad)
        + "\n::add-mask::a ##[stop-commands]b {% %0A::error::c\n"
    )
    (repository / entry).write_text(bad, "utf-8")
    lines = bad.splitlines()
    expected = {
        lines.index("checked: 2031-01-01") + 1: "2031-01-01 is in the future → write the day",
        len(lines): "{{ or {%25 → say it in words",
    }
    code, log = faq_job(act, repository, tmp_path)
    assert code != 0
    found = annotations(log)
    assert [re.match(rf"error file={entry},line=(\d+)::", text)[1] for text in found] == [
        str(line) for line in expected
    ], log
    assert all(
        text.partition("::")[2].startswith(start) for text, start in zip(found, expected.values(), strict=True)
    ), log


def test_good_entries_pass_without_annotations(act, repository: Path, tmp_path: Path) -> None:
    code, log = faq_job(act, repository, tmp_path)
    assert (code, annotations(log)) == (0, []), log


@pytest.mark.parametrize("result", ["success", "failure", "skipped"])
def test_required_passes_only_when_all_have_passed(result: str, act, tmp_path: Path) -> None:
    _, log = act(tmp_path / "empty", "test.yml:required", results={"windows": result})
    assert f"windows: {result}\n" in log
    assert outcome(log, "required") == ("succeeded" if result == "success" else "failed"), log


# A stand-in for GitHub's own client: writes its arguments down, and asks its list of open issues as the client does, with jq.
GH = """#!/bin/sh
[ "$1" = issue ] || exit 1 # act asks it for a token
printf '%s\\n' "$@" >> '{0}/gh.log'
for last; do :; done
[ "$2" != list ] || jq -r "$last" '{0}/issues.json'
"""
TITLE = "Weekly check: something needs care"


@pytest.mark.parametrize(
    ("exits", "open_issue", "does"),
    [("failure", None, "create"), ("failure", 5, "edit"), ("success", 5, "close"), ("success", None, None)],
)
def test_weekly_report_keeps_one_issue(
    exits: str, open_issue: int | None, does: str | None, act, tmp_path: Path
) -> None:
    stranger, ours = {"login": "stranger"}, {"login": "app/github-actions"}
    others = [
        {"number": 3, "title": "Something else", "author": ours},
        {"number": 4, "title": TITLE, "author": stranger},
    ]
    own = [{"number": open_issue, "title": TITLE, "author": ours}] if open_issue else []
    (tmp_path / "issues.json").write_text(json.dumps(others + own))
    _, log = act(tmp_path / "empty", "weekly.yml:report", {"gh": GH.format(tmp_path)}, results={"exits": exits})
    assert outcome(log, "One issue") == "succeeded", log
    asked, _, done = (tmp_path / "gh.log").read_text().partition("\nissue\n")
    assert "--state\nopen\n" in asked
    assert done.split("\n")[0] == (does or "")
    assert (str(open_issue) in done.split("\n")) is (open_issue is not None and does is not None)
    assert ("- `exits`: failure\n" in done) is (exits == "failure")
    assert "newest" not in done
    assert (f"--title\n{TITLE}\n" in done) is (does == "create")


# --- what they start is there, and is what the README says ---


@pytest.mark.parametrize("file", ALL, ids=lambda p: p.name)
def test_make_targets_exist(file: Path) -> None:
    started = {
        target
        for job in load(file)["jobs"].values()
        for text in scripts(job)
        for target in re.findall(r"\bmake ([\w-]+)", text)
    }
    assert started <= set(re.findall(r"^([\w-]+):", MAKEFILE, re.MULTILINE))


def test_windows_job_runs_the_commands_of_the_readme() -> None:
    told = re.sub(r"mkdocs serve", "mkdocs build", (ROOT / "README.md").read_text("utf-8"))
    for command in scripts(job("test.yml", "windows")):
        assert re.sub(r" -n \d+", "", command) in told


def test_azure_cli_is_not_pinned_in_the_newest_run(tmp_path: Path) -> None:
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    (forget,) = [text for text in scripts(job("weekly.yml", "newest")) if text.startswith("sed ")]
    subprocess.run(["bash", "-c", forget], cwd=tmp_path, check=True)
    before, after = (
        tomllib.loads((folder / "pyproject.toml").read_text("utf-8"))["dependency-groups"]
        for folder in (ROOT, tmp_path)
    )
    assert {group for group in before if before[group] != after[group]} == {"az"}
    assert "azure-cli" in after["az"]


# --- PowerShell is run, or the job fails ---


def test_modules_are_those_of_the_reference_and_all_that_snippets_need() -> None:
    named = dict(
        re.findall(r"(Az\.\w+)(?::([\d.]+))?(?= |$)", re.search(r"^MODULES := (.*)", MAKEFILE, re.MULTILINE)[1])
    )
    pinned = {module: version for module, version in named.items() if version}
    assert pinned == {module: version for module, version in versions().items() if module in pinned}
    assert set(named) - set(pinned) == {"Az.ManagedServiceIdentity"}, "whose reference does not tell a version"
    needed = re.findall(
        r"^#Requires -Modules (.*)", "\n".join(p.read_text("utf-8") for p in ROOT.glob("snippets/*/*.ps1")), re.M
    )
    assert {module for line in needed for module in line.split(", ")} <= set(named)
    newest = re.search(r'MODULES="(.*)"', "\n".join(scripts(job("weekly.yml", "newest"))))[1]
    assert set(newest.split()) == set(named)


@pytest.mark.parametrize(
    ("installed", "named", "required", "runs"),
    [(True, True, "", True), (True, False, "", False), (False, True, "", False), (False, False, "required", True)],
)
def test_powershell_runs_where_it_can_and_where_it_must(
    installed: bool, named: bool, required: str, runs: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where it must and cannot, each block fails. A pwsh without the modules, as GitHub's machines have it, runs nothing."""
    (tmp_path / "Az.ManagementPartner").mkdir()
    monkeypatch.setattr(shutil, "which", lambda _: "/usr/bin/pwsh" if installed else None)
    monkeypatch.setenv("PSModulePath", str(tmp_path) if named else "")
    monkeypatch.setenv("PAL_PWSH", required)
    assert scenarios.powershell_runs() is runs


def test_powershell_job_must_run_powershell() -> None:
    steps = [step for step in job("test.yml", "powershell")["steps"] if step.get("env") == {"PAL_PWSH": "required"}]
    assert [step["run"] for step in steps] == ['PSModulePath="$PWD/.venv/modules" make test WORKERS=1 TESTS="-k ps1"']


# --- Dependabot ---


def test_dependabot_knows_each_lock_and_each_upper_bound() -> None:
    updates = {
        each["package-ecosystem"]: each
        for each in yaml.safe_load((GITHUB / "dependabot.yml").read_text("utf-8"))["updates"]
    }
    assert set(updates) == {"pip", "github-actions"}
    assert all(each["cooldown"]["default-days"] >= 7 and len(each["groups"]) == 1 for each in updates.values())
    groups = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["dependency-groups"]
    assert set(updates["pip"]["exclude-paths"]) == {f"{group}.txt" for group in groups if group.startswith("az")}
    bounds = {
        name: f">={bound}"
        for need in itertools.chain(*groups.values())
        for name, bound in re.findall(r"^([\w-]+).*,<([\d.]+)", need)
    }
    assert {each["dependency-name"]: each["versions"][0] for each in updates["pip"]["ignore"]} == bounds
