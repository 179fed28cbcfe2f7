<#
.SYNOPSIS
    Runs the examples of a cmdlet's help page, one after the other in this session, and writes what came of them as JSON.
.DESCRIPTION
    Started in a process of its own, in a copy of the folder Sandbox. What a page takes for granted is made by the cmdlet's Setup script;
    addresses that readers put their own in place of are replaced by those of the test engines.
#>
[CmdletBinding()]
param(
    [Parameter(Mandatory)] [string] $Cmdlet,
    [Parameter(Mandatory)] [string] $Module,
    [Parameter(Mandatory)] [string] $Pages,
    [Parameter(Mandatory)] [string] $Folder,
    [Parameter(Mandatory)] [string] $Report
)

$ErrorActionPreference = 'Stop'
. (Join-Path $PSScriptRoot .. TestEngines.ps1)
. (Join-Path $PSScriptRoot .. .. .. build Help Pages.ps1)

$setup = Get-TestSetup
# Examples share this scope, and have variables of their own: what must outlast them is here.
$helpRun = @{ Cmdlet = $Cmdlet; Folder = $Folder; Report = $Report; Addresses = [ordered]@{}; Results = [Collections.Generic.List[object]]::new() }
$sandbox = Join-Path $Folder work
Copy-Item (Join-Path $PSScriptRoot Sandbox) $sandbox -Recurse
Set-Location $sandbox
$null = Enter-TestSurroundings (Join-Path $Folder home)
$env:DOCKER_HOST = $setup.engines.d28.host
$PSStyle.OutputRendering = 'PlainText'
# Builders in containers find `FROM alpine` where the engines of the tests find it.
$null = New-Item $env:BUILDX_CONFIG -ItemType Directory
$null = New-TestConfig (Join-Path $env:BUILDX_CONFIG buildkitd.default.toml)
Copy-Item $setup.certificates.ca ca.pem
Copy-Item $setup.certificates.clientCertificate cert.pem
Copy-Item $setup.certificates.clientKey key.pem

# ssh asks nobody here: it has the key, and knows the host.
$null = New-Item (Join-Path $Folder bin) -ItemType Directory
$ssh = Join-Path $Folder bin ssh
Set-Content $ssh @"
#!/bin/sh
exec $((Get-Command ssh -CommandType Application -ErrorAction Ignore | Select-Object -First 1).Source) -i '$($setup.ssh.identity)' -o UserKnownHostsFile='$($setup.ssh.knownHosts)' "`$@"
"@
[IO.File]::SetUnixFileMode($ssh, 'UserRead,UserWrite,UserExecute')
$env:PATH = "$(Join-Path $Folder bin):$env:PATH"

$helpRun.Addresses = [ordered]@{
    'registry.local:5000'                  = $setup.registries.plain
    'secure.local:5443'                    = $setup.registries.https
    'tokens.local:5001'                    = $setup.registries.token
    'ssh://me@arm.local'                   = $setup.engines.d28.ssh
    'tcp://build.local:1234'               = $setup.engines.bkd.tcp
    'unix:///run/buildkit/buildkitd.sock'  = $setup.engines.bkd.host
}

Import-Module $Module
# Engines of a busy machine may take longer to answer than a list waits for.
$PSDefaultParameterValues['Get-BuildxBuilder:TimeoutSec'] = 60
$page = Read-HelpPage (Join-Path $Pages "$Cmdlet.md")
try {
    $prepare = Join-Path $PSScriptRoot "$Cmdlet.Setup.ps1"
    if (Test-Path $prepare) {
        . $prepare
    }

    $helpRun.Open = [Collections.Generic.Queue[object]]::new([object[]] $page.Examples)
    while ($helpRun.Open.Count) {
        $helpRun.Example = $helpRun.Open.Dequeue()
        $helpRun.Code = $helpRun.Example.Code
        foreach ($address in $helpRun.Addresses.Keys) {
            $helpRun.Code = $helpRun.Code.Replace($address, $helpRun.Addresses[$address])
        }

        # As at a prompt: an error that a cmdlet goes on after does not end the example, and is told.
        $ErrorActionPreference = 'Continue'
        $helpRun.Printed = ''
        $helpRun.Errors = @()
        try {
            $helpRun.Printed = . ([scriptblock]::Create($helpRun.Code)) 2>&1 | ForEach-Object {
                if ($_ -is [Management.Automation.ErrorRecord]) {
                    $helpRun.Errors += "$($_.FullyQualifiedErrorId): $_"
                }
                else {
                    $_
                }
            } | Out-String -Width 160
        }
        catch {
            $helpRun.Errors += "$($_.FullyQualifiedErrorId): $_"
        }

        $ErrorActionPreference = 'Stop'
        # Pages show the addresses that they name.
        foreach ($address in $helpRun.Addresses.Keys) {
            $helpRun.Printed = $helpRun.Printed.Replace($helpRun.Addresses[$address], $address)
        }

        $helpRun.Results.Add([pscustomobject]@{ Title = $helpRun.Example.Title; Printed = $helpRun.Printed; Errors = $helpRun.Errors })
    }
}
finally {
    ConvertTo-Json @($helpRun.Results) -Depth 4 | Set-Content $helpRun.Report
    Set-Location $helpRun.Folder
    $env:DOCKER_HOST = $setup.engines.d28.host
    Get-BuildxBuilder -ErrorAction Ignore | Where-Object { -not $_.IsDynamic -and $_.Driver -ne 'docker' } | Remove-BuildxBuilder -Confirm:$false -ErrorAction Continue
    $clean = Join-Path $PSScriptRoot "$($helpRun.Cmdlet).Teardown.ps1"
    if (Test-Path $clean) {
        . $clean
    }
}
