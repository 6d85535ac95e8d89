"""The PowerShell checker lets what PowerShell would run pass, and teaches about the rest."""

import json
from pathlib import Path

import pytest
from powershell import check, paste_safe

REFERENCE = Path(__file__).parent / "data" / "powershell-reference.json"
IDENTITY = '-AccountId "88888888-8888-8888-8888-888888888888"'
TENANT = '-Tenant "11111111-1111-1111-1111-111111111111"'
APP = '-ApplicationId "44444444-4444-4444-4444-444444444444"'

ENSURE = """#Requires -Modules Az.ManagementPartner
$partnerId = "1234567"
& {
    $ErrorActionPreference = "Stop"
    Connect-AzAccount -Tenant "11111111-1111-1111-1111-111111111111" | Out-Null
    $link = Get-AzManagementPartner -ErrorAction SilentlyContinue -ErrorVariable failure
    if ($failure -and "$failure" -notmatch "not linked") { throw $failure[0] }
    if (-not $link) { New-AzManagementPartner -PartnerId $partnerId }
    elseif ($link.PartnerId -ne $partnerId) { Update-AzManagementPartner -PartnerId $partnerId }
}
"""

SIGN_INS = {  # every form of Connect-AzAccount that the pages may show
    "user": f"Connect-AzAccount {TENANT}",
    "device": f"Connect-AzAccount {TENANT} -UseDeviceAuthentication",
    "secret": f"Connect-AzAccount -ServicePrincipal -Credential $credential {TENANT}",
    "thumbprint": f"Connect-AzAccount -ServicePrincipal {APP} {TENANT} -CertificateThumbprint $hex",
    "file": f'Connect-AzAccount -ServicePrincipal {APP} {TENANT} -CertificatePath "pal.pfx"'
    " -CertificatePassword (Read-Host -AsSecureString)",
    "federated": f"Connect-AzAccount -ServicePrincipal {APP} {TENANT} -FederatedToken $token",
    "system identity": "Connect-AzAccount -Identity",
    "user identity": f"Connect-AzAccount -Identity {IDENTITY}",
    "access token": f"Connect-AzAccount -AccessToken $token -AccountId $id {TENANT}",
}

GOOD = {
    "ensure": ENSURE,
    "positional": 'New-AzManagementPartner "1234567"',
    "positional after a switch": "Get-Content -Raw $env:AZURE_FEDERATED_TOKEN_FILE",
    "first position first": "Get-AzTenant | Out-File tenants.txt ascii",
    "positions count in their order": 'Where-Object State -eq "Enabled" -InputObject $all',
    "optional left out": "Get-AzManagementPartner",
    "pipeline input": "Get-AzSubscription | ForEach-Object { Set-AzContext -Subscription $_.Id }",
    "pipeline by value": "$all | Sort-Object Name | Select-Object Name, Id -First 3 | Format-List",
    "mandatory fed by the pipeline": '"Microsoft.ManagedServices" | Register-AzResourceProvider',
    "case does not matter": "get-azmanagementpartner -partnerid $id -erroraction stop",
    "switch with a colon": "Remove-AzManagementPartner $id -Confirm:$false -PassThru:$yes",
    "value with a colon": 'Disconnect-AzAccount -Scope:Process -Username:"me"',
    "common and WhatIf": "New-AzManagementPartner $id -WhatIf -Verbose -WarningVariable warnings",
    "own function": "function Show-Link {\n    Get-AzManagementPartner\n}\nShow-Link",
    "native": "az account show --output json | ConvertFrom-Json",
    "in strings and brackets": '"$((Get-AzContext).Tenant.Id)" -eq (Get-AzTenant)[0].Id',
    "method call as a value": "Get-Date -Date (Get-Date).AddDays(1) -Format o",
    "range": "1..3 | ForEach-Object { Start-Sleep -Seconds $_ }",
    "value decided at run time": "Connect-AzAccount -Scope Pro$rest",
    "redirection": "Get-AzManagementPartner 2>&1 | Out-Null",
    "documented long alias": "New-AzSubscriptionDeployment -Location uksouth -TemplateFile a.json",
    "after && and ||": 'az login && Get-AzContext || throw "no"',
    "splat": "$p = @{ PartnerId = '1234567'; WhatIf = $true }\nNew-AzManagementPartner @p",
    "nested splat": "$p = @{ Uri = $u; Headers = @{ Metadata = 1 } }\nInvoke-RestMethod @p",
    "splat, used later": "$p = @{ PartnerId = 1 }\nNew-AzManagementPartner @p\n$p.Clear()",
    "splat and more": f'$who = @{{\n    "Credential" = $c\n}}\n{SIGN_INS["user"]} @who',
}

