"""Every error text that "When it fails" shows is what the client prints today: the failing command is run again and compared.

A capture is `snippets/errors/<case>.<tool>.txt`. `make errors` writes it anew. The client's part of a text is real. The service's part is
only shown where it is recorded or reported (tests/emulator names the source); no case here leads to a modelled text.
"""

from __future__ import annotations

import re
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib.metadata import version
from pathlib import Path

import principals
import pytest
from conftest import AZ, missing, need
from emulator import samples
from emulator.entra import SignInError
from emulator.harness import ROOT, Reader, Result, interpreter
from emulator.transport import Fault, Response
from emulator.world import ENTRA_AUDIENCE, Application, FederatedCredential, ManagedIdentity, World
from grades import RUN, azure_cli, how, powershell, record
from pages import GUID, SNIPPETS
from programs import find, lacking
from test_second_factor import demand_second_factor

CAPTURES = ROOT / "snippets/errors"
ISSUER, SUBJECT = "https://token.actions.githubusercontent.com", "repo:contoso/landing-zone:environment:production"
OTHER_SUBJECT = "repo:contoso/landing-zone:ref:refs/heads/main"
UNKNOWN_TENANT = "0bad0bad-0000-4000-8000-000000000000"
Run = Callable[[Reader, World], Result]


def az(*arguments: str) -> Run:
    return lambda reader, world: reader.command("az", *arguments)


def python(code: str) -> Run:
    """Python that makes a credential, which is then asked for a token as any client does."""
    ask = "credential.get_token('https://management.azure.com/.default')"
    return lambda reader, world: reader.command(sys.executable, "-c", f"import azure.identity\n{code}\n{ask}")


def with_application(run: Run, subject: str = SUBJECT, issuer: str = ISSUER) -> Run:
    """The run, where an application with a secret and a federated credential of this kind is in the customer's tenant."""

    def prepared(reader: Reader, world: World) -> Result:
        app = Application(samples.CLIENT_ID, "pal", {samples.CUSTOMER_TENANT: samples.SERVICE_PRINCIPAL}, {"sesame"})
        app.federated.append(FederatedCredential(issuer, subject))
        world.applications[app.client_id] = app
        return run(reader, world)

    return prepared


PRINCIPAL = ("--service-principal", "--username", samples.CLIENT_ID, "--tenant", samples.CUSTOMER_TENANT)
WHO = f"{samples.CUSTOMER_TENANT!r}, {samples.CLIENT_ID!r}"


def pwsh(code: str, stdin: str = "\n") -> Run:
    """PowerShell that signs in; it shows an error as on a console that is wide enough."""
    text = f'& {{\n$ErrorActionPreference = "Stop"\ntry {{\n{code}\n}} catch {{ $_ | Out-String -Width 999; exit 1 }}\n}}\n'

    def run(reader: Reader, world: World) -> Result:
        (file := reader.work / "block.ps1").write_text(text)
        return reader.command(*interpreter(".ps1"), str(file), stdin=stdin)

    return run


# As the modules' reference has it; the blocks of this site throw the innermost exception instead.
SECRET = f"""$secret = ConvertTo-SecureString $env:AZURE_CLIENT_SECRET -AsPlainText -Force
$credential = New-Object -TypeName PSCredential -ArgumentList "{samples.CLIENT_ID}", $secret
Connect-AzAccount -ServicePrincipal -Credential $credential -Tenant {samples.CUSTOMER_TENANT}"""


def with_variable(run: Run, **variables: str) -> Run:
    def prepared(reader: Reader, world: World) -> Result:
        reader.extra |= variables
        return run(reader, world)

    return prepared


def two_subscriptions(run: Run) -> Run:
    """The run, where a person sees two subscriptions and presses Enter when asked for one."""

    def prepared(reader: Reader, world: World) -> Result:
        world.tenants[samples.CUSTOMER_TENANT].subscriptions[samples.SECOND_SUBSCRIPTION] = "Contoso Test"
        return run(reader, world)

    return prepared


def az_secret(secret: str) -> Run:
    return az("login", *PRINCIPAL, "--password", secret)


def py_secret(secret: str) -> Run:
    return python(f"credential = azure.identity.ClientSecretCredential({WHO}, {secret!r})")


