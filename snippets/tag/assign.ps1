#Requires -Modules Az.Resources
& {
    $ErrorActionPreference = "Stop"
    $role = "cfd33db0-3dd1-45e3-aa9d-cdbdf3b6f24e" # Support Request Contributor
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
    foreach ($subscription in "33333333-3333-3333-3333-333333333333", "34343434-3434-3434-3434-343434343434") {
        $scope = "/subscriptions/$subscription"
        $held = Get-AzRoleAssignment -Scope $scope -ObjectId $objectId -AtScope | Where-Object { $_.RoleDefinitionId -like "*$role" }
        if (-not $held) { New-AzRoleAssignment -Scope $scope -RoleDefinitionId $role -ObjectId $objectId -ObjectType ServicePrincipal | Out-Null }
        Write-Output $scope
    }
}
