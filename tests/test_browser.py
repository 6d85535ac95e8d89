"""The published site in a real browser: values, copies, tabs, keyboard, small screens, accessibility, bytes."""

from __future__ import annotations

import gzip
import hashlib
import itertools
import json
import os
import re
from pathlib import Path

import pytest
from axe_playwright_python.base import AXE_SCRIPT
from browsing import ORIGIN, Reading, stir, until
from conftest import IN_CI, mkdocs, only_in_ci, python
from emulator import samples
from emulator.harness import ROOT, painted
from pages import ENTRIES, PAGES, SNIPPETS, folder_of, includes
from playwright.sync_api import Browser, Page, expect
from second_reader import OWN

SCRIPT = (ROOT / "docs/assets/values.js").read_text(encoding="utf-8")


def address(page: Path) -> str:
    return f"{folder_of(page).as_posix()}/"


# FAQ entries share one template and a checker that lets plain Markdown through only: every twentieth stands for all.
EVERY_PAGE = os.environ.get("PAL_EVERY_PAGE")
EVERY = [address(page) for page in PAGES if page not in ENTRIES or EVERY_PAGE or page in ENTRIES[::20]]
ENTRY_ADDRESSES = set(map(address, ENTRIES))
WITH_BLOCKS = {address(page): page for page in PAGES if includes(page)}
LONG = "pal/users/"


def type_values(page: Page, values: dict[str, str]) -> None:
    for name in page.eval_on_selector_all(".pal-values input", "inputs => inputs.map(input => input.name)"):
        page.fill(f".pal-values input[name={name}]", values[name])


def blocks(page: Page) -> list[str]:
    return page.eval_on_selector_all("article pre > code", "codes => codes.map(code => code.textContent.trim())")


def copies(page: Page) -> list[str]:
    """What the copy button of each block puts into the clipboard, in the order of the page; outputs have none."""
    return page.evaluate("""async () => {
        const copied = [];
        for (const code of document.querySelectorAll("article .highlight:not(.no-copy) pre > code")) {
            await code.closest(".highlight").querySelector(".pal-copy").onclick();
            copied.push(await navigator.clipboard.readText());
        }
        return copied;
    }""")


def published(page: Path, values: dict[str, str], outputs: bool = True) -> list[str]:
    """The page's files with `values` in them; without `outputs`, what a reader may copy."""
    own = {samples.ALL[name]: value for name, value in values.items()}
    return [painted(SNIPPETS / name, own).strip() for name in includes(page) if outputs or not name.endswith(".txt")]


# --- your values ---


def test_the_script_knows_the_sample_values_and_stays_small() -> None:
    found = dict(re.findall(r'^    ([A-Z_]+): \["([^"]+)", "', SCRIPT, re.MULTILINE))
    assert found == samples.ALL, "FIELDS of docs/assets/values.js and tests/emulator/samples.py differ"
    assert len(gzip.compress(SCRIPT.encode())) < 5000


@pytest.mark.parametrize("at", WITH_BLOCKS)
def test_values_are_painted_in_every_block_and_copied(at: str, reading: Reading) -> None:
    """Also: the form asks for exactly what the blocks to copy hold, and a reset brings back the files as they are.

    What a task sends is shown in a closed box: for an ID that only the answers name, nobody is asked.
    """
    page, source = reading.open(at), WITH_BLOCKS[at]
    files, for_copying = published(source, {}), published(source, {}, outputs=False)
    assert (blocks(page), copies(page)) == (files, for_copying)
    asked = page.eval_on_selector_all(".pal-values input", "inputs => inputs.map(input => input.name)")
    open_ = page.eval_on_selector_all("article pre > code", "codes => codes.map(c => !c.closest('details, .no-copy'))")
    shown = [text for text, is_open in zip(files, open_, strict=True) if is_open]
    assert asked == [name for name, sample in samples.ALL.items() if any(sample in text for text in shown)]
    if not asked:
        return
    type_values(page, OWN)
    typed = {name: value for name, value in OWN.items() if name in asked}
    assert copies(page) == published(source, typed, outputs=False)
    assert page.locator(".highlight:not(.no-copy) .pal-value:not(.pal-own):not(details *)").count() == 0
    page.click(".pal-values button")
    assert blocks(page) == files and page.locator(".pal-own").count() == 0