BAD = {
    "typo in a cmdlet": ("New-AzManagmentPartner 1", "command New-AzManagmentPartner → New-AzM"),
    "no such cmdlet": ("Invoke-Frobnication", "→ a known command, or add it to the reference"),
    "program not allowed": ("curlie https://example.org", "unknown command curlie"),
    "typo in a parameter": ("New-AzManagementPartner -ParnterId 1", "-ParnterId → -PartnerId"),
    "no such parameter": ("New-AzManagementPartner -Zone 1", "has no -Zone → -PartnerId -Default"),
    "alias of a parameter": ("Connect-AzAccount -TenantId $t", "-TenantId → -Tenant (full names"),
    "common alias": ("Get-AzContext -ea Stop", "has no -ea → -ErrorAction (full names only)"),
    "prefix": ("New-AzManagementPartner -Partner $id", "-Partner → -PartnerId (full names only)"),
    "parameter of another set": (
        f"Connect-AzAccount -Identity {TENANT} -FederatedToken $t",
        "no parameter set has -Identity -Tenant -FederatedToken together",
    ),
    "missing mandatory": ("New-AzManagementPartner", "lacks what is mandatory → -PartnerId"),
    "missing in the nearest sets": (
        f"Connect-AzAccount -ServicePrincipal {APP} {TENANT}",
        "→ -CertificateThumbprint, or -FederatedToken, or -CertificatePath",
    ),
    "ValidateSet": ("Connect-AzAccount -Scope Machine", "Machine is not accepted → one of: Pr"),
    "ValidateSet, quoted": ('Invoke-RestMethod $u -Method "Fetch"', "-Method Fetch is not"),
    "ValidateSet, positional": ("Get-AzTenant | Out-File a b", "-Encoding b is not accepted"),
    "ErrorAction": ("Get-AzContext -ErrorAction Silent", "-ErrorAction Silent is not accepted"),
    "unclosed brace": ('& {\n    Get-AzContext\n    throw "x"\n', ":1: `{` is never closed"),
    "unclosed string": ('New-AzManagementPartner "1234567', "cannot be parsed"),
    "closed twice": ("Get-AzContext }", "cannot be parsed → repair the syntax"),
    "angle brackets": ("New-AzManagementPartner <id>", "PowerShell reserves `<` → a quoted value"),
    "alias": ("Get-AzTenant | select Id", "alias select → Select-Object"),
    "alias %": ("Get-AzTenant | % { $_.Id }", "alias % → ForEach-Object"),
    "alias ?": ("Get-AzTenant | ? Id", "alias ? → Where-Object"),
    "Windows PowerShell's curl": ("curl https://example.org", "alias curl → Invoke-WebRequest"),
    "given twice": ("New-AzManagementPartner -PartnerId 1 -partnerid 2", "given twice → give it"),
    "switch with text": ('Connect-AzAccount -Identity:"yes"', "a switch takes no value → -Ident"),
    "switch with $true": ("Connect-AzAccount -Identity $true", "the switch -Identity takes no val"),
    "value missing": (f"Connect-AzAccount -AccountId {TENANT}", "-AccountId has no value → put"),
    "value missing at the end": ("Get-AzManagementPartner -PartnerId", "-PartnerId has no value"),
    "one value too many": ("New-AzManagementPartner 1 2", "2: no parameter takes it → leave"),
    "no ShouldProcess": ("Get-AzManagementPartner -WhatIf", "has no -WhatIf → leave it out"),
    "piped into nothing": ("$id | New-AzManagementPartner", "takes nothing from this pipeline"),
    "mandatory not fed": (
        "$subscription | Connect-AzAccount -AccessToken $t",
        "lacks what is mandatory → -AccountId",
    ),
    "variable command": ("& $tool login", "`$tool` cannot be checked → call a command by its name"),
    "script file": (". ./helpers.ps1", "`./helpers.ps1` cannot be checked"),
    "unknown splat": ("New-AzManagementPartner @p", "@p cannot be checked → assign it once before"),
    "built-up splat": (
        "$p = @{}\n$p.PartnerId = 1\nNew-AzManagementPartner @p",
        ":3: @p cannot be checked",
    ),
    "added-up splat": ("$p += @{ PartnerId = 1 }\nNew-AzManagementPartner @p", "@p cannot be"),
    "typo in a splat": (
        "$p = @{\n    Tenat = 1\n}\nConnect-AzAccount @p",
        ":2: Connect-AzAccount has no -Tenat → -Tenant",
    ),
    "switch with text in a splat": (
        '$p = @{ Identity = "yes" }\nConnect-AzAccount @p',
        "-Identity yes: a switch takes no value",
    ),
    "splat gives twice": (
        "$p = @{ PartnerId = 1 }\nNew-AzManagementPartner @p -PartnerId 2",
        "-PartnerId is given twice",
    ),
    "inside a string": ('"$(Get-AzContxt)"', "unknown command Get-AzContxt → Get-AzContext"),
    "inside a block": ("$x | ForEach-Object { Get-AzTenant -Nmae 1 }", "has no -Nmae"),
}

