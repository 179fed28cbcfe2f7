<#
.SYNOPSIS
    Measures commands of the module side by side with docker buildx on the same engine, and holds them to their budgets.
.DESCRIPTION
    Prints `row | ours | buildx | ratio | budget | ok or over` for each budget of a row and ends with 1 when one is over.
    The module's commands run in a PowerShell that has the module loaded, one for each row; docker buildx is started anew
    each time, as its users start it. See README.md.
.EXAMPLE
    ./build.ps1 Bench -Row 'cached build' -Runs 5
#>
[CmdletBinding()]
param(
    # The built module's manifest.
    [Parameter(Mandatory)] [string] $Module,

    # The file that describes the test engines (BUILDXPS_TEST_ENGINES).
    [Parameter(Mandatory)] [string] $Engines,

    # Where trees and exports lie while measuring; it is made and removed.
    [Parameter(Mandatory)] [string] $Work,

    # Which of the engines.
    [string] $Engine = 'd28',

    # Only rows with this in their name.
    [string] $Row,

    # How often each side of a row runs; by default as often as the row says.
    [ValidateRange(0, 1000)] [int] $Runs
)

Set-StrictMode -Version 3
$ErrorActionPreference = 'Stop'
$ProgressPreference = 'SilentlyContinue'

. (Join-Path $PSScriptRoot WorkFolder.ps1)
. (Join-Path $PSScriptRoot Client.ps1)
. (Join-Path $PSScriptRoot Trees.ps1)
. (Join-Path $PSScriptRoot Registries.ps1)
. (Join-Path $PSScriptRoot CompiledPowerShell.ps1)
. (Join-Path $PSScriptRoot Measure.ps1)
. (Join-Path $PSScriptRoot Interrupt.ps1)
. (Join-Path $PSScriptRoot Table.ps1)

$description = Get-Content -Raw $Engines | ConvertFrom-Json
$Module = (Resolve-Path -LiteralPath $Module).Path
$powershell = Get-CompiledPowerShell
$lines = 0
$over = 0
Open-WorkFolder $Work
try {
    Use-Client $description $Engine
    New-SmallContext (Join-Path $Work small)
    Write-Host "Engine $Engine at $env:DOCKER_HOST; files on $(Get-FileSystem $Work); $([Environment]::ProcessorCount) processors"
    Write-Host (Get-BuildxVersionLine)
    Write-Host "`nrow | ours | buildx | ratio | budget | ok or over"
    foreach ($file in Get-ChildItem (Join-Path $PSScriptRoot rows) -Filter *.ps1 | Sort-Object Name) {
        # A row is measured while its file stands at it, so that its blocks see the file's variables.
        . $file.FullName | Where-Object { -not $Row -or $_.Name -like "*$Row*" } | ForEach-Object {
            $definition = $_
            foreach ($line in New-RowResults $definition (Measure-Row $definition)) {
                $lines++
                $over += $line.IsOver
                Write-Row $line
            }
        }
    }
}
finally {
    Close-WorkFolder $Work
}

if ($lines -eq 0) {
    throw "No row has '$Row' in its name."
}

Write-Details
Write-Host "`n$lines budgets, $over over"
exit ($over -gt 0 ? 1 : 0)
