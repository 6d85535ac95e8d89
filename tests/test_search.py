"""Search on the published site, as a reader uses it: what they type, and the page that must come first."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from browsing import ORIGIN, Reading, stir, until
from pages import DOCS

# Weights: `fields` of the search plugin in mkdocs.yml, `search: boost:` in a page's front matter.
FIRST = {
    # messages, as a console prints them
    "New-AzManagementPartner: Operation failed with message 'The Partner ID is not valid'": "pal/errors/",
    "ERROR: (PartnerIdInvalid) The Partner ID is not valid": "pal/errors/",
    'Not Found({"error":{"code":"ManagementPartnerNotFound"': "pal/errors/",
    "presented assertion subject 'repo:contoso/landing-zone:environment:production'": "pal/errors/",
    r"C:\Users\me> az login --service-principal --allow-no-subscriptions": "pal/sp/",
    "AADSTS50020": "pal/errors/",
    "AADSTS700016": "pal/errors/",
    "The Partner ID is not valid": "pal/errors/",
    "PartnerIdInvalid": "pal/errors/",
    "No subscriptions found": "pal/errors/",
    "User account from identity provider does not exist in tenant": "pal/errors/",
    "not linked with a Partner ID": "pal/errors/",
    # commands
    "New-AzManagementPartner": "pal/errors/",  # how it fails; how it is used is second
    "az managementpartner create": "pal/users/",
    # tasks
    "guest": "pal/users/",
    "device code": "pal/users/",
    "change partner ID": "pal/users/",
    "remove link": "pal/users/",
    "undo the link": "pal/users/",
    "managed identity": "pal/sp/",
    "certificate": "pal/sp/",
    "GitHub Actions": "pal/cicd/github/",
    "Azure DevOps": "pal/cicd/azure-devops/",
    "GitLab": "pal/cicd/gitlab/",
    "pipeline": "pal/cicd/",
    "AADSTS700212": "pal/errors/",
    "onboard a customer": "lighthouse/onboard/",
    # roles
    "ACRPull": "pal/roles/",
    "7f951dda-4ed3-4680-a7ca-43fe172d538d": "pal/roles/",
    "which roles count": "pal/roles/",
    # questions
    "does PAL cost anything": "pal/faq/does-pal-cost-anything-or-need-a-contract/",
    "CPOR or PAL": "pal/faq/should-we-use-cpor-or-pal/",
    "when does it show up in the reports": "pal/faq/when-does-a-new-link-show-up-in-the-reports/",
}
# The middle of an address or of a compound word that a page shows.
MIDDLE = {
    "vstoken": "pal/cicd/azure-devops/",
    "vstoken.dev.azure.com": "pal/cicd/azure-devops/",
    "token.actions.githubusercontent.com": "pal/cicd/github/",
    "_services/token": "pal/cicd/github/",
}

# Of the public reports that once found nothing here (issue 16): the words that a console shows, or that a reader would type, and where
# they lead. 20, real offers in the sandbox, ended in our own exceptions: whoever mends it has nothing to look up.
REPORTS = {
    1: {
        "Multiple user assigned identities exist, please specify the clientId / resourceId": "pal/errors/#many-identities",
        "This machine signs in as": "pal/errors/#other-identity",
    },
    2: {"AADSTS53003: Access has been blocked by Conditional Access policies.": "pal/errors/#aadsts53003"},
    3: {
        "InteractiveBrowserCredential authentication failed: A window handle must be configured.": "pal/errors/#wam",
        "User canceled authentication": "pal/errors/#wam",
    },
    4: {"Authentication_Unauthorized": "pal/errors/#gdap-wam"},
    5: {
        "Assembly with same name is already loaded": "pal/errors/#assembly",
        "Could not load file or assembly 'Microsoft.Identity.Client, Version=4.21.0.0": "pal/errors/#assembly",
    },
    6: {
        "This module requires Az.Accounts version 2.12.5. An earlier version of Az.Accounts is imported in the current "
        "PowerShell session.": "pal/errors/#earlier-version"
    },
    7: {"managedByTenantId existence condition": "lighthouse/"},
    8: {"single-tenant applications only": "pal/errors/#aadsts70052", "AADSTS70052": "pal/errors/#aadsts70052"},
    9: {"ERROR: The subscription of 'x' doesn't exist in cloud 'AzureCloud'.": "pal/cicd/azure-devops/"},
    10: {"include_claim_keys": "pal/cicd/github/"},
    11: {"https://github.example/_services/token": "pal/cicd/github/", "AADSTS501661": "pal/errors/#aadsts501661"},
    12: {
        "localhost refused to connect": "pal/errors/#redirect",
        "Codespaces": "pal/errors/#redirect",
        "CredentialUnavailableError: Failed to open a browser": "pal/errors/#browser",
    },
    13: {
        "AADSTS700027": "pal/errors/#aadsts700027",
        "[Reason - The key was not found., Thumbprint of key used by client:": "pal/errors/#aadsts700027",
    },
    14: {
        "why are we linked to a company we do not know": "pal/faq/why-are-we-linked-to-a-company-that-we-do-not-know/",
    },
    15: {
        "AADSTS700212": "pal/errors/#aadsts700212",
        "Request to External OIDC endpoint failed": "pal/errors/#aadsts501661",
        "AADSTS90061": "pal/errors/#aadsts501661",
    },
    16: {
        "[SSL: CERTIFICATE_VERIFY_FAILED] certificate verify failed: self-signed certificate": "pal/errors/#tls",
        "curl: (60) SSL certificate problem: unable to get local issuer certificate": "pal/errors/#tls",
        "invalid peer certificate: UnknownIssuer": "pal/errors/#tls",
        "Connect-AzAccount: The SSL connection could not be established, see inner exception.": "pal/errors/#tls",
        "OSError('Tunnel connection failed: 407 Proxy Authentication Required')": "pal/errors/#proxy",
    },
    17: {
        "ValueError: Failed to deserialize certificate in PEM or PKCS12 format": "pal/errors/#certificate-file",
        "TypeError: Password was not given but private key is encrypted": "pal/errors/#certificate-file",
        "ERROR: Invalid certificate, please use a valid PEM file.": "pal/errors/#certificate-file",
        "FileNotFoundError: [Errno 2] No such file or directory: '~/pal.pem'": "pal/errors/#certificate-file",
    },
    18: {
        "AADSTS7000229": "pal/errors/#aadsts7000229",
        "(InvalidAuthenticationToken) at least one of the claims 'puid' or 'altsecid' or 'oid' should be present": "pal/errors/#oid",
    },
    19: {"delegatedRoleDefinitionIds": "lighthouse/"},
    21: {"oidc customization sub": "pal/cicd/github/"},
    22: {
        "without authenticating through MFA": "pal/errors/#second-factor",
        "Resource was disallowed by policy. Reasons: MFA is required": "pal/errors/#second-factor",
    },
}
REPORTED = {words: place for found in REPORTS.values() for words, place in found.items()}


class Engine:
    """The site's own search worker, without the page around it: its index, and what it answers."""

    def __init__(self, reading: Reading) -> None:
        self.page = reading.open("pal/")
        script = next(reading.site.glob("assets/javascripts/workers/search.*.min.js")).relative_to(reading.site)
        with self.page.expect_worker() as started:
            self.page.evaluate("address => { window.search = new Worker(address) }", ORIGIN + script.as_posix())
        self.worker = started.value
        bundle = next(reading.site.glob("assets/javascripts/bundle.*.js")).read_text(encoding="utf-8")
        self.typed = re.search(r"type:2,data:(i\.replace\(.+?\))\}", bundle)[1]  # what slim.py makes of the words i
        self.worker.evaluate("""() => {
            const build = lunr.Builder.prototype.build
            lunr.Builder.prototype.build = function () { return self.built = build.call(this) }
            self.refused = []
            console.warn = (...said) => refused.push(said.join(" "))
        }""")
        self.titles: list[str] = self.page.evaluate("""async () => {
            window.tell = (type, data) => new Promise(done => {
                search.onmessage = answer => done(answer.data.data)
                search.postMessage({type, data})
            })
            const {config, docs} = await (await fetch("../search/search_index.json")).json()
            await tell(0, {config, docs, options: {suggest: true}})
            return docs.map(each => each.title)
        }""")

    def find(self, words: str) -> list[list[str]]:
        """For each page found, best first, its places, best first."""
        look = f"async i => (await tell(2, {self.typed})).items.map(places => places.map(place => place.location))"
        return self.page.evaluate(look, words)

    def first(self, words: str) -> str:
        return next(iter(self.find(words)), ["nothing"])[0]


