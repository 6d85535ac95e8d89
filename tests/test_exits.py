"""Leaving MkDocs stays possible: the other builders make the same site of the same mkdocs.yml, and a difference is noticed."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import exits
import pytest
from conftest import need, only_in_ci

PAGE = """<!DOCTYPE html><html lang="en"><head><title>Users</title><link rel="canonical" href="https://site/users/">
<meta name="description" content="How to link."></head><body><a class="md-logo" href="../pal/">Guide</a>
<article><nav class="md-tags"><a class="md-tag" href="../faq/#tag:users">Users</a></nav><h1 id="users">Users</h1>
<p>Link <a href="../sp/">once</a>.</p><pre><span></span><code>az login
</code></pre><section class="pal-sources"><h2 id="sources">Sources</h2><ul><li><a href="https://a.example">A</a></li>
<li><a href="https://b.example">B</a></li></ul></section></article></body></html>"""
REDIRECT = (
    '<!DOCTYPE html><html><head><title>Gone</title><meta http-equiv="refresh" content="0; url=../users/"></head></html>'
)

CHANGES = {
    "a block's last line break": ("login\n", "login", "code blocks"),
    "a block's character": ("az login", "az  login", "code blocks"),
    "an anchor": ('id="users"', 'id="users-1"', "anchors"),
    "a word": ("Link <a", "Links <a", "words"),
    "a link": ("../sp/", "../sp/#x", "links"),
    "the title": ("<title>Users", "<title>User", "head"),
    "the description": ("How to", "How we", "head"),
    "the canonical address": ("//site/users/", "//site/user/", "head"),
    "a source": ("b.example", "c.example", "set of sources"),
    "the theme": (">Users</a>", ">Guests</a>", "theme"),
    "the logo": ("../pal/", "../", "navigation"),
    "markup only": ("<p>", '<p class="x">', "HTML"),
}


@pytest.fixture(name="sites")
def _sites(tmp_path: Path) -> tuple[Path, Path]:
    """Two small sites that are the same."""
    one, two = tmp_path / "one", tmp_path / "two"
    for name, text in {"users/index.html": PAGE, "user/index.html": REDIRECT, "llms.txt": "Guide"}.items():
        (one / name).parent.mkdir(parents=True, exist_ok=True)
        (one / name).write_text(text, encoding="utf-8")
    shutil.copytree(one, two)
    return one, two


def test_equal_sites_do_not_differ(sites: tuple[Path, Path]) -> None:
    file = sites[1] / "users/index.html"
    file.write_text(PAGE.replace("<title>", '<meta name="generator" content="another"><title>'), encoding="utf-8")
    assert exits.compare(*sites) == {}


@pytest.mark.parametrize(("old", "new", "aspect"), CHANGES.values(), ids=CHANGES)
def test_a_changed_page_is_noticed(old: str, new: str, aspect: str, sites: tuple[Path, Path]) -> None:
    file = sites[1] / "users/index.html"
    assert PAGE.count(old) == 1
    file.write_text(PAGE.replace(old, new), encoding="utf-8")
    assert exits.compare(*sites)[aspect] == ["users/index.html"]


def test_missing_pages_files_and_redirects_are_noticed(sites: tuple[Path, Path]) -> None:
    one, two = sites
    (two / "user/index.html").write_text(REDIRECT.replace("../users/", "../"), encoding="utf-8")
    (two / "users/index.html").unlink()
    (two / "llms.txt").rename(two / "llms.md")
    differing = exits.compare(one, two)
    assert differing.pop("HTML") == differing.pop("redirects") == ["user/index.html"]
    assert differing == {"pages": ["users/index.html"], "other files": ["llms.md", "llms.txt"]}


def test_only_explained_differences_pass() -> None:
    explained = {"HTML": ["x.html"], "sources": ["x.html"], "other files": ["search.json"]}
    assert exits.judge("zensical", explained)[1] == exits.judge("properdocs", {})[1] == []
    (message,) = exits.judge("zensical", explained | {"other files": ["search.json", "secret.json"]})[1]
    assert message.startswith("zensical: other files: secret.json → mend ")
    (message,) = exits.judge("zensical", explained | {"HTML": []})[1]
    assert message.startswith("zensical: HTML: nothing differs in .* → take it out of KNOWN")


@only_in_ci
def test_the_exits_are_open(tmp_path: Path, plain_site: Path) -> None:
    need(exits.PYTHON)
    table, mistakes = exits.rehearse(tmp_path, plain_site)
    assert not mistakes, "\n".join([*table, "", *mistakes])
    slim = [sys.executable, exits.ROOT / "docs/.publish/slim.py", tmp_path / "zensical/site"]
    stopped = subprocess.run(slim, capture_output=True, text=True)
    assert "look up how this Material loads search" in stopped.stderr, (
        "README says that slim.py stops there → write what it does"
    )
