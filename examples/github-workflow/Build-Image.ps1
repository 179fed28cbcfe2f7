#Requires -Version 7.6
#Requires -Modules BuildxPS

<#
.SYNOPSIS
    Builds and pushes an image in GitHub Actions, with the cache of the run before.
.DESCRIPTION
    The module writes the groups, the annotations of warnings and errors, and the step's outputs digest, imageid, image and buildref
    by itself. This script adds the output reference, the step's summary, and a report. Away from a workflow it prints plain lines,
    or shows progress on a terminal.

    Where REGISTRY_USER and REGISTRY_TOKEN are set, they are the login for the registry, for this process only.
.PARAMETER Registry
    The registry: host and port.
.PARAMETER Repository
    The image's name in the registry.
.PARAMETER Tag
    The image's tag.
.PARAMETER Path
    The build context.
.PARAMETER Platform
    The platforms that the image is for.
.PARAMETER CacheFolder
    The folder with the build cache. Where it is empty or missing the build starts without one.
.PARAMETER ReportFolder
    The folder that takes report.html.
.PARAMETER Builder
    The builder's name. It is made where it is not there: a runner is new each time.
.PARAMETER BuilderSetting
    Further parameters of New-BuildxBuilder: DockerHost, DriverOption, InsecureRegistry, RegistryCa, ...
.EXAMPLE
    ./Build-Image.ps1 -Registry registry.local:5000 -Tag 4f0c1d2

    As the workflow calls it.
.OUTPUTS
    BuildxPS.BuildResult.
#>
[CmdletBinding()]
param(
    [ValidateNotNullOrEmpty()]
    [string] $Registry = 'registry.local:5000',

    [ValidateNotNullOrEmpty()]
    [string] $Repository = 'examples/workflow',

    [ValidateNotNullOrEmpty()]
    [string] $Tag = ($env:GITHUB_SHA ? $env:GITHUB_SHA : 'dev'),

    [ValidateNotNullOrEmpty()]
    [string] $Path = (Join-Path -Path $PSScriptRoot -ChildPath 'app'),

    [string[]] $Platform = @('linux/amd64', 'linux/arm64'),

    [ValidateNotNullOrEmpty()]
    [string] $CacheFolder = (Join-Path -Path ([IO.Path]::GetTempPath()) -ChildPath 'buildkit-cache'),

    [ValidateNotNullOrEmpty()]
    [string] $ReportFolder = (Join-Path -Path ([IO.Path]::GetTempPath()) -ChildPath 'build-report'),

    [ValidateNotNullOrEmpty()]
    [string] $Builder = 'workflow',

    [hashtable] $BuilderSetting = @{}
)

Set-StrictMode -Version 3
$ErrorActionPreference = 'Stop'

if ($env:REGISTRY_USER -and $env:REGISTRY_TOKEN) {
    # Docker's own variable for logins: read by every cmdlet that speaks to a registry, and written to no file.
    $auth = [Convert]::ToBase64String([Text.Encoding]::UTF8.GetBytes("${env:REGISTRY_USER}:${env:REGISTRY_TOKEN}"))
    $env:DOCKER_AUTH_CONFIG = @{ auths = @{ $Registry = @{ auth = $auth } } } | ConvertTo-Json -Depth 3 -Compress
}

if (-not (Get-BuildxBuilder -Name $Builder -ErrorAction Ignore)) {
    $null = New-BuildxBuilder -Name $Builder @BuilderSetting
}

$newCache = "$CacheFolder.new"
$build = @{
    Path     = $Path
    Builder  = $Builder
    Platform = $Platform
    Tag      = "$Registry/${Repository}:$Tag"
    Push     = $true
    CacheTo  = @{ Type = 'local'; Dest = $newCache; Mode = 'max' }
}
if (Test-Path -LiteralPath (Join-Path -Path $CacheFolder -ChildPath 'index.json')) {
    $build.CacheFrom = @{ Type = 'local'; Src = $CacheFolder }
}

$null = New-Item -Path $ReportFolder -ItemType Directory -Force
$report = Join-Path -Path $ReportFolder -ChildPath 'report.html'
try {
    $result = Invoke-BuildxBuild @build
    $result
}
catch [BuildxPS.BuildxException] {
    # The log has the error already, on its line of the Dockerfile; the report shows the step's output, too.
    $null = $_ | Export-BuildxReport -Path $report
    if ($env:GITHUB_STEP_SUMMARY) {
        "## $Repository failed`n`n$($_.Exception.Message)`n`n$($_.Exception.Advice)" | Add-Content -LiteralPath $env:GITHUB_STEP_SUMMARY
    }

    throw
}

# The next run gets this run's cache and nothing older.
Remove-Item -LiteralPath $CacheFolder -Recurse -Force -ErrorAction Ignore
Move-Item -LiteralPath $newCache -Destination $CacheFolder

$null = $result | Export-BuildxReport -Path $report
$reference = "$Registry/$Repository@$($result.Digest)"
if ($env:GITHUB_OUTPUT) {
    "reference=$reference" | Add-Content -LiteralPath $env:GITHUB_OUTPUT
}

if ($env:GITHUB_STEP_SUMMARY) {
    @"
## $Repository

``$reference``

| platform | digest |
| --- | --- |
$($result.PlatformImages | ForEach-Object { "| $($_.Platform) | ``$($_.Digest)`` |" } | Join-String -Separator "`n")

$($result.Steps.Count) steps, $($result.CachedSteps) from the cache, in $([Math]::Round($result.Duration.TotalSeconds, 1)) s.
"@ | Add-Content -LiteralPath $env:GITHUB_STEP_SUMMARY
}
