#Requires -Modules Az.Accounts, Az.Resources
& {
    $ErrorActionPreference = "Stop"
    Connect-AzAccount -Tenant "11111111-1111-1111-1111-111111111111" | Out-Null
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
