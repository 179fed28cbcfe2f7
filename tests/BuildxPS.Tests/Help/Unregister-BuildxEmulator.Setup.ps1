# As on a machine with Debian's package qemu-user-static.
. (Join-Path $PSScriptRoot .. EmulatorTests.ps1)
$registered = Get-EmulatorRegistration
$pathBefore = $env:PATH
$env:PATH = "$($env:PATH):$(Get-EmulatorFolder)"
