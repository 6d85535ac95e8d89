"""Service principals when something is wrong: a clear message, nothing half done, and no secret where others could read it."""

from __future__ import annotations

import copy
import os
import re
import shutil
import subprocess
import sys
import threading
import time
from datetime import datetime
from pathlib import Path

import principals
import pytest
from conftest import missing, need, only_in_ci
from cryptography import x509
from emulator import samples
from emulator.entra import THUMBPRINTS
from emulator.harness import STAND_IN, Reader, Result, painted
from emulator.transport import Fault, Request, Response
from emulator.world import STRANGER_TENANT, Password, World
from grades import RUN, how, record
from principals import PRINCIPAL, SECRET
from programs import find, lacking
from scenarios import RUNNABLE, SNIPPETS, STARTS, WITHOUT_PROXY, prepare
from test_failures import NOT_LINKED, NOT_VALID, assert_refused

LINKERS = ("secret", "certificate", "managed-identity", "managed-identity-user", "workload-identity")
IDENTITIES = ("managed-identity", "managed-identity-user")


def files(*tasks: str, page: str = "sp") -> list:
    """Every runnable file of the page's tasks named, but those that run in a network of their own."""
    found = sorted(f for t in tasks for f in SNIPPETS.glob(f"{page}/{t}.*"))
    chosen = [f for f in found if f.suffix in RUNNABLE and f.name not in WITHOUT_PROXY]
    return [pytest.param(f, id=f"{page}/{f.name}") for f in chosen]


def shell(*tasks: str, page: str = "sp") -> list:
    return [p for p in files(*tasks, page=page) if p.values[0].suffix == ".sh"]


def with_az(*tasks: str, page: str = "sp") -> list:
    return [p for p in shell(*tasks, page=page) if ".curl." not in p.values[0].name]


def partner_requests(result: Result) -> list[Request]:
    return [e.request for e in result.exchanges if "managementpartner" in e.request.path.lower()]


# --- the sign-in is refused ---


@pytest.mark.parametrize("snippet", files("secret"))
@pytest.mark.parametrize("kind", ["wrong", "expired"])
def test_secret_that_does_not_work(kind: str, snippet: Path, reader: Reader, world: World) -> None:
    prepare(reader, world, snippet)
    application = world.applications[samples.CLIENT_ID]
    if kind == "wrong":
        application.secrets = {"another"}
    else:
        application.expired = {SECRET}
    result = reader.run(snippet)
    assert result.code > 0
    assert ("AADSTS7000215" if kind == "wrong" else "AADSTS7000222") in result.output, result.output
    assert SECRET not in result.output
    assert not partner_requests(result)


@pytest.mark.parametrize("snippet", shell("secret"))
def test_secret_that_is_not_set(snippet: Path, reader: Reader, world: World) -> None:
    prepare(reader, world, snippet)
    del reader.extra["AZURE_CLIENT_SECRET"]
    result = reader.run(snippet)
    assert result.code > 0 and "AZURE_CLIENT_SECRET: is not set" in result.stderr, result.output
    assert not partner_requests(result)


@pytest.mark.parametrize("snippet", files("certificate"))
def test_certificate_that_is_not_registered(snippet: Path, reader: Reader, world: World) -> None:
    prepare(reader, world, snippet)
    other, _, pfx = principals.key_pair("other.example")
    (reader.home / "pal.pem").write_bytes(other)
    (reader.home / "pal.pfx").write_bytes(pfx)
    result = reader.run(snippet)
    assert result.code > 0 and "AADSTS700027" in result.output, result.output
    assert not partner_requests(result)


OURS, OTHER = principals.key_pair(), principals.key_pair("other.example")
KEY = OURS[0].partition(b"-----BEGIN CERTIFICATE")[0]
CHAIN = KEY + OTHER[1].encode() + OURS[1].encode()  # another certificate first, as a Key Vault export may have it


@pytest.mark.parametrize("snippet", [p for p in files("certificate") if p.values[0].suffix != ".ps1"])
def test_certificate_behind_another_is_told_by_the_thumbprint(snippet: Path, reader: Reader, world: World) -> None:
    """PowerShell takes a PFX, where the certificate of the key is found whatever the order."""
    prepare(reader, world, snippet)
    (reader.home / "pal.pem").write_bytes(CHAIN)
    result = reader.run(snippet)
    first = x509.load_pem_x509_certificate(OTHER[1].encode()).fingerprint(THUMBPRINTS["x5t"]).hex().upper()
    assert result.code > 0 and "AADSTS700027" in result.output and first in result.output, result.output
    assert not partner_requests(result)


