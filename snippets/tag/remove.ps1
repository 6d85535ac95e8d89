#Requires -Modules Az.Resources
& {
    $ErrorActionPreference = "Stop"
    Connect-AzAccount -Tenant "11111111-1111-1111-1111-111111111111" | Out-Null
    foreach ($subscription in "33333333-3333-3333-3333-333333333333", "34343434-3434-3434-3434-343434343434") {
        Set-AzContext -Subscription $subscription | Out-Null
        # Also those at resource groups below it, but none from a management group above it.
        Get-AzRoleAssignment -ObjectId "55555555-5555-5555-5555-555555555555" | Where-Object Scope -Like "/subscriptions/*" | Remove-AzRoleAssignment
    }
    Remove-AzADApplication -ApplicationId "44444444-4444-4444-4444-444444444444"
    Write-Output "Removed."
}
