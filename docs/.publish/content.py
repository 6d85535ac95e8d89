"""What the content of a page may hold: the HTML that Markdown makes, and nothing that runs, loads or leaves its place.

slim.py stops at a page that holds anything else. HTML counts only as it is written here - attributes quoted, tags closed in
turn - so that no browser can read it in another way than this file does.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterator

TEXT = "p div section nav aside h1 h2 h3 h4 h5 h6 ul ol li dl dt dd blockquote pre code span strong em del sub sup kbd br hr abbr"
TABLE = "table thead tbody tr th td figure figcaption details summary"
DRAWING = "svg defs marker g path rect circle line text tspan title desc"
VOID = {"br", "hr", "img", "input"}
ATTRIBUTES = {  # of an element, beside EVERYWHERE
    "a": {"href", "title"},
    "abbr": {"title"},
    "details": {"open"},
    "div": {"data-tabs"},
    "img": {"src", "alt", "loading", "width", "height"},
    "input": {"name", "type", "checked"},
    "label": {"for"},
    "nav": {"aria-label"},
    "ol": {"start"},
    "td": {"align", "colspan", "rowspan"},
    "th": {"align", "scope"},
}
EVERYWHERE = {"id", "class"}
DRAWN = EVERYWHERE | {
    *(
        "aria-labelledby",
        "cx",
        "cy",
        "d",
        "fill",
        "font-family",
        "font-size",
        "font-style",
        "font-weight",
        "height",
        "marker-end",
    ),
    *(
        "markerHeight",
        "markerWidth",
        "orient",
        "r",
        "refX",
        "refY",
        "role",
        "rx",
        "stroke",
        "stroke-dasharray",
        "stroke-opacity",
    ),
    *("stroke-width", "text-anchor", "viewBox", "width", "x", "x1", "x2", "xmlns", "y", "y1", "y2"),
}
ELEMENTS = {name: ATTRIBUTES.get(name, set()) | EVERYWHERE for name in [*TEXT.split(), *TABLE.split(), *ATTRIBUTES]}
ELEMENTS |= dict.fromkeys(DRAWING.split(), DRAWN)

TAG = re.compile(r'<(/?)([A-Za-z][\w-]*)((?:\s+[\w:-]+(?:="[^"<>]*")?)*)\s*(/?)>')
COMMENT = re.compile(r"<!--(?!-?>)(?:(?!--|<!).)*-->", re.DOTALL)
ATTRIBUTE = re.compile(r'([\w:-]+)(?:="([^"]*)")?')
VALUES = {  # what the decoded value of an attribute must match; other attributes may say anything but url()
    "href": r"https://[^\s\\]+|(?![\\/]{2})[^\s:\\]*(?:[#?][^\s\\]*)?",
    "src": r"(?![\\/]{2})[^\s:\\]*",
    "id": r"(?!__(?!tabbed_))[\w:.-]+",
    "name": r"__tabbed_\d+",
    "for": r"(?!__(?!tabbed_))[\w:.-]+",
    "type": r"radio",
    "align": r"left|center|right",
    "class": r"(?:(?!md-|mermaid\b)[\w-]+|md-tags?|md-button| )*",
    "marker-end": r"url\(#[\w-]+\)",
}
NO_VALUE = re.compile(r"(?!.*url\()[^\0-\x1f]*", re.IGNORECASE)


def unwanted(content: str) -> Iterator[str]:
    """What may not be in the content of a page, as it is written there; nothing for content that is harmless."""
    position, opened = 0, []
    for match in re.finditer(r"<", content):
        if match.start() < position:
            continue
        tag = TAG.match(content, match.start())
        found = tag or COMMENT.match(content, match.start())
        if not found:
            yield content[match.start() :]
            return
        position = found.end()
        if tag and wrong(tag, opened):
            yield content[match.start() :]
            return
    if opened:
        yield f"<{opened[-1]}>, which is not closed"


def wrong(tag: re.Match, opened: list[str]) -> bool:
    """Whether a tag may not stand here; `opened` lists the elements around it and is brought up to date."""
    closes, name, attributes, alone = tag[1], tag[2], tag[3], tag[4]
    if closes:
        return not opened or opened.pop() != name or bool(attributes.strip())
    drawing = name in DRAWING.split()
    if name not in ELEMENTS or drawing != ("svg" in [*opened, name]) or (alone and not drawing and name not in VOID):
        return True
    if not alone and name not in VOID:
        opened.append(name)
    return any(
        key not in ELEMENTS[name] or not re.fullmatch(VALUES.get(key, NO_VALUE), html.unescape(value or ""))
        for key, value in ATTRIBUTE.findall(attributes)
        if key != "checked" or value
    )
