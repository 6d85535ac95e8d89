#Requires -Modules Az.ManagementPartner
& {
    $ErrorActionPreference = "Stop"
    # The sign-in stays in this PowerShell and is not written to your profile.
    Disable-AzContextAutosave -Scope Process | Out-Null
    Connect-AzAccount -Tenant "11111111-1111-1111-1111-111111111111" -UseDeviceAuthentication -Scope Process | Out-Null
    New-AzManagementPartner -PartnerId "1234567" | Out-Null
    Get-AzManagementPartner
}
