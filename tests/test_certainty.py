"""How sure a sentence is: what decides money or takes time says whose word it is, in four words and one mark (docs/pal/theory.md).

A finding is `file:line: what is there → what to write`. The rules read text, so each is shown once to find what it is for.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from datetime import date, datetime, timedelta
from pathlib import Path

import pytest
from conftest import file_name
from pages import ENTRIES, PAGES, front_matter

Unit = tuple[int, str]  # the number of the first line, and the text on one line

ASIDE = (("```", "```"), ("<svg", "</svg>"), ("<figure", "</figure>"), ("<!--", "-->"))


def units(text: str) -> Iterator[Unit]:
    """Each paragraph, list item and table row below the front matter; no blocks, drawings, headings or comments."""
    lines = text.splitlines()
    start = lines.index("---", 1) + 1
    unit: list[str] = []
    first, until = 0, ""
    for number, line in enumerate([*lines[start:], ""], start + 1):
        words = line.strip()
        if until:
            until = "" if until in words else until
            continue
        aside = next((end for begin, end in ASIDE if words.startswith(begin)), "")
        until = "" if aside in words[3:] else aside
        ends = aside or not words or re.match(r"#|--8<--|===|\{ ", words)
        if unit and (ends or re.match(r"[-*] |\d+\. |\||(\?\?\?|!!!)", words)):
            yield first, " ".join(unit)
            unit = []
        if not ends and not re.fullmatch(r"[|: -]+", words):
            first = first if unit else number
            unit.append(words)


# --- money and time ---

NUMBER = r"\d+|an?|one|two|three|four|five|six|seven|eight|nine|ten|twelve|few|several|half an|each|per|every"
UNIT = "minute|hour|day|week|month|year"
SPAN = rf"\b({NUMBER})[ -](more )?({UNIT})s?\b|\b({UNIT}|second)s\b|\b(dai|week|month|year)ly\b"
MONEY = r"\bearn(s|ed|ings)?\b|\bearning (?!\|)|\b(in)?eligib\w+|\bincentives?\b|\bcredit(s|ed)?\b|\bdesignations?\b"
PIM = r"eligible (authori[sz]ation|role|assignment)s?"  # Privileged Identity Management's word
LINK = r"\]\([^)\s]+\)"
SURE = (
    rf"{LINK}|stated by Microsoft|\brecorded\b|seen running|\breported\b|\bno source\b|our conclusion|sources disagree"
)


def unsure(found: Iterable[Unit]) -> Iterator[tuple[int, str]]:
    for line, text in found:
        what = re.search(f"{MONEY}|{SPAN}", re.sub(PIM, "", text), re.IGNORECASE)
        if what and not re.search(SURE, text, re.IGNORECASE):
            yield line, f"“{what[0].strip()}” on nobody's word → link its source, or say how sure it is: {text[:90]}"


# --- a word that its source does not carry ---

MONTHS = "January|February|March|April|May|June|July|August|September|October|November|December"
DAY = rf"\b(\d{{1,2}}) ({MONTHS}) (\d{{4}})\b"
MICROSOFTS = (
    r"https://(learn|azure|partner|devblogs|techcommunity|www)\.microsoft\.com/"
    r"|https://github\.com/(MicrosoftDocs|microsoft|Azure|AzureAD|kvamseek/partner-center)\b"
)


def unsupported(found: Iterable[Unit]) -> Iterator[tuple[int, str]]:
    for line, text in (unit for unit in found if not unit[1].startswith("| **")):  # there the words are explained
        links = re.findall(r"\]\(([^)\s]+)\)", text)
        ours = [link for link in links if not link.startswith("https://")]  # a page of ours, which is held to the same
        microsofts = [link for link in links if re.match(MICROSOFTS, link)]
        if re.search(r"stated by Microsoft", text, re.IGNORECASE):
            if not microsofts and not ours:
                yield line, f"“stated by Microsoft” without a page of Microsoft's → link it: {text[:90]}"
            if not re.search(r"\b20\d\d\b", text):
                yield line, f"“stated by Microsoft” without the date of the text → write it behind: {text[:90]}"
        if re.search(r"\[[^\]]*\breported\b[^\]]*\]\(https://learn\.microsoft\.com/", text, re.IGNORECASE):
            yield line, f"“reported” of Microsoft's own page → stated by Microsoft: {text[:90]}"
        if re.search(r"\brecorded\b", text, re.IGNORECASE) and links and not ours and not microsofts:
            yield line, f"“recorded”, and no recording of Microsoft's is linked → reported, or link it: {text[:90]}"
        searched = re.search(rf"searched (on )?{DAY}", text) or ours
        if re.search(r"\bno source\b", text, re.IGNORECASE) and not searched:
            yield line, f"“no source” without the day of the search → (searched {{day}}): {text[:90]}"


def to_come(lines: Iterable[str], today: date) -> Iterator[tuple[int, str]]:
    """Days that have not come yet; a day's grace, as places on Earth differ."""
    for number, line in enumerate(lines, 1):
        for day, month, year in re.findall(DAY, line):
            seen = datetime.strptime(f"{day} {month} {year}", "%d %B %Y").date()
            if seen > today + timedelta(1) and not re.search("retires on|announced for|until", line):
                yield number, f"{day} {month} {year} has not come yet → the day when it was said or searched"


