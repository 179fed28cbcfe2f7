#Requires -Version 7.6
#Requires -Modules BuildxPS

<#
.SYNOPSIS
    Builds one image on several machines, each platform on its own.
.DESCRIPTION
    Makes a builder with a node for each platform where it is not there yet, builds the Dockerfile beside this script on all of
    them, and pushes one index.
.PARAMETER Node
    A hashtable for each node, with its Platform and further parameters of New-BuildxBuilder: DockerHost, DriverOption, ...
.PARAMETER Tag
    The image's name, with its registry.
.PARAMETER Builder
    The builder's name. One that is there already is used as it is.
.EXAMPLE
    ./Build-OnNativeNodes.ps1 -Tag registry.local:5000/examples/machine:1

    Builds for amd64 here, and for arm64 on arm64.local over ssh.
.OUTPUTS
    An object for each platform: Platform, Node, Endpoint, Reason, Digest, Steps and Took.
#>
[CmdletBinding()]
param(
    [ValidateNotNullOrEmpty()]
    [hashtable[]] $Node = @(
        @{ Platform = 'linux/amd64' }
        @{ Platform = 'linux/arm64'; DockerHost = 'ssh://builder@arm64.local' }
    ),

    [ValidateNotNullOrEmpty()]
    [string] $Tag = 'registry.local:5000/examples/machine:1',

    [ValidateNotNullOrEmpty()]
    [string] $Builder = 'native'
)

Set-StrictMode -Version 3
$ErrorActionPreference = 'Stop'

if (-not (Get-BuildxBuilder -Name $Builder -ErrorAction Ignore)) {
    $first, $others = $Node
    $null = New-BuildxBuilder -Name $Builder @first
    foreach ($settings in $others) {
        $null = Add-BuildxNode -Builder $Builder @settings
    }
}

$platforms = $Node | ForEach-Object { $_.Platform }
$result = Invoke-BuildxBuild -Path $PSScriptRoot -Builder $Builder -Platform $platforms -Tag $Tag -Push
$endpoints = @{}
(Get-BuildxBuilder -Name $Builder).Nodes | ForEach-Object { $endpoints[$_.Name] = $_.Endpoint }

foreach ($image in $result.PlatformImages) {
    $plan = $result.Nodes | Where-Object { $image.Platform -in $_.Platforms }
    $steps = @($result.Steps | Where-Object -Property Node -EQ $plan.Node)
    [pscustomobject]@{
        Platform = $image.Platform
        Node     = $plan.Node
        Endpoint = $endpoints[$plan.Node]
        Reason   = $plan.Reason
        Digest   = $image.Digest
        Steps    = $steps.Count
        Took     = [timespan]::FromTicks(($steps.Duration | Measure-Object -Property Ticks -Sum).Sum)
    }
}
