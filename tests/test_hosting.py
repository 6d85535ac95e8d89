"""Published anywhere: every host gets the same headers, and a fork's site works at the root of its own domain.

That the headers break nothing is shown by tests/test_browser.py: its browser gets them with every file.
"""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from browsing import ORIGIN, Reading, sent_with, until
from bs4 import BeautifulSoup
from conftest import mkdocs, only_in_ci
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
    upstream = [p for p in tmp_path.rglob("*.html") if "azurecitadel/pal-guide" in p.read_text(encoding="utf-8")]
    assert upstream == [tmp_path / "pal/faq/index.html"], (
        "the README names the one page whose links a fork changes itself"
    )
    assert not [p for p in tmp_path.rglob("*.html") if "/pal-guide/pal" in p.read_text(encoding="utf-8")]

    reading = Reading(chromium, tmp_path, origin="https://fork.example/")
    page = reading.open("no/such/page/")
    page.click("article li a:text-is('Users and guests')")
    until(page, "document.querySelector('.pal-values input')")
    expect(page).to_have_url("https://fork.example/pal/users/")
    reading.close()
    assert [message for message in reading.wrong if "status of 404" not in message] == []