def test_a_sample_value_leads_to_its_field(reading: Reading) -> None:
    page = reading.open(f"{LONG}#undo")
    page.locator("pre .pal-value:visible").last.click()
    assert page.evaluate("document.activeElement.name") in samples.ALL
    field = page.evaluate("document.activeElement.getBoundingClientRect().top")
    assert 50 < field < page.viewport_size["height"], "in sight, below the header"


def test_the_copy_button_warns_of_samples_and_works_where_the_clipboard_is_refused(reading: Reading) -> None:
    page = reading.open(LONG)
    button = page.locator(".pal-copy:visible").nth(1)
    button.click()
    expect(button).to_have_text("Copied: sample values")
    type_values(page, OWN)
    page.evaluate("() => { navigator.clipboard.writeText = () => Promise.reject(new Error('refused')); }")
    button.click()
    expect(button).to_have_text("Copied")
    assert OWN["PARTNER_ID"] in page.evaluate("navigator.clipboard.readText()")


def test_values_stay_for_the_next_visit_page_and_window_until_reset(reading: Reading) -> None:
    page = reading.open(LONG)
    type_values(page, OWN)
    page.reload()
    expect(page.locator("pre .pal-value").first).to_have_text(OWN["CUSTOMER_TENANT"])
    expect(page.locator("#pal-partner-id")).to_have_value(OWN["PARTNER_ID"])
    kept = page.evaluate("JSON.parse(localStorage['pal.values.v1'])")
    assert set(kept) <= set(OWN) and page.url == ORIGIN + LONG
    other = page.context.new_page()
    other.goto(ORIGIN + LONG)
    other.click(".pal-values button:text('Forget all values')")
    expect(page.locator("#pal-partner-id")).to_have_value("")
    assert page.evaluate("localStorage['pal.values.v1']") is None


def test_values_survive_instant_navigation(reading: Reading) -> None:
    page = reading.open("pal/")
    stir(page)
    page.evaluate("window.same = true; localStorage['pal.values.v1'] = JSON.stringify({PARTNER_ID: '31000001'})")
    page.reload()
    stir(page)
    page.evaluate("window.same = true")
    page.click(f"article a[href$='{LONG.removeprefix('pal/')}']")
    expect(page.locator(".pal-values")).to_have_count(1)
    assert page.evaluate("window.same"), "the page was loaded anew"
    assert any("31000001" in block for block in blocks(page))
    assert page.locator(".pal-copy").count() == page.locator("article pre").count()
    page.go_back()
    expect(page.locator(".pal-values")).to_have_count(0)
    page.go_forward()
    expect(page.locator(".pal-values")).to_have_count(1)


WRONG = {
    "GUID as partner ID": ("PARTNER_ID", OWN["CLIENT_ID"], "usage attribution ID, not PAL"),
    "letters": ("PARTNER_ID", "12a4567", "has digits only"),
    "quote": ("PARTNER_ID", '1234"; rm', "has digits only"),
    "substitution": ("PARTNER_ID", "$(id)", "has digits only"),
    "short GUID": ("CUSTOMER_TENANT", "11111111-1111-1111-1111-11111111111", "It looks like"),
    "domain": ("CUSTOMER_TENANT", "contoso.com", "It looks like"),
    "markup": ("CUSTOMER_TENANT", "<img src=x onerror=alert(1)>", "It looks like"),
}


def test_a_wrong_value_is_refused_with_a_reason(reading: Reading) -> None:
    page = reading.open(LONG)
    before = blocks(page)
    for name, value, message in WRONG.values():
        field = page.locator(f".pal-values input[name={name}]")
        field.fill(value)
        expect(page.locator(f"#{field.get_attribute('aria-describedby')}")).to_contain_text(message)
        expect(field).to_have_attribute("aria-invalid", "true")
        assert blocks(page) == before
        page.click(".pal-values button")
    stored = {name: value for name, value, _ in WRONG.values()}
    page.evaluate(f"localStorage['pal.values.v1'] = JSON.stringify({json.dumps(stored)})")
    page.reload()
    assert blocks(page) == before, "a wrong value came in through storage"


