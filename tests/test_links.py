"""`make links` finds what is gone, and does not cry wolf."""

from __future__ import annotations

import re
import socket
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import links
import pytest


class Answering(BaseHTTPRequestHandler):
    """Answers /404 with 404, /301 with a redirect to /404, and so on."""

    def do_GET(self) -> None:
        status = int(self.path[1:])
        self.send_response(status)
        if status == 301:
            self.send_header("Location", "/404")
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Be silent."""


@pytest.fixture(scope="module", name="site")
def _site():
    with ThreadingHTTPServer(("127.0.0.1", 0), Answering) as server:
        threading.Thread(target=server.serve_forever).start()
        yield f"http://127.0.0.1:{server.server_port}/"
        server.shutdown()


@pytest.fixture(name="session")
def _session():
    with links.browser(retries=0) as session:
        session.trust_env = False  # no proxy of this machine
        yield session


VERDICTS = {
    "200": (False, ""),
    "301": (True, "answers 404"),
    "403": (False, "answers 403"),
    "404": (True, "answers 404"),
    "410": (True, "answers 410"),
    "429": (False, "answers 429"),
    "500": (False, "answers 500"),
}


@pytest.mark.parametrize("path", VERDICTS)
def test_only_what_its_server_calls_gone_is_gone(path: str, site: str, session) -> None:
    assert links.verdict(session, site + path) == VERDICTS[path]


def test_server_without_a_name_is_gone_and_a_silent_one_is_not(session, monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        address = f"http://127.0.0.1:{closed.getsockname()[1]}/"
        assert links.verdict(session, address) == (False, "gives no answer (ConnectionError)")

    def nobody(*_: object, **__: object) -> None:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", nobody)
    assert links.verdict(session, "https://gone.example/")[0]


def test_links_are_found_where_they_stand() -> None:
    found = links.links(links.FILES)
    entry = "docs/pal/faq/is-creating-the-link-twice-harmless.md"
    lines = (links.ROOT / entry).read_text("utf-8").splitlines()
    for number, line in enumerate(lines, 1):
        for address in re.findall(r"https://[^\s)#]+", line):
            assert f"{entry}:{number}" in found[address], address
    assert not [address for address in found if re.search(r"[\s<>\"')]|\.$", address)]


def test_run_names_each_place_and_fails(site: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys) -> None:
    page = tmp_path / "page.md"
    page.write_text(
        f'---\nsources:\n  "A page": {site}404\n---\n\nSee [this]({site}200) and [that]({site}403#x).\n', "utf-8"
    )
    monkeypatch.setattr(links, "ROOT", tmp_path)
    monkeypatch.setattr(links, "FILES", [page])
    monkeypatch.setattr(links, "stale", lambda _: ["docs/old.md: checked 2020-01-01"])
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    assert links.main() == 1
    assert capsys.readouterr().out.splitlines() == [
        f"page.md:3: {site}404 answers 404 → link what took its place",
        f"page.md:6: {site}403 answers 403 → look at it yourself",
        "docs/old.md: checked 2020-01-01 → read its sources again, and write today's date",
        "links: 3, gone: 1, pages to read again: 1",
    ]
