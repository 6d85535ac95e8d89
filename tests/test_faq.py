"""The FAQ: every entry is clean, every kind of mistake is found and explained, nothing crashes.

tests/data/faq has broken entries with one mistake each; expected.txt beside them is what the
checker must print for them, and the one place where messages are written down.
"""

import random
import re
import shutil
import subprocess
import sys
from functools import cache
from pathlib import Path
from urllib.parse import parse_qs

import cmarkgfm
import faq
import faq_history
import pytest
from browsing import ADDRESSES
from bs4 import BeautifulSoup
from faq_samples import SAMPLES, Sample, written
from pages import soup

FAQ = faq.ROOT / "docs/pal/faq"
TEMPLATE = faq.ROOT / "docs/.theme/.faq/entry.txt"
DATA = Path(__file__).parent / "data/faq"
EXPECTED = (DATA / "expected.txt").read_text("utf-8").splitlines()
ENTRIES = sorted(path for path in FAQ.glob("*.md") if path.name != "index.md")
CLEAN = "what-does-a-clean-entry-look-like.md"


@cache
def mistakes_in_entries() -> list[tuple[Path, int, str]]:
    return faq.check(ENTRIES, faq.published_roles())


@pytest.fixture(scope="module")
def docs(tmp_path_factory) -> Path:
    """A docs folder with one page and the broken entries; returns the folder of the entries."""
    pal = tmp_path_factory.mktemp("site") / "docs/pal"
    pal.mkdir(parents=True)
    (pal / "users.md").write_text("# Users\n\n## Verify the link\n\nText.\n", "utf-8")
    return shutil.copytree(DATA, pal / "faq", ignore=shutil.ignore_patterns("*.txt"))


@pytest.fixture(scope="module")
def found(docs) -> list[str]:
    return [f"{path.name}:{line}: {text}" for path, line, text in faq.check(docs.glob("*.md"))]


@pytest.fixture
def entry(docs, tmp_path) -> Path:
    """The path of an entry alone in its folder, for a test to write."""
    folder = tmp_path / "docs/pal/faq"
    folder.mkdir(parents=True)
    shutil.copy(docs.parent / "users.md", folder.parent)
    return folder / CLEAN


def run(*arguments: str, folder: Path) -> tuple[int, list[str]]:
    """Run the checker as a contributor does; returns exit status and lines. No traceback, ever."""
    command = [sys.executable, faq.__file__, *arguments]
    done = subprocess.run(command, cwd=folder, capture_output=True, encoding="utf-8", check=False)
    assert done.stderr == ""
    return done.returncode, done.stdout.splitlines()


@pytest.mark.parametrize("path", ENTRIES, ids=lambda path: path.name)
def test_entry_is_clean(path):
    assert [f"{p.name}:{n}: {text}" for p, n, text in mistakes_in_entries() if p == path] == []


def test_every_theme_has_an_entry():
    tags = {faq.read(path).fields["tags"][1].value[0].value for path in ENTRIES}
    assert tags == set(faq.faq_fields.THEMES)


def test_template_lists_every_theme():
    template = re.sub(r"\s*#\s*|\s+", " ", TEMPLATE.read_text("utf-8"))
    assert all(theme in template for theme in faq.faq_fields.THEMES)


@pytest.mark.parametrize("line", EXPECTED, ids=lambda line: line.split(".md:")[0])
def test_broken_entry_reports_its_one_mistake(line, found):
    name = line.split(":")[0]
    assert [other for other in found if other.startswith(f"{name}:")] == [line]


def test_every_broken_entry_is_expected():
    names = [line.split(":")[0] for line in EXPECTED]
    assert sorted([*names, CLEAN]) == sorted(path.name for path in DATA.glob("*.md"))


def put(folder: Path, n: int, *samples: Sample) -> Path:
    """Write entry `n` with the samples into a docs folder of its own; returns its path."""
    pal = folder / str(n) / "docs/pal"
    (pal / "faq").mkdir(parents=True)
    for name in ("users.md", "roles.md", "faq/index.md"):
        (pal / name).write_text("# A page\n\n## A heading\n", "utf-8")
    name, text = written(list(samples), n)
    path = pal / "faq" / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, "utf-8")
    return path


