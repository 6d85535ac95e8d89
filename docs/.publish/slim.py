"""What `make build` does to site/ after MkDocs: the same pages, a fraction of the bytes, under a strict content policy.

    python docs/.publish/slim.py site

`make serve` does without. Whatever leans on Material's internals is here and stops with a sentence when Material changes.
"""

from __future__ import annotations

import base64
import hashlib
import html as markup
import json
import posixpath
import re
import sys
from collections.abc import Iterable
from functools import partial
from pathlib import Path

import minify_html
import tinycss2
from content import unwanted
from mkdocs_redirects.plugin import HTML_TEMPLATE

HERE = Path(__file__).parent
LINK = re.compile(r'<link rel="stylesheet" href="([^"]+)">\s*')
BUNDLE = re.compile(r'<script src="([^"]*)assets/javascripts/(bundle\.\w+\.min\.js)"></script>')
SHIM = re.compile(r'<script src="https://unpkg.com/iframe-worker/shim"></script>')  # late.js does its work
SCRIPT = re.compile(r"<script\b[^>]*>.*?</script>", re.DOTALL | re.IGNORECASE)
INLINE = re.compile(r"<script>(.*?)</script>", re.DOTALL)
DATA = '<script type="application/ld+json">'  # nothing that a browser runs
POLICY = re.compile(r'<meta http-equiv="?Content-Security-Policy"? content="[^"]*">')
ARTICLE = re.compile(r'<article class="md-content__inner md-typeset">(.*)</article>', re.DOTALL)
REDIRECT = re.compile(re.escape(HTML_TEMPLATE).replace(re.escape("{url}"), r"[\w./#-]*"))
DOWNLOAD = Path("lighthouse/check-offer.pyz")  # the one file beside the pages; tests/test_offer_pyz.py holds its bytes

# Material 9.8.1 loads the search index and starts the search worker with the page: here both wait for the first search.
# It waits for a page that is loading: here the page has been there for long.
# It takes some signs of a query for commands and finds nothing where they are none: here a pasted message is words.
# It takes a scrolling block away from the keyboard where there is no mouse.
PATCHES = {
    'h(document,"DOMContentLoaded",{once:!0}).subscribe(()=>e.next(document)),e': "e.next(document),e",
    'L($(location.protocol!=="file:"),Je("search"))': 'Je("search")',
    "t=new Worker(e)": "t=palWorker(e)",
    "t.next({type:2,data:i})": r"""t.next({type:2,data:i.replace(/["\\:~^*]|(^|\s)[+-]+/g," ")})""",
    'd&&r?e.setAttribute("tabindex","0")': 'd?e.setAttribute("tabindex","0")',
}


def slim(site: Path) -> None:
    """Rewrite every page and asset below `site`. SystemExit with the reason when Material or a page is not as we know it."""
    pages = {file: file.read_text(encoding="utf-8") for file in sorted(site.rglob("*.html"))}
    full = {file: html for file, html in pages.items() if BUNDLE.search(html)}
    if not full:
        sys.exit(
            f"no page of {site} loads Material's bundle as we know it → look up how this Material does, see BUNDLE in {__file__}"
        )
    stop_at_strangers(site, pages, full)
    escape_titles(site)
    script = late_bundle(site, next(iter(full.values())))
    sheet = one_stylesheet(site, full)
    names = {sheet, *(hashed(site, file) for file in sorted(site.glob("assets/*.js")))}

    for file, html in full.items():
        root = BUNDLE.search(html)[1]
        html = BUNDLE.sub(lambda _: f"<script>{script}</script>", html)
        html = LINK.sub("", SHIM.sub("", html))
        html = html.replace("</title>", f'</title><link rel="stylesheet" href="{root}assets/{sheet}">', 1)
        for name in names:
            plain = re.sub(r"\.\w+(\.\w+)$", r"\1", name)
            html = html.replace(f"assets/{plain}", f"assets/{name}")
        pages[file] = html

    pages = {file: minify(html) for file, html in pages.items()}
    empty = pages[site / "404.html"]
    depths = {root_of(site, file) for file in full if pages[file] is not empty}
    policy = content_policy([empty, *(at_depth(empty, depth) for depth in depths)])
    for file, html in pages.items():
        own = policy if file in full else content_policy([html])
        html = POLICY.sub("", html, 1)
        file.write_text(html.replace("<meta charset=utf-8>", f"<meta charset=utf-8>{own}", 1), encoding="utf-8")
    remove_unused(site)


