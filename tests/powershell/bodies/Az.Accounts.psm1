# What the cmdlets of Az.Accounts do here: the requests, texts and exceptions that were seen of version 4.0.2 (tests/data/azure-powershell).
# standins.py gives each function Verb-Az… its parameters. Not seen, but published or reported, is marked so.

$Login = 'https://login.microsoftonline.com'
$Azure = 'https://management.azure.com'
$AzureResource = 'https://management.core.windows.net/'
$Client = '1950a258-227b-4e31-a9cf-717495945fc2'
$Claims = '{"access_token":{"xms_cc":{"values":["CP1"]}}}'
$Models = 'Microsoft.Azure.Commands.Profile.Models'
$Http = [Net.Http.HttpClient]::new()
$Current = $null # the context that cmdlets use
$SignIns = @{} # "account tenant" -> how its tokens are got, and those that are there
$Settings = @{ Process = @{}; CurrentUser = @{}; Default = @{ LoginExperienceV2 = 'On'; EnableLoginByWam = $true } }
$Autosave = $true
$Folder = Join-Path ([Environment]::GetFolderPath('UserProfile')) '.Azure'

# --- requests ---

function Send-Request([string] $Method, [string] $Uri, [hashtable] $Form, [string] $Body, [hashtable] $Headers = @{}) {
    $request = [Net.Http.HttpRequestMessage]::new($Method, $Uri)
    if ($Form) {
        $pairs = [Collections.Generic.Dictionary[string, string]]::new()
        foreach ($key in $Form.Keys) { $pairs[$key] = $Form[$key] }
        $request.Content = [Net.Http.FormUrlEncodedContent]::new($pairs)
    } elseif ($Body -or $Method -notin 'GET', 'DELETE') {
        $request.Content = [Net.Http.StringContent]::new($Body, [Text.Encoding]::UTF8, 'application/json')
    }
    foreach ($name in $Headers.Keys) { [void] $request.Headers.TryAddWithoutValidation($name, $Headers[$name]) }
    try { $answer = $Http.Send($request) } catch { throw $_.Exception.InnerException }
    $text = [IO.StreamReader]::new($answer.Content.ReadAsStream()).ReadToEnd()
    @{ Status = [int] $answer.StatusCode; Reason = "$($answer.StatusCode)"; Text = $text; Headers = $answer.Headers }
}

function Get-Query([Collections.IDictionary] $Values) {
    ($Values.Keys | ForEach-Object { "$_=$([uri]::EscapeDataString($Values[$_]))" }) -join '&'
}

# --- exceptions, by the names of types that only the real module has ---

function New-Failure([string] $Type, [string] $Message, [Exception] $Inner) {
    $class = $Type -as [type]
    if (-not $class) {
        $assembly = [Reflection.Emit.AssemblyBuilder]::DefineDynamicAssembly('StandIns', 'Run')
        $new = $assembly.DefineDynamicModule('StandIns').DefineType($Type, 'Public', [Exception])
        [type[]] $takes = [string], [Exception]
        $code = $new.DefineConstructor('Public', 'Standard', $takes).GetILGenerator()
        foreach ($load in 'Ldarg_0', 'Ldarg_1', 'Ldarg_2') { $code.Emit([Reflection.Emit.OpCodes]::$load) }
        $code.Emit([Reflection.Emit.OpCodes]::Call, [Exception].GetConstructor($takes))
        $code.Emit([Reflection.Emit.OpCodes]::Ret)
        $class = $new.CreateType()
    }
    $class::new($Message, $Inner)
}

# What MSAL makes of a refusal by the token endpoint.
function New-Refusal($Answer) {
    $said = $Answer.Text | ConvertFrom-Json
    $hint = 'A configuration issue is preventing authentication - check the error message from the server for details. ' +
        'You can modify the configuration in the application registration portal. ' +
        'See https://aka.ms/msal-net-invalid-client for details.  Original exception: '
    $type = if ($said.error -eq 'invalid_grant') { 'MsalUiRequiredException' } else { 'MsalServiceException' }
    New-Failure "Microsoft.Identity.Client.$type" ("$(if ($said.error -eq 'invalid_client') { $hint })$($said.error_description)")
}

