"""Check FAQ entries: every mistake at once, one a line, each with what to write instead.

    python tests/faq.py [--github] [files…]

Without files it reads every entry in docs/pal/faq. A line says `file:line: found → what to write`,
the last line counts them, the exit status is 1 when there are any. `--github` adds annotations.

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
from functools import cache
from pathlib import Path
from urllib.parse import unquote, urlsplit

import markdown
import yaml
from emulator.samples import ALL
from faq_entry import CONFIDENCE, FENCE, FIELDS, Entry, read, show
from markdown.extensions.toc import slugify

ROOT = Path(__file__).resolve().parent.parent
PLUGINS = yaml.load((ROOT / "mkdocs.yml").read_text("utf-8"), yaml.BaseLoader)["plugins"]  # noqa: S506 (builds text only)
THEMES = next(plugin["tags"]["tags_allowed"] for plugin in PLUGINS if "tags" in plugin)
KINDS = {yaml.ScalarNode: "text", yaml.SequenceNode: "a list", yaml.MappingNode: "a mapping"}
ADMONITIONS = "note abstract info tip success question warning failure danger bug example quote"
MAX_WORDS, MAX_TITLE, MAX_DESCRIPTION = 200, 120, 160
SAMPLES = set(ALL.values())

GUID = re.compile(r"\b[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\b", re.I)
PARTNER_ID = re.compile(r"(?<!issue )(?<!request )(?<![\w.-])\d{6,8}(?![\w-])")
SECRET = re.compile(r"\b\w{3}\dQ~[\w.~-]{30,}|\beyJ[\w-]{20,}|[A-Za-z0-9+/_=]{32,}")
URL = re.compile(r"https?://[^\s)>\"]+")
LINK = re.compile(
    r"\[[^\[\]]*\]\( ?<?((?:[^()\s<>]|\([^()\s]*\))*)>?(?: \"[^\"]*\")? ?\)"  # [text](address)
    r"|^\s*\[[^\[\]^]+\]:\s*(\S+)"  # [name]: address
)
HTML = re.compile(
    r"<(?!https?://)[A-Za-z/!?][^>]*>?|(?<!\{)\{(?![{%])[^}]*\}?"
)  # a tag, an autolink; an attribute list
MARKUP = re.compile(r"[<>]|&#?\w+;")
LIST = re.compile(r" *(?:[-*+]|\d+\.) +\S")
BLOCK = re.compile(r' *(?:!!!|\?\?\?\+?)(?: |$)| *===[!+]? "')  # admonition, tab
PLAIN_BLOCK = re.compile(rf' *(?:!!!|\?\?\?\+?) (?:{ADMONITIONS.replace(" ", "|")})(?: "[^"]*")? *$| *===')


def fields_are_complete(entry: Entry) -> Iterator[tuple[int, str]]:
    for name, (kind, write) in FIELDS.items() if entry.fields else ():
        line, node = entry.fields.get(name, (1, None))
        if node is None:
            yield line, f'no field "{name}" → write {write}'
        elif not (entry.text(name)[1] if isinstance(node, yaml.ScalarNode) else node.value):
            yield line, f'"{name}" is empty → write {write}'
        elif not isinstance(node, kind):
            yield line, f'"{name}" is {KINDS[type(node)]} → write {write}'
    for name, (line, _) in entry.fields.items():
        if name not in FIELDS:
            near = get_close_matches(name, FIELDS, 1)
            write = f"write {near[0]}" if near else "delete it"
            yield line, f"unknown field {show(name)} → {write}"


def title_is_a_question(entry: Entry) -> Iterator[tuple[int, str]]:
    line, title = entry.text("title")
    if title and (title[0].islower() or title.count("?") != 1 or title[-1] != "?"):
        yield line, f"title {show(title)} is not a question → write {FIELDS['title'][1]}"
    elif len(title) > MAX_TITLE:
        yield line, f"title of {len(title)} characters → write at most {MAX_TITLE}"
    elif title and not MARKUP.search(title) and entry.path.name != (name := slugify(title, "-") + ".md"):
        yield line, f"file name {show(entry.path.name)} is not the title's → rename it to {name}"


def description_is_plain_and_short(entry: Entry) -> Iterator[tuple[int, str]]:
    line, text = entry.text("description")
    if len(text) > MAX_DESCRIPTION:
        yield line, f"description of {len(text)} characters → write at most {MAX_DESCRIPTION}"
    if re.search(r"[`*<\[]|https?://", text):
        yield line, "Markdown in the description → write plain text, search shows it as it stands"


def front_matter_is_no_html(entry: Entry) -> Iterator[tuple[int, str]]:
    """Tab, index and search print it in different ways."""
    names = entry.fields.get("sources", (1, None))[1]
    found = (
        [(label.start_mark.line + 2, label.value) for label, _ in names.value]
        if isinstance(names, yaml.MappingNode)
        else []
    )
    for line, text in [entry.text("title"), *found]:
        if markup := MARKUP.search(str(text)):
            yield line, f"{show(text)} holds {markup[0]} → write plain words, (…) in place of <…>"


def theme_and_confidence_are_known(entry: Entry) -> Iterator[tuple[int, str]]:
    line, tags = entry.fields.get("tags", (1, None))
    themes = [str(item.value) for item in tags.value] if KINDS.get(type(tags)) == "a list" else []
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
        day = date.fromisoformat(text) if re.fullmatch(r"\d{4}-\d\d-\d\d", text) else None
    except ValueError:
        day = None
    if text and day is None:
        yield line, f"{show(text)} is not a date → write {FIELDS['checked'][1]}"
    elif day and day > (datetime.now(UTC) + timedelta(hours=14)).date():  # today, anywhere on earth
        yield line, f"{text} is in the future → write {FIELDS['checked'][1]}"


def sources_are_https(entry: Entry) -> Iterator[tuple[int, str]]:
    _, sources = entry.fields.get("sources", (1, None))
    for label, node in sources.value if isinstance(sources, yaml.MappingNode) else ():
        url = node.value if isinstance(node, yaml.ScalarNode) else KINDS[type(node)]
        if not re.fullmatch(r"https://[\w-]+(\.[\w-]+)+(:\d+)?([/?#][^\s\"<>\\]*)?", url):
            yield label.start_mark.line + 2, f"source {show(url)} → write an address with https://, and nothing else"
        if not label.value:
            yield label.start_mark.line + 2, "source without a name → write what it is, who, when"


def answer_comes_first(entry: Entry) -> Iterator[tuple[int, str]]:
    filled = [(n, line) for n, line, _ in entry.body() if line.strip() and "<!--" not in line]
    number, first = filled[0] if filled else (len(entry.lines), "")
    words = sum(len(line.split()) for _, line in filled)
    if not filled and 1 < entry.start <= len(entry.lines):
        yield number, "no answer → write it below the front matter, in one or two sentences"
    elif re.match(r" *(#{2,}|[-*+>|] |\d+\. |!\[)", first) or BLOCK.match(first):
        yield number, "answer does not come first → begin with one or two plain sentences"
    elif words > MAX_WORDS:
        yield number, f"answer of {words} words → write at most {MAX_WORDS}, link to the rest"


def headings_go_down_by_one(entry: Entry) -> Iterator[tuple[int, str]]:
    level, above = 1, ""
    for number, line, _ in entry.body():
        marks = len(line) - len(line.lstrip("#"))
        if marks == 1:
            yield number, "heading of level 1 → write ##, the title is the page's only level 1"
        elif marks > level + 1:
            yield number, f"heading of level {marks} → write {'#' * (level + 1)}, the next level"
        elif above and re.fullmatch(r"=+ *|--+ *", line):
            yield number, "underlined heading → write ## before its text"
        level, above = max(marks, 2) if marks else level, line.strip()


def no_code_blocks_no_html(entry: Entry) -> Iterator[tuple[int, str]]:
    for number, line, prose in entry.body():
        if FENCE.match(line) or "--8<--" in prose:
            yield number, "code block → link to the page with the tested snippet; `code` is fine"
        for tag in HTML.findall(prose):
            if tag.startswith("{"):
                yield number, f"attribute list {show(tag)} → delete it, or use backticks"
            elif tag.startswith("<!--"):
                yield number, "comment left in → write the answer and delete the comment"
            else:
                yield (
                    number,
                    f"raw HTML {show(tag)} → write Markdown, or use backticks",
                )


def links_lead_somewhere(entry: Entry) -> Iterator[tuple[int, str]]:
    for number, _, prose in entry.body():
        for link in LINK.finditer(prose):
            target = link[1] or link[2] or ""
            try:
                wrong = wrong_link(entry.path.resolve(), target)
            except (OSError, ValueError, RecursionError):  # no address, no file name, no Markdown
                wrong = "cannot be followed → write https://… or a path such as ../users.md"
            if wrong:
                yield number, f"link to {show(target)} {wrong}"
        if re.search(r"!\[", prose):
            yield number, "picture → say in words what it shows, and link the page that has it"
        if re.match(r" *\*\[[^\]]+\]:", prose):
            yield number, "abbreviation → write the words out where you use them"
        rest = LINK.sub("", prose)
        if URL.search(rest) or "www." in rest:
            yield number, "bare address → write [what it is](https://…)"
        if "](" in rest:
            yield number, "link is not closed → write [text](address) on one line"


def wrong_link(entry: Path, target: str) -> str:
    """What is wrong with a link, and what to write; nothing for https and for pages that exist."""
    parts = urlsplit(target)
    page = entry.parent / unquote(parts.path) if parts.path else entry
    docs = next((p for p in entry.parents if p.name == "docs"), entry.parent)
    if parts.scheme == "https":
        return ""
    if parts.scheme or not target or target.startswith("/"):
        return "is neither https nor relative → write https://… or a path such as ../users.md"
    if not page.is_file() or docs not in page.resolve().parents:
        return "leads nowhere → write the path from this file to a page, such as ../users.md"
    if parts.fragment and parts.fragment not in (ids := anchors(page)):
        near = get_close_matches(parts.fragment, ids, 1)
        return "has no such anchor → " + (f"write #{near[0]}" if near else "delete the #…")
    return ""


@cache
def anchors(page: Path) -> frozenset[str]:
    """The ids of a page's headings, as Python-Markdown makes them, and those written as id="…"."""
    text = re.sub(r"\A---\n.*?\n---\n", "", page.read_text("utf-8-sig", "replace"), flags=re.S)
    html = markdown.markdown(text, extensions=["toc", "attr_list", "pymdownx.superfences", "md_in_html"])
    return frozenset(re.findall(r'\bid="([^"]+)"', html))


