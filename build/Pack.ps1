# The module as it is handed on: a folder named by its version, as PowerShell installs modules, and a package of it.

. (Join-Path $PSScriptRoot Package Components.ps1)
. (Join-Path $PSScriptRoot Package Sbom.ps1)
. (Join-Path $PSScriptRoot Package NuGet.ps1)

# Lays out what was built last, and returns the folder. The address of the project is not known to the source: who publishes gives it.
function New-ModulePack([string] $ProjectUri) {
    if ($ProjectUri -and (-not [uri]::IsWellFormedUriString($ProjectUri, 'Absolute') -or ([uri] $ProjectUri).Scheme -ne 'https' -or $ProjectUri -match "['\u2018-\u201b]")) {
        throw "-ProjectUri '$ProjectUri' is no https address."
    }

    $pack = Join-Path $out pack
    Remove-Item $pack -Recurse -Force -ErrorAction Ignore
    $manifest = Import-PowerShellDataFile $module
    $version = $manifest.ModuleVersion
    $folder = Join-Path $pack BuildxPS $version
    $null = New-Item (Split-Path $folder) -ItemType Directory
    Copy-Item (Split-Path $module) $folder -Recurse
    Copy-Item (Join-Path $root LICENSE), (Join-Path $root CHANGELOG.md), (Join-Path $root docs images icon.png) $folder
    if ($ProjectUri) {
        Add-ProjectUri (Join-Path $folder BuildxPS.psd1) $ProjectUri
    }

    $components = @(Get-ShippedComponent)
    Set-Text (Join-Path $folder THIRD-PARTY-NOTICES.txt) ((Format-Notices $components) -join "`n")
    Set-Text (Join-Path $folder BuildxPS.spdx.json) ((Format-Sbom $folder $version $components) -join "`n")
    New-NuGetPackage $folder (Join-Path $pack "BuildxPS.$version.nupkg") $manifest $ProjectUri
    $folder
}

# The files below a folder, by names that are the same on every system, in an order that is.
function Get-PackedFile([string] $Folder) {
    $names = [string[]]@(Get-ChildItem $Folder -Recurse -File -Force | ForEach-Object { [IO.Path]::GetRelativePath($Folder, $_.FullName).Replace('\', '/') })
    [Array]::Sort($names, [StringComparer]::Ordinal)
    $names
}

function Set-Text([string] $Path, [string] $Text) { [IO.File]::WriteAllText($Path, $Text.Replace("`r", '').TrimEnd() + "`n") }

function Add-ProjectUri([string] $Path, [string] $ProjectUri) {
    $line = "            ProjectUri   = '$ProjectUri'"
    Set-Text $Path ([regex]::Replace((Get-Content -Raw $Path), '(?m)^ +LicenseUri .*$', { "$($args[0].Value)`n$line" }))
}
