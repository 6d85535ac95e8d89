"""Addresses of FAQ entries that were published and must keep landing: what `main` ever had, by git.

A list of them would be one more file to edit for everybody who answers in the browser.
"""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterator
from difflib import SequenceMatcher
from functools import cache
from pathlib import Path

FAQ = "docs/pal/faq"


def git(root: Path, *arguments: str) -> str:
    """What git says; nothing where it fails, or is not there."""
    try:
        done = subprocess.run(["git", "-C", root, *arguments], capture_output=True, encoding="utf-8", errors="replace")
    except OSError:
        return ""
    return done.stdout if done.returncode == 0 else ""


@cache
def base(root: Path) -> str:
    """The commit of `main` on which the working tree stands; nothing without the whole history."""
    if git(root, "rev-parse", "--is-shallow-repository").strip() != "false":
        return ""
    for name in ("origin/main", "main", "HEAD"):
        if commit := git(root, "merge-base", "HEAD", name).strip():
            return commit
    return ""


def published(root: Path) -> list[str]:
    """The names of all entries that `main` had at any time."""
    log = (
        "log",
        "--first-parent",
        "--diff-merges=first-parent",
        "--no-renames",
        "--diff-filter=A",
        "--name-only",
        "--format=",
    )
    names = git(root, *log, base(root), "--", FAQ).splitlines() if base(root) else []
    return sorted({Path(name).name for name in names if re.fullmatch(rf"{FAQ}/[^/]+\.md", name)} - {"index.md"})


def lost(root: Path, names: list[str]) -> Iterator[tuple[Path, int, str]]:
    """Each name that is gone without a redirect, as a mistake of mkdocs.yml; each link and redirect that still leads there."""
    config = root / "mkdocs.yml"
    lines = config.read_text("utf-8").splitlines()
    here = next((n for n, line in enumerate(lines, 1) if "redirect_maps:" in line), 1)
    moved = {line.strip().partition(":")[0] for line in lines}
    for name in (name for name in names if not (root / FAQ / name).exists()):
        new = nearest(root, name)
        if f"pal/faq/{name}" not in moved:
            line = f"        pal/faq/{name}: pal/faq/{new}"
            yield config, here, f"/pal/faq/{name[:-3]}/ was published and is gone → add below redirect_maps: `{line}`"
        for page in sorted((root / "docs").rglob("*.md")):
            for number, text in enumerate(page.read_text("utf-8", "replace").splitlines(), 1):
                if page.parent.name != "faq" and re.search(rf"[(/]faq/{re.escape(name)}[)#]", text):
                    yield page, number, f"link to faq/{name}, which is gone → write faq/{new}"
    for number, line in enumerate(lines, 1):
        target = re.fullmatch(r"\s+[\w./-]+\.md: pal/faq/([\w.-]+\.md)", line)
        if target and not (root / FAQ / target[1]).exists():
            yield (
                config,
                number,
                f"redirect to pal/faq/{target[1]}, which is gone → write the entry that answers the question now",
            )


def nearest(root: Path, name: str) -> str:
    """The entry that says what the old one said last; the index where there is none."""
    gone = git(
        root, "log", "-1", "--diff-filter=D", "--no-renames", "--format=%H", base(root), "--", f"{FAQ}/{name}"
    ).strip()
    old = git(root, "show", f"{gone}^:{FAQ}/{name}" if gone else f"{base(root)}:{FAQ}/{name}")
    like = {
        path.name: SequenceMatcher(None, old, path.read_text("utf-8", "replace")).ratio()
        for path in (root / FAQ).glob("*.md")
    }
    best = max(like, key=like.get, default="index.md")
    return best if like.get(best, 0) > 0.6 else "index.md"
