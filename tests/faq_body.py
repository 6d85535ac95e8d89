"""The rules for the answer of a FAQ entry: where it stands, what both pages show, and where links lead. See faq_fields.py."""

import os
import re
from collections.abc import Iterator
from difflib import get_close_matches
from itertools import takewhile
from pathlib import Path
from urllib.parse import urlsplit

import yaml
from faq_entry import FIELDS, Entry, show
from faq_fields import nobody_can_open
from faq_markdown import Document, Link, Token, anchors, differences, names, too_many
from markdown.extensions.toc import slugify
from words import LISTED, page_of, says_open

MAX_WORDS = 200
PLACEHOLDER = re.compile(r"\b(?:TODO|TBD|TBA|FIXME|XXX|WIP)\b|(?i:lorem ipsum)")
# What the template says, where an answer or a field should be.
TEMPLATE = re.compile(
    r"^(?:the )?answer (?:goes|comes) here|^write the answer|^to be (?:written|done|added|confirmed)\b"
    r"|short answer in plain text|as a partner would ask it",
    re.I,
)
PATH = re.compile(r"(?:[\w./-]+\.md)?(?:#[\w.:-]+)?")
LEFT_OVER = {  # what stands in the text of both pages where somebody meant markup: pattern -> what to write
    r"\[!\w+\]": "note of GitHub, brackets on the site → write the sentence without the mark [!…]",
    r"(?<![\w:]):[a-z][a-z_]+:(?![\w:])": "name of a picture that GitHub draws and the site prints → write the word",
    r"==\w[^=]*==|\[\[\w|^:::|\^\[|^: \w": "markup that neither GitHub nor the site knows → write plain words",
    r"<!--|-->": "comment left in → write the answer and delete the comment",
    r"`": "code is not closed → write ` on both sides, on one line",
    r"\*\*|__": "bold text is not closed → write ** on both sides, on one line",
    r"(?<![\w*])\*\w": "italics are not closed → write * on both sides, on one line",
    r"\]\s*\(|\]\[": "link is not closed or its address is missing → write [text](address) on one line, with no space between",
    r"^\|": "table without a head → write a line | --- | --- | below its first",
    r"^\[[^\]]+\]: ": "address of a link that nobody names → write [text](address)",
    r"^#{1,6}\w": "no space behind # → write it, if this is a heading",
    r"^[-*+]\w|^\d+[.)](?=[A-Za-z])": "no space behind the mark of a list → write it",
}


def answer_comes_first(entry: Entry) -> Iterator[tuple[int, str]]:
    blocks = entry.github.blocks
    words = len(entry.body.split())
    if not entry.start:
        return
    if not blocks:
        yield min(entry.start, len(entry.lines)), "no answer → write it below the front matter, in one or two sentences"
        return
    line, first = blocks[0][0].line, "".join(t.value for t in blocks[0] if t.kind.startswith("text"))
    if blocks[0][0].kind != "<p":
        yield line, "answer does not come first → begin with one or two plain sentences"
    elif TEMPLATE.search(first):
        yield line, f"{show(first)} stands in place of an answer → write the answer in one or two sentences"
    elif len(first.split()) < 3 and not PLACEHOLDER.search(first):
        yield line, f"{show(first)} is no answer → write one or two sentences: what, and why or when"
    elif words > MAX_WORDS:
        yield line, f"answer of {words} words → write at most {MAX_WORDS}, link to the rest"
    if entry.text("confidence")[1] == "open" and not says_open(entry.body):
        yield (
            line,
            "confidence is open and the first sentence does not say so → begin with “no source found” or “sources disagree”",
        )


def nothing_is_left_of_the_template(entry: Entry) -> Iterator[tuple[int, str]]:
    for number, line in enumerate(entry.lines, 1):
        if found := PLACEHOLDER.search(line):
            yield number, f"{show(found[0])} stands in place of an answer → write the answer in one or two sentences"
    for name in ("title", "description"):
        line, text = entry.text(name)
        if TEMPLATE.search(text):
            yield line, f"{show(text)} stands in place of a {name} → write {FIELDS[name][1]}"


