"""The stand-in of Az.Accounts does what was seen of the published module: every sign-in and every failure is replayed.

With the published module in PSModulePath the same tests ask that one.
"""

from __future__ import annotations

import itertools
import json
import re
from pathlib import Path

import principals
import programs
import pytest
from conftest import missing
from emulator import samples
from emulator.harness import POWERSHELL, Reader, Result, interpreter
from emulator.transport import Exchange
from emulator.world import STRANGER_TENANT, World
from test_failures import UNKNOWN_TENANT

SEEN = json.loads((Path(__file__).parent / "data/azure-powershell.json").read_text("utf-8"))
TENANT = f"-Tenant {samples.CUSTOMER_TENANT}"
APPLICATION = f"-ServicePrincipal -ApplicationId {samples.CLIENT_ID} {TENANT}"
WITH_SECRET = f"""$secret = ConvertTo-SecureString $env:AZURE_CLIENT_SECRET -AsPlainText -Force
    $credential = New-Object -TypeName PSCredential -ArgumentList "{samples.CLIENT_ID}", $secret
    Connect-AzAccount -ServicePrincipal -Credential $credential {TENANT}"""
WITH_FILE = f"""$password = ConvertTo-SecureString $env:AZURE_CLIENT_PFX_PASSWORD -AsPlainText -Force
    Connect-AzAccount {APPLICATION} -CertificatePath $env:AZURE_CLIENT_PFX_PATH -CertificatePassword $password"""
WITH_TOKEN = f"""$token = Get-Content -Raw $env:AZURE_FEDERATED_TOKEN_FILE
    Connect-AzAccount {APPLICATION} -FederatedToken $token"""
LINES = {
    "person in the browser": f"Connect-AzAccount {TENANT}",
    "person with a device code": f"Connect-AzAccount {TENANT} -UseDeviceAuthentication",
    "application with a secret": WITH_SECRET,
    "application with a certificate file": WITH_FILE,
    "application with a federated token": WITH_TOKEN,
    "system-assigned identity": "Connect-AzAccount -Identity",
    "user-assigned identity": f"Connect-AzAccount -Identity -AccountId {samples.MANAGED_IDENTITY_CLIENT_ID}",
}
OF_BLOCK = {
    "sp/secret.ps1": "application with a secret",
    "sp/certificate.ps1": "application with a certificate file",
    "sp/workload-identity.ps1": "application with a federated token",
    "sp/managed-identity.ps1": "system-assigned identity",
    "users/link.ps1": "person in the browser",
    "users/link-device-code.ps1": "person with a device code",
}
# What is wrong in each case that was seen.
OTHER = principals.key_pair("other.example")
FAULTS = {
    "secret wrong": lambda w, r: w.applications[samples.CLIENT_ID].secrets.clear(),
    "secret expired": lambda w, r: w.applications[samples.CLIENT_ID].expired.add(principals.SECRET),
    "secret variable not set": lambda w, r: r.extra.pop("AZURE_CLIENT_SECRET"),
    "application not in the tenant": lambda w, r: None,
    "tenant unknown, application": lambda w, r: None,
    "certificate not registered": lambda w, r: (r.home / "pal.pfx").write_bytes(OTHER[2]),
    "certificate password wrong": lambda w, r: r.extra.update(AZURE_CLIENT_PFX_PASSWORD="wrong"),
    "certificate file missing": lambda w, r: r.extra.update(AZURE_CLIENT_PFX_PATH="/nonexistent.pfx"),
    "federated token of another subject": lambda w, r: w.applications[samples.CLIENT_ID].federated.__setitem__(
        0, principals.FederatedCredential(principals.ISSUER, "another")
    ),
    "federated token of an issuer not trusted": lambda w, r: w.applications[samples.CLIENT_ID].federated.__setitem__(
        0, principals.FederatedCredential("https://another.example", principals.SUBJECT)
    ),
    "federated token file missing": lambda w, r: r.extra.update(AZURE_FEDERATED_TOKEN_FILE="/nonexistent"),
    "no managed identity": lambda w, r: w.machine_identities.clear(),
    "no system-assigned identity, IMDS refuses": lambda w, r: r.proxy.hosts.update({"169.254.169.254": refusing}),
    "person cancels in the browser": lambda w, r: setattr(w, "at_the_browser", None),
    "person is no guest there, browser": lambda w, r: None,
    "person is no guest there, device code": lambda w, r: None,
    "two subscriptions, Enter": lambda w, r: w.tenants[samples.CUSTOMER_TENANT].subscriptions.update(
        {samples.SECOND_SUBSCRIPTION: "Contoso Test"}
    ),
}
TENANTS = {"tenant unknown, application": UNKNOWN_TENANT, "application not in the tenant": STRANGER_TENANT}
TENANTS |= dict.fromkeys(
    ("person is no guest there, browser", "person is no guest there, device code"), STRANGER_TENANT
)

