#Requires -Modules Az.ManagementPartner
& {
    $ErrorActionPreference = "Stop"
    $partnerId = "1234567"
    $objectId = "55555555-5555-5555-5555-555555555555"
    # The sign-in stays in this PowerShell and is not written to your profile.
    Disable-AzContextAutosave -Scope Process | Out-Null
    Connect-AzAccount -Identity -Scope Process | Out-Null
    # A machine without a system-assigned identity hands out its only user-assigned one: the token tells whose it is.
    $token = New-Object -TypeName PSCredential -ArgumentList "token", (Get-AzAccessToken -AsSecureString).Token
    $claims = $token.GetNetworkCredential().Password.Split(".")[1].Replace("-", "+").Replace("_", "/")
    $claims = [Convert]::FromBase64String($claims.PadRight($claims.Length + (4 - $claims.Length % 4) % 4, "="))
    $found = ([Text.Encoding]::UTF8.GetString($claims) | ConvertFrom-Json).oid
    if ($found -ne $objectId) { throw "This machine signs in as $found, not as $objectId. Nothing was linked: check the object ID, or take the block with a client ID." }
    $link = Get-AzManagementPartner -ErrorAction SilentlyContinue -ErrorVariable failure
    if ($failure -and "$failure" -notmatch "not linked") { throw $failure[0] }
    if (-not $link) {
        New-AzManagementPartner -PartnerId $partnerId | Out-Null
    } elseif ($link.PartnerId -ne $partnerId) {
        Update-AzManagementPartner -PartnerId $partnerId | Out-Null
    }
    Get-AzManagementPartner
}
