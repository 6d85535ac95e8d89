#Requires -Modules Az.ManagementPartner, Az.Resources
& {
    $ErrorActionPreference = "Stop"
    $partnerId = "1234567"
    $tenant = "11111111-1111-1111-1111-111111111111"
    $name = "Partner Admin Link $partnerId"
    # All sign-ins stay in this PowerShell and are not written to your profile; no subscription is asked for.
    Disable-AzContextAutosave -Scope Process | Out-Null
    function Connect-You {
        $asks = (Get-AzConfig -LoginExperienceV2).Value -eq "On"
        if ($asks) { Update-AzConfig -LoginExperienceV2 Off -Scope Process | Out-Null }
        try {
            $you = (Connect-AzAccount -Tenant $tenant -Scope Process -InformationAction Ignore).Context
            if (-not $you) { throw "Nobody is signed in." }
        } catch {
            throw $_.Exception.GetBaseException()
        } finally {
            if ($asks) { Clear-AzConfig -LoginExperienceV2 -Scope Process | Out-Null }
        }
        $you
    }
    $you = Connect-You
    Write-Output "Signed in as $($you.Account.Id)"
    # An application with this name is used again, so that a second run completes a first one.
    $app = @(Get-AzADApplication -DisplayName $name -ErrorAction Stop)
    if ($app.Count -gt 1) { throw "$($app.Count) applications are called $name" }
    if (-not $app) { $app = New-AzADApplication -DisplayName $name -SignInAudience AzureADMyOrg -ErrorAction Stop }
    $principal = Get-AzADServicePrincipal -ApplicationId $app.AppId -ErrorAction Stop
    if (-not $principal) { $principal = New-AzADServicePrincipal -ApplicationId $app.AppId -ErrorAction Stop }
    $new = $null
    try {
        $new = New-AzADAppCredential -ApplicationId $app.AppId -EndDate (Get-Date).AddHours(1) -ErrorAction Stop
        $secret = ConvertTo-SecureString $new.SecretText -AsPlainText -Force
        $credential = New-Object -TypeName PSCredential -ArgumentList $app.AppId, $secret
        # Microsoft Entra ID needs up to a minute to know a new credential everywhere.
        foreach ($attempt in 1..12) {
            try {
                Connect-AzAccount -ServicePrincipal -Credential $credential -Tenant $tenant -Scope Process | Out-Null
                break
            } catch {
                if ($attempt -eq 12) { throw $_.Exception.GetBaseException() }
                Start-Sleep -Seconds 5
            }
        }
        $link = Get-AzManagementPartner -ErrorAction SilentlyContinue -ErrorVariable failure
        if ($failure -and "$failure" -notmatch "not linked") { throw $failure[0] }
        if (-not $link) {
            New-AzManagementPartner -PartnerId $partnerId | Out-Null
        } elseif ($link.PartnerId -ne $partnerId) {
            Update-AzManagementPartner -PartnerId $partnerId | Out-Null
        }
        Get-AzManagementPartner
        Write-Output "${name}: client ID $($app.AppId), service principal object ID $($principal.Id)"
    } catch {
        throw
    } finally {
        # Whatever happened: you are yourself again, by a new sign-in if need be, and the new credential goes.
        try {
            try {
                Set-AzContext -Context $you | Out-Null
            } catch {
                try { Connect-You | Out-Null } catch { throw }
            }
            if ($new) {
                Remove-AzADAppCredential -ApplicationId $app.AppId -KeyId $new.KeyId -ErrorAction Stop
                Write-Output "No credential of this run is left."
            }
        } catch {
            if ($new) { Write-Warning "The credential may still be there. It expires within the hour; delete it now at application $($app.AppId)." }
            throw
        }
    }
}
