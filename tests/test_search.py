"""Search on the published site, as a reader uses it: what they type, and the page that must come first."""

from __future__ import annotations

from browsing import ORIGIN, Reading, stir, until

# Weights: `fields` of the search plugin in mkdocs.yml, `search: boost:` in a page's front matter.
FIRST = {
    # messages
    "AADSTS50020": "pal/errors/",
    "AADSTS700016": "pal/errors/",
    "The Partner ID is not valid": "pal/errors/",
    "No subscriptions found": "pal/errors/",
    "User account from identity provider does not exist in tenant": "pal/errors/",
    "not linked with a Partner ID": "pal/sp/",  # its blocks say what is not linked; the message itself belongs first
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
    "which roles count": "pal/roles/",
    # questions
    "does PAL cost anything": "pal/faq/does-pal-cost-anything-or-need-a-contract/",
    "CPOR or PAL": "pal/faq/should-we-use-cpor-or-pal/",
    "when does it show up in the reports": "pal/faq/when-does-a-new-link-show-up-in-the-reports/",
}


def test_twenty_queries_find_their_page_first(reading: Reading) -> None:
    """One reader asks everything in turn, so that the index is loaded once."""
    page = reading.open("pal/")
    stir(page)
    page.keyboard.press("/")
    results = "document.querySelectorAll('.md-search-result__item > a')"
    wrong = {}
    for query, wanted in FIRST.items():
        for text, state in (("", f"{results}.length === 0"), (query, f"{results}.length")):
            page.fill(".md-search__input", text)
            page.press(".md-search__input", "End")  # Material listens to keys
            until(page, state)
        first = page.evaluate(f"{results}[0].href").removeprefix(ORIGIN).partition("?")[0].partition("#")[0]
        if first != wanted:
            wrong[query] = first
    assert not wrong, f"these pages come first instead: {wrong}"
