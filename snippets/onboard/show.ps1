#Requires -Modules Az.ManagedServices
& {
    $ErrorActionPreference = "Stop"
    $scope = "/subscriptions/33333333-3333-3333-3333-333333333333"
    # The sign-in stays in this PowerShell and is not written to your profile.
    Disable-AzContextAutosave -Scope Process | Out-Null
    Connect-AzAccount -Tenant "11111111-1111-1111-1111-111111111111" -Scope Process | Out-Null
    foreach ($offer in Get-AzManagedServicesDefinition -Scope $scope -ErrorAction Stop) {
        $offer | Format-List -Property RegistrationDefinitionName, ManagedByTenantId
        $offer.Authorization | Format-Table -Property PrincipalIdDisplayName, PrincipalId, RoleDefinitionId
    }
    Get-AzManagedServicesAssignment -Scope $scope -ErrorAction Stop | Format-List -Property Id
}