def blocks_render_as_meant(entry: Entry) -> Iterator[tuple[int, str]]:
    """Where Python-Markdown differs from GitHub's preview: lists, indents, admonitions."""
    inside, kind, above = False, "", ""  # a list or admonition is open; the block; the line above
    for number, line, _ in entry.body():
        indent, item, opens = len(line) - len(line.lstrip(" ")), LIST.match(line), BLOCK.match(line)
        if not line.strip() or opens or line.startswith("#"):
            kind = ""
        elif item and kind == "text":
            yield number, "list directly after text → put a blank line above it"
            kind = "list"
        elif indent % 4 and (item or (inside and not above)):
            yield number, f"indented by {indent} → indent each deeper level by 4 spaces"
        elif indent >= 4 and not above and not inside:
            yield number, "text indented by 4 becomes code → delete the spaces"
        if line.strip() and not (opens or line.startswith("#")):
            kind = kind or ("list" if item else "text")
        if opens and not PLAIN_BLOCK.match(line):
            yield number, f"block {show(line)} → write one of {ADMONITIONS.replace(' ', ', ')}, and a title in quotes"
        elif opens:
            following = next((later for later in entry.lines[number:] if later.strip()), "")
            if not following.startswith(" " * (indent + 4)):
                yield number, f"{line.split()[0]} without a body → indent its text by 4 spaces"
        if line.strip():
            inside = bool(item or opens or indent >= 4 or (inside and above))
        above = line.strip()


