"""Rehearse the exits from MkDocs: Zensical and ProperDocs build the same mkdocs.yml, and every page is compared.

    python tests/exits.py

prints one table of differences. The exit status is 1 when one of them is not in KNOWN, or when one of KNOWN is gone.
"""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import NamedTuple
from urllib.parse import urljoin

from browsing import environment
from bs4 import BeautifulSoup

ROOT = Path(__file__).parent.parent
PYTHON = ROOT / ".venv/exits/bin/python"
REFERENCE = "mkdocs"
TOOLS = {REFERENCE: [], "properdocs": [], "zensical": ["--strict"]}  # the others are strict by mkdocs.yml

HERE = "tests/exits.py"


class Known(NamedTuple):
    """A difference that has been looked at: in which pages or files (a regular expression), and why."""

    tool: str
    aspect: str
    where: str
    why: str


KNOWN = [
    Known("zensical", "HTML", ".*", "Its own edition of the theme: same classes, other markup around the text."),
    Known("zensical", "sources", ".*", "It sorts the front matter: the same sources in another order."),
    Known(
        "zensical",
        "other files",
        r"(search|redirect|tags)\b.*\.json|sitemap\.xml\.gz",
        "It packs its data its own way.",
    ),
]


def copy_sources(folder: Path) -> None:
    """Put into `folder` what a build reads."""
    for name in ("docs", "snippets"):
        shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "mkdocs.yml", folder)


def build(tool: str, folder: Path) -> Path:
    """Build a copy of the site's sources in `folder`, since Zensical writes beside mkdocs.yml; return the built folder."""
    copy_sources(folder)
    python = sys.executable if tool == REFERENCE else PYTHON
    command = [python, "-m", tool, "build", "--clean", "--config-file", "mkdocs.yml", *TOOLS[tool]]
    done = subprocess.run(command, cwd=folder, env=environment(), capture_output=True, text=True)
    if done.returncode:
        sys.exit(
            f"{done.stdout}{done.stderr}{tool} cannot build mkdocs.yml → mend what it names, so that this exit stays open"
        )
    return folder / "site"


# --- what is compared ---


def read(text: str, address: str) -> dict[str, list]:
    """What a reader or a program gets from a page, by aspect; links are resolved against `address`."""
    html = BeautifulSoup(text, "html.parser")
    found = {
        "head": head(html),
        "redirects": [
            urljoin(address, t["content"].partition("url=")[2]) for t in html.head("meta", content=re.compile("url="))
        ],
    }
    found["navigation"] = [
        urljoin(address, a["href"]) for a in html("a", href=True, class_=["md-logo", "md-nav__link", "md-footer__link"])
    ]
    if not (article := html.article):
        return found
    theme = article.find(class_="md-tags")
    found["theme"] = theme.get_text().split() if theme else []
    found["place of the theme"] = ["above" if theme and theme.find_next("h1") else "below"]
    listed = article.select_one(".pal-sources ul")
    found["sources"] = [f"{a.get_text()} {a['href']}" for a in listed("a")] if listed else []
    found["set of sources"] = sorted(found["sources"])
    for part in filter(None, (theme, listed, *article("a", class_=["headerlink", "md-content__button"]))):
        part.extract()
    found["code blocks"] = [code.get_text() for code in article("code") if code.parent.name == "pre"]
    found["anchors"] = [heading.get("id", "") for heading in article(re.compile("^h[1-6]$"))]
    found["words"] = article.get_text(" ").split()
    found["links"] = [urljoin(address, a["href"]) for a in article("a", href=True)]
    return found


def head(html: BeautifulSoup) -> list[str]:
    """Title, description, canonical address, card and structured data."""
    told = [html.title.get_text(), *(tag["href"] for tag in html.head("link", rel="canonical"))]
    told += [tag["content"] for tag in html.head("meta") if tag.get("name") == "description" or tag.get("property")]
    return told + [
        json.dumps(json.loads(tag.get_text()), sort_keys=True) for tag in html("script", type="application/ld+json")
    ]