def minify(html: str) -> str:
    return minify_html.minify(
        html, keep_closing_tags=True, keep_html_and_head_opening_tags=True, keep_input_type_text_attr=True
    )


# --- Material's script ---


def late_bundle(site: Path, html: str) -> str:
    """Patch Material's bundle below a new name; return the inline script that loads it."""
    old = site / "assets/javascripts" / BUNDLE.search(html)[2]
    text = re.sub(r"//# sourceMappingURL=.*", "", old.read_text(encoding="utf-8"))
    for before, after in PATCHES.items():
        if text.count(before) != 1:
            sys.exit(
                f"{old.name} no longer holds {before!r} once → look up how this Material loads search, see {__file__}"
            )
        text = text.replace(before, after)
    old.write_text(text, encoding="utf-8")
    name = hashed(site, old)
    late = (HERE / "late.js").read_text(encoding="utf-8")
    late = re.sub(r"^\s+|/\*.*?\*/\s*", "", late, flags=re.DOTALL | re.MULTILINE)
    return late.replace("BUNDLE", f"assets/javascripts/{name}")


def hashed(site: Path, file: Path) -> str:
    """Rename `file` after its content, so that no browser shows yesterday's; return the new name."""
    digest = hashlib.sha256(file.read_bytes()).hexdigest()[:8]
    stem = file.name.split(".")[0]
    return file.rename(file.with_name(f"{stem}.{digest}{file.suffix}")).name


# --- styles: Material's and ours in one file, without rules for what no page has ---


def one_stylesheet(site: Path, pages: dict[Path, str]) -> str:
    """Join the style sheets of the pages, keep what they and the scripts can use; return the new file's name."""
    html = next(iter(pages.values()))
    hrefs = LINK.findall(html)
    sheets = [site / re.sub(r"^(\.\./|/.*?(?=assets/))+", "", href) for href in hrefs]
    scripts = [p.read_text(encoding="utf-8") for p in site.rglob("*.js") if "lunr" not in p.parts]
    words = set(re.findall(r"[\w-]+", " ".join([*scripts, *(tag for page in pages.values() for tag in tags(page))])))
    rules = tinycss2.parse_stylesheet(
        "\n".join(sheet.read_text(encoding="utf-8") for sheet in sheets), skip_comments=True, skip_whitespace=True
    )
    css = without_unused_variables(dark_without_scripts(purged(rules, words)), " ".join(scripts))
    for sheet in sheets:
        sheet.unlink()
    target = site / "assets/pal.css"
    target.write_text(css, encoding="utf-8")
    return hashed(site, target)


def tags(html: str) -> Iterable[str]:
    return re.findall(r"<[a-z][^>]*>", html)


def purged(rules: Iterable, words: set[str]) -> str:
    """CSS text of the rules whose classes, IDs and data values occur among `words`."""
    out = []
    for rule in rules:
        if rule.type == "qualified-rule":
            kept = [text for text in selectors(rule.prelude) if usable(text, words)]
            if kept:
                out.append(f"{','.join(kept)}{{{squeezed(rule.content)}}}")
        elif rule.type == "at-rule" and rule.lower_at_keyword in {"media", "supports"}:
            inner = purged(tinycss2.parse_rule_list(rule.content, skip_comments=True, skip_whitespace=True), words)
            if inner:
                out.append(f"@{rule.at_keyword} {squeezed(rule.prelude)}{{{inner}}}")
        elif rule.type == "at-rule" and rule.content is not None:  # @keyframes and the like; @charset goes
            out.append(squeezed([rule]))
        elif rule.type == "error":
            sys.exit(f"a style sheet cannot be read: {rule.message}")
    return "".join(out)