@pytest.fixture(name="engine", scope="module")
def _engine(chromium, site: Path):
    reading = Reading(chromium, site)
    yield Engine(reading)
    reading.close()
    assert not reading.wrong, "\n".join(reading.wrong)


def test_queries_find_their_page_first(reading: Reading) -> None:
    """One reader types everything in turn, so that the index is loaded once."""
    page = reading.open("pal/")
    stir(page)
    page.keyboard.press("/")
    results = "document.querySelectorAll('.md-search-result__item > a')"
    wrong = {}
    for query, wanted in (FIRST | MIDDLE | REPORTED).items():
        for text, state in (("", f"{results}.length === 0"), (query, f"{results}.length")):
            page.fill(".md-search__input", text)
            page.press(".md-search__input", "End")  # Material listens to keys
            until(page, state)
        first = page.evaluate(f"{results}[0].href").removeprefix(ORIGIN).partition("?")[0].partition("#")[0]
        if first != wanted.partition("#")[0]:
            wrong[query] = first
    assert not wrong, f"these pages come first instead: {wrong}"


def entries() -> dict[str, str]:
    """Anchor -> heading of each entry of "When it fails", as a reader sees it."""
    text = (DOCS / "pal/errors.md").read_text(encoding="utf-8")
    return {anchor: title.replace("`", "") for title, anchor in re.findall(r"^### (.+) \{ #([\w-]+) \}$", text, re.M)}


