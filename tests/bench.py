"""`make bench`: Lighthouse over the published pages, side by side with stock Material built from the same pages in the same run.

    make bench                      # every route, three runs each, phone and desktop
    make bench BENCH="--runs 1 pal/ pal/users/"

Needs Node (18 or newer: Lighthouse 12; 22.19 or newer: Lighthouse 13) and a Chromium. Numbers of one run compare with each other only.
"""

from __future__ import annotations

import argparse
import functools
import gzip
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import threading
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from browsing import ADDRESSES, find_browser
from mkdocs.commands.build import build
from mkdocs.config import load_config

ROOT = Path(__file__).parent.parent
TOOLS = ROOT / ".venv/bench"
CATEGORIES = ("performance", "accessibility", "best-practices", "seo")
CHROME = (
    "--headless=new --no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking "
    "--disable-component-update --disable-sync --host-resolver-rules='MAP * ~NOTFOUND, EXCLUDE 127.0.0.1'"
)


class Handler(SimpleHTTPRequestHandler):
    """Files with gzip, as a static host serves them."""

    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        path = Path(self.translate_path(self.path))
        path = path / "index.html" if path.is_dir() else path
        found = path.is_file()
        body = gzip.compress(path.read_bytes() if found else b"", 6)
        self.send_response(200 if found else 404)
        self.send_header("Content-Type", self.guess_type(str(path)))
        self.send_header("Content-Encoding", "gzip")
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Cache-Control", "max-age=600")
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args: object) -> None:
        """Quiet."""


def lighthouse() -> Path:
    """The newest Lighthouse that this Node runs, installed below .venv. SystemExit says what is missing."""
    if not shutil.which("npm"):
        sys.exit("make bench needs Node and npm: Node 22.19 or newer for Lighthouse 13, 18 or newer for Lighthouse 12.")
    node = subprocess.run(["node", "--version"], capture_output=True, text=True, check=True).stdout
    version = tuple(int(part) for part in node.strip().lstrip("v").split("."))
    if version < (18, 16):
        sys.exit(
            f"Node {node.strip()} is too old for any current Lighthouse: 22.19 or newer runs 13, 18.16 or newer runs 12."
        )
    major = 13 if version >= (22, 19) else 12
    if major == 12:
        print(f"Node {node.strip()} cannot run Lighthouse 13 (needs 22.19): measuring with Lighthouse 12.\n")
    target = TOOLS / f"lighthouse-{major}"
    if not (binary := target / "node_modules/.bin/lighthouse").exists():
        target.mkdir(parents=True, exist_ok=True)
        env = os.environ | {"PUPPETEER_SKIP_DOWNLOAD": "1"}
        command = ["npm", "install", "--silent", "--no-audit", "--no-fund", "--prefix", target, f"lighthouse@{major}"]
        subprocess.run(command, check=True, env=env)
    return binary


def build_ours(site: Path) -> None:
    build(load_config(str(ROOT / "mkdocs.yml"), site_dir=str(site)))
    subprocess.run([sys.executable, ROOT / "docs/.publish/slim.py", site], check=True)


def build_stock(site: Path) -> None:
    """Material as its documentation shows it, with the same pages; without web fonts, which nobody can fetch here."""
    theme = {
        "name": "material",
        "font": False,
        "features": ["content.code.copy", "content.tabs.link", "navigation.instant", "navigation.sections"],
        "palette": [{"scheme": "default", "toggle": {"icon": "material/weather-night", "name": "Dark"}}],
    }
    build(load_config(str(ROOT / "mkdocs.yml"), site_dir=str(site), theme=theme, extra_css=[], extra_javascript=[]))


def serve(site: Path, server: ThreadingHTTPServer) -> None:
    server.RequestHandlerClass = functools.partial(Handler, directory=str(site))


def measure(binary: Path, url: str, desktop: bool) -> dict:
    """One Lighthouse run as its report."""
    with tempfile.TemporaryDirectory() as profile:
        command = [binary, url, "--quiet", "--output=json", f"--chrome-flags={CHROME} --user-data-dir={profile}"]
        command += [f"--only-categories={','.join(CATEGORIES)}", *(["--preset=desktop"] if desktop else [])]
        done = subprocess.run(command, capture_output=True, text=True, timeout=180)
    if done.returncode:
        sys.exit(done.stderr)
    return json.loads(done.stdout)


