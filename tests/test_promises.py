"""What files and pages promise beside each other: one passage in many files, what a file needs, what a page says of a file."""

from __future__ import annotations

import ast
import importlib.util
import re
import sys
import textwrap
from functools import cache
from importlib.metadata import distribution, distributions
from pathlib import Path

import pytest
from emulator.harness import ROOT
from packaging.requirements import Requirement
from pages import DOCS, SNIPPETS
from pipelines import scripts

# --- the passage that files share: name -> (what a file has that needs it, first line, last line) ---

PASSAGES = {
    ".sh": {
        "link, Azure CLI": (
            r"managementpartner update --partner-id .\$",
            "# Exit code 3 means",
            "az managementpartner show",
        ),
        "own profile": (r"AZURE_CONFIG_DIR=\$\(", "# A profile of its own", "trap "),
        "link, curl": (r"call PATCH", "# Sets body and code", '[ "$code" = 200 ]'),
    },
    ".py": {
        "link, Python": (
            r"client\.partner\.update\(partner_id\)\n\nlink",
            "linked = client.partners.get()",
            "print(link",
        )
    },
    ".ps1": {
        "link, PowerShell": (
            r"Update-AzManagementPartner -PartnerId \$",
            "$link = Get-AzManagementPartner",
            "Get-AzManagementPartner",
        )
    },
}


def passage(file: Path, first: str, last: str) -> str:
    """The lines from one that begins with `first` to the next that begins with `last`, without their common indent; "" for none."""
    lines = file.read_text("utf-8").splitlines()
    start = next((n for n, line in enumerate(lines) if line.strip().startswith(first)), None)
    if start is None:
        return ""
    end = next((n for n, line in enumerate(lines) if n > start and line.strip().startswith(last)), len(lines) - 1)
    return textwrap.dedent("\n".join(lines[start : end + 1]))


@pytest.mark.parametrize(
    ("suffix", "name"), [(suffix, name) for suffix, known in PASSAGES.items() for name in known], ids=lambda v: v
)
def test_a_shared_passage_is_the_same_in_every_file(suffix: str, name: str) -> None:
    """A test runs some of the files from every start; the passage is what makes the others do the same."""
    needs, first, last = PASSAGES[suffix][name]
    either = f"{re.escape(first)}|{needs}"
    files = [f for f in sorted(SNIPPETS.glob(f"*/*{suffix}")) if re.search(either, f.read_text("utf-8"))]
    texts = {file: passage(file, first, last) for file in files}
    usual = max(texts.values(), key=list(texts.values()).count)
    unlike = [f"snippets/{f.relative_to(SNIPPETS)}" for f, text in texts.items() if text != usual or not text]
    assert len(files) >= 3 and not unlike, (
        f"the passage “{name}” is another in {unlike} → in most files it is:\n{usual}"
    )


# --- what a file says that it needs ---


@cache
def owners() -> dict[str, str]:
    """Every installed module file -> the name of its distribution, as indexes spell it."""
    return {
        str(found.locate_file(file)): spelled(found.name)
        for found in distributions()
        for file in found.files or ()
        if file.suffix in {".py", ".so"}
    }


