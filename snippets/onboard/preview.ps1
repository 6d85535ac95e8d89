#Requires -Modules Az.Resources
& {
    $ErrorActionPreference = "Stop"
    # The sign-in stays in this PowerShell and is not written to your profile.
    Disable-AzContextAutosave -Scope Process | Out-Null
    Connect-AzAccount -Tenant "11111111-1111-1111-1111-111111111111" -Subscription "33333333-3333-3333-3333-333333333333" -Scope Process | Out-Null
    New-AzSubscriptionDeployment -Name "lighthouse" -Location "westeurope" -TemplateFile "sp.json" -TemplateParameterFile "sp.parameters.json" -WhatIf
}
