#Requires -Modules Az.ManagedServices
& {
    $ErrorActionPreference = "Stop"
    $homeTenant = "22222222-2222-2222-2222-222222222222"
    $scope = "/subscriptions/33333333-3333-3333-3333-333333333333"
    # The sign-in stays in this PowerShell and is not written to your profile; no subscription is asked for.
    Disable-AzContextAutosave -Scope Process | Out-Null
    $asks = (Get-AzConfig -LoginExperienceV2).Value -eq "On"
    if ($asks) { Update-AzConfig -LoginExperienceV2 Off -Scope Process | Out-Null }
    try {
        $you = (Connect-AzAccount -Tenant $homeTenant -Scope Process -InformationAction Ignore).Context
        if (-not $you) { throw "Nobody is signed in." }
    } catch {
        throw $_.Exception.GetBaseException()
    } finally {
        if ($asks) { Clear-AzConfig -LoginExperienceV2 -Scope Process | Out-Null }
    }
    Write-Output "Signed in as $($you.Account.Id)"
    $offers = @(Get-AzManagedServicesDefinition -Scope $scope -ErrorAction Stop | Where-Object ManagedByTenantId -eq $homeTenant)
    $delegations = @(Get-AzManagedServicesAssignment -Scope $scope -ErrorAction Stop | Where-Object RegistrationDefinitionId -in $offers.Id)
    if (-not $delegations) { throw "Nothing here is delegated to $homeTenant." }
    foreach ($delegation in $delegations) {
        $delegation | Remove-AzManagedServicesAssignment -ErrorAction Stop
        Write-Output "Removed $($delegation.Id)"
    }
}
