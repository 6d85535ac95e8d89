#Requires -Modules Az.ManagementPartner
& {
    $ErrorActionPreference = "Stop"
    # The sign-in stays in this PowerShell and is not written to your profile.
    Disable-AzContextAutosave -Scope Process | Out-Null
    $secret = ConvertTo-SecureString $env:AZURE_CLIENT_SECRET -AsPlainText -Force
    $credential = New-Object -TypeName PSCredential -ArgumentList "44444444-4444-4444-4444-444444444444", $secret
    try {
        Connect-AzAccount -ServicePrincipal -Credential $credential -Tenant "11111111-1111-1111-1111-111111111111" -Scope Process | Out-Null
    } catch {
        throw $_.Exception.GetBaseException()
    }
    Get-AzManagementPartner -PartnerId "1234567"
    Remove-AzManagementPartner -PartnerId "1234567"
    Write-Output "Removed."
}