@pytest.mark.parametrize("n", range(len(SAMPLES)), ids=lambda n: f"{SAMPLES[n].kind}-{SAMPLES[n].place}-{n}")
def test_sample_gets_its_verdict(n, tmp_path):
    """Nothing, or the mistake that it is made for, on its own lines."""
    sample = SAMPLES[n]
    path = put(tmp_path, n, sample)
    found = [(line, text) for _, line, text in faq.check([path], faq.published_roles())]
    if not sample.told:
        assert found == []
        return
    meant = [line for line, text in found if text.startswith(sample.told)]
    assert sample.kind != "F6" or len(meant) == len(found), f"{sample.text!r}: for another reason too: {found}"
    assert meant, f"{sample.text!r}: expected “{sample.told}…”, found {found}"
    text = sample.text.replace("{n}", str(n))
    lines = {"body": text, "source": text, "title": f"title: {text}", "description": f"description: {text}"}
    if piece := lines.get(sample.place):
        first = path.read_text("utf-8").rpartition(piece)[0].count("\n") + 1
        assert first <= meant[0] <= first + piece.count("\n"), f"{piece!r}: line {meant[0]}, not {first}"


CHANGES = {
    "binary": (lambda good: good + b"\0\x89PNG", (1, "not a UTF-8 text file")),
    "latin-1": (lambda good: good + "é".encode("latin-1"), (1, "not a UTF-8 text file")),
    "utf-16": (lambda good: good.decode().encode("utf-16"), (1, "not a UTF-8 text file")),
    "1 MB": (lambda good: good + b"word " * 200_000, (1, "file of 10")),
    "10,000 lines": (lambda good: good + b"a\n" * 10_000, (1, "file of 20")),
    "9,000 lines": (lambda good: good + b"a\n\n" * 4500, (12, "answer of 45")),
    "empty": (lambda good: b"", (1, "no front matter")),
    "BOM": (lambda good: b"\xef\xbb\xbf" + good, (1, "byte order mark")),
    "CRLF": (lambda good: good.replace(b"\n", b"\r\n"), (1, "CRLF")),
    "one CRLF": (lambda good: good.replace(b"\n\nThe", b"\n\r\nThe"), (11, "CRLF")),
    "zero width": (
        lambda good: good.replace(b"The answer", "The\u200b answer".encode()),
        (12, "invisible character U+200B (zero width space)"),
    ),
    "bidi": (
        lambda good: good.replace(b"The answer", "The \u202eanswer".encode()),
        (12, "invisible character U+202E (right-to-left override)"),
    ),
    "right-to-left mark": (
        lambda good: good.replace(b"The answer", "The \u200fanswer".encode()),
        (12, "invisible character U+200F (right-to-left mark)"),
    ),
    "no-break space": (
        lambda good: good.replace(b"The answer", "The\u00a0answer".encode()),
        (12, "invisible character U+00A0 (no-break space)"),
    ),
    "escape": (
        lambda good: good.replace(b"The answer", b"The \x1b[31manswer"),
        (12, "invisible character U+001B (control character)"),
    ),
    "client secret": (
        lambda good: good.replace(b"The answer", b"The abc8Q~" + b"aB3_" * 8 + b" answer"),
        (12, "38 characters like a secret"),
    ),
    "key": (
        lambda good: good.replace(b"The answer", b"The " + b"aB3/" * 16 + b"== answer"),
        (12, "66 characters like a secret"),
    ),
    "token": (
        lambda good: good.replace(b"The answer", b"The eyJ" + b"hbGciOi1" * 5 + b" answer"),
        (12, "43 characters like a secret"),
    ),
    "deep YAML": (
        lambda good: good.replace(b"practice", b"[" * 10_000),
        (1, "front matter is not YAML (nested too deeply)"),
    ),
    "YAML that runs": (
        lambda good: good.replace(b"practice", b"!!python/object/apply:os.getcwd []"),
        (6, '"confidence" is empty'),
    ),
    "YAML that refers to itself": (
        lambda good: good.replace(b"\n  - Reporting", b" &a [*a]"),
        (4, "unknown theme"),
    ),
    "10 KB of brackets": (
        lambda good: good + b"[" * 10_000 + b"\n",
        (11, "10002 times ["),
    ),
}


@pytest.mark.parametrize("change, expected", CHANGES.values(), ids=CHANGES)
def test_bad_bytes_get_a_clear_message(change, expected, docs, entry):
    entry.write_bytes(change((docs / CLEAN).read_bytes()))
    found = faq.check([entry])
    assert [(line, text[: len(expected[1])]) for _, line, text in found] == [expected]
    assert " → " in found[0][2]


NOISE = b"""--- | [ | ` | \t- | # | &a *a | < | [x](https://[) | [x](%00) | [x](#x) | {{ | \xff"""