# What Connect-AzAccount makes of it: the reason stands only in the innermost exception.
function New-SignInFailure($SignIn, [Exception] $Reason) {
    $tenant = $SignIn.Tenant
    $missing = "Could not find tenant id for provided tenant domain '$tenant'."
    $who = switch ($SignIn.Kind) {
        { $_ -in 'Browser', 'DeviceCode' } { 'user' }
        { $_ -in 'Secret', 'Certificate' } { "service principal '$($SignIn.Account)'" }
    }
    if ($who) { $missing += " Please ensure that the provided $who is found in the provided tenant domain." }
    $name = @{
        Browser = 'InteractiveBrowser'; DeviceCode = 'DeviceCode'; Secret = 'ClientSecret'
        Certificate = 'ClientCertificate'; Assertion = 'ClientAssertion'
    }[$SignIn.Kind]
    $inner = New-Failure Azure.Identity.AuthenticationFailedException "${name}Credential authentication failed: " $Reason
    if ($Reason.GetType().Name -eq 'MsalUiRequiredException') {
        $again = "Authentication failed against tenant $tenant. User interaction is required. This may be due to the conditional " +
            'access policy settings such as multi-factor authentication (MFA). If you need to access subscriptions in that tenant, ' +
            "please rerun 'Connect-AzAccount' with additional parameter '-TenantId $tenant'."
        $inner = New-Failure Microsoft.Azure.Commands.Common.Exceptions.AzPSAuthenticationFailedException $again $inner
    } elseif ($Reason -is [Security.Cryptography.CryptographicException]) {
        $inner = $Reason
    }
    [ArgumentNullException]::new("$($inner.Message)`n$missing", $inner)
}

# --- tokens ---

function Request-Token($SignIn, [hashtable] $Form, [string] $Query) {
    $answer = Send-Request POST "$Login/$($SignIn.Tenant)/oauth2/v2.0/token$Query" $Form
    if ($answer.Status -ne 200) { throw New-Refusal $answer }
    $tokens = $answer.Text | ConvertFrom-Json
    if ($tokens.refresh_token) { $SignIn.Refresh = $tokens.refresh_token }
    $tokens.access_token
}

function Get-ByBrowser($SignIn, [string] $Scope) {
    Write-Host "Please select the account you want to login with.`n"
    $listener = [Net.Sockets.TcpListener]::new([Net.IPAddress]::Loopback, 0)
    $listener.Start()
    $back = "http://localhost:$($listener.LocalEndpoint.Port)"
    $verifier = Get-Base64Url ([Security.Cryptography.RandomNumberGenerator]::GetBytes(32))
    $challenge = Get-Base64Url ([Security.Cryptography.SHA256]::HashData([Text.Encoding]::ASCII.GetBytes($verifier)))
    $query = Get-Query ([ordered] @{
            scope = "$Scope openid profile offline_access"; response_type = 'code'; client_id = $Client; redirect_uri = $back
            claims = $SignIn.Claims; 'client-request-id' = "$(New-Guid)"; 'x-client-SKU' = 'MSAL.NetCore'; 'x-client-Ver' = '0'
            'x-client-OS' = 'Linux'; prompt = 'select_account'; code_challenge = $challenge; code_challenge_method = 'S256'
            state = "$(New-Guid)"; client_info = '1'; haschrome = '1'
        })
    try {
        [void] [Diagnostics.Process]::Start('xdg-open', "$Login/$($SignIn.Tenant)/oauth2/v2.0/authorize?$query")
        while (-not $listener.Pending()) { Start-Sleep -Milliseconds 20 } # the person may press Ctrl+C
        $connection = $listener.AcceptTcpClient()
        $line = [IO.StreamReader]::new($connection.GetStream()).ReadLine()
        $connection.GetStream().Write([Text.Encoding]::ASCII.GetBytes("HTTP/1.1 200 OK`r`nContent-Length: 0`r`n`r`n"))
        $connection.Close()
    } finally { $listener.Stop() }
    $given = [Web.HttpUtility]::ParseQueryString($line.Split(' ')[1].Split('?')[1])
    if (-not $given['code']) { throw New-Failure Microsoft.Identity.Client.MsalServiceException $given['error_description'] }
    Request-Token $SignIn -Query '?haschrome=1' -Form @{
        client_id = $Client; scope = "$Scope offline_access openid profile"; claims = $SignIn.Claims; client_info = '1'
        grant_type = 'authorization_code'; code = $given['code']; redirect_uri = $back; code_verifier = $verifier
    }
}