UNREADABLE = {
    "missing": None,
    "key with a password": principals.as_locked_pem(OURS[0]),
    "PFX with a password": OURS[2],
    "certificate alone": OURS[1].encode(),
    "key alone": KEY,
    "nothing": b"",
}


@pytest.mark.parametrize("content", UNREADABLE.values(), ids=UNREADABLE)
@pytest.mark.parametrize("snippet", [p for p in files("certificate") if p.values[0].suffix != ".ps1"])
def test_certificate_that_cannot_be_read_is_one_sentence(
    content: bytes | None, snippet: Path, reader: Reader, world: World
) -> None:
    prepare(reader, world, snippet)
    reader.extra["AZURE_CLIENT_CERTIFICATE_PATH"] = "~/own.pem"
    if content is not None:
        (reader.home / "own.pem").write_bytes(content)
    result = reader.run(snippet)
    assert result.code > 0 and not result.stdout and len(result.stderr.splitlines()) == 1, result.output
    assert not result.exchanges


@pytest.mark.parametrize("snippet", files("certificate"))
def test_certificate_that_is_not_set_is_told(snippet: Path, reader: Reader, world: World) -> None:
    prepare(reader, world, snippet)
    variable = "AZURE_CLIENT_PFX_PATH" if snippet.suffix == ".ps1" else "AZURE_CLIENT_CERTIFICATE_PATH"
    del reader.extra[variable]
    result = reader.run(snippet)
    assert result.code > 0 and variable in result.output and not result.exchanges, result.output


@pytest.mark.parametrize("snippet", files("certificate"))
def test_certificate_path_may_begin_with_a_tilde(snippet: Path, reader: Reader, world: World) -> None:
    prepare(reader, world, snippet)
    reader.extra |= {"AZURE_CLIENT_CERTIFICATE_PATH": "~/pal.pem", "AZURE_CLIENT_PFX_PATH": "~/pal.pfx"}
    assert reader.run(snippet).code == 0
    assert world.active_links() == {PRINCIPAL: samples.PARTNER_ID}


@pytest.mark.parametrize(
    ("content", "password"),
    [
        (principals.as_locked_pem(OURS[0]), "pfx"),
        (OURS[2], "pfx"),
        (principals.as_pfx(OURS[0], password=False), None),
        (principals.as_pfx(OURS[0], OTHER[1]), "pfx"),
    ],
    ids=["PEM with a password", "PFX with a password", "PFX without", "PFX with another certificate"],
)
def test_python_takes_pem_and_pfx_with_a_password_or_without(
    content: bytes, password: str | None, reader: Reader, world: World
) -> None:
    prepare(reader, world, snippet := SNIPPETS / "sp/certificate.py")
    (reader.home / "pal.pem").write_bytes(content)
    reader.extra |= {"AZURE_CLIENT_CERTIFICATE_PASSWORD": password} if password else {}
    result = reader.run(snippet)
    assert result.code == 0, result.output
    assert world.active_links() == {PRINCIPAL: samples.PARTNER_ID}


@pytest.mark.parametrize("snippet", with_az("certificate"))
def test_pem_file_can_be_made_of_a_pfx(snippet: Path, reader: Reader, world: World, request) -> None:
    """The page's line, for a PFX that holds another certificate too: what it writes is readable by nobody else and signs in."""
    record(request, file := SNIPPETS / "sp/certificate-pem.sh", RUN, "OpenSSL")
    need("openssl")
    prepare(reader, world, snippet)
    (reader.home / "pal.pfx").write_bytes(principals.as_pfx(OURS[0], OTHER[1]))
    assert reader.run(file).code == 0
    made = (reader.work / "pal.pem").rename(reader.home / "made.pem")
    assert made.stat().st_mode & 0o077 == 0
    assert made.read_text().count("BEGIN CERTIFICATE") == 1
    reader.extra["AZURE_CLIENT_CERTIFICATE_PATH"] = str(made)
    assert reader.run(snippet).code == 0
    assert world.active_links() == {PRINCIPAL: samples.PARTNER_ID}


@pytest.mark.parametrize("snippet", files("secret", "certificate", "workload-identity", "show", "remove"))
def test_application_without_a_service_principal_at_home(snippet: Path, reader: Reader, world: World) -> None:
    prepare(reader, world, snippet)
    world.applications[samples.CLIENT_ID].service_principals.clear()
    result = reader.run(snippet)
    assert result.code > 0 and "AADSTS7000229" in result.output, result.output
    assert not partner_requests(result)