def test_noise_never_raises(docs, entry):
    good, noise = (docs / CLEAN).read_bytes(), random.Random(1)  # noqa: S311
    pieces = [*NOISE.split(b" | "), b"", b"\n", b"> " * 2000, b"[x](" + b"y" * 5000 + b")"]
    for _ in range(150):
        data = bytearray(good)
        for _ in range(noise.randrange(1, 6)):
            start = noise.randrange(len(data))
            data[start : start + noise.randrange(40)] = noise.choice(pieces)
        entry.write_bytes(data)
        for _, line, text in faq.check([entry]):
            assert line >= 1 and " → " in text and "\n" not in text


def test_a_published_role_may_be_named(docs, entry):
    role = "cfd33db0-3dd1-45e3-aa9d-cdbdf3b6f24e"
    entry.write_text((docs / CLEAN).read_text("utf-8").replace("1234567", role), "utf-8")
    assert len(faq.check([entry])) == 1
    assert faq.check([entry], {role.upper()}) == []


def test_command_prints_all_mistakes_sorted_then_the_count(docs):
    files = sorted((path.name for path in docs.glob("*.md")), reverse=True)
    count = f"entries: {len(files)}, mistakes: {len(EXPECTED)}"
    assert run(*files, folder=docs) == (1, [*EXPECTED, count])


def test_command_succeeds_when_clean(docs, entry):
    shutil.copy(docs / CLEAN, entry)
    assert run(CLEAN, folder=entry.parent) == (0, ["entries: 1, mistakes: 0"])


def test_command_annotates_for_github(docs):
    stop, line, resume, annotation, count = run("--github", "is-there-a-template-expression.md", folder=docs)[1]
    assert re.fullmatch(r"::stop-commands::[0-9a-f]{32}", stop)
    assert resume == f"::{stop.rpartition(':')[2]}::"
    assert line == "is-there-a-template-expression.md:14: {{ or {% → say it in words, template engines read these"
    assert annotation == (
        "::error file=is-there-a-template-expression.md,line=14::"
        "{{ or {%25 → say it in words, template engines read these"
    )
    assert count == "entries: 1, mistakes: 1"


HOSTILE = "x,line=1::y%0A\n::add-mask::z\r##[add-matcher]\udcff.md"


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux has such file names")
def test_command_gives_github_no_command_of_an_entry(docs, entry):
    """Neither the name of an entry, not even one that is no UTF-8, nor its text can end the annotation, start a second or be obeyed."""
    hostile = entry.with_name(HOSTILE)
    text = (docs / CLEAN).read_text("utf-8").replace("\ntags:\n  - ", '\ntags:\n  - "%0A::error::##[stop-commands]')
    hostile.write_text(re.sub(r'(- "%.*)', r'\1"', text), "utf-8")
    _, lines = run("--github", HOSTILE, folder=entry.parent)
    resumed = lines.index(f"::{lines[0].rpartition(':')[2]}::")
    assert any("##[stop-commands]" in line for line in lines[1:resumed])
    annotations, count = lines[resumed + 1 : -1], lines[-1]
    assert count == f"entries: 1, mistakes: {len(annotations)}"
    name = "x%2Cline=1%3A%3Ay%250A%0A%3A%3Aadd-mask%3A%3Az%0D##[add-matcher]\\udcff.md"
    assert all(re.match(rf"::error file={re.escape(name)},line=\d+::(?!.*%0A)", line) for line in annotations)
    assert any("%250A::error::" in line for line in annotations)


def test_summary_lists_every_mistake_and_nothing_of_an_entry_is_markup(docs, tmp_path, monkeypatch):
    """GitHub shows ten annotations a step. The table is read with GitHub's own parser."""
    names = [f"x{n}| <b> [a](https://evil.example) @me `c` :x: https://evil.example.md" for n in range(12)]
    for name in names:
        (tmp_path / name.replace("/", "∕")).write_text("---\n<img src=x>\n", "utf-8")
    page = tmp_path / "summary"
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(page))
    files = sorted(path.name for path in tmp_path.glob("x*"))
    _, lines = run("--github", *files, folder=tmp_path)
    found = [line for line in lines if re.match(r"x\d+\|.*:\d+: ", line)]
    html = cmarkgfm.github_flavored_markdown_to_html(page.read_text("utf-8"))
    shown = BeautifulSoup(html, "html.parser")
    assert {tag.name for tag in shown.find_all()} == {"h3", "table", "thead", "tbody", "tr", "th", "td"}
    assert [": ".join(cell.get_text() for cell in row.select("td")) for row in shown.select("tbody tr")] == found
    assert len(found) >= 12 and f"Mistakes in FAQ entries: {len(found)}" in shown.h3.get_text()


