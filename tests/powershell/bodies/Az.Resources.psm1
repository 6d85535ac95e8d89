# Directory, roles and deployments, as far as the blocks need them. The directory's cmdlets are generated: functions that do not see the
# preferences of who calls them. Requests follow the published descriptions; what a cmdlet asks besides is left out.

$Graph = 'https://graph.microsoft.com/v1.0'
$Roles = 'providers/Microsoft.Authorization/roleAssignments'

function Send-Azure([string] $Method, [string] $To, $Body) {
    $asked = @{ Method = $Method; WhatIf = $false; Confirm = $false; ErrorAction = 'Stop' }
    if ($To -like 'https:*') { $asked.Uri = $To } else { $asked.Path = $To }
    if ($Body) { $asked.Payload = $Body | ConvertTo-Json -Depth 99 }
    $answer = Invoke-AzRestMethod @asked
    $content = if ($answer.Content) { $answer.Content | ConvertFrom-Json }
    if ($answer.StatusCode -ge 300 -and $To -like "*/$Roles*") {
        # reported of New-AzRoleAssignment: Azure/enterprise-azure-policy-as-code issues 137 and 225
        throw "Operation returned an invalid status code '$([Net.HttpStatusCode] $answer.StatusCode)'"
    }
    if ($answer.StatusCode -ge 300) { throw "[$($content.error.code)] : $($content.error.message)" }
    $content
}

# --- the directory ---

function Find-Object([string] $Kind, $Bound) {
    $by = $Bound.ApplicationId ? "appId eq '$($Bound.ApplicationId)'" : "displayName eq '$($Bound.DisplayName)'"
    (Send-Azure GET "$Graph/${Kind}?`$filter=$([uri]::EscapeDataString($by))").value
}

function Get-Application($Bound) {
    $found = Find-Object applications $Bound
    if (-not $found) { throw "Application with ApplicationId '$($Bound.ApplicationId)' does not exist." }
    $found
}

function New-Shown($Found) {
    foreach ($one in $Found) {
        $shown = [ordered] @{ DisplayName = $one.displayName; Id = $one.id; AppId = $one.appId }
        if ($null -ne $one.accountEnabled) { $shown.AccountEnabled = $one.accountEnabled }
        [pscustomobject] $shown
    }
}

function Get-AzADApplication {
    New-Shown (Find-Object applications $PSBoundParameters)
}

function Get-AzADServicePrincipal {
    New-Shown (Find-Object servicePrincipals $PSBoundParameters)
}

function New-AzADApplication {
    if ($PSCmdlet.ShouldProcess($DisplayName, 'create')) {
        New-Shown (Send-Azure POST "$Graph/applications" @{ displayName = $DisplayName; signInAudience = $SignInAudience })
    }
}

function New-AzADServicePrincipal {
    if ($PSCmdlet.ShouldProcess($ApplicationId, 'create')) {
        New-Shown (Send-Azure POST "$Graph/servicePrincipals" @{ appId = "$ApplicationId" })
    }
}

function New-AzADAppCredential {
    if ($PSCmdlet.ShouldProcess($ApplicationId, 'create')) {
        $end = @{ passwordCredential = @{ endDateTime = $EndDate.ToUniversalTime().ToString('o') } }
        $made = Send-Azure POST "$Graph/applications/$((Get-Application $PSBoundParameters).id)/addPassword" $end
        [pscustomobject] @{ KeyId = $made.keyId; SecretText = $made.secretText; EndDateTime = $made.endDateTime }
    }
}

function Remove-AzADAppCredential {
    if ($PSCmdlet.ShouldProcess($ApplicationId, 'remove')) {
        $id = (Get-Application $PSBoundParameters).id
        [void] (Send-Azure POST "$Graph/applications/$id/removePassword" @{ keyId = "$KeyId" })
    }
}

function Remove-AzADApplication {
    if ($PSCmdlet.ShouldProcess($ApplicationId, 'remove')) {
        [void] (Send-Azure DELETE "$Graph/applications/$((Get-Application $PSBoundParameters).id)")
    }
}

function New-AzADAppFederatedCredential {
    if ($PSCmdlet.ShouldProcess($Name, 'create')) {
        $body = @{ name = $Name; issuer = $Issuer; subject = $Subject; audiences = @($Audience) }
        $made = Send-Azure POST "$Graph/applications/$ApplicationObjectId/federatedIdentityCredentials" $body
        [pscustomobject] @{ Name = $made.name; Issuer = $made.issuer; Subject = $made.subject; Audience = $made.audiences; Id = $made.id }
    }
}