function Get-ByDeviceCode($SignIn, [string] $Scope) {
    Write-Warning 'You may need to login again after updating "EnableLoginByWam".'
    Write-Host "Please select the account you want to login with.`n"
    $form = @{ client_id = $Client; scope = "$Scope offline_access profile openid"; claims = $SignIn.Claims }
    $answer = Send-Request POST "$Login/$($SignIn.Tenant)/oauth2/v2.0/devicecode" $form
    if ($answer.Status -ne 200) { throw New-Refusal $answer }
    $device = $answer.Text | ConvertFrom-Json
    Write-Host "[Login to Azure] $($device.message)"
    Request-Token $SignIn @{ # the older name of the grant; the service knows both
        client_id = $Client; scope = "$Scope offline_access openid profile"; claims = $SignIn.Claims; client_info = '1'
        grant_type = 'device_code'; device_code = $device.device_code
    }
}

function Get-ByApplication($SignIn, [string] $Scope) {
    $form = @{ client_id = $SignIn.Account; scope = $Scope; claims = $Claims; grant_type = 'client_credentials' }
    if ($SignIn.Kind -eq 'Secret') {
        $form.client_secret = $SignIn.Secret
    } else {
        $form.client_assertion_type = 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer'
        $form.client_assertion = if ($SignIn.Kind -eq 'Assertion') { $SignIn.Secret } else { New-Assertion $SignIn }
    }
    Request-Token $SignIn $form
}

function New-Assertion($SignIn) {
    $now = [DateTimeOffset]::UtcNow.ToUnixTimeSeconds()
    $hash = $SignIn.Secret.GetCertHash([Security.Cryptography.HashAlgorithmName]::SHA256)
    $header = @{ alg = 'PS256'; typ = 'JWT'; 'x5t#S256' = Get-Base64Url $hash }
    $payload = @{
        aud = "$Login/$($SignIn.Tenant)/oauth2/v2.0/token"; iss = $SignIn.Account; sub = $SignIn.Account
        jti = "$(New-Guid)"; nbf = $now; exp = $now + 600
    }
    $text = ($header, $payload | ForEach-Object {
            Get-Base64Url ([Text.Encoding]::UTF8.GetBytes((ConvertTo-Json $_ -Compress)))
        }) -join '.'
    $key = [Security.Cryptography.X509Certificates.RSACertificateExtensions]::GetRSAPrivateKey($SignIn.Secret)
    $padding = [Security.Cryptography.RSASignaturePadding]::Pss
    $signature = $key.SignData([Text.Encoding]::ASCII.GetBytes($text), [Security.Cryptography.HashAlgorithmName]::SHA256, $padding)
    "$text.$(Get-Base64Url $signature)"
}

# The metadata address of the machine. The real module waits longer before each new try, 29 seconds in all. .NET sends each four times.
function Get-ByMachine($SignIn, [string] $Resource) {
    $query = [ordered] @{ 'api-version' = '2018-02-01'; resource = $Resource }
    if ($SignIn.Named) { $query.client_id = $SignIn.Named }
    $failure = $null
    foreach ($try in 1..6) {
        try {
            $uri = "http://169.254.169.254/metadata/identity/oauth2/token?$(Get-Query $query)"
            $answer = Send-Request GET $uri -Headers @{ Metadata = 'true' }
            if ($answer.Status -eq 200) { ($answer.Text | ConvertFrom-Json).access_token; return }
            $failure = New-MachineRefusal $answer
            break
        } catch { $failure = $_.Exception }
    }
    if ($failure -is [Net.Http.HttpRequestException]) { $failure = New-MachineSilence $failure }
    Write-Warning "Unable to acquire token for tenant 'organizations' with error '$($failure.Message)'"
    throw $failure
}

