<#
.SYNOPSIS
    A first session with BuildxPS, each line printed before it runs.
.PARAMETER Module
    The module to import: a folder or a manifest.
.PARAMETER DockerHost
    The docker daemon to build on, for example unix:///var/run/docker.sock; without it docker's own settings decide.
#>
[CmdletBinding()]
param(
    [Parameter(Mandatory)] [string] $Module,
    [string] $DockerHost
)

$ErrorActionPreference = 'Stop'
$Module = (Resolve-Path $Module).Path
$work = Join-Path ([IO.Path]::GetTempPath()) "buildxps-demo-$PID"

function Step([string] $Why, [string] $Line) {
    Write-Host "`n# $Why" -ForegroundColor DarkGray
    Write-Host "PS> $Line" -ForegroundColor Cyan
    . ([scriptblock]::Create($Line)) | Out-Host
}

try {
    New-Item -ItemType Directory -Path $work | Out-Null
    Copy-Item -Path (Join-Path $PSScriptRoot 'first-build') -Destination $work -Recurse -Force
    Set-Location (Join-Path $work 'first-build')
    if ($DockerHost) {
        . Step 'Use this engine.' "`$env:DOCKER_HOST = '$DockerHost'"
    }

    . Step 'Load the module.' "Import-Module '$Module'"
    . Step 'Which builders are there?' 'Get-BuildxBuilder'
    . Step 'What we build: stages, a RUN, build arguments, COPY --from.' 'Get-Content Dockerfile'
    . Step 'Build one stage into a folder. What comes back is an object.' '$result = Invoke-BuildxBuild . -Target files -BuildArg @{ BUILT_BY = "PowerShell" } -Output type=local,dest=out; $result'
    . Step 'Its steps, as a table.' '$result.Steps'
    . Step 'The exported folder.' 'Get-ChildItem out; Get-Content out/greeting.txt'
    . Step 'The same stage as a tar. The steps come from the cache now.' '$tar = Invoke-BuildxBuild . -Target files -BuildArg @{ BUILT_BY = "PowerShell" } -Output @{ Type = "tar"; Destination = "out.tar" }; $tar.Outputs; "$($tar.CachedSteps) of $($tar.Steps.Count) steps cached"'
    . Step 'The last stage as an image in the daemon.' 'Invoke-BuildxBuild . -Tag buildxps-demo:1 -BuildArg "BUILT_BY=PowerShell" -Load | Select-Object Images, Digest, Platforms, Duration'
    . Step 'A build that fails says where, why, and what to do.' 'try { Invoke-BuildxBuild . -Target nowhere } catch { $_.FullyQualifiedErrorId; $_.ToString(); $_.ErrorDetails.RecommendedAction }'
}
finally {
    Set-Location $PSScriptRoot
    Remove-Item -Path $work -Recurse -Force -ErrorAction Ignore
}
