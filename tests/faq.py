"""Check FAQ entries: every mistake at once, one a line, each with what to write instead.

    python tests/faq.py [--github] [files…]

Without files it reads every entry in docs/pal/faq. A line says `file:line: found → what to write`,
the last line counts them, the exit status is 1 when there are any. `--github` adds annotations, and
a table in the file that GITHUB_STEP_SUMMARY names.

A rule is a generator that takes an Entry and yields (line, message); RULES names them all:
those of faq_fields.py for the front matter, of faq_body.py for the answer, and two for the whole file here.
"""

import argparse
import os
import re
import secrets
import sys
import unicodedata
from collections.abc import Iterable, Iterator
from datetime import date
from pathlib import Path

import certainty
import faq_body
import faq_fields
import faq_history
import yaml
from faq_body import sentences
from faq_entry import Entry, read
from faq_fields import the_build_reads_the_same
from faq_markdown import ROOT
from faq_private import GUID, private
from promised import CORRECTED, no_warning, not_corrected
from words import unsettled


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


RULES = (*faq_fields.RULES, *faq_body.RULES, as_sure_as_its_sources, characters_are_plain)


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