def marks_are_closed(entry: Entry) -> Iterator[tuple[int, str]]:
    for number, _, prose in entry.body():
        for mark, name in (("`", "code"), ("**", "bold text")):
            if prose.count(mark) % 2:
                yield number, f"{name} is not closed → write {mark} on both sides, on one line"


def characters_are_plain(entry: Entry) -> Iterator[tuple[int, str]]:
    for number, line in enumerate(entry.lines, 1):
        if "\t" in line:
            yield number, "tab character → write spaces"
        if "{{" in line or "{%" in line:
            yield number, "{{ or {% → say it in words, template engines read these"
        for c in sorted({c for c in line if c not in " \t" and unicodedata.category(c)[0] in "CZ"}):
            name = unicodedata.name(c, "control character").lower()
            yield number, f"invisible character U+{ord(c):04X} ({name}) → delete it"


def no_secrets(entry: Entry, roles: Iterable[str] = ()) -> Iterator[tuple[int, str]]:
    """Only samples and published role IDs may look like IDs; what may be a secret is not shown."""
    known = SAMPLES | {role.lower() for role in roles}
    for number, line in enumerate(entry.lines, 1):
        for guid in set(GUID.findall(line.lower())) - known:
            yield number, f"{guid[:8]}… may be a real ID → write a sample, 11111111-1111-…"
        line = GUID.sub("", line)
        for digits in set(PARTNER_ID.findall(URL.sub("", line))) - known:
            yield number, f"{digits} may be a real partner ID → write the sample 1234567"
        for token in SECRET.findall(URL.sub(lambda url: url[0].replace("/", " "), line)):
            if all(re.search(kind, token) for kind in ("[a-z]", "[A-Z]", "[0-9]")):
                yield number, f"{len(token)} characters like a secret → delete and revoke it"