def az_pipeline(audience: str = ENTRA_AUDIENCE) -> Run:
    """Sign in with what a pipeline's platform says about its job."""
    return lambda reader, world: az("login", *PRINCIPAL, "--federated-token", job(world, audience))(reader, world)


def py_pipeline(audience: str = ENTRA_AUDIENCE) -> Run:
    def run(reader: Reader, world: World) -> Result:
        code = f"credential = azure.identity.ClientAssertionCredential({WHO}, lambda: {job(world, audience)!r})"
        return python(code)(reader, world)

    return run


def job(world: World, audience: str) -> str:
    return world.sign({"iss": ISSUER, "sub": SUBJECT, "aud": audience})


def unread(run: Run) -> Run:
    """The run, where Microsoft Entra ID cannot read the issuer's published keys."""

    def prepared(reader: Reader, world: World) -> Result:
        world.unreachable_issuers.add(ISSUER)
        return run(reader, world)

    return with_application(prepared)


def az_subscription(reader: Reader, world: World) -> Result:
    """What the Azure CLI task does for a connection that holds a subscription: sign in, then choose it."""
    assert az("login", *PRINCIPAL, "--allow-no-subscriptions", "--password", "sesame")(reader, world).code == 0
    return az("account", "set", "--subscription", samples.SECOND_SUBSCRIPTION)(reader, world)


def chain(reader: Reader, world: World) -> None:
    """The page's certificate, with another one before it in the file."""
    principals.every_credential(world, reader)
    other = principals.key_pair("other.example")[1].encode()
    key, begin, ours = (reader.home / "pal.pem").read_bytes().partition(b"-----BEGIN CERTIFICATE")
    (reader.home / "pal.pem").write_bytes(key + other + begin + ours)


def certificate_file(file: str, run: Callable[[str], Run]) -> Run:
    """The run with a certificate file of another kind: a PFX with a password, an encrypted key, a path that begins with ~."""

    def prepared(reader: Reader, world: World) -> Result:
        principals.every_credential(world, reader)
        pem = (reader.home / "pal.pem").read_bytes()
        (reader.home / "encrypted.pem").write_bytes(principals.as_locked_pem(pem))
        return run(file if file.startswith("~") else str(reader.home / file))(reader, world)

    return prepared


def az_certificate(path: str) -> Run:
    return az("login", *PRINCIPAL, "--allow-no-subscriptions", "--certificate", path)


def py_certificate(path: str) -> Run:
    return python(f"credential = azure.identity.CertificateCredential({WHO}, {path!r})")


def damaged_cache(reader: Reader, world: World) -> Result:
    """A sign-in was killed while it wrote."""
    assert az("login", "--tenant", samples.CUSTOMER_TENANT)(reader, world).code == 0
    (reader.home / ".azure/msal_token_cache.json").write_text('{"AccessToken')
    return az("managementpartner", "show")(reader, world)


def certificate(suffix: str) -> Run:
    def run(reader: Reader, world: World) -> Result:
        chain(reader, world)
        return reader.run(SNIPPETS / f"sp/certificate{suffix}")

    return run


def without_service_principal(run: Run) -> Run:
    """The run, where the application is registered in the customer's tenant and has no service principal there."""

    def alone(reader: Reader, world: World) -> Result:
        world.applications[samples.CLIENT_ID].service_principals.clear()
        return run(reader, world)

    return with_application(alone)


def on_a_machine_with_two(run: Run) -> Run:
    """The run on a machine with two user-assigned identities and no system-assigned one."""

    def prepared(reader: Reader, world: World) -> Result:
        for name in ("one", "two"):
            world.machine_identities.append(ManagedIdentity(name, name, samples.CUSTOMER_TENANT, system_assigned=False))
        return run(reader, world)

    return prepared


def without_extension(reader: Reader, world: World) -> Result:
    """Azure CLI may also install an extension by itself; here it must not."""
    reader.extensions = reader.home / "no-extensions"
    reader.extra = {"AZURE_EXTENSION_USE_DYNAMIC_INSTALL": "no"}
    return az("managementpartner", "show")(reader, world)


def mfa_of_one_tenant(reader: Reader, world: World) -> Result:
    """A guest signs in without naming a tenant; the customer's wants its own second factor (reported text)."""
    status, body = SignInError(50076, resource="797f4846-ba00-4fd7-ba43-dac1f8f63013").body()
    path = f"/{samples.CUSTOMER_TENANT}/oauth2/v2.0/token"
    reader.proxy.faults.append(Fault(lambda r: r.path == path, Response(status, body), times=100))
    return az("login", "--allow-no-subscriptions")(reader, world)


