"""The built site: what a reader copies is the tested file, and everything on a page leads somewhere."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path
from urllib.parse import unquote, urljoin, urlsplit

import pytest
import wire
from bs4 import Tag
from conftest import file_name
from emulator import samples
from emulator.harness import ROOT
from faq_private import PUBLISHED
from pages import DOCS, FENCE, GUID, INCLUDE, PAGES, SNIPPETS, front_matter, includes, page_id, rendered, soup

TOOLS = {"PowerShell": ".ps1", "Azure CLI": ".sh", "Python": ".py"}
# A pipeline is one file with its tool's script inside: snippets/cicd/<platform>-<tool>.yml.
PIPELINES = {"PowerShell": "-powershell.yml", "Azure CLI": "-cli.yml", "Python": "-python.yml"}
# What a tool printed: not for copying.
OUTPUTS = {
    "PowerShell": ".powershell.txt",
    "Azure CLI": ".azure-cli.txt",
    "Python": ".python.txt",
}

# Tasks that need no third tool, each with its reason.
WITHOUT_PYTHON = {
    "users/install": "the Python files name their packages themselves",
    "sp/secret-variable": "Python reads the variable that the shell sets",
}
ONE_TOOL = {
    "sp/certificate-store": ".ps1",  # no other tool reads the certificate store of Windows
    "sp/certificate-pem": ".sh",  # makes the file that Azure CLI and Python take
}
# Tasks without a wire file, each with its reason.
WITHOUT_WIRE = dict.fromkeys(
    ("cicd/federate-github", "cicd/federate-azure-devops", "cicd/federate-gitlab"),
    "sends nothing to Azure Resource Manager; tests/test_pipelines.py looks at the credential that is made",
) | {
    "cicd/federate-identity": "each tool has a version of its own; tests/test_pipelines.py looks at the credential that is made"
}


@pytest.mark.parametrize("page", PAGES, ids=page_id)
def test_rendered_blocks_are_the_tested_files(page: Path, site: Path) -> None:
    blocks = [code.get_text() for code in rendered(site, page).select("article pre > code")]
    files = [(SNIPPETS / name).read_text(encoding="utf-8") for name in includes(page)]
    assert len(blocks) == len(files), f"{page_id(page)} shows {len(blocks)} blocks for {len(files)} files"
    for name, block, file in zip(includes(page), blocks, files, strict=True):
        assert block.strip("\n") == file.strip("\n"), f"{name} is not what {page_id(page)} shows"


@pytest.mark.parametrize("page", PAGES, ids=page_id)
def test_no_code_is_typed_into_a_page(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    for match in FENCE.finditer(text):
        line = text.count("\n", 0, match.start()) + 1
        body = match[4].strip().splitlines()
        assert len(body) == 1 and INCLUDE.match(body[0]), (
            f"docs/{page_id(page)}:{line}: code typed into a page → put it into a file below snippets/ and write "
            '`--8<-- "page/task.sh"` here, so that the tests run what readers copy'
        )
        assert match[3], f"docs/{page_id(page)}:{line}: a fence without language → name it"
    assert "<pre" not in text, f"docs/{page_id(page)}: raw <pre> → use a fence with an include"


def test_every_snippet_is_on_a_page() -> None:
    shown = {name for page in PAGES for name in includes(page)}
    files = {p.relative_to(SNIPPETS).as_posix() for p in SNIPPETS.rglob("*") if p.is_file()}
    assert files == shown, "files that no page shows, or includes without a file"


@pytest.mark.parametrize("page", PAGES, ids=page_id)
def test_tabs_are_complete_and_in_order(page: Path, site: Path) -> None:
    """PowerShell, Azure CLI, Python: these labels, this order, one task a set; other tabs come after."""
    for tabs in rendered(site, page).select(".tabbed-set"):
        labels = [label.get_text(strip=True) for label in tabs.select(":scope > .tabbed-labels > label")]
        if labels[0] not in TOOLS:
            continue  # tabs of another kind, such as the formats of one template
        assert labels[:3] == list(TOOLS), f"{page_id(page)}: tabs {labels}"


def tasks() -> dict[str, set[str]]:
    """Task ("users/link") -> suffixes of its files, for every task that a tool of the tabs runs."""
    found: dict[str, set[str]] = {}
    for file in SNIPPETS.rglob("*"):
        if file.suffix in {*TOOLS.values(), ".http"}:
            stem, _, suffix = file.name.partition(".")
            found.setdefault(f"{file.relative_to(SNIPPETS).parent.as_posix()}/{stem}", set()).add(f".{suffix}")
    return found


@pytest.mark.parametrize(("task", "suffixes"), sorted(tasks().items()))
def test_every_task_exists_for_every_tool_with_its_wire_file(task: str, suffixes: set[str]) -> None:
    needed = {".ps1", ".sh"} if task in WITHOUT_PYTHON else {*TOOLS.values(), ".http"}
    needed -= {".http"} if task in WITHOUT_WIRE else set()
    needed = {ONE_TOOL[task]} if task in ONE_TOOL else needed
    assert needed <= suffixes, f"snippets/{task}: missing {sorted(needed - suffixes)}"


def test_every_pipeline_exists_for_every_tool() -> None:
    """A gate-… shows that the trust refuses a job; the trust is the same for every tool."""
    files = {p.name for p in (SNIPPETS / "cicd").glob("*.yml") if not p.name.startswith("gate-")}
    platforms = {file.rpartition("-")[0] for file in files}
    assert files == {platform + ending for platform in platforms for ending in PIPELINES.values()}


@pytest.mark.parametrize("page", PAGES, ids=page_id)
def test_a_tab_holds_its_tool(page: Path, site: Path) -> None:
    """The block under a label is the file with that tool's suffix, and all blocks of a set are one task."""
    sources = iter(includes(page))
    blocks = {id(code): next(sources) for code in rendered(site, page).select("article pre > code")}
    for tabs in rendered(site, page).select(".tabbed-set"):
        labels = [label.get_text(strip=True) for label in tabs.select(":scope > .tabbed-labels > label")]
        panels = tabs.select(":scope > .tabbed-content > .tabbed-block")
        stems = set()
        for label, panel in zip(labels, panels, strict=True):
            for code in panel.select("pre > code"):
                name = Path(blocks[id(code)])
                endings = (TOOLS[label], PIPELINES[label], OUTPUTS[label]) if label in TOOLS else ""
                assert name.name.endswith(endings), f"{name} under the tab {label}"
                stems.add(name.name.removesuffix(PIPELINES.get(label, "")).partition(".")[0])
        assert labels[0] not in TOOLS or len(stems) <= 1, f"{page_id(page)}: one tab set shows several tasks: {stems}"