def headings_go_down_by_one(entry: Entry) -> Iterator[tuple[int, str]]:
    level = 1
    for token in (t for block in entry.github.blocks for t in block if re.fullmatch(r"<h\d", t.kind)):
        marks, line = int(token.kind[2:]), entry.lines[token.line - 1]
        if not line.lstrip(" >").startswith("#"):
            below = next(
                (n for n in range(token.line, len(entry.lines)) if re.match(r"\s*(=+|-+)\s*$", entry.lines[n])),
                token.line,
            )
            yield below + 1, "underlined heading → write ## before its text"
        elif marks == 1:
            yield token.line, "heading of level 1 → write ##, the title is the page's only level 1"
        elif marks > level + 1:
            yield token.line, f"heading of level {marks} → write {'#' * (level + 1)}, the next level"
        level = max(marks, 2)
    for line, text in headings(entry.github):
        if re.match(r"sources$|__", slugify(text, "-")):
            yield line, f"heading {show(text)} takes the name of a part of the page → write other words"


def headings(document: Document) -> Iterator[tuple[int, str]]:
    for block in document.blocks:
        for at, token in enumerate(block):
            if re.fullmatch(r"<h\d", token.kind):
                inside = takewhile(lambda t: t.kind.startswith("text"), block[at + 1 :])
                yield token.line, "".join(t.value for t in inside).strip()


def github_shows_the_same(entry: Entry) -> Iterator[tuple[int, str]]:
    """Raw HTML is for neither; everything else is the same list of blocks and words in both, and no markup is left in them."""
    told = [*raw_html(entry), *bars_and_cells(entry)]
    told += [(line, message) for line, message in markup_left_over(entry) if line not in {number for number, _ in told}]
    yield from told
    if not entry.body or entry.github.html or any(message == CODE for _, message in told):
        return
    if mark := too_many(entry.body):
        yield entry.start, f"{entry.body.count(mark)} times {mark} → write a short answer and link to the rest"
    elif entry.site is None:
        yield entry.start, "the build cannot read this Markdown → write plain sentences"
    for pieces in differences(entry.github, entry.site) if entry.site else ():
        line, message = difference(entry, *pieces)
        if runs(*pieces):
            continue  # links_lead_somewhere or nothing_private tells it
        if line not in {number for number, _ in told}:
            yield line, message


def runs(github: list[Token], site: list[Token], at: int) -> bool:
    """Whether GitHub only leaves out an address that a browser would run, or links a mailbox."""
    return any(re.search(r"\ba href=(,|$|mailto:)", token.kind) for token in github[at : at + 2])


def raw_html(entry: Entry) -> Iterator[tuple[int, str]]:
    for line in entry.github.html:
        line = next((n for n in range(line, len(entry.lines) + 1) if "<" in entry.lines[n - 1]), line)
        tag = re.search(r"<[A-Za-z/!?][^>]*>?", entry.lines[line - 1])
        if tag and tag[0].startswith("<!--"):
            yield line, "comment left in → write the answer and delete the comment"
        else:
            yield line, f"raw HTML {show(tag[0] if tag else '')} → write Markdown, or use backticks"
    for number, line in enumerate(entry.lines, 1):
        if "-8<-" in line or "<pre" in line:
            yield number, CODE


def bars_and_cells(entry: Entry) -> Iterator[tuple[int, str]]:
    """GitHub ends a cell at a bar inside code, the site prints the backslash before it; both leave out cells that the head has not."""
    head = 0
    for token in (t for block in entry.github.blocks for t in block if t.kind in ("<table", "<tr")):
        row = entry.lines[token.line - 1].strip(" >")
        cells = len(re.split(r"(?<!\\)\|", row.removeprefix("|").removesuffix("|")))
        if token.kind == "<table":
            head = cells
        elif re.search(r"`[^`|]*\|[^`]*`", row):
            yield (
                token.line,
                "bar inside code in a table, which GitHub and the site read in two ways → write the command outside the table",
            )
        elif cells != head:
            yield (
                token.line,
                f"row of {cells} cells below a head of {head} → write as many cells in each row as in the head",
            )


