#Requires -Modules Az.ManagedServices
& {
    $ErrorActionPreference = "Stop"
    $homeTenant = "22222222-2222-2222-2222-222222222222"
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
    foreach ($subscription in Get-AzSubscription -TenantId $homeTenant | Where-Object HomeTenantId -ne $homeTenant) {
        Write-Output "$($subscription.Name) $($subscription.Id) customer's tenant: $($subscription.HomeTenantId)"
        $scope = "/subscriptions/$($subscription.Id)"
        $offers = Get-AzManagedServicesDefinition -Scope $scope -ErrorAction Stop | Where-Object ManagedByTenantId -eq $homeTenant
        $offers | Format-List -Property RegistrationDefinitionName
        Get-AzManagedServicesAssignment -Scope $scope -ErrorAction Stop | Format-List -Property Id
    }
}
