#Requires -Modules Az.Resources
& {
    $ErrorActionPreference = "Stop"
    $name = "Partner Admin Link 1234567"
    $clientId = "44444444-4444-4444-4444-444444444444"
    $objectId = "55555555-5555-5555-5555-555555555555"
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
    $principal = Get-AzADServicePrincipal -ApplicationId $clientId -ErrorAction Stop
    if ($principal.Id -ne $objectId -or $principal.DisplayName -ne $name) { throw "$clientId and $objectId are not those of '$name'. Nothing was removed." }
    foreach ($subscription in "33333333-3333-3333-3333-333333333333", "34343434-3434-3434-3434-343434343434") {
        Set-AzContext -Subscription $subscription -Scope Process | Out-Null
        # Also those at resource groups below it, but none from a management group above it.
        Get-AzRoleAssignment -ObjectId $objectId | Where-Object Scope -Like "/subscriptions/*" | Remove-AzRoleAssignment
    }
    Remove-AzADApplication -ApplicationId $clientId -ErrorAction Stop
    Write-Output "Removed."
}