RULES = (
    fields_are_complete, title_is_a_question, description_is_plain_and_short, front_matter_is_no_html,
    theme_and_confidence_are_known, checked_is_a_past_day, sources_are_https,
    answer_comes_first, headings_go_down_by_one, no_code_blocks_no_html, links_lead_somewhere,
    blocks_render_as_meant, marks_are_closed, characters_are_plain,
)  # fmt: skip


def question(entry: Entry) -> str:
    """A title without the words that do not change what is asked."""
    small = "a an the we us our i my you your do does did is are can could may must have has any"
    words = re.findall(r"\w+", entry.text("title")[1].casefold())
    return " ".join(word for word in words if word not in small.split())


def check(paths: Iterable[Path], roles: Iterable[str] = ()) -> list[tuple[Path, int, str]]:
    """Every mistake in the files, sorted, as (path, line, message). Entries may name `roles`.

    A question is compared with those of all entries beside it, not only with the files given."""
    entries = {path: read(path) for path in sorted(set(paths))}
    beside = {other for folder in {p.parent for p in entries} for other in folder.glob("*.md")}
    asked: dict[str, list[Path]] = {}
    for path in sorted({*entries, *beside}):
        asked.setdefault(question(entries.get(path) or read(path)), []).append(path)
    mistakes = []
    for path, entry in entries.items():
        found = [*entry.mistakes, *no_secrets(entry, roles)]
        for rule in RULES if entry.lines else ():
            found += rule(entry)
        for other in asked[question(entry)] if question(entry) else ():
            if other != path and (other not in entries or other < path):
                line = entry.text("title")[0]
                found.append((line, f"question as in {other.name} → improve that entry instead"))
        mistakes += [(path, line, message) for line, message in found]
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


def main(argv: list[str] | None = None) -> int:
    """Check the files named, or all entries. The role IDs are those on the page about roles."""
    parser = argparse.ArgumentParser(description="Check FAQ entries.")
    parser.add_argument("files", nargs="*", type=Path, help="default: all of docs/pal/faq")
    parser.add_argument("--github", action="store_true", help="also print workflow annotations")
    options = parser.parse_args(argv)
    sys.stdout.reconfigure(encoding="utf-8", errors="backslashreplace")
    folder, roles = ROOT / "docs/pal/faq", ROOT / "docs/pal/roles.md"
    files = options.files or [p for p in folder.glob("*.md") if p.name != "index.md"]
    known = GUID.findall(roles.read_text("utf-8")) if roles.is_file() else ()
    mistakes = [(os.path.relpath(path).replace(os.sep, "/"), *rest) for path, *rest in check(files, known)]
    lines = [f"{name}:{line}: {message}" for name, line, message in mistakes]
    for line in annotated(mistakes, lines) if options.github and lines else lines:
        print(line)
    print(f"entries: {len(files)}, mistakes: {len(mistakes)}")
    return 1 if mistakes else 0


if __name__ == "__main__":
    sys.exit(main())
