"""How sure a sentence is: the rules that tests/test_certainty.py holds all pages to, and `make faq` an entry.

Each takes numbered text and finds (line, what is there → what to write).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from datetime import date, datetime, timedelta

from mkdocs.utils.meta import get_data

Unit = tuple[int, str]  # the number of the first line, and the text on one line

ASIDE = (("```", "```"), ("<svg", "</svg>"), ("<figure", "</figure>"), ("<!--", "-->"))


def units(text: str) -> Iterator[Unit]:
    """Each paragraph, list item and table row below the front matter; no blocks, drawings, headings or comments."""
    below_fields = get_data(text)[0]
    lines = text.splitlines()
    start = text.removesuffix(below_fields).count("\n")
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
RATE = r"\d \w+ (an?|each|per) (minute|hour|day|week|month|year)\b"  # of what is counted, and nobody waits for it
PIM = r"eligible (authori[sz]ation|role|assignment)s?"  # Privileged Identity Management's word
LINK = r"\]\([^)\s]+\)"
SURE = (
    rf"{LINK}|stated by Microsoft|\brecorded\b|seen running|\breported\b|\bno source\b|our conclusion|sources disagree"
)


def unsure(found: Iterable[Unit]) -> Iterator[tuple[int, str]]:
    for line, text in found:
        what = re.search(f"{MONEY}|{SPAN}", re.sub(f"{PIM}|{RATE}", "", text), re.IGNORECASE)
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
    rf"\b(is|are|was|were) not ({SAID})\b(?! to\b)",
    rf"\bnothing (is|was|has been) (public|{SAID})\b|\bno (stated|documented) \w+|\bno documentation\b",
    r"\bnothing (says|tells|states)\b|\bno (Microsoft |official |other )?(source|page) (says|tells|states|mentions)\b",
    r"\bnobody (knows|can know|outside)\b|\bno (public|official|published) (rule|list|answer|source|statement|figure)",
)


def claimed_absent(found: Iterable[Unit]) -> Iterator[tuple[int, str]]:
    for line, text in found:
        for absent in ABSENT:
            if said := re.search(absent, text, re.IGNORECASE):
                yield line, f"“{said[0]}” cannot be known → “no source found (searched {{day}})”: {text[:90]}"


OTHER_WORDS = {
    r"\b(yes|works?|true) in practice\b|\*\*practice\b": "recorded, seen running, or reported by partners",
    r"\bMicrosoft documents\b|\bis documented\b|\bdocumented (limit|condition|fact)": "stated by Microsoft",
    r"\bour (own )?(inference|reading|guess|assumption|opinion)\b|\b(inferred|we assume|presumably)\b": "our conclusion",
    r"\b(unverified|unconfirmed|unproven)\b": "no source found, or our conclusion",
}


def other_words(found: Iterable[Unit]) -> Iterator[tuple[int, str]]:
    """A fifth word for how sure a sentence is."""
    for line, text in found:
        for pattern, ours in OTHER_WORDS.items():
            if said := re.search(pattern, text, re.IGNORECASE):
                yield line, f"“{said[0]}” is none of the four words → {ours}: {text[:90]}"


def told(text: str) -> list[Unit]:
    """What a reader is told, titles and descriptions included."""
    lines = text.splitlines()
    return [*((n, line) for n, line in enumerate(lines, 1) if re.match(r"title: |description: |#", line)), *units(text)]


RULES = {
    "money and time": (unsure, units),
    "sources": (unsupported, units),
    "absence": (claimed_absent, told),
    "vocabulary": (other_words, told),
}
