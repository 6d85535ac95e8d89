"""The built site: what a reader copies is the tested file, and everything on a page leads somewhere."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from itertools import zip_longest
from pathlib import Path
from urllib.parse import unquote, urljoin, urlsplit

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
# Tabs beside those of the tools: other ways to send the same, the formats of one template.
OTHER_TABS = {"az rest", "REST with curl", "ARM JSON", "Bicep", "Parameters"}

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


def test_rendered_blocks_are_the_tested_files(site: Path) -> None:
    found = []
    for page, name, code in blocks(site):
        if code is None or name is None:
            found.append(f"docs/{page_id(page)}: {name or code} → one block for each file, and no other")
        elif code.get_text().strip("\n") != (SNIPPETS / name).read_text(encoding="utf-8").strip("\n"):
            found.append(f"docs/{page_id(page)}: its block is not snippets/{name} → include the whole file, as it is")
    assert not found, "\n".join(found)


def blocks(site: Path) -> Iterator[tuple[Path, str | None, Tag | None]]:
    """Page, file and rendered block, of all pages; None where one has no partner."""
    for page in PAGES:
        for name, code in zip_longest(includes(page), rendered(site, page).select("article pre > code")):
            yield page, name, code


def test_no_code_is_typed_into_a_page() -> None:
    found = []
    for page in PAGES:
        text = page.read_text(encoding="utf-8")
        for match in FENCE.finditer(text):
            here = f"docs/{page_id(page)}:{line_of(text, match.start())}"
            body = match[4].strip().splitlines()
            if len(body) != 1 or not INCLUDE.match(body[0]):
                found.append(
                    f"{here}: code typed into a page → put it into a file below snippets/ and write "
                    '`--8<-- "page/task.sh"` here, so that the tests run what readers copy'
                )
            if not match[3]:
                found.append(f"{here}: a fence without language → name it")
        if "<pre" in text:
            found.append(f"docs/{page_id(page)}:{line_of(text, text.index('<pre'))}: <pre> → a fence with an include")
    assert not found, "\n".join(found)


def line_of(text: str, position: int) -> int:
    return text.count("\n", 0, position) + 1


def test_every_snippet_is_on_a_page() -> None:
    shown = {name for page in PAGES for name in includes(page)}
    files = {p.relative_to(SNIPPETS).as_posix() for p in SNIPPETS.rglob("*") if p.is_file()}
    assert files == shown, "files that no page shows, or includes without a file"


def tab_sets(site: Path) -> Iterator[tuple[Path, list[str], list[Tag]]]:
    """Page, labels and panels of each set of tabs."""
    for page in PAGES:
        for tabs in rendered(site, page).select(".tabbed-set"):
            labels = [label.get_text(strip=True) for label in tabs.select(":scope > .tabbed-labels > label")]
            yield page, labels, tabs.select(":scope > .tabbed-content > .tabbed-block")


def test_tabs_are_complete_and_in_order(site: Path) -> None:
    """PowerShell, Azure CLI, Python: these labels, this order; other tabs come after, and each is known here."""
    found = [
        f"docs/{page_id(page)}: tabs {labels} → PowerShell, Azure CLI, Python first; other tabs: {OTHER_TABS}"
        for page, labels, _ in tab_sets(site)
        if not set(labels if labels[:3] != list(TOOLS) else labels[3:]) <= OTHER_TABS
    ]
    assert not found, "\n".join(found)


def tasks() -> dict[str, set[str]]:
    """Task ("users/link") -> suffixes of its files, for every task that a tool of the tabs runs."""
    found: dict[str, set[str]] = {}
    for file in SNIPPETS.rglob("*"):
        if file.suffix in {*TOOLS.values(), ".http"}:
            stem, _, suffix = file.name.partition(".")
            found.setdefault(f"{file.relative_to(SNIPPETS).parent.as_posix()}/{stem}", set()).add(f".{suffix}")
    return found


def test_every_task_exists_for_every_tool_with_its_wire_file() -> None:
    found = []
    for task, suffixes in sorted(tasks().items()):
        needed = {".ps1", ".sh"} if task in WITHOUT_PYTHON else {*TOOLS.values(), ".http"}
        needed -= {".http"} if task in WITHOUT_WIRE else set()
        needed = {ONE_TOOL[task]} if task in ONE_TOOL else needed
        if needed - suffixes:
            found.append(f"snippets/{task}: missing {sorted(needed - suffixes)} → write it, or say above why not")
    assert not found, "\n".join(found)


def test_every_pipeline_exists_for_every_tool() -> None:
    """A gate-… shows that the trust refuses a job; the trust is the same for every tool."""
    files = {p.name for p in (SNIPPETS / "cicd").glob("*.yml") if not p.name.startswith("gate-")}
    platforms = {file.rpartition("-")[0] for file in files}
    assert files == {platform + ending for platform in platforms for ending in PIPELINES.values()}


def test_a_tab_holds_its_tool(site: Path) -> None:
    """The block under a label is the file with that tool's suffix, and all blocks of a set are one task."""
    names = {id(code): Path(name or "typed") for _, name, code in blocks(site)}
    found = []
    for page, labels, panels in tab_sets(site):
        stems = set()
        for label, panel in zip(labels, panels, strict=True):
            for name in (names[id(code)] for code in panel.select("pre > code")):
                endings = (TOOLS[label], PIPELINES[label], OUTPUTS[label]) if label in TOOLS else ""
                if not name.name.endswith(endings):
                    found.append(f"docs/{page_id(page)}: {name} under the tab {label} → a file that ends in {endings}")
                stems.add(name.name.removesuffix(PIPELINES.get(label, "")).partition(".")[0])
        if labels[0] in TOOLS and len(stems) > 1:
            found.append(f"docs/{page_id(page)}: one set of tabs shows {sorted(stems)} → one task a set")
    assert not found, "\n".join(found)


