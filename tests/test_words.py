"""What the pages say: short, dated, sourced, and never surer than their sources."""

from __future__ import annotations

import re
from datetime import date
from pathlib import Path

import pytest
from pages import DOCS, ENTRIES, PAGES, body, front_matter, page_id, stale
from words import LISTED, page_of, prose_of, says_open

# Words of prose a page may have; tables of data, code and front matter do not count.
LIMITS = {"pal/theory.md": 2000, "pal/index.md": 400}
LIMIT = 1200
# A reference is not read from top to bottom: its limit is words an entry (a heading of the third level, or a section's opening).
ENTRY_LIMITS = {"pal/errors.md": 120}
ENTRY = re.compile(r"^#{2,3} .*$", re.MULTILINE)

# What nobody at Microsoft has stated, and a word that must stand beside it wherever it is said.
UNSETTLED = {
    r"ID plus one|one higher": r"no source|guide|third-party",
    r"in proportion to the hours|proportional to the hours": r"no source|disagree|guide",
    r"DPOR.{0,60}\bretired": r"said|disagree|still",
    r"linked automatically|linked to the publisher": r"2020|withdrawn|disagree",
    r"managed identit\w+ (work|can be linked)": r"does not|report",
    r"already linked.{0,40}\b409|\b409\b.{0,40}already linked": r"modelled|our|no source",
    r"Reader is (typically )?enough": r"\?|no Microsoft|community",
}


def prose(page: Path) -> str:
    """The page's words: no front matter, no tables, no drawings, no link addresses."""
    return prose_of(body(page))


@pytest.mark.parametrize("page", PAGES, ids=page_id)
def test_page_is_short(page: Path) -> None:
    if each := ENTRY_LIMITS.get(page_id(page)):
        titles = [page_id(page), *ENTRY.findall(body(page))]
        entries = ENTRY.split(body(page))
        long = {t: n for t, e in zip(titles, entries, strict=True) if (n := len(prose_of(e).split())) > each}
        assert not long, f"{page_id(page)}: at most {each} words an entry → cut, or split by cause: {long}"
        return
    words, limit = len(prose(page).split()), LIMITS.get(page_id(page), LIMIT)
    assert words <= limit, f"{page_id(page)} has {words} words of prose → at most {limit}: cut, or move to another page"


@pytest.mark.parametrize("page", PAGES, ids=page_id)
def test_page_has_a_description_and_dated_sources(page: Path) -> None:
    fields = front_matter(page)
    assert 20 <= len(fields["description"]) <= 160, f"{page_id(page)}: description of 20 to 160 characters"
    assert isinstance(fields["checked"], date)
    assert fields["sources"] and all(url.startswith("https://") for url in fields["sources"].values())


@pytest.mark.parametrize("page", PAGES, ids=page_id)
def test_linked_sources_are_listed(page: Path) -> None:
    """A source that a sentence links is in the front matter too, so that the page's end names all of them."""
    fields = front_matter(page)
    listed = set(map(page_of, fields["sources"].values()))
    missing = set(map(page_of, LISTED.findall(body(page)))) - listed
    assert not missing, f"{page_id(page)}: add to sources: {sorted(missing)}"


@pytest.mark.parametrize("page", PAGES, ids=page_id)
def test_unsettled_claims_keep_their_marker(page: Path) -> None:
    for paragraph in re.split(r"\n\s*\n", prose(page)):
        for claim, marker in UNSETTLED.items():
            if re.search(claim, paragraph, re.IGNORECASE):
                assert re.search(marker, paragraph, re.IGNORECASE), (
                    f"{page_id(page)}: “{paragraph.strip()[:120]}” states what no source settles → say who says it"
                )


@pytest.mark.parametrize("entry", [e for e in ENTRIES if front_matter(e)["confidence"] == "open"], ids=page_id)
def test_open_answers_say_so_at_once(entry: Path) -> None:
    assert says_open(body(entry)), f"{page_id(entry)} is marked open → its first sentences must say so"


def test_pages_grow_stale_after_twelve_months() -> None:
    oldest = min(front_matter(p)["checked"] for p in PAGES)
    assert stale(oldest) == []
    assert len(stale(date(oldest.year + 2, 1, 1))) > 0


