"""`make links`: what grows old by itself, links to other sites and sources that nobody has read again for twelve months.

A link counts as gone when its server says so, or when the server's name is gone. A refusal, a fault or no answer in time may be about us:
it is shown, and does not fail the run. Anchors are not looked at.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from pathlib import Path

import requests
from emulator.harness import ROOT
from pages import stale
from requests.adapters import HTTPAdapter
from urllib3.util import Retry

FILES = [*ROOT.glob("*.md"), *ROOT.glob(".github/*.md"), *ROOT.glob("docs/**/*.md")]
LINK = re.compile(r"(?:\]\(|: |<)(https?://[^\s)>\"']+)")  # in Markdown, in front matter
GONE = {404, 410}


def links(files: Iterable[Path]) -> dict[str, list[str]]:
    """Address, without its anchor -> the places that link it, as file:line."""
    found: dict[str, list[str]] = {}
    for file in sorted(files):
        for number, line in enumerate(file.read_text(encoding="utf-8").splitlines(), 1):
            for address in LINK.findall(line):
                found.setdefault(address.partition("#")[0], []).append(f"{file.relative_to(ROOT).as_posix()}:{number}")
    return found


def browser(retries: int = 2) -> requests.Session:
    """A session that tries again, later, what a busy server did not answer."""
    session = requests.Session()
    session.headers["User-Agent"] = "Mozilla/5.0 (link check)"
    again = Retry(retries, backoff_factor=1, status_forcelist=(429, 500, 502, 503, 504), raise_on_status=False)
    for scheme in ("http://", "https://"):
        session.mount(scheme, HTTPAdapter(max_retries=again, pool_maxsize=8))
    return session


def verdict(session: requests.Session, address: str) -> tuple[bool, str]:
    """Whether the page is gone, and what was seen; nothing is said of a page that is there."""
    try:
        with session.get(address, timeout=20, stream=True) as answer:
            return answer.status_code in GONE, "" if answer.ok else f"answers {answer.status_code}"
    except requests.RequestException as error:
        return "NameResolutionError" in str(error), f"gives no answer ({type(error).__name__})"


def main() -> int:
    """Print everything that is gone or old, `file:line: found → what to do`; 1 when there is any."""
    found, session = links(FILES), browser()
    with ThreadPoolExecutor(8) as pool:
        verdicts = dict(zip(found, pool.map(lambda address: verdict(session, address), found), strict=True))
    for address, (gone, seen) in verdicts.items():
        for place in found[address] if seen else ():
            print(f"{place}: {address} {seen} → " + ("link what took its place" if gone else "look at it yourself"))
    old, gone = stale(date.today()), [address for address, (gone, _) in verdicts.items() if gone]
    for page in old:
        print(f"{page} → read its sources again, and write today's date")
    print(f"links: {len(found)}, gone: {len(gone)}, pages to read again: {len(old)}")
    return 1 if gone or old else 0


if __name__ == "__main__":
    sys.exit(main())