def test_output_is_not_taken_for_a_command(site: Path) -> None:
    """What a tool printed says so above it, and has no copy button; commands are the other way round."""
    found = []
    for page, name, code in blocks(site):
        if name is None or code is None:
            continue  # test_rendered_blocks_are_the_tested_files names it
        block = code.find_parent(class_="highlight")
        title = block.find(class_="filename")
        told = ((title.get_text() if title else "").startswith("Output"), "no-copy" in block["class"])
        if told != (name.endswith(".txt"),) * 2:
            found.append(
                f'docs/{page_id(page)}: {name} → ```text {{ .no-copy title="Output" }} for output, and only there'
            )
    assert not found, "\n".join(found)


# --- sample values ---


def texts() -> list[Path]:
    return sorted([*PAGES, *(p for p in SNIPPETS.rglob("*") if p.is_file() and p.suffix != ".http")])


def test_no_literal_id_but_the_sample_values() -> None:
    allowed = set(samples.ALL.values()) | role_ids()
    found = []
    for file in texts():
        text = file.read_text(encoding="utf-8")
        ids = [m for m in GUID.finditer(without_addresses(text)) if m[0].lower() not in allowed]
        if file.suffix in TOOLS.values():
            numbers = re.finditer(r"[\"'/`](\d{5,8})(?=[\"'?`])", text)
            ids += [m for m in numbers if m[1] not in {samples.PARTNER_ID, samples.NEW_PARTNER_ID}]
        found += [f"{file_name(file)}:{line_of(text, m.start())}: {m[0]} → a value of emulator/samples.py" for m in ids]
    assert not found, "\n".join(found)


def without_addresses(text: str) -> str:
    """Addresses hold issue numbers and the like; blanked out, so that lines and positions stay."""
    return re.sub(r"https?://\S+", lambda m: " " * len(m[0]), text)


@cache
def role_ids() -> set[str]:
    """IDs of built-in roles, and of Microsoft's own applications: the same in every tenant, so they stay as they are."""
    published = [DOCS / "pal/roles.md", ROOT / "tests/data/roles.json"]
    return PUBLISHED | {guid.lower() for file in published for guid in GUID.findall(file.read_text(encoding="utf-8"))}


def test_sample_values_are_whole_text_nodes(site: Path) -> None:
    """A highlighter that split a value would keep the page from painting the reader's own over it."""
    found = []
    for _, name, code in blocks(site):
        nodes = [str(node) for node in code.find_all(string=True)] if code else []
        for value in samples.ALL.values():
            if sum(node.count(value) for node in nodes) != "".join(nodes).count(value):
                found.append(f"snippets/{name}: {value} is split in the page → quote it")
    assert not found, "\n".join(found)


NOT_PASTEABLE = {
    r"\r|\t": "a tab or CRLF → blanks and line feeds",
    r"[^\n]\Z": "no line feed at the end → add it",
    r"<[A-Za-z_-]+>": "a placeholder in angle brackets → a sample value",
    r"\.\.\.": "an ellipsis is not a command → write it out",
    r"(--password|--client-secret|-ClientSecret)\s+[\"']?[^\s$\"']": "a secret typed in → from a variable or a prompt",
    r"DefaultAzureCredential": "a chain links whoever it finds → name one credential class",
}


def test_snippets_are_pasteable_and_plain() -> None:
    found = []
    for file in (file for file in texts() if file.suffix in TOOLS.values()):
        text = file.read_bytes().decode("utf-8")
        for pattern, wrong in NOT_PASTEABLE.items():
            found += [f"{file_name(file)}:{line_of(text, m.start())}: {wrong}" for m in re.finditer(pattern, text)]
    assert not found, "\n".join(found)


def test_wire_files_read_and_write_the_same(tmp_path: Path) -> None:
    found = []
    for file in sorted(SNIPPETS.rglob("*.http")):
        wire.write(copy := tmp_path / file.name, wire.read(file))
        if copy.read_bytes() != file.read_bytes():
            found.append(f"{file_name(file)}: not as it would be written → run `make wire`")
    assert not found, "\n".join(found)


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


def test_old_addresses_land(site: Path) -> None:
    lands = {}
    for old in REDIRECTS:
        refresh = soup(site / old / "index.html").find("meta", attrs={"http-equiv": "refresh"})
        here = f"http://site/{old}/" if old else "http://site/"
        lands[old] = refresh and urljoin(here, refresh["content"].split("url=")[1])
    assert lands == {old: f"http://site/{new}/" for old, new in REDIRECTS.items()}
    assert all((site / new / "index.html").exists() for new in REDIRECTS.values())


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


def test_every_page_names_its_sources_and_the_day(site: Path) -> None:
    found = []
    for page in PAGES:
        heading = rendered(site, page).find(id="sources")
        day = front_matter(page)["checked"]
        if not (heading and heading.get_text().startswith(f"Sources, checked on {day}")):
            found.append(
                f"docs/{page_id(page)}: its end does not say that sources were read on {day} → docs/.theme/main.html"
            )
        elif not heading.find_parent("section").select("li a[href^=https]"):
            found.append(f"docs/{page_id(page)}: no source at its end → name one under `sources:`")
    assert not found, "\n".join(found)