UNSAFE = {
    "bare exit": ("exit 1", "`exit` ends the reader's shell"),
    "exit in a block": ("& {\n    if ($x) { exit }\n}", ":2: `exit` ends"),
    "exit after ||": ("az account show || exit 1", "`exit` ends"),
    "preference": ('$ErrorActionPreference = "Stop"', "set it inside `& { … }`"),
    "preference in an if": ('if ($x) { $ProgressPreference = "Stop" }', "$ProgressPreference"),
    "preference, dot-sourced": ('. { $ErrorActionPreference = "Stop" }', "changes the reader's"),
    "preference, global": ('& { $global:VerbosePreference = "x" }', "$global:VerbosePreference"),
    "sign-in apart": (
        f"{SIGN_INS['user']}\nNew-AzManagementPartner $id",
        ":1: Connect-AzAccount apart from what follows → all in one `& { … }`",
    ),
    "sign-in apart from .NET": (f"{SIGN_INS['user']}\n[Link]::Create()", "apart from what follows"),
    "context apart": ('Set-AzContext $s\nNew-AzRoleAssignment "x"', "Set-AzContext apart from"),
    "sign-in in an if": (
        "if (-not (Get-AzContext)) { Connect-AzAccount }\nNew-AzManagementPartner $id",
        "apart from what follows",
    ),
    "no Stop": (
        "& {\n    Connect-AzAccount\n    New-AzManagementPartner $id\n}",
        ":2: what follows acts even if Connect-AzAccount fails",
    ),
    "Stop too late": (
        '& {\n Connect-AzAccount\n $ErrorActionPreference = "Stop"\n New-AzManagementPartner 1\n}',
        "what follows acts even if",
    ),
    "Stop in another block": (
        '& { $ErrorActionPreference = "Stop" }\n& { Connect-AzAccount; New-AzManagementPartner 1 }',
        "what follows acts even if",
    ),
    "Stop overruled": (
        '& {\n$ErrorActionPreference = "Stop"\nConnect-AzAccount -ErrorAction Ignore\naz rest\n}',
        "fails → -ErrorAction Stop",
    ),
    "failure caught": (
        '& {\n$ErrorActionPreference = "Stop"\ntry { Connect-AzAccount } catch { 1 }\naz rest\n}',
        ":3: what follows acts even if Connect-AzAccount fails → throw in the catch block",
    ),
    "called with &": ('& {\n    & "az" login\n    az rest\n}', ":2: what follows acts even if az"),
    "az login unchecked": ("& {\n    az login\n    az rest\n}", "if ($LASTEXITCODE) { throw … }"),
    "preference not seen": (
        '& { $ErrorActionPreference = "Stop"; Remove-AzADApplication -ApplicationId $id }',
        "Remove-AzADApplication does not see a block's $ErrorActionPreference → -ErrorAction Stop",
    ),
    "profile ignored": (
        "Get-AzADApplication -ErrorAction Stop -DefaultProfile $you",
        "Get-AzADApplication ignores -DefaultProfile → Set-AzContext before it",
    ),
    "backtick": ("Connect-AzAccount `\n    -Identity", ":1: a backtick continues the line"),
    "backtick further down": ("\n\nGet-AzTenant `\n", ":3: a backtick"),
    "backtick and space": ("$x = 1 + ` \n  2", "a backtick continues the line"),
    "alias": ("Get-AzTenant | ? Id", "alias ? → Where-Object"),
    "placeholder": ('New-AzManagementPartner "<your partner ID>"', "<your partner ID> is left to"),
}