def spelled(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def imported(code: str) -> set[str]:
    """Distributions of what Python code imports, beside the standard library."""
    nodes = list(ast.walk(ast.parse(code)))
    modules = {alias.name for n in nodes if isinstance(n, ast.Import) for alias in n.names}
    modules |= {n.module for n in nodes if isinstance(n, ast.ImportFrom)}
    others = {m for m in modules if m.partition(".")[0] not in sys.stdlib_module_names}
    return {owners()[str(Path(importlib.util.find_spec(module).origin))] for module in others}


def brought_along(names: set[str]) -> set[str]:
    """The named distributions and all that they require."""
    known, new = set(), set(names)
    while new:
        known |= new
        asked = [Requirement(line) for name in new for line in distribution(name).requires or ()]
        new = {spelled(r.name) for r in asked if r.marker is None or r.marker.evaluate({"extra": ""})} - known
    return known


def unlike_imports(declared: set[str], code: str) -> str:
    """What is wrong with a declaration, or nothing."""
    missing = imported(code) - brought_along(declared)
    useless = declared - imported(code)
    told = [f"imports {sorted(missing)} undeclared"] if missing else []
    return ", ".join([*told, f"declares {sorted(useless)} and imports nothing of it"] if useless else told)


def test_python_files_declare_the_dependencies_that_they_import() -> None:
    """A reader's `uv run file.py` installs what the comment says, and nothing else."""
    wrong = []
    for file in sorted(SNIPPETS.glob("*/*.py")):
        text = file.read_text("utf-8")
        declared = re.search(r"# /// script\n# dependencies = (\[.*\])\n# ///", text)
        said = unlike_imports(set(ast.literal_eval(declared[1])), text) if declared else "declares nothing"
        wrong += [f"snippets/{file.relative_to(SNIPPETS)} {said}"] if said else []
    assert not wrong, "\n".join(wrong)


def test_pipelines_install_the_dependencies_that_they_import() -> None:
    wrong = []
    for file in sorted((SNIPPETS / "cicd").glob("*-python.yml")):
        installed = set(re.findall(r'"([\w-]+)==[\d.]+"', file.read_text("utf-8")))
        if said := unlike_imports(installed, scripts(file)["python"][-1]):
            wrong.append(f"snippets/cicd/{file.name} {said}")
    assert not wrong, "\n".join(wrong)


# Module -> the cmdlets by which a file shows that it needs it (Microsoft's reference names the module of each).
CMDLETS = {
    "Az.ManagementPartner": r"-AzManagementPartner\b",
    "Az.ManagedServices": r"-AzManagedServices\w+",
    "Az.Resources": r"-Az(AD\w+|RoleAssignment|RoleDefinition|Subscription\w*Deployment\w*)\b",
    "Az.ManagedServiceIdentity": r"-AzFederatedIdentityCredential\b",
}


def test_powershell_files_require_the_modules_that_they_use() -> None:
    """Az.Accounts comes with each of the others."""
    wrong = []
    for file in sorted(SNIPPETS.glob("*/*.ps1")):
        text = file.read_text("utf-8")
        required = set(re.split(r", *", m[1])) if (m := re.match(r"#Requires -Modules (.+)", text)) else set()
        used = {module for module, cmdlet in CMDLETS.items() if re.search(rf"(?m)^[^#\n]*\w{cmdlet}", text)}
        if used != required - {"Az.Accounts"}:
            wrong.append(f"snippets/{file.relative_to(SNIPPETS)} requires {sorted(required)} and uses {sorted(used)}")
    assert not wrong, "\n".join(wrong)


def test_the_extension_that_is_installed_is_the_one_that_is_used() -> None:
    line = (SNIPPETS / "users/install.sh").read_text("utf-8")
    groups = {
        m for f in SNIPPETS.glob("*/*.sh") for m in re.findall(r"\baz (managementpartner)\b", f.read_text("utf-8"))
    }
    assert groups == set(re.findall(r"az extension add --name (\S+)", line))


# --- what a page says of a file: page -> (its words, the file, what keeps them there) ---

ENVIRONMENT = r"environment: partner-admin-link\b"
ONLY_BY_HAND = {
    "github-*.yml": r"on:\n  workflow_dispatch:\n(?:    .*\n)+\npermissions: \{\}",
    "azure-devops-*.yml": r"\Atrigger: none\npr: none\n",
    "gitlab-*.yml": r'  rules:\n    - if: \$CI_PIPELINE_SOURCE == "web" && \$CI_COMMIT_BRANCH == \$CI_DEFAULT_BRANCH\n  (?!  )',
}
PROMISES = {
    "pal/tag.md": [
        ("gives it a secret for one hour", "tag/create.py", r"timedelta\(hours=1\)"),
        ("gives it a secret for one hour", "tag/create.sh", r'"\+1 hour" .*-v\+1H '),
        ("gives it a secret for one hour", "tag/create.ps1", r"AddHours\(1\)"),
        ("wait: the block tries for a minute", "tag/create.py", r"range\(12\)[^\0]*time\.sleep\(5\)"),
        ("wait: the block tries for a minute", "tag/create.sh", r"in 1 2 3 4 5 6 7 8 9 10 11 12; do[^\0]*sleep 5"),
        ("wait: the block tries for a minute", "tag/create.ps1", r"1\.\.12\b[^\0]*-Seconds 5"),
        ("PowerShell also needs the module `Az.Resources`", "tag/assign.ps1", r"#Requires -Modules Az\.Resources"),
        ("**Which role.** Support Request Contributor.", "tag/assign.sh", r"# Support Request Contributor"),
    ],
    "pal/cicd/index.md": [
        *(("never runs by itself", f"cicd/{files}", trigger) for files, trigger in ONLY_BY_HAND.items()),
        ("an environment called `partner-admin-link`", "cicd/*-*.yml", ENVIRONMENT),
        ("and a time limit", "cicd/*-*.yml", r"timeout-minutes: 10|timeoutInMinutes: \"10\"|timeout: 10 minutes"),
        ("1 to 10 digits", "cicd/*-*.yml", r"\^\[0123456789\]\{1,10\}\$"),
    ],
    "pal/cicd/gitlab.md": [
        ("This job runs on any branch but the default one", "cicd/gate-gitlab-cli.yml", r"!= \$CI_DEFAULT_BRANCH"),
        ("the artifact `partner-admin-link.md`", "cicd/gitlab-*.yml", r"paths: \[partner-admin-link\.md\]"),
    ],
    "pal/cicd/github.md": [
        ("names no environment", "cicd/gate-github-cli.yml", r"\A(?![^\0]*environment:)"),
        (
            "`id-token: write` lets the job ask for its token",
            "cicd/github-*.yml",
            r"permissions:\n      id-token: write\b.*\n(?!      \w)",
        ),
    ],
    "pal/cicd/azure-devops.md": [
        (
            "service connection called `partner-admin-link`",
            "cicd/azure-devops-*.yml",
            r"azureSubscription: partner-admin-link #",
        ),
    ],
}


@pytest.mark.parametrize("page", PROMISES)
def test_a_page_promises_what_its_files_keep(page: str) -> None:
    """Words and file are each held to this table: who changes one must look at the other."""
    text, broken = (DOCS / page).read_text("utf-8"), []
    for words, pattern, keeps in PROMISES[page]:
        files = [f for f in sorted(SNIPPETS.glob(pattern)) if "gate-" not in f.name or "gate-" in pattern]
        assert files, f"{pattern} names no file"
        if words not in text:
            broken.append(
                f"docs/{page} no longer says “{words}” → read snippets/{pattern}, and write here what holds now"
            )
        broken += [
            f"docs/{page} says “{words}”; {f.relative_to(ROOT)} has no {keeps}"
            for f in files
            if not re.search(keeps, f.read_text("utf-8"))
        ]
    assert not broken, "\n".join(broken)
