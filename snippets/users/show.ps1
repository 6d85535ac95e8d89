#Requires -Modules Az.ManagementPartner
& {
    $ErrorActionPreference = "Stop"
    Connect-AzAccount -Tenant "11111111-1111-1111-1111-111111111111" | Out-Null
    Get-AzManagementPartner
}
