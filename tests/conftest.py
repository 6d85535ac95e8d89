"""Fixtures: one emulator a session, a clean world and a clean reader a test."""

from __future__ import annotations

import functools
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import NoReturn

import browsing
import emulator
import pytest
import requests
from emulator import samples, warm
from emulator.harness import ROOT, STAND_IN, VENV, Reader
from emulator.transport import Proxy
from emulator.world import GUEST_IN_CUSTOMER, Person, World, sample_world
from filelock import FileLock

AZ = VENV / "az/bin/az"
AZ_GENUINE = VENV / "az-genuine/bin/az"
# PAL_EXTENSION=published runs everything with the extension that Microsoft publishes today (`make extension` fetches it).
EXTENSIONS = VENV / "extensions" if os.environ.get("PAL_EXTENSION") == "published" else STAND_IN
ME = (samples.CUSTOMER_TENANT, GUEST_IN_CUSTOMER)
# Somebody whom no block means, with an account in the same tenants as the engineer of the sample world.
COLLEAGUE = Person(
    "colleague@fabrikam.example",
    samples.HOME_TENANT,
    {samples.HOME_TENANT: "the colleague's at home", samples.CUSTOMER_TENANT: "the colleague's at the customer's"},
)
IN_CI = os.environ.get("CI") == "true"
# For what costs much and seldom breaks, so that the suite stays quick to run while writing.
only_in_ci = pytest.mark.skipif(not IN_CI, reason="left to CI; here: CI=true make test")
pytest_plugins = ["grades"]  # what the run did, for the page "How this site is tested"


def pytest_configure() -> None:
    if (
        signal.getsignal(signal.SIGINT) is signal.SIG_IGN
    ):  # as in the background of a script; a reader's programs know Ctrl+C
        signal.signal(signal.SIGINT, signal.default_int_handler)
    if warm.CAN_FORK:
        warm.run_folder()  # of the controller, for all workers


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--write-errors", action="store_true", help="write snippets/errors from what the clients print")
    parser.addoption(
        "--write-places", action="store_true", help="write places.json from where things stand on the site"
    )
    parser.addoption("--write-wire", action="store_true", help="write wire files from what the Python snippets send")


@pytest.fixture(scope="session", name="proxy")
def _proxy(tmp_path_factory: pytest.TempPathFactory):
    with Proxy(tmp_path_factory.mktemp("emulator")) as proxy:
        yield proxy


@pytest.fixture(name="world")
def _world(proxy: Proxy) -> World:
    """The sample world behind the emulator, with a clock that ticks once a write."""
    world = sample_world()
    world.fix_clock()
    emulator.serve(proxy, world)
    return world


@pytest.fixture(name="session")
def _session(proxy: Proxy, world: World):
    """Plain HTTP through the emulator as the guest of the customer's tenant."""
    with requests.Session() as session:
        session.trust_env = False
        session.proxies = {"https": proxy.url, "http": proxy.url}
        session.verify = str(proxy.ca_file)
        session.headers["Authorization"] = f"Bearer {token(world)}"
        session.headers["Content-Length"] = "0"
        yield session
    assert proxy.errors == []


def token(world: World, tenant: str = ME[0], object_id: str = ME[1], **claims: object) -> str:
    who = {"tid": tenant, "oid": object_id, "aud": "https://management.azure.com", "idtyp": "user"}
    return world.sign(who | claims)


@pytest.fixture(name="reader")
def _reader(proxy: Proxy, world: World, tmp_path: Path, az_indexes, request: pytest.FixtureRequest):
    """A reader with today's Azure CLI and the extension's stand-in (or the published one, when asked for)."""
    yield (reader := Reader(proxy, tmp_path / "home", extensions=EXTENSIONS, profile=az_indexes("az", EXTENSIONS)))
    done_with(reader, request)


@pytest.fixture(scope="session", name="signed_in")
def _signed_in(proxy: Proxy, az_indexes, tmp_path_factory: pytest.TempPathFactory):
    """The Azure CLI profile of a reader who is signed in to tenants, the last one counts; or of a colleague. Each made once a session."""

    @functools.cache
    def profile(*tenants: str, colleague: bool = False) -> Path | None:
        if not (indexes := az_indexes("az", EXTENSIONS)):
            return None
        hosts = proxy.hosts
        world = sample_world()
        if colleague:
            world.people.append(COLLEAGUE)
            world.at_the_browser = COLLEAGUE
        emulator.serve(proxy, world)
        reader = Reader(proxy, tmp_path_factory.mktemp("signed-in") / "home", extensions=EXTENSIONS, profile=indexes)
        for tenant in tenants:
            result = reader.command("az", "login", "--tenant", tenant, "--allow-no-subscriptions")
            assert result.code == 0, result.output
        proxy.reset()
        proxy.hosts = hosts
        return reader.home / ".azure"

    return profile


@pytest.fixture(name="reader_signed_in_at_home")
def _reader_signed_in_at_home(signed_in, proxy: Proxy, world: World, tmp_path: Path, request: pytest.FixtureRequest):
    """A reader who went home last: Azure CLI is signed in to another tenant than the block's."""
    profile = signed_in(samples.HOME_TENANT)
    yield (reader := Reader(proxy, tmp_path / "home", extensions=EXTENSIONS, profile=profile))
    done_with(reader, request)


