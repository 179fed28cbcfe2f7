#Requires -Version 7.6
#Requires -Modules BuildxPS

<#
.SYNOPSIS
    Builds an image and pushes it to a registry that speaks plain http.
.DESCRIPTION
    Makes the builder where it is not there yet, builds the Dockerfile beside this script for some platforms, pushes the image, and
    reads it back from the registry.
.PARAMETER Registry
    The registry: host and port.
.PARAMETER Repository
    The image's name in the registry.
.PARAMETER Version
    The image's tag, and what its page shows.
.PARAMETER Platform
    The platforms that the image is for.
.PARAMETER Builder
    The builder's name. One that is there already is used as it is.
.PARAMETER BuilderSetting
    Further parameters of New-BuildxBuilder for a new builder: DockerHost, DriverOption, RegistryMirror, ...
.EXAMPLE
    ./Publish-Image.ps1 -Registry registry.local:5000 -Version 1.4

    Pushes registry.local:5000/examples/page:1.4 for two platforms.
.OUTPUTS
    BuildxPS.ImageIndex, as the registry has it.
#>
[CmdletBinding()]
param(
    [ValidateNotNullOrEmpty()]
    [string] $Registry = 'registry.local:5000',

    [ValidateNotNullOrEmpty()]
    [string] $Repository = 'examples/page',

    [ValidateNotNullOrEmpty()]
    [string] $Version = '1',

    [string[]] $Platform = @('linux/amd64', 'linux/arm64'),

    [ValidateNotNullOrEmpty()]
    [string] $Builder = 'http-registry',

    [hashtable] $BuilderSetting = @{}
)

Set-StrictMode -Version 3
$ErrorActionPreference = 'Stop'

if (-not (Get-BuildxBuilder -Name $Builder -ErrorAction Ignore)) {
    $null = New-BuildxBuilder -Name $Builder -InsecureRegistry $Registry @BuilderSetting
}

$build = @{
    Path     = $PSScriptRoot
    Builder  = $Builder
    Platform = $Platform
    BuildArg = @{ VERSION = $Version }
    Tag      = "$Registry/${Repository}:$Version"
    Push     = $true
}

# The result knows its builder, and with it that this registry is asked over plain http.
Invoke-BuildxBuild @build | Get-BuildxImageManifest
