"""A person's sign-in: what a block leaves of it on their machine, and what somebody else's script can do with it.

Python and PowerShell keep the sign-in to the block or the window. Azure CLI stays signed in, with the block's tenant as its default: the
page says so (docs/pal/users.md, "What stays on your machine") and how the old default comes back.
"""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path

import pytest
from conftest import AZ, ME, missing, need
from emulator import samples
from emulator.harness import Reader
from emulator.world import World
from pages import DOCS
from programs import find, lacking
from scenarios import PAGES, RUNNABLE, SNIPPETS, STARTS, prepare
from test_second_factor import PERSON

STRANGER = "7777777"
STAYS = "users.md#stays"


def of_people(suffix: str) -> list[Path]:
    """The published blocks by which a person signs in."""
    found = (f for f in sorted(SNIPPETS.glob(f"*/*{suffix}")) if PERSON.search(f.read_text("utf-8")))
    return [f for f in found if f.parent.name in PAGES]


def left_behind(reader: Reader) -> dict[str, bytes]:
    """Every file of the reader's home but the block itself."""
    files = (f for f in reader.home.rglob("*") if f.is_file() and reader.work not in f.parents)
    return {str(f.relative_to(reader.home)): f.read_bytes() for f in files}


def run_anyhow(snippet: Path, reader: Reader, world: World) -> None:
    """Run it where it may well fail for want of a link: it has signed in before that."""
    prepare(reader, world, snippet)
    assert reader.run(snippet).exchanges


@pytest.mark.parametrize("snippet", of_people(".py"), ids=lambda f: f"{f.parent.name}/{f.name}")
def test_python_leaves_nothing_of_a_sign_in(snippet: Path, reader: Reader, world: World) -> None:
    before = left_behind(reader)
    run_anyhow(snippet, reader, world)
    assert left_behind(reader) == before


@pytest.mark.parametrize(
    "snippet", [f for f in of_people(".sh") if f.name in {"link.sh", "show.rest.sh", "create.sh"}], ids=lambda f: f.name
)
def test_azure_cli_leaves_what_the_page_says(snippet: Path, reader_signed_in_at_home: Reader, world: World) -> None:
    """Nothing of before is lost, the block's tenant is the default, and one command makes the old default that again."""
    need(AZ)
    reader = reader_signed_in_at_home

    def accounts() -> dict[str, dict]:
        listed = reader.command("az", "account", "list", "--all", "--output", "json")
        return {a["id"]: a for a in json.loads(listed.stdout)}

    def default() -> dict:
        return next(a for a in accounts().values() if a["isDefault"])

    before, old = accounts(), default()
    assert old["tenantId"] == samples.HOME_TENANT
    run_anyhow(snippet, reader, world)
    assert accounts().keys() >= before.keys()
    assert default()["tenantId"] == samples.CUSTOMER_TENANT
    assert reader.command("az", "account", "set", "--subscription", old["id"]).code == 0
    assert default() == old


def test_pages_say_what_stays_of_a_sign_in() -> None:
    """Each page with a block that leaves Azure CLI signed in says so, or leads to where it is said."""
    pages = {page: page.read_text("utf-8") for page in sorted(DOCS.rglob("*.md"))}
    shown = {
        page
        for page, text in pages.items()
        for name in re.findall(r'--8<-- "([\w/.-]+\.sh)"', text)
        if PERSON.search((SNIPPETS / name).read_text("utf-8"))
    }
    assert shown
    silent = [p.relative_to(DOCS).as_posix() for p in shown if p.name != "users.md" and STAYS not in pages[p]]
    assert not silent, f"{silent}: say that Azure CLI stays signed in → link {STAYS}"
    users = pages[DOCS / "pal/users.md"]
    assert "{ #stays }" in users and "az account set --subscription" in users


CONNECTING = [f for f in sorted(SNIPPETS.rglob("*.ps1")) if "Connect-AzAccount" in f.read_text("utf-8")]


