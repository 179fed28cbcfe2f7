#Requires -Version 7.6
#Requires -Modules BuildxPS

<#
.SYNOPSIS
    Compiles a program for several platforms on the builder's own one.
.DESCRIPTION
    Builds the stage "program" of the Dockerfile beside this script for each platform into a folder of its own, and looks at what
    was written. With -Tag the stage "image" is pushed, too.
.PARAMETER Platform
    The platforms: linux/amd64, linux/arm64 and linux/riscv64 are those that the example's compiler knows.
.PARAMETER Destination
    The folder that takes the programs: of several platforms, each has a folder in it.
.PARAMETER Tag
    A name with a registry; without it nothing is pushed.
.PARAMETER Builder
    The builder. Without it the current one.
.PARAMETER DockerHost
    The docker daemon to build on, where no builder is named.
.EXAMPLE
    ./Build-Program.ps1 -Destination ./out

    Writes ./out/linux_amd64/hello, ./out/linux_arm64/hello and ./out/linux_riscv64/hello.
.OUTPUTS
    An object for each platform: Platform, Processor, Size and Path.
#>
[CmdletBinding()]
param(
    [ValidateNotNullOrEmpty()]
    [string[]] $Platform = @('linux/amd64', 'linux/arm64', 'linux/riscv64'),

    [ValidateNotNullOrEmpty()]
    [string] $Destination = (Join-Path -Path ([IO.Path]::GetTempPath()) -ChildPath 'buildxps-cross-compilation'),

    [string] $Tag,

    [string] $Builder,

    [string] $DockerHost
)

Set-StrictMode -Version 3
$ErrorActionPreference = 'Stop'

# What the file's header calls its machine.
$processors = @{ 62 = 'x86-64'; 183 = 'AArch64'; 243 = 'RISC-V' }

$engine = $Builder ? @{ Builder = $Builder } : $DockerHost ? @{ DockerHost = $DockerHost } : @{}
$output = @{ Type = 'local'; Dest = $Destination }
$result = Invoke-BuildxBuild -Path $PSScriptRoot -Target program -Platform $Platform -Output $output @engine

foreach ($built in $result.Platforms) {
    # Each of several platforms has a folder; a single one has none.
    $folder = $result.Platforms.Count -gt 1 ? (Join-Path -Path $Destination -ChildPath ("$built" -replace '/', '_')) : $Destination
    $path = Join-Path -Path $folder -ChildPath 'hello'
    $header = Get-Content -LiteralPath $path -AsByteStream -TotalCount 20
    [pscustomobject]@{
        Platform  = $built
        Processor = $processors[$header[18] + 256 * $header[19]]
        Size      = (Get-Item -LiteralPath $path).Length
        Path      = $path
    }
}

if ($Tag) {
    # The compiler does not run again: its steps are in the cache.
    $null = Invoke-BuildxBuild -Path $PSScriptRoot -Target image -Platform $Platform -Tag $Tag -Push @engine
}