@pytest.mark.parametrize("page", PAGES, ids=page_id)
def test_output_is_not_taken_for_a_command(page: Path, site: Path) -> None:
    """What a tool printed says so above it, and has no copy button; commands are the other way round."""
    codes = rendered(site, page).select("article pre > code")
    for name, code in zip(includes(page), codes, strict=True):
        block = code.find_parent(class_="highlight")
        title = block.find(class_="filename")
        told = ((title.get_text() if title else "").startswith("Output"), "no-copy" in block["class"])
        assert told == (name.endswith(".txt"),) * 2, (
            f'{page_id(page)}: {name} → ```text {{ .no-copy title="Output" }} for output, and only there'
        )


# --- sample values ---


def texts() -> list[Path]:
    return sorted([*PAGES, *(p for p in SNIPPETS.rglob("*") if p.is_file() and p.suffix != ".http")])


@pytest.mark.parametrize("file", texts(), ids=lambda f: str(f.relative_to(ROOT)))
def test_no_literal_id_but_the_sample_values(file: Path) -> None:
    text = re.sub(r"https?://\S+", "", file.read_text(encoding="utf-8"))  # addresses hold issue numbers and the like
    strangers = {g.lower() for g in GUID.findall(text)} - set(samples.ALL.values()) - role_ids()
    assert not strangers, f"{file.relative_to(ROOT)}: {strangers} → use a sample value of tests/emulator/samples.py"
    numbers = set(re.findall(r"[\"'/`](\d{5,8})[\"'?`]", file.read_text(encoding="utf-8")))
    if file.suffix in TOOLS.values():
        assert numbers <= {samples.PARTNER_ID, samples.NEW_PARTNER_ID}, f"{file}: {numbers}"


@cache
def role_ids() -> set[str]:
    """IDs of built-in roles, and of Microsoft's own applications: the same in every tenant, so they stay as they are."""
    published = [DOCS / "pal/roles.md", ROOT / "tests/data/roles.json"]
    return PUBLISHED | {guid.lower() for file in published for guid in GUID.findall(file.read_text(encoding="utf-8"))}


@pytest.mark.parametrize("page", PAGES, ids=page_id)
def test_sample_values_are_whole_text_nodes(page: Path, site: Path) -> None:
    """A highlighter that split a value would keep the page from painting the reader's own over it."""
    for code in rendered(site, page).select("article pre > code"):
        nodes = [str(node) for node in code.find_all(string=True)]
        for value in samples.ALL.values():
            whole = sum(node.count(value) for node in nodes)
            assert whole == "".join(nodes).count(value), f"{value} is split in {page_id(page)}: quote it"


PASTED = [file for file in texts() if file.suffix in TOOLS.values()]


@pytest.mark.parametrize("file", PASTED, ids=file_name)
def test_snippets_are_pasteable_and_plain(file: Path) -> None:
    text = file.read_text(encoding="utf-8")
    assert "\r" not in text and "\t" not in text and text.endswith("\n")
    assert not re.search(r"<[A-Za-z_-]+>", text), f"{file.name}: a placeholder in angle brackets"
    assert "..." not in text, f"{file.name}: an ellipsis is not a command"
    assert not re.search(r"(--password|--client-secret|-ClientSecret)\s+[\"']?[^\s$\"']", text), "a secret typed in"
    assert "DefaultAzureCredential" not in text, (
        f"{file.name}: name one credential class; a chain links whoever it finds"
    )


