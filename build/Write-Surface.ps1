#Requires -Version 7.6
<#
.SYNOPSIS
    Writes what scripts and programs can rely on: cmdlets with their parameters, and the public types with their members.
.DESCRIPTION
    docs/surface.txt is such a list, and a test compares the module with it, so that a break is a choice (docs/compatibility.md).
    Run in a process of its own, because it loads the module that was just built.
#>
[CmdletBinding()]
param(
    [Parameter(Mandatory)] [string] $Module,
    [Parameter(Mandatory)] [string] $Path
)

Set-StrictMode -Version 3
$ErrorActionPreference = 'Stop'
# Names are sorted, and dates written, in the same way on every machine.
[cultureinfo]::CurrentCulture = [cultureinfo]::InvariantCulture
Import-Module $Module
$common = [Management.Automation.Internal.CommonParameters].GetProperties().Name

# A type as C# writes it, without namespaces, which are always the same.
function Format-Type([type] $Type) {
    if ($Type.IsArray) {
        return "$(Format-Type $Type.GetElementType())[]"
    }

    if ($Type.IsGenericType) {
        $name = $Type.Name.Split('`')[0]
        $arguments = @($Type.GetGenericArguments() | ForEach-Object { Format-Type $_ }) -join ', '
        return $name -eq 'Nullable' ? "${arguments}?" : "$name<$arguments>"
    }

    $Type.Name
}

function Format-Parameter($Set, $Parameter) {
    $facts = @(
        if ($Parameter.IsMandatory) { 'mandatory' }
        if ($Parameter.Position -ge 0) { "position $($Parameter.Position)" }
        if ($Parameter.ValueFromPipeline) { 'pipeline' }
        if ($Parameter.ValueFromPipelineByPropertyName) { 'property' }
        if ($Parameter.Aliases) { "alias $(($Parameter.Aliases | Sort-Object) -join ' ')" }
        $Parameter.Attributes | Where-Object { $_ -is [ValidateSet] } | ForEach-Object { "one of $($_.ValidValues -join ' ')" }
    )
    "  $($Set.Name -eq '__AllParameterSets' ? '' : "$($Set.Name) ")-$($Parameter.Name) <$(Format-Type $Parameter.ParameterType)>$($facts ? " $($facts -join ', ')" : '')"
}

function Format-Cmdlet([Management.Automation.CmdletInfo] $Command) {
    $returns = @($Command.OutputType.Type | Where-Object { $_ } | ForEach-Object { Format-Type $_ } | Sort-Object -Unique)
    "cmdlet $($Command.Name)$($returns ? " -> $($returns -join ', ')" : '')$($Command.DefaultParameterSet ? " (default $($Command.DefaultParameterSet))" : '')"
    foreach ($set in $Command.ParameterSets | Sort-Object Name) {
        $set.Parameters | Where-Object Name -NotIn $common | Sort-Object Name | ForEach-Object { Format-Parameter $set $_ }
    }
}

function Format-Method($Method) {
    $parameters = @($Method.GetParameters() | ForEach-Object { "$(Format-Type $_.ParameterType) $($_.Name)$($_.IsOptional ? '?' : '')" }) -join ', '
    $name = $Method -is [Reflection.ConstructorInfo] ? 'new' : "$($Method.IsStatic ? 'static ' : '')$(Format-Type $Method.ReturnType) $($Method.Name)"
    "$name($parameters)"
}

function Format-PublicType([type] $Type) {
    $kind = $Type.IsEnum ? 'enum' : $Type.IsInterface ? 'interface' : $Type.IsValueType ? 'struct' : $Type.IsAbstract -and $Type.IsSealed ? 'static class' : $Type.IsAbstract ? 'abstract class' : 'class'
    $base = $Type.BaseType -and $Type.BaseType.Assembly -eq $Type.Assembly ? " : $(Format-Type $Type.BaseType)" : ''
    "$kind $($Type.FullName)$base"
    if ($Type.IsEnum) {
        return [enum]::GetValues($Type) | ForEach-Object { "  $_ = $([long] $_)" } | Sort-Object
    }

    $members = foreach ($member in $Type.GetMembers('Public, Instance, Static, DeclaredOnly')) {
        # What the compiler makes for every record is no promise of its own.
        if ($member.Name -match '^(<|op_|get_|set_|Equals$|GetHashCode$|ToString$|Deconstruct$)' -or $member.Name -match 'PrintMembers|EqualityContract') {
            continue
        }

        switch ($member.MemberType) {
            Property { "  $($member.GetMethod.IsStatic ? 'static ' : '')$(Format-Type $member.PropertyType) $($member.Name)$($member.CanWrite ? ' { init }' : '')" }
            Field { "  $($member.IsStatic ? 'static ' : '')$(Format-Type $member.FieldType) $($member.Name)" }
            { $_ -in 'Method', 'Constructor' } { "  $(Format-Method $member)" }
        }
    }
    $members | Sort-Object -Unique
}

$commands = @(Get-Command -Module BuildxPS -CommandType Cmdlet | Sort-Object Name)
$model = [BuildxPS.BuildxException].Assembly
$lines = @(
    $commands | ForEach-Object { Format-Cmdlet $_; '' }
    $model.GetExportedTypes() | Sort-Object FullName | ForEach-Object { Format-PublicType $_; '' }
)
Set-Content -LiteralPath $Path (($lines -join "`n").TrimEnd() + "`n") -NoNewline