@pytest.mark.parametrize("snippet", CONNECTING, ids=lambda f: f"{f.parent.name}/{f.name}")
def test_powershell_saves_no_sign_in(snippet: Path) -> None:
    """The context is of this process alone, and so are its tokens (Disable-AzContextAutosave, Microsoft Learn)."""
    lines = snippet.read_text("utf-8").splitlines()
    signs_in = [i for i, line in enumerate(lines) if "Connect-AzAccount" in line]
    off = [i for i, line in enumerate(lines) if line.strip() == "Disable-AzContextAutosave -Scope Process | Out-Null"]
    assert off and off[0] < signs_in[0], f"{snippet.name} writes the sign-in to the reader's profile"
    for i in signs_in:
        assert "-Scope Process" in lines[i], f"{snippet.name}:{i + 1} → Connect-AzAccount … -Scope Process"


# What blocks share, line by line: `…` is a block's own. A machine's sign-in says its reason without that.
PERSON_SIGNS_IN = """
$asks = (Get-AzConfig -LoginExperienceV2).Value -eq "On"
if ($asks) { Update-AzConfig -LoginExperienceV2 Off -Scope Process | Out-Null }
try {
$you = (Connect-AzAccount … -Scope Process).Context
if (-not $you) { throw "Nobody is signed in." }
} catch {
throw $_.Exception.GetBaseException()
} finally {
if ($asks) { Clear-AzConfig -LoginExperienceV2 -Scope Process | Out-Null }
}
"""
APPLICATION_SIGNS_IN = """
try {
Connect-AzAccount -ServicePrincipal … -Scope Process | Out-Null
} catch {
throw $_.Exception.GetBaseException()
}
"""
MACHINE_SIGNS_IN = "\nConnect-AzAccount -Identity … -Scope Process | Out-Null\n"


@pytest.mark.parametrize("snippet", CONNECTING, ids=lambda f: f"{f.parent.name}/{f.name}")
def test_powershell_blocks_sign_in_alike(snippet: Path) -> None:
    """A person is asked for no subscription, who signed in and why it failed is told, and a device code is never hidden."""
    lines = "\n".join(line.strip() for line in snippet.read_text("utf-8").splitlines())
    own = re.sub(r"(?<=Connect-AzAccount )(-ServicePrincipal |-Identity )?.*(?=-Scope Process)", r"\1… ", lines)
    if "-ServicePrincipal" not in lines and "-Identity" not in lines:
        quiet = "" if "-UseDeviceAuthentication" in lines else " -InformationAction Ignore"
        shared = PERSON_SIGNS_IN.replace("-Scope Process).", f"-Scope Process{quiet}).")
        assert 'Write-Output "Signed in as $($you.Account.Id)"' in lines
    elif snippet.match("tag/create.ps1"):
        shared = PERSON_SIGNS_IN.replace("-Scope Process).", "-Scope Process -InformationAction Ignore).")
    else:
        shared = APPLICATION_SIGNS_IN if "-ServicePrincipal" in lines else MACHINE_SIGNS_IN
    assert shared in own, f"{snippet.name} does not sign in as the others do:{shared}"


# --- a script that somebody else wrote, run with the reader's sign-in ---

A_SCRIPT = """
token=$(az account get-access-token --query accessToken --output tsv)
call() {
  curl --silent --output body --write-out '%{http_code}' --request "$1" --header "Authorization: Bearer $token" --data '' \\
    "https://management.azure.com/providers/Microsoft.ManagementPartner/partners/7777777?api-version=2018-02-01"
}
[ "$(call PUT)" = 200 ] || call PATCH >/dev/null
"""


