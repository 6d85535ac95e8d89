"""What an answer must say and list, for the checker of FAQ entries and for the tests of all pages."""

from __future__ import annotations

import re
from collections.abc import Iterator

from mkdocs.utils.meta import get_data

# An answer that is marked open says so in its first sentences.
OPEN = re.compile(r"found no source|no source found|disagree", re.IGNORECASE)
LISTED = re.compile(r"\]\((https://(?:learn\.microsoft\.com|github\.com/[\w.-]+/[\w.-]+/issues)[^)\s]*)")


def prose_of(text: str) -> str:
    """The words of Markdown: no tables, no drawings, no link addresses."""
    text = re.sub(r"<svg.*?</svg>|<!--.*?-->", "", text, flags=re.DOTALL)
    text = re.sub(r"^ *(\||```|--8<--|=== |\?\?\?|!!!).*$|\{ ?#[\w-]+ ?\}|^ *[-#]+ ", "", text, flags=re.MULTILINE)
    return re.sub(r"\]\([^)]*\)", "]", text)


def says_open(body: str) -> bool:
    return bool(OPEN.search(prose_of(body).strip().split("\n\n")[0]))


def page_of(url: str) -> str:
    return url.split("#")[0].rstrip("/")


# What no source settles, and a word that must stand beside it wherever it is said.
UNSETTLED = {
    r"ID plus one|one higher": r"no source|guide|third-party",
    r"in proportion to the hours|proportional to the hours": r"no source|disagree|guide",
    r"DPOR.{0,60}\bretired": r"said|disagree|still",
    r"linked automatically|linked to the publisher": r"2020|withdrawn|disagree",
    r"managed identit\w+ (work|can be linked)": r"does not|report",
    r"already linked.{0,40}\b409|\b409\b.{0,40}already linked": r"modelled|our|no source",
    r"Reader is (typically )?enough": r"\?|no Microsoft|community",
}


def unsettled(text: str) -> Iterator[tuple[int, str]]:
    """The line of each paragraph of a page that states what no source settles."""
    body = get_data(text)[0]
    for paragraph in re.split(r"\n\s*\n", body):
        prose = prose_of(paragraph)
        for claim, marker in UNSETTLED.items():
            if (said := re.search(claim, prose, re.IGNORECASE)) and not re.search(marker, prose, re.IGNORECASE):
                line = text[: text.find(paragraph)].count("\n") + 1
                yield line, f"“{said[0]}” states what no source settles → say who says it"