@pytest.fixture(name="genuine_reader")
def _genuine_reader(proxy: Proxy, world: World, tmp_path: Path, az_indexes):
    """A reader with Azure CLI 2.60.0 and Microsoft's own managementpartner 0.1.2, the newest that PyPI has."""
    need(AZ_GENUINE)
    extensions = VENV / "az-genuine/extensions"
    indexes = az_indexes("az-genuine", extensions)
    yield (reader := Reader(proxy, tmp_path / "home", az="az-genuine", extensions=extensions, profile=indexes))
    reader.check()


@pytest.fixture(scope="session", name="az_indexes")
def _az_indexes(proxy: Proxy, tmp_path_factory: pytest.TempPathFactory):
    """Command indexes of an Azure CLI environment, built once for all workers."""

    @functools.cache
    def build(az: str, extensions: Path) -> Path | None:
        if not (VENV / az / "bin/az").exists():
            return None

        def make(target: Path) -> None:
            Reader(proxy, tmp_path_factory.mktemp(az) / "home", az=az, extensions=extensions).build_indexes(target)
            proxy.reset()

        return once(tmp_path_factory, f"{az}-{extensions.name}", make)

    return build


@pytest.fixture(scope="session", name="judge")
def _judge(tmp_path_factory: pytest.TempPathFactory):
    """A started PowerShell that says what is wrong with a text, with real modules before stand-ins; one for each worker."""
    import programs
    from emulator.harness import az_modules
    from powershell import Judge, standins

    if not (pwsh := programs.find("pwsh")):
        missing(programs.lacking("pwsh"))
    judge = Judge(pwsh, [*standins.real_places(), az_modules()], tmp_path_factory.mktemp("judge"))
    yield judge
    judge.close()


@pytest.fixture(scope="session", name="site")
def _site(plain_site: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The site as `make build` makes it, made once for all workers."""

    def make(target: Path) -> None:
        shutil.copytree(plain_site, target)
        for step in ("slim.py", "for_machines.py"):
            python(f"docs/.publish/{step}", target)

    return once(tmp_path_factory, "site", make)


@pytest.fixture(scope="session", name="plain_site")
def _plain_site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The site as MkDocs alone makes it, built once for all workers."""
    return once(tmp_path_factory, "plain-site", mkdocs)


def mkdocs(target: Path, **env: str) -> None:
    """Build the site into `target` with `env` for mkdocs.yml. Never --quiet: that hides what strict mode counts."""
    python("-m", "mkdocs", "build", "--site-dir", target, env=browsing.environment(browsing.ADDRESSES | env))


def python(*arguments: str | Path, env: dict[str, str] | None = None) -> None:
    """Run our own Python in the repository's root, with the addresses of every build; fails the test with what it said."""
    env = env or browsing.environment()
    done = subprocess.run([sys.executable, *arguments], cwd=ROOT, env=env, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def once(tmp_path_factory: pytest.TempPathFactory, name: str, make: Callable[[Path], None]) -> Path:
    """The folder `name` that `make` fills, for the first worker that wants it."""
    base = tmp_path_factory.getbasetemp()
    target = (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / name
    with FileLock(f"{target}.lock"):
        if not target.exists():
            make(new := target.with_name(f"{name}-in-the-making"))
            new.rename(target)
    return target


@pytest.fixture(scope="module", name="chromium")
def _chromium():
    """The machine's Chromium, started once a module and worker."""
    from playwright.sync_api import sync_playwright

    if not browsing.find_browser():
        missing("Chromium is missing → install it, or name a browser in PAL_BROWSER")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=browsing.find_browser())
        yield browser
        browser.close()


@pytest.fixture(name="reading")
def _reading(chromium, site: Path):
    """A reader in front of the published site; anything wrong in the console or on the network fails the test."""
    reading = browsing.Reading(chromium, site)
    yield reading
    reading.close()
    assert not reading.wrong, "\n".join(reading.wrong)


def done_with(reader: Reader, request: pytest.FixtureRequest) -> None:
    """Fail for what must not have happened, and note what was run."""
    from grades import record_runs  # a plugin, which pytest must import first

    reader.check()
    record_runs(request, reader)


def file_name(path: Path) -> str:
    """How messages and test IDs call a file of the repository."""
    return path.relative_to(ROOT).as_posix()


def need(tool: Path | str) -> None:
    """Stop the test when a file of an environment, or a program of the machine, is missing."""
    if isinstance(tool, str):
        if not shutil.which(tool):
            missing(f"{tool} is missing → install it with your system's packages")
    elif not tool.exists():
        missing(f"{file_name(tool)} is missing → `CI=true make test` installs it")


def missing(what: str) -> NoReturn:
    """Stop the test for what is not here: a skip that names it on a laptop, a failure in CI."""
    (pytest.fail if IN_CI else pytest.skip)(what)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Report, without failing, what should be read again."""
    from pages import stale

    if old := stale(date.today()):
        terminalreporter.section("sources read more than twelve months ago: read them again")
        terminalreporter.write_line("\n".join(old))
