"""What programs read: Markdown with the files in it, llms.txt, sitemap, canonical addresses, cards, structured data, policy."""

from __future__ import annotations

import json
import re
import struct
import subprocess
import sys
from pathlib import Path

import pytest
from browsing import ORIGIN
from emulator.harness import ROOT
from pages import FENCE, PAGES, SNIPPETS, folder_of, includes, page_id, rendered, soup


def markdown(site: Path, page: Path) -> Path:
    return site / folder_of(page) / "index.md"


def address(page: Path) -> str:
    return ORIGIN + markdown(Path(), page).parent.as_posix() + "/"


@pytest.mark.parametrize("page", PAGES, ids=page_id)
def test_markdown_holds_the_files_that_the_page_shows(page: Path, site: Path) -> None:
    text = markdown(site, page).read_text(encoding="utf-8")
    fences = [re.sub(f"^{match[1]}", "", match[4], flags=re.MULTILINE).strip() for match in FENCE.finditer(text)]
    files = [(SNIPPETS / name).read_text(encoding="utf-8").strip() for name in includes(page)]
    assert fences == files == [code.get_text().strip() for code in rendered(site, page).select("article pre > code")]
    assert "--8<--" not in text
    assert text.startswith("# ")


@pytest.mark.parametrize("page", PAGES, ids=page_id)
def test_markdown_links_lead_to_markdown(page: Path, site: Path) -> None:
    text = markdown(site, page).read_text(encoding="utf-8")
    for target in re.findall(rf"\]\(({re.escape(ORIGIN)}[^)#\s]*)", text):
        assert (site / target.removeprefix(ORIGIN)).exists(), target
    assert not re.search(r"\]\((?!https?:|#|mailto:)[^)]*\.md", text), "a link that leads nowhere from here"


def test_llms_txt_lists_every_page(site: Path) -> None:
    text = (site / "llms.txt").read_text(encoding="utf-8")
    listed = re.findall(r"^- \[[^\]]+\]\(([^)]+)\): \S", text, re.MULTILINE)
    assert sorted(listed) == sorted(f"{address(page)}index.md" for page in PAGES)


def test_the_sitemap_lists_every_page_and_nothing_else(site: Path) -> None:
    found = re.findall(r"<loc>([^<]+)</loc>", (site / "sitemap.xml").read_text(encoding="utf-8"))
    assert sorted(found) == sorted(map(address, PAGES))


@pytest.mark.parametrize("page", PAGES, ids=page_id)
def test_a_page_tells_what_it_is(page: Path, site: Path) -> None:
    """Canonical address, description and card; for a FAQ entry with an answer, the answer that the reader sees."""
    html = rendered(site, page)
    told = {tag.get("property") or tag.get("name"): tag["content"] for tag in html.select("meta[content]")}
    assert html.find("link", rel="canonical")["href"] == address(page) == told["og:url"]
    assert told["description"] == told["og:description"] and 20 <= len(told["description"]) <= 160
    assert told["og:title"] and told["twitter:card"] == "summary_large_image"
    card = (site / told["og:image"].removeprefix(ORIGIN)).read_bytes()
    assert struct.unpack(">II", card[16:24]) == (1200, 630)
    for script in html.select('script[type="application/ld+json"]'):
        question = json.loads(script.string)["mainEntity"]
        shown = " ".join(html.find("article").get_text(" ").split())
        answer = re.sub(r"\W", "", question["acceptedAnswer"]["text"])
        assert answer and answer in re.sub(r"\W", "", shown)
        assert question["name"] in shown


def test_the_policy_is_strict_and_every_page_keeps_it(site: Path) -> None:
    """That scripts run under it is for the browser tests; here: one policy, no loophole, no inline style or handler."""
    policies = set()
    for file in site.rglob("*.html"):
        html = soup(file)
        meta = html.find("meta", attrs={"http-equiv": "Content-Security-Policy"})
        assert meta, f"{file.relative_to(site)} has no policy"
        loads = html.head.find(["script", "link", "style"])
        assert loads is None or meta in loads.find_all_previous("meta"), (
            f"{file.relative_to(site)} loads something before its policy"
        )
        if html.find(id="__config"):
            policies.add(meta["content"])
        assert not html.select("[style], style, [onclick], [onload], [onerror]"), file.relative_to(site)
    assert len(policies) == 1, "instant navigation keeps the first page's policy: all must be the same"
    (policy,) = policies
    assert policy.startswith("default-src 'none'") and "unsafe" not in policy and "http" not in policy
    empty = soup(site / "404.html").select("script:not([src]):not([type])")
    depths = {
        len(file.relative_to(site).parts) for file in site.rglob("*/index.html") if soup(file).find(id="__config")
    }
    assert policy.count("'sha256-") == len(empty) + len(depths), "more than the page without content has, at each depth"


def test_published_names_change_with_their_content(site: Path) -> None:
    """Hosts let browsers keep them for a year, see docs/_headers."""
    names = [p.name for p in site.rglob("*") if p.suffix in {".css", ".js"}]
    assert len(names) == 5 and all(re.fullmatch(r"[\w-]+\.[0-9a-f]{8}(\.min)?\.(css|js)", name) for name in names), (
        names
    )
    assert not [*site.rglob("*.map"), *site.rglob("*.py")]


def test_slimming_stops_at_a_theme_that_it_does_not_know(tmp_path: Path) -> None:
    (tmp_path / "index.html").write_text("<html><head><title>Other</title></head></html>", encoding="utf-8")
    command = [sys.executable, ROOT / "docs/.publish/slim.py", tmp_path]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 1 and "→ look up how this Material does" in done.stderr and "Traceback" not in done.stderr
