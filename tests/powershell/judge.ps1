# PowerShell judges PowerShell. Each line of input is a JSON text, each line of output a JSON list of what is wrong with it:
# { kind, line, found, write, wrong, candidates }; `wrong` is a name for which the nearest of `candidates` is to be written.
#   syntax  its parser's own message                 binding  its binder's own message: each command is bound, none is run
#   paste   what PowerShell runs gladly, but what hurts a reader who pastes it into a live shell, or our own style
#   newer   what Windows PowerShell 5.1 lacks
param([string] $Generated, [string] $WindowsPowerShell)
$ErrorActionPreference = "Stop"
$unseeing = $Generated -split " "
$old = $WindowsPowerShell | ConvertFrom-Json -AsHashtable
$signIn = "Connect-AzAccount", "Connect-MgGraph", "Set-AzContext"

class Bound : Exception {}
Add-Type -AssemblyName System.Management.Automation
$proxies = @{}

function Add-Finding($kind, $at, $found, $write, $wrong = "", $candidates = @()) {
    $line = if ($at -is [int]) { $at } else { $at.Extent.StartLineNumber }
    $findings.Add([ordered]@{ kind = $kind; line = $line; found = $found; write = $write; wrong = $wrong; candidates = @($candidates) })
}

$every = [Func[System.Management.Automation.Language.Ast, bool]] { $true }
function Find-Ast($ast, [type] $type) { foreach ($each in $ast.FindAll($every, $true)) { if ($each -is $type) { $each } } }

# --- commands: bound by PowerShell, to a function with the parameters of the command and no body of its own ---

function Get-Proxy($command) {
    if (-not $proxies.ContainsKey($command.Name)) {
        $about = [System.Management.Automation.CommandMetadata]::new($command)
        $proxy = [System.Management.Automation.ProxyCommand]
        $dynamic = if ($command.CommandType -eq "Cmdlet") { $proxy::GetDynamicParam($about) }
        $proxies[$command.Name] = [scriptblock]::Create(
            "$($proxy::GetCmdletBindingAttribute($about)) param($($proxy::GetParamBlock($about)))" +
            $(if ($dynamic) { "dynamicparam { $dynamic }" }) + "process { throw [Bound]::new() }")
    }
    $proxies[$command.Name]
}

# Something of a parameter's type, for what is known at run time only.
function New-Value($parameter) {
    $set = $parameter.Attributes | Where-Object { $_ -is [System.Management.Automation.ValidateSetAttribute] }
    $named = $parameter.Attributes | Where-Object { $_ -is [System.Management.Automation.PSTypeNameAttribute] }
    $type = if ($parameter) { $parameter.ParameterType } else { [object] }
    $type = [Nullable]::GetUnderlyingType($type) ?? $type
    if ($named) { return [pscustomobject]@{ PSTypeName = $named.PSTypeName } }
    if ($set) { return $set.ValidValues[0] }
    if ($type -in [string], [object], [psobject], [string[]], [object[]], [psobject[]]) { return "x" }
    if ($type -eq [securestring]) { return [securestring]::new() }
    if ($type -eq [pscredential]) { return [pscredential]::new("x", [securestring]::new()) }
    if ($type -in [scriptblock], [scriptblock[]]) { return {} }
    if ($type -eq [uri]) { return [uri] "https://example.org/" }
    if ($type.IsAssignableFrom([hashtable])) { return @{} }
    if ($type.IsArray) { return , [Activator]::CreateInstance($type.GetElementType()) }
    [Activator]::CreateInstance($type)
}

function Test-Constant($ast) {
    if ($ast -is [System.Management.Automation.Language.ArrayLiteralAst]) { return -not ($ast.Elements | Where-Object { -not (Test-Constant $_) }) }
    $ast -is [System.Management.Automation.Language.ConstantExpressionAst]
}

# The text of an argument; what is known at run time only becomes a value of the parameter's type.
function Format-Argument($ast, $parameter, $values) {
    if ($ast -is [System.Management.Automation.Language.ScriptBlockExpressionAst]) { return "{}" }
    if (Test-Constant $ast) { return $ast.Extent.Text }
    $values.Add((New-Value $parameter))
    "`$values[$($values.Count - 1)]"
}

