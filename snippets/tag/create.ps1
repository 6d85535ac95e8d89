#Requires -Modules Az.ManagementPartner, Az.Resources
& {
    $ErrorActionPreference = "Stop"
    $partnerId = "1234567"
    $tenant = "11111111-1111-1111-1111-111111111111"
    $name = "Partner Admin Link $partnerId"
    # Both sign-ins stay in this PowerShell and are not written to your profile.
    Disable-AzContextAutosave -Scope Process | Out-Null
    $you = (Connect-AzAccount -Tenant $tenant -Scope Process).Context
    # An application with this name is used again, so that a second run completes a first one.
    $app = @(Get-AzADApplication -DisplayName $name)
    if ($app.Count -gt 1) { throw "$($app.Count) applications are called $name" }
    if (-not $app) { $app = New-AzADApplication -DisplayName $name -SignInAudience AzureADMyOrg }
    $principal = Get-AzADServicePrincipal -ApplicationId $app.AppId
    if (-not $principal) { $principal = New-AzADServicePrincipal -ApplicationId $app.AppId }
    try {
        $new = New-AzADAppCredential -ApplicationId $app.AppId -EndDate (Get-Date).AddHours(1)
        $secret = ConvertTo-SecureString $new.SecretText -AsPlainText -Force
        $credential = New-Object -TypeName PSCredential -ArgumentList $app.AppId, $secret
        # Microsoft Entra ID needs up to a minute to know a new credential everywhere.
        foreach ($attempt in 1..12) {
            try {
                $it = Connect-AzAccount -ServicePrincipal -Credential $credential -Tenant $tenant -Scope Process
                break
            } catch {
                if ($attempt -eq 12) { throw }
                Start-Sleep -Seconds 5
            }
        }
        $link = Get-AzManagementPartner -DefaultProfile $it -ErrorAction SilentlyContinue -ErrorVariable failure
        if ($failure -and "$failure" -notmatch "not linked") { throw $failure[0] }
        if (-not $link) {
            New-AzManagementPartner -PartnerId $partnerId -DefaultProfile $it | Out-Null
        } elseif ($link.PartnerId -ne $partnerId) {
            Update-AzManagementPartner -PartnerId $partnerId -DefaultProfile $it | Out-Null
        }
        Get-AzManagementPartner -DefaultProfile $it
        Write-Output "${name}: client ID $($app.AppId), service principal object ID $($principal.Id)"
    } catch {
        throw
    } finally {
        # Whatever happened, you are yourself again, and the new credential goes.
        Set-AzContext -Context $you | Out-Null
        if ($new) { Remove-AzADAppCredential -ApplicationId $app.AppId -KeyId $new.KeyId -DefaultProfile $you }
    }
}
