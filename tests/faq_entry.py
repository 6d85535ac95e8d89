"""A FAQ entry as the checker sees it: its lines, its front matter with line numbers, its prose."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import yaml

CONFIDENCE = ("documented", "practice", "open")
FIELDS = {  # field: (kind of YAML node, what to write)
    "title": (yaml.ScalarNode, "one question as a partner would ask it: capital first, ? last"),
    "description": (yaml.ScalarNode, "the short answer in plain text, at most 160 characters"),
    "tags": (yaml.SequenceNode, "one theme in a list, for example a line `  - Reporting`"),
    "confidence": (yaml.ScalarNode, "one of " + ", ".join(CONFIDENCE)),
    "checked": (yaml.ScalarNode, "the day you read the sources, as YYYY-MM-DD"),
    "sources": (yaml.MappingNode, 'at least one line `  "Page (who, when)": https://…`'),
}
MAX_BYTES = 64 * 1024
CODE = re.compile(r"(?<!`)(`+)(?!`)(.+?)(?<!`)\1(?!`)")
FENCE = re.compile(r" *(```|~~~)")


@dataclass
class Entry:
    """A file: all its `lines`, its front matter (name: line, node), the number of its first line
    of body, and the mistakes met while reading it."""

    path: Path
    lines: list[str] = field(default_factory=list)
    fields: dict[str, tuple[int, yaml.Node]] = field(default_factory=dict)
    start: int = 1
    mistakes: list[tuple[int, str]] = field(default_factory=list)

    def text(self, name: str) -> tuple[int, str]:
        """Line and value of a text field; the value is empty when it is missing or no text."""
        line, node = self.fields.get(name, (1, None))
        return line, node.value.strip() if isinstance(node, yaml.ScalarNode) else ""

    def body(self) -> Iterator[tuple[int, str, str]]:
        """Number, line, line without code spans; the inside of fences and comments is left out."""
        until = ""
        for number, line in enumerate(self.lines[self.start - 1 :], self.start):
            if until:
                until = "" if until in line else until
            elif fence := FENCE.match(line):
                until = fence[1]
                yield number, line, ""
            else:
                until = "-->" if "<!--" in line and "-->" not in line else ""
                yield number, line, CODE.sub(lambda code: " " * len(code[0]), line)


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
    lines = entry.lines
    if lines[0].rstrip() != "---":
        yield 1, "no front matter → begin with a line --- and the fields " + ", ".join(FIELDS)
        return
    end = next((n for n, line in enumerate(lines[1:], 1) if line.rstrip() in ("---", "...")), None)
    entry.start = (end or len(lines) - 1) + 2
    if end is None:
        yield 1, "front matter is not closed → put a line --- after its last field"
        return
    try:
        root = yaml.compose("\n".join(lines[1:end]), Loader=yaml.BaseLoader)
    except (yaml.YAMLError, RecursionError) as error:
        for number, line in enumerate(lines[1:end], 2):
            if line.count('"') % 2 and not line.lstrip().startswith("#"):  # YAML notices at the next quote, far below
                yield number, 'quote is not closed → write " on both sides of the text, on one line'
                return
        mark, problem = getattr(error, "problem_mark", None), getattr(error, "problem", None)
        found = f"front matter is not YAML ({problem or 'nested too deeply'})"
        yield (mark.line + 2 if mark else 1), f'{found} → write field: "text" on one line'
        return
    if not isinstance(root, yaml.MappingNode):
        yield 1, "front matter has no fields → write " + ", ".join(FIELDS)
        return
    for key, node in root.value:
        line, name = key.start_mark.line + 2, str(key.value)
        if name in entry.fields:
            yield line, f"field {show(name)} twice → keep one"
        entry.fields[name] = line, node
    first = next((n for n in range(end + 1, len(lines)) if lines[n].strip()), len(lines))
    if lines[first : first + 1] == ["---"] and "---" in lines[first + 1 :]:
        yield first + 1, "second front matter → move its fields into the first and delete it"
        entry.start = lines.index("---", first + 1) + 2