function Get-Splat($root, $splat) {
    $name = $splat.VariablePath.UserPath
    $before = Find-Ast $root ([System.Management.Automation.Language.VariableExpressionAst]) |
        Where-Object { $_.VariablePath.UserPath -eq $name -and $_.Extent.StartOffset -lt $splat.Extent.StartOffset }
    $assigned = @($before)[0].Parent
    if (@($before).Count -ne 1 -or $assigned -isnot [System.Management.Automation.Language.AssignmentStatementAst]) { return }
    if ($assigned.Operator -ne "Equals" -or $assigned.Right -isnot [System.Management.Automation.Language.CommandExpressionAst]) { return }
    if ($assigned.Right.Expression -is [System.Management.Automation.Language.HashtableAst]) { $assigned.Right.Expression }
}

function Test-Command($root, $ast, $own) {
    $name = $ast.GetCommandName()
    if (-not $name) {
        $first = $ast.CommandElements[0]
        if ($first -isnot [System.Management.Automation.Language.ScriptBlockExpressionAst]) {
            Add-Finding binding $ast "$($first.Extent.Text) cannot be checked" "call a command by its name"
        }
        return
    }
    if ($name -in $native -or $name -in $own) { return }
    $command = $ExecutionContext.InvokeCommand.GetCommand($name, "Alias, Function, Cmdlet")
    if (-not $command) {
        Add-Finding binding $ast "unknown command $name" "a known command, or add it to the reference" $name $known
        return
    }
    if ($command.CommandType -eq "Alias") {
        if ($name -notlike "*-*") { Add-Finding binding $ast "alias $name" $command.Definition; return }
        $command = $command.ResolvedCommand
    }
    $bound = @{}
    foreach ($each in [System.Management.Automation.Language.StaticParameterBinder]::BindCommand($ast, $true).BoundParameters.GetEnumerator()) {
        if ($each.Value.Value) { $bound[$each.Value.Value] = $each.Key }
    }
    $text, $values = "& `$proxy", [System.Collections.Generic.List[object]]::new()
    foreach ($element in $ast.CommandElements | Select-Object -Skip 1) {
        if ($element -is [System.Management.Automation.Language.VariableExpressionAst] -and $element.Splatted) {
            if (-not ($table = Get-Splat $root $element)) {
                Add-Finding binding $element "$($element.Extent.Text) cannot be checked" "assign it once before, as one literal @{ … }"
                return
            }
            foreach ($pair in $table.KeyValuePairs) {
                $key = $pair.Item1.Extent.Text.Trim("'`"")
                $value = $pair.Item2.PipelineElements[0].Expression ?? $pair.Item2
                $text += " -${key}:$(Format-Argument $value $command.Parameters[$key] $values)"
                Test-FullName $pair.Item1 $key $command
            }
        } elseif ($element -is [System.Management.Automation.Language.CommandParameterAst]) {
            $text += " -$($element.ParameterName)"
            if ($element.Argument) { $text += ":$(Format-Argument $element.Argument $command.Parameters[$element.ParameterName] $values)" }
            Test-FullName $element $element.ParameterName $command
        } else {
            $text += " $(Format-Argument $element $(if ($bound[$element]) { $command.Parameters[$bound[$element]] }) $values)"
        }
    }
    $piped = $ast.Parent -is [System.Management.Automation.Language.PipelineAst] -and $ast.Parent.PipelineElements[0] -ne $ast
    Test-Binding $ast $command $text $values $piped
}

# PowerShell takes an alias or the beginning of a name; a reader looks for the name.
function Test-FullName($ast, $given, $command) {
    $full = $command.Parameters.Values | Where-Object { $_.Name -eq $given -or $given -in $_.Aliases -or $_.Name -like "$given*" }
    if ($full -and $given -notin $command.Parameters.Keys) {
        Add-Finding binding $ast "$($command.Name) -$given" "-$(@($full)[0].Name) (full names only)"
    }
}

function Test-Binding($ast, $command, $text, $values, $piped) {
    $proxy, $reason = (Get-Proxy $command), $null
    foreach ($object in @(if ($piped) { Get-PipelineInput $command } else { "" })) {
        try {
            if ($piped) { $text = $text -replace "^(\`$object \| )?", "`$object | " }
            . ([scriptblock]::Create($text)) | Out-Null
        } catch [Bound] {
            return
        } catch {
            $reason ??= $_
        }
    }
    $id = if ($reason) { "$($reason.FullyQualifiedErrorId)".Split(",")[0] } else { "InputObjectNotBound" }
    $wrong = if ($id -eq "NamedParameterNotFound") { $reason.Exception.ParameterName } else { "" }
    Add-Finding binding $ast "$($command.Name): $($reason.Exception.Message)" $id $wrong @($command.Parameters.Keys)
}

# What may come out of a pipeline: for each parameter that takes a whole object one of its type, else one with all the properties.
function Get-PipelineInput($command) {
    $properties = [ordered]@{}
    foreach ($parameter in $command.Parameters.Values) {
        $sets = $parameter.ParameterSets.Values
        if ($sets.ValueFromPipeline -contains $true) { New-Value $parameter }
        if ($sets.ValueFromPipelineByPropertyName -contains $true) { $properties[$parameter.Name] = New-Value $parameter }
    }
    [pscustomobject] $properties
}

# --- what PowerShell takes and a reader's shell suffers from: no rule of the language, so that it stays ours ---

function Test-Paste($root, $tokens) {
    foreach ($each in Find-Ast $root ([System.Management.Automation.Language.ExitStatementAst])) {
        Add-Finding paste $each "``exit`` ends the reader's shell, inside a block too" "throw"
    }
    foreach ($each in Find-Ast $root ([System.Management.Automation.Language.AssignmentStatementAst])) {
        $left = $each.Left.Extent.Text
        if ($left -match '^\$((global|script):)?(\w+Preference|PSDefaultParameterValues)$' -and ($Matches[2] -or -not (Test-OwnScope $each))) {
            Add-Finding paste $each "$left changes the reader's shell" "set it inside ``& { … }``"
        }
    }
    foreach ($each in $tokens | Where-Object Kind -EQ LineContinuation) {
        Add-Finding paste $each "a backtick continues the line" "one line, or splat @{ … }"
    }
    foreach ($each in Find-Ast $root ([System.Management.Automation.Language.CommandAst])) {
        if ($each.GetCommandName() -notin $unseeing) { continue }
        $given = $each.CommandElements.ParameterName
        if ("ErrorAction" -notin $given) {
            Add-Finding paste $each "$($each.GetCommandName()) does not see a block's `$ErrorActionPreference" "-ErrorAction Stop"
        }
        if ("DefaultProfile" -in $given) { Add-Finding paste $each "$($each.GetCommandName()) ignores -DefaultProfile" "Set-AzContext before it" }
    }
    Test-SignIn $root
}

function Get-Outer($ast) { while ($ast = $ast.Parent) { $ast } }

function Test-OwnScope($ast) {
    [bool] (Get-Outer $ast | Where-Object {
            $_ -is [System.Management.Automation.Language.FunctionDefinitionAst] -or
            ($_ -is [System.Management.Automation.Language.CommandAst] -and $_.InvocationOperator -eq "Ampersand") })
}

function Get-Act($ast) {
    Find-Ast $ast ([System.Management.Automation.Language.CommandAst])
    Find-Ast $ast ([System.Management.Automation.Language.InvokeMemberExpressionAst])
}

function Test-SignIn($root) {
    $statements = @($root.EndBlock.Statements | Where-Object { $_ -isnot [System.Management.Automation.Language.FunctionDefinitionAst] })
    foreach ($statement in $statements) {
        $later = $statements | Where-Object { $_.Extent.StartOffset -gt $statement.Extent.EndOffset }
        foreach ($command in Find-Ast $statement ([System.Management.Automation.Language.CommandAst])) {
            $name = $command.GetCommandName()
            if ($name -notin $signIn -and ($name -ne "az" -or "$($command.CommandElements[1])" -ne "login")) { continue }
            if ($later | Where-Object { Get-Act $_ }) {
                Add-Finding paste $command "$name apart from what follows" "all in one ``& { … }``"
            } elseif ((Test-ActsAfter $command.Parent $statement) -and ($cure = Get-Cure $command $statement)) {
                Add-Finding paste $command "what follows acts even if $name fails" $cure
            }
        }
    }
}

function Test-ActsAfter($ast, $statement) { [bool] (Get-Act $statement | Where-Object { $_.Extent.StartOffset -gt $ast.Extent.EndOffset }) }

# What stops a block when its sign-in fails, or nothing if it does stop.
function Get-Cure($command, $statement) {
    foreach ($try in Get-Outer $command | Where-Object { $_ -is [System.Management.Automation.Language.TryStatementAst] }) {
        $kept = $try.CatchClauses | Where-Object {
            -not (Find-Ast $_ ([System.Management.Automation.Language.ThrowStatementAst])) -and
            -not (Find-Ast $_ ([System.Management.Automation.Language.ReturnStatementAst])) }
        if ($kept -and (Test-ActsAfter $try $statement)) { return "throw in the catch block" }
    }
    if ($command.GetCommandName() -eq "az") {
        $beside = @($command.Parent.Parent.Statements)
        $next = $beside[$beside.IndexOf($command.Parent) + 1]
        if ("$next" -notlike '*$LASTEXITCODE*') { return "``if (`$LASTEXITCODE) { throw … }`` right after it" }
        return
    }
    $given = [regex]::Match($command.Extent.Text, '(?i)\s-ErrorAction[\s:]+["'']?(\w+)').Groups[1].Value
    if ($given) { return $(if ($given -ne "Stop") { "-ErrorAction Stop" }) }
    foreach ($each in Find-Ast $statement ([System.Management.Automation.Language.AssignmentStatementAst])) {
        $inside = $each.Parent.Extent.EndOffset -ge $command.Extent.EndOffset -and $each.Extent.EndOffset -lt $command.Extent.StartOffset
        if ($inside -and $each.Extent.Text -match '^\$ErrorActionPreference\s*=\s*["'']Stop["'']$') { return }
    }
    '$ErrorActionPreference = "Stop" before it, inside the block'
}

# --- Windows PowerShell 5.1 ---

function Test-WindowsPowerShell($root, $tokens, $own) {
    foreach ($each in Find-Ast $root ([System.Management.Automation.Language.Ast])) {
        $newer = switch ($each) {
            { $_ -is [System.Management.Automation.Language.TernaryExpressionAst] } { "a ? b : c" }
            { $_ -is [System.Management.Automation.Language.PipelineChainAst] } { "&& and ||" }
            { $_ -is [System.Management.Automation.Language.PipelineAst] -and $_.Background } { "a pipeline in the background" }
            { $_ -is [System.Management.Automation.Language.MemberExpressionAst] -and $_.NullConditional } { "?." }
            { $_ -is [System.Management.Automation.Language.IndexExpressionAst] -and $_.NullConditional } { "?[]" }
            { $_ -is [System.Management.Automation.Language.BinaryExpressionAst] -and $_.Operator -eq "QuestionQuestion" } { "??" }
            { $_ -is [System.Management.Automation.Language.AssignmentStatementAst] -and $_.Operator -eq "QuestionQuestionEquals" } { "??=" }
            { $_ -is [System.Management.Automation.Language.ScriptBlockAst] -and $_.CleanBlock } { "clean { }" }
        }
        if ($newer) { Add-Finding newer $each "$newer is not in Windows PowerShell 5.1" "what its language has, or say it on the page" }
    }
    foreach ($each in $tokens) {
        $newer = ($each.Kind -eq "Number" -and $each.Text -match "(?i)^0b|[ysun]$") -or ($each.Kind -like "StringExpandable" -and $each.Text -match '`e|`u\{')
        if ($newer) { Add-Finding newer $each "$($each.Text) is not in Windows PowerShell 5.1" "what its language has, or say it on the page" }
    }
    foreach ($each in Find-Ast $root ([System.Management.Automation.Language.CommandAst])) {
        $name = $each.GetCommandName()
        if (-not $name -or $name -in $own -or $name -like "*-Az*" -or $name -in $native) { continue }
        foreach ($given in @($each.CommandElements.ParameterName | Where-Object { $_ }) + "") {
            if ($given -and $given -in $old[""].Split(" ")) { continue }
            if (-not $old.Contains($name) -or ($given -and $given -notin $old[$name].Split(" "))) {
                Add-Finding newer $each "$("$name -$given".TrimEnd(" -")) is not known to be in Windows PowerShell 5.1" "look at its page in reference/5.1, then add it to WINDOWS_POWERSHELL, or say it on the page"
                break
            }
        }
    }
}

$known = @(Get-Command -CommandType Function, Cmdlet | Where-Object Name -Like "*-*" | ForEach-Object Name)
while ($null -ne ($line = [Console]::In.ReadLine())) {
    $findings, $tokens, $errors = [System.Collections.Generic.List[object]]::new(), $null, $null
    $asked = $line | ConvertFrom-Json
    $native = @($asked.native)
    $root = [System.Management.Automation.Language.Parser]::ParseInput($asked.text, [ref] $tokens, [ref] $errors)
    foreach ($each in $errors) { Add-Finding syntax $each $each.Message "repair the syntax" }
    if (-not $errors) {
        $own = @(Find-Ast $root ([System.Management.Automation.Language.FunctionDefinitionAst]) | ForEach-Object Name)
        try {
            foreach ($each in Find-Ast $root ([System.Management.Automation.Language.CommandAst])) { Test-Command $root $each $own }
            Test-Paste $root $tokens
            Test-WindowsPowerShell $root $tokens $own
        } catch {
            Add-Finding binding 1 "$_ $($_.ScriptStackTrace -split "`n" | Select-Object -First 1)" "mend tests/powershell/judge.ps1"
        }
    }
    [Console]::Out.WriteLine((ConvertTo-Json @($findings) -Depth 4 -Compress))
}
