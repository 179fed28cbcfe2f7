#Requires -Version 7.6

<#
.SYNOPSIS
    A first build, and what there is to see of it.
.DESCRIPTION
    Builds the stage "files" of the Dockerfile beside this script into a folder, twice. Gives the builder, the result of the first
    build, and a summary: the second build comes from the cache.
.PARAMETER DockerHost
    The docker daemon to build on, for example ssh://me@build.local. Without it docker's own settings decide.
.PARAMETER OutputFolder
    The folder that takes the files. What is there already stays, unless the build has a file of the same name.
.EXAMPLE
    ./Start-FirstSession.ps1

    Builds on the docker daemon of this machine.
.OUTPUTS
    BuildxPS.Builder, BuildxPS.BuildResult and one summary.
#>
[CmdletBinding()]
param(
    [string] $DockerHost,

    [ValidateNotNullOrEmpty()]
    [string] $OutputFolder = (Join-Path -Path ([IO.Path]::GetTempPath()) -ChildPath 'buildxps-first-session')
)

Set-StrictMode -Version 3
$ErrorActionPreference = 'Stop'

Import-Module -Name BuildxPS

# Where the builds will run. Every cmdlet takes -DockerHost; without it -Current means what a build would use.
$engine = $DockerHost ? @{ DockerHost = $DockerHost } : @{}
$current = $DockerHost ? $engine : @{ Current = $true }
$builder = Get-BuildxBuilder @current
$builder

# A build is one command, and gives one object.
$build = @{
    Path     = $PSScriptRoot
    Target   = 'files'
    BuildArg = @{ GREETING = 'Good day'; BUILT_BY = 'PowerShell' }
    Output   = @{ Type = 'local'; Dest = $OutputFolder }
}
$first = Invoke-BuildxBuild @build @engine
$first

# The same again: the engine has done it before.
$second = Invoke-BuildxBuild @build @engine

$instructions = $first.Steps | Where-Object -Property Name -Match '^\[build \d'
[pscustomobject]@{
    BuildKit     = $builder.Nodes[0].BuildKitVersion
    Instructions = @($instructions).Count
    Slowest      = ($first.Steps | Sort-Object -Property Duration -Descending | Select-Object -First 1).Name
    FirstTook    = $first.Duration
    SecondTook   = $second.Duration
    SecondCached = $second.CachedSteps
    Files        = (Get-ChildItem -Path $OutputFolder -File).Name
    Greeting     = Get-Content -Path (Join-Path -Path $OutputFolder -ChildPath 'greeting.txt') -TotalCount 1
}