def row(reports: list[dict]) -> str:
    def median(read) -> float:
        return statistics.median(read(report) for report in reports)

    scores = "/".join(f"{median(lambda r, c=c: r['categories'][c]['score'] * 100):.0f}" for c in CATEGORIES)
    audit = [
        median(lambda r, a=a: r["audits"][a]["numericValue"])
        for a in (
            "first-contentful-paint",
            "largest-contentful-paint",
            "total-blocking-time",
            "cumulative-layout-shift",
        )
    ]
    items = reports[0]["audits"]["network-requests"]["details"]["items"]
    requests = [item for item in items if not item["url"].startswith("data:")]  # those stand in the style sheet
    sent = sum(item.get("transferSize", 0) for item in requests) / 1000
    return "{:>15} {:>5.0f} {:>5.0f} {:>4.0f} {:.3f} {:>6.1f} {:>3}".format(scores, *audit, sent, len(requests))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "pages", nargs="*", help="addresses below the root; default: every page that is no FAQ entry, and one"
    )
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--phone-only", action="store_true")
    parser.add_argument("--ours-only", action="store_true")
    parser.add_argument("--failures", action="store_true", help="name the audits that are not perfect")
    given = parser.parse_args()
    binary = lighthouse()
    if not (browser := find_browser()):
        sys.exit("Chromium is missing → install it, or name a browser in PAL_BROWSER")
    os.environ.setdefault("CHROME_PATH", browser)
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    url = f"http://127.0.0.1:{server.server_port}/"
    os.environ |= ADDRESSES | {"SITE_URL": url}
    with tempfile.TemporaryDirectory() as folder:
        sites = {"ours": Path(folder) / "ours", "stock": Path(folder) / "stock"}
        build_ours(sites["ours"])
        build_stock(sites["stock"])
        if given.ours_only:
            del sites["stock"]
        print(
            f"{'page':<22} {'':<8} {'':<5} {'P/A/BP/SEO':>15} {'FCP':>5} {'LCP':>5} {'TBT':>4} {'CLS':>5} {'kB':>6} req"
        )
        for page in given.pages or default_pages(sites["ours"]):
            for form in ("phone",) if given.phone_only else ("phone", "desktop"):
                for name, found in reports(binary, server, sites, url + page, form == "desktop", given.runs).items():
                    print(f"{'/' + page:<22} {form:<8} {name:<5} {row(found)}", flush=True)
                    if given.failures and name == "ours":
                        print_failures(found[0])
    server.shutdown()


def reports(
    binary: Path, server: ThreadingHTTPServer, sites: dict[str, Path], url: str, desktop: bool, runs: int
) -> dict[str, list[dict]]:
    """Site -> its Lighthouse reports for one address; the sites take turns, since machines drift."""
    found: dict[str, list[dict]] = {name: [] for name in sites}
    for _ in range(runs):
        for name, site in sites.items():
            serve(site, server)
            found[name].append(measure(binary, url, desktop))
    return found


def default_pages(site: Path) -> list[str]:
    found = sorted(
        f"{file.parent.relative_to(site).as_posix()}/"
        for file in site.glob("**/index.html")
        if "__config" in file.read_text(encoding="utf-8")
    )
    entries = [page for page in found if page.startswith("pal/faq/") and page != "pal/faq/"]
    return [page for page in found if page not in entries] + entries[:1]


def print_failures(report: dict) -> None:
    wanted = {ref["id"] for c in CATEGORIES for ref in report["categories"][c]["auditRefs"] if ref["weight"]}
    for name, audit in report["audits"].items():
        if name in wanted and audit["score"] is not None and audit["score"] < 0.95:
            items = audit.get("details", {}).get("items", [])[:3]
            print(f"    {name}: {audit['score']} {audit.get('displayValue', '')} {json.dumps(items)[:600]}")


if __name__ == "__main__":
    main()
