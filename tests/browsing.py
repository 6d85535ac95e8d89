"""A reader's browser on the published site: real Chromium, the site at its real address, and nothing else in the world.

Every request is answered from the built folder, with the headers that hosts send; a request to any other place is refused
and fails the test, and so does whatever the browser's console calls an error.
"""

from __future__ import annotations

import gzip
import mimetypes
import os
import shutil
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from pathlib import Path

from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, Route

ORIGIN = "https://guide.example/pal-guide/"
# What every build of the tests is told, as publish.yml tells its own; instant navigation needs an address too.
ADDRESSES = {"SITE_URL": ORIGIN, "REPO_URL": "https://github.com/fabrikam/guide", "EDIT_URI": "edit/main/docs/"}
# Debian's chromium-headless-shell is Chromium without its windows: the same pages for half of the work.
NAMES = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome", "chrome", "msedge")
PLACES = (
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
    "C:/Program Files/Google/Chrome/Application/chrome.exe",
    "C:/Program Files (x86)/Microsoft/Edge/Application/msedge.exe",
)


def environment(given: dict[str, str] = ADDRESSES) -> dict[str, str]:
    """This process's environment with `given` in place of all that mkdocs.yml reads from it."""
    read = ("SITE_URL", "REPO_URL", "EDIT_URI", "DISCUSSION_URL", "OFFLINE")
    return {name: value for name, value in os.environ.items() if name not in read} | given


def find_browser() -> str | None:
    """The Chromium of this machine; PAL_BROWSER names another."""
    found = [os.environ.get("PAL_BROWSER"), *map(shutil.which, NAMES), *(p for p in PLACES if Path(p).exists())]
    return next(filter(None, found), None)


@dataclass
class Reading:
    """One reader with a profile of their own. `loaded` lists the files that the browser asked for, `wrong` what must not happen."""

    browser: Browser
    site: Path
    origin: str = ORIGIN
    contexts: list[BrowserContext] = field(default_factory=list)
    loaded: list[str] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)

    def open(self, address: str, width: int = 1280, scheme: str = "light", **options: object) -> Page:
        """Open an address below the root, such as "pal/users/#link", in a new profile."""
        phone = width < 600
        looks = {"color_scheme": scheme, "has_touch": phone, "is_mobile": phone, "reduced_motion": "reduce"}
        options = {"viewport": {"width": width, "height": 800}} | looks | options
        context = self.browser.new_context(**options)
        context.set_default_timeout(10_000)
        self.contexts.append(context)
        context.route("**/*", self.answer)
        if options.get("java_script_enabled", True):
            context.grant_permissions(["clipboard-read", "clipboard-write"])
        page = context.new_page()
        page.on("console", self.listen)
        page.on("pageerror", lambda error: self.wrong.append(f"script error: {error}"))
        page.goto(self.origin + address)
        if options.get("java_script_enabled", True):  # a browser drops what is typed before it has drawn something
            page.evaluate("new Promise(drawn => requestAnimationFrame(() => requestAnimationFrame(drawn)))")
        return page

    def answer(self, route: Route) -> None:
        address = route.request.url.partition("#")[0].partition("?")[0]
        if not address.startswith(self.origin):
            self.wrong.append(f"request to {address}")
            route.abort()
            return
        name = address.removeprefix(self.origin)
        file = self.site / name
        file = file / "index.html" if file.is_dir() else file
        self.loaded.append(file.relative_to(self.site).as_posix())
        status, file = (200, file) if file.exists() else (404, self.site / "404.html")
        kind = mimetypes.guess_type(file.name)[0] or "application/octet-stream"
        headers = {"Content-Type": kind} | sent_with(self.site, name)
        route.fulfill(status=status, headers=headers, body=file.read_bytes())

    def listen(self, message: ConsoleMessage) -> None:
        if message.type in {"error", "warning"}:
            self.wrong.append(f"console: {message.text}")

    def wire_size(self, names: list[str]) -> int:
        """Bytes of these files as a host with gzip sends them."""
        return sum(len(gzip.compress((self.site / name).read_bytes(), 6)) for name in names)

    def close(self) -> None:
        for context in self.contexts:
            context.close()


def sent_with(site: Path, name: str) -> dict[str, str]:
    """The headers that a host adds to a file of the site: of each rule in _headers whose path matches."""
    headers, matches = {}, False
    for line in (site / "_headers").read_text(encoding="utf-8").splitlines():
        if line.startswith("/"):
            matches = fnmatchcase(f"/{name}", line)
        elif matches and line.startswith(" "):
            key, _, value = line.strip().partition(": ")
            headers[key] = value
    return headers


def stir(page: Page) -> None:
    """Move as a reader does, and wait until Material's script is at work."""
    page.mouse.move(20, 20)
    page.mouse.move(40, 30)
    until(
        page,
        "window.component$ && document.querySelectorAll('.tabbed-set:not(:has(.tabbed-labels--linked))').length === 0",
    )


def until(page: Page, expression: str) -> None:
    """Wait until a script expression holds; Playwright's own wait would need eval in the page, which the policy forbids."""
    for _ in range(200):
        if page.evaluate(f"Boolean({expression})"):
            return
        page.wait_for_timeout(25)
    raise AssertionError(f"still not: {expression}")