def dark_without_scripts(css: str) -> str:
    """`css` where each rule of the dark palette also holds for who asks for dark and runs no script that could switch to it."""
    asked = "@media (scripting:none) and (prefers-color-scheme:dark)"
    dark = re.compile(r'[^{}]*(\[data-md-color-scheme="?slate"?\])[^{}]*\{[^{}]*\}')
    return dark.sub(lambda rule: f"{rule[0]}{asked}{{{rule[0].replace(rule[1], '[data-md-color-scheme]')}}}", css)


def selectors(prelude: list) -> list[str]:
    """The selectors of a comma-separated list."""
    found: list[list] = [[]]
    for part in prelude:
        if part == ",":
            found.append([])
        else:
            found[-1].append(part)
    return [squeezed(tokens) for tokens in found]


def usable(selector: str, words: set[str]) -> bool:
    """Whether something on a page may match: classes, IDs and values that no page and no script names cannot."""
    while (plain := re.sub(r":[\w-]+\([^()]*\)", "", selector)) != selector:
        selector = plain  # what stands in :is(), :not() and so on decides nothing here
    named = re.findall(r"[.#]([\w-]+)|\[(?:data-md-[\w-]+|dir)=[\"']?([\w-]+)", selector)
    # "tabbed-control--next" is made from "tabbed-control--" and a word
    return all({name or value, f"{name.partition('--')[0]}--"} & words for name, value in named)


def squeezed(tokens: list) -> str:
    """CSS text with white space only where it separates."""
    text = tinycss2.serialize([token for token in tokens if token.type != "comment"])
    parts = re.split(r"(\"[^\"]*\")", text)
    parts[::2] = [re.sub(r"\s*([{};,>])\s*", r"\1", re.sub(r"\s+", " ", part)) for part in parts[::2]]
    return re.sub(r":\s+|;(?=})", lambda m: m[0].strip(" ;"), "".join(parts)).strip(" ;")


def without_unused_variables(css: str, scripts: str) -> str:
    """CSS without declarations of variables that nothing reads; icons as data addresses are the bulk of them."""
    declared = re.compile(r"(--[\w-]+):(?:\"[^\"]*\"|url\((?:\"[^\"]*\"|[^)]*)\)|[^;{}\"])*(;|(?=}))")
    while True:
        unread = set(re.findall(r"(--[\w-]+):", css)) - set(re.findall(r"var\((--[\w-]+)", css))
        unread -= set(re.findall(r"--[\w-]+", scripts))
        less = declared.sub(partial(without, unread), css)
        if less == css:
            return css
        css = less


def without(names: set[str], declaration: re.Match) -> str:
    return "" if declaration[1] in names else declaration[0]


# --- content policy: the page that does not exist has no content, so its scripts are the theme's ---


def stop_at_strangers(site: Path, pages: dict[Path, str], full: dict[Path, str]) -> None:
    """SystemExit with every page that holds what our theme and plain Markdown do not make, and each file that is no page."""
    empty, found = pages[site / "404.html"], []
    for file, html in pages.items():
        if html is empty:
            continue
        strange = stranger(html, at_depth(empty, root_of(site, file))) if file in full else not_a_redirect(html)
        found += [f"{file.relative_to(site)}: {what}" for what in strange]
    for file in (f for f in site.glob("*/**/*") if f.is_file() and f not in pages):
        if file.relative_to(site).parts[0] not in {"assets", "search"} and file.relative_to(site) != DOWNLOAD:
            found.append(f"{file.relative_to(site)}: not a page → publish files from docs/assets only")
    for entry in index_of(site)["docs"] if full else ():
        if re.match(r"pal/faq/(?!index\.html)[^#]", entry["location"]) and "boost" in entry:
            found.append(f"{entry['location']}: a boost in search → delete it")
    if found:
        sys.exit("\n".join(found))


