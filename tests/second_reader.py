"""A second reader, with values of their own in the form: `pytest -p second_reader tests/test_snippets.py`.

Loaded before everything else, this plugin gives the emulated world and what the tests expect OWN in place of the sample
values, and paints OWN over each published file before it is run. tests/test_browser.py proves that this painted text is what
the copy button gives. Nothing of the second reader is in the sources.
"""

from __future__ import annotations

import functools
import sys
import tempfile
from dataclasses import replace
from pathlib import Path

import pytest
from emulator import samples

SAMPLES = dict(samples.ALL)
OWN = {
    name: f"{31_000_000 + n * 1_000_003}" if "PARTNER_ID" in name else f"{n:08x}-5ab1-4c0d-9e2f-{n * 7919:012x}"
    for n, name in enumerate(SAMPLES, 1)
}
PAINT = {SAMPLES[name]: own for name, own in OWN.items()}


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--one-start", action="store_true", help="run each snippet from its first start only")


@pytest.hookimpl(tryfirst=True)
def pytest_load_initial_conftests() -> None:
    for name, own in OWN.items():
        setattr(samples, name, own)
    samples.ALL = OWN
    for name in [name for name in sys.modules if name.partition(".")[0] == "emulator" and name != samples.__name__]:
        del sys.modules[name]  # defaults in there were made of the sample values

    import delegating
    import wire
    from emulator.harness import Reader, painted

    offers = Path(tempfile.mkdtemp(prefix="second-reader-"))
    for file in delegating.LIGHTHOUSE.iterdir():
        (offers / file.name).write_bytes(painted(file, PAINT).encode())
    delegating.LIGHTHOUSE = offers
    Reader.run = functools.partialmethod(Reader.run, values=PAINT)

    seen = wire.seen
    wire.seen = lambda exchanges: [replace(t, url=plain(t.url), body=plain(t.body)) for t in seen(exchanges)]


def plain(text: str) -> str:
    """The text with sample values again, to compare it with a wire file."""
    for sample, own in PAINT.items():
        text = text.replace(own, sample)
    return text


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if config.getoption("--one-start"):
        params = {item: item.callspec.params for item in items if hasattr(item, "callspec")}
        first = {params[item]["snippet"]: item for item in reversed(items) if "snippet" in params.get(item, {})}
        items[:] = [item for item in items if item in first.values()]
