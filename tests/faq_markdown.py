"""One body of Markdown as GitHub shows it and as the site does: the same list of blocks and words, or a difference.

GitHub is cmark-gfm, its own parser, which also knows the lines. The site is Python-Markdown with the extensions of mkdocs.yml.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from html.parser import HTMLParser
from itertools import chain
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parent.parent
STYLES = {"em", "strong", "code", "a", "del"}
UNSEEN = {"thead", "tbody"}
ALONE = {"br", "hr", "img", "input"}


class Token(NamedTuple):
    """The begin or the end of a block, or a run of words with one style; `line` is 0 where nobody knows it."""

    kind: str
    value: str
    line: int

    @property
    def key(self) -> tuple[str, str]:
        return self.kind, " ".join(self.value.split())


class Link(NamedTuple):
    """`kind` is "footnote" for what leads to one and back."""

    address: str
    line: int
    text: str
    kind: str


class Document(NamedTuple):
    """`blocks` are lists of tokens, `html` the lines where raw HTML begins."""

    blocks: list[list[Token]]
    links: list[Link]
    html: list[int]


def github(body: str, start: int) -> Document:
    """What GitHub makes of `body`, which begins at line `start` of its file."""
    import cmarkgfm
    from cmarkgfm.cmark import Options

    options = Options.CMARK_OPT_SOURCEPOS | Options.CMARK_OPT_FOOTNOTES
    extensions = ["table", "strikethrough", "autolink", "tasklist"]
    html = cmarkgfm.markdown_to_html_with_extensions(body, options, extensions)
    return _Reader(start - 1, body.split("\n")).document(html)


def site(body: str) -> Document | None:
    """What the site makes of `body`; None where Python-Markdown cannot, as with a thousand quotes in each other, or would take minutes."""
    if too_many(body):
        return None
    try:
        return _Reader(0, []).document(converter().reset().convert(body))
    except (RecursionError, SystemExit, Exception):
        return None


def too_many(body: str) -> str:
    """A mark that stands there so often that Python-Markdown takes minutes; nothing where there is none."""
    return next((mark for mark in "[<`*_!" if body.count(mark) > 400), "")


@cache
def converter():
    """Python-Markdown with exactly the site's extensions, and those that MkDocs adds to every site."""
    import markdown
    from mkdocs.utils.yaml import yaml_load

    with (ROOT / "mkdocs.yml").open(encoding="utf-8") as file:
        listed = yaml_load(file)["markdown_extensions"]
    options = {name: settings for each in listed if isinstance(each, dict) for name, settings in each.items()}
    options["pymdownx.snippets"]["base_path"] = [ROOT / "snippets"]  # mkdocs.yml means its own folder
    names = [next(iter(each)) if isinstance(each, dict) else each for each in listed]
    return markdown.Markdown(
        extensions=[*dict.fromkeys(["toc", "tables", "fenced_code", *names])], extension_configs=options
    )


@cache
def names(page: Path, anchor: str) -> bool:
    """Whether a page says an id in so many words, `{ #id }`: most links lead to such, and then nothing has to be rendered."""
    return re.search(rf"\{{:? *#{re.escape(anchor)}[ }}]", page.read_text("utf-8-sig", "replace")) is not None


@cache
def anchors(page: Path) -> frozenset[str]:
    """The ids that other pages may link on a page: what Markdown makes of its body, without what the theme adds."""
    from mkdocs.utils.meta import get_data

    body = get_data(page.read_text("utf-8-sig", "replace"))[0]
    without_files = re.sub(r"^ *(--8<--|```).*\n", "", body, flags=re.MULTILINE)  # they hold no headings
    html = converter().reset().convert(without_files)
    return frozenset(re.findall(r'\bid="([^"]+)"', html))


