# Federated credentials of user-assigned identities. A generated cmdlet.

function New-AzFederatedIdentityCredential {
    $at = "/subscriptions/$($SubscriptionId ? $SubscriptionId : (Get-AzContext).Subscription.Id)/resourceGroups/$ResourceGroupName" +
        "/providers/Microsoft.ManagedIdentity/userAssignedIdentities/$IdentityName/federatedIdentityCredentials/$Name"
    if (-not $PSCmdlet.ShouldProcess($at, 'create')) { return }
    $body = @{ properties = @{ issuer = $Issuer; subject = $Subject; audiences = @($Audience) } } | ConvertTo-Json -Depth 4
    $asked = @{ Method = 'PUT'; Path = "${at}?api-version=2023-01-31"; Payload = $body; WhatIf = $false; Confirm = $false }
    $answer = Invoke-AzRestMethod @asked -ErrorAction Stop
    $made = $answer.Content | ConvertFrom-Json
    if ($answer.StatusCode -ge 300) { throw "[$($made.error.code)] : $($made.error.message)" }
    [pscustomobject] @{ Name = $made.name; Issuer = $Issuer; Subject = $Subject; Audience = $Audience }
}
