# In pipelines: what Install-Module is asked for has to be here already, in the version that is asked for.

function Install-Module {
    $wanted = @{ ModuleName = $Name[0]; ModuleVersion = '0.0' }
    if ($RequiredVersion) { $wanted = @{ ModuleName = $Name[0]; RequiredVersion = $RequiredVersion } }
    if (-not (Get-Module -ListAvailable -FullyQualifiedName $wanted)) {
        throw "No match was found for the specified search criteria and module name '$Name' $RequiredVersion."
    }
}