@pytest.mark.parametrize("value", ["1234", "123456789"])
def test_an_unusual_number_of_digits_is_painted_with_a_warning(value: str, reading: Reading) -> None:
    page = reading.open(LONG)
    page.fill("#pal-partner-id", f' "{value}" ')  # as pasted, with quotes and spaces around it
    expect(page.locator("#pal-partner-id-note")).to_contain_text("5 to 8")
    assert any(f'"{value}"' in block for block in blocks(page))


def test_nothing_is_read_from_the_address(reading: Reading) -> None:
    page = reading.open(f"{LONG}?PARTNER_ID=666666&pal-partner-id=666666#PARTNER_ID=666666")
    assert "666666" not in "".join(blocks(page))


def test_refused_storage_costs_only_the_memory(reading: Reading) -> None:
    page = reading.open("pal/")
    page.context.add_init_script("""
        for (const name of ["getItem", "setItem", "removeItem"])
            Storage.prototype[name] = () => { throw new Error("refused"); };""")
    page.goto(ORIGIN + LONG)
    type_values(page, OWN)
    assert any(OWN["PARTNER_ID"] in block for block in blocks(page))
    page.close()
    reading.wrong = [w for w in reading.wrong if "refused" not in w]  # Material's own scripts do not catch it


def test_paper_shows_the_values_and_every_tool_but_no_form(reading: Reading) -> None:
    """Dark ink too for a reader with a dark screen."""
    page = reading.open(LONG, scheme="dark")
    type_values(page, OWN)
    page.emulate_media(media="print")
    assert not page.locator(".pal-values, .pal-copy >> visible=true").first.is_visible()
    assert page.locator("pre >> visible=true").count() >= page.locator(".tabbed-block pre").count()
    assert OWN["PARTNER_ID"] in page.locator("article").inner_text()
    assert page.evaluate("getComputedStyle(document.body).color") == "rgb(23, 33, 43)"


# --- tabs ---


def test_the_tool_is_remembered_and_a_link_can_name_it(reading: Reading) -> None:
    page = reading.open(f"{LONG}#link-python")
    tools = "sets => sets.map(set => set.querySelector(':checked').labels[0].textContent)"
    assert set(page.eval_on_selector_all(".tabbed-set", tools)) == {"Python"}
    page.goto(ORIGIN + LONG)
    page.reload()
    assert set(page.eval_on_selector_all(".tabbed-set", tools)) == {"Python"}
    page.locator(".tabbed-labels label", has_text="Azure CLI").nth(1).dispatch_event("click")  # no move before it
    page.wait_for_timeout(50)
    assert set(page.eval_on_selector_all(".tabbed-set", tools)) == {"Azure CLI"}
    stir(page)
    page.locator(".tabbed-labels label", has_text="PowerShell").nth(1).click()
    page.reload()
    assert set(page.eval_on_selector_all(".tabbed-set", tools)) == {"PowerShell"}


# --- without script, without mouse, on a phone ---


@pytest.mark.parametrize("at", WITH_BLOCKS if IN_CI else [LONG, "pal/errors/"])
def test_everything_reads_without_javascript(at: str, reading: Reading) -> None:
    page = reading.open(at, java_script_enabled=False)
    for tabs in page.locator(".tabbed-set").all()[:2]:
        for label, panel in zip(
            tabs.locator("> .tabbed-labels > label").all(),
            tabs.locator("> .tabbed-content > .tabbed-block").all(),
            strict=True,
        ):
            label.click()
            expect(panel).to_be_visible()
    assert page.locator(".pal-values").count() == 0
    expect(page.locator("h1").first).to_be_visible()


COLOURS = "body => ['color', 'backgroundColor'].map(name => getComputedStyle(body)[name])"


