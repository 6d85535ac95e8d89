#Requires -Modules Az.ManagedServices
& {
    $ErrorActionPreference = "Stop"
    $homeTenant = "22222222-2222-2222-2222-222222222222"
    # The sign-in stays in this PowerShell and is not written to your profile.
    Disable-AzContextAutosave -Scope Process | Out-Null
    Connect-AzAccount -Tenant $homeTenant -Scope Process | Out-Null
    foreach ($subscription in Get-AzSubscription -TenantId $homeTenant | Where-Object HomeTenantId -ne $homeTenant) {
        Write-Output "$($subscription.Name) $($subscription.Id) customer's tenant: $($subscription.HomeTenantId)"
        $scope = "/subscriptions/$($subscription.Id)"
        $offers = Get-AzManagedServicesDefinition -Scope $scope -ErrorAction Stop | Where-Object ManagedByTenantId -eq $homeTenant
        $offers | Format-List -Property RegistrationDefinitionName
        Get-AzManagedServicesAssignment -Scope $scope -ErrorAction Stop | Format-List -Property Id
    }
}