@pytest.mark.parametrize("linked", [True, False], ids=["moves", "sets"])
@pytest.mark.parametrize(
    "snippet", [f for f in sorted(SNIPPETS.glob("users/ensure.*")) if f.suffix in RUNNABLE], ids=lambda f: f.name
)
def test_a_strangers_script_takes_the_link_and_ensure_takes_it_back(
    linked: bool, snippet: Path, reader: Reader, world: World
) -> None:
    """Reported of public deployment scripts: they send their author's partner ID with the token of whoever runs them."""
    need(AZ), need("curl")
    world.partners[STRANGER] = "A company that the reader does not know"
    if linked:
        STARTS["Already linked"](world, ME)
    assert reader.command("az", "login", "--tenant", samples.CUSTOMER_TENANT, "--allow-no-subscriptions").code == 0
    script = reader.command("bash", "-c", A_SCRIPT)
    assert (script.code, script.output) == (0, ""), "it does not say a word"
    assert world.active_links() == {ME: STRANGER}
    result = reader.run(snippet)
    assert result.code == 0, result.output
    assert world.active_links() == {ME: samples.PARTNER_ID}


# --- tag/create.ps1, with functions in place of the cmdlets: what it does when going back to the person fails ---

IN_PLACE_OF_CMDLETS = """
$who = ""
function Disable-AzContextAutosave { param($Scope) }
function Get-AzConfig { [pscustomobject]@{ Value = "Off" } }
function Connect-AzAccount {
    param($Tenant, $Scope, [switch] $ServicePrincipal, $Credential)
    if (-not $ServicePrincipal -and $script:who -and $env:NOBODY) { throw "nobody at the browser" }
    $script:who = if ($ServicePrincipal) { "principal" } else { "person" }
    [pscustomobject]@{ Context = $script:who }
}
function Set-AzContext { param($Context) if ($env:NO_WAY_BACK) { throw "no way back" } $script:who = $Context }
function Get-AzADApplication { param($DisplayName, $ErrorAction) [pscustomobject]@{ AppId = "app" } }
function Get-AzADServicePrincipal { param($ApplicationId, $ErrorAction) [pscustomobject]@{ Id = "principal" } }
function New-AzADAppCredential { param($ApplicationId, $EndDate, $ErrorAction) [pscustomobject]@{ SecretText = "s"; KeyId = "key" } }
function Remove-AzADAppCredential {
    param($ApplicationId, $KeyId, $ErrorAction)
    if ($script:who -ne "person") { throw "the principal may not" }
    Write-Host "deleted $KeyId"
}
function Get-AzManagementPartner {
    [CmdletBinding()] param()
    if ($env:NO_LINK) { throw "no link today" }
    [pscustomobject]@{ PartnerId = "1234567" }
}
"""


@pytest.mark.parametrize(
    ("trouble", "deleted", "said"),
    [
        ((), True, "No credential of this run is left."),
        (("NO_WAY_BACK",), True, "No credential of this run is left."),
        (("NO_LINK",), True, "no link today"),
        (("NO_LINK", "NO_WAY_BACK"), True, "no link today"),
        (("NO_WAY_BACK", "NOBODY"), False, "It expires within the hour; delete it now at application app."),
    ],
    ids=lambda v: "-".join(v) if isinstance(v, tuple) else None,
)
def test_powershell_deletes_its_secret_even_when_going_back_fails(
    trouble: tuple[str, ...], deleted: bool, said: str, tmp_path: Path
) -> None:
    if not (pwsh := find("pwsh")):
        missing(lacking("pwsh"))
    block = re.sub(r"^#Requires.*\n", "", (SNIPPETS / "tag/create.ps1").read_text("utf-8"))
    file = tmp_path / "create.ps1"
    file.write_text(IN_PLACE_OF_CMDLETS + block, encoding="utf-8")
    quiet = {"POWERSHELL_TELEMETRY_OPTOUT": "1", "POWERSHELL_UPDATECHECK": "Off", "DOTNET_EnableDiagnostics": "0"}
    env = {"HOME": str(tmp_path), "PATH": "/usr/bin:/bin", **quiet, **dict.fromkeys(trouble, "1")}
    ran = subprocess.run([pwsh, "-NoProfile", "-File", file], env=env, capture_output=True, text=True)
    assert ("deleted key" in ran.stdout) == deleted, ran.stdout + ran.stderr
    assert said in ran.stdout + ran.stderr
    assert (ran.returncode == 0) == (not {"NO_LINK", "NOBODY"} & set(trouble))
