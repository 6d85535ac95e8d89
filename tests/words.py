"""What an answer must say and list, for the checker of FAQ entries and for the tests of all pages."""

from __future__ import annotations

import re

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
