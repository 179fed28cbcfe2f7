#Requires -Version 7.6
#Requires -Modules BuildxPS

<#
.SYNOPSIS
    Builds and pushes an image in Azure Pipelines, with the cache of the run before.
.DESCRIPTION
    The module writes the groups, warnings, errors and the variables BuildxDigest, BuildxImageId, BuildxImage and BuildxBuildRef by
    itself. This script adds the variable ImageReference, a summary on the run's page, and a report. Away from a pipeline it prints
    plain lines, or shows progress on a terminal.
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
    The folder that takes report.html and summary.md.
.PARAMETER Builder
    The builder's name. It is made where it is not there: an agent is new each time.
.PARAMETER BuilderSetting
    Further parameters of New-BuildxBuilder: DockerHost, DriverOption, InsecureRegistry, RegistryCa, ...
.EXAMPLE
    ./Build-Image.ps1 -Registry registry.local:5000 -Tag 20261127.1

    As the pipeline calls it.
.OUTPUTS
    BuildxPS.BuildResult.
#>
[CmdletBinding()]
param(
    [ValidateNotNullOrEmpty()]
    [string] $Registry = 'registry.local:5000',

    [ValidateNotNullOrEmpty()]
    [string] $Repository = 'examples/pipeline',

    [ValidateNotNullOrEmpty()]
    [string] $Tag = ($env:BUILD_BUILDNUMBER ? $env:BUILD_BUILDNUMBER : 'dev'),

    [ValidateNotNullOrEmpty()]
    [string] $Path = (Join-Path -Path $PSScriptRoot -ChildPath 'app'),

    [string[]] $Platform = @('linux/amd64', 'linux/arm64'),

    [ValidateNotNullOrEmpty()]
    [string] $CacheFolder = (Join-Path -Path ([IO.Path]::GetTempPath()) -ChildPath 'buildkit-cache'),

    [ValidateNotNullOrEmpty()]
    [string] $ReportFolder = (Join-Path -Path ([IO.Path]::GetTempPath()) -ChildPath 'build-report'),

    [ValidateNotNullOrEmpty()]
    [string] $Builder = 'pipeline',

    [hashtable] $BuilderSetting = @{}
)

Set-StrictMode -Version 3
$ErrorActionPreference = 'Stop'

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
    throw
}

# The next run gets this run's cache and nothing older.
Remove-Item -LiteralPath $CacheFolder -Recurse -Force -ErrorAction Ignore
Move-Item -LiteralPath $newCache -Destination $CacheFolder

$null = $result | Export-BuildxReport -Path $report
$reference = "$Registry/$Repository@$($result.Digest)"
$summary = Join-Path -Path $ReportFolder -ChildPath 'summary.md'
@"
## $Repository

``$reference``

| platform | digest |
| --- | --- |
$($result.PlatformImages | ForEach-Object { "| $($_.Platform) | ``$($_.Digest)`` |" } | Join-String -Separator "`n")

$($result.Steps.Count) steps, $($result.CachedSteps) from the cache, in $([Math]::Round($result.Duration.TotalSeconds, 1)) s.
"@ | Set-Content -LiteralPath $summary

if ($env:TF_BUILD) {
    # An output variable, for other jobs, and a page on the run's summary.
    Write-Host "##vso[task.setvariable variable=ImageReference;isOutput=true]$reference"
    Write-Host "##vso[task.uploadsummary]$summary"
}
