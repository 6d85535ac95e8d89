"""Where things stand on the site: public addresses and anchors stay, every block stands under its heading and tab.

tests/data/places.json lists both. What is listed must be there; what is new must be listed. `pytest tests/test_places.py --write-places`
writes the list: read the difference before you commit it.
"""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path

import pytest
from bs4 import Tag
from emulator.harness import ROOT
from pages import ENTRIES, PAGES, folder_of, includes, page_id, rendered, soup

PLACES = ROOT / "tests/data/places.json"
# The kinds of tabs there are; a set has the labels of one kind, in this order, from its first on.
KINDS = (
    ("PowerShell", "Azure CLI", "Python", "az rest", "REST with curl"),
    ("ARM JSON", "Bicep", "Parameters"),
)
ANCHORS = "h1[id], h2[id], h3[id], h4[id], p[id], a[id], em[id], .tabbed-set > input[id]"


def address(page: Path) -> str:
    return f"{folder_of(page).as_posix()}/"


def anchors(site: Path) -> dict[str, list[str]]:
    """Address -> what can be linked on the page: headings, tabs, and whatever else was given a name."""
    return {
        address(page): sorted(tag["id"] for tag in rendered(site, page).select(f"article :is({ANCHORS})"))
        for page in PAGES
        if page not in ENTRIES
    }


def blocks(site: Path) -> dict[str, dict[str, list[str]]]:
    """Address -> "heading / tab" -> the files that are shown there, in order."""
    found: dict[str, dict[str, list[str]]] = {}
    for page in PAGES:
        codes = rendered(site, page).select("article pre > code")
        for name, code in zip(includes(page), codes, strict=True):
            heading = code.find_previous(["h1", "h2", "h3", "h4"])
            where = " / ".join(filter(None, (heading.get("id"), tab_of(code))))
            found.setdefault(address(page), {}).setdefault(where, []).append(name)
    return found


def tab_of(code: Tag) -> str:
    """The label of the tab that a block stands in, or nothing."""
    panel = code.find_parent(class_="tabbed-block")
    if panel is None:
        return ""
    labels = panel.find_parent(class_="tabbed-set").select(":scope > .tabbed-labels > label")
    panels = panel.parent.find_all(class_="tabbed-block", recursive=False)
    return labels[[id(p) for p in panels].index(id(panel))].get_text(strip=True)


@cache
def listed() -> dict[str, dict]:
    return json.loads(PLACES.read_text("utf-8"))


@pytest.fixture(name="write", autouse=True)
def _write(request: pytest.FixtureRequest, site: Path) -> None:
    if request.config.getoption("--write-places"):
        entries = sorted(map(address, ENTRIES))
        places = {"entries": entries, "anchors": anchors(site), "blocks": blocks(site)}
        PLACES.write_text(json.dumps(places, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
        listed.cache_clear()


def test_every_listed_address_and_anchor_is_there_or_leads_on(site: Path) -> None:
    """Somebody's bookmark, ticket or slide names it: a page that moves leaves a redirect, a heading its anchor."""
    gone = [
        f"/{each} → redirect_maps of mkdocs.yml"
        for each in [*listed()["entries"], *listed()["anchors"]]
        if not leads(site, each)
    ]
    for each, names in listed()["anchors"].items():
        here = (
            {tag["id"] for tag in soup(site / each / "index.html").select("[id]")} if leads(site, each) else set(names)
        )
        gone += [f"/{each}#{name} → give the place that it has now {{ #{name} }}" for name in sorted(set(names) - here)]
    assert not gone, "a public address is gone; let it stay, or lead on:\n" + "\n".join(gone)


def leads(site: Path, where: str) -> bool:
    return (site / where / "index.html").exists()


def test_every_address_and_anchor_is_listed(site: Path) -> None:
    """FAQ entries need no line: one file is all that a contributor writes."""
    new = [
        f'{json.dumps(name)} in anchors["{where}"]'
        for where, names in anchors(site).items()
        for name in names
        if name not in listed()["anchors"].get(where, [])
    ]
    assert not new, (
        "new places; once published they stay for ever. If that is meant → add to tests/data/places.json, or run pytest "
        "tests/test_places.py --write-places:\n" + "\n".join(new)
    )


def test_every_block_stands_where_it_belongs(site: Path) -> None:
    """A block under another heading or tab is one that a reader takes for another task or tool."""
    told, now = listed()["blocks"], blocks(site)
    moved = [
        f"docs/{where.rstrip('/')}: under “{place}” stands {now.get(where, {}).get(place)}, listed is {told.get(where, {}).get(place)}"
        for where in sorted({*told, *now})
        for place in sorted({*told.get(where, {}), *now.get(where, {})})
        if told.get(where, {}).get(place) != now.get(where, {}).get(place)
    ]
    assert not moved, (
        "read the page; if each stands where it should → pytest tests/test_places.py --write-places:\n"
        + "\n".join(moved)
    )


def test_headings_name_the_task_of_the_blocks_below_them(site: Path) -> None:
    """A heading whose anchor is the name of a task has this task below it, and only the parts of this task."""
    wrong, shown = [], blocks(site)
    for page in PAGES:
        tasks = {Path(name).name.partition(".")[0] for name in includes(page)}
        for where, names in shown.get(address(page), {}).items():
            heading = where.partition(" / ")[0]
            other = [name for name in names if Path(name).name.partition(".")[0] != heading]
            if heading in tasks and other and not all(Path(name).name.startswith(heading) for name in other):
                wrong.append(f"docs/{page_id(page)}: under #{heading} stands {other}")
    assert not wrong, "\n".join(wrong)


def test_tabs_have_labels_that_are_known(site: Path) -> None:
    wrong = []
    for page in PAGES:
        for tabs in rendered(site, page).select("article .tabbed-set"):
            labels = [label.get_text(strip=True) for label in tabs.select(":scope > .tabbed-labels > label")]
            orders = [[kind.index(label) for label in labels] for kind in KINDS if set(labels) <= set(kind)]
            if not any(order == sorted(order) and order[0] == 0 for order in orders):
                wrong.append(f"docs/{page_id(page)}: tabs {labels} → write some of {KINDS}, in this order")
    assert not wrong, "\n".join(wrong)
