"""The pages as they are written and as they are built: what the tests of pages, words, machines and browser share."""

from __future__ import annotations

import re
from datetime import date
from functools import cache
from pathlib import Path

from bs4 import BeautifulSoup
from emulator.harness import ROOT
from mkdocs.utils.meta import get_data

DOCS, SNIPPETS = ROOT / "docs", ROOT / "snippets"
PAGES = sorted(DOCS.rglob("*.md"))
ENTRIES = [page for page in PAGES if page.parent.name == "faq" and page.name != "index.md"]
FENCE = re.compile(r"^( *)(`{3,})(\w*)[^\n]*\n(.*?)^\1\2 *$", re.MULTILINE | re.DOTALL)
INCLUDE = re.compile(r'^ *--8<-- "([^"]+)"$')
GUID = re.compile(r"\b[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}\b")


def page_id(page: Path) -> str:
    return page.relative_to(DOCS).as_posix()


# --- as written ---


def front_matter(page: Path) -> dict:
    """The fields as MkDocs reads them; a day in quotes is the same day."""
    fields = get_data(page.read_text(encoding="utf-8"))[1]
    return fields | {"checked": date.fromisoformat(str(fields["checked"]))}


def body(page: Path) -> str:
    """The page's Markdown below its front matter."""
    return get_data(page.read_text(encoding="utf-8"))[0]


def includes(page: Path) -> list[str]:
    """The snippet files that a page pulls in, in order."""
    found = (INCLUDE.match(line) for line in page.read_text(encoding="utf-8").splitlines())
    return [match[1] for match in found if match]


def stale(today: date) -> list[str]:
    """Pages whose sources were read more than twelve months before `today`. Reported at the end of a run, never a failure."""
    return [f"docs/{page_id(p)}: checked {c}" for p in PAGES if (today - (c := front_matter(p)["checked"])).days > 366]


# --- as built ---


def folder_of(page: Path) -> Path:
    """Where the site has a page, below its root."""
    relative = page.relative_to(DOCS).with_suffix("")
    return relative.parent if relative.name == "index" else relative


@cache
def soup(file: Path) -> BeautifulSoup:
    return BeautifulSoup(file.read_text(encoding="utf-8"), "html.parser")


def rendered(site: Path, page: Path) -> BeautifulSoup:
    return soup(site / folder_of(page) / "index.html")