# --- absence, which can only be searched for ---

SAID = r"published|stated|documented|said|written|announced|explained"
ABSENT = (
    rf"\b(nobody|no one|no[- ]?body at \w+|none)\b[^.;|]{{0,30}}\b(has|have|had|ever)\b[^.;|]{{0,15}}\b({SAID})\b",
    rf"\b({SAID}) (nowhere|by nobody|by no one)\b|\bnowhere\b[^.;|]{{0,20}}\b({SAID})\b",
    rf"\b(has|have|had) (not|never|n't)( yet| been)* ({SAID})\b|\b(hasn|haven)'t ({SAID})\b|\bnever (been )?({SAID})\b",
    r"\b(has|have) published no\b|\bpublishes (no|nothing)\b|\bdoes not publish\b",
    r"\b(not|un)[ -]?published\b|\bundocumented\b|\bnot (public(ly)?|made public)\b",
    rf"\b(is|are|was|were) not ({SAID})( either| anywhere| in full)?\b",
    r"\bnobody (knows|can know|outside)\b|\bno (public|official|published) (rule|list|answer|source|statement|figure)",
)


def claimed_absent(found: Iterable[Unit]) -> Iterator[tuple[int, str]]:
    for line, text in found:
        for absent in ABSENT:
            if said := re.search(absent, text, re.IGNORECASE):
                yield line, f"“{said[0]}” cannot be known → “no source found (searched {{day}})”: {text[:90]}"


def below(page: Path) -> list[Unit]:
    return list(units(page.read_text("utf-8")))


def told(page: Path) -> list[Unit]:
    """What a reader is told, titles and descriptions included."""
    lines = page.read_text("utf-8").splitlines()
    return [*((n, line) for n, line in enumerate(lines, 1) if re.match(r"title: |description: |#", line)), *below(page)]


RULES = {"money and time": (unsure, below), "sources": (unsupported, below), "absence": (claimed_absent, told)}


@pytest.mark.parametrize("rule", RULES)
def test_pages_are_as_sure_as_their_sources(rule: str) -> None:
    find, read = RULES[rule]
    found = [f"{file_name(page)}:{line}: {what}" for page in PAGES for line, what in find(read(page))]
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
    "There is no published rule.": (claimed_absent, "“no published rule”"),
}


@pytest.mark.parametrize("text", WRONG)
def test_each_rule_finds_what_it_is_for(text: str) -> None:
    find, what = WRONG[text]
    assert [line for line, found in find(units(f"{HEAD}{text}\n")) if what in found] == [5]


def test_a_day_to_come_is_found_on_its_line() -> None:
    assert [n for n, _ in to_come(["", "(searched 3 May 2027)"], date(2026, 11, 28))] == [2]
    assert not list(to_come(["(searched 28 November 2026)"], date(2026, 11, 28)))
