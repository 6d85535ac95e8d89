# The four cmdlets of Az.ManagementPartner; requests, output and the one error text from the source in Azure/azure-powershell,
# src/ManagementPartner.

function Send-Partner([string] $Method, [string] $Id) {
    $path = "/providers/Microsoft.ManagementPartner/partners/${Id}?api-version=2018-02-01"
    $answer = Invoke-AzRestMethod -Method $Method -Path $path -WhatIf:$false -Confirm:$false -ErrorAction Stop
    if ($answer.StatusCode -ne 200) { throw "Operation failed with message '$(($answer.Content | ConvertFrom-Json).error.message)'" }
    if (-not $answer.Content) { return }
    $link = ($answer.Content | ConvertFrom-Json).properties
    [pscustomobject] @{
        PSTypeName = 'Microsoft.Azure.Commands.ManagementPartner.PSManagementPartner'
        PartnerId = $link.partnerId; PartnerName = $link.partnerName; TenantId = $link.tenantId
        ObjectId = $link.objectId; State = $link.state
    }
}

function Get-AzManagementPartner {
    Send-Partner GET $PartnerId
}

function New-AzManagementPartner {
    if ($PSCmdlet.ShouldProcess($PartnerId, 'link')) { Send-Partner PUT $PartnerId }
}

function Update-AzManagementPartner {
    if ($PSCmdlet.ShouldProcess($PartnerId, 'update')) { Send-Partner PATCH $PartnerId }
}

function Remove-AzManagementPartner {
    if ($PSCmdlet.ShouldProcess($PartnerId, 'remove')) {
        Send-Partner DELETE $PartnerId
        if ($PassThru) { $true }
    }
}
