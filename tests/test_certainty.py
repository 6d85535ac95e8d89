"""How sure a sentence is: what decides money or takes time says whose word it is, in four words and one mark (docs/pal/theory.md).

A finding is `file:line: what is there → what to write`. The rules read text, so each is shown once to find what it is for.
"""

from __future__ import annotations

import re
from datetime import date, timedelta

import pytest
from certainty import MICROSOFTS, RULES, claimed_absent, other_words, to_come, units, unsupported, unsure
from conftest import file_name
from emulator.harness import ROOT
from pages import ENTRIES, PAGES, front_matter


def test_what_contributors_read_claims_no_absence() -> None:
    """The template and the theme are printed for readers too."""
    files = [
        *ROOT.glob("*.md"),
        ROOT / ".github/CONTRIBUTING.md",
        *ROOT.glob("docs/.theme/*.html"),
        *ROOT.glob("docs/.theme/.faq/*"),
    ]
    found = [
        f"{file_name(file)}:{line}: {what}"
        for file in files
        for line, what in claimed_absent(enumerate(file.read_text("utf-8").splitlines(), 1))
    ]
    assert len(files) > 4 and not found, "\n".join(found)


@pytest.mark.parametrize("rule", RULES)
def test_pages_are_as_sure_as_their_sources(rule: str) -> None:
    find, read = RULES[rule]
    found = [
        f"{file_name(page)}:{line}: {what}" for page in PAGES for line, what in find(read(page.read_text("utf-8")))
    ]
    assert not found, "\n".join(found)


def test_no_day_on_a_page_is_still_to_come() -> None:
    found = [
        f"{file_name(page)}:{line}: {what}"
        for page in PAGES
        for line, what in to_come(page.read_text("utf-8").splitlines(), date.today())
    ]
    late = [
        f"{file_name(p)}: checked {c}" for p in PAGES if (c := front_matter(p)["checked"]) > date.today() + timedelta(1)
    ]
    assert not found + late, "\n".join(found + late)


def test_what_was_run_says_against_what() -> None:
    """A section that grades our blocks; docs/pal/tested.md explains the grade itself."""
    bare = [
        f"{file_name(page)}: {section.splitlines()[0]}: **run**, and not against what → “against the emulated service”"
        for page in PAGES
        for section in re.split(r"^## ", page.read_text("utf-8"), flags=re.MULTILINE)[1:]
        if re.search(r"\*\*run( with stand-in)?\*\*", section)
        and not re.search(r"\bemulated (service|Azure)\b", section)
    ]
    assert not bare, "\n".join(bare)


def test_what_is_documented_has_a_page_of_microsofts() -> None:
    """The theme prints “Stated by Microsoft” above such an answer."""
    bare = [
        f"{file_name(entry)}: documented, and no source is Microsoft's → name its page, or write practice"
        for entry in ENTRIES
        if front_matter(entry)["confidence"] == "documented"
        and not any(re.match(MICROSOFTS, url) for url in front_matter(entry)["sources"].values())
    ]
    assert not bare, "\n".join(bare)


HEAD = "---\ntitle: T\n---\n\n"
WRONG = {
    "A link\nearns nothing.": (unsure, "“earns” on nobody's word"),
    "- The report is refreshed weekly.": (unsure, "“weekly” on nobody's word"),
    "| Reader | not eligible |": (unsure, "“eligible” on nobody's word"),
    "It takes two weeks (stated by Microsoft, 2023).": (unsupported, "without a page of Microsoft's → link it"),
    "Stated by Microsoft in [a guide, 2023](https://www.azurecitadel.com/pal/).": (unsupported, "→ link it"),
    "Stated by Microsoft in [its FAQ](https://learn.microsoft.com/x).": (unsupported, "without the date of the text"),
    "It is [reported](https://learn.microsoft.com/x).": (unsupported, "→ stated by Microsoft"),
    "This is recorded in [a guide](https://www.azurecitadel.com/pal/).": (unsupported, "→ reported, or link it"),
    "How long it takes: no source found.": (unsupported, "without the day of the search"),
    "Nobody at Microsoft has ever published such a rule.": (claimed_absent, "“Nobody at Microsoft has ever published”"),
    "The rule is published nowhere.": (claimed_absent, "“published nowhere”"),
    "Microsoft has not yet published it.": (claimed_absent, "“has not yet published”"),
    "The exact answer is not public.": (claimed_absent, "“not public”"),
    "How it is split is not stated.": (claimed_absent, "“is not stated”"),
    "It works in practice.": (other_words, "→ recorded, seen running"),
    "This is our own reading of it.": (other_words, "→ our conclusion"),
    "No Microsoft page says so.": (claimed_absent, "“No Microsoft page says”"),
    "Of this nothing is public.": (claimed_absent, "“nothing is public”"),
    "There is no published rule.": (claimed_absent, "“no published rule”"),
}


@pytest.mark.parametrize("text", WRONG)
def test_each_rule_finds_what_it_is_for(text: str) -> None:
    find, what = WRONG[text]
    assert [line for line, found in find(units(f"{HEAD}{text}\n")) if what in found] == [5]


def test_a_day_to_come_is_found_on_its_line() -> None:
    assert [n for n, _ in to_come(["", "(searched 3 May 2027)"], date(2026, 11, 28))] == [2]
    assert not list(to_come(["(searched 28 November 2026)"], date(2026, 11, 28)))
