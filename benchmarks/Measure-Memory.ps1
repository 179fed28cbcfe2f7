# How many bytes a build adds to this process's resident memory at its highest. Linux: /proc tells, and can be reset.
param(
    [Parameter(Mandatory)] [string] $Module,

    # A small context, built first: what loads once is not the build's.
    [Parameter(Mandatory)] [string] $Small,

    [Parameter(Mandatory)] [string] $Context
)

Set-StrictMode -Version 3
$ErrorActionPreference = 'Stop'

function Read-Status([string] $Name) {
    $line = Get-Content /proc/self/status | Where-Object { $_ -like "${Name}:*" }
    [long]($line -replace '\D') * 1KB
}

Import-Module $Module
$null = Invoke-BuildxBuild $Small -Progress Plain 6>$null
[GC]::Collect()
$before = Read-Status VmRSS
# 5 resets the highest resident size.
[IO.File]::WriteAllText('/proc/self/clear_refs', '5')
$null = Invoke-BuildxBuild $Context -Progress Plain 6>$null
(Read-Status VmHWM) - $before
