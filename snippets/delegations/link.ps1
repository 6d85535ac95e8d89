#Requires -Modules Az.ManagementPartner
& {
    $ErrorActionPreference = "Stop"
    $partnerId = "1234567"
    # The sign-in stays in this PowerShell and is not written to your profile.
    Disable-AzContextAutosave -Scope Process | Out-Null
    $secret = ConvertTo-SecureString $env:AZURE_CLIENT_SECRET -AsPlainText -Force
    $credential = New-Object -TypeName PSCredential -ArgumentList "44444444-4444-4444-4444-444444444444", $secret
    try {
        Connect-AzAccount -ServicePrincipal -Credential $credential -Tenant "22222222-2222-2222-2222-222222222222" -Scope Process | Out-Null
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
