"""A FAQ entry as the checker sees it: its lines, its front matter with line numbers, its body. MkDocs' own reader decides what is which."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

import faq_markdown
import yaml
from mkdocs.utils.meta import YAML_RE, SafeLoader, get_data

CONFIDENCE = ("documented", "practice", "open")
FIELDS = {  # field: (kind of YAML node, what to write)
    "title": (yaml.ScalarNode, "one question as a partner would ask it: capital first, ? last"),
    "description": (yaml.ScalarNode, "the short answer in plain text, 20 to 160 characters"),
    "tags": (yaml.SequenceNode, "one theme in a list, for example a line `  - Reporting`"),
    "confidence": (yaml.ScalarNode, "one of " + ", ".join(CONFIDENCE)),
    "checked": (yaml.ScalarNode, "the day you read the sources, as YYYY-MM-DD"),
    "sources": (yaml.MappingNode, 'at least one line `  "Page (who, when)": https://…`'),
}
MAX_BYTES = 16 * 1024


@dataclass
class Entry:
    """A file: all its `lines`, its front matter (name: line, node), the number of its first line of body (0: nobody knows which that
    is), and the mistakes met while reading it."""

    path: Path
    lines: list[str] = field(default_factory=list)
    fields: dict[str, tuple[int, yaml.Node]] = field(default_factory=dict)
    start: int = 0
    mistakes: list[tuple[int, str]] = field(default_factory=list)

    def text(self, name: str) -> tuple[int, str]:
        """Line and value of a text field; the value is empty when it is missing or no text."""
        line, node = self.fields.get(name, (1, None))
        return line, node.value if isinstance(node, yaml.ScalarNode) else ""

    def sources(self) -> Iterator[tuple[int, yaml.Node, yaml.Node]]:
        """Line, name and address of each source."""
        node = self.fields.get("sources", (1, None))[1]
        for name, address in node.value if isinstance(node, yaml.MappingNode) else ():
            yield name.start_mark.line + 2, name, address

    @property
    def body(self) -> str:
        return "\n".join(self.lines[self.start - 1 :]) if self.start else ""

    @cached_property
    def place(self) -> Path:
        return self.path.resolve()

    @cached_property
    def docs(self) -> Path:
        """The folder that is published; of an entry that lies elsewhere, its own."""
        return next((folder for folder in self.place.parents if folder.name == "docs"), self.place.parent)

    @cached_property
    def github(self) -> faq_markdown.Document:
        """The body as GitHub shows it, with the file's line numbers."""
        return faq_markdown.github(self.body, self.start)

    @cached_property
    def site(self) -> faq_markdown.Document | None:
        """The body as the site shows it; None where Python-Markdown gives up, as the build would."""
        return faq_markdown.site(self.body)


def show(found: str) -> str:
    """Quote text from a file: on one line, no control characters, at most 60 characters."""
    found = "".join(c if c.isprintable() else "�" for c in " ".join(found.split()))
    return f'"{found[:57]}…"' if len(found) > 60 else f'"{found}"'


def read(path: Path) -> Entry:
    """Read a file; whatever cannot be read is a mistake of the entry, never an exception."""
    entry = Entry(path)
    try:
        data = path.read_bytes()
        text = data.decode("utf-8-sig") if b"\0" not in data else None
    except OSError as error:
        entry.mistakes.append((1, f"cannot be read ({error.strerror}) → give the path of an entry"))
        return entry
    except UnicodeDecodeError:
        text = None
    if len(data) > MAX_BYTES:
        problem = f"file of {len(data)} bytes → write a short answer and link to the rest"
        entry.mistakes.append((1, problem))
    elif text is None:
        entry.mistakes.append((1, "not a UTF-8 text file → save the entry as plain UTF-8 text"))
    else:
        if data.startswith(b"\xef\xbb\xbf"):
            entry.mistakes.append((1, "byte order mark → save the file as UTF-8 without BOM"))
        if "\r" in text:
            line = text[: text.index("\r")].count("\n") + 1
            entry.mistakes.append((line, "CRLF line end → save the file with LF line ends"))
        entry.lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
        entry.mistakes += front_matter(entry)
    return entry


def front_matter(entry: Entry) -> Iterator[tuple[int, str]]:
    """Fill `fields` and `start`. The YAML is composed only: nothing in it runs or grows."""
    text = "\n".join(entry.lines)
    if not (match := YAML_RE.match(text)):
        yield without_end(entry.lines)
        return
    end = match[0].count("\n")
    entry.start = end + 1
    if entry.lines[end - 1].startswith("..."):
        yield end, "... ends the front matter for the build only → write ---"
    try:
        if max(map(match[1].count, "[{")) > 99:  # libyaml would end the process
            raise RecursionError
        root = yaml.compose(match[1], Loader=SafeLoader)
    except (yaml.YAMLError, RecursionError) as error:
        yield not_yaml(entry.lines[1 : end - 1], error)
        return
    if not isinstance(root, yaml.MappingNode):
        yield 1, "front matter has no fields → write " + ", ".join(FIELDS)
        return
    for key, node in root.value:
        line, name = key.start_mark.line + 2, str(key.value)
        if name in entry.fields:
            yield line, f"field {show(name)} twice → keep one"
        entry.fields[name] = line, node
    yield from second_front_matter(entry)


def without_end(lines: list[str]) -> tuple[int, str]:
    """What is wrong where the build sees no front matter."""
    dashes = r"[-–—]{2,}\s*"
    if not re.fullmatch(r"---[ \t]*", lines[0]):
        if re.fullmatch(dashes, lines[0]):
            return 1, f"{show(lines[0])} does not open the front matter → write ---"
        return 1, "no front matter → begin with a line --- and the fields " + ", ".join(FIELDS)
    for number, line in enumerate(lines[1:], 2):
        if re.fullmatch(dashes, line.strip()):
            return number, f"{show(line)} does not end the front matter → write --- and a line below it"
    return 1, "front matter is not closed → put a line --- after its last field"


def not_yaml(lines: list[str], error: Exception) -> tuple[int, str]:
    for number, line in enumerate(lines, 2):
        if line.count('"') % 2 and not line.lstrip().startswith("#"):  # YAML notices at the next quote, far below
            return number, 'quote is not closed → write " on both sides of the text, on one line'
    mark, problem = getattr(error, "problem_mark", None), getattr(error, "problem", None)
    found = f"front matter is not YAML ({problem or 'nested too deeply'})"
    return (mark.line + 2 if mark else 1), f'{found} → write field: "text" on one line'


def second_front_matter(entry: Entry) -> Iterator[tuple[int, str]]:
    lines = entry.lines
    first = next((n for n in range(entry.start - 1, len(lines)) if lines[n].strip()), len(lines))
    if lines[first : first + 1] == ["---"] and "---" in lines[first + 1 :]:
        yield first + 1, "second front matter → move its fields into the first and delete it"
        entry.start = lines.index("---", first + 1) + 2


def as_the_build_reads_it(entry: Entry) -> set[str]:
    """The names of the fields that MkDocs finds; none where it throws the front matter away and prints it as text."""
    return set(map(str, get_data("\n".join(entry.lines))[1]))