# --- what stands between a reader and Azure ---


@contextmanager
def second_factor(reader: Reader, world: World) -> Iterator[None]:
    demand_second_factor(world)
    yield


@contextmanager
def inspected_tls(reader: Reader, world: World) -> Iterator[None]:
    """The company's certificate, here the emulator's, which no tool has been told of."""
    principals.every_credential(world, reader)
    reader.extra |= dict.fromkeys(("REQUESTS_CA_BUNDLE", "SSL_CERT_FILE", "CURL_CA_BUNDLE"), "")
    yield
    others = [refusal for refusal in reader.proxy.refused if "TLS failed" not in refusal]
    assert others != reader.proxy.refused, "nothing was refused"
    reader.proxy.refused[:] = others


class Demanding(BaseHTTPRequestHandler):
    """A proxy that wants a name and a password."""

    def do_CONNECT(self) -> None:
        self.send_response(407)
        self.send_header("Proxy-Authenticate", 'Basic realm="proxy"')
        self.end_headers()

    def log_message(self, format: str, *arguments: object) -> None:
        pass


@contextmanager
def company_proxy(reader: Reader, world: World) -> Iterator[None]:
    principals.every_credential(world, reader)
    with ThreadingHTTPServer(("127.0.0.1", 0), Demanding) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        reader.extra |= dict.fromkeys(("HTTPS_PROXY", "https_proxy"), f"http://127.0.0.1:{server.server_port}")
        yield
        server.shutdown()


@contextmanager
def no_browser(reader: Reader, world: World) -> Iterator[None]:
    """A server, a container, a remote shell."""
    reader.extra["BROWSER"] = ""
    for name in ("xdg-open", "microsoft-edge"):
        (reader.bin / name).unlink()
    yield