def markup_left_over(entry: Entry) -> Iterator[tuple[int, str]]:
    for line, text in sentences(entry.github, code="¤"):
        for pattern, message in LEFT_OVER.items():
            if (found := re.search(pattern, text)) and f"\\{found[0].strip()[0]}" not in entry.lines[line - 1]:
                yield line, message
                break


def sentences(document: Document, code: str = "") -> Iterator[tuple[int, str]]:
    """The lines of text as both pages print them; with `code`, a sign for each character of it."""
    for block in document.blocks:
        text, line = "", 0
        for token in [*block, Token("", "", 0)]:
            if token.kind.startswith("text"):
                line = line or token.line
                text += code * len(token.value) if code and "code" in token.kind[5:].split(",") else token.value
            else:
                yield from enumerate(text.split("\n"), line)
                text, line = "", 0


CODE = "code block → link to the page with the tested snippet; `code` is fine"
BLOCK = re.compile(r" *(?:!!!|\?\?\?\+?|===[!+]?)(?: |$)")
ATTRIBUTES = re.compile(r"\{:? *[#.\w][^{}]*\}?")


def difference(entry: Entry, github: list[Token], site: list[Token], at: int) -> tuple[int, str]:
    """The line of a difference and what to write, by what stands where GitHub and the site begin to differ."""
    none = Token("", "", 0)
    here, there = github[at] if at < len(github) else none, site[at] if at < len(site) else none
    ahead = github[at : at + 4]
    line = where(entry, github, at, there)
    block = range(
        line, next((n for n in range(line, len(entry.lines)) if not entry.lines[n].strip()), len(entry.lines)) + 1
    )
    named = {t.kind for t in ahead}
    listed = next((t for t in ahead if t.kind in ("<ul", "<ol", "<table")), none)
    opens = next((n for n in block if BLOCK.match(entry.lines[n - 1])), 0)
    indents = next((n for n in block if (len(s := entry.lines[n - 1]) - len(s.lstrip(" "))) % 4), 0)
    braces = next((n for n in block if ATTRIBUTES.search(entry.lines[n - 1])), 0)
    if opens:
        return opens, f"block {show(entry.lines[opens - 1])} → GitHub prints it as text: write a paragraph or a list"
    if "class=toc" in there.value:
        return line, "table of contents for the site only → delete it"
    if {"<pre", "<div"} & {here.kind, there.kind}:
        size = len(entry.lines[line - 1]) - len(entry.lines[line - 1].lstrip(" "))
        if size < 4 or re.match(r" *(```|~~~)", entry.lines[line - 1]):
            return line, CODE
        return (
            line,
            f"text indented by {size} becomes code → delete the spaces, or link the page with the tested snippet",
        )
    if any("footnote" in t.value for t in ahead):
        line = next((n for n in range(line, len(entry.lines)) if "[^" in entry.lines[n - 1]), line)
        return line, "footnote, which the site does not know → put the words or the link into the sentence"
    if words_out := next(
        (n for n in range(line, len(entry.lines) + 1) if entry.lines[n - 1].lstrip().startswith("*[")), 0
    ):
        return words_out, "abbreviation → write the words out where you use them"
    if braces:
        found = ATTRIBUTES.search(entry.lines[braces - 1])[0]
        return braces, f"attribute list {show(found)} → delete it, or use backticks"
    if "<input" in named:
        return line, "box of a task, which the site prints as brackets → write a plain list"
    if here.kind == there.kind == "<ol":
        start = here.value.removeprefix("start=") or "1"
        return line, f"GitHub counts this list from {start}, the site from 1 → begin the list with 1."
    if listed.line and entry.lines[listed.line - 2].strip() and not indents:
        what = "table" if listed.kind == "<table" else "list"
        return listed.line, f"{what} directly after text → put a blank line above it"
    if any("del" in t.kind.split() for t in ahead):
        return line, "~~ strikes out on GitHub only → delete it"
    if any(re.search(r"\ba href=", t.kind) and re.match(r"(https?://|www\.)", t.value) for t in ahead):
        return line, "bare address → write [what it is](https://…)"
    if indents:
        size = len(entry.lines[indents - 1]) - len(entry.lines[indents - 1].lstrip(" "))
        return indents, f"indented by {size} → indent each deeper level by 4 spaces"
    if there.kind.startswith("<h"):
        return line, "heading for the site only → write ## and a space before its text"
    return (
        line,
        f"GitHub and the site show {show(entry.lines[line - 1])} in two ways → write it with plainer marks, blank lines around blocks",
    )


