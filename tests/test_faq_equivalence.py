"""What `make faq` lets through, the build takes, every test that reads entries passes, and GitHub shows as the site does.

Entries are drawn from the samples of all kinds, and from marks at random; all that pass are built at once, in a copy of this repository,
where its own tests run. tests/faq_samples.py and PAL_FAQ_DRAWN decide what and how many.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import cmarkgfm
import faq
import faq_history
import pytest
from bs4 import BeautifulSoup
from cmarkgfm.cmark import Options
from emulator.harness import VENV
from faq_samples import SAMPLES, Sample, written
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from mkdocs.utils.meta import get_data

DRAWN = int(os.environ.get("PAL_FAQ_DRAWN", "160"))
KINDS = sorted({sample.kind for sample in SAMPLES} | {"F7"})
# The tests that read entries, each with what it holds of them.
READERS = (
    "tests/test_words.py",
    "tests/test_certainty.py",
    "tests/test_pages.py",
    "tests/test_machines.py",
    "tests/test_links.py",
)
WHOLE = "resolve or llms or sitemap or policy or load_nothing or sure or corrected or warnings or day or documented or listed or links"
MARKS = [
    *(
        "word",
        "two words",
        "a.b",
        "1",
        "Azure",
        "yes",
        " ",
        "  ",
        "\n",
        "\n\n",
        "\n    ",
        "**",
        "*",
        "_",
        "`",
        "``",
        "~",
        "[",
        "]",
    ),
    *(
        "](../users.md)",
        "](#x)",
        "(",
        ")",
        "- ",
        "1. ",
        "> ",
        "#",
        "## ",
        "| a | b |",
        "\n| --- | --- |\n",
        "|",
        "\\",
        "&amp;",
    ),
    *("&", "<", ">", "{", "}", ":", "!", "^", "=", "---", "***", "'", '"', "é", "+ ", "%", "$x$", "@me", "http:", "//"),
]


class Entry(NamedTuple):
    """What was drawn as entry `n`: the samples in it, marks at random (nobody knows their verdict), and whether its name is another."""

    n: int
    samples: list[Sample]
    marks: str
    moved: bool
    redirected: bool

    @property
    def file(self) -> tuple[str, str]:
        name, text = written(self.samples, self.n)
        return name, f"{text}\n{self.marks}\n" if self.marks else text

    @property
    def old(self) -> str:
        return f"was-sample-{self.n}-another.md"

    @property
    def kinds(self) -> set[str]:
        return {sample.kind for sample in self.samples} | ({"F7"} if self.moved else set())

    @property
    def wrong(self) -> bool:
        return any(sample.told for sample in self.samples) or (self.moved and not self.redirected)


@st.composite
def drawn(draw: Callable) -> tuple[list[Sample], str, bool, bool]:
    good = draw(st.integers(0, 9)) < 6
    pool = [sample for sample in SAMPLES if not (good and sample.told)]
    kinds = draw(st.lists(st.sampled_from(KINDS), min_size=2, max_size=4, unique=True))
    found: dict[str, Sample] = {}
    for kind in kinds:
        if of_kind := [sample for sample in pool if sample.kind == kind]:
            sample = draw(st.sampled_from(of_kind))
            found.setdefault(sample.place if sample.place != "body" else f"body {kind}", sample)
    marks = (
        "".join(draw(st.lists(st.sampled_from(MARKS), min_size=1, max_size=7))) if good and draw(st.booleans()) else ""
    )
    return list(found.values()), marks, "F7" in kinds, good or draw(st.booleans())


@pytest.fixture(scope="module", name="entries")
def _entries() -> list[Entry]:
    """The same in every run of one number."""
    found: list[Entry] = []
    checks = [HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much]

    @settings(
        max_examples=DRAWN,
        derandomize=True,
        database=None,
        deadline=None,
        phases=[Phase.generate],
        suppress_health_check=checks,
    )
    @given(drawn())
    def collect(each: tuple) -> None:
        found.append(Entry(len(found), *each))

    collect()
    return found


@pytest.fixture(scope="module", name="verdicts")
def _verdicts(entries: list[Entry], tmp_path_factory: pytest.TempPathFactory) -> dict[int, list[str]]:
    """What the checker says of each, alone beside the real entries."""
    root = copy(tmp_path_factory.mktemp("checked"), "docs")
    return {entry.n: mistakes(root, entry) for entry in entries}


def mistakes(root: Path, entry: Entry) -> list[str]:
    config = (faq.ROOT / "mkdocs.yml").read_text("utf-8")
    path = put(root, entry)
    found = [f"{line}: {message}" for _, line, message in faq.check([path], faq.published_roles())]
    if entry.moved:
        (root / "mkdocs.yml").write_text(redirected(config, [entry]), "utf-8")
        found += [message for _, _, message in faq_history.lost(root, [entry.old])]
    path.unlink()
    return found


def put(root: Path, entry: Entry) -> Path:
    name, text = entry.file
    path = root / faq_history.FAQ / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, "utf-8")
    return path


def redirected(config: str, entries: list[Entry]) -> str:
    lines = [f"        pal/faq/{e.old}: pal/faq/{e.file[0]}\n" for e in entries if e.moved and e.redirected]
    return config.replace("redirect_maps:\n", "redirect_maps:\n" + "".join(lines))


def copy(root: Path, *names: str) -> Path:
    for name in names:
        shutil.copytree(faq.ROOT / name, root / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("mkdocs.yml", "pyproject.toml"):
        shutil.copy(faq.ROOT / name, root)
    (root / ".venv").symlink_to(VENV)
    return root


def test_what_is_drawn_is_worth_it(entries: list[Entry], verdicts: dict[int, list[str]]) -> None:
    refused = sum(map(bool, verdicts.values()))
    kinds = Counter(kind for entry in entries for kind in entry.kinds)
    print(f"\nFAQ entries drawn: {len(entries)}, refused: {refused}, of each kind: {dict(sorted(kinds.items()))}")
    assert 0.3 <= refused / len(entries) <= 0.7
    assert all(kinds[kind] >= 10 for kind in KINDS)


def test_each_sample_keeps_its_verdict_among_others(entries: list[Entry], verdicts: dict[int, list[str]]) -> None:
    wrong = [
        f"{'refused' if verdicts[e.n] else 'let through'}: {e.file[0]}\n{e.file[1]}\n{verdicts[e.n]}"
        for e in entries
        if not e.marks and e.wrong != bool(verdicts[e.n])
    ]
    assert not wrong, "\n\n".join(wrong)


def build(root: Path) -> str:
    """What the build says when it fails."""
    site = root / "site"
    for command in (
        ["-m", "mkdocs", "build"],
        ["docs/.publish/slim.py", site],
        ["docs/.publish/for_machines.py", site],
    ):
        done = subprocess.run([sys.executable, *command], cwd=root, capture_output=True, text=True)
        if done.returncode:
            return done.stdout + done.stderr
    return ""


def culprit(entries: list[Entry], folder: Path, n: int = 0) -> str:
    """The text of one entry that the build does not take, by halves."""
    root = copy(folder / f"build{n}", "docs", "snippets")
    for entry in entries:
        put(root, entry)
    (root / "mkdocs.yml").write_text(redirected((root / "mkdocs.yml").read_text("utf-8"), entries), "utf-8")
    if not (said := build(root)):
        return ""
    if len(entries) == 1:
        return f"{entries[0].file[0]}\n{entries[0].file[1]}\n{said[-2000:]}"
    middle = len(entries) // 2
    return culprit(entries[:middle], folder, 2 * n + 1) or culprit(entries[middle:], folder, 2 * n + 2) or said[-2000:]


def test_the_build_and_github_agree_with_what_passes(
    entries: list[Entry], verdicts: dict[int, list[str]], tmp_path: Path
) -> None:
    """One build with all of them, the tests that read entries, and GitHub's parser on each."""
    passed = [entry for entry in entries if not verdicts[entry.n]]
    root = copy(tmp_path / "built", "docs", "snippets", "tests")
    for entry in passed:
        put(root, entry)
    (root / "mkdocs.yml").write_text(redirected((root / "mkdocs.yml").read_text("utf-8"), passed), "utf-8")
    arguments = ["-q", "-p", "no:cacheprovider", "--basetemp", root / "tmp", "-k", f"sample or {WHOLE}", *READERS]
    ours = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST_")}
    done = subprocess.run(
        [sys.executable, "-m", "pytest", *arguments], cwd=root, env=ours, capture_output=True, text=True
    )
    if not (root / "tmp/site").exists():
        pytest.fail(culprit(passed, tmp_path))
    assert done.returncode == 0, done.stdout[-6000:] + done.stderr
    differ = [text for entry in passed if (text := shown_in_two_ways(root / "tmp/site", *entry.file))]
    assert not differ, "\n\n".join(differ)


def shown_in_two_ways(site: Path, name: str, text: str) -> str:
    """An entry, where the words or the number of any mark differ between the published page and what GitHub makes of it."""
    html = BeautifulSoup(
        cmarkgfm.github_flavored_markdown_to_html(get_data(text)[0], Options.CMARK_OPT_FOOTNOTES), "html.parser"
    )
    page = BeautifulSoup((site / "pal/faq" / name[:-3] / "index.html").read_text("utf-8"), "html.parser").article
    for own in page.select("nav, h1, .pal-sure, .pal-sources, .headerlink"):
        own.decompose()
    return f"{name}\n{text}\n{shown(page)}\n{shown(html)}" if shown(page) != shown(html) else ""


MARKED = (
    "h2",
    "h3",
    "h4",
    "ul",
    "ol",
    "li",
    "table",
    "tr",
    "th",
    "td",
    "blockquote",
    "hr",
    "br",
    "code",
    "em",
    "strong",
    "a",
    "del",
    "input",
    "img",
)


def shown(html: BeautifulSoup) -> tuple[str, Counter]:
    return re.sub(r"\s+", "", html.get_text()), Counter(tag.name for tag in html.find_all(MARKED))
