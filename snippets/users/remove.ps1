#Requires -Modules Az.ManagementPartner
& {
    $ErrorActionPreference = "Stop"
    # The sign-in stays in this PowerShell and is not written to your profile.
    Disable-AzContextAutosave -Scope Process | Out-Null
    Connect-AzAccount -Tenant "11111111-1111-1111-1111-111111111111" -Scope Process | Out-Null
    Get-AzManagementPartner -PartnerId "1234567"
    Remove-AzManagementPartner -PartnerId "1234567"
    Write-Output "Removed."
}
