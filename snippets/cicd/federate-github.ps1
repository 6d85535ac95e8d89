#Requires -Modules Az.Accounts, Az.Resources
& {
    $ErrorActionPreference = "Stop"
    # The sign-in stays in this PowerShell and is not written to your profile.
    Disable-AzContextAutosave -Scope Process | Out-Null
    Connect-AzAccount -Tenant "11111111-1111-1111-1111-111111111111" -Scope Process | Out-Null
    $app = Get-AzADApplication -ApplicationId "44444444-4444-4444-4444-444444444444" -ErrorAction Stop
    if (-not $app) { throw "There is no such application in this tenant." }
    $credential = @{
        ApplicationObjectId = $app.Id
        Name = "github-partner-admin-link"
        Issuer = "https://token.actions.githubusercontent.com"
        Subject = "repo:fabrikam@1001/partner-admin-link@2002:environment:partner-admin-link"
        Audience = "api://AzureADTokenExchange"
    }
    New-AzADAppFederatedCredential @credential -ErrorAction Stop
}
