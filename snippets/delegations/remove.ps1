#Requires -Modules Az.ManagedServices
& {
    $ErrorActionPreference = "Stop"
    $homeTenant = "22222222-2222-2222-2222-222222222222"
    $scope = "/subscriptions/33333333-3333-3333-3333-333333333333"
    # The sign-in stays in this PowerShell and is not written to your profile.
    Disable-AzContextAutosave -Scope Process | Out-Null
    Connect-AzAccount -Tenant $homeTenant -Scope Process | Out-Null
    $offers = @(Get-AzManagedServicesDefinition -Scope $scope -ErrorAction Stop | Where-Object ManagedByTenantId -eq $homeTenant)
    $delegations = @(Get-AzManagedServicesAssignment -Scope $scope -ErrorAction Stop | Where-Object RegistrationDefinitionId -in $offers.Id)
    if (-not $delegations) { throw "Nothing here is delegated to $homeTenant." }
    foreach ($delegation in $delegations) {
        $delegation | Remove-AzManagedServicesAssignment -ErrorAction Stop
        Write-Output "Removed $($delegation.Id)"
    }
}