function New-MachineSilence([Exception] $Failure) {
    $retry = 'Retry failed after 6 tries. Retry settings can be adjusted in ClientOptions.Retry or by configuring a custom retry ' +
        'policy in ClientOptions.RetryPolicy.'
    [Exception[]] $tries = , (New-Failure Azure.RequestFailedException $Failure.Message $Failure) * 6
    $inner = [AggregateException]::new($retry, $tries) # .NET adds the messages of its parts
    $inner = New-Failure Microsoft.Identity.Client.MsalServiceException $inner.Message $inner
    New-Failure Azure.Identity.CredentialUnavailableException ('ManagedIdentityCredential authentication unavailable. ' +
        'Multiple attempts failed to obtain a token from the managed identity endpoint.') $inner
}

function New-MachineRefusal($Answer) {
    $said = $Answer.Text | ConvertFrom-Json
    $why = '[Managed Identity] Authentication unavailable. Either the requested identity has not been assigned to this resource, or ' +
        'other errors could be present. Ensure the identity is correctly assigned and check the inner exception for more details. ' +
        "For more information, visit https://aka.ms/msal-managed-identity.`nStatus: $($Answer.Reason)`nContent:`n$($Answer.Text)`n`n" +
        "Headers:`n`n[Managed Identity] Error Code: $($said.error) Error Description: $($said.error_description) "
    $inner = New-Failure Microsoft.Identity.Client.MsalServiceException $why
    New-Failure Azure.Identity.AuthenticationFailedException ("ManagedIdentityCredential authentication failed: $why`n" +
        'See the troubleshooting guide for more information. ' +
        'https://aka.ms/azsdk/net/identity/managedidentitycredential/troubleshoot') $inner
}

function Read-Claims([string] $Token) {
    $part = $Token.Split('.')[1].Replace('-', '+').Replace('_', '/')
    $bytes = [Convert]::FromBase64String($part.PadRight([Math]::Ceiling($part.Length / 4) * 4, '='))
    [Text.Encoding]::UTF8.GetString($bytes) | ConvertFrom-Json
}

function Get-Base64Url([byte[]] $Bytes) { [Convert]::ToBase64String($Bytes).TrimEnd('=').Replace('+', '-').Replace('/', '_') }

# A token for a resource. The real module asks anew for each request when it signs in with a secret or a certificate.
function Use-Token($SignIn, [string] $Resource = $AzureResource) {
    $token = Get-Token $SignIn $Resource
    if ($SignIn.Kind -in 'Secret', 'Certificate') { $SignIn.Tokens.Remove($Resource) }
    $token
}

function Get-Token($SignIn, [string] $Resource) {
    if ($SignIn.Tokens[$Resource]) { return $SignIn.Tokens[$Resource] }
    $scope = "$Resource/.default"
    $SignIn.Tokens[$Resource] = if ($SignIn.Refresh) {
        Request-Token $SignIn @{
            client_id = $Client; scope = "$scope offline_access openid profile"; client_info = '1'
            grant_type = 'refresh_token'; refresh_token = $SignIn.Refresh
        }
    } else {
        switch ($SignIn.Kind) {
            'Browser' { Get-ByBrowser $SignIn $scope }
            'DeviceCode' { Get-ByDeviceCode $SignIn $scope }
            'Identity' { Get-ByMachine $SignIn $Resource }
            'AccessToken' { $SignIn.Secret }
            default { Get-ByApplication $SignIn $scope }
        }
    }
    $SignIn.Tokens[$Resource]
}

function Get-Arm($SignIn, [string] $Path) {
    $answer = Send-Request GET "$Azure$Path" -Headers @{ Authorization = "Bearer $(Use-Token $SignIn)" }
    if ($answer.Status -ne 200) { throw "$(($answer.Text | ConvertFrom-Json).error.message)" }
    $answer.Text | ConvertFrom-Json
}