def where(entry: Entry, github: list[Token], at: int, there: Token) -> int:
    """The line where GitHub's tokens begin to differ: inside a text, after the words that are the same."""
    known = [token for token in github[: at + 1] if token.line]
    last = known[-1] if known else Token("", "", entry.start)
    pairs = zip(last.value, there.value, strict=False) if at < len(github) and last is github[at] else ()
    same = "".join(ours for ours, _ in takewhile(lambda pair: pair[0] == pair[1], pairs))
    return min(max(last.line + same.count("\n"), entry.start, 1), len(entry.lines))


def no_pictures(entry: Entry) -> Iterator[tuple[int, str]]:
    for token in (t for block in entry.github.blocks for t in block if t.kind == "<img"):
        yield token.line, "picture → say in words what it shows, and link the page that has it"


def links_lead_somewhere(entry: Entry) -> Iterator[tuple[int, str]]:
    asked = entry.github.links
    shown = entry.site.links if entry.site and len(entry.site.links) == len(asked) else asked
    for link, there in zip(asked, shown, strict=True):
        target = link.address or there.address  # GitHub leaves out what would run
        if ("@" in target and target.startswith("mailto:")) or link.kind:
            continue
        if re.match(r"https?://|www\.", link.text):
            yield link.line, "bare address → write [what it is](https://…)"
            continue
        try:
            wrong = wrong_link(entry, link, target)
        except (OSError, ValueError):  # no address, no file name
            wrong = "cannot be followed → write https://… or a path such as ../users.md"
        if wrong:
            yield link.line, f"link to {show(target)} {wrong}"
    addresses = {link.address for link in asked}
    learned = {page_of(node.value) for _, _, node in entry.sources() if isinstance(node, yaml.ScalarNode)}
    for number, line in enumerate(entry.body.split("\n"), entry.start):
        for target in re.findall(r"\]\((?!https?:)([^)]*\.md[^)]*)\)", line):
            if target not in addresses:  # the site's own Markdown would keep it, and lead nowhere
                yield (
                    number,
                    f"link to {show(target)} is not written plainly → write [text](../users.md), and no link in code",
                )
        for url in sorted({*map(page_of, LISTED.findall(line))} - learned) if learned else ():
            yield number, f"{show(url)} is linked and is no source → add it to sources"


def wrong_link(entry: Entry, link: Link, target: str) -> str:
    """What is wrong with a link, and what to write; nothing for https and for pages that exist."""
    parts = urlsplit(target)
    page = Path(os.path.normpath(entry.place.parent / parts.path)) if parts.path else entry.place
    if not link.text.strip():
        return "has no text → write [what it is](address)"
    if parts.scheme == "https":
        return nobody_can_open(target) if parts.hostname else "names no host → write https://…"
    if parts.scheme or not target or target.startswith("/"):
        return "is neither https nor relative → write https://… or a path such as ../users.md"
    if parts.query:
        return f"has a query, which only GitHub knows → write {target.replace('?' + parts.query, '')}"
    if not PATH.fullmatch(target) or entry.docs not in page.parents or not page.is_file():
        return "leads nowhere → write the path from this file to a page, such as ../users.md"
    if any(part.startswith(".") for part in page.relative_to(entry.docs).parts):
        return "is no page → write the path from this file to a page, such as ../users.md"
    if entry.body.count(f"]({target})") < sum(other.address == target for other in entry.github.links):
        return f"is not written plainly → write [{link.text.strip()}]({target}), with nothing else between the brackets"
    if parts.fragment and not names(page, parts.fragment) and parts.fragment not in (ids := anchors(page)):
        near = get_close_matches(parts.fragment, ids, 1)
        return "has no such anchor → " + (f"write #{near[0]}" if near else "delete the #…")
    return ""


RULES = (
    answer_comes_first, nothing_is_left_of_the_template, headings_go_down_by_one, github_shows_the_same, no_pictures,
    links_lead_somewhere,
)  # fmt: skip
