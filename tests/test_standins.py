"""The stand-ins of the Az modules refuse what the published reference does not know: PowerShell's own binder does it."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

import programs
import pytest
from conftest import missing
from emulator.harness import POWERSHELL, az_modules
from powershell import standins

APP = "-ApplicationId '44444444-4444-4444-4444-444444444444'"
TENANT = "-Tenant '11111111-1111-1111-1111-111111111111'"
# A wrong use -> how PowerShell's error is called (FullyQualifiedErrorId up to the comma).
WRONG = {
    "New-AzManagementPartner -ParnterId 1": "NamedParameterNotFound",
    "Get-AzManagementPartner -WhatIf": "NamedParameterNotFound",
    "Disconnect-AzAccount -Force": "NamedParameterNotFound",
    "New-AzManagementPartner 1 2": "PositionalParameterNotFound",
    "New-AzManagementPartner 1 -PartnerId 2": "PositionalParameterNotFound",
    "Connect-AzAccount -Identity $true": "PositionalParameterNotFound",
    "New-AzManagementPartner -PartnerId 1 -PartnerId 2": "ParameterAlreadyBound",
    "New-AzManagementPartner": "MissingMandatoryParameter",
    "New-AzManagementPartner -PartnerId": "MissingArgument",
    "'1' | New-AzManagementPartner": "MissingMandatoryParameter",
    "'1' | Get-AzManagementPartner": "InputObjectNotBound",
    f"Connect-AzAccount -ServicePrincipal {APP} {TENANT}": "AmbiguousParameterSet",
    f"Connect-AzAccount -Identity {TENANT} -FederatedToken 1": "AmbiguousParameterSet",
    f"Connect-AzAccount -ServicePrincipal {TENANT} -Credential 1": "ParameterArgumentTransformationError",
    f"Connect-AzAccount -ServicePrincipal {APP} {TENANT} -CertificatePath 1 -CertificatePassword 1": (
        "ParameterArgumentTransformationError"
    ),
    "Connect-AzAccount -MaxContextPopulation many": "ParameterArgumentTransformationError",
    "Connect-AzAccount -Identity:'yes'": "ParameterArgumentTransformationError",
    "Connect-AzAccount -Scope Machine": "ParameterArgumentValidationError",
    "Update-AzConfig -LoginExperienceV2 No": "ParameterArgumentValidationError",
    "Invoke-AzRestMethod -Path / -Method FETCH": "ParameterArgumentValidationError",
    "Set-AzContext -Context 'mine'": "MismatchedPSTypeName",
    "New-AzADAppCredential -ApplicationId mine": "ParameterArgumentTransformationError",
    "New-AzADAppCredential -ApplicationId (New-Guid) -EndDate soon": "ParameterArgumentTransformationError",
    "Get-AzSubscription -SubscriptionId 1 -SubscriptionName a": "AmbiguousParameterSet",
    "New-AzRoleAssignment -ObjectId 1 -SignInName me -Scope /": "AmbiguousParameterSet",
    "Get-AzADApplication -ErrorAction Halt": "CannotConvertArgumentNoMessage",
    "Get-AzManagmentPartner": "CommandNotFoundException",
}
EACH = """$ErrorActionPreference = "Stop"
foreach ($line in [Console]::In.ReadToEnd() | ConvertFrom-Json) {
    try { & ([scriptblock]::Create($line)); 'bound' } catch { "$($_.FullyQualifiedErrorId)".Split(',')[0] }
}"""


@pytest.fixture(scope="module", name="answers")
def _answers(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """What PowerShell says of each wrong use, from one start."""
    if not (pwsh := programs.find("pwsh")):
        missing(programs.lacking("pwsh"))
    env = os.environ | POWERSHELL | {"PSModulePath": str(az_modules()), "HOME": str(tmp_path_factory.mktemp("home"))}
    done = subprocess.run(
        [pwsh, "-NoProfile", "-NonInteractive", "-Command", EACH],
        input=json.dumps(list(WRONG)),
        env=env,
        capture_output=True,
        text=True,
        timeout=120,
        check=True,
    )
    return dict(zip(WRONG, done.stdout.split(), strict=True))


@pytest.mark.parametrize("use", WRONG)
def test_a_wrong_use_is_refused_by_the_binder(use: str, answers: dict[str, str]) -> None:
    assert answers[use] == WRONG[use]


def test_a_real_module_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "real/Az.Accounts/9.9.9").mkdir(parents=True)
    (tmp_path / "real/Az.Accounts/9.9.9/Az.Accounts.psd1").touch()
    standins.write(tmp_path / "made", [tmp_path / "real"])
    assert "Az.Accounts" not in {folder.name for folder in (tmp_path / "made").iterdir()}
    assert (tmp_path / "made/Az.ManagementPartner/Az.ManagementPartner.psd1").is_file()


def test_a_module_folder_without_manifest_is_refused_in_one_line(tmp_path: Path) -> None:
    (tmp_path / "real/Az.Accounts").mkdir(parents=True)
    with pytest.raises(standins.Refused, match=r"Az\.Accounts has no Az\.Accounts\.psd1 → install the module again"):
        standins.write(tmp_path / "made", [tmp_path / "real"])


def test_a_body_that_the_reference_lacks_is_refused_in_one_line(tmp_path: Path, monkeypatch) -> None:
    (tmp_path / "Az.ManagementPartner.psm1").write_text("function Get-AzPartner {\n    1\n}\n")
    monkeypatch.setattr(standins, "BODIES", tmp_path)
    with pytest.raises(standins.Refused, match="the reference has no Get-AzPartner → add it"):
        standins.write(tmp_path / "made", [])
