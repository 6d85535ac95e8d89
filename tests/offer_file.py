"""Read a template or parameters file as Azure Resource Manager reads it: JSON with comments, each name once.

What is wrong with a file is said in words, with its line and what to do: https://learn.microsoft.com/azure/azure-resource-manager/templates/syntax
"""

from __future__ import annotations

import json
import re
import unicodedata
from pathlib import Path
from typing import Any

MAX_BYTES = 4 * 1024 * 1024  # Azure takes no larger template
COMMENT = re.compile(r'"(?:[^"\\\n]|\\.)*"|//[^\n]*|/\*.*?\*/', re.DOTALL)
MARKS = {b"\xff\xfe": "UTF-16", b"\xfe\xff": "UTF-16", b"\x00": "UTF-16 or no text"}
INVISIBLE = "\u00ad\u061c\u200b\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2060\u2066\u2067\u2068\u2069\ufeff"


class Members(dict):
    """A JSON object that remembers the names written twice in it; Azure ignores their case."""

    def __init__(self, pairs: list[tuple[str, Any]]):
        super().__init__(pairs)
        self.doubled: list[str] = []
        seen: set[str] = set()
        for name, _ in pairs:
            if name.lower() in seen:
                self.doubled.append(name)
            seen.add(name.lower())


def load(path: Path) -> dict:
    """The JSON object in `path`. ValueError says in words what else the file is."""
    if path.suffix.lower() in (".bicep", ".bicepparam"):
        command = "build-params" if path.suffix.lower() == ".bicepparam" else "build"
        raise ValueError(f"Bicep: az bicep {command} --file {path.name}, then check its JSON")
    try:
        if not path.is_file() and path.exists():
            raise ValueError("cannot be read: it is no file")
        size = path.stat().st_size
        if size > MAX_BYTES:
            raise ValueError(f"{size:,} bytes; Azure takes templates up to 4 MB → make it smaller")
        content = parse(decoded(path.read_bytes()))
    except OSError as error:
        raise ValueError(f"cannot be read: {error.strerror}") from None
    except RecursionError:
        raise ValueError("nested too deeply: no offer needs that") from None
    if not isinstance(content, dict):
        raise ValueError("not a template: the file is to hold one JSON object")
    return content


def decoded(content: bytes) -> str:
    """The text of a file; ValueError for what is none."""
    for mark, name in MARKS.items():
        if content.startswith(mark) or (mark == b"\x00" and mark in content[:200]):
            raise ValueError(f"{name}, as Windows PowerShell's > writes it → save it as UTF-8")
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise ValueError(f"line {line}: not a text file in UTF-8 → save it as UTF-8") from None
    if not text.strip():
        raise ValueError("the file is empty → put the template into it")
    if text.lstrip().startswith("<"):
        raise ValueError("a web page or XML, as a failed download leaves it → fetch the raw JSON file")
    return text


def parse(text: str) -> Any:
    """The JSON value in `text`, its comments left out; ValueError with the line of what is wrong."""
    plain = COMMENT.sub(lambda found: found[0] if found[0][0] == '"' else re.sub(r"[^\n]", " ", found[0]), text)
    try:
        return json.loads(plain, object_pairs_hook=Members, parse_constant=no_number, parse_int=number)
    except json.JSONDecodeError as error:
        raise ValueError(f"line {error.lineno}, column {error.colno}: {why(plain, error)}") from None


def no_number(name: str) -> None:
    raise ValueError(f"{name} is no JSON → write a number, or text in quotes")


def number(digits: str) -> int:
    if len(digits) > 40:
        raise ValueError(f"a number of {len(digits)} digits → write one that a computer can hold")
    return int(digits)


def why(text: str, error: json.JSONDecodeError) -> str:
    """What is wrong at the place where a parser stopped, and what to write."""
    rest = text[error.pos :]
    before = text[: error.pos].rstrip()
    if not rest.strip():
        return "the file ends too early → close every { and [, or download it again"
    if rest[0] == "'":
        return 'single quotes around a name or text → write double quotes, "'
    if rest[0] in "“”„‟«»‘’":
        return f'typographic quotes, {rest[0]} → write straight ones, "'
    if rest[0] in INVISIBLE or unicodedata.category(rest[0])[0] == "C" or rest[0] == "\xa0":
        if error.msg.startswith("Invalid control"):
            return 'a text that does not end on its line → close it with ", and write \\n for a new line'
        return f"an invisible character, {character(rest[0])} → delete it"
    if (before.endswith(",") and rest[0] in "]}") or (
        rest[0] == "," and text[error.pos + 1 :].lstrip()[:1] in ("]", "}")
    ):
        return "a comma after the last member → delete it"
    if error.msg.startswith("Expecting property name"):
        return "a name without quotes → write it in double quotes"
    if error.msg.startswith("Expecting ',' delimiter"):
        return "a comma is missing before this → write it (or close what is open)"
    if error.msg.startswith("Expecting ':' delimiter"):
        return "a colon is missing after the name → write it"
    if error.msg.startswith("Extra data"):
        return "something follows the template's last } → delete it"
    return f"no JSON here ({error.msg}) → write a value: text in double quotes, a number, true, false, {{…}} or […]"


def character(sign: str) -> str:
    return f"U+{ord(sign):04X} {unicodedata.name(sign, '')}".strip()


def shown(value: object) -> str:
    """A value on one line that a terminal can print: what nobody sees is written as its code."""
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)
    return "".join(sign if sign.isprintable() else f"\\u{ord(sign):04x}" for sign in text)