def test_dark_is_the_same_without_javascript(reading: Reading) -> None:
    """On the screen only: paper stays white."""
    with_script = reading.open(LONG, scheme="dark")
    without = reading.open(LONG, scheme="dark", java_script_enabled=False)
    assert without.locator("body").evaluate(COLOURS) == with_script.locator("body").evaluate(COLOURS)
    light = reading.open(LONG, java_script_enabled=False).locator("body").evaluate(COLOURS)
    assert light != without.locator("body").evaluate(COLOURS)
    without.emulate_media(media="print")
    assert without.locator("body").evaluate(COLOURS) == light


def test_the_keyboard_alone_types_picks_a_tool_and_copies(reading: Reading) -> None:
    page = reading.open(LONG)
    focused = "document.activeElement"
    for _ in range(60):
        page.keyboard.press("Tab")
        if page.evaluate(f"{focused}.name") == "PARTNER_ID":
            break
    page.keyboard.type(OWN["PARTNER_ID"])
    for _ in range(60):
        page.keyboard.press("Tab")
        if page.evaluate(f"{focused}.id") == "link-powershell":
            break
    page.keyboard.press("ArrowRight")
    assert page.evaluate("document.getElementById('link-azure-cli').checked")
    assert (
        page.evaluate(f"getComputedStyle({focused}.parentElement.querySelector('.tabbed-labels')).outlineStyle")
        == "solid"
    )
    for _ in range(60):
        page.keyboard.press("Tab")
        if page.evaluate(f"{focused}.classList.contains('pal-copy')"):
            break
    assert page.evaluate(f"getComputedStyle({focused}).outlineStyle") == "solid"
    page.keyboard.press("Enter")
    until(page, "document.activeElement.textContent !== 'Copy'")
    assert f'--partner-id "{OWN["PARTNER_ID"]}"' in page.evaluate("navigator.clipboard.readText()")


def test_the_copy_button_is_there_on_touch(reading: Reading) -> None:
    page = reading.open(LONG, width=390)
    expect(page.locator("#link + .tabbed-set .pal-copy, .pal-copy >> visible=true").first).to_be_visible()


# --- accessibility: axe-core on every page ---

CHECK = """async (palette) => {
    document.body.setAttribute("data-md-color-scheme", palette);  // as the switch does
    await new Promise(requestAnimationFrame);
    await new Promise((done) => requestIdleCallback(done, { timeout: 500 }));  // values.js makes reachable what scrolls
    const { violations } = await axe.run({ resultTypes: ["violations"], rules: { "target-size": { enabled: true } } });
    return violations.flatMap(({ id, nodes }) => nodes.map(({ target, html }) => `${id}: ${target} ${html}`));
}"""
# Highlighted code has thousands of spans with a dozen classes. One of a class in a tab stands for all: same rule, same colour.
FOLD = """() => {
    for (const box of document.querySelectorAll("article details")) box.open = true;
    const seen = new Set();
    for (const span of document.querySelectorAll("article pre > code span")) {
        const tab = span.closest(".tabbed-block");
        const key = `${tab && [...tab.parentElement.children].indexOf(tab)} ${span.className}`;
        if (seen.has(key)) span.replaceWith(...span.childNodes);
        seen.add(key);
    }
    document.body.normalize();
}"""
LABELS = """labels => [...new Set(labels.map(label => label.textContent.trim()))]"""
CHOOSE = """tool => [...document.querySelectorAll(".tabbed-labels label")].find(l => l.textContent.trim() === tool).click()"""
LOOKS = [(390, "slate"), (1280, "default"), (1280, "slate"), (390, "default")]


def tools_of(page: Page) -> list[str | None]:
    return page.eval_on_selector_all(".tabbed-labels label", LABELS) or [None]


def sideways(page: Page) -> list[str]:
    """The tabs with which the page is wider than the window."""
    found = []
    for tool in tools_of(page):
        if tool:
            page.evaluate(CHOOSE, tool)
        # Not innerWidth: a phone zooms out until all fits, and innerWidth grows with it.
        wide = page.evaluate("document.documentElement.scrollWidth") - page.viewport_size["width"]
        found += [f"{tool or 'no tabs'}: {wide} px too wide"] if wide > 0 else []
    return found