# --- contexts: kept in this process, or also in the file that the next PowerShell starts from ---

function New-Context($SignIn, $Subscription) {
    $shown = if ($Subscription) { New-Subscription $Subscription $SignIn.Tenant }
    [pscustomobject] @{
        PSTypeName = "$Models.Core.PSAzureContext"
        Name = "$($shown.Name) ($($shown.Id)) - $($SignIn.Tenant) - $($SignIn.Account)"
        Account = [pscustomobject] @{ PSTypeName = "$Models.PSAzureRmAccount"; Id = $SignIn.Account; Type = $SignIn.Type }
        Environment = 'AzureCloud'
        Subscription = $shown
        Tenant = [pscustomobject] @{ PSTypeName = "$Models.PSAzureTenant"; Id = $SignIn.Tenant }
    }
}

function New-Subscription($Body, [string] $Tenant) {
    [pscustomobject] @{
        PSTypeName = "$Models.PSAzureSubscription"
        Id = $Body.subscriptionId
        Name = $Body.displayName
        State = $Body.state
        SubscriptionId = $Body.subscriptionId
        TenantId = $Tenant
        HomeTenantId = $Body.tenantId
        ManagedByTenantIds = @($Body.managedByTenants.tenantId)
    }
}

function Set-Current($Context, [string] $Scope) {
    $script:Current = $Context
    if (($Scope ? $Scope : $Autosave ? 'CurrentUser' : 'Process') -eq 'CurrentUser') {
        $kept = @{ Context = $Context; SignIn = $Context ? $SignIns["$($Context.Account.Id) $($Context.Tenant.Id)"] : $null }
        Save-File 'AzureRmContext.json' $kept
    }
}

function Save-File([string] $Name, $Content) {
    [void] (New-Item $Folder -ItemType Directory -Force -WhatIf:$false)
    ConvertTo-Json $Content -Depth 9 | Set-Content (Join-Path $Folder $Name) -WhatIf:$false
}

function Read-File([string] $Name) {
    if (Test-Path (Join-Path $Folder $Name)) { Get-Content -Raw (Join-Path $Folder $Name) | ConvertFrom-Json -AsHashtable }
}

function Get-Current {
    if (-not $Current) { throw [Management.Automation.PSInvalidOperationException] 'Run Connect-AzAccount to login.' }
    $Current
}

function Get-SignIn($Context = (Get-Current)) { $SignIns["$($Context.Account.Id) $($Context.Tenant.Id)"] }

function Get-Setting([string] $Key) {
    foreach ($scope in 'Process', 'CurrentUser', 'Default') { if ($Settings[$scope].ContainsKey($Key)) { return $Settings[$scope][$Key] } }
}

# --- signing in ---

function New-SignIn([string] $Set, $Bound) {
    $kind = switch ($Set) {
        'UserWithSubscriptionId' { $Bound.UseDeviceAuthentication ? 'DeviceCode' : 'Browser' }
        'ServicePrincipalWithSubscriptionId' { 'Secret' }
        { $_ -like 'ServicePrincipalCertificate*' } { 'Certificate' }
        'ClientAssertionParameterSet' { 'Assertion' }
        'ManagedServiceLogin' { 'Identity' }
        'AccessTokenWithSubscriptionId' { 'AccessToken' }
    }
    if (-not $kind) { throw [NotImplementedException] "The stand-in of Connect-AzAccount does not sign in as $Set does" }
    $claims = $Bound.ClaimsChallenge ? [Text.Encoding]::UTF8.GetString([Convert]::FromBase64String($Bound.ClaimsChallenge)) : $script:Claims
    $new = @{ Kind = $kind; Tenant = $Bound.Tenant ? $Bound.Tenant : 'organizations'; Tokens = @{}; Claims = $claims; Type = 'ServicePrincipal' }
    $new.Account = $Bound.Credential ? $Bound.Credential.UserName : $Bound.ApplicationId ? $Bound.ApplicationId : $Bound.AccountId
    switch ($kind) {
        'Secret' { $new.Secret = $Bound.Credential.GetNetworkCredential().Password }
        'Assertion' { $new.Secret = $Bound.FederatedToken; $new.Type = 'ClientAssertion' }
        'AccessToken' { $new.Secret = $Bound.AccessToken; $new.Type = 'AccessToken' }
        'Identity' { $new.Named = $Bound.AccountId; $new.Type = 'ManagedService' }
        { $_ -in 'Browser', 'DeviceCode' } { $new.Type = 'User' }
    }
    $new
}

