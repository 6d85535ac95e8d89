"""Wire files: the Azure Resource Manager requests a task sends, and their answers, as one readable `.http` file.

A file holds one or more scenarios. `### Title` names the state of the world the scenario starts in; then follow request and
response in turn. The page shows the file, the tests compare every tool's traffic with it.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote

from emulator.transport import Exchange

# Requests that a client makes to sign in, whatever the task is.
SIGN_IN = (
    ("login.microsoftonline.com", r"/.*"),
    ("169.254.169.254", r"/.*"),
    ("graph.microsoft.com", r"/.*"),  # each tool has its own way to look up and write; the world afterwards decides
    ("management.azure.com", r"/.*/roleDefinitions(/[^/?]+)?\?.*"),  # how a tool finds a role's name
    ("management.azure.com", r"/(subscriptions(/[^/?]+)?|tenants)\?api-version=[\d-]+"),
    # Some tools have a template validated first, and all follow a deployment at their own pace.
    ("management.azure.com", r"/.*/deployments/[^/]+/(validate|operations|operationStatuses/.*)\?.*"),
)
# Providers that each tool calls with an api-version of its own, which also decides what their answers hold.
OWN_VERSION = re.compile(
    r"(/Microsoft\.(?:Resources/deployments|ManagedServices)/.*)\?api-version=[\w-]+$", re.IGNORECASE
)
NEW_GUID = "a-new-guid"  # stands for the name that a client makes up for a role assignment


@dataclass(frozen=True)
class Turn:
    """One request and its answer; `body` is JSON text with sorted keys, or empty."""

    method: str
    url: str
    status: int
    body: str

    def __str__(self) -> str:
        status = {200: "OK", 201: "Created", 400: "Bad Request", 404: "Not Found", 409: "Conflict"}.get(self.status, "")
        head = f"{self.method} {self.url}\n\nHTTP/1.1 {self.status} {status}".rstrip() + "\n"
        return head + (f"Content-Type: application/json\n\n{pretty(self.body)}\n" if self.body else "")

    @property
    def compared(self) -> str:
        """What every tool of the task must send and get: all of it, or what an api-version does not change."""
        own = OWN_VERSION.search(self.url)
        return f"{self.method} {own[1]} {self.status}" if own else str(self)


def pretty(body: str) -> str:
    return json.dumps(json.loads(body), indent=2, ensure_ascii=False)


def seen(exchanges: list[Exchange]) -> list[Turn]:
    """What a run sent, without sign-in traffic and trailing slashes."""
    turns = []
    for exchange in exchanges:
        request, response = exchange.request, exchange.response
        if any(request.host == host and re.fullmatch(path, request.target) for host, path in SIGN_IN):
            continue
        target = unquote(request.target.replace("/?", "?")).replace(" ", "%20")  # clients differ in what they quote
        status, body = (response.status, response.encoded().decode()) if response else (0, "")
        if name := re.search(r"/roleAssignments/([0-9a-f-]{36})$", request.path) if request.method == "PUT" else None:
            target, body = (text.replace(name[1], NEW_GUID) for text in (target, body))
        turns.append(Turn(request.method, f"https://{request.host}{target}", status, body))
    return turns


def read(path: Path) -> dict[str, list[Turn]]:
    """Scenario title -> turns of a wire file. ValueError with file and line for what is not one."""
    scenarios: dict[str, list[Turn]] = {}
    for section in re.split(r"^### ", path.read_text(encoding="utf-8"), flags=re.MULTILINE)[1:]:
        title, _, text = section.partition("\n")
        parts = re.split(r"^(?=(?:GET|PUT|PATCH|DELETE|POST) https://)", text, flags=re.MULTILINE)
        scenarios[title.strip()] = [turn(path, part) for part in parts if part.strip()]
    return scenarios


def turn(path: Path, text: str) -> Turn:
    """One request with its answer from a wire file's text; ValueError with what to write for anything else."""
    match = re.fullmatch(
        r"(\w+) (\S+)\n\nHTTP/1\.1 (\d+)[^\n]*\n(?:Content-Type: [^\n]+\n\n(.*?))?\s*", text, re.DOTALL
    )
    try:
        method, url, status, body = match.groups()  # type: ignore[union-attr]
        compact = json.dumps(json.loads(body), separators=(",", ":"), ensure_ascii=False) if body else ""
    except (AttributeError, ValueError) as error:
        raise ValueError(
            f"{path}: not a request and its answer → write 'METHOD url', empty line, 'HTTP/1.1 200 OK', "
            f"'Content-Type: application/json', empty line, JSON. Found:\n{text}"
        ) from error
    return Turn(method, url, int(status), compact)


def write(path: Path, scenarios: dict[str, list[Turn]]) -> None:
    """The file that `read` reads."""
    text = "\n".join(f"### {title}\n\n" + "\n".join(map(str, turns)) for title, turns in scenarios.items())
    path.write_text(text, encoding="utf-8", newline="\n")
