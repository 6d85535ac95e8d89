"""Every published snippet is run, unmodified, by its real client; the world afterwards and the wire file decide.

A snippet is tested by existing: `snippets/<page>/<task>.<tool>` with its `<task>.http`, whose scenario titles name the start.
"""

from __future__ import annotations

from pathlib import Path

import pytest
import wire
from bystanders import bring_in
from conftest import only_in_ci
from emulator.harness import ROOT, Reader
from emulator.world import World
from grades import CHECKED, SAME_REQUESTS, genuine_extension, record, reference_of
from powershell import Judge
from scenarios import (
    AFTER,
    ENDS,
    PAGES,
    RUNNABLE,
    SNIPPETS,
    STARTS,
    WITHOUT_PROXY,
    links_at_the_end,
    prepare,
    wire_file,
)
from screen import assert_screen


def cases() -> list:
    """Every (snippet, start) that can be run here: each tool of each task, in each scenario of its wire file."""
    return [
        pytest.param(snippet, start, id=f"{file.parent.name}/{snippet.name}-{start.replace(' ', '_')}")
        for file in sorted(SNIPPETS.glob("*/*.http"))
        for snippet in sorted(file.parent.glob(f"{file.stem}.*"))
        if snippet.suffix in RUNNABLE and snippet.name not in WITHOUT_PROXY
        for start in wire.read(file)
    ]


def for_genuine_extension() -> list:
    """One start of each task that uses the extension: the last, which asks most of it.

    Azure CLI 2.60.0 lacks the newer sign-ins of the other pages; one of "sp" stands for them, as all end with the same lines.
    """
    chosen = {}
    for case in cases():
        snippet, _ = case.values
        runs = snippet.parent.name not in {"sp", "tag"} or snippet.name == "secret.sh"
        if runs and "az managementpartner" in snippet.read_text(encoding="utf-8"):
            chosen[snippet] = case
    return list(chosen.values())


@pytest.mark.parametrize("file", sorted(SNIPPETS.glob("*/*.http")), ids=lambda f: f.relative_to(SNIPPETS).as_posix())
def test_scenarios_know_what_surrounds_a_task(file: Path) -> None:
    page, task = file.parent.name, file.stem
    assert page in PAGES, f"snippets/{page} → say in PAGES of tests/scenarios.py whose link its tasks are about"
    assert {task, f"{page}/{task}"} & ENDS.keys(), (
        f"{page}/{task} → say in ENDS of tests/scenarios.py which partner ID is linked afterwards, or None"
    )
    unknown = wire.read(file).keys() - STARTS.keys()
    assert not unknown, f"{file.name}: {sorted(unknown)} → write one of {sorted(STARTS)}, or add it to STARTS"


@pytest.mark.parametrize(("snippet", "start"), cases())
def test_snippet_sends_its_wire_file_and_leaves_the_right_link(
    snippet: Path, start: str, reader: Reader, world: World, request: pytest.FixtureRequest
) -> None:
    page, task = snippet.parent.name, wire_file(snippet).stem
    prepare(reader, world, snippet)
    STARTS[start](world, PAGES[page].who)
    others_are_untouched = bring_in(world)
    result = reader.run(snippet)
    assert result.code == 0, f"{snippet.relative_to(ROOT)} failed from the start '{start}':\n{result.output}"
    others_are_untouched()
    assert world.active_links() == links_at_the_end(page, task)
    AFTER.get(f"{page}/{task}", lambda _: None)(world)
    if snippet.suffix != ".ps1":  # PowerShell formats what it shows itself
        assert_screen(page, task, result)
    assert_wire(snippet, start, wire.seen(result.exchanges), request)


def assert_wire(snippet: Path, start: str, sent: list[wire.Turn], request: pytest.FixtureRequest) -> None:
    """The run's traffic is the wire file's; `--write-wire` lets the Python snippet write it instead."""
    file = wire_file(snippet)
    scenarios = wire.read(file)
    if request.config.getoption("--write-wire") and snippet.suffix == ".py":
        wire.write(file, scenarios | {start: sent})
        return
    name = snippet.relative_to(ROOT)
    assert "\n".join(t.compared for t in sent) == "\n".join(t.compared for t in scenarios[start]), (
        f"{name} did not send what {file.name} says under '### {start}'. If the snippet is right, write the wire file "
        "anew with `make wire` and read the difference; every tool of the task must send the same."
    )


@only_in_ci
@pytest.mark.parametrize(("snippet", "start"), for_genuine_extension())
def test_genuine_extension_sends_the_same(
    snippet: Path, start: str, genuine_reader: Reader, world: World, request: pytest.FixtureRequest
) -> None:
    """Microsoft's own managementpartner 0.1.2 (2018) under Azure CLI 2.60.0 runs the same block and sends the same."""
    record(request, snippet, SAME_REQUESTS, genuine_extension())
    page = PAGES[snippet.parent.name]
    page.arrange(world, genuine_reader)
    STARTS[start](world, page.who)
    result = genuine_reader.run(snippet)
    assert result.code == 0, result.output
    assert_wire(snippet, start, wire.seen(result.exchanges), request)


@pytest.mark.parametrize("snippet", sorted(SNIPPETS.rglob("*.ps1")), ids=lambda p: str(p.relative_to(SNIPPETS)))
def test_powershell_knows_every_command(snippet: Path, judge: Judge, request: pytest.FixtureRequest) -> None:
    """What pages call *checked*: PowerShell parses it and binds each command to the published parameters; safe to paste."""
    record(request, snippet, CHECKED, reference_of(snippet))
    found = judge(snippet.read_text(encoding="utf-8"), str(snippet.relative_to(ROOT)))
    assert not found.wrong + found.unsafe, "\n".join(found.wrong + found.unsafe)