@pytest.fixture(name="history")
def _history(tmp_path) -> Path:
    """A repository with three entries on main, of which theory.md links the first."""
    root = tmp_path / "repository"
    shutil.copytree(FAQ, root / faq_history.FAQ, ignore=lambda _, names: sorted(names)[3:])
    shutil.copy(faq.ROOT / "mkdocs.yml", root)
    git(root, "init", "-q", "-b", "main")
    commit(root)
    return root


def git(root: Path, *arguments: str) -> None:
    subprocess.run(["git", "-C", root, *arguments], check=True, capture_output=True)


def commit(root: Path) -> None:
    git(root, "add", "-A")
    git(root, "-c", "user.name=x", "-c", "user.email=x@example.com", "commit", "-qm", "x")
    faq_history.base.cache_clear()


@pytest.mark.parametrize("committed", [False, True])
def test_a_renamed_entry_gets_its_redirect(committed, history):
    """The line to add, with the entry that took its place; then nothing more is said."""
    old, *_ = sorted((history / faq_history.FAQ).glob("*.md"))
    old.rename(old.with_name("is-it-asked-in-other-words.md"))
    (history / "docs/pal/theory.md").write_text(f"[x](faq/{old.name})\n", "utf-8")
    if committed:
        commit(history)
    names = faq_history.published(history)
    assert old.name in names
    (page, line, gone), (_, number, link) = sorted(
        faq_history.lost(history, names), key=lambda found: found[0].name != "mkdocs.yml"
    )
    wanted = re.search(r"`(        pal/faq/\S+\.md: pal/faq/is-it-asked-in-other-words\.md)`", gone)[1]
    assert (page, number) == (history / "mkdocs.yml", 1) and link.endswith("write faq/is-it-asked-in-other-words.md")
    text = page.read_text("utf-8").splitlines()
    assert text[line - 1].strip() == "redirect_maps:"
    page.write_text("\n".join([*text[:line], wanted, *text[line:]]), "utf-8")
    assert [each[0].name for each in faq_history.lost(history, names)] == ["theory.md"]


def test_an_entry_of_one_branch_may_be_renamed(history):
    """Nobody had its address: main did not."""
    new = history / faq_history.FAQ / "is-it-new.md"
    git(history, "checkout", "-q", "-b", "question")
    new.write_text("new", "utf-8")
    commit(history)
    new.rename(new.with_name("is-it-quite-new.md"))
    commit(history)
    assert list(faq_history.lost(history, faq_history.published(history))) == []


def test_a_redirect_to_an_entry_that_is_gone_is_refused(history):
    page = history / "mkdocs.yml"
    page.write_text(
        page.read_text("utf-8").replace("redirect_maps:\n", "redirect_maps:\n        a.md: pal/faq/b.md\n"), "utf-8"
    )
    ((_, _, message),) = faq_history.lost(history, [])
    assert message.startswith("redirect to pal/faq/b.md, which is gone → ")


def test_without_history_nothing_is_said_to_be_fine(tmp_path):
    assert faq_history.published(tmp_path) == []


def test_command_has_no_commands_when_clean(docs, entry):
    shutil.copy(docs / CLEAN, entry)
    assert run("--github", CLEAN, folder=entry.parent) == (0, ["entries: 1, mistakes: 0"])


@pytest.mark.parametrize("name", ["nowhere.md", "."])
def test_command_explains_a_file_that_it_cannot_read(name, docs):
    status, lines = run(name, folder=docs)
    assert status == 1
    assert re.fullmatch(rf"{name}:1: cannot be read \(.+\) → give the path of an entry", lines[0])


def test_template_says_what_to_write(entry):
    path = entry.with_name("my-question.md")
    shutil.copy(TEMPLATE, path)
    fields = {"title", "description", "confidence", "checked"}
    found = [text for _, _, text in faq.check([path])]
    assert {text.split('"')[1] for text in found if "is empty" in text} == fields
    for start in ("unknown theme", 'source "https://"', '"Page name (who, when)"', "comment left in", "no answer"):
        assert sum(text.startswith(start) for text in found) == 1
    assert len(found) == len(fields) + 5


def test_index_opens_the_template_and_lists_by_theme(plain_site):
    page = soup(plain_site / "pal/faq/index.html")
    [link] = page("a", string="Add a question")
    address, _, query = link["href"].partition("?")
    assert address == ADDRESSES["REPO_URL"] + "/new/main/docs/pal/faq"
    assert parse_qs(query, strict_parsing=True) == {
        "filename": ["my-question.md"],
        "value": [TEMPLATE.read_text("utf-8").rstrip("\n")],
    }
    assert "<!-- material/tags -->" in (FAQ / "index.md").read_text("utf-8").splitlines()