# Case -> what stands around its run.
AROUND: dict[str, Callable[[Reader, World], AbstractContextManager]] = {
    "browser": no_browser,
    "proxy": company_proxy,
    "second-factor": second_factor,
    "tls": inspected_tls,
}
# Case and tool -> published block, and what is put over its sample values.
BLOCKS: dict[str, tuple[str, dict[str, str]]] = {
    "browser.python": ("users/link.py", {}),
    "not-linked.az-rest": ("users/show.rest.sh", {}),
    "not-linked.azure-cli": ("users/show.sh", {}),
    "not-linked.python": ("users/show.py", {}),
    "partner-id-invalid.az-rest": ("users/link.rest.sh", {samples.PARTNER_ID: "9999999"}),
    "partner-id-invalid.azure-cli": ("users/link.sh", {samples.PARTNER_ID: "9999999"}),
    "partner-id-invalid.python": ("users/link.py", {samples.PARTNER_ID: "9999999"}),
    "proxy.azure-cli": ("users/link.sh", {}),
    "proxy.curl": ("sp/secret.curl.sh", {}),
    "proxy.python": ("users/link.py", {}),
    "second-factor.az-rest": ("users/link.rest.sh", {}),
    "second-factor.azure-cli": ("users/link.sh", {}),
    "tenant-not-found.azure-cli": ("users/show.sh", {samples.CUSTOMER_TENANT: UNKNOWN_TENANT}),
    "tenant-not-found.python": ("users/show.py", {samples.CUSTOMER_TENANT: UNKNOWN_TENANT}),
    "tls.azure-cli": ("users/link.sh", {}),
    "tls.curl": ("sp/secret.curl.sh", {}),
    "tls.python": ("users/link.py", {}),
}
# Case and tool -> what else fails.
COMMANDS: dict[str, Run] = {
    "app-not-found.azure-cli": az_secret("sesame"),
    "app-not-found.python": py_secret("sesame"),
    "audience.azure-cli": with_application(az_pipeline("https://gitlab.com")),
    "audience.python": with_application(py_pipeline("https://gitlab.com")),
    "hidden.powershell": with_application(with_variable(pwsh(SECRET), AZURE_CLIENT_SECRET="wrong")),
    "no-value.powershell": pwsh(SECRET),
    "subscription-number.powershell": two_subscriptions(pwsh(f"Connect-AzAccount -Tenant {samples.CUSTOMER_TENANT}")),
    "no-managed-identity.powershell": pwsh("Connect-AzAccount -Identity"),
    "certificate.azure-cli": certificate(".sh"),
    "certificate.python": certificate(".py"),
    "encrypted-key.azure-cli": certificate_file("encrypted.pem", az_certificate),
    "encrypted-key.python": certificate_file("encrypted.pem", py_certificate),
    "extension-missing.azure-cli": without_extension,
    "issuer.azure-cli": with_application(az_pipeline(), issuer=f"{ISSUER}/contoso"),
    "issuer.python": with_application(py_pipeline(), issuer=f"{ISSUER}/contoso"),
    "issuer-unread.azure-cli": unread(az_pipeline()),
    "issuer-unread.python": unread(py_pipeline()),
    "many-identities.azure-cli": on_a_machine_with_two(az("login", "--identity")),
    "many-identities.python": on_a_machine_with_two(python("credential = azure.identity.ManagedIdentityCredential()")),
    "mfa.azure-cli": mfa_of_one_tenant,
    "no-managed-identity.python": python("credential = azure.identity.ManagedIdentityCredential()"),
    "no-service-principal.azure-cli": without_service_principal(az_secret("sesame")),
    "no-service-principal.python": without_service_principal(py_secret("sesame")),
    "no-subscriptions.azure-cli": with_application(az_secret("sesame")),
    "pfx.azure-cli": certificate_file("pal.pfx", az_certificate),
    "pfx.python": certificate_file("pal.pfx", py_certificate),
    "subject-case.azure-cli": with_application(az_pipeline(), SUBJECT.replace("contoso", "Contoso")),
    "subject-case.python": with_application(py_pipeline(), SUBJECT.replace("contoso", "Contoso")),
    "subject.azure-cli": with_application(az_pipeline(), OTHER_SUBJECT),
    "subject.python": with_application(py_pipeline(), OTHER_SUBJECT),
    "subscription.azure-cli": with_application(az_subscription),
    "tilde.python": certificate_file("~/pal.pem", py_certificate),
    "token-cache.azure-cli": damaged_cache,
    "wrong-secret.azure-cli": with_application(az_secret("wrong")),
    "wrong-secret.python": with_application(py_secret("wrong")),
}
# Exit codes other than 1. Azure CLI is content when one of several tenants lets it in: the trap that the page tells of.
EXIT = {
    "mfa.azure-cli": 0,
    "extension-missing.azure-cli": 2,
    "not-linked.azure-cli": 3,
    "proxy.curl": 56,
    "tls.curl": 60,
}


def attempt(case: str, reader: Reader, world: World) -> Result:
    around = AROUND.get(case.partition(".")[0], lambda *_: nullcontext())
    with around(reader, world):
        if case in BLOCKS:
            name, values = BLOCKS[case]
            return reader.run(SNIPPETS / name, values)
        return COMMANDS[case](reader, world)


def client(case: str) -> tuple[str, str]:
    """Grade and client of a case."""
    if case in BLOCKS:
        return how(SNIPPETS / BLOCKS[case][0])
    if case.endswith(".powershell"):
        return powershell("Connect-AzAccount")
    return RUN, azure_cli("az") if case.endswith(".azure-cli") else f"azure-identity {version('azure-identity')}"


MESSAGE = re.compile(r"ERROR: |curl: |WARNING: (?:Authentication failed|Run the command)|[\w.]+(?:Error|Exception): ")


def message(result: Result, home: Path) -> str:
    """What a reader takes for the message: from the first error of Azure CLI, or the last exception of Python, on.

    Tracebacks, times, paths, thumbprints and GUIDs that are nobody's sample value become `…`: what is left is the words.
    Of curl the first line is kept, since the others change with its version.
    """
    text = result.output.replace("\r", "").replace("RequestDisallowedByAzure", "…")  # a code that is modelled
    if "\nLine |\n" in text:  # PowerShell: the message stands behind the line that failed, underlined with tildes
        return re.sub(r" {2,}", "\n", re.split("~{3,}", text)[-1].strip()) + "\n"
    lines = [line.rstrip() for line in text.splitlines()]
    starts = [i for i, line in enumerate(lines) if MESSAGE.match(line)]
    assert starts, text
    if lines[starts[0]].startswith("curl: "):
        return lines[starts[0]] + "\n"
    azure_cli_says = lines[starts[0]].startswith(("ERROR", "WARNING"))
    lines = lines[starts[0] if azure_cli_says else starts[-1] :]
    if "Traceback (most recent call last):" in lines:
        lines = [*lines[: lines.index("Traceback (most recent call last):")], "…"]
    text = re.sub(r"\d{4}-\d\d-\d\d[ T]\d\d:\d\d:\d\d[.\d]*Z?", "…", "\n".join(lines).replace(str(home), "…"))
    text = re.sub(r"(?<=_ssl\.c:)\d+", "…", text)  # a line of Python's own source
    text = re.sub(r"\b[0-9A-F]{40}\b", "…", text)  # a certificate's thumbprint
    return GUID.sub(lambda m: m[0] if m[0] in samples.ALL.values() else "…", text).strip() + "\n"


