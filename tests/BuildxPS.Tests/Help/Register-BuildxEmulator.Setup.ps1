# As on a machine with Debian's package qemu-user-static, whose emulators for s390x and ppc64le are not registered yet.
. (Join-Path $PSScriptRoot .. EmulatorTests.ps1)
$registered = Get-EmulatorRegistration
$pathBefore = $env:PATH
$env:PATH = "$($env:PATH):$(Get-EmulatorFolder)"
Unregister-BuildxEmulator -Name qemu-s390x, qemu-ppc64le