def audit(page: Page, first: int = 0, thorough: bool = False) -> list[str]:
    """What axe-core finds with each tab open, the tabs taking turns with LOOKS from `first` on; outside CI with one of them.

    `thorough`: each tab in all.
    """
    page.evaluate(AXE_SCRIPT)
    page.evaluate(FOLD)
    tools = tools_of(page)
    turns = [(tools[n % len(tools)], LOOKS[(first + n) % 4]) for n in range(max(2, len(tools)) if IN_CI else 1)]
    found = []
    for tool, (width, palette) in itertools.product(tools, LOOKS) if thorough else turns:
        if tool:
            page.evaluate(CHOOSE, tool)
        page.set_viewport_size({"width": width, "height": 800})
        page.evaluate("scrollTo(0, 0)")  # what is below the header just then is smaller than it is
        found += [f"{tool or 'no tabs'}, {width} px, {palette}: {what}" for what in page.evaluate(CHECK, palette)]
    return found


@pytest.mark.parametrize("at", [*EVERY, "404.html"] if IN_CI else [LONG, "pal/roles/", "pal/faq/", address(ENTRIES[0])])
def test_axe_finds_nothing_and_a_phone_never_scrolls_sideways(at: str, reading: Reading) -> None:
    """No violation of any impact: in CI with every tab open in turn, by phone and desktop, light and dark; elsewhere four pages, one look.

    Neighbouring pages begin with the other palette, so that each tool's highlighting is seen in both.
    PAL_EVERY_PAGE=1 takes every FAQ entry, and each tab in both palettes at both widths.
    """
    page = reading.open(at, width=390)
    stir(page)
    found = sideways(page)
    found += audit(page, first=2 * (EVERY.index(at) % 2) if at in EVERY else 0, thorough=bool(EVERY_PAGE))
    assert not found, "\n".join(found)


@only_in_ci
def test_axe_finds_nothing_in_what_opens(reading: Reading) -> None:
    """On a phone: the form with wrong values, search with results, the menu; in both palettes."""
    page = reading.open(LONG, width=390)
    stir(page)
    page.fill("#pal-partner-id", OWN["CLIENT_ID"])
    page.fill("#pal-customer-tenant", "contoso.com")
    page.evaluate(AXE_SCRIPT)
    page.evaluate(FOLD)
    found = {}

    def look(what: str) -> None:
        found.update({f"{what}, {palette}": page.evaluate(CHECK, palette) for palette in ("slate", "default")})

    look("form")
    page.click(".md-header label[for=__drawer]")
    page.wait_for_timeout(300)  # it slides in
    look("menu")
    page.keyboard.press("Escape")
    page.evaluate("document.getElementById('__drawer').checked = false")
    page.click(".md-header label[for=__search]")
    page.keyboard.type("guest")
    page.wait_for_selector(".md-search-result__link")
    page.wait_for_timeout(300)
    look("search")
    assert not any(found.values()), found


# --- palette, bytes, and Material's late script ---


@pytest.mark.parametrize(("scheme", "name"), [("light", "default"), ("dark", "slate")])
def test_the_system_decides_the_palette_and_a_switch_overrules_it(scheme: str, name: str, reading: Reading) -> None:
    page = reading.open(LONG, scheme=scheme)
    palette = "document.body.getAttribute('data-md-color-scheme')"
    assert page.evaluate(palette) == name
    stir(page)
    assert page.evaluate(palette) == name
    page.locator(".md-header__option label:visible").click()
    page.reload()
    assert page.evaluate(palette) == ({"default", "slate"} - {name}).pop()


@pytest.mark.parametrize("at", [LONG, "pal/roles/", address(ENTRIES[0])])
def test_a_page_starts_with_few_requests_and_without_search(at: str, reading: Reading) -> None:
    """Before the reader's first move; a request to another place fails every test."""
    page = reading.open(at, width=390)
    page.wait_for_load_state("networkidle")
    assert len(reading.loaded) <= 6, reading.loaded
    assert not [name for name in reading.loaded if "search" in name or "bundle" in name]
    assert {name.rpartition(".")[2] for name in reading.loaded} <= {"html", "css", "js", "svg"}