@pytest.mark.parametrize("case", sorted(BLOCKS | COMMANDS))
def test_error_text_is_what_the_client_prints(
    case: str, reader: Reader, world: World, request: pytest.FixtureRequest
) -> None:
    file = CAPTURES / f"{case}.txt"
    record(request, file, *client(case), failure=True)
    if case.endswith(".powershell"):
        if not find("pwsh"):
            missing(lacking("pwsh"))
    elif not case.endswith((".python", ".curl")):
        need(AZ)
    result = attempt(case, reader, world)
    assert result.code == EXIT.get(case, 1), result.output
    assert "[modelled]" not in result.output, "a modelled text is not Microsoft's: show none of it"
    assert world.links == {}
    found = message(result, reader.home)
    if request.config.getoption("write_errors"):
        file.parent.mkdir(exist_ok=True)
        file.write_text(found, encoding="utf-8", newline="\n")
    said = file.read_text(encoding="utf-8") if file.exists() else ""
    assert found == said, f"{file.relative_to(ROOT)} is not what the client prints now → run: make errors, and read it"


def test_azure_cli_takes_a_wrong_secret_after_a_good_one(reader: Reader, world: World) -> None:
    """The page warns of it: the token of the first sign-in answers for the second."""
    need(AZ)
    allow = ("--allow-no-subscriptions",)
    assert with_application(az("login", *PRINCIPAL, *allow, "--password", "sesame"))(reader, world).code == 0
    assert az("login", *PRINCIPAL, *allow, "--password", "wrong")(reader, world).code == 0


# Published file that signs in by itself -> the variable that the page names for its tool.
TRUST = {
    f"sp/{task}{suffix}": variable
    for task in ("secret", "certificate", "workload-identity")
    for suffix, variable in {
        ".sh": "REQUESTS_CA_BUNDLE",
        ".py": "REQUESTS_CA_BUNDLE",
        ".curl.sh": "CURL_CA_BUNDLE",
    }.items()
    if (SNIPPETS / f"sp/{task}{suffix}").exists()
}


@pytest.mark.parametrize("file", TRUST)
def test_inspected_tls_is_refused_and_the_variable_cures_it(file: str, reader: Reader, world: World) -> None:
    need(AZ)
    with inspected_tls(reader, world):
        refused = reader.run(SNIPPETS / file)
    assert refused.code and world.links == {}
    assert re.search("CERTIFICATE_VERIFY_FAILED|SSL certificate problem", refused.output), refused.output
    reader.extra[TRUST[file]] = str(reader.proxy.ca_file)
    assert reader.run(SNIPPETS / file).code == 0


def test_azure_cli_asks_for_a_code_where_there_is_no_browser(reader: Reader, world: World) -> None:
    need(AZ)
    with no_browser(reader, world):
        result = reader.run(SNIPPETS / "users/link.sh")
    assert result.code == 0 and "enter the code" in result.output, result.output


def test_a_damaged_token_cache_is_cured_as_the_page_says(reader: Reader, world: World) -> None:
    need(AZ)
    assert damaged_cache(reader, world).code == 1
    assert az("account", "clear")(reader, world).code == 1, "clears alone: the page says that it may not"
    (reader.home / ".azure/msal_token_cache.json").unlink()
    for command in (("account", "clear"), ("login", "--tenant", samples.CUSTOMER_TENANT)):
        assert az(*command)(reader, world).code == 0


def test_no_capture_is_left_over() -> None:
    assert {f.name for f in CAPTURES.iterdir()} == {f"{case}.txt" for case in BLOCKS | COMMANDS}
