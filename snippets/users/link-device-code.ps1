#Requires -Modules Az.ManagementPartner
& {
    $ErrorActionPreference = "Stop"
    Connect-AzAccount -Tenant "11111111-1111-1111-1111-111111111111" -UseDeviceAuthentication | Out-Null
    New-AzManagementPartner -PartnerId "1234567" | Out-Null
    Get-AzManagementPartner
}