SAFE = {
    "stopped": "Get-AzADApplication -DisplayName $name -ErrorAction Stop",
    "ensure": ENSURE,
    "sign-in only": SIGN_INS["user"],
    "Stop on the sign-in": "& { Connect-AzAccount -ErrorAction Stop; New-AzManagementPartner $id }",
    "az login checked": '& {\n    az login\n    if ($LASTEXITCODE) { throw "no" }\n    az rest\n}',
    "thrown on": "& { try { Connect-AzAccount -ErrorAction Stop } catch { throw }; az rest }",
    "nothing after": "& { try { Connect-AzAccount -ErrorAction Stop; az rest } catch { 1 } }",
    "function after it": f"{SIGN_INS['user']}\nfunction Show-It {{ Get-AzTenant }}",
    "values first": f'$id = "1234567"\nImport-Module Az.Accounts\n{SIGN_INS["user"]} | Out-Null',
    "escaped line end in a text": '"a`\nb" # no continuation `',
    "comparison": "if ($a -lt $b) { $c = @'\n1 `\n'@ }",
}


@pytest.mark.parametrize("snippet", GOOD.values(), ids=GOOD)
def test_what_powershell_would_run_passes(snippet):
    assert check(snippet) == []


@pytest.mark.parametrize("form", SIGN_INS.values(), ids=SIGN_INS)
def test_every_sign_in_has_its_parameter_set(form):
    assert check(form) == []


@pytest.mark.parametrize(("snippet", "message"), BAD.values(), ids=BAD)
def test_what_it_would_refuse_is_taught(snippet, message):
    found = check(snippet)
    assert len(found) == 1
    assert message in found[0]


@pytest.mark.parametrize("snippet", SAFE.values(), ids=SAFE)
def test_safe_to_paste(snippet):
    assert paste_safe(snippet) == []


@pytest.mark.parametrize(("snippet", "message"), UNSAFE.values(), ids=UNSAFE)
def test_unsafe_to_paste_is_taught(snippet, message):
    found = paste_safe(snippet)
    assert len(found) == 1
    assert message in found[0]


def test_messages_name_file_and_line_and_say_what_to_write(tmp_path):
    file = tmp_path / "link.ps1"
    file.write_text(ENSURE.replace("-PartnerId", "-PartnerIdd").replace("Out-Null", "Out-Nul"))
    label, wrong = file.as_posix(), "has no -PartnerIdd → -PartnerId"
    assert check(file) == [
        f"{label}:5: unknown command Out-Nul → Out-Null",
        f"{label}:8: New-AzManagementPartner {wrong}",
        f"{label}:9: Update-AzManagementPartner {wrong}",
    ]


def test_the_nearest_parameter_set_is_proposed():
    message = "snippet:1: Connect-AzAccount lacks what is mandatory → -Credential"
    assert check(f"Connect-AzAccount -ServicePrincipal {TENANT}") == [message]


def test_a_text_takes_the_name_it_is_given_and_the_programs_it_may_call():
    assert check("curl x", frozenset({"curl"})) == []
    assert check("az x", frozenset(), "pal.yml")[0].startswith("pal.yml:1: unknown command az")


def test_the_reference_is_small_and_names_its_sources():
    table = json.loads(REFERENCE.read_text("utf-8"))
    assert REFERENCE.stat().st_size < 120_000
    assert {"what", "source", "derived", "sets"} <= table["about"].keys()
    for name, entry in table["cmdlets"].items():
        told = entry.get("alias_of") in table["cmdlets"] or {"module", "version"} <= entry.keys()
        assert told, name
        assert entry.keys() & {"alias_of", "seen"} or entry["source"].endswith(f"/{name}.md")