def stranger(html: str, empty: str) -> Iterable[str]:
    """What a page has beside our theme and what content may be; `empty` is the page without content at its depth."""
    ours = empty[: POLICY.search(empty).end()]
    if not html.startswith(ours):
        yield "not made by docs/.theme/main.html → delete the field `template` from its front matter"
        return
    article = ARTICLE.search(html)
    for what in unwanted(article[1]) if article else ["no article"]:
        yield f"{first_words(what)} → write Markdown; what a page may hold stands in docs/.publish/content.py"
    scripts = [script for script in SCRIPT.findall(html) if not script.startswith(DATA)]
    for script in set(scripts) - set(SCRIPT.findall(empty)):
        yield f"{first_words(script)} → no script but the theme's may stand in a page"


def not_a_redirect(html: str) -> Iterable[str]:
    if not REDIRECT.fullmatch(html):
        yield f"{first_words(html)} → neither a page of the theme nor a redirect of mkdocs.yml"


def first_words(text: str) -> str:
    return " ".join(text[:200].split())[:60]


def root_of(site: Path, file: Path) -> str:
    """The way from a page to the site's root, as MkDocs writes it."""
    return posixpath.relpath(site.as_posix(), file.parent.as_posix())


def at_depth(empty: str, root: str) -> str:
    """The page without content as it is where `root` leads to the site's root; it names the root in full."""
    base = re.search(r'"base": ?"([^"]*)"', empty)[1]
    folder = "" if root == "." else f"{root}/"
    for before in ("URL(", '"base": '):
        empty = empty.replace(f'{before}"{base}"', f'{before}"{root}"')
    return empty.replace(f'"{base}assets/', f'"{folder}assets/')


def content_policy(pages: Iterable[str]) -> str:
    """One policy for `pages` (instant navigation keeps the first page's): own files, and inline scripts by their hash."""
    inline = sorted({script for html in pages for script in INLINE.findall(html)})
    digests = (base64.b64encode(hashlib.sha256(script.encode()).digest()).decode() for script in inline)
    scripts = " ".join(f"'sha256-{digest}'" for digest in digests)
    policy = (
        f"default-src 'none';script-src 'self' {scripts};style-src 'self';img-src 'self' data:;font-src 'self';"
        "connect-src 'self';worker-src 'self';frame-src 'self';manifest-src 'self';base-uri 'none';form-action 'none'"
    )
    return f'<meta http-equiv=Content-Security-Policy content="{policy}">'


# --- search ---


def index_of(site: Path) -> dict:
    """The search index. SystemExit where it is no JSON: a browser would find nothing on any page."""

    def refuse(constant: str) -> None:
        sys.exit(f"search/search_index.json holds {constant} → look for it in the front matter below docs/, at `boost`")

    if not (site / "search/search_index.json").exists():
        sys.exit(f"no search/search_index.json → look up how this Material loads search, see {__file__}")
    return json.loads((site / "search/search_index.json").read_text(encoding="utf-8"), parse_constant=refuse)


def escape_titles(site: Path) -> None:
    """Material puts a page's title from the front matter into the index as it stands, and shows it as HTML; headings are escaped."""
    index = index_of(site)
    for entry in index["docs"]:
        if "#" not in entry["location"]:
            entry["title"] = markup.escape(entry["title"], quote=False)
    text = json.dumps(index, separators=(",", ":"))
    (site / "search/search_index.json").write_text(text, encoding="utf-8")
    if (offline := site / "search/search_index.js").exists():
        offline.write_text(f"var __index = {text}", encoding="utf-8")


def remove_unused(site: Path) -> None:
    """Take out what no page loads: source maps, search in languages that the site does not have, Material's icon."""
    for file in [
        *site.rglob("*.map"),
        *site.rglob("lunr/**/*.js"),
        *site.glob("assets/images/favicon.png"),
    ]:
        file.unlink()


if __name__ == "__main__":
    slim(Path(sys.argv[1]))