# What differs in the federated token, and the number that tells so.
OTHER_TOKENS = {
    "issuer": ({"iss": "https://another.example"}, "AADSTS700211"),
    "audience": ({"aud": "https://gitlab.com"}, "AADSTS700212"),
    "subject": ({"sub": "system:serviceaccount:other:linker"}, "AADSTS700213:"),
    "capitals": ({"sub": principals.SUBJECT.upper()}, "AADSTS7002138"),
}


@pytest.mark.parametrize("differs", OTHER_TOKENS)
@pytest.mark.parametrize("snippet", files("workload-identity"))
def test_federated_token_that_is_not_trusted(snippet: Path, differs: str, reader: Reader, world: World) -> None:
    prepare(reader, world, snippet)
    claims, message = OTHER_TOKENS[differs]
    (reader.home / "token").write_text(principals.federated_token(world, **claims))
    result = reader.run(snippet)
    assert result.code > 0 and message in result.output, result.output
    assert not partner_requests(result)


@pytest.mark.parametrize("snippet", files("workload-identity"))
@pytest.mark.parametrize("end", ["\n", "\r\n"], ids=["LF", "CRLF"])
def test_token_file_that_ends_in_a_line_feed(end: str, snippet: Path, reader: Reader, world: World) -> None:
    """As `echo` and editors write it. The service takes no such token: the block must not send the end of the line."""
    prepare(reader, world, snippet)
    (reader.home / "token").write_bytes((principals.federated_token(world) + end).encode())
    result = reader.run(snippet)
    assert result.code == 0, result.output
    assert world.active_links() == {PRINCIPAL: samples.PARTNER_ID}


@pytest.mark.parametrize("snippet", files("workload-identity"))
def test_token_file_that_is_missing(snippet: Path, reader: Reader, world: World) -> None:
    prepare(reader, world, snippet)
    (reader.home / "token").unlink()
    result = reader.run(snippet)
    assert result.code > 0 and re.search("(?i)no such file|cannot find path", result.output), result.output
    assert not result.exchanges or not partner_requests(result)


@pytest.mark.parametrize("snippet", files("secret", "certificate", "workload-identity"))
def test_application_that_is_not_in_this_tenant(snippet: Path, reader: Reader, world: World) -> None:
    assert_refused(reader, world, snippet, ("AADSTS700016",), CUSTOMER_TENANT=STRANGER_TENANT)


@pytest.mark.parametrize("snippet", files(*IDENTITIES))
def test_machine_without_a_managed_identity_fails_in_seconds(snippet: Path, reader: Reader, world: World) -> None:
    prepare(reader, world, snippet)
    world.machine_identities.clear()
    started = time.monotonic()
    result = reader.run(snippet)
    assert result.code > 0
    assert time.monotonic() - started < 15, "the reader waits too long"
    assert not partner_requests(result)


@pytest.mark.parametrize("snippet", files(*IDENTITIES))
def test_each_identity_links_itself(snippet: Path, reader: Reader, world: World) -> None:
    """With two identities on the machine, the one that is asked for is linked."""
    prepare(reader, world, snippet)
    system_assigned, user_assigned = world.machine_identities
    user_assigned.object_id = "object of the user-assigned one"
    assert reader.run(snippet).code == 0
    identity = user_assigned if "-user" in snippet.name else system_assigned
    assert world.active_links() == {(samples.CUSTOMER_TENANT, identity.object_id): samples.PARTNER_ID}


# --- older sign-ins, cached tokens ---


@pytest.mark.parametrize("snippet", with_az(*LINKERS))
def test_failed_sign_in_never_uses_an_older_one(snippet: Path, reader_signed_in_at_home: Reader, world: World) -> None:
    """A person is signed in, then the principal's sign-in fails: nothing is asked of PAL, and the person stays signed in."""
    reader = reader_signed_in_at_home
    prepare(reader, world, snippet)
    world.applications.clear()
    world.machine_identities.clear()
    pasted = reader.paste(snippet.read_text(encoding="utf-8"))
    for result in (reader.run(snippet), pasted):
        assert result.code > 0, f"the shell was closed or the block succeeded: {result.output}"
        assert not partner_requests(result)
    assert signed_in(reader) == (samples.HOME_TENANT, "user")


