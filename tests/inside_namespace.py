"""Run by test_imds.py inside a network namespace where nothing exists but the emulator at the metadata address."""

from __future__ import annotations

import socket
import time
from pathlib import Path

import pytest
import wire
from emulator import samples
from emulator.harness import Reader
from emulator.transport import Proxy
from emulator.world import World
from principals import PRINCIPAL
from scenarios import SNIPPETS, WITHOUT_PROXY, prepare
from test_identity import arrange, assert_nobody_else_writes
from test_snippets import assert_wire

ADDRESS = "169.254.169.254"
FILES = [pytest.param(SNIPPETS / "sp" / name, id=name) for name in sorted(WITHOUT_PROXY)]


@pytest.fixture(scope="module", autouse=True)
def _at_the_address(proxy: Proxy) -> None:
    proxy.also_listen(ADDRESS, 80)


@pytest.mark.parametrize("file", FILES)
def test_curl_file_links_the_machine(file: Path, reader: Reader, world: World, request) -> None:
    prepare(reader, world, file)
    result = reader.run(file)
    assert result.code == 0, result.output
    assert world.active_links() == {PRINCIPAL: samples.PARTNER_ID}
    assert_wire(file, "Nothing linked yet", wire.seen(result.exchanges), request)
    (asked,) = [e.request for e in result.exchanges if e.request.host == ADDRESS]
    assert asked.query.get("client_id") == (samples.MANAGED_IDENTITY_CLIENT_ID if "-user" in file.name else None)


@pytest.mark.parametrize("file", FILES)
def test_curl_file_without_an_identity_fails_in_seconds(file: Path, reader: Reader, world: World) -> None:
    prepare(reader, world, file)
    world.machine_identities.clear()
    started = time.monotonic()
    result = reader.run(file)
    assert (result.code, "Empty reply" in result.stderr) == (52, True), result.output
    assert time.monotonic() - started < 10
    assert world.links == {}


@pytest.mark.parametrize("file", FILES)
@pytest.mark.parametrize("foreign", [None, 1, 2, 0])
def test_curl_file_links_nobody_else(foreign: int | None, file: Path, reader: Reader, world: World) -> None:
    arrange(file, reader, world)
    assert_nobody_else_writes(file, foreign, reader, world)


def test_nothing_else_can_be_reached() -> None:
    with pytest.raises(OSError, match="unreachable"):
        socket.create_connection(("192.0.2.1", 80), timeout=2)
