"""Published anywhere: every host gets the same headers, and a fork's site works at the root of its own domain.

That the headers break nothing is shown by tests/test_browser.py: its browser gets them with every file.
"""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path

import pytest
from browsing import ADDRESSES, ORIGIN, Reading, environment, sent_with, until
from bs4 import BeautifulSoup
from conftest import mkdocs, only_in_ci, python
from emulator.harness import ROOT
from playwright.sync_api import Browser, expect

DOCS = ROOT / "docs"
AZURE = json.loads((DOCS / "staticwebapp.config.json").read_text(encoding="utf-8"))
KINDS = (
    "pal/index.html",
    "assets/pal.01234567.css",
    "assets/javascripts/bundle.01234567.js",
    "assets/card.png",
    "llms.txt",
)


def azure_sends(name: str) -> dict[str, str]:
    """The headers of a file by the rules of staticwebapp.config.json: the first route that matches, over the global ones."""
    for route in AZURE["routes"]:
        folder, _, endings = route["route"].partition("*.")
        if f"/{name}".startswith(folder) and name.rpartition(".")[2] in endings.strip("{}").split(","):
            return AZURE["globalHeaders"] | route["headers"]
    return AZURE["globalHeaders"]


@pytest.mark.parametrize("name", KINDS)
def test_hosts_send_the_same_headers(name: str) -> None:
    azure, others = azure_sends(name), sent_with(DOCS, name)
    hashed = name.endswith((".css", ".js"))
    assert azure["Cache-Control"] == (
        "public, max-age=31536000, immutable" if hashed else "public, max-age=0, must-revalidate"
    )
    assert others == {key: value for key, value in azure.items() if hashed or key != "Cache-Control"}
    assert others["X-Content-Type-Options"] == "nosniff"


def test_both_files_are_published_with_a_page_for_missing_ones(site: Path) -> None:
    for name in ("_headers", "staticwebapp.config.json"):
        assert (site / name).read_bytes() == (DOCS / name).read_bytes()
    assert (site / AZURE["responseOverrides"]["404"]["rewrite"].lstrip("/")).exists()


def test_the_headers_allow_nothing_that_the_pages_forbid(site: Path) -> None:
    """A browser keeps both policies. Only what a page cannot say may stand in the header alone."""
    header = policy(sent_with(site, "pal/index.html")["Content-Security-Policy"])
    html = BeautifulSoup((site / "pal/index.html").read_text(encoding="utf-8"), "html.parser")
    page = policy(html.find("meta", attrs={"http-equiv": "Content-Security-Policy"})["content"])
    assert header.pop("frame-ancestors") == "'none'"
    assert header and header == {name: page.get(name, page["default-src"]) for name in header}


def policy(text: str) -> dict[str, str]:
    return {name: rest for name, _, rest in (part.strip().partition(" ") for part in text.split(";"))}


def test_no_other_site_can_frame_a_page(reading: Reading) -> None:
    page = reading.open("llms.txt")
    page.evaluate(
        "address => { document.body.appendChild(document.createElement('iframe')).src = address }", ORIGIN + "pal/"
    )
    page.wait_for_event("console", lambda message: "frame-ancestors" in message.text)
    assert len(reading.wrong) == 1 and "frame-ancestors 'none'" in reading.wrong.pop()


@only_in_ci
def test_a_fork_publishes_at_the_root_of_its_own_domain(tmp_path: Path, chromium: Browser) -> None:
    """Every link leads within the fork's site and to the fork's repository, also from a missing page at any depth."""
    mkdocs(
        tmp_path,
        REPO_URL="https://github.com/fork/guide",
        SITE_URL="https://fork.example/",
        DISCUSSION_URL="https://fork.example/ask",
    )
    users = BeautifulSoup((tmp_path / "pal/users/index.html").read_text(encoding="utf-8"), "html.parser")
    assert users.find("link", rel="canonical")["href"] == "https://fork.example/pal/users/"
    assert users.find("a", href="https://github.com/fork/guide/edit/main/docs/pal/users.md")
    assert users.find("a", href="https://fork.example/ask"), "DISCUSSION_URL leads nowhere"
    index = BeautifulSoup((tmp_path / "pal/faq/index.html").read_text(encoding="utf-8"), "html.parser")
    assert index.find("a", string="Add a question")["href"].startswith(
        "https://github.com/fork/guide/new/main/docs/pal/faq?"
    )
    pages = {p.relative_to(tmp_path): p.read_text(encoding="utf-8") for p in tmp_path.rglob("*.html")}
    upstream = [p for p, html in pages.items() if any(ADDRESSES[name] in html for name in ("SITE_URL", "REPO_URL"))]
    assert not upstream, f"{upstream} lead to the tests' own addresses"

    reading = Reading(chromium, tmp_path, origin="https://fork.example/")
    page = reading.open("no/such/page/")
    page.click("article li a:text-is('Users and guests')")
    until(page, "document.querySelector('.pal-values input')")
    expect(page).to_have_url("https://fork.example/pal/users/")
    reading.close()
    assert [message for message in reading.wrong if "status of 404" not in message] == []


def test_a_site_that_is_told_no_address_names_none(tmp_path: Path) -> None:
    """No link to edit or add, no canonical address, card or sitemap entry; the Markdown finds its neighbours all the same."""
    nowhere = environment({})
    python("-m", "mkdocs", "build", "--site-dir", tmp_path, env=nowhere)
    for step in ("slim.py", "for_machines.py"):
        python(f"docs/.publish/{step}", tmp_path, env=nowhere)
    for file in (p for p in tmp_path.rglob("*") if p.suffix in {".html", ".md", ".txt", ".xml"}):
        text = file.read_text(encoding="utf-8")
        told = re.findall(
            r"/edit/main/|/new/main/|/issues/new|canonical\"? href=\"?http|og:url|<loc>|Improve this|md-source", text
        )
        assert not told, (
            f"{file.relative_to(tmp_path)} says where it lives: {told} → ask config.site_url or config.repo_url first"
        )
    for file in (tmp_path / "llms.txt", tmp_path / "pal/cicd/index.md", tmp_path / "lighthouse/sp/index.md"):
        links = re.findall(r"\]\(([^)#:]+\.md)", file.read_text(encoding="utf-8"))
        assert links and not [link for link in links if not (file.parent / link).exists()]


def test_no_file_names_a_place_where_this_guide_would_be() -> None:
    """Only the environment knows. Azure Citadel's pages and its discussion are there."""
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    files = [ROOT / name for name in listed.split("\0") if name and (ROOT / name).suffix not in {".png", ".gz"}]
    place = re.compile(r"azurecitadel(\.github\.io|/pal)")
    found = [p.relative_to(ROOT) for p in files if p.exists() and place.search(p.read_text("utf-8", errors="replace"))]
    assert not found, f"{found} name an address that is not there → SITE_URL and REPO_URL say it"


def test_publishing_tells_what_the_configuration_asks_for() -> None:
    asked = set(re.findall(r"^\w+: !ENV (\w+)$", (ROOT / "mkdocs.yml").read_text("utf-8"), re.MULTILINE))
    told = set(re.findall(r"^ +(\w+): ", (ROOT / ".github/workflows/publish.yml").read_text("utf-8"), re.MULTILINE))
    assert asked == set(ADDRESSES) and asked <= told