# What keeps a stranger out, and where a reader meets it: page -> words or links that stand there.
WARNED = {
    "pal/index.md": ("that of a script you run while signed in",),
    "pal/theory.md": ("faq/why-are-we-linked-to-a-company-that-we-do-not-know.md",),
    "pal/prove.md": ("faq/why-are-we-linked-to-a-company-that-we-do-not-know.md", "users.md#ensure"),
    "pal/faq/can-a-customer-remove-our-link.md": ("why-are-we-linked-to-a-company-that-we-do-not-know.md",),
    "pal/faq/why-are-we-linked-to-a-company-that-we-do-not-know.md": ("users.md#ensure",),
    "pal/faq/can-the-service-principal-use-a-certificate-instead-of-a-secret.md": (
        "PFX file, or on Windows the thumbprint",
        "without a password",
        "own certificate comes first",
    ),
    "pal/sp.md": (
        "[service principals and managed identities are exempt](users.md#second-factor)",
        "the portal shows it at the machine under **Identity**",
        "| PowerShell | PFX, `AZURE_CLIENT_PFX_PATH` | needed",
        "| Azure CLI | PEM, `AZURE_CLIENT_CERTIFICATE_PATH` | none |",
        "own certificate: alone, or before all others",
        "errors.md#aadsts700027",
        "errors.md#aadsts7000229",
        "errors.md#many-identities",
        "errors.md#other-identity",
    ),
    "pal/users.md": (
        "guests included",
        "service principals and managed identities are exempt",
        "only where the customer trusts it",
        "errors.md#second-factor",
        "A write without a second factor is [refused](#second-factor), in every tool",
        "when you are not linked yet or lack a [second factor](#second-factor)",
        "or without a [second factor](#second-factor), it stops",
        "`az login` with `--claims-challenge`",
        "names `-ClaimsChallenge`",
        "**Portal:** sign out",
        "Windows PowerShell must be 5.1, with .NET Framework 4.7.2",
    ),
    "pal/tag.md": ("users.md#second-factor",),
    "pal/lighthouse.md": ("users.md#second-factor",),
    "lighthouse/onboard.md": ("users.md#second-factor",),
    "pal/cicd/index.md": ("users.md#second-factor", "errors.md#aadsts700212"),
    "pal/cicd/github.md": (
        "`gh api repos/fabrikam/partner-admin-link/actions/oidc/customization/sub`",
        "**Keep `environment` or `context` in the template.**",
        "`https://token.actions.githubusercontent.com/` and your enterprise's short name",
        "`/_services/token`",
        "errors.md#aadsts501661",
        "errors.md#aadsts700212",
        "clear **Allow administrators to bypass configured protection rules**",
    ),
    "pal/cicd/azure-devops.md": (
        "on the **service connection**",
        "errors.md#aadsts700212",
        "A multi-tenant application does not work with the newer issuer",  # report 8
        "The connection holds a subscription that its identity cannot see",  # 9
    ),
    "lighthouse/index.md": (
        "only the ID of the definition is filled",  # report 7
        "| User Access Administrator only with `delegatedRoleDefinitionIds`, and these with no other role |",  # 19
    ),
    "pal/cicd/gitlab.md": ("everybody who may push or merge to that branch", "errors.md#aadsts700212"),
    "pal/errors.md": (
        "another one stands first",
        "`'puid' or 'altsecid' or 'oid' should be present`",
        "90061",
        "the customer's policy forbids how or where you sign in",  # report 2
        "`Update-AzConfig -EnableLoginByWam $false`](https://github.com/Azure/azure-powershell/issues/25005)",  # 3
        "with Az.Accounts 3.0.0 or newer, which signs in through the [Web Account Manager]",  # 4
        "another module in this session brought its own",  # 5
        "an older Az.Accounts was loaded before",  # 6
        "the tool listens on another machine than the browser's",  # 12
        "`REQUESTS_CA_BUNDLE` for Azure CLI and Python",  # 16
    ),
    "pal/terraform.md": ("**nothing is linked**",),
}


def test_warnings_stand_where_a_reader_meets_them() -> None:
    missing = [
        f"docs/{page}: “{words}” is gone → a reader is hurt who does not know it: write it again, or what holds now"
        for page, said in WARNED.items()
        for words in said
        if words not in (DOCS / page).read_text("utf-8")
    ]
    assert not missing, "\n".join(missing)
