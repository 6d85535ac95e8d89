#Requires -Modules Az.Accounts, Az.ManagedServiceIdentity
& {
    $ErrorActionPreference = "Stop"
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
    $credential = @{
        SubscriptionId = "33333333-3333-3333-3333-333333333333"
        ResourceGroupName = "partner-admin-link"
        IdentityName = "partner-admin-link"
        Name = "github-partner-admin-link"
        Issuer = "https://token.actions.githubusercontent.com"
        Subject = "repo:fabrikam@1001/partner-admin-link@2002:environment:partner-admin-link"
        Audience = "api://AzureADTokenExchange"
    }
    New-AzFederatedIdentityCredential @credential -ErrorAction Stop
}