def words_of(heading: str) -> list[str]:
    """What a reader types who sees this heading on a console: all of it, each number and its AADSTS, each code in brackets."""
    numbers = re.findall(r"\b(?:AADSTS)?(\d{5,})", heading)
    codes = re.findall(r"\(([A-Z]\w+)\)", heading)
    return [heading, *numbers, *(f"AADSTS{number}" for number in numbers), *codes]


def test_each_entry_of_when_it_fails_is_first_for_its_number_and_its_words(engine: Engine) -> None:
    wrong = [
        f"“{words}” leads to {found}, not to its entry, #{anchor}"
        for anchor, heading in entries().items()
        for words in words_of(heading)
        if (found := engine.first(words)) != f"pal/errors/#{anchor}"
    ]
    assert not wrong, "put words into the heading that tell it from the others:\n" + "\n".join(wrong)


@pytest.mark.parametrize("report", REPORTS)
def test_words_of_a_report_lead_to_its_place(report: int, engine: Engine) -> None:
    wrong = {
        words: found
        for words, place in REPORTS[report].items()
        if (found := engine.first(words)) != place and found.partition("#")[0] != place
    }
    assert not wrong, f"report {report} → say in the heading of its place what a console shows: {wrong}"


def test_search_refuses_no_query(engine: Engine) -> None:
    """Material says in the console alone that its search engine failed, and finds nothing."""
    headings = entries().values()
    queries = {
        *FIRST,
        *MIDDLE,
        *REPORTED,
        *engine.titles,
        *(words for heading in headings for words in words_of(heading)),
    }
    assert len(queries) > 300
    for query in queries:
        engine.find(query)
    assert engine.worker.evaluate("refused") == []


def test_search_knows_no_word_that_no_page_has(engine: Engine) -> None:
    """lunr names the nodes of its tree of words by their letters and numbers in one row, so that digits in words can make two
    nodes look alike. It then has words in its tree that no page has, and each query that meets one fails.
    """
    known = engine.worker.evaluate("[Object.keys(built.invertedIndex), built.tokenSet.toArray()]")
    pages, tree = map(set, known)
    assert len(pages) > 1000
    assert not tree - pages, (
        f"invented: {sorted(tree - pages)[:9]} → keep pieces of IDs and hashes out of the index: see `separator` in "
        "mkdocs.yml, or write data-search-exclude at the table or block that has them"
    )
