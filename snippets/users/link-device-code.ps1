#Requires -Modules Az.ManagementPartner
& {
    $ErrorActionPreference = "Stop"
    # The sign-in stays in this PowerShell and is not written to your profile; no subscription is asked for.
    Disable-AzContextAutosave -Scope Process | Out-Null
    $asks = (Get-AzConfig -LoginExperienceV2).Value -eq "On"
    if ($asks) { Update-AzConfig -LoginExperienceV2 Off -Scope Process | Out-Null }
    try {
        $you = (Connect-AzAccount -Tenant "11111111-1111-1111-1111-111111111111" -UseDeviceAuthentication -Scope Process).Context
        if (-not $you) { throw "Nobody is signed in." }
    } catch {
        throw $_.Exception.GetBaseException()
    } finally {
        if ($asks) { Clear-AzConfig -LoginExperienceV2 -Scope Process | Out-Null }
    }
    Write-Output "Signed in as $($you.Account.Id)"
    New-AzManagementPartner -PartnerId "1234567" | Out-Null
    Get-AzManagementPartner
}