function Read-Certificate($Bound) {
    if ($Bound.CertificateThumbprint) {
        foreach ($place in 'CurrentUser', 'LocalMachine') {
            $store = [Security.Cryptography.X509Certificates.X509Store]::new('My', $place)
            $store.Open('ReadOnly')
            $found = $store.Certificates.Find('FindByThumbprint', $Bound.CertificateThumbprint, $false)
            if ($found.Count) { return $found[0] }
        }
        throw "No certificate was found in the certificate store with thumbprint $($Bound.CertificateThumbprint)"
    }
    $path = $Bound.CertificatePath
    if (-not (Test-Path -LiteralPath $path)) {
        throw [Management.Automation.ItemNotFoundException] "Cannot find path '$path' because it does not exist."
    }
    [Security.Cryptography.X509Certificates.X509Certificate2]::new($path, $Bound.CertificatePassword)
}

# The subscription of the new context. The list is shown to people only, and has no default (reported: azure-powershell 25718).
function Select-Subscription($SignIn, $Found, [string] $Wanted) {
    if ($Wanted) {
        $one = $Found | Where-Object { $Wanted -in $_.subscriptionId, $_.displayName }
        if ($one) { $one; return }
        throw "The provided account $($SignIn.Account) does not have access to subscription ID '$Wanted'. Please try logging in with " +
            'different credentials or a different subscription ID.' # reported: azure-powershell 12043
    }
    $hint = 'To override which subscription Connect-AzAccount selects by default, use `Update-AzConfig -DefaultSubscriptionForLogin ' +
        '00000000-0000-0000-0000-000000000000`. Go to https://go.microsoft.com/fwlink/?linkid=2200610 for more information.'
    if ($Found.Count -lt 2) { $Found; return }
    if ($SignIn.Type -ne 'User' -or (Get-Setting LoginExperienceV2) -ne 'On') {
        Write-Warning ("TenantId '$($SignIn.Tenant)' contains more than one active subscription. First one will be selected for " +
            "further use. To select another subscription, use Set-AzContext.`n$hint") # reported: azure-powershell pull request 18768
        $Found[0]
        return
    }
    Write-Warning $hint
    Write-Host "[Tenant and subscription selection]`n"
    $form = '{0,-8}{1,-40}{2,-44}{3,-30}'
    Write-Host ($form -f 'No', 'Subscription name', 'Subscription ID', 'Tenant name')
    Write-Host ($form -f ('-' * 4), ('-' * 36), ('-' * 40), ('-' * 26))
    for ($i = 0; $i -lt $Found.Count; $i++) { Write-Host ($form -f "[$($i + 1)]", $Found[$i].displayName, $Found[$i].subscriptionId, '') }
    $Host.UI.Write("`nSelect a tenant and subscription: ")
    $typed = $Host.UI.ReadLine()
    $number = 0
    if (-not [int]::TryParse($typed, [ref] $number) -or $number -lt 1 -or $number -gt $Found.Count) {
        throw New-Failure Microsoft.Azure.Commands.Common.Exceptions.AzPSException 'Please type a number to select a subscription.'
    }
    $Found[$number - 1]
}

