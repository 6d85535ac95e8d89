#Requires -Modules Az.ManagedServices
& {
    $ErrorActionPreference = "Stop"
    $scope = "/subscriptions/33333333-3333-3333-3333-333333333333"
    # The sign-in stays in this PowerShell and is not written to your profile; no subscription is asked for.
    Disable-AzContextAutosave -Scope Process | Out-Null
    $asks = (Get-AzConfig -LoginExperienceV2).Value -eq "On"
    if ($asks) { Update-AzConfig -LoginExperienceV2 Off -Scope Process | Out-Null }
    try {
        $you = (Connect-AzAccount -Tenant "11111111-1111-1111-1111-111111111111" -Scope Process -InformationAction Ignore).Context
        if (-not $you) { throw "Nobody is signed in." }
    } catch {
        throw $_.Exception.GetBaseException()
    } finally {
        if ($asks) { Clear-AzConfig -LoginExperienceV2 -Scope Process | Out-Null }
    }
    Write-Output "Signed in as $($you.Account.Id)"
    foreach ($offer in Get-AzManagedServicesDefinition -Scope $scope -ErrorAction Stop) {
        $offer | Format-List -Property RegistrationDefinitionName, ManagedByTenantId
        $offer.Authorization | Format-Table -Property PrincipalIdDisplayName, PrincipalId, RoleDefinitionId
    }
    Get-AzManagedServicesAssignment -Scope $scope -ErrorAction Stop | Format-List -Property Id
}