def test_every_page_starts_with_few_bytes(reading: Reading) -> None:
    """At most 60 kB as a host with gzip sends them, 50 for a FAQ entry: what the browser loads for one, and each page's text."""
    reading.open(LONG, width=390).wait_for_load_state("networkidle")
    shared = [name for name in reading.loaded if not name.endswith(".html")]
    sizes = {at: reading.wire_size([f"{at}index.html", *shared]) for at in map(address, PAGES)}
    heavy = {at: size for at, size in sizes.items() if size > (50_000 if at in ENTRY_ADDRESSES else 60_000)}
    assert shared and not heavy
    texts = [(reading.site / at / "index.html").read_text(encoding="utf-8") for at in sizes]
    images = re.findall(r"<img\b[^>]*>", " ".join(texts))
    assert not [i for i in images if not all(word in i for word in ("loading=lazy", "width=", "height="))]


def test_search_loads_with_the_first_search(reading: Reading) -> None:
    """Leans on the inside of Material 9.8.1: see PATCHES in docs/.publish/slim.py."""
    page = reading.open(LONG)
    stir(page)
    page.wait_for_timeout(300)
    assert not [name for name in reading.loaded if "search" in name]
    page.keyboard.press("/")
    page.keyboard.type("guest")
    page.wait_for_selector(".md-search-result__link")
    assert len([name for name in reading.loaded if "search" in name]) == 2


def test_the_first_key_opens_search_though_the_script_is_not_there_yet(reading: Reading) -> None:
    page = reading.open(LONG)
    page.keyboard.press("/")
    until(page, "document.activeElement.classList.contains('md-search__input')")


@only_in_ci
def test_an_offline_build_opens_from_a_folder_with_tabs_and_search(chromium: Browser, tmp_path: Path) -> None:
    """What `make build OFFLINE=1` does. Browsers refuse a worker below file://: docs/.publish/late.js puts it into a frame."""
    mkdocs(tmp_path, OFFLINE="true")
    python("docs/.publish/slim.py", tmp_path)
    page = chromium.new_page()
    wrong: list[str] = []
    page.on("console", lambda message: wrong.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: wrong.append(str(error)))
    page.on("request", lambda request: wrong.append(request.url) if not request.url.startswith("file:") else None)
    page.goto((tmp_path / "pal/users.html").as_uri())
    page.fill("#pal-partner-id", OWN["PARTNER_ID"])
    page.locator(".tabbed-labels label", has_text="Python").first.click()
    stir(page)
    expect(page.locator(f".tabbed-block pre:visible:has-text('create(\"{OWN['PARTNER_ID']}\")')").first).to_be_visible()
    page.keyboard.press("/")
    page.keyboard.type("AADSTS50020")
    page.click(".md-search-result__link")
    expect(page.locator("h1").first).to_have_text(re.compile("When it fails"))
    page.close()
    assert not wrong, wrong


def look(page: Page) -> str:
    """Digest of the whole page as it looks in a window that holds all of it, once it has stopped changing."""
    page.wait_for_load_state("networkidle")
    page.set_viewport_size(page.viewport_size | {"height": page.evaluate("document.documentElement.scrollHeight")})
    before = ""
    for _ in range(20):
        after = hashlib.sha256(page.screenshot(animations="disabled")).hexdigest()
        if after == before:
            return after
        before = after
    raise AssertionError("the page never stops changing")


@only_in_ci
def test_slimming_changes_nothing_that_can_be_seen(reading: Reading, plain_site: Path) -> None:
    """The purged style sheet draws the same as Material's and ours in full."""
    shots = []
    for site in (reading.site, plain_site):
        plain = Reading(reading.browser, site)
        for width in (1280, 390):
            page = plain.open(LONG, width=width)
            stir(page)
            shots.append(look(page))
        plain.close()
    assert shots[:2] == shots[2:]
