"""Bytes: an HTTPS CONNECT proxy that ends TLS itself and answers as the hosts it serves.

Clients reach it by proxy and CA environment variables only, so a snippet keeps its real host names.
Nothing here knows what Entra ID or Azure Resource Manager is: a host is a function from Request to Response.
"""

from __future__ import annotations

import json
import socketserver
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import trustme


@dataclass
class Request:
    """One decoded request: `query` and `form` keep the last value of a repeated key."""

    method: str
    host: str
    target: str
    headers: dict[str, str]
    body: bytes = b""

    @property
    def path(self) -> str:
        return urlsplit(self.target).path

    @property
    def query(self) -> dict[str, str]:
        return {k: v[-1] for k, v in parse_qs(urlsplit(self.target).query, keep_blank_values=True).items()}

    @property
    def form(self) -> dict[str, str]:
        return {k: v[-1] for k, v in parse_qs(self.body.decode(), keep_blank_values=True).items()}

    @property
    def json(self) -> dict:
        return json.loads(self.body)


@dataclass
class Response:
    """What goes back; `body` is JSON-encoded unless it is bytes, and None sends no body at all.

    `strands`: a page for a person, from which nothing leads back to the client that waits.
    """

    status: int = 200
    body: object = None
    headers: dict[str, str] = field(default_factory=dict)
    strands: bool = False

    def encoded(self) -> bytes:
        if self.body is None:
            return b""
        if isinstance(self.body, bytes):
            return self.body
        return json.dumps(self.body, separators=(",", ":"), ensure_ascii=False).encode()


@dataclass
class Exchange:
    request: Request
    response: Response | None  # None: the connection was dropped on purpose


class Drop(Exception):
    """Raised by a host to close the connection without an answer, as a machine that is not there does."""


@dataclass
class Fault:
    """Make the next `times` requests that `matches` fail: answer `response`, or drop (None).

    With `apply` the host handles the request first, so its effect is there but its answer is lost. `met` counts those that it made fail:
    a reader's `check` fails for a fault that was never met, as its test shows nothing then.
    """

    matches: Callable[[Request], bool]
    response: Response | None = None
    times: int = 1
    apply: bool = False
    met: int = 0


Host = Callable[[Request], Response]


class _Server(ThreadingHTTPServer):
    """Does not ask for its own name when it starts, which takes half a minute on some machines with macOS."""

    def server_bind(self) -> None:
        socketserver.TCPServer.server_bind(self)
        self.server_name, self.server_port = self.server_address[:2]


class Proxy:
    """A running emulator: `exchanges` it answered, hosts it `refused`, its own `errors`.

    `url` and `ca_file` (written below `directory`) are what a client must be given. Use as a context manager.
    """

    def __init__(self, directory: Path, on_exchange: Callable[[Exchange], None] | None = None):
        self.hosts: dict[str, Host] = {}
        self.on_exchange = on_exchange
        self.on_stranded: Callable[[], None] | None = (
            None  # what whoever is at the browser does when nothing leads back
        )
        self.faults: list[Fault] = []
        self.reset()
        self._contexts: dict[str, ssl.SSLContext] = {}
        self._authority = trustme.CA()
        self._lock = threading.Lock()
        self._handshakes, self._settled = 0, threading.Condition()
        directory.mkdir(parents=True, exist_ok=True)
        self.ca_file = directory / "emulator-ca.pem"
        self._authority.cert_pem.write_to_path(str(self.ca_file))
        self._server = _Server(("127.0.0.1", 0), type("Handler", (_Handler,), {"proxy": self}))
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"

    def reset(self) -> None:
        """Forget what happened, so that the next test starts clean."""
        self.exchanges: list[Exchange] = []
        self.refused: list[str] = []
        self.errors: list[BaseException] = []
        self.faults.clear()

    def __enter__(self) -> Proxy:
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()

    def also_listen(self, address: str, port: int) -> None:
        """Answer plain HTTP there too, for clients that go past every proxy; needs the address on this machine."""
        server = _Server((address, port), self._server.RequestHandlerClass)
        threading.Thread(target=server.serve_forever, daemon=True).start()

    def context(self, host: str) -> ssl.SSLContext:
        """The TLS context that proves to be `host`, made once."""
        with self._lock:
            if host not in self._contexts:
                context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
                context.set_alpn_protocols(["http/1.1"])
                self._authority.issue_cert(host).configure_cert(context)
                self._contexts[host] = context
            return self._contexts[host]

    @contextmanager
    def handshake(self) -> Iterator[None]:
        """What ends inside is known before `settle` returns."""
        with self._settled:
            self._handshakes += 1
        try:
            yield
        finally:
            with self._settled:
                self._handshakes -= 1
                self._settled.notify_all()

    def settle(self, seconds: float = 5) -> None:
        """Wait until no handshake is under way: a client that is gone already may have refused our certificate as its last act."""
        with self._settled:
            self._settled.wait_for(lambda: not self._handshakes, seconds)

    def answer(self, request: Request) -> Response | None:
        """Route one request; None means drop. Whatever goes wrong inside is kept in `errors` and answered 500."""
        with self._lock:
            fault = next((f for f in self.faults if f.times > 0 and f.matches(request)), None)
            if fault:
                fault.times, fault.met = fault.times - 1, fault.met + 1
        try:
            response = self.hosts[request.host](request) if fault is None or fault.apply else None
            if fault:
                response = fault.response
        except Drop:
            response = None
        except Exception as error:
            self.errors.append(error)
            response = Response(500, {"error": {"code": "EmulatorFailed", "message": repr(error)}})
        exchange = Exchange(request, response)
        self.exchanges.append(exchange)
        if self.on_exchange:
            self.on_exchange(exchange)
        if self.on_stranded and response and response.strands:
            self.on_stranded()
        return response


