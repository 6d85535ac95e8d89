"""What was read at a source and must not drift: facts carry a digest, files have no key that nobody knows, policies say each word.

Two files that are compared can be edited together; the digest then names the source to open again. When it says what is new, write the
digest that the message gives.
"""

from __future__ import annotations

import hashlib
import json
import re
from pathlib import Path

import pytest
import yaml
from emulator.harness import ROOT
from pages import PAGES, front_matter, page_id
from test_pipelines import PINS

DATA = ROOT / "tests/data"


def digest(value: object) -> str:
    """Sixteen hexadecimal digits of a JSON value, whatever its layout."""
    return hashlib.sha256(json.dumps(value, sort_keys=True, ensure_ascii=False).encode()).hexdigest()[:16]


# Facts -> (digest, what to open again before it is written anew).
FACTS = {
    "roles.json": (
        "59a0257b8ad7b175",
        "its `sources`: Microsoft's table for partner earned credit, the definitions of the built-in roles",
    ),
    "token-errors.json": ("5827541b528b520e", "the `source` of each entry: the public report that quotes the message"),
    "recorded-exchanges.json": ("d7c634bf9a6d95f7", "the recordings of the vendors' client tests that it names"),
    "managementpartner-api.json": (
        "91eb16ac8876740d",
        "the published API description of Microsoft.ManagementPartner, 2018-02-01",
    ),
    "PINS": ("588e58385047c2b0", "the release page of each action: the commit of its tag"),
}


@pytest.mark.parametrize("name", FACTS)
def test_facts_are_those_that_were_read(name: str) -> None:
    facts = PINS if name == "PINS" else json.loads((DATA / name).read_text("utf-8"))
    known, source = FACTS[name]
    assert digest(facts) == known, (
        f"{name} differs from what was read → open {source}; if it says so, write {digest(facts)!r} into FACTS of tests/test_facts.py"
    )


# --- keys that nobody knows ---

HEADERS = {
    "Cache-Control",
    "Content-Security-Policy",
    "Permissions-Policy",
    "Referrer-Policy",
    "X-Content-Type-Options",
}
FRONT_MATTER = {
    "title",
    "description",
    "checked",
    "sources",
    "search",
    "tags",
    "confidence",
    "hide",
    "template",
    "social",
}
AZURE = {"globalHeaders", "routes", "responseOverrides", "mimeTypes", "trailingSlash"}
GITLAB = {"image", "rules", "environment", "resource_group", "timeout", "id_tokens", "variables", "artifacts", "script"}
AZURE_STEP = {"bash", "task", "displayName", "env", "inputs", "download"}
ROLE = {"name", "id", "eligible", "lighthouse", "dataActions", "reads", "nameNow", "forbidden", "note"}
ERROR = {"status", "error", "text", "source", "confidence"}


def unknown(keys: object, known: set[str], where: str) -> list[str]:
    return [
        f"{where}: nobody reads {key!r} → correct it, or say in this test what it does"
        for key in sorted(set(keys) - known)
    ]


def test_no_file_has_a_key_that_nobody_reads() -> None:
    azure = json.loads((ROOT / "docs/staticwebapp.config.json").read_text("utf-8"))
    wrong = unknown(azure, AZURE, "staticwebapp.config.json") + unknown(
        azure["globalHeaders"], HEADERS, "globalHeaders"
    )
    headers = re.findall(r"^  ([\w-]+):", (ROOT / "docs/_headers").read_text("utf-8"), re.MULTILINE)
    wrong += unknown(headers, HEADERS, "_headers")
    for page in PAGES:
        wrong += unknown(front_matter(page), FRONT_MATTER, f"docs/{page_id(page)}")
        wrong += unknown(front_matter(page).get("search", {}), {"boost", "exclude"}, f"docs/{page_id(page)}: search")
    for kind, rows in json.loads((DATA / "roles.json").read_text("utf-8")).items():
        for row in rows if isinstance(rows, list) else ():
            wrong += unknown(row, ROLE, f"roles.json: {kind}: {row['name']}")
    for number, error in json.loads((DATA / "token-errors.json").read_text("utf-8"))["errors"].items():
        wrong += unknown(error, ERROR, f"token-errors.json: {number}")
    assert not wrong, "\n".join(wrong)


