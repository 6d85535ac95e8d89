#Requires -Modules Az.ManagedServices
& {
    $ErrorActionPreference = "Stop"
    $homeTenant = "22222222-2222-2222-2222-222222222222"
    Connect-AzAccount -Tenant $homeTenant | Out-Null
    foreach ($subscription in Get-AzSubscription -TenantId $homeTenant | Where-Object HomeTenantId -ne $homeTenant) {
        Write-Output "$($subscription.Name) $($subscription.Id) customer's tenant: $($subscription.HomeTenantId)"
        $scope = "/subscriptions/$($subscription.Id)"
        $offers = Get-AzManagedServicesDefinition -Scope $scope -ErrorAction Stop | Where-Object ManagedByTenantId -eq $homeTenant
        $offers | Format-List -Property RegistrationDefinitionName
        Get-AzManagedServicesAssignment -Scope $scope -ErrorAction Stop | Format-List -Property Id
    }
}