function Connect-AzAccount {
    $signIn = New-SignIn $PSCmdlet.ParameterSetName $PSBoundParameters
    try {
        if ($signIn.Kind -eq 'Certificate') { $signIn.Secret = Read-Certificate $PSBoundParameters }
        if ($signIn.Kind -notin 'Identity', 'AccessToken') {
            $authority = [uri]::EscapeDataString("$Login/$($signIn.Tenant)/oauth2/v2.0/authorize")
            [void] (Send-Request GET "$Login/common/discovery/instance?api-version=1.1&authorization_endpoint=$authority")
        }
        [void] (Get-Token $signIn $AzureResource)
    } catch {
        $reason = $_.Exception.GetBaseException()
        if ($signIn.Kind -ne 'Identity' -and ($reason.GetType().Name -like 'Msal*' -or
                $reason -is [Security.Cryptography.CryptographicException])) {
            throw New-SignInFailure $signIn $reason
        }
        throw $_.Exception
    }
    if ($signIn.Type -eq 'User') { Write-Host 'Retrieving subscriptions for the selection...' }
    $chosen = $null
    foreach ($time in 1, 2) { # as seen; the second time for the details of the chosen one
        if ($signIn.Kind -eq 'Identity') { $signIn.Tenant = (Get-Arm $signIn '/tenants?api-version=2021-01-01').value[0].tenantId }
        $found = @((Get-Arm $signIn '/subscriptions?api-version=2021-01-01').value)
        if ($time -eq 1) { $chosen = Select-Subscription $signIn $found $Subscription }
    }
    if ($signIn.Type -eq 'User') { $signIn.Account = (Read-Claims $signIn.Tokens[$AzureResource]).upn }
    if ($signIn.Kind -eq 'Identity' -and -not $signIn.Named) { $signIn.Account = 'MSI@50342' }
    $context = New-Context $signIn $chosen
    $SignIns["$($signIn.Account) $($signIn.Tenant)"] = $signIn
    Set-Current $context $Scope
    [pscustomobject] @{ PSTypeName = "$Models.Core.PSAzureProfile"; Context = $context }
}

function Disconnect-AzAccount {
    if ($Current) { $SignIns.Remove("$($Current.Account.Id) $($Current.Tenant.Id)") }
    Set-Current $null $Scope
}

function Clear-AzContext {
    $SignIns.Clear()
    Set-Current $null $Scope
}

function Get-AzContext { $Current }

function Set-AzContext {
    $new = $Context
    if (-not $new) {
        $signIn = Get-SignIn
        $answer = Send-Request GET "$Azure/subscriptions/${Subscription}?api-version=2021-01-01" -Headers @{
            Authorization = "Bearer $(Use-Token $signIn)"
        }
        if ($answer.Status -ne 200) { throw [ArgumentException] 'Please provide a valid tenant or a valid subscription.' } # reported
        $new = New-Context $signIn ($answer.Text | ConvertFrom-Json)
    }
    Set-Current $new $Scope
    $new
}

function Disable-AzContextAutosave {
    $script:Autosave = $false
    if ($Scope -eq 'CurrentUser') { Save-File 'AzureRmContextSettings.json' @{ Mode = 'Process' } }
    [pscustomobject] @{ Mode = 'Process' }
}

function Enable-AzContextAutosave {
    $script:Autosave = $true
    if ($Scope -ne 'Process') { Save-File 'AzureRmContextSettings.json' @{ Mode = 'CurrentUser' } }
    [pscustomobject] @{ Mode = 'CurrentUser' }
}

function Get-AzSubscription {
    $signIn = Get-SignIn
    $found = @((Get-Arm $signIn '/subscriptions?api-version=2021-01-01').value)
    if ($SubscriptionId) {
        $found = $found | Where-Object subscriptionId -EQ $SubscriptionId
        if (-not $found) { throw "Subscription $SubscriptionId was not found in tenant $($signIn.Tenant). Please verify that the subscription exists in this tenant." }
    }
    if ($SubscriptionName) { $found = $found | Where-Object displayName -EQ $SubscriptionName }
    foreach ($one in $found) { New-Subscription $one $signIn.Tenant }
}

function Get-AzAccessToken {
    $signIn = Get-SignIn
    $token = Use-Token $signIn ($ResourceUrl ? $ResourceUrl : $AzureResource)
    [pscustomobject] @{
        Token = ConvertTo-SecureString $token -AsPlainText -Force; TenantId = $signIn.Tenant; UserId = $signIn.Account; Type = 'Bearer'
    }
}

