"""The rules for the front matter of a FAQ entry, and for its name. A rule takes an Entry and yields (line, message)."""

import re
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from difflib import get_close_matches
from urllib.parse import urlsplit

import yaml
from faq_entry import CONFIDENCE, FIELDS, Entry, as_the_build_reads_it, show
from faq_markdown import ROOT
from markdown.extensions.toc import slugify

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
MAX_TITLE, MIN_DESCRIPTION, MAX_DESCRIPTION = 120, 20, 160
FIRST_DAY = date(2018, 1, 1)  # Partner Admin Link is of 2018

MARKUP = re.compile(r"[<>]|&#?\w+;")
PLAIN = re.compile(r"[`*\[\]\\]|https?://")
ADDRESS = re.compile(r"https://[\w-]+(\.[\w-]+)+(:\d+)?([/?#][^\s\"<>\\]*)?")
# Names that only one company's network knows, and those that are nobody's.
INSIDE = re.compile(
    r"\.(?:internal|intranet|local|localdomain|localhost|lan|corp|home|private|test|example|invalid|onion|arpa)$"
)
# Where a sign-in of one company is needed; its address names the company.
COMPANY = re.compile(
    r"\.(?:sharepoint\.(?:com|us|cn|de)|atlassian\.net|slack\.com)$|^teams\.microsoft\.com$|(?:^|\.)example\.(?:com|org|net)$"
)


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


RULES = (
    fields_are_complete, title_is_a_question, file_is_an_entry, description_is_plain_and_short, front_matter_is_no_html,
    theme_and_confidence_are_known, checked_is_a_past_day, sources_can_be_opened,
)  # fmt: skip