class _Reader(HTMLParser):
    """HTML of either parser, without what only looks different: ids of headings, bold inside italics, paragraphs in list items."""

    def __init__(self, above: int, lines: list[str]) -> None:
        super().__init__(convert_charrefs=True)
        self.above, self.lines, self.line, self.end = above, lines, 0, above
        self.blocks: list[list[Token]] = []
        self.links: list[Link] = []
        self.html: list[int] = []
        self.opened: list[str] = []
        self.styles: list[str] = []
        self.skipping = False

    def document(self, html: str) -> Document:
        self.feed(html)
        self.close()
        return Document([trimmed(block) for block in self.blocks], self.links, self.html)

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        found = {name: value or "" for name, value in attributes}
        if place := found.pop("data-sourcepos", ""):
            self.find(tag, *(int(n) for n in re.match(r"(\d+):\d+-(\d+)", place).groups()))
        if tag == "a" and found.get("class") == "headerlink":
            self.skipping = True
        elif tag in STYLES:
            self.styles.append(f"{tag} {address(found)}".strip())
            if tag == "a":
                kind = "footnote" if any(name.startswith("data-footnote") for name in found) else ""
                self.links.append(Link(found.get("href", ""), self.line, "", kind))
        elif tag == "p" and self.opened[-1:] == ["li"]:
            self.opened.append("p in li")
            if self.blocks[-1][-1].kind.startswith("text"):
                self.add("next paragraph", "")
        elif tag not in UNSEEN:
            self.add(f"<{tag}", attributes_that_count(tag, found))
            if tag not in ALONE:
                self.opened.append(tag)

    def find(self, tag: str, first: int, last: int) -> None:
        """Where a block is. Of a table that touches the text above it cmark does not know where that text ends."""
        if not first:
            first = last = self.end - self.above + 1
            while first < len(self.lines) and not self.lines[first - 1].strip():
                first = last = first + 1
        if tag == "table":
            first = next((n for n in range(first, last) if re.fullmatch(r"[\s>|:-]*-[\s>|:-]*", self.lines[n])), first)
        if tag == "tr" and self.blocks[-1][-1].kind == "<table":
            first = self.line - self.above
        self.line, self.end = self.above + first, self.above + last

    def handle_endtag(self, tag: str) -> None:
        if self.skipping:
            self.skipping = tag != "a"
        elif tag in STYLES and self.styles:
            self.styles.pop()
        elif tag not in UNSEEN and tag not in ALONE and self.opened and self.opened.pop() != "p in li":
            self.add(f"</{tag}", "")

    def handle_data(self, data: str) -> None:
        if self.skipping:
            return
        if self.links and self.styles and any(style.startswith("a ") for style in self.styles):
            self.links[-1] = self.links[-1]._replace(text=self.links[-1].text + data)
        inside = self.opened and (data.strip() or self.blocks[-1][-1].kind.startswith("text"))
        if inside or data.strip():
            self.add("text " + ",".join(sorted(self.styles)), data)
        self.line += data.count("\n")

    def handle_comment(self, data: str) -> None:
        """cmark writes one in place of raw HTML."""
        self.html.append(self.line if self.opened else self.end + 1)

    def add(self, kind: str, value: str) -> None:
        if not self.opened and not kind.startswith("</"):
            self.blocks.append([])
        block = self.blocks[-1]
        if block and block[-1].kind == kind and kind.startswith("text"):
            block[-1] = block[-1]._replace(value=block[-1].value + value)
        else:
            block.append(Token(kind, value, self.line))


def address(found: dict[str, str]) -> str:
    """What a link's or a style's own attributes say; addresses are compared as they are decoded."""
    from urllib.parse import unquote

    return " ".join(f"{name}={unquote(value)}" for name, value in sorted(found.items()))


def attributes_that_count(tag: str, found: dict[str, str]) -> str:
    if re.fullmatch(r"h[1-6]", tag):
        found.pop("id", None)
    if align := re.fullmatch(r"text-align: (\w+);", found.get("style", "")):
        found = found | {"align": align[1]}
        del found["style"]
    return address(found)


def trimmed(block: list[Token]) -> list[Token]:
    """Without the white space at the ends of blocks, which nobody sees."""
    return [token for token in block if not token.kind.startswith("text") or token.value.strip()]


def differences(here: Document, there: Document) -> Iterator[tuple[list[Token], list[Token], int]]:
    """The tokens of each run of blocks that are not the same in both, and the place where they begin to differ."""
    from difflib import SequenceMatcher

    ours, theirs = ([tuple(t.key for t in block) for block in document.blocks] for document in (here, there))
    codes = [] if ours == theirs else SequenceMatcher(None, ours, theirs).get_opcodes()
    for same, i, i_end, j, j_end in codes:
        if same == "replace" and i_end - i == j_end - j:
            places = (n for n in range(i_end - i) if ours[i + n] != theirs[j + n])
            yield from (first_difference(here.blocks[i + n], there.blocks[j + n]) for n in places)
        elif same != "equal":
            yield first_difference([*chain(*here.blocks[i:i_end])], [*chain(*there.blocks[j:j_end])])


def first_difference(left: list[Token], right: list[Token]) -> tuple[list[Token], list[Token], int]:
    pairs = enumerate(zip(left, right, strict=False))
    return left, right, next((n for n, (a, b) in pairs if a.key != b.key), min(len(left), len(right)))