def signed_in(reader: Reader) -> tuple[str, ...]:
    asked = reader.command("az", "account", "show", "--query", "[tenantId, user.type]", "--output", "tsv")
    return tuple(asked.stdout.split())


@pytest.mark.parametrize("snippet", with_az("secret"))
def test_your_own_sign_in_stays_and_nothing_of_the_principal_is_kept(
    snippet: Path, reader_signed_in_at_home: Reader, world: World
) -> None:
    reader = reader_signed_in_at_home
    prepare(reader, world, snippet)
    (reader.home / "tmp").mkdir()
    reader.extra["TMPDIR"] = str(reader.home / "tmp")
    assert reader.run(snippet).code == 0
    assert signed_in(reader) == (samples.HOME_TENANT, "user")
    assert list((reader.home / "tmp").iterdir()) == []
    kept = [
        f for f in (reader.home / ".azure").rglob("*") if f.is_file() and samples.CLIENT_ID in f.read_text("latin-1")
    ]
    assert kept == []


@pytest.mark.parametrize("snippet", files("secret"))
def test_wrong_secret_after_a_right_one_is_refused(snippet: Path, reader: Reader, world: World) -> None:
    """Azure CLI answers such a sign-in from its token cache when both use one profile, without asking anybody."""
    prepare(reader, world, snippet)
    assert reader.run(snippet).code == 0
    reader.extra["AZURE_CLIENT_SECRET"] = "not-that-secret"
    result = reader.run(snippet)
    assert result.code > 0 and "AADSTS7000215" in result.output, result.output


@pytest.mark.parametrize("snippet", [p for p in files("secret", "remove") if p.values[0].suffix != ".ps1"])
def test_pasted_block_works_and_leaves_the_shell_open(snippet: Path, reader: Reader, world: World) -> None:
    prepare(reader, world, snippet)
    world.create_link(*PRINCIPAL, samples.PARTNER_ID)
    text = snippet.read_text(encoding="utf-8")
    if snippet.suffix == ".py":
        result = reader.command(sys.executable, "-i", "-q", stdin=text + "\nprint('still ' + 'here')\n")
        assert "still here" in result.stdout, result.output
    else:
        result = reader.paste(text)
        assert result.code == 0, result.output
    assert world.active_links() == ({} if snippet.name.startswith("remove.") else {PRINCIPAL: samples.PARTNER_ID})


@pytest.mark.parametrize("snippet", with_az("secret"))
def test_extension_of_your_own_profile_is_found(snippet: Path, reader: Reader, world: World) -> None:
    """The block's profile of its own must not hide the extension that the reader installed."""
    prepare(reader, world, snippet)
    shutil.copytree(STAND_IN, reader.home / ".azure/cliextensions", dirs_exist_ok=True)
    block = "unset AZURE_EXTENSION_DIR\n" + snippet.read_text(encoding="utf-8")
    assert reader.paste(block).code == 0
    assert world.active_links() == {PRINCIPAL: samples.PARTNER_ID}


# --- the link is refused ---


@pytest.mark.parametrize("snippet", files("secret"))
def test_partner_id_that_nobody_has(snippet: Path, reader: Reader, world: World) -> None:
    assert_refused(reader, world, snippet, NOT_VALID, PARTNER_ID="9999999")


@pytest.mark.parametrize("snippet", files("show", "remove"))
def test_nothing_linked(snippet: Path, reader: Reader, world: World) -> None:
    assert_refused(reader, world, snippet, NOT_LINKED)


@pytest.mark.parametrize("snippet", files("secret"))
def test_unreadable_link_is_not_taken_for_none(snippet: Path, reader: Reader, world: World) -> None:
    refusal = Response(403, {"error": {"code": "AuthorizationFailed", "message": "Reading is not allowed."}})
    reader.proxy.faults.append(Fault(lambda r: "managementpartner" in r.path.lower(), refusal, times=100))
    assert_refused(reader, world, snippet, ("Reading is not allowed",))
    assert not [e for e in reader.proxy.exchanges if e.request.method == "PUT"]


def refusal_of(status: int, **headers: str) -> Response:
    return Response(status, {"error": {"code": f"E{status}", "message": "Later."}}, headers)


TROUBLE = {
    "429-with-retry-after": {"response": refusal_of(429, **{"Retry-After": "1"})},
    "429": {"response": refusal_of(429)},
    "500": {"response": refusal_of(500)},
    "dropped": {"response": None},
    "applied-then-dropped": {"response": None, "apply": True},
}