def compare(reference: Path, other: Path) -> dict[str, list[str]]:
    """What differs between two built sites: aspect -> the pages or files, in order."""
    pages, others = ({p.relative_to(site).as_posix() for p in site.rglob("*.html")} for site in (reference, other))
    differing = {"pages": sorted(pages ^ others), "other files": sorted(own_files(reference) ^ own_files(other))}
    for page in sorted(pages & others):
        one, two = ((site / page).read_text(encoding="utf-8") for site in (reference, other))
        if without_generator(one) == without_generator(two):
            continue
        differing.setdefault("HTML", []).append(page)
        one, two = (read(text, f"https://site/{page}") for text in (one, two))
        for aspect in one | two:
            if one.get(aspect) != two.get(aspect):
                differing.setdefault(aspect, []).append(page)
    return {aspect: places for aspect, places in differing.items() if places}


def without_generator(html: str) -> str:
    return re.sub(r'<meta name="generator" content="[^"]*">', "", html)


def own_files(site: Path) -> set[str]:
    """Everything but pages and what belongs to the theme."""
    files = (p.relative_to(site).as_posix() for p in site.rglob("*") if p.is_file() and p.suffix != ".html")
    return {file for file in files if not re.match(r"assets/(javascripts|stylesheets|images)/", file)}


def judge(tool: str, differing: dict[str, list[str]]) -> tuple[list[str], list[str]]:
    """Rows for the table, and what to do about differences that nobody has explained or that are gone."""
    rows, mistakes, left = [], [], dict(differing)
    for known in (known for known in KNOWN if known.tool == tool):
        places = [place for place in left.get(known.aspect, ()) if re.fullmatch(known.where, place)]
        left[known.aspect] = [place for place in left.get(known.aspect, ()) if place not in places]
        rows.append(row(tool, known.aspect, places, known.why))
        if not places:
            mistakes.append(
                f"{tool}: {known.aspect}: nothing differs in {known.where} → take it out of KNOWN of {HERE}"
            )
    for aspect, places in left.items():
        if places:
            rows.append(row(tool, aspect, places, "NOT EXPLAINED"))
            mistakes.append(
                f"{tool}: {aspect}: {', '.join(places)} → mend page or template, or add it to KNOWN of {HERE}"
            )
    return rows or [row(tool, "nothing", [], "")], mistakes


def row(tool: str, aspect: str, places: list[str], why: str) -> str:
    return f"| {tool} | {aspect} | {len(places)} | {', '.join(places[:2])}{' …' if places[2:] else ''} | {why} |"


def rehearse(folder: Path, reference: Path | None = None) -> tuple[list[str], list[str]]:
    """Build with every tool, each in a folder of its own below `folder`; return table and mistakes.

    `reference` is what MkDocs made of these sources, where that is there already.
    """
    wanted = [tool for tool in TOOLS if tool != REFERENCE or not reference]
    with ThreadPoolExecutor() as pool:
        sites = dict(zip(wanted, pool.map(lambda tool: build(tool, folder / tool), wanted), strict=True))
    sites.setdefault(REFERENCE, reference)
    table, mistakes = (
        ["| tool | what differs from MkDocs | places | such as | why |", "| --- | --- | --- | --- | --- |"],
        [],
    )
    for tool in list(TOOLS)[1:]:
        rows, wrong = judge(tool, compare(sites[REFERENCE], sites[tool]))
        table += rows
        mistakes += wrong
    return table, mistakes


def main() -> int:
    with tempfile.TemporaryDirectory() as folder:
        table, mistakes = rehearse(Path(folder))
    lock = (ROOT / "requirements/exits.txt").read_text(encoding="utf-8")
    versions = [" ".join(found) for found in re.findall(rf"^({'|'.join(TOOLS)})==(\S+)", lock, re.MULTILINE)]
    print(", ".join(versions), "", *table, "", *mistakes, sep="\n")
    return 1 if mistakes else 0


if __name__ == "__main__":
    sys.exit(main())
