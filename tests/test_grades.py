"""The page "How this site is tested" says what happened: small projects of their own are run, and their page is read."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import grades
import pytest
from conftest import only_in_ci

pytest_plugins = ["pytester"]

REGIONS = [f"<!-- {name} -->\n<!-- /{name} -->" for name in ("grades", "clients", "emulator")]
PAGE = "\n\n".join(["Hand-written.", *REGIONS, "More."]) + "\n"
TESTS = """
import os, pytest
from pathlib import Path
from grades import record

FILES = Path(__file__).parent.parent / "snippets/users"

@pytest.fixture
def breaks_at_the_end():
    yield
    assert False

def test_works(request):
    record(request, FILES / "link.py", "run", "azure-identity 1.0")

def test_is_refused(request):
    record(request, FILES / "link.py", "run", "azure-identity 1.0", failure=True)

@pytest.fixture
def az():
    if os.environ.get("NO_AZ"):
        pytest.skip("az is missing")

def test_needs_a_tool(az, request):
    record(request, FILES / "link.sh", "run with stand-in", "Azure CLI 2.0, stand-in 1.0", failure=True)
    record(request, FILES / "link.sh", "run with stand-in", "Azure CLI 2.0, stand-in 1.0")

def test_is_checked(request):
    record(request, FILES / "link.ps1", "checked", "reference of Az.Accounts 5.0")

def test_is_run_where_ci_cannot(request):
    record(request, FILES / "link.ps1", "run", "PowerShell 7.5")

def test_older_client(request):
    record(request, FILES / "link.sh", "sent the same requests", "Azure CLI 1.0")
"""
BROKEN = """
def test_breaks_in_teardown(request, breaks_at_the_end):
    record(request, FILES / "change.py", "run", "azure-identity 1.0")

def test_fails(request):
    record(request, FILES / "change.py", "run", "azure-identity 1.0")
    assert False
