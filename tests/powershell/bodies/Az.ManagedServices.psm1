# Azure Lighthouse as its cmdlets read and end it. Generated cmdlets: functions that do not see the preferences of who calls them.

$Version = 'api-version=2022-10-01'

function Send-Lighthouse([string] $Method, [string] $Path) {
    $answer = Invoke-AzRestMethod -Method $Method -Path "${Path}?$Version" -WhatIf:$false -Confirm:$false -ErrorAction Stop
    if ($answer.StatusCode -ge 300) {
        $failure = ($answer.Content | ConvertFrom-Json).error
        throw "[$($failure.code)] : $($failure.message)"
    }
    if ($answer.Content) { $answer.Content | ConvertFrom-Json }
}

function Get-AzManagedServicesDefinition {
    $at = $Scope ? $Scope : "/subscriptions/$((Get-AzContext).Subscription.Id)"
    foreach ($offer in (Send-Lighthouse GET "$at/providers/Microsoft.ManagedServices/registrationDefinitions").value) {
        $told = $offer.properties
        [pscustomobject] @{
            Id = $offer.id; Name = $offer.name; RegistrationDefinitionName = $told.registrationDefinitionName
            ManagedByTenantId = $told.managedByTenantId; ManageeTenantId = $told.manageeTenantId
            ProvisioningState = $told.provisioningState; Authorization = @($told.authorizations)
        }
    }
}

function Get-AzManagedServicesAssignment {
    $at = $Scope ? $Scope : "/subscriptions/$((Get-AzContext).Subscription.Id)"
    foreach ($delegation in (Send-Lighthouse GET "$at/providers/Microsoft.ManagedServices/registrationAssignments").value) {
        [pscustomobject] @{
            Id = $delegation.id; Name = $delegation.name
            RegistrationDefinitionId = $delegation.properties.registrationDefinitionId
            ProvisioningState = $delegation.properties.provisioningState
        }
    }
}

function Remove-AzManagedServicesAssignment {
    $id = $InputObject ? $InputObject.Id : "$Scope/providers/Microsoft.ManagedServices/registrationAssignments/$Name"
    if ($PSCmdlet.ShouldProcess($id, 'remove')) { Send-Lighthouse DELETE $id | Out-Null }
}

function Remove-AzManagedServicesDefinition {
    $id = $InputObject ? $InputObject.Id : "$Scope/providers/Microsoft.ManagedServices/registrationDefinitions/$Name"
    if ($PSCmdlet.ShouldProcess($id, 'remove')) { Send-Lighthouse DELETE $id | Out-Null }
}
