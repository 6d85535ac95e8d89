"""The repository as a newcomer finds it: README and community files name what is there, and promise what holds."""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path

import conftest
import pytest
from conftest import file_name
from emulator.harness import ROOT
from mkdocs.config import load_config

GITHUB = ROOT / ".github"
DOCUMENTS = [ROOT / "README.md", *sorted(GITHUB.glob("*.md"))]
MAKEFILE = (ROOT / "Makefile").read_text("utf-8")


def make(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(["make", "--no-print-directory", *arguments], cwd=ROOT, capture_output=True, text=True)


# --- what documents name is there ---


@pytest.mark.parametrize("file", DOCUMENTS, ids=file_name)
def test_what_documents_name_is_there(file: Path) -> None:
    """Each file of ours in code style, and each make target, which `make help` must list."""
    text = file.read_text("utf-8")
    ours = r"(?:docs|snippets|tests|requirements|\.github|\.devcontainer)/"
    missing = [name for name in re.findall(rf"`({ours}[\w./-]*)`", text) if not (ROOT / name).exists()]
    targets = set(re.findall(r"(?:`|^    )(?:CI=true )?make ([a-z-]+)", text, re.MULTILINE))
    assert not missing and targets <= set(re.findall(r"^([a-z-]+):.* ## ", MAKEFILE, re.MULTILINE))


@pytest.mark.parametrize("file", DOCUMENTS, ids=file_name)
def test_links_between_files_lead_somewhere(file: Path) -> None:
    for address, anchor in re.findall(r"\]\((?!https?:)([^)#\s]*)(?:#([^)\s]*))?\)", file.read_text("utf-8")):
        target = file.parent / address if address else file
        assert target.exists(), f"{file_name(file)} links {address}, which is not there"
        headings = re.findall(r"^#+ (.*)", target.read_text("utf-8"), re.MULTILINE) if anchor else []
        assert not anchor or anchor in [re.sub(r"[^\w -]", "", text).lower().replace(" ", "-") for text in headings]


def test_contributing_has_three_recipes() -> None:
    text = (GITHUB / "CONTRIBUTING.md").read_text("utf-8")
    for recipe in re.split(r"^## ", text, flags=re.MULTILINE)[1:4]:
        assert len(re.findall(r"^\d\. ", recipe, re.MULTILINE)) >= 3, f"no numbered steps: {recipe.splitlines()[0]}"


def test_nobody_owns_code_by_accident() -> None:
    """CODEOWNERS is a sample: GitHub ignores a line whose owner does not exist, and nobody is asked to review."""
    lines = (GITHUB / "CODEOWNERS").read_text("utf-8").splitlines()
    assert not [line for line in lines if not line.startswith("#") and "your-organisation" in line], "→ your own names"


def test_every_switch_is_told() -> None:
    """PAL_WARM is not for people: a run tells its workers with it where its servers listen."""
    switches = {
        name for file in ROOT.glob("tests/**/*.py") for name in re.findall(r"\bPAL_[A-Z_]+", file.read_text("utf-8"))
    }
    told = set(re.findall(r"`(PAL_[A-Z_]+)", (GITHUB / "CONTRIBUTING.md").read_text("utf-8")))
    assert switches - {"PAL_WARM"} == told


# --- make ---


def test_make_names_files_that_are_there() -> None:
    named = set(re.findall(r"\b(?:tests|docs)/[\w./-]+\.py", MAKEFILE))
    assert named and all((ROOT / name).exists() for name in named)


def test_every_target_is_in_the_list() -> None:
    targets = set(re.findall(r"^([a-z-]+):", MAKEFILE, re.MULTILINE))
    assert targets == {line.split()[0] for line in make("help").stdout.splitlines()}


def test_build_is_for_a_server_unless_asked() -> None:
    """With the theme's offline switch every address of the site would end in .html."""
    for given, wanted in {"": "false", "OFFLINE=1": "true", "OFFLINE=": "false", "OFFLINE=false": "false"}.items():
        done = make("--dry-run", "--always-make", "build", *given.split())
        assert f"OFFLINE={wanted} " in done.stdout, done.stdout + done.stderr


def test_an_older_python_is_told_what_to_do() -> None:
    done = make("--always-make", "PYTHON=false", ".venv/uv/bin/uv")
    assert done.returncode and "Python 3.11 or newer is needed" in done.stderr and "Try: make PYTHON=" in done.stderr


@pytest.mark.parametrize(("in_ci", "ends"), [(False, pytest.skip.Exception), (True, pytest.fail.Exception)])
def test_a_missing_tool_is_a_skip_that_names_it_and_in_ci_a_failure(
    in_ci: bool, ends: type[BaseException], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(conftest, "IN_CI", in_ci)
    with pytest.raises(ends, match="no-such-tool is missing → install it"):
        conftest.need("no-such-tool")


# --- the house ---


def test_the_root_stays_small() -> None:
    files = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    assert len({name.partition("/")[0] for name in files.splitlines()}) <= 14


def test_other_programs_can_build_the_site() -> None:
    """No hook and no plugin of ours: what stands here is Material's own, and redirects."""
    config = load_config(str(ROOT / "mkdocs.yml"))
    assert not config.hooks
    assert set(config.plugins) == {"material/search", "material/tags", "material/offline", "redirects"}


def test_codespace_starts_with_what_make_installs() -> None:
    container = json.loads((ROOT / ".devcontainer/devcontainer.json").read_text("utf-8"))
    assert re.fullmatch(r"python:\d+\.\d+\.\d+-\w+", container["image"]), "a full version"
    commands = container["postCreateCommand"]
    assert not re.search(r"curl|wget|\| *(ba)?sh", commands)
    targets = re.search(r"make (.*)", commands)[1].split()
    assert all(target.endswith("/.ready") for target in targets)
    assert {target.split("/")[1] for target in targets} <= {p.stem for p in ROOT.glob("requirements/[!.]*")}
