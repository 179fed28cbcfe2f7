<#
.SYNOPSIS
    A first session with BuildxPS, each line printed before it runs.
.PARAMETER Module
    The module to import: a folder or a manifest.
.PARAMETER DockerHost
    The docker daemon to build on, for example unix:///var/run/docker.sock; without it docker's own settings decide.
.PARAMETER Registry
    A registry that takes the image, for example 127.0.0.1:5000; without one it goes into an OCI archive.
.PARAMETER ConfigFile
    A buildkitd.toml for the builder, which tells it how to reach the registry.
#>
[CmdletBinding()]
param(
    [Parameter(Mandatory)] [string] $Module,
    [string] $DockerHost,
    [string] $Registry,
    [string] $ConfigFile
)

$ErrorActionPreference = 'Stop'
$Module = (Resolve-Path $Module).Path
$work = Join-Path ([IO.Path]::GetTempPath()) "buildxps-demo-$PID"

function Step([string] $Why, [string] $Line) {
    Write-Host "`n# $Why" -ForegroundColor DarkGray
    Write-Host "PS> $Line" -ForegroundColor Cyan
    . ([scriptblock]::Create($Line)) | Out-Host
}

# Runs an image in the daemon through the Docker API: that is no work of this module.
function Start-DemoImage([string] $Image) {
    $api = @{ UnixSocket = $env:DOCKER_HOST -replace '^unix://' }
    $json = @{ ContentType = 'application/json'; Method = 'Post' }
    $container = Invoke-RestMethod @api @json http://docker/containers/create -Body (@{ Image = $Image; Tty = $true } | ConvertTo-Json)
    try {
        $null = Invoke-RestMethod @api -Method Post "http://docker/containers/$($container.Id)/start"
        $null = Invoke-RestMethod @api -Method Post "http://docker/containers/$($container.Id)/wait"
        Invoke-RestMethod @api "http://docker/containers/$($container.Id)/logs?stdout=1"
    }
    finally {
        $null = Invoke-RestMethod @api -Method Delete "http://docker/containers/$($container.Id)?force=1"
    }
}

try {
    New-Item -ItemType Directory -Path $work | Out-Null
    Copy-Item -Path (Join-Path $PSScriptRoot 'multi-platform'), (Join-Path $PSScriptRoot 'first-session') -Destination $work -Recurse -Force
    Set-Location (Join-Path $work 'multi-platform')

    . Step 'Load the module.' "Import-Module '$Module'"
    if ($DockerHost) {
        . Step 'The engine to use.' "`$env:DOCKER_HOST = '$DockerHost'"
    }

    . Step 'Builders of the demo are kept apart from yours.' "`$env:BUILDX_CONFIG = '$(Join-Path $work state)'"
    $config = $ConfigFile ? " -ConfigFile '$ConfigFile'" : ''
    . Step 'A builder with a BuildKit of its own, in a container.' "New-BuildxBuilder -Name demo -DriverOption @{ network = 'host' }$config -Use -Bootstrap"
    . Step 'What we build: one stage runs on the builder''s platform, one on each target''s.' 'Get-Content Dockerfile'

    $three = 'linux/amd64, linux/arm64, linux/arm/v7'
    if ($Registry) {
        . Step 'Three platforms, pushed, and read back from the registry as objects.' "Invoke-BuildxBuild . -Platform $three -Tag $Registry/demo:1 -Push -OutVariable result | Get-BuildxImageManifest"
        . Step 'What the build says of itself.' '$result'
    }

    . Step 'The same as an OCI archive. The steps come from the cache.' "`$result = Invoke-BuildxBuild . -Platform $three -Tag demo:1 -Output type=oci,dest=demo.oci.tar; `$result"
    . Step 'Its steps, as a table.' '$result.Steps'
    . Step 'The same as folders, one a platform.' "(Invoke-BuildxBuild . -Platform $three -Output type=local,dest=out).Outputs; Get-Content out/*/etc/built"
    . Step 'The same as a tar.' "(Invoke-BuildxBuild . -Platform $three -Output type=tar,dest=demo.tar).Outputs"
    . Step 'One platform, loaded into the daemon.' '(Invoke-BuildxBuild . -Tag buildxps-demo:1 -Load).PlatformImages'
    if ($env:DOCKER_HOST -like 'unix://*') {
        . Step 'Run it, through the Docker API.' 'Start-DemoImage buildxps-demo:1'
    }

    Set-Location (Join-Path $work 'first-session')
    . Step 'The daemon''s own BuildKit builds, too. One stage of another Dockerfile, with a build argument, into a folder.' '$first = Invoke-BuildxBuild . -Builder default -Target files -BuildArg @{ BUILT_BY = "PowerShell" } -Output type=local,dest=out; $first.Steps'
    . Step 'What it wrote.' 'Get-Content out/greeting.txt'
    . Step 'The same as a tar.' '(Invoke-BuildxBuild . -Builder default -Target files -Output type=tar,dest=out.tar).Outputs'
    . Step 'The last stage as an image of the daemon.' 'Invoke-BuildxBuild . -Builder default -Tag buildxps-demo:2 -Load'
    . Step 'A build that fails says where, why, and what to do.' 'try { Invoke-BuildxBuild . -Target nowhere -Output type=cacheonly } catch { $_.FullyQualifiedErrorId; $_.ToString(); $_.ErrorDetails.RecommendedAction }'
    . Step 'All builders.' 'Get-BuildxBuilder'
    . Step 'Away with the demo''s.' 'Remove-BuildxBuilder demo'
    Write-Host "`nThe images buildxps-demo:1 and buildxps-demo:2 stay in the daemon."
}
finally {
    Set-Location $PSScriptRoot
    if (Get-Command Get-BuildxBuilder -ErrorAction Ignore) {
        Get-BuildxBuilder demo -ErrorAction Ignore | Remove-BuildxBuilder -ErrorAction Continue
    }

    Remove-Item -Path $work -Recurse -Force -ErrorAction Ignore
}