"""
ROW = "| link | checked | run with stand-in · 1 + 1 | run · 1 + 1 |"
STALE = "docs/pal/tested.md: is stale → run: make tested"


@pytest.fixture(name="site")
def _site(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> pytest.Pytester:
    """A project with one page, its snippets and their tests."""
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parent))
    for name in ("CI", "PAL_EXTENSION", "PYTEST_ADDOPTS"):
        monkeypatch.delenv(name, raising=False)
    include = '--8<-- "users/link.py"\n'
    files = {"tests/test_it.py": TESTS, "docs/pal/tested.md": PAGE, "docs/pal/users.md": f"title: People\n{include}"}
    files |= {f"snippets/users/link.{suffix}": "" for suffix in ("py", "sh", "ps1", "http")}
    for name, text in files.items():
        (pytester.path / name).parent.mkdir(parents=True, exist_ok=True)
        (pytester.path / name).write_text(text, encoding="utf-8")
    pytester.makeini("[pytest]\ntestpaths = tests")
    return pytester


def run(site: pytest.Pytester, *options: str) -> pytest.RunResult:
    start = (
        site.runpytest_subprocess if "-n" in options else site.runpytest_inprocess
    )  # workers need a process of their own
    return start("-p", "grades", "-p", "no:cacheprovider", *options)


def page(site: pytest.Pytester) -> Path:
    return site.path / "docs/pal/tested.md"


@pytest.mark.parametrize("workers", [(), pytest.param(("-n", "2"), marks=only_in_ci)], ids=["alone", "xdist"])
def test_a_full_run_writes_the_page_and_the_next_one_accepts_it(site: pytest.Pytester, workers: tuple) -> None:
    assert run(site, "--write-tested", *workers).ret == 0
    text = page(site).read_text(encoding="utf-8")
    assert "### People (`users/`)\n\n[Open the page](users.md)\n" in text and ROW in text
    assert "**3 files; 2 runs that do their job, 2 failure cases.**" in text
    assert "| Azure CLI 1.0 | sent the same requests | 1 |" in text
    assert "PowerShell 7.5" not in text, "what CI does not have is printed only"
    assert text.startswith("Hand-written.") and text.endswith("More.\n")
    again = run(site, *workers)
    assert again.ret == 0
    again.stdout.fnmatch_lines(
        ["users/link  PowerShell: run · 1 | Azure CLI: run with stand-in · 1 + 1 | Python: run · 1 + 1"]
    )


def test_a_stale_page_fails_after_all_tests(site: pytest.Pytester) -> None:
    run(site, "--write-tested")
    page(site).write_text(page(site).read_text().replace("run · 1 + 1", "checked"))
    result = run(site)
    assert result.ret == 1
    result.assert_outcomes(passed=6)
    result.stdout.fnmatch_lines([STALE, "*People (`users/`) / link / Python: the page says 'checked', this run 'run'"])


def test_a_row_that_is_gone_fails(site: pytest.Pytester) -> None:
    run(site, "--write-tested")
    page(site).write_text(page(site).read_text().replace(ROW, f"{ROW}\n| old | – | – | run · 1 |"))
    result = run(site)
    assert result.ret == 1
    result.stdout.fnmatch_lines(["*People (`users/`) / old / Python: the page says 'run · 1', this run 'nothing'"])


def test_a_file_that_nothing_ran_or_checked_fails(site: pytest.Pytester) -> None:
    (site.path / "snippets/users/show.py").touch()
    result = run(site, "--write-tested")
    assert result.ret == 1
    result.stdout.fnmatch_lines(["docs/pal/tested.md: nothing ran or checked:", "  snippets/users/show.py"])
    assert page(site).read_text(encoding="utf-8") == PAGE


def test_a_run_with_skips_is_not_compared_elsewhere_and_is_in_ci(
    site: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    run(site, "--write-tested")
    monkeypatch.setenv("NO_AZ", "1")
    assert run(site).ret == 0
    assert run(site, "--write-tested").ret == 1, "a page without the skipped tool must not be written"
    assert ROW in page(site).read_text(encoding="utf-8")
    monkeypatch.setenv("CI", "true")
    result = run(site)
    assert result.ret == 1
    result.stdout.fnmatch_lines([STALE])


def test_runs_of_a_reader_are_noted_with_their_exit_status(request: pytest.FixtureRequest, tmp_path: Path) -> None:
    snippets = request.config.rootpath / "snippets"
    ran = [(snippets / "users/link.sh", 0), (snippets / "users/link.sh", 1), (tmp_path / "altered.sh", 0)]
    node = SimpleNamespace(user_properties=[])
    grades.record_runs(SimpleNamespace(config=request.config, node=node), SimpleNamespace(ran=ran))
    notes = [note for _, note in node.user_properties]
    assert [(n["snippet"], n["failure"]) for n in notes] == [("users/link.sh", False), ("users/link.sh", True)]


def test_a_run_of_some_tests_does_not_judge(site: pytest.Pytester) -> None:
    for options in (["-k", "works"], ["tests/test_it.py"], ["--deselect", "tests/test_it.py::test_works"]):
        assert run(site, *options).ret == 0
    refused = run(site, "--write-tested", "-k", "works")
    assert refused.ret == pytest.ExitCode.USAGE_ERROR
    refused.stderr.fnmatch_lines(["*--write-tested needs the whole suite*"])


def test_what_failed_in_any_phase_was_not_run(site: pytest.Pytester) -> None:
    (site.path / "tests/test_it.py").write_text(TESTS + BROKEN, encoding="utf-8")
    result = run(site, "--write-tested")
    assert result.ret == 1
    assert "users/change" not in result.stdout.str()
    result.stdout.fnmatch_lines(["docs/pal/tested.md was not compared, because tests failed"])
    assert page(site).read_text(encoding="utf-8") == PAGE


@pytest.mark.parametrize(
    ("name", "told"),
    {
        "users/link.sh": ("users", "link", "Azure CLI"),
        "users/link.rest.sh": ("users", "link", "az rest"),
        "cicd/azure-devops-cli.yml": ("cicd", "azure-devops", "Azure CLI"),
        "lighthouse/sp.parameters.json": ("lighthouse", "sp", "Parameters"),
        "errors/not-linked.python.txt": ("errors", "not-linked", "Python"),
    }.items(),
)
def test_a_path_tells_page_task_and_tool(name: str, told: tuple) -> None:
    assert grades.identity(name) == told


def test_clients_are_those_that_the_file_names(tmp_path: Path) -> None:
    file = tmp_path / "x.py"
    file.write_text('# /// script\n# dependencies = [\n#   "pytest>=8",\n#   "pyjwt[crypto]",\n# ]\n# ///\n')
    assert grades.requirements(file.read_text()) == ["pytest", "pyjwt"]
    assert grades.how(file)[1].startswith(f"pytest {pytest.__version__}, pyjwt ")
    for text, client in {"az rest": "Azure CLI", "curl -s x": "curl", "az login; curl x": "Azure CLI"}.items():
        (shell := tmp_path / "x.sh").write_text(text)
        grade, found = grades.how(shell)
        assert (grade, found.startswith(client)) == ("run", True)
    shell.write_text("az managementpartner show")
    assert grades.how(shell)[0] == "run with stand-in"
    for name, grade, client in (
        ("github-python", "run with stand-in", "act "),
        ("gitlab-python", "run with stand-in", "gitlab-ci-local "),
        ("azure-devops-python", "harness", "pytest "),
        ("azure-devops-cli", "harness", "Azure CLI"),
    ):
        (pipeline := tmp_path / f"{name}.yml").write_text('pip install "pytest==8.0"')
        found = grades.how(pipeline)
        assert (found[0], found[1].startswith(client)) == (grade, True)


def test_an_unknown_grade_is_refused() -> None:
    with pytest.raises(AssertionError, match="is no grade"):
        grades.record(None, Path(), "tested", "x")  # type: ignore[arg-type]
