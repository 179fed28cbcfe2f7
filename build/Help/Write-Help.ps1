#Requires -Version 7.6
<#
.SYNOPSIS
    Writes the module's help: its cmdlets' as MAML, and the topics about it.
.DESCRIPTION
    Run in a process of its own, because it loads the module that was just built. Pages that do not describe what the module has are
    an error, and so is a page whose syntax or facts are those of an older module, unless -Update writes them anew.
#>
[CmdletBinding()]
param(
    [Parameter(Mandatory)] [string] $Module,

    # The folder with the pages, docs/cmdlets.
    [Parameter(Mandatory)] [string] $Pages,

    # The folder with the topics, en-US.
    [Parameter(Mandatory)] [string] $Topics,

    # Where the help goes: the module's folder en-US.
    [Parameter(Mandatory)] [string] $Destination,

    # Writes what the module says of its cmdlets into the pages.
    [switch] $Update
)

Set-StrictMode -Version 3
$ErrorActionPreference = 'Stop'
# Names are sorted, and dates written, in the same way on every machine.
[cultureinfo]::CurrentCulture = [cultureinfo]::InvariantCulture
. (Join-Path $PSScriptRoot Pages.ps1)
. (Join-Path $PSScriptRoot Maml.ps1)
. (Join-Path $PSScriptRoot Troubleshooting.ps1)

Import-Module $Module
$cmdlets = @(Get-Command -Module BuildxPS -CommandType Cmdlet | Sort-Object Name | ForEach-Object { Read-Cmdlet $_ })
$faults = @()
$read = @{}
foreach ($cmdlet in $cmdlets) {
    $path = Join-Path $Pages "$($cmdlet.Name).md"
    if (-not (Test-Path -LiteralPath $path)) {
        $faults += "$($cmdlet.Name).md is missing"
        continue
    }

    $page = Read-HelpPage $path
    $read[$cmdlet.Name] = $page
    $wrong = @(Find-PageFault $page $cmdlet)
    $faults += @($wrong | ForEach-Object { "$($cmdlet.Name).md $_" })
    if ($wrong) {
        continue
    }

    $text = Format-HelpPage $page $cmdlet
    if ($text -cne (Get-Content -Raw -LiteralPath $path)) {
        if ($Update) {
            Set-Content -LiteralPath $path $text -NoNewline
        }
        else {
            $faults += "$($cmdlet.Name).md is not as the module is now; ./build.ps1 Help writes it"
        }
    }
}

$faults += @(Get-ChildItem $Pages -Filter *.md | Where-Object BaseName -NotIn $cmdlets.Name | ForEach-Object { "$($_.Name) is about no cmdlet" })
if ($faults) {
    $faults | ForEach-Object { Write-Host "docs/cmdlets/$_" -ForegroundColor Red }
    exit 1
}

Remove-Item -LiteralPath $Destination -Recurse -Force -ErrorAction Ignore
$null = New-Item $Destination -ItemType Directory
Write-Maml (Join-Path $Destination BuildxPS.dll-Help.xml) $cmdlets $read
foreach ($topic in Get-ChildItem $Topics -Filter about_*.help.txt) {
    $text = Get-Content -Raw -LiteralPath $topic.FullName
    Set-Content -LiteralPath (Join-Path $Destination $topic.Name) ($topic.BaseName -match 'Troubleshooting' ? (Format-Troubleshooting $text) : $text) -NoNewline
}