@pytest.mark.parametrize("file", sorted(SNIPPETS.rglob("*.http")), ids=lambda f: str(f.relative_to(SNIPPETS)))
def test_wire_files_read_and_write_the_same(file: Path, tmp_path: Path) -> None:
    copy = tmp_path / file.name
    wire.write(copy, wire.read(file))
    assert copy.read_bytes() == file.read_bytes(), f"{file.name}: run `make wire`"


# --- links ---


@cache
def ids(file: Path) -> set[str]:
    return {tag["id"] for tag in soup(file).select("[id]")}


def targets(page: Tag) -> list[str]:
    return [a["href"] for a in page.select("a[href]")]


def test_links_and_anchors_resolve_offline(site: Path) -> None:
    broken = []
    for file in sorted(site.rglob("*.html")):
        here = "http://site/" + file.relative_to(site).as_posix().removesuffix("index.html")
        for link in targets(soup(file)):
            url = urlsplit(urljoin(here, link))
            if url.netloc != "site" or file.name == "404.html":
                continue
            target = site / unquote(url.path).lstrip("/")
            target = target / "index.html" if target.is_dir() else target
            if not target.exists():
                broken.append(f"{file.relative_to(site)}: {link} leads nowhere")
            elif url.fragment and unquote(url.fragment) not in ids(target):
                broken.append(f"{file.relative_to(site)}: {link} names no heading")
    assert not broken, "\n".join(broken)


OVERVIEW = ("", "partner", "partner/pal", "partneradminlink", "partners", "partners/pal")
REDIRECTS = dict.fromkeys(OVERVIEW, "pal") | {
    "pal/user": "pal/users",
    "pal/credential": "pal/sp",
    "pal/tagging": "pal/tag",
    "pal/dedicated": "pal/tag",
    "pal/azapi": "pal/terraform",
    "partner/lighthouse": "lighthouse",
    "partners/lighthouse": "lighthouse",
}


@pytest.mark.parametrize(("old", "new"), REDIRECTS.items())
def test_old_addresses_land(old: str, new: str, site: Path) -> None:
    refresh = soup(site / old / "index.html").find("meta", attrs={"http-equiv": "refresh"})
    assert refresh, f"/{old}/ does not redirect"
    target = urljoin(f"http://site/{old}/" if old else "http://site/", refresh["content"].split("url=")[1])
    assert target == f"http://site/{new}/"
    assert (site / new / "index.html").exists()


# What /pal/cicd/ had before each platform got a page of its own; somebody's bookmark or ticket names each of them.
PIPELINE_TASKS = ("federate-github", "github-workflow", "federate-azure-devops", "azure-devops-pipeline")
PIPELINE_TASKS += ("federate-gitlab", "gitlab-job", "managed-identity")
TABS = ("powershell", "azure-cli", "python")
PIPELINE_ANCHORS = {
    *("cicd-pipelines", "what-every-pipeline-here-does", "github", "2-protect-the-environment", "azure-devops"),
    *("1-make-the-service-connection", "gitlab", "bitbucket", "if-it-fails", "what-was-run-here", "sources"),
    *PIPELINE_TASKS,
    *(f"{task}-{tab}" for task in PIPELINE_TASKS for tab in TABS),
}


def test_anchors_of_the_pipelines_page_land(site: Path) -> None:
    """Each is still there: as a section, or as a link that leads to the same place of the platform's page."""
    here = site / "pal/cicd/index.html"
    assert len(PIPELINE_ANCHORS) == 39 and ids(here) >= PIPELINE_ANCHORS, sorted(PIPELINE_ANCHORS - ids(here))
    tools = soup(here).select("article li em[id]")
    assert len(tools) == 18 and all(tool.find_parent("li").select("a[id]") for tool in tools)
    for link in soup(here).select("article a[id]"):
        page, _, fragment = link["href"].partition("#")
        assert page in {"github/", "azure-devops/", "gitlab/"}, f"{link} leads to no platform"
        assert fragment == link["id"] or fragment in {"protect", "connection"}, f"{link} leads elsewhere"


def test_logo_leads_to_the_overview(site: Path) -> None:
    here = "http://site/pal/users/"
    logo = soup(site / "pal/users/index.html").select_one("a.md-logo")
    assert logo and urljoin(here, logo["href"]) == "http://site/pal/"


def test_pages_load_nothing_from_elsewhere(site: Path) -> None:
    for file in site.rglob("*.html"):
        for tag in soup(file).select("script[src], link[rel=stylesheet], link[rel=preload], img[src], iframe[src]"):
            source = tag.get("src") or tag.get("href")
            assert not urlsplit(source).netloc, f"{file.relative_to(site)} loads {source}"


@pytest.mark.parametrize("page", PAGES, ids=page_id)
def test_every_page_names_its_sources_and_the_day(page: Path, site: Path) -> None:
    heading = rendered(site, page).find(id="sources")
    assert heading and heading.get_text().startswith(f"Sources, checked on {front_matter(page)['checked']}")
    assert heading.find_parent("section").select("li a[href^=https]"), f"{page_id(page)}: no source"