def test_no_pipeline_has_a_key_that_the_harness_leaves_out() -> None:
    """GitHub's are read by a real engine; of the others the harness reads a part, and this is all that may be there."""
    wrong = []
    for file in sorted((ROOT / "snippets/cicd").glob("*.yml")):
        content = yaml.safe_load(file.read_text("utf-8"))
        if "gitlab" in file.name:
            jobs = {name: job for name, job in content.items() if name != "variables"}
            for name, job in jobs.items():
                wrong += unknown(job, GITLAB, f"{file.name}: {name}")
        if "azure-devops" in file.name:
            for step in content["jobs"][0]["strategy"]["runOnce"]["deploy"]["steps"]:
                wrong += unknown(step, AZURE_STEP, file.name)
    assert not wrong, "\n".join(wrong)


# --- the content policy, word by word ---

POLICY = {
    "default-src": "'none'",
    "style-src": "'self'",
    "img-src": "'self' data:",
    "font-src": "'self'",
    "connect-src": "'self'",
    "worker-src": "'self'",
    "frame-src": "'self'",
    "manifest-src": "'self'",
    "base-uri": "'none'",
    "form-action": "'none'",
}
SENT = {
    "Content-Security-Policy": "frame-ancestors 'none'; base-uri 'none'; form-action 'none'; object-src 'none'",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
    "Referrer-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
}


def test_the_policy_of_a_page_allows_its_own_files_and_nothing_else(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(ROOT / "docs/.publish")
    from slim import content_policy

    text = re.search(r'content="([^"]*)"', content_policy(["<script>one</script>"]))[1]
    rules = dict(rule.split(" ", 1) for rule in text.split(";"))
    scripts = rules.pop("script-src")
    assert rules == POLICY, "each word was chosen → say here why it changes"
    assert re.fullmatch(r"'self' 'sha256-[\w+/]{43}='", scripts), f"scripts that no page holds may run: {scripts}"


def test_hosts_are_told_each_header(monkeypatch: pytest.MonkeyPatch) -> None:
    azure = json.loads((ROOT / "docs/staticwebapp.config.json").read_text("utf-8"))["globalHeaders"]
    assert {name: value for name, value in azure.items() if name != "Cache-Control"} == SENT
    for name, value in SENT.items():
        assert f"\n  {name}: {value}\n" in (ROOT / "docs/_headers").read_text("utf-8"), name


# --- what no page may say, FAQ entry or not ---

PHONE = r"(?<![\w/+-])\+\d{1,3}[ -]\d[\d -]{6,}"
MAIL = r"\b[\w.+-]+@(?!example\b)[\w-]+\.(?!example\b)[A-Za-z]{2,}\b"
SECRET = r"\b\w{3}\dQ~[\w.~-]{30,}|\b\w{4}Q~[\w.~-]{30,}|\beyJ[\w-]{20,}"
HTML = r"<(?:iframe|script|object|embed|form|img|style|link)\b"
PLAIN = r"\]\(http://"


def said(page: Path) -> list[tuple[int, str]]:
    return list(enumerate(page.read_text("utf-8").splitlines(), 1))


def test_no_page_holds_what_is_refused_in_a_faq_entry() -> None:
    rules = {
        "a phone number": PHONE,
        "somebody's address": MAIL,
        "a secret": SECRET,
        "HTML that loads": HTML,
        "a link without TLS": PLAIN,
    }
    found = [
        f"docs/{page_id(page)}:{number}: {name}: {match[0]} → take it out"
        for page in PAGES
        for number, line in said(page)
        for name, rule in rules.items()
        if (match := re.search(rule, line))
    ]
    assert not found, "\n".join(found)