@pytest.mark.parametrize("snippet", files("secret"))
@pytest.mark.parametrize("kind", TROUBLE)
def test_trouble_during_create_ends_linked_once_or_not_at_all(
    kind: str, snippet: Path, reader: Reader, world: World
) -> None:
    """Whatever the answer was, running the block again ends linked, with one write of ours in all."""
    prepare(reader, world, snippet)
    reader.proxy.faults.append(trouble := Fault(lambda r: r.method == "PUT", **TROUBLE[kind]))
    result = reader.run(snippet)
    assert trouble.met
    linked = world.active_links() == {PRINCIPAL: samples.PARTNER_ID}
    assert linked or world.links == {}
    assert linked if result.code == 0 else result.stderr.strip() or result.stdout.strip(), (
        "it failed and did not say so"
    )
    if (
        kind.startswith("429") or kind == "500"
    ) and snippet.suffix != ".ps1":  # what Azure PowerShell does then was not seen
        assert result.code == 0, result.output  # the others wait and try again
    reader.proxy.faults.clear()
    assert reader.run(snippet).code == 0
    assert world.active_links() == {PRINCIPAL: samples.PARTNER_ID}
    assert world.links[PRINCIPAL].version == 1


# --- secrets ---

TOOLS = ("awk", "az", "base64", "bash", "curl", "date", "grep", "jq", "mktemp", "rm", "sed", "sleep", "tr")


def record_arguments(reader: Reader) -> Path:
    """Let the reader start no program but these, each through a recorder: the file that gets every command line."""
    log, bin = reader.home / "arguments", reader.home / "recorders"
    bin.mkdir()
    path = reader.env["PATH"]
    for tool in TOOLS:
        if real := shutil.which(tool, path=path):
            (bin / tool).write_text(f"#!/bin/sh\nprintf '%s\\n' \"$0 $*\" >> '{log}'\nexec '{real}' \"$@\"\n")
            (bin / tool).chmod(0o755)
    reader.extra["PATH"] = str(bin)
    log.touch()
    return log


def assert_nobody_saw(secrets: set[str], result: Result, log: Path) -> None:
    """No command line and no output holds a secret or a token (a JWT starts with eyJ)."""
    assert result.code == 0, result.output
    assert "command not found" not in result.output, "a program that is not recorded: add it to TOOLS"
    arguments = log.read_text()
    assert re.search(r"/(az|curl) ", arguments)
    for secret in {*secrets, "eyJ"}:
        assert secret not in arguments, f"on a command line: {arguments}"
        assert secret not in result.output, f"printed: {result.output}"


@pytest.mark.parametrize("snippet", shell("secret", "certificate", "managed-identity", "workload-identity"))
def test_no_secret_on_a_command_line_or_printed(snippet: Path, reader: Reader, world: World) -> None:
    prepare(reader, world, snippet)
    world.create_link(*PRINCIPAL, samples.PARTNER_ID)
    log = record_arguments(reader)
    assert_nobody_saw({SECRET}, reader.run(snippet), log)


@pytest.mark.parametrize("snippet", shell("create", page="tag"))
def test_new_secret_is_never_shown(snippet: Path, reader: Reader, world: World) -> None:
    prepare(reader, world, snippet)
    log = record_arguments(reader)
    result = reader.run(snippet)
    assert_nobody_saw(made_secrets(result), result, log)


def made_secrets(result: Result) -> set[str]:
    made = [e.response.body["secretText"] for e in result.exchanges if e.request.path.endswith("/addPassword")]
    assert made
    return set(made)


@pytest.mark.parametrize("suffix", [".ps1", ".sh", ".py", ".curl.sh"])
def test_all_credentials_do_the_same_after_the_sign_in(suffix: str) -> None:
    """Only `secret` is run from every start; the others' lines after the sign-in are its lines."""
    start = {".ps1": "    $link = ", ".sh": "  # Exit code", ".py": "client = ", ".curl.sh": "  # Sets body"}[suffix]
    texts = [f.read_text(encoding="utf-8") for t in LINKERS for f in (SNIPPETS / "sp").glob(f"{t}{suffix}")]
    assert len(texts) >= 4 and all(start in text for text in texts), f"the line {start!r} is gone → name the first one"
    assert len({text.partition(start)[2] for text in texts}) == 1


