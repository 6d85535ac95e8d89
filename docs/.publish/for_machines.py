"""What `make build` adds to site/ for readers that are programs: every page as Markdown with its files in it, and llms.txt.

    python docs/.publish/for_machines.py site

/pal/users/ is also there as /pal/users/index.md; /llms.txt lists all of them (https://llmstxt.org).
"""

from __future__ import annotations

import posixpath
import re
import sys
from pathlib import Path
from urllib.parse import quote

from mkdocs.config import load_config
from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, get_files
from mkdocs.utils.meta import get_data

ROOT = Path(__file__).parent.parent.parent
INCLUDE = re.compile(r'^( *)--8<-- "([^"]+)"\n', re.MULTILINE)
LINK = re.compile(r"\]\(([^)\s:#]+\.(?:md|pyz))(#[^)\s]*)?\)")
INTRODUCTION = (
    "How Microsoft partners link their ID to the identities that work in customers' Azure (Partner Admin Link, PAL). "
    "Every block is a file that the site's tests ran or checked. Sample values (partner ID 1234567, tenant 11111111-…) stand "
    "for the reader's own."
)


def publish(site: Path) -> None:
    """Write an index.md beside each page of `site`, and llms.txt."""
    config = load_config(str(ROOT / "mkdocs.yml"), site_dir=str(site))
    pages = {f.src_uri: f for f in get_files(config).documentation_pages() if (site / f.dest_uri).exists()}
    entries: dict[str, list[str]] = {}
    for name, file in sorted(pages.items()):
        body, meta = get_data(Path(file.abs_src_path).read_text(encoding="utf-8"))
        markdown_file(site, file).write_text(
            as_markdown(body, meta, name, pages, config), encoding="utf-8", newline="\n"
        )
        section = "FAQ" if name.startswith("pal/faq/") else "Pages"
        entry = f"- [{plain(meta['title'])}]({address(file, config, '')}): {plain(meta['description'])}"
        entries.setdefault(section, []).append(entry)
    text = [f"# {config.site_name}", "", f"> {INTRODUCTION}"]
    for section in sorted(entries, reverse=True):
        text += ["", f"## {section}", "", *entries[section]]
    (site / "llms.txt").write_text("\n".join(text) + "\n", encoding="utf-8", newline="\n")


def markdown_file(site: Path, file: File) -> Path:
    return (site / file.dest_uri).with_suffix(".md")


def address(file: File, config: MkDocsConfig, folder: str) -> str:
    """Where the Markdown of a page is, for what stands in `folder`; the way from there where the site knows no address."""
    path = posixpath.splitext(file.dest_uri)[0] + ".md"
    return config.site_url + quote(path) if config.site_url else quote(posixpath.relpath(path, folder or "."))


def plain(text: object) -> str:
    """Text of the front matter that no reader of Markdown takes for markup, on one line."""
    return re.sub(r"[\\`<>\[\]!&]", r"\\\g<0>", " ".join(str(text).split()))


def link(name: object, where: object) -> str:
    """A link where nothing but a page can be behind the address, as on the site; text elsewhere."""
    if re.fullmatch(r"https://[^\s<>()\\]+(\([^\s<>()\\]*\)[^\s<>()\\]*)*", str(where)):
        return f"[{plain(name)}]({where})"
    return f"{plain(name)}: {plain(where)}"


def as_markdown(body: str, meta: dict, name: str, pages: dict[str, File], config: MkDocsConfig) -> str:
    """A page's source with files in place of includes, links to the Markdown of other pages, and its sources at the end."""

    def linked(match: re.Match) -> str:
        path = posixpath.normpath(posixpath.join(posixpath.dirname(name), match[1]))
        target, folder = pages.get(path), posixpath.dirname(pages[name].dest_uri)
        if path.endswith(".pyz"):  # a file to download stands where the sources have it
            return f"]({config.site_url or posixpath.relpath('.', folder) + '/'}{quote(path)})"
        return f"]({address(target, config, folder)}{match[2] or ''})" if target else match[0]

    text = INCLUDE.sub(included, LINK.sub(linked, body.strip() + "\n"))
    title = "" if text.startswith("# ") else f"# {plain(meta['title'])}\n\n"
    sources = "".join(f"- {link(*source)}\n" for source in meta.get("sources", {}).items())
    return f"{title}{text}\n## Sources, checked on {plain(meta.get('checked'))}\n\n{sources}"


def included(match: re.Match) -> str:
    """The file that a line pulls in, indented like the line."""
    lines = (ROOT / "snippets" / match[2]).read_text(encoding="utf-8").strip("\n").split("\n")
    return "".join(f"{match[1]}{line}".rstrip() + "\n" for line in lines)


if __name__ == "__main__":
    publish(Path(sys.argv[1]))
