"""What certain pages must say: warnings, and sentences that took the place of wrong ones. For tests and `make faq`."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

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
    "lighthouse/index.md": (
        "only the ID of the definition is filled",  # report 7
        "| User Access Administrator only with `delegatedRoleDefinitionIds`",  # 19
    ),
}


class Correction(NamedTuple):
    """A sentence that did not hold: where the right one stands, what no page may say again, and who links the page instead."""

    page: str
    says: tuple[str, ...]
    never: str = r"(?!)"
    linked: tuple[tuple[str, str], ...] = ()


FAQ = "pal/faq/"
RECONCILIATION = "reconciliation-faq.md), for incentives on Azure consumption"
# By what it is about. Sources and dates: the pages name them.
CORRECTED = {
    "1 commerce incentives have a table of their own": Correction(
        "pal/roles.md",
        (
            "its reconciliation FAQ of 26 June 2023",
            RECONCILIATION,
            "| You by PAL as Owner | yes | no |",
            "| You by PAL as Contributor | yes | no |",
            "| You by PAL as Reader | no | no |",
            "| You transacting, nobody by PAL | no | yes |",
            "| You by PAL as Owner or Contributor, and you transacting | yes | no |",
            "| You by PAL as Owner or Contributor, another partner transacting | you yes, the other no | you no, the other yes |",
        ),
        r"no other list|only (published )?list|list of eligible roles",
        (
            ("pal/counts.md", "roles.md#incentives"),
            ("pal/tag.md", "roles.md#incentives"),
            ("lighthouse/minimal.md", "pal/roles.md#incentives"),
            ("lighthouse/sp.md", "pal/roles.md#incentives"),
            ("lighthouse/pim.md", "pal/roles.md#incentives"),
            (f"{FAQ}which-azure-roles-count-for-pal.md", "roles.md#incentives"),
            (f"{FAQ}what-does-partner-admin-link-do-for-us.md", "roles.md#incentives"),
            (f"{FAQ}is-reader-enough.md", "roles.md#incentives"),
        ),
    ),
    "2 the usage report says what your role is taken for": Correction(
        "pal/counts.md",
        (
            "Month, SubscriptionId, PartnerID, PartnerAttributionType, AdminType, ServiceLevel2, CustomerTpid, "
            "CustomerTenantId, CustomerName, ACR_USD, IsACRDuplicateAtMPNLevel",
            "| `PartnerAttributionType` | `Partner Admin Link` |",
            "| `IsACRDuplicateAtMPNLevel` | 0 |",
            "| Owner or Contributor | above 0 | recognised",
            "| Reader | any | [not eligible]",
            "Most likely [nothing is consumed in it]",
        ),
        linked=(
            ("pal/prove.md", "counts.md#report"),
            ("pal/roles.md", "counts.md#role"),
            (f"{FAQ}where-do-we-see-what-pal-brings-us.md", "counts.md#role"),
        ),
    ),
    "3 how a small role is taken is not known": Correction(
        "pal/roles.md",
        (
            "for **Support Request Contributor**, for any other role of the list below, or for a custom role: no source found",
            "Look at [AdminType](counts.md#role) after the first week",
            "that link gets no commerce incentive",
        ),
        r"smallest role that (counts|earns|pays)|Support Request Contributor (earns|is enough|pays)\b",
        tuple(
            (page, "roles.md#unclassified")
            for page in (
                "pal/counts.md",
                "pal/tag.md",
                "lighthouse/index.md",
                "lighthouse/minimal.md",
                "lighthouse/sp.md",
                "lighthouse/pim.md",
                f"{FAQ}which-role-should-a-lighthouse-offer-contain-for-pal.md",
                f"{FAQ}which-azure-roles-count-for-pal.md",
                f"{FAQ}may-a-service-principal-exist-only-for-pal.md",
                f"{FAQ}we-only-have-one-resource-group-is-the-whole-subscription-credited.md",
                f"{FAQ}can-a-lighthouse-offer-ask-for-owner.md",
                f"{FAQ}do-custom-roles-count.md",
            )
        ),
    ),
    "4 three texts on when a link shows": Correction(
        "pal/counts.md",
        (
            "26 June 2023](https://github.com/kvamseek/partner-center/blob/85eb3c40f4925934e4e7100d4a97d951aa679052/"
            "reconciliation-faq.md) | daily consumption within a week of linking; the report is refreshed with it within four days |",
            "| [Azure usage report, 17 August 2023]",
            "48 to 72 hours",
            "complete by the 20th of each month",
        ),
        r"how long (it|a (new )?link) takes[^.|]*(published|known)",
        (
            ("pal/prove.md", "counts.md#when"),
            ("pal/theory.md", "counts.md#when"),
            ("pal/tag.md", "counts.md#when"),
            (f"{FAQ}when-does-a-new-link-show-up-in-the-reports.md", "counts.md#when"),
            (f"{FAQ}why-is-a-customer-missing-from-our-reports.md", "counts.md#when"),
        ),
    ),
    "5 a CSP links too, but for admin on behalf of": Correction(
        "pal/theory.md",
        (
            "its page on the Azure plan, 22 November 2022",
            "| Admin on behalf of (AOBO) | automatic |",
            "| Azure Lighthouse by a template | link a user or service principal of **your** tenant |",
            "| A user, guest or service principal in the **customer's** tenant, also through a group | link it there |",
        ),
        r"CSP[^.|]{0,60}\b(need|needs) no (PAL|link)|as the CSP[^.|]{0,40}\bdo not need (PAL|a link)",
        (
            ("pal/index.md", "theory.md#csp"),
            ("pal/lighthouse.md", "theory.md#csp"),
            (f"{FAQ}we-are-the-csp-for-this-customer-do-we-need-pal.md", "theory.md#csp"),
        ),
    ),
    "6 two texts on marketplace offers": Correction(
        f"{FAQ}do-we-need-pal-when-customers-buy-our-marketplace-managed-service-offer.md",
        (
            "Microsoft's texts disagree, so link anyway",
            "- **2022**, the Azure plan page: [automatic]",
            "- **2023**, the Lighthouse page again: [a linked service principal]",
        ),
        linked=(("pal/theory.md", "lighthouse.md#marketplace-offers"),),
    ),
    "7 the Security designation reads PAL": Correction(
        f"{FAQ}which-designations-and-specializations-use-pal.md",
        (
            "- **Security:** for its Azure services [PAL is the one association named]",
            "stated by Microsoft on 13 June 2023",
        ),
        r"\b(only )?three (Azure )?designations (use|read|count)",
        (("pal/roles.md", "which-designations-and-specializations-use-pal.md"),),
    ),
    "8 guests have to go for GDAP": Correction(
        f"{FAQ}why-can-we-not-link-when-we-come-in-as-csp-administrators.md",
        (
            "guest accounts do not work with GDAP and DAP",
            "customers must remove any guest accounts to get GDAP and DAP to work",
            "stated by Microsoft on 12 October 2023",
            "*Our conclusion*: who comes in by GDAP has no object in that tenant to link",
        ),
        r"GDAP (does|will) not work (for|with) guests?",
        (("pal/theory.md", "why-can-we-not-link-when-we-come-in-as-csp-administrators.md"),),
    ),
    "9 what PEC leaves out": Correction(
        "pal/roles.md",
        (
            "(stated by Microsoft, 13 April 2023) for Azure plan reservations, savings plans, Spot virtual machines, "
            "products tagged *Third Party* in the price list, and Marketplace products",
            "for each day on which you have access that counts",
        ),
        linked=(("pal/theory.md", "roles.md#pec-exclusions"), ("pal/counts.md", "roles.md#pec-exclusions")),
    ),
    "10 Terraform deletes before it links": Correction(
        "pal/terraform.md",
        (
            "sends `DELETE` for the old link, then `PATCH`",
            "(*our conclusion*)",
            "**nothing is linked** until you mend it",
        ),
        r"keeps the link (when|while) the (partner )?ID changes|changing the (partner )?ID keeps",
    ),
    "11 never run against Microsoft's service": Correction(
        "pal/theory.md",
        ("a run of ours: real clients, always against [the emulated service](tested.md), never Microsoft's",),
        r"\brun with (the|a|its) real client(?!s?,? against)",
        (
            ("pal/roles.md", "theory.md#how-sure"),
            ("pal/tested.md", "theory.md#how-sure"),
            (f"{FAQ}index.md", "theory.md#how-sure"),
        ),
    ),
    "11 what a grade says": Correction(
        "pal/tested.md",
        ("| **run** | the real, current client ran the file, against the emulated service, never Microsoft's |",),
    ),
    "12 only a search can be told": Correction(
        "pal/theory.md", ("| **No source found** | we searched ", "and say on which day |")
    ),
    "13 a roll-up's version is no module's": Correction(
        "pal/tested.md",
        ("reference of Az.ManagedServiceIdentity in Az 16.2.0",),
        r"Az\.ManagedServiceIdentity 16\.2\.0",
    ),
    "14 the list is old": Correction(
        "pal/roles.md",
        ("The list is old.", "the text of 8 November 2022", "Of later text we saw only the first 22 rows, unchanged."),
    ),
}


def no_warning(page: str, text: str) -> Iterator[str]:
    """What `page` warned of and its text does not say any more."""
    for words in WARNED.get(page, ()):
        if words not in text:
            yield f"“{words}” is gone → a reader is hurt who does not know it: write it again, or what holds now"


def not_corrected(correction: str, page: str, text: str) -> Iterator[tuple[int, str]]:
    """Where the text of `page` does not keep a correction, with its line."""
    at, says, never, linked = CORRECTED[correction]
    for words in says if page == at else ():
        if words not in text:
            yield 1, f"“{words}” is gone → write it again, or what its source says now"
    for number, line in enumerate(text.splitlines(), 1):
        if wrong := re.search(never, line, re.IGNORECASE):
            yield number, f"“{wrong[0]}” does not hold → link docs/{at}"
    for other, link in linked:
        if page == other and link not in text:
            yield 1, f"no link to {link} → the fact stands on docs/{at}, link it there"
