"""Check FAQ entries: every mistake at once, one a line, each with what to write instead.

    python tests/faq.py [--github] [files…]

Without files it reads every entry in docs/pal/faq. A line says `file:line: found → what to write`,
the last line counts them, the exit status is 1 when there are any. `--github` adds annotations, and
a table in the file that GITHUB_STEP_SUMMARY names.

A rule is a generator that takes an Entry and yields (line, message); RULES names them all.
"""

import argparse
import os
import re
import secrets
import sys
import unicodedata
from collections.abc import Iterable, Iterator
from datetime import UTC, date, datetime, timedelta
from difflib import get_close_matches
from itertools import takewhile
from pathlib import Path
from urllib.parse import urlsplit

import certainty
import faq_history
import yaml
from faq_entry import CONFIDENCE, FIELDS, Entry, as_the_build_reads_it, read, show
from faq_markdown import ROOT, Document, Link, Token, anchors, differences, names, too_many
from faq_private import GUID, private
from markdown.extensions.toc import slugify
from promised import CORRECTED, no_warning, not_corrected
from words import LISTED, page_of, says_open, unsettled

PLUGINS = yaml.load((ROOT / "mkdocs.yml").read_text("utf-8"), yaml.CBaseLoader)["plugins"]  # noqa: S506 (builds text only)
THEMES = next(plugin["tags"]["tags_allowed"] for plugin in PLUGINS if "tags" in plugin)
TAG = "tag:yaml.org,2002:"
KINDS = {
    "str": "text",
    "seq": "a list",
    "map": "a mapping",
    "int": "a number",
    "float": "a number",
    "timestamp": "a day",
}
KINDS |= {"bool": "true or false"}
MAX_WORDS, MAX_TITLE, MIN_DESCRIPTION, MAX_DESCRIPTION = 200, 120, 20, 160
FIRST_DAY = date(2018, 1, 1)  # Partner Admin Link is of 2018

