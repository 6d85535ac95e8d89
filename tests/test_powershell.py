"""PowerShell lets what it would run pass, and its refusals say what to write; so do the rules that are ours."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from conftest import file_name
from pages import DOCS
from powershell import Judge
from scenarios import SNIPPETS

REFERENCE = Path(__file__).parent / "data" / "powershell-reference.json"
IDENTITY = '-AccountId "88888888-8888-8888-8888-888888888888"'
TENANT = '-Tenant "11111111-1111-1111-1111-111111111111"'
APP = '-ApplicationId "44444444-4444-4444-4444-444444444444"'

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

GOOD = SIGN_INS | {
    "positional": 'New-AzManagementPartner "1234567"',
    "positional after a switch": "Get-Content -Raw $env:AZURE_FEDERATED_TOKEN_FILE",
    "pipeline input": "Get-AzSubscription | ForEach-Object { Set-AzContext -Subscription $_.Id }",
    "pipeline by value": "$all | Sort-Object Name | Select-Object Name, Id -First 3 | Format-List",
    "case does not matter": "get-azmanagementpartner -partnerid $id -erroraction stop",
    "switch with a colon": "Remove-AzManagementPartner $id -Confirm:$false -PassThru:$yes",
    "value with a colon": 'Disconnect-AzAccount -Scope:Process -Username:"me"',
    "common and WhatIf": "New-AzManagementPartner $id -WhatIf -Verbose -WarningVariable warnings",
    "own function": "function Show-Link {\n    Get-AzManagementPartner\n}\nShow-Link",
    "native": "az account show --output json | ConvertFrom-Json",
    "in strings and brackets": '"$((Get-AzContext).Tenant.Id)" -eq (Get-AzTenant)[0].Id',
    "method call as a value": "Get-Date -Date (Get-Date).AddDays(1) -Format o",
    "value decided at run time": "Connect-AzAccount -Scope Pro$rest",
    "redirection": "Get-AzManagementPartner 2>&1 | Out-Null",
    "documented long alias": "New-AzSubscriptionDeployment -Location uksouth -TemplateFile a.json",
    "splat": "$p = @{ PartnerId = '1234567'; WhatIf = $true }\nNew-AzManagementPartner @p",
    "nested splat": "$p = @{ Uri = $u; Headers = @{ Metadata = 1 } }\nInvoke-RestMethod @p",
    "splat, used later": "$p = @{ PartnerId = 1 }\nNew-AzManagementPartner @p\n$p.Clear()",
    "splat and more": f'$who = @{{\n    "Scope" = "Process"\n}}\n{SIGN_INS["user"]} @who',
}

# A wrong use -> what is found, and what to write. The words before the arrow are PowerShell's, but for the names that it takes.
WRONG = {
    "typo in a cmdlet": ("New-AzManagmentPartner 1", "command New-AzManagmentPartner → New-AzManagementPartner"),
    "no such cmdlet": ("Invoke-Frobnication", "unknown command Invoke-Frobnication → Invoke-"),
    "program not allowed": ("curlie https://example.org", "unknown command curlie"),
    "typo in a parameter": ("New-AzManagementPartner -ParnterId 1", "parameter name 'ParnterId'. → -PartnerId"),
    "no such parameter": ("New-AzManagementPartner -Zone 1", "parameter name 'Zone'. → one of: Confirm"),
    "alias of a parameter": ("Connect-AzAccount -TenantId $t", "-TenantId → -Tenant (full names only)"),
    "common alias": ("Get-AzContext -ea Stop", "-ea → -ErrorAction (full names only)"),
    "prefix": ("New-AzManagementPartner -Partner $id", "-Partner → -PartnerId (full names only)"),
    "parameter of another set": (f"Connect-AzAccount -Identity {TENANT} -FederatedToken $t", "→ leave one out"),
    "missing mandatory": ("New-AzManagementPartner", "mandatory parameters: PartnerId. → give what is mandatory"),
    "missing in the nearest sets": (f"Connect-AzAccount -ServicePrincipal {APP} {TENANT}", "insufficient number of"),
    "a value of a set": ("Connect-AzAccount -Scope Machine", '"Machine" does not belong to the set'),
    "a value of a set, quoted": ('Invoke-RestMethod $u -Method "Fetch"', "Fetch"),
    "a value of a set, positional": ("Get-AzTenant | Out-File a b", "'Encoding'. Cannot convert the \"b\" value"),
    "preference": ("Get-AzContext -ErrorAction Halt", "Unable to match the identifier name Halt"),
    "wrong type": ("Get-AzTenant | Select-Object -First one", "Cannot convert value"),
    "wrong type, date": ("New-AzADAppCredential -ApplicationId $id -EndDate soon", "System.DateTime"),
    "wrong type, credential": (f"Connect-AzAccount -ServicePrincipal -Credential 1 {TENANT}", "'Credential'"),
    "not an object of that type": ("Set-AzContext -Context 'mine'", "Context"),
    "given twice": ("New-AzManagementPartner -PartnerId 1 -partnerid 2", "specified more than once"),
    "switch with text": ('Connect-AzAccount -Identity:"yes"', "SwitchParameter"),
    "switch with $true": ("Connect-AzAccount -Identity $true", "a switch takes no value"),
    "value missing": (f"Connect-AzAccount -AccountId {TENANT}", "'AccountId'. Specify a parameter of type"),
    "value missing at the end": ("Get-AzManagementPartner -PartnerId", "→ put its value after it"),
    "one position too many": ("New-AzManagementPartner 1 2", "accepts argument '2'. → leave it out, or name"),
    "position and name": ("New-AzManagementPartner 1 -PartnerId 2", "accepts argument '1'. → leave it out"),
    "no ShouldProcess": ("Get-AzManagementPartner -WhatIf", "parameter name 'WhatIf'. → one of"),
    "piped into nothing": ("$id | Get-AzManagementPartner", "→ pass it by a parameter"),
    "mandatory not fed": ("$subscription | Connect-AzAccount -AccessToken $t", "AccountId. → give what is mandatory"),
    "typo in a splat": ("$p = @{\n    Tenat = 1\n}\nConnect-AzAccount @p", "parameter name 'Tenat'. → -Tenant"),
    "switch with text in a splat": ('$p = @{ Identity = "yes" }\nConnect-AzAccount @p', "SwitchParameter"),
    "splat gives twice": ("$p = @{ PartnerId = 1 }\nNew-AzManagementPartner @p -PartnerId 2", "more than once"),
    "unknown splat": ("New-AzManagementPartner @p", "@p cannot be checked → assign it once before"),
    "built-up splat": ("$p = @{}\n$p.PartnerId = 1\nNew-AzManagementPartner @p", ":3: @p cannot be checked"),
    "added-up splat": ("$p += @{ PartnerId = 1 }\nNew-AzManagementPartner @p", "@p cannot be checked"),
    "alias": ("Get-AzTenant | select Id", "alias select → Select-Object"),
    "alias %": ("Get-AzTenant | % { $_.Id }", "alias % → ForEach-Object"),
    "alias ?": ("Get-AzTenant | ? Id", "alias ? → Where-Object"),
    "variable command": ("& $tool login", "$tool cannot be checked → call a command by its name"),
    "script file": (". ./helpers.ps1", "unknown command ./helpers.ps1"),
    "inside a string": ('"$(Get-AzContxt)"', "unknown command Get-AzContxt → Get-AzContext"),
    "inside a block": ("$x | ForEach-Object { Get-AzTenant -Nmae 1 }", "parameter name 'Nmae'. → one of"),
    "unclosed brace": ('& {\n    Get-AzContext\n    throw "x"\n', ":1: Missing closing '}'"),
    "unclosed string": ('New-AzManagementPartner "1234567', 'missing the terminator: ". → repair the syntax'),
    "closed twice": ("Get-AzContext }", "Unexpected token '}'"),
    "angle brackets": ("New-AzManagementPartner <id>", "'<' operator is reserved"),
}

UNSAFE = {
    "bare exit": ("exit 1", "`exit` ends the reader's shell"),
    "exit in a block": ("& {\n    if ($x) { exit }\n}", ":2: `exit` ends"),
    "preference": ('$ErrorActionPreference = "Stop"', "set it inside `& { … }`"),
    "preference in an if": ('if ($x) { $ProgressPreference = "Stop" }', "$ProgressPreference"),
    "preference, dot-sourced": ('. { $ErrorActionPreference = "Stop" }', "changes the reader's"),
    "preference, global": ('& { $global:VerbosePreference = "x" }', "$global:VerbosePreference"),
    "sign-in apart": (
        f"{SIGN_INS['user']}\nNew-AzManagementPartner $id",
        ":1: Connect-AzAccount apart from what follows → all in one `& { … }`",
    ),
    "sign-in apart from .NET": (f"{SIGN_INS['user']}\n[Link]::Create()", "apart from what follows"),
    "context apart": ("Set-AzContext $s\nGet-AzRoleAssignment", "Set-AzContext apart from"),
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
    "placeholder": ('New-AzManagementPartner "<your partner ID>"', "<your partner ID> is left to"),
}

SAFE = {
    "stopped": "Get-AzADApplication -DisplayName $name -ErrorAction Stop",
    "sign-in only": SIGN_INS["user"],
    "Stop on the sign-in": "& { Connect-AzAccount -ErrorAction Stop; New-AzManagementPartner $id }",
    "az login checked": '& {\n    az login\n    if ($LASTEXITCODE) { throw "no" }\n    az rest\n}',
    "thrown on": "& { try { Connect-AzAccount -ErrorAction Stop } catch { throw }; az rest }",
    "nothing after": "& { try { Connect-AzAccount -ErrorAction Stop; az rest } catch { 1 } }",
    "function after it": f"{SIGN_INS['user']}\nfunction Show-It {{ Get-AzTenant }}",
    "values first": f'$id = "1234567"\n{SIGN_INS["user"]} | Out-Null',
    "escaped line end in a text": '"a`\nb" # no continuation `',
    "comparison": "if ($a -lt $b) { $c = @'\n1 `\n'@ }",
}

# What Windows PowerShell 5.1 lacks (about_Windows_PowerShell_5.1, What's New in PowerShell 7.x, reference/5.1).
NEWER = {
    "ternary": ("$a ? 1 : 2", "a ? b : c is not in Windows PowerShell 5.1"),
    "null coalescing": ("$a ?? 1", "?? is not in"),
    "null coalescing assignment": ("$a ??= 1", "??= is not in"),
    "null-conditional member": ("${a}?.Length", "?. is not in"),
    "null-conditional index": ("${a}?[0]", "?[] is not in"),
    "chain": ("Get-Date && Get-Date", "&& and || is not in"),
    "background": ("Get-Date &", "in the background is not in"),
    "clean": ("function Show-It { process { } clean { } }", "clean { } is not in"),
    "escape": ('"`e[0m"', "is not in"),
    "code point": ('"`u{2713}"', "is not in"),
    "binary number": ("$a = 0b1010", "0b1010 is not in"),
    "number with a new suffix": ("$a = 1u", "1u is not in"),
    "in parallel": ("1..3 | ForEach-Object -Parallel { $_ }", "ForEach-Object -Parallel is not known to be in"),
    "hashtable out of JSON": ("$a | ConvertFrom-Json -AsHashtable", "ConvertFrom-Json -AsHashtable is not known"),
    "masked input": ("Read-Host -MaskInput", "Read-Host -MaskInput is not known to be in"),
    "no error check": (
        "Invoke-RestMethod $u -SkipHttpErrorCheck",
        "Invoke-RestMethod -SkipHttpErrorCheck is not known",
    ),
    "new common parameter": ("Get-Date -ProgressAction Ignore", "Get-Date -ProgressAction is not known"),
}


@pytest.mark.parametrize("text", GOOD.values(), ids=GOOD)
def test_what_powershell_would_run_passes(text: str, judge: Judge) -> None:
    assert judge(text).wrong == []


@pytest.mark.parametrize(("text", "message"), WRONG.values(), ids=WRONG)
def test_what_it_would_refuse_is_taught(text: str, message: str, judge: Judge) -> None:
    (found,) = judge(text).wrong
    assert message in found


@pytest.mark.parametrize("text", SAFE.values(), ids=SAFE)
def test_safe_to_paste(text: str, judge: Judge) -> None:
    assert judge(text).unsafe == []


@pytest.mark.parametrize(("text", "message"), UNSAFE.values(), ids=UNSAFE)
def test_unsafe_to_paste_is_taught(text: str, message: str, judge: Judge) -> None:
    (found,) = judge(text).unsafe
    assert message in found


@pytest.mark.parametrize(("text", "message"), NEWER.values(), ids=NEWER)
def test_what_windows_powershell_lacks_is_taught(text: str, message: str, judge: Judge) -> None:
    (found,) = judge(text).newer
    assert message in found


@pytest.mark.parametrize("snippet", sorted(SNIPPETS.rglob("*.ps1")), ids=file_name)
def test_block_is_for_windows_powershell_too_unless_its_page_says_so(snippet: Path, judge: Judge) -> None:
    """The language and the cmdlets; nothing here was run by Windows PowerShell."""
    shown = f'--8<-- "{snippet.relative_to(SNIPPETS).as_posix()}"'
    pages = [text for page in DOCS.rglob("*.md") if shown in (text := page.read_text("utf-8"))]
    if newer := judge(snippet.read_text("utf-8"), file_name(snippet)).newer:
        said = [re.search(r"PowerShell line needs PowerShell 7", page) for page in pages]
        assert pages and all(said), "\n".join(newer)


def test_messages_name_file_and_line(judge: Judge) -> None:
    found = judge("Get-AzTenant |\n    Out-Nul\nNew-AzManagementPartner -PartnerIdd 1", "snippets/users/link.ps1").wrong
    assert found == [
        "snippets/users/link.ps1:2: unknown command Out-Nul → Out-Null",
        "snippets/users/link.ps1:3: New-AzManagementPartner: A parameter cannot be found that matches parameter name 'PartnerIdd'."
        " → -PartnerId",
    ]


def test_a_text_may_call_the_programs_that_are_named(judge: Judge) -> None:
    assert judge("curl x", native=frozenset({"curl"})).wrong == []
    assert judge("az x", "pal.yml", frozenset()).wrong[0].startswith("pal.yml:1: unknown command az")


def test_the_reference_is_small_and_names_its_sources() -> None:
    table = json.loads(REFERENCE.read_text("utf-8"))
    assert REFERENCE.stat().st_size < 120_000
    assert {"what", "source", "derived", "sets"} <= table["about"].keys()
    for name, entry in table["cmdlets"].items():
        told = entry.get("alias_of") in table["cmdlets"] or {"module", "version"} <= entry.keys()
        assert told, name
        assert entry.keys() & {"alias_of", "seen"} or entry["source"].endswith(f"/{name}.md")