def test_secret_variable_is_set_without_showing_it(reader: Reader, request: pytest.FixtureRequest) -> None:
    """The line that the page gives for it, with the secret as the next thing that is typed."""
    record(request, file := SNIPPETS / "sp/secret-variable.sh", *how(file))
    line = file.read_text(encoding="utf-8")
    result = reader.command("bash", "-c", f"{line}printenv AZURE_CLIENT_SECRET", stdin="se\\same\n")
    assert (result.code, result.stdout) == (0, "se\\same\n")


def test_secret_variable_of_powershell_is_typed_without_showing_it(
    reader: Reader, request: pytest.FixtureRequest
) -> None:
    """In a terminal: quotes and blanks arrive as they were typed, and only stars are shown."""
    import pty  # not on Windows

    if not find("pwsh"):
        missing(lacking("pwsh"))
    record(request, file := SNIPPETS / "sp/secret-variable.ps1", *how(file))
    (reader.work / "typed.ps1").write_text(
        file.read_text("utf-8") + "Set-Content got $env:AZURE_CLIENT_SECRET -NoNewline\n"
    )
    controller, terminal = pty.openpty()
    command, secret = ["pwsh", "-NoProfile", "-File", "typed.ps1"], 'it\'s "a" secret'
    with subprocess.Popen(
        command,
        cwd=reader.work,
        env=reader.env,
        stdin=terminal,
        stdout=terminal,
        stderr=terminal,
        start_new_session=True,
    ) as shell:
        os.close(terminal)
        seen, typed, timer = "", False, threading.Timer(60, shell.kill)
        timer.start()
        try:
            while chunk := os.read(controller, 65536).decode(errors="replace"):
                seen += chunk
                for _ in re.findall(r"\x1b\[6n", chunk):  # where is the cursor?
                    os.write(controller, b"\x1b[1;1R")
                if not typed and re.search(r"Client secret:.*\x1b\[6n", seen):  # now it reads
                    typed = os.write(controller, secret.encode() + b"\r") > 0
        except OSError:  # hung up: it has ended
            timer.cancel()
        os.close(controller)
    assert (reader.work / "got").read_text() == secret, seen
    assert secret not in seen and seen.count("*") == len(secret)


# --- a principal only for PAL ---


ASLEEP = """import time
def sleep(seconds):
    with open({slept!r}, "a") as file:
        print(seconds, file=file)
time.sleep = sleep
"""


def refused_role(snippet: Path, text: str, status: str) -> str:
    """What tells that a role was not read or given: PowerShell's cmdlets name the status alone (enterprise-azure-policy-as-code 137)."""
    return f"invalid status code '{status}'" if snippet.suffix == ".ps1" else text


def hurry(reader: Reader, world: World, snippet: Path) -> tuple[Path, dict[str, str]]:
    """Let waiting take no time, and move the world's clock on by its seconds: the file that holds them, and what to paint over for it."""
    slept = reader.home / "slept"
    slept.touch()
    started = time.time()
    world.clock = lambda: started + sum(map(float, slept.read_text().split()))
    if snippet.suffix == ".ps1":
        return slept, {"Start-Sleep -Seconds 5": f"Add-Content -LiteralPath '{slept}' -Value 5"}
    if snippet.suffix == ".sh":
        (reader.bin / "sleep").write_text(f"#!/bin/sh\necho \"$1\" >> '{slept}'\n")
        (reader.bin / "sleep").chmod(0o755)
    else:
        (reader.home / "site").mkdir()
        (reader.home / "site/sitecustomize.py").write_text(ASLEEP.format(slept=str(slept)))
        reader.extra["PYTHONPATH"] = str(reader.home / "site")
    return slept, {}


@pytest.mark.parametrize("snippet", files("create", page="tag"))
@pytest.mark.parametrize("known_after", [50, pytest.param(24 * 3600, marks=only_in_ci)])
def test_new_credential_is_waited_for(known_after: int, snippet: Path, reader: Reader, world: World) -> None:
    """Entra knows a new secret everywhere within a minute, the block says; when it does not, the credential still goes."""
    prepare(reader, world, snippet)
    world.propagation = known_after
    slept, quick = hurry(reader, world, snippet)
    result = reader.run(snippet, quick)
    principals.one_principal_without_credential(world)
    waited = [float(seconds) for seconds in slept.read_text().split()]
    assert 50 <= sum(waited) <= 70 and all(1 <= each <= 10 for each in waited), f"it waited {waited} seconds"
    assert 55 <= lifetime(result) <= 60, "minutes, as the page says: for one hour"
    if known_after == 50:
        assert result.code == 0, result.output
    else:
        assert result.code > 0 and "AADSTS7000215" in result.output, result.output
    assert world.active_links() == ({PRINCIPAL: samples.PARTNER_ID} if known_after == 50 else {})