MARKUP = re.compile(r"[<>]|&#?\w+;")
PLAIN = re.compile(r"[`*\[\]\\]|https?://")
PLACEHOLDER = re.compile(r"\b(?:TODO|TBD|TBA|FIXME|XXX|WIP)\b|(?i:lorem ipsum)")
# What the template says, where an answer or a field should be.
TEMPLATE = re.compile(
    r"^(?:the )?answer (?:goes|comes) here|^write the answer|^to be (?:written|done|added|confirmed)\b"
    r"|short answer in plain text|as a partner would ask it",
    re.I,
)
ADDRESS = re.compile(r"https://[\w-]+(\.[\w-]+)+(:\d+)?([/?#][^\s\"<>\\]*)?")
# Names that only one company's network knows, and those that are nobody's.
INSIDE = re.compile(
    r"\.(?:internal|intranet|local|localdomain|localhost|lan|corp|home|private|test|example|invalid|onion|arpa)$"
)
# Where a sign-in of one company is needed; its address names the company.
COMPANY = re.compile(
    r"\.(?:sharepoint\.(?:com|us|cn|de)|atlassian\.net|slack\.com)$|^teams\.microsoft\.com$|(?:^|\.)example\.(?:com|org|net)$"
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


def kind_of(node: yaml.Node) -> str:
    """What YAML reads: the last word of its tag."""
    return node.tag.removeprefix(TAG) if node.tag.startswith(TAG) else node.tag


def is_no_text(node: yaml.Node) -> str:
    """What a value is that is no text on one line; nothing for text."""
    kind = kind_of(node)
    if kind == "str":
        return "in several lines or with spaces at an end" if node.value != " ".join(node.value.split()) else ""
    return f"{KINDS[kind]} to YAML, no text" if kind in KINDS else f"a YAML tag ({show(kind)})"


def fields_are_complete(entry: Entry) -> Iterator[tuple[int, str]]:
    for name, (kind, write) in FIELDS.items() if entry.fields else ():
        line, node = entry.fields.get(name, (1, None))
        if node is None:
            yield line, f'no field "{name}" → write {write}'
        elif kind_of(node) == "null" or not node.value:
            yield line, f'"{name}" is empty → write {write}'
        elif not isinstance(node, kind):
            yield line, f'"{name}" is {KINDS.get(kind_of(node), "a YAML tag")} → write {write}'
        elif isinstance(node, yaml.ScalarNode):
            if (found := is_no_text(node)) and (name, kind_of(node)) != ("checked", "timestamp"):
                yield line, f'"{name}" is {found} → write {write}, in quotes'
        elif kind_of(node) not in ("seq", "map"):
            yield line, f'"{name}" is {is_no_text(node)} → write {write}'
    for name, (line, _) in entry.fields.items():
        if name not in FIELDS:
            near = get_close_matches(name, FIELDS, 1)
            write = f"write {near[0]}" if near else "delete it"
            yield line, f"unknown field {show(name)} → {write}"


def the_build_reads_the_same(entry: Entry) -> Iterator[tuple[int, str]]:
    """MkDocs throws the front matter away, without a word, when one value of it cannot be made."""
    if entry.fields and as_the_build_reads_it(entry) != set(entry.fields):
        yield 1, "the build cannot read this front matter → write plain text, as the template does"


def title_is_a_question(entry: Entry) -> Iterator[tuple[int, str]]:
    line, title = entry.text("title")
    no_letters = [c for c in title if c.isalpha() and not slugify(c, "-")]
    name = slugify(title, "-") + ".md"
    if title and (no_letters or name == ".md"):
        yield line, f"title {show(title)} has letters that an address cannot hold → write the question in English"
    elif title and (title[0].islower() or title.count("?") != 1 or title[-1] != "?"):
        yield line, f"title {show(title)} is not a question → write {FIELDS['title'][1]}"
    elif len(title) > MAX_TITLE:
        yield line, f"title of {len(title)} characters → write at most {MAX_TITLE}"
    elif PLAIN.search(title):
        yield line, "Markdown in the title → write plain text, search shows it as it stands"
    elif title and not MARKUP.search(title) and entry.path.name != name:
        yield line, f"file name {show(entry.path.name)} is not the title's → rename it to {name}"


def file_is_an_entry(entry: Entry) -> Iterator[tuple[int, str]]:
    """Everything below docs/ is published, whatever it is called."""
    if entry.docs.name == "docs" and entry.place.parent != entry.docs / "pal/faq":
        yield 1, "not in docs/pal/faq itself → move it there"
    if entry.path.suffix != ".md" and not entry.text("title")[1] and entry.lines:
        yield 1, f"{show(entry.path.name)} is published and is no entry → name it my-question.md, or delete it"


def description_is_plain_and_short(entry: Entry) -> Iterator[tuple[int, str]]:
    line, text = entry.text("description")
    if len(text) > MAX_DESCRIPTION:
        yield line, f"description of {len(text)} characters → write at most {MAX_DESCRIPTION}"
    elif text and len(text) < MIN_DESCRIPTION and is_text(entry, "description"):
        yield line, f"description of {len(text)} characters → write {FIELDS['description'][1]}"
    if PLAIN.search(text):
        yield line, "Markdown in the description → write plain text, search shows it as it stands"


def is_text(entry: Entry, name: str) -> bool:
    return kind_of(entry.fields[name][1]) == "str"


def front_matter_is_no_html(entry: Entry) -> Iterator[tuple[int, str]]:
    """Tab, index and search print it in different ways."""
    names = [(line, str(name.value)) for line, name, _ in entry.sources()]
    for line, text in [entry.text("title"), entry.text("description"), *names]:
        if markup := MARKUP.search(text):
            yield line, f"{show(text)} holds {markup[0]} → write plain words, (…) in place of <…>"


def theme_and_confidence_are_known(entry: Entry) -> Iterator[tuple[int, str]]:
    line, tags = entry.fields.get("tags", (1, None))
    themes = [str(item.value) for item in tags.value] if isinstance(tags, yaml.SequenceNode) else []
    if len(themes) > 1:
        yield line, f"{len(themes)} themes → keep one"
    elif themes and themes[0] not in THEMES:
        near = get_close_matches(themes[0], THEMES, 1, 0.5) or THEMES
        yield line, f"unknown theme {show(themes[0])} → write " + " or ".join(near)
    line, word = entry.text("confidence")
    if word and word not in CONFIDENCE:
        yield line, f"unknown confidence {show(word)} → write {FIELDS['confidence'][1]}"


def checked_is_a_past_day(entry: Entry) -> Iterator[tuple[int, str]]:
    line, text = entry.text("checked")
    try:
        day = date.fromisoformat(text) if re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", text) else None
    except ValueError:
        day = None
    if text and day is None:
        yield line, f"{show(text)} is not a date → write {FIELDS['checked'][1]}"
    elif day and day > (datetime.now(UTC) + timedelta(hours=14)).date():  # today, anywhere on earth
        yield line, f"{text} is in the future → write {FIELDS['checked'][1]}"
    elif day and day < FIRST_DAY:
        yield line, f"{text} is before there was Partner Admin Link → write {FIELDS['checked'][1]}"


def sources_can_be_opened(entry: Entry) -> Iterator[tuple[int, str]]:
    seen: set[str] = set()
    for line, name, address in entry.sources():
        if isinstance(name, yaml.ScalarNode) and not name.value:
            yield line, "source without a name → write what it is, who, when"
        elif found := is_no_text(name):
            yield line, f'name of a source is {found} → write "Page (who, when)": https://…'
        elif "(who, when)" in name.value.lower():
            yield line, f"{show(name.value)} is the template's → write what it is, who, when"
        elif name.value in seen:
            yield line, f"source {show(name.value)} twice → give each its own name, or keep one"
        seen.add(str(name.value))
        url = address.value if isinstance(address, yaml.ScalarNode) else KINDS.get(kind_of(address), "a YAML tag")
        if re.match(r"https://\S+\s", url) and not re.search(r"[\"<>\\]", url):
            yield (
                line,
                f"white space in the address {show(url)} → delete it; who and when belong into the name before the colon",
            )
        elif not ADDRESS.fullmatch(url) or kind_of(address) != "str":
            yield line, f"source {show(url)} → write an address with https://, and nothing else"
        elif wrong := nobody_can_open(url):
            yield line, f"source {show(url)} {wrong}"


def nobody_can_open(url: str) -> str:
    """Why a reader cannot open an https address, and what to write; nothing where one can."""
    host = urlsplit(url).hostname or ""
    if COMPANY.search(host):
        return "is inside one company and names it, no reader can open it → name a public page"
    if INSIDE.search(host) or re.fullmatch(r"[\d.]+|[^.]+", host) or ":" in host:
        return "is only there in one network → name a page that every reader can open"
    return ""


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


def as_sure_as_its_sources(entry: Entry) -> Iterator[tuple[int, str]]:
    """The rules that tests hold all pages to: what an answer may say on whose word, and what its page promised."""
    if not entry.fields:
        return
    text, page = "\n".join(entry.lines), f"pal/faq/{entry.path.name}"
    for find, parts in certainty.RULES.values():
        yield from find(parts(text))
    yield from certainty.to_come(entry.lines, date.today())
    yield from unsettled(text)
    yield from ((1, message) for message in no_warning(page, text))
    for correction in CORRECTED:
        yield from not_corrected(correction, page, text)
    line, word = entry.text("confidence")
    addresses = [node.value for _, _, node in entry.sources() if isinstance(node, yaml.ScalarNode)]
    if word == "documented" and addresses and not any(re.match(certainty.MICROSOFTS, url) for url in addresses):
        yield line, "documented, and no source is Microsoft's → name its page, or write practice"


def characters_are_plain(entry: Entry) -> Iterator[tuple[int, str]]:
    for number, line in enumerate(entry.lines, 1):
        if "\t" in line:
            yield number, "tab character → write spaces"
        if "{{" in line or "{%" in line:
            yield number, "{{ or {% → say it in words, template engines read these"
        for c in sorted({c for c in line if c not in " \t" and unicodedata.category(c)[0] in "CZ"}):
            name = unicodedata.name(c, "control character").lower()
            yield number, f"invisible character U+{ord(c):04X} ({name}) → delete it"


def nothing_private(entry: Entry, roles: set[str]) -> Iterator[tuple[int, str]]:
    """As written; and what is seen only as it is shown, where marks or signs stand between the digits."""
    told = set()
    for number, line in enumerate(entry.lines, 1):
        found = [*private(line, roles)]
        told.update(found)
        yield from ((number, message) for message in found)
    for number, line in sentences(entry.github):
        if line not in entry.lines[number - 1]:
            yield from ((number, message) for message in private(line, roles) if message not in told)


RULES = (
    fields_are_complete, title_is_a_question, file_is_an_entry, description_is_plain_and_short,
    front_matter_is_no_html, theme_and_confidence_are_known, checked_is_a_past_day, sources_can_be_opened,
    answer_comes_first, nothing_is_left_of_the_template, headings_go_down_by_one, github_shows_the_same, no_pictures,
    links_lead_somewhere, as_sure_as_its_sources, characters_are_plain,
)  # fmt: skip


def question(entry: Entry) -> tuple[str, ...]:
    """A title's words, in no order, without those that do not change what is asked."""
    small = "a an the we us our i my you your do does did is are can could may must have has any"
    words = re.findall(r"\w+", entry.text("title")[1].casefold())
    return tuple(sorted(word for word in words if word not in small.split()))


def check(paths: Iterable[Path], roles: Iterable[str] = ()) -> list[tuple[Path, int, str]]:
    """Every mistake in the files, sorted, as (path, line, message). Entries may name `roles`.

    A question is compared with those of all entries beside it, not only with the files given."""
    entries = {path: read(path) for path in sorted(set(paths))}
    known = {role.lower() for role in roles}
    beside = {other for folder in {p.parent for p in entries} for other in folder.glob("*.md")}
    asked: dict[tuple[str, ...], list[Path]] = {}
    for path in sorted({*entries, *beside}):
        asked.setdefault(question(entries.get(path) or read(path)), []).append(path)
    mistakes = []
    for path, entry in entries.items():
        found = [*entry.mistakes, *nothing_private(entry, known)]
        for rule in RULES if entry.lines else ():
            found += rule(entry)
        if not any(line < entry.start for line, _ in found):
            found += the_build_reads_the_same(entry)
        for other in asked[question(entry)] if question(entry) else ():
            if other != path and (other not in entries or other < path):
                line = entry.text("title")[0]
                found.append((line, f"question as in {other.name} → improve that entry instead"))
        mistakes += [(path, line, message) for line, message in dict.fromkeys(found)]
    return sorted(mistakes)


def annotated(mistakes: Iterable[tuple[str, int, str]], lines: Iterable[str]) -> Iterator[str]:
    """The lines, where GitHub obeys no command that an entry or its name may hold, then an annotation for each.

    GitHub reads commands anywhere in a log (`##[…]`) unless they are stopped until a word that nobody can guess. It shows
    at most ten annotations a step, so the lines stay."""
    word = secrets.token_hex(16)
    yield f"::stop-commands::{word}"
    yield from lines
    yield f"::{word}::"
    for name, line, message in mistakes:
        yield f"::error file={escaped(name, property=True)},line={line}::{escaped(message)}"


def escaped(text: str, property: bool = False) -> str:
    """Text as a workflow command's data, or as the value of one of its properties."""
    for character in "%\r\n:," if property else "%\r\n":  # the percent sign first
        text = text.replace(character, f"%{ord(character):02X}")
    return text


def entries(folder: Path = ROOT / "docs/pal/faq") -> list[Path]:
    """All that MkDocs would publish from the folder, whatever it is called; it leaves out what begins with a dot."""
    found = (path for path in sorted(folder.rglob("*")) if path.is_file() and path != folder / "index.md")
    return [path for path in found if not any(part.startswith(".") for part in path.relative_to(folder).parts)]


def published_roles() -> set[str]:
    """The IDs of built-in roles, which are the same in every tenant."""
    files = [ROOT / "docs/pal/roles.md", ROOT / "tests/data/roles.json"]
    return {guid for file in files if file.is_file() for guid in GUID.findall(file.read_text("utf-8"))}


def summary(mistakes: list[tuple[str, int, str]]) -> str:
    """All mistakes as a table for the page of a workflow's run, where nothing of an entry or its name is markup."""
    rows = [f"| {plain(f'{name}:{line}')} | {plain(message)} |" for name, line, message in mistakes[:500]]
    more = [f"And {len(mistakes) - 500} more, which the log lists."] if len(mistakes) > 500 else []
    head = f"### Mistakes in FAQ entries: {len(mistakes)}"
    return "\n".join([head, "", "| Where | Found → what to write |", "| --- | --- |", *rows, "", *more]) + "\n"


def plain(text: str) -> str:
    """Text that Markdown prints as it stands, on one line."""
    text = "".join(c if c.isprintable() else "�" for c in text)
    return re.sub(r"[!-/:-@\[-`{-~]", r"\\\g<0>", text)


def main(argv: list[str] | None = None) -> int:
    """Check the files named, or all entries. The role IDs are those on the page about roles."""
    parser = argparse.ArgumentParser(description="Check FAQ entries.")
    parser.add_argument("files", nargs="*", type=Path, help="default: all of docs/pal/faq")
    parser.add_argument("--github", action="store_true", help="also print workflow annotations")
    options = parser.parse_args(argv)
    sys.stdout.reconfigure(encoding="utf-8", errors="backslashreplace")
    files = options.files or entries()
    known = published_roles()
    found = check(files, known)
    folder = ROOT / faq_history.FAQ
    if not options.files or any(path.resolve().parent == folder for path in files):
        names = faq_history.published(ROOT)
        found += [
            each for each in faq_history.lost(ROOT, names) if not options.files or any(f.name in each[2] for f in files)
        ]
        if not names:
            print("published addresses: not judged, there is no history → git fetch --unshallow")
    mistakes = [(os.path.relpath(path).replace(os.sep, "/"), *rest) for path, *rest in sorted(found)]
    lines = [f"{name}:{line}: {message}" for name, line, message in mistakes]
    if options.github and mistakes and (page := os.environ.get("GITHUB_STEP_SUMMARY")):
        with Path(page).open("a", encoding="utf-8", errors="backslashreplace") as file:
            file.write(summary(mistakes))
    for line in annotated(mistakes, lines) if options.github and lines else lines:
        print(line)
    print(f"entries: {len(files)}, mistakes: {len(mistakes)}")
    return 1 if mistakes else 0


if __name__ == "__main__":
    sys.exit(main())
