"""What programs read: Markdown with the files in it, llms.txt, sitemap, canonical addresses, cards, structured data, policy."""

from __future__ import annotations

import json
import re
import struct
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from browsing import ORIGIN
from bs4 import BeautifulSoup
from emulator.harness import ROOT
from pages import FENCE, PAGES, SNIPPETS, folder_of, includes, page_id, rendered, soup


def markdown(site: Path, page: Path) -> Path:
    return site / folder_of(page) / "index.md"


def address(page: Path) -> str:
    return ORIGIN + markdown(Path(), page).parent.as_posix() + "/"


def test_markdown_holds_the_files_that_the_page_shows(site: Path) -> None:
    found = []
    for page in PAGES:
        text = markdown(site, page).read_text(encoding="utf-8")
        fences = [re.sub(f"^{match[1]}", "", match[4], flags=re.MULTILINE).strip() for match in FENCE.finditer(text)]
        files = [(SNIPPETS / name).read_text(encoding="utf-8").strip() for name in includes(page)]
        if fences != files or "--8<--" in text or not text.startswith("# "):
            different = [name for name, fence in zip(includes(page), fences, strict=False) if fence not in files]
            found.append(f"{markdown(Path(), page)}: not the page's title and files → for_machines.py: {different}")
    assert not found, "\n".join(found)


def test_markdown_links_lead_to_markdown(site: Path) -> None:
    found = []
    for page in PAGES:
        text = markdown(site, page).read_text(encoding="utf-8")
        inside = re.findall(rf"\]\(({re.escape(ORIGIN)}[^)#\s]*)", text)
        nowhere = [target for target in inside if not (site / target.removeprefix(ORIGIN)).exists()]
        nowhere += re.findall(r"\]\((?!https?:|#|mailto:)([^)]*\.md)", text)
        found += [f"{markdown(Path(), page)}: {target} leads nowhere → for_machines.py" for target in nowhere]
    assert not found, "\n".join(found)


def test_llms_txt_lists_every_page(site: Path) -> None:
    text = (site / "llms.txt").read_text(encoding="utf-8")
    listed = re.findall(r"^- \[[^\]]+\]\(([^)]+)\): \S", text, re.MULTILINE)
    assert sorted(listed) == sorted(f"{address(page)}index.md" for page in PAGES)


def test_the_sitemap_lists_every_page_and_nothing_else(site: Path) -> None:
    found = re.findall(r"<loc>([^<]+)</loc>", (site / "sitemap.xml").read_text(encoding="utf-8"))
    assert sorted(found) == sorted(map(address, PAGES))


def test_every_page_tells_what_it_is(site: Path) -> None:
    """Canonical address, description and card; for a FAQ entry with an answer, the answer that the reader sees."""
    found = {page_id(page): wrong for page in PAGES if (wrong := list(misstated(rendered(site, page), page, site)))}
    assert not found, "\n".join(f"docs/{name}: {', '.join(wrong)} → docs/.theme" for name, wrong in found.items())


def misstated(html: BeautifulSoup, page: Path, site: Path) -> Iterator[str]:
    """What a page tells programs of itself and is not so."""
    told = {tag.get("property") or tag.get("name"): tag["content"] for tag in html.select("meta[content]")}
    if not html.find("link", rel="canonical")["href"] == address(page) == told.get("og:url"):
        yield "its address"
    if not (told["description"] == told.get("og:description") and 20 <= len(told["description"]) <= 160):
        yield "its description"
    card = (site / told["og:image"].removeprefix(ORIGIN)).read_bytes()
    size = struct.unpack(">II", card[16:24])
    if not told.get("og:title") or told.get("twitter:card") != "summary_large_image" or size != (1200, 630):
        yield "its card"
    shown = " ".join(html.find("article").get_text(" ").split())
    for script in html.select('script[type="application/ld+json"]'):
        question = json.loads(script.string)["mainEntity"]
        answer = re.sub(r"\W", "", question["acceptedAnswer"]["text"])
        if not answer or answer not in re.sub(r"\W", "", shown) or question["name"] not in shown:
            yield "its question and answer"


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
