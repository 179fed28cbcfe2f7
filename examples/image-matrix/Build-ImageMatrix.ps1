#Requires -Version 7.6
#Requires -Modules BuildxPS

<#
.SYNOPSIS
    Builds all folders for all versions and platforms, some at the same time, and names what was built.
.DESCRIPTION
    Makes an object for each folder and version, with the folder, the tag (FOLDER-VERSION) and the build argument, and pipes all
    into one Invoke-BuildxBuild, which pushes the images.
.PARAMETER Registry
    The registry: host and port.
.PARAMETER Repository
    The repository in it that takes all images.
.PARAMETER Version
    The versions; each is the build argument VERSION.
.PARAMETER Platform
    The platforms that each image is for.
.PARAMETER Path
    The folder whose folders are built.
.PARAMETER ThrottleLimit
    How many builds run at the same time.
.PARAMETER Builder
    The builder. Without it the current one.
.EXAMPLE
    ./Build-ImageMatrix.ps1 -Registry registry.local:5000 -Version 1, 2 | Format-Table

    Six images, each for two platforms.
.OUTPUTS
    An object for each image: Image, Platforms, Digest, Steps, Cached and Took.
#>
[CmdletBinding()]
param(
    [ValidateNotNullOrEmpty()]
    [string] $Registry = 'registry.local:5000',

    [ValidateNotNullOrEmpty()]
    [string] $Repository = 'matrix',

    [ValidateNotNullOrEmpty()]
    [string[]] $Version = @('1', '2'),

    [ValidateNotNullOrEmpty()]
    [string[]] $Platform = @('linux/amd64', 'linux/arm64'),

    [ValidateNotNullOrEmpty()]
    [string] $Path = (Join-Path -Path $PSScriptRoot -ChildPath 'images'),

    [ValidateRange(1, 64)]
    [int] $ThrottleLimit = 4,

    [string] $Builder
)

Set-StrictMode -Version 3
$ErrorActionPreference = 'Stop'

$engine = $Builder ? @{ Builder = $Builder } : @{}
$name = "$Registry/$Repository"
$folders = @(Get-ChildItem -LiteralPath $Path -Directory | Sort-Object -Property Name)

# Each object is a build, and its properties are parameters of it; those on the command line hold for all.
$matrix = foreach ($one in $Version) {
    foreach ($folder in $folders) {
        [pscustomobject]@{
            Path     = $folder.FullName
            Tag      = "${name}:$($folder.Name)-$one"
            BuildArg = @{ VERSION = $one }
        }
    }
}

# Results come in the order of the matrix, however the builds end.
$matrix | Invoke-BuildxBuild -Platform $Platform -Push -ThrottleLimit $ThrottleLimit @engine | ForEach-Object {
    [pscustomobject]@{
        Image     = $_.Images[0]
        Platforms = "$($_.Platforms)"
        Digest    = $_.Digest
        Steps     = $_.Steps.Count
        Cached    = $_.CachedSteps
        Took      = $_.Duration
    }
}