# --- roles ---

function New-RoleAssignment($Body, $Names) {
    $told = $Body.properties
    $role = $told.roleDefinitionId.Split('/')[-1]
    [pscustomobject] @{
        PSTypeName = 'Microsoft.Azure.Commands.Resources.Models.Authorization.PSRoleAssignment'
        RoleAssignmentName = $Body.name; RoleAssignmentId = $Body.id; Scope = $told.scope
        RoleDefinitionName = $Names[$role]; RoleDefinitionId = $role
        ObjectId = $told.principalId; ObjectType = $told.principalType
    }
}

function Get-RoleNames([string] $At) {
    $names = @{}
    foreach ($role in (Send-Azure GET "$At/providers/Microsoft.Authorization/roleDefinitions?api-version=2022-05-01-preview").value) {
        $names[$role.name] = $role.properties.roleName
    }
    $names
}

function Get-AzRoleAssignment {
    $at = $Scope ? $Scope : "/subscriptions/$((Get-AzContext).Subscription.Id)"
    $filter = $AtScope ? 'atScope()' : "principalId eq '$ObjectId'"
    $found = (Send-Azure GET "$at/${Roles}?api-version=2022-04-01&`$filter=$([uri]::EscapeDataString($filter))").value
    $names = $found ? (Get-RoleNames $at) : @{}
    foreach ($one in $found | Where-Object { -not $ObjectId -or $_.properties.principalId -eq $ObjectId }) { New-RoleAssignment $one $names }
}

function New-AzRoleAssignment {
    $subscription = $Scope.Split('/')[2]
    $role = "/subscriptions/$subscription/providers/Microsoft.Authorization/roleDefinitions/$RoleDefinitionId"
    $asked = @{ roleDefinitionId = $role; principalId = $ObjectId; principalType = $ObjectType }
    $body = Send-Azure PUT "$Scope/$Roles/$(New-Guid)?api-version=2022-04-01" @{ properties = $asked }
    New-RoleAssignment $body (Get-RoleNames $Scope)
}

function Remove-AzRoleAssignment {
    $id = $InputObject.RoleAssignmentId
    if (-not $id) { throw [NotImplementedException] 'The stand-in of Remove-AzRoleAssignment wants an object of Get-AzRoleAssignment' }
    if ($PSCmdlet.ShouldProcess($id, 'remove')) { [void] (Send-Azure DELETE "${id}?api-version=2022-04-01") }
}

# --- deployments ---

function New-AzSubscriptionDeployment {
    $named = $Name ? $Name : (Split-Path -LeafBase $TemplateFile)
    $at = "/subscriptions/$((Get-AzContext).Subscription.Id)/providers/Microsoft.Resources/deployments/$named"
    $version = 'api-version=2025-04-01'
    $properties = @{ mode = 'Incremental'; template = Get-Content -Raw $TemplateFile -ErrorAction Stop | ConvertFrom-Json }
    if ($TemplateParameterFile) {
        $properties.parameters = (Get-Content -Raw $TemplateParameterFile -ErrorAction Stop | ConvertFrom-Json).parameters
    }
    $body = @{ location = $Location; properties = $properties }
    if ($WhatIfPreference) {
        foreach ($change in (Send-Azure POST "$at/whatIf?$version" $body).properties.changes) {
            Write-Host "  $(@{ Create = '+'; Modify = '~'; NoChange = '=' }[$change.changeType]) $($change.resourceId) [$($change.changeType)]"
        }
        return
    }
    [void] (Send-Azure POST "$at/validate?$version" $body)
    [void] (Send-Azure PUT "${at}?$version" $body)
    do { $done = Send-Azure GET "${at}?$version" } while ($done.properties.provisioningState -notin 'Succeeded', 'Failed', 'Canceled')
    if ($done.properties.error) {
        $details = ($done.properties.error.details | ForEach-Object { "$($_.code): $($_.message)" }) -join "`n"
        throw "The deployment '$named' failed with error(s). $($done.properties.error.message)`n$details"
    }
    [pscustomobject] @{ DeploymentName = $named; ProvisioningState = $done.properties.provisioningState; Id = $done.id }
}