REPORT = """
function Show-Failure($failure) {
    "CMDLET $($failure.InvocationInfo.MyCommand)"
    for ($e = $failure.Exception; $e; $e = $e.InnerException) { "INNER $($e.GetType().FullName): $($e.Message)" }
    "VIEW $($failure | Out-String -Width 80)"
}
& {
    $ErrorActionPreference = "Stop"
    try {
    # LINE
    } catch { Show-Failure $_ }
}
"""


def refusing(request):
    from emulator.imds import refusal

    return refusal("invalid_request", "Identity not found")


@pytest.fixture(name="reader")
def _reader(proxy, world: World, tmp_path: Path) -> Reader:
    """A reader who has PowerShell and every credential, and no Azure CLI."""
    if not programs.find("pwsh"):
        missing(programs.lacking("pwsh"))
    reader = Reader(proxy, tmp_path / "home")
    principals.every_credential(world, reader)
    yield reader
    reader.check()


def run(reader: Reader, text: str, stdin: str = "\n") -> Result:
    (file := reader.work / "block.ps1").write_text(text)
    return reader.command(*interpreter(".ps1"), str(file), stdin=stdin, **POWERSHELL)


def shown(exchange: Exchange, names: bool = True) -> str:
    """An exchange as the recording writes it; values that are there as … are so here."""
    request, status = exchange.request, exchange.response.status if exchange.response else "dropped"
    values = request.query | (request.form if request.method == "POST" else {})
    random = {
        *("redirect_uri", "client-request-id", "code_challenge", "state", "code", "code_verifier", "device_code"),
        *("client_secret", "client_assertion", "x-client-SKU", "x-client-Ver", "x-client-OS"),
    }
    told = " ".join(f"{k}={'…' if k in random else v}" for k, v in sorted(values.items())) if names else ""
    return f"{request.method} {request.host}{request.path} {status} {told}".strip()


@pytest.mark.parametrize("way", SEEN["sign_ins"])
def test_a_sign_in_sends_what_was_seen(way: str, reader: Reader) -> None:
    result = run(reader, f'& {{\n$ErrorActionPreference = "Stop"\n{LINES[way]}\nInvoke-AzRestMethod -Path "/task"\n}}')
    sent = [shown(e) for e in result.exchanges if e.request.path != "/task"]
    reader.proxy.exchanges.clear()  # nobody serves /task
    assert sent == SEEN["sign_ins"][way], result.output


@pytest.mark.parametrize("case", SEEN["failures"])
def test_a_failure_is_what_was_seen(case: str, reader: Reader, world: World) -> None:
    seen = SEEN["failures"][case]
    FAULTS[case](world, reader)
    line = LINES[OF_BLOCK[seen["block"]]].replace(samples.CUSTOMER_TENANT, TENANTS.get(case, samples.CUSTOMER_TENANT))
    result = run(reader, REPORT.replace("# LINE", f"{line} | Out-Null"))
    before, _, rest = result.stdout.partition("CMDLET ")
    failure, _, view = rest.partition("VIEW ")
    cmdlet, *exceptions = failure.rstrip().split("\nINNER ")
    assert cmdlet == seen["cmdlet"], result.output
    assert [compared(e) for e in exceptions] == [compared(e) for e in seen["exceptions"]]
    assert [line.rstrip() for line in before.splitlines() if line.strip()] == seen.get("before", [])
    assert words(view).endswith(words(seen["message"])), view
    requests = [
        f"{len(list(same))} × {r}".removeprefix("1 × ")
        for r, same in itertools.groupby(shown(e, False) for e in result.exchanges)
    ]
    assert requests == seen["requests"]


def compared(text: str) -> str:
    """A message with the number alone of what the emulator says, and without blanks at the ends of its lines."""
    return "\n".join(line.rstrip() for line in re.sub(r"(AADSTS\d+): .*", r"\1: …", text).rstrip().splitlines())


def words(text: str) -> str:
    """A text of the error view as one line, without the bar at the left."""
    return " ".join(re.sub(r"(?m)^ +\| ?", "", text).split())