function Invoke-AzRestMethod {
    if ($PSCmdlet.ParameterSetName -eq 'ByParameters') { throw [NotImplementedException] 'The stand-in of Invoke-AzRestMethod wants -Path or -Uri' }
    $target = $Uri ? $Uri : [uri] "$Azure$Path"
    $resource = $target.Host -eq 'management.azure.com' ? $AzureResource : "https://$($target.Host)/"
    if (-not $PSCmdlet.ShouldProcess("$target", $Method ? $Method : 'GET')) { return }
    $header = @{ Authorization = "Bearer $(Use-Token (Get-SignIn) $resource)" }
    $answer = Send-Request ($Method ? $Method : 'GET') $target.AbsoluteUri -Body $Payload -Headers $header
    [pscustomobject] @{
        PSTypeName = "$Models.PSHttpResponse"; StatusCode = $answer.Status; Content = $answer.Text
        Headers = $answer.Headers; Method = $Method; Version = '1.1'
    }
}

# --- settings and errors ---

function Get-Own($Bound) { $Bound.Keys | Where-Object { $_ -notin 'Scope', 'AppliesTo', 'DefaultProfile', 'Force', 'PassThru', 'WhatIf', 'Confirm' -and $_ -notlike '*Action' -and $_ -notlike '*Variable' } }

function New-Setting([string] $Key, [string] $Scope) {
    [pscustomobject] @{ Key = $Key; Value = $Settings[$Scope][$Key]; AppliesTo = 'Az'; Scope = $Scope }
}

function Update-AzConfig {
    $to = $Scope ? $Scope : 'CurrentUser'
    foreach ($key in Get-Own $PSBoundParameters) {
        $Settings[$to][$key] = $PSBoundParameters[$key]
        New-Setting $key $to
    }
    if ($to -eq 'CurrentUser') { Save-File 'PSConfig.json' $Settings.CurrentUser }
}

function Get-AzConfig {
    $asked = Get-Own $PSBoundParameters
    $keys = $Settings.Values.Keys | Sort-Object -Unique | Where-Object { -not $asked -or $_ -in $asked }
    foreach ($key in $keys) {
        $from = 'Process', 'CurrentUser', 'Default' | Where-Object { $Settings[$_].ContainsKey($key) -and $Scope -in '', $null, $_ } | Select-Object -First 1
        if ($from) { New-Setting $key $from }
    }
}

function Clear-AzConfig {
    $from = $Scope ? $Scope : 'CurrentUser'
    $asked = @(Get-Own $PSBoundParameters)
    foreach ($key in @($Settings[$from].Keys | Where-Object { -not $asked -or $_ -in $asked })) { $Settings[$from].Remove($key) }
    if ($from -eq 'CurrentUser') { Save-File 'PSConfig.json' $Settings.CurrentUser }
}

function Resolve-AzError {
    $asked = $ErrorRecord ? $ErrorRecord : $Last ? $global:Error[0] : $global:Error
    foreach ($one in $asked) {
        for ($exception = $one.Exception; $exception; $exception = $exception.InnerException) {
            [pscustomobject] @{
                Message = $exception.Message; Exception = $exception.GetType(); InvocationInfo = $one.InvocationInfo.MyCommand
                Line = $one.InvocationInfo.Line; Position = $one.InvocationInfo.PositionMessage; HistoryId = $one.InvocationInfo.HistoryId
            }
        }
    }
}

# --- what earlier PowerShells left ---

if ($saved = Read-File 'PSConfig.json') { $Settings.CurrentUser = $saved }
if ((Read-File 'AzureRmContextSettings.json').Mode -eq 'Process') { $Autosave = $false }
if ($Autosave -and ($saved = Read-File 'AzureRmContext.json') -and $saved.Context) {
    $SignIns["$($saved.SignIn.Account) $($saved.SignIn.Tenant)"] = $saved.SignIn
    $Current = New-Context $saved.SignIn $(if ($saved.Context.Subscription) {
            @{ subscriptionId = $saved.Context.Subscription.Id; displayName = $saved.Context.Subscription.Name; tenantId = $saved.Context.Tenant.Id }
        })
}
