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
    for query, wanted in (FIRST | MIDDLE).items():
        for text, state in (("", f"{results}.length === 0"), (query, f"{results}.length")):
            page.fill(".md-search__input", text)
            page.press(".md-search__input", "End")  # Material listens to keys
            until(page, state)
        first = page.evaluate(f"{results}[0].href").removeprefix(ORIGIN).partition("?")[0].partition("#")[0]
        if first != wanted:
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


def test_search_refuses_no_query(engine: Engine) -> None:
    """Material says in the console alone that its search engine failed, and finds nothing."""
    headings = entries().values()
    queries = {*FIRST, *MIDDLE, *engine.titles, *(words for heading in headings for words in words_of(heading))}
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
