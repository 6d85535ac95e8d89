"""What the pages say: short, dated, sourced, and never surer than their sources."""

from __future__ import annotations

import re
from datetime import date
from pathlib import Path

import pytest
from pages import DOCS, ENTRIES, PAGES, body, front_matter, page_id, stale
from promised import CORRECTED, WARNED, no_warning, not_corrected
from words import LISTED, page_of, prose_of, says_open, unsettled

# Words of prose a page may have; tables of data, code and front matter do not count.
LIMITS = {"pal/theory.md": 2000, "pal/index.md": 400}
LIMIT = 1200
# A reference is not read from top to bottom: its limit is words an entry (a heading of the third level, or a section's opening).
ENTRY_LIMITS = {"pal/errors.md": 120}
ENTRY = re.compile(r"^#{2,3} .*$", re.MULTILINE)


def prose(page: Path) -> str:
    """The page's words: no front matter, no tables, no drawings, no link addresses."""
    return prose_of(body(page))


@pytest.mark.parametrize("page", PAGES, ids=page_id)
def test_page_is_short(page: Path) -> None:
    if each := ENTRY_LIMITS.get(page_id(page)):
        titles = [page_id(page), *ENTRY.findall(body(page))]
        entries = ENTRY.split(body(page))
        long = {t: n for t, e in zip(titles, entries, strict=True) if (n := len(prose_of(e).split())) > each}
        assert not long, f"{page_id(page)}: at most {each} words an entry → cut, or split by cause: {long}"
        return
    words, limit = len(prose(page).split()), LIMITS.get(page_id(page), LIMIT)
    assert words <= limit, f"{page_id(page)} has {words} words of prose → at most {limit}: cut, or move to another page"


@pytest.mark.parametrize("page", PAGES, ids=page_id)
def test_page_has_a_description_and_dated_sources(page: Path) -> None:
    fields = front_matter(page)
    assert 20 <= len(fields["description"]) <= 160, f"{page_id(page)}: description of 20 to 160 characters"
    assert isinstance(fields["checked"], date)
    assert fields["sources"] and all(url.startswith("https://") for url in fields["sources"].values())


# What a sentence of a page leans on (an entry may link more than it leans on, see LISTED): not a tool's repository, and not the portal.
SOURCE = re.compile(
    r"\]\((https://(?!portal\.azure\.com|github\.com/)[^)\s]+|https://github\.com/[\w./-]+/(?:issues|blob)/[^)\s]+)"
)


def test_linked_sources_are_listed() -> None:
    """A source that a sentence links is in the front matter too, so that the page's end names all of them."""
    gone = [
        f"docs/{page_id(page)}:{number}: {url} is not among the page's sources → add it with its date, or take the sentence back"
        for page in PAGES
        for number, line in enumerate(page.read_text("utf-8").splitlines(), 1)
        for url in (LISTED if page in ENTRIES else SOURCE).findall(line)
        if page_of(url) not in set(map(page_of, front_matter(page)["sources"].values()))
    ]
    assert not gone, "\n".join(gone)


@pytest.mark.parametrize("page", PAGES, ids=page_id)
def test_unsettled_claims_keep_their_marker(page: Path) -> None:
    found = [f"docs/{page_id(page)}:{line}: {what}" for line, what in unsettled(page.read_text("utf-8"))]
    assert not found, "\n".join(found)


@pytest.mark.parametrize("entry", [e for e in ENTRIES if front_matter(e)["confidence"] == "open"], ids=page_id)
def test_open_answers_say_so_at_once(entry: Path) -> None:
    assert says_open(body(entry)), f"{page_id(entry)} is marked open → its first sentences must say so"


def test_pages_grow_stale_after_twelve_months() -> None:
    oldest = min(front_matter(p)["checked"] for p in PAGES)
    assert stale(oldest) == []
    assert len(stale(date(oldest.year + 2, 1, 1))) > 0


def test_warnings_stand_where_a_reader_meets_them() -> None:
    missing = [f"docs/{page}: {what}" for page in WARNED for what in no_warning(page, (DOCS / page).read_text("utf-8"))]
    assert not missing, "\n".join(missing)


@pytest.mark.parametrize("correction", CORRECTED)
def test_what_was_corrected_stays_so(correction: str) -> None:
    found = [
        f"docs/{page_id(page)}:{line}: {what}"
        for page in PAGES
        for line, what in not_corrected(correction, page_id(page), page.read_text("utf-8"))
    ]
    assert not found, "\n".join(found)