def lifetime(result: Result) -> float:
    """Minutes from now until the end that the one new secret of a run was asked for."""
    (asked,) = [e.request.json for e in result.exchanges if e.request.path.endswith("/addPassword")]
    end = datetime.fromisoformat(asked["passwordCredential"]["endDateTime"])
    return (end.timestamp() - time.time()) / 60


@pytest.mark.parametrize("snippet", files("create", page="tag"))
def test_refused_link_leaves_no_credential(snippet: Path, reader: Reader, world: World) -> None:
    world.partners.clear()
    assert_refused(reader, world, snippet, NOT_VALID)
    principals.one_principal_without_credential(world)
    world.partners[samples.PARTNER_ID] = "Fabrikam Consulting"
    assert reader.run(snippet).code == 0, "a second run completes the first"
    principals.one_principal_without_credential(world)
    assert world.active_links() == {PRINCIPAL: samples.PARTNER_ID}


@pytest.mark.parametrize("snippet", files("create", page="tag"))
@pytest.mark.parametrize("refused", ["/applications", "/removePassword"])
def test_credential_that_cannot_be_deleted_is_told(refused: str, snippet: Path, reader: Reader, world: World) -> None:
    """All that is asked of the directory after the link is refused, or only the last step."""
    prepare(reader, world, snippet)
    refusal = Response(403, {"error": {"code": "Authorization_RequestDenied", "message": "Insufficient privileges."}})
    reader.proxy.faults.append(Fault(lambda r: refused in r.path and world.active_links(), refusal, times=9))
    result = reader.run(snippet)
    assert result.code > 0 and "Insufficient privileges" in result.output, result.output
    assert "expires within the hour" in result.output


@pytest.mark.parametrize("snippet", shell("create", page="tag"))
def test_credential_goes_even_if_the_profile_cannot_be_removed(snippet: Path, reader: Reader, world: World) -> None:
    prepare(reader, world, snippet)
    (reader.bin / "rm").write_text("#!/bin/sh\nexit 1\n")
    (reader.bin / "rm").chmod(0o755)
    assert reader.run(snippet).code == 0
    principals.one_principal_without_credential(world)


@pytest.mark.parametrize("snippet", files("create", page="tag"))
def test_credential_of_somebody_else_stays(snippet: Path, reader: Reader, world: World) -> None:
    prepare(reader, world, snippet)
    principals.with_link(world, PRINCIPAL)
    application = world.applications[samples.CLIENT_ID]
    application.keys, application.secrets = {"theirs": Password(SECRET)}, {SECRET}
    assert reader.run(snippet).code == 0
    assert (application.keys, application.secrets) == ({"theirs": Password(SECRET)}, {SECRET})


@pytest.mark.parametrize("snippet", files("create", page="tag"))
def test_two_applications_of_that_name_are_refused(snippet: Path, reader: Reader, world: World) -> None:
    prepare(reader, world, snippet)
    principals.with_link(world, PRINCIPAL)
    other = copy.deepcopy(world.applications[samples.CLIENT_ID])
    other.client_id, other.object_id, other.service_principals = "other", "other", {}
    world.applications["other"] = other
    before = copy.deepcopy(world.applications)
    result = reader.run(snippet)
    assert result.code > 0 and re.search("(?i)more than one application|2 applications", result.output), result.output
    assert world.applications == before


@pytest.mark.parametrize("snippet", files("create", page="tag"))
def test_who_may_not_register_applications_is_told(snippet: Path, reader: Reader, world: World) -> None:
    refusal = {"error": {"code": "Authorization_RequestDenied", "message": "Insufficient privileges."}}
    posts = Fault(lambda r: r.method == "POST" and r.path.endswith("/applications"), Response(403, refusal), times=9)
    reader.proxy.faults.append(posts)
    assert_refused(reader, world, snippet, ("Insufficient privileges",))
    assert world.applications == {}


@pytest.mark.parametrize("snippet", files("assign", page="tag"))
def test_who_may_not_assign_is_told(snippet: Path, reader: Reader, world: World) -> None:
    prepare(reader, world, snippet)
    principals.with_link(world, PRINCIPAL)
    refusal = Response(403, {"error": {"code": "AuthorizationFailed", "message": "You may not assign roles."}})
    reader.proxy.faults.append(Fault(lambda r: r.method == "PUT", refusal, times=9))
    result = reader.run(snippet)
    assert result.code > 0 and refused_role(snippet, "You may not assign roles", "Forbidden") in result.output, (
        result.output
    )
    assert world.role_assignments == []


