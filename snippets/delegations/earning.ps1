#Requires -Modules Az.ManagementPartner, Az.ManagedServices
& {
    $ErrorActionPreference = "Stop"
    $role = "cfd33db0-3dd1-45e3-aa9d-cdbdf3b6f24e" # Support Request Contributor, as in these offers
    $homeTenant = "22222222-2222-2222-2222-222222222222"
    # The sign-in stays in this PowerShell and is not written to your profile.
    Disable-AzContextAutosave -Scope Process | Out-Null
    $secret = ConvertTo-SecureString $env:AZURE_CLIENT_SECRET -AsPlainText -Force
    $credential = New-Object -TypeName PSCredential -ArgumentList "44444444-4444-4444-4444-444444444444", $secret
    try {
        Connect-AzAccount -ServicePrincipal -Credential $credential -Tenant $homeTenant -Scope Process | Out-Null
    } catch {
        throw $_.Exception.GetBaseException()
    }
    $linked = (Get-AzManagementPartner).ObjectId
    foreach ($subscription in Get-AzSubscription -TenantId $homeTenant | Where-Object HomeTenantId -ne $homeTenant) {
        $scope = "/subscriptions/$($subscription.Id)"
        $offers = Get-AzManagedServicesDefinition -Scope $scope -ErrorAction Stop | Where-Object {
            $_.Authorization | Where-Object { $_.PrincipalId -eq $linked -and $_.RoleDefinitionId -eq $role }
        }
        foreach ($delegation in Get-AzManagedServicesAssignment -Scope $scope -ErrorAction Stop) {
            $state = if ($delegation.RegistrationDefinitionId -in $offers.Id) { "with role   " } else { "without role" }
            Write-Output "$state $($delegation.Id)"
        }
    }
}