class _Handler(BaseHTTPRequestHandler):
    """Reads requests from the plain proxy connection or, after CONNECT, from the TLS stream inside it."""

    proxy: Proxy
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    tunnel: str | None = None

    def do_CONNECT(self) -> None:
        host = self.path.rsplit(":", 1)[0]
        if host not in self.proxy.hosts:
            self._refuse(host)
            return
        with self.proxy.handshake():
            self.send_response_only(200)
            self.end_headers()
            try:
                self.connection = self.proxy.context(host).wrap_socket(self.connection, server_side=True)
            except (ssl.SSLError, ConnectionError) as error:
                self.proxy.refused.append(f"{host}: TLS failed, {error}")
                self.close_connection = True
                return
        self.rfile = self.connection.makefile("rb", self.rbufsize)
        self.wfile = self.connection.makefile("wb", 0)
        self.tunnel = host
        self.close_connection = False

    def _serve(self) -> None:
        if self.tunnel is None and self.path.startswith("/"):  # asked directly, not through the proxy
            host, target = self.headers.get("Host", ""), self.path
        elif self.tunnel is None:  # absolute form: plain HTTP through the proxy, as for the metadata address
            parts = urlsplit(self.path)
            host, target = parts.hostname or "", self.path[len(f"{parts.scheme}://{parts.netloc}") :]
        else:
            host, target = self.tunnel, self.path
        body = self._body()
        if host not in self.proxy.hosts:
            self._refuse(host)
            return
        headers = {k.lower(): v for k, v in self.headers.items()}
        response = self.proxy.answer(Request(self.command, host, target, headers, body))
        if response is None:
            self.close_connection = True
            return
        payload = response.encoded()
        self.send_response_only(response.status)
        for name, value in response.headers.items():
            self.send_header(name, value)
        if payload and "Content-Type" not in response.headers:
            self.send_header("Content-Type", "application/json; charset=utf-8")
        self.send_header("Content-Length", str(len(payload)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(payload)

    do_GET = do_PUT = do_POST = do_PATCH = do_DELETE = do_HEAD = _serve

    def finish(self) -> None:
        super().finish()
        self.connection.close()  # the TLS socket; the server itself only knows the plain one

    def _body(self) -> bytes:
        if "chunked" not in self.headers.get("Transfer-Encoding", ""):
            return self.rfile.read(int(self.headers.get("Content-Length") or 0))
        body = b""
        while size := int(self.rfile.readline().split(b";")[0], 16):
            body += self.rfile.read(size)
            self.rfile.readline()
        while self.rfile.readline().strip():
            pass
        return body

    def _refuse(self, host: str) -> None:
        self.proxy.refused.append(host)
        self.send_error(502, f"the emulator does not serve {host}")
        self.close_connection = True

    def log_message(self, *_: object) -> None:
        """Quiet: `make sandbox` shows the exchanges instead."""
