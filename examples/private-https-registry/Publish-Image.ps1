#Requires -Version 7.6
#Requires -Modules BuildxPS

<#
.SYNOPSIS
    Builds an image and pushes it to a registry with a certificate of your own authority and a login.
.DESCRIPTION
    Logs in, makes a builder that trusts the authority where it is not there yet, builds the Dockerfile beside this script for some
    platforms, pushes the image, reads it back from the registry, and logs out.
.PARAMETER Registry
    The registry: host and port.
.PARAMETER CaFile
    The PEM file with the authority that signed the registry's certificate.
.PARAMETER Credential
    The user and the password, or an access token in its place.
.PARAMETER Repository
    The image's name in the registry.
.PARAMETER Version
    The image's tag, and what its page shows.
.PARAMETER Platform
    The platforms that the image is for.
.PARAMETER UseFile
    Keeps the login unencrypted in docker's config.json where no credential helper is configured.
.PARAMETER KeepLogin
    Leaves the login where it is kept, for docker and for the next time.
.PARAMETER Builder
    The builder's name. One that is there already is used, and gets the authority where it has another one.
.PARAMETER BuilderSetting
    Further parameters of New-BuildxBuilder for a new builder: DockerHost, DriverOption, RegistryMirror, ...
.EXAMPLE
    ./Publish-Image.ps1 -Registry registry.local:5000 -CaFile ./ca.pem -Credential (Get-Credential)

    Pushes registry.local:5000/examples/page:1 for two platforms.
.OUTPUTS
    BuildxPS.ImageIndex, as the registry has it.
#>
[CmdletBinding()]
param(
    [ValidateNotNullOrEmpty()]
    [string] $Registry = 'registry.local:5000',

    [ValidateNotNullOrEmpty()]
    [string] $CaFile = './ca.pem',

    [Parameter(Mandatory)]
    [pscredential] $Credential,

    [ValidateNotNullOrEmpty()]
    [string] $Repository = 'examples/page',

    [ValidateNotNullOrEmpty()]
    [string] $Version = '1',

    [string[]] $Platform = @('linux/amd64', 'linux/arm64'),

    [switch] $UseFile,

    [switch] $KeepLogin,

    [ValidateNotNullOrEmpty()]
    [string] $Builder = 'https-registry',

    [hashtable] $BuilderSetting = @{}
)

Set-StrictMode -Version 3
$ErrorActionPreference = 'Stop'

# First what can be wrong: a file that is missing, an authority that did not sign, a wrong password.
$authority = Get-Item -LiteralPath $CaFile
$login = Connect-BuildxRegistry -Registry $Registry -Credential $Credential -RegistryCa $authority -UseFile:$UseFile

try {
    if (Get-BuildxBuilder -Name $Builder -ErrorAction Ignore) {
        $null = Set-BuildxBuilder -Name $Builder -RegistryCa @{ $Registry = $authority }
    }
    else {
        $null = New-BuildxBuilder -Name $Builder -RegistryCa @{ $Registry = $authority } @BuilderSetting
    }

    $build = @{
        Path     = $PSScriptRoot
        Builder  = $Builder
        Platform = $Platform
        BuildArg = @{ VERSION = $Version }
        Tag      = "$Registry/${Repository}:$Version"
        Push     = $true
    }

    # What the builder trusts is trusted when its image is read, and the login is docker's.
    Invoke-BuildxBuild @build | Get-BuildxImageManifest
}
finally {
    if (-not $KeepLogin) {
        $null = $login | Disconnect-BuildxRegistry
    }
}
