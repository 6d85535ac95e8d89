#Requires -Modules Az.ManagementPartner
& {
    $ErrorActionPreference = "Stop"
    $partnerId = "1234567"
    # The sign-in stays in this PowerShell and is not written to your profile.
    Disable-AzContextAutosave -Scope Process | Out-Null
    try {
        Connect-AzAccount -ServicePrincipal -ApplicationId "44444444-4444-4444-4444-444444444444" -CertificateThumbprint $env:AZURE_CLIENT_CERTIFICATE_THUMBPRINT -Tenant "11111111-1111-1111-1111-111111111111" -Scope Process | Out-Null
    } catch {
        throw $_.Exception.GetBaseException()
    }
    $link = Get-AzManagementPartner -ErrorAction SilentlyContinue -ErrorVariable failure
    if ($failure -and "$failure" -notmatch "not linked") { throw $failure[0] }
    if (-not $link) {
        New-AzManagementPartner -PartnerId $partnerId | Out-Null
    } elseif ($link.PartnerId -ne $partnerId) {
        Update-AzManagementPartner -PartnerId $partnerId | Out-Null
    }
    Get-AzManagementPartner
}
