#Requires -Version 7.6
#Requires -Modules BuildxPS

<#
.SYNOPSIS
    Builds on new builders, which have nothing but the cache that the run before left.
.DESCRIPTION
    For each run: makes a builder, builds the Dockerfile beside this script with another version, writes the cache, and removes the
    builder.
.PARAMETER CacheFolder
    The folder that holds the cache.
.PARAMETER CacheImage
    A name in a registry that holds the cache instead.
.PARAMETER Run
    How many runs.
.PARAMETER BuilderSetting
    Further parameters of New-BuildxBuilder: DockerHost, DriverOption, InsecureRegistry, RegistryMirror, ...
.EXAMPLE
    ./Build-WithCache.ps1 -Run 3

    Three runs; the slow step runs in the first one only, if there was no cache before.
.OUTPUTS
    An object for each run: Run, Version, Instructions, FromCache, SlowStep and Took.
#>
[CmdletBinding(DefaultParameterSetName = 'Folder')]
param(
    [Parameter(ParameterSetName = 'Folder')]
    [ValidateNotNullOrEmpty()]
    [string] $CacheFolder = (Join-Path -Path ([IO.Path]::GetTempPath()) -ChildPath 'buildxps-cache'),

    [Parameter(Mandatory, ParameterSetName = 'Image')]
    [ValidateNotNullOrEmpty()]
    [string] $CacheImage,

    [ValidateRange(1, 10)]
    [int] $Run = 2,

    [hashtable] $BuilderSetting = @{}
)

Set-StrictMode -Version 3
$ErrorActionPreference = 'Stop'

foreach ($number in 1..$Run) {
    $builder = New-BuildxBuilder -Name "cached-run-$PID-$number" @BuilderSetting
    try {
        $version = "$(Get-Date -Format yyyyMMddHHmmss).$number"
        $build = @{
            Path     = $PSScriptRoot
            Builder  = $builder.Name
            BuildArg = @{ VERSION = $version }
            Output   = 'type=cacheonly'
        }
        if ($CacheImage) {
            # A cache that is not there yet is a warning, and the build goes on without.
            $build.CacheFrom = @{ Type = 'registry'; Ref = $CacheImage }
            $build.CacheTo = @{ Type = 'registry'; Ref = $CacheImage; Mode = 'max' }
        }
        else {
            $new = "$CacheFolder.new"
            $build.CacheTo = @{ Type = 'local'; Dest = $new; Mode = 'max' }
            if (Test-Path -LiteralPath $CacheFolder) {
                $build.CacheFrom = @{ Type = 'local'; Src = $CacheFolder }
            }
        }

        $result = Invoke-BuildxBuild @build
        if (-not $CacheImage) {
            # Only once it is whole, and without what the old one had and nobody needs any more.
            Remove-Item -LiteralPath $CacheFolder -Recurse -Force -ErrorAction Ignore
            Move-Item -LiteralPath $new -Destination $CacheFolder
        }

        $instructions = @($result.Steps | Where-Object -Property Name -Match '\] (RUN|COPY)')
        [pscustomobject]@{
            Run          = $number
            Version      = $version
            Instructions = $instructions.Count
            FromCache    = @($instructions | Where-Object -Property IsCached).Count
            SlowStep     = "$(($instructions | Where-Object -Property Name -Like '*RUN sleep*').Status)"
            Took         = $result.Duration
        }
    }
    finally {
        Remove-BuildxBuilder -Name $builder.Name
    }
}