@pytest.mark.parametrize("snippet", files("assign", page="tag"))
def test_assigning_again_changes_nothing(snippet: Path, reader: Reader, world: World) -> None:
    prepare(reader, world, snippet)
    STARTS["It has the role"](world, PRINCIPAL)
    assert reader.run(snippet).code == 0
    principals.role_in_both_chosen_subscriptions(world)


@pytest.mark.parametrize("snippet", files("remove", page="tag"))
@pytest.mark.parametrize("other", ["name", "object ID", "application"])
def test_remove_leaves_another_application_alone(other: str, snippet: Path, reader: Reader, world: World) -> None:
    """What the reader typed on another page is painted here too: IDs that do not belong together, or another application's."""
    prepare(reader, world, snippet)
    principals.with_link(world, PRINCIPAL, role=True)
    application = world.applications[samples.CLIENT_ID]
    if other == "name":
        application.name = "Contoso Payroll"
    elif other == "object ID":
        application.service_principals = {samples.CUSTOMER_TENANT: "another object"}
    else:
        world.applications = {"another": application}
        application.client_id = "another"
    before = copy.deepcopy((world.applications, world.role_assignments))
    result = reader.run(snippet)
    assert result.code > 0 and "Nothing was removed." in result.output, result.output
    assert (world.applications, world.role_assignments) == before


@pytest.mark.parametrize("snippet", files("remove", page="tag"))
def test_remove_finds_resource_groups_too_and_nobody_else_s_roles(snippet: Path, reader: Reader, world: World) -> None:
    prepare(reader, world, snippet)
    STARTS["It has the role"](world, PRINCIPAL)
    first, second = world.role_assignments
    first.scope += "/resourceGroups/app"
    first.id = first.id.replace("/providers/", "/resourceGroups/app/providers/", 1)
    other = copy.copy(second)
    other.id, other.principal_id = f"{second.id}1", "somebody else"
    world.role_assignments.append(other)
    assert reader.run(snippet).code == 0
    assert world.role_assignments == [other]
    assert world.applications == {}


@pytest.mark.parametrize("snippet", files("remove", page="tag"))
def test_assignments_that_cannot_be_listed_leave_everything(snippet: Path, reader: Reader, world: World) -> None:
    """A failed list is not an empty one: roles of a deleted principal would stay behind, with nobody to find them by."""
    prepare(reader, world, snippet)
    STARTS["It has the role"](world, PRINCIPAL)
    before = copy.deepcopy((world.role_assignments, world.applications))
    refusal = Response(403, {"error": {"code": "AuthorizationFailed", "message": "Listing is not allowed."}})
    reader.proxy.faults.append(Fault(lambda r: "/roleassignments" in r.path.lower(), refusal, times=100))
    result = reader.run(snippet)
    assert result.code > 0 and refused_role(snippet, "Listing is not allowed", "Forbidden") in result.output, (
        result.output
    )
    assert (world.role_assignments, world.applications) == before


@pytest.mark.parametrize("snippet", files("preview", "assign", page="tag"))
def test_subscription_that_is_not_yours_is_told(snippet: Path, reader: Reader, world: World) -> None:
    prepare(reader, world, snippet)
    principals.with_link(world, PRINCIPAL)
    unknown = "0bad0bad-0000-4000-8000-000000000000"
    result = reader.run(snippet, {samples.SUBSCRIPTION: unknown})
    told = refused_role(snippet, "could not be found", "NotFound")
    assert result.code > 0 and (unknown in result.output or told in result.output), result.output
    assert world.role_assignments == []


@pytest.mark.parametrize("snippet", shell("create", "preview", "assign", "remove", page="tag"))
def test_failed_sign_in_stops_everything(snippet: Path, reader_signed_in_at_home: Reader, world: World) -> None:
    prepare(reader_signed_in_at_home, world, snippet)
    before = copy.deepcopy(world.applications)
    text = painted(snippet, {samples.CUSTOMER_TENANT: STRANGER_TENANT})
    result = reader_signed_in_at_home.paste(text)
    assert result.code > 0 and "AADSTS50020" in result.output, result.output
    assert not [e for e in result.exchanges if e.request.host != "login.microsoftonline.com"]
    assert (world.applications, world.role_assignments) == (before, [])
