#Requires -Modules Az.ManagedServices
& {
    $ErrorActionPreference = "Stop"
    $provider = "22222222-2222-2222-2222-222222222222"
    $scope = "/subscriptions/33333333-3333-3333-3333-333333333333"
    # The sign-in stays in this PowerShell and is not written to your profile.
    Disable-AzContextAutosave -Scope Process | Out-Null
    Connect-AzAccount -Tenant "11111111-1111-1111-1111-111111111111" -Scope Process | Out-Null
    $offers = @(Get-AzManagedServicesDefinition -Scope $scope -ErrorAction Stop | Where-Object ManagedByTenantId -eq $provider)
    if (-not $offers) { throw "No offer of $provider here." }
    foreach ($delegation in Get-AzManagedServicesAssignment -Scope $scope -ErrorAction Stop | Where-Object RegistrationDefinitionId -in $offers.Id) {
        $delegation | Remove-AzManagedServicesAssignment -ErrorAction Stop
        Write-Output "Removed $($delegation.Id)"
    }
    foreach ($offer in $offers) {
        $offer | Remove-AzManagedServicesDefinition -ErrorAction Stop
        Write-Output "Removed $($offer.Id)"
    }
}
