#Requires -Version 7.6
#Requires -Modules BuildxPS

<#
.SYNOPSIS
    Builds a list of images unattended, and reports by an object, JSON, HTML and the exit code.
.DESCRIPTION
    Builds each image of the list, tries again what may pass by itself, goes on after an image that fails, and ends early only where
    no image could be built. One run at a time for a report folder.
.PARAMETER ImageList
    A JSON file: a list of objects with Name, Path (relative to the file) and Platform.
.PARAMETER ReportFolder
    The folder that takes result.json, report.html and, without -Registry, an OCI archive of each image.
.PARAMETER Registry
    The registry that the images are pushed to, as REGISTRY/nightly/NAME:DATE. Without it they become OCI archives.
.PARAMETER Builder
    The builder. Without it the current one of this account.
.PARAMETER DockerHost
    The docker daemon to build on, where no builder is named.
.PARAMETER Attempt
    How often an image is tried at most, where the failure may pass by itself.
.PARAMETER DelaySeconds
    Seconds until the second attempt; twice as many before each further one.
.EXAMPLE
    pwsh -NoProfile -NonInteractive -File ./Invoke-NightlyBuild.ps1 -ReportFolder /var/lib/nightly

    As a scheduled task runs it.
.OUTPUTS
    An object with Status, ExitCode, Started, Ended, Reason and Images. The exit code is 0, 1, 2 or 3.
#>
[CmdletBinding()]
param(
    [ValidateNotNullOrEmpty()]
    [string] $ImageList = (Join-Path -Path $PSScriptRoot -ChildPath 'images.json'),

    [ValidateNotNullOrEmpty()]
    [string] $ReportFolder = (Join-Path -Path ([IO.Path]::GetTempPath()) -ChildPath 'buildxps-nightly'),

    [string] $Registry,

    [string] $Builder,

    [string] $DockerHost,

    [ValidateRange(1, 10)]
    [int] $Attempt = 3,

    [ValidateRange(0, 3600)]
    [int] $DelaySeconds = 10
)

Set-StrictMode -Version 3
$ErrorActionPreference = 'Stop'
# Nobody watches, and nobody answers.
$ProgressPreference = 'SilentlyContinue'
$ConfirmPreference = 'None'

$started = [DateTimeOffset]::Now
$engine = $Builder ? @{ Builder = $Builder } : $DockerHost ? @{ DockerHost = $DockerHost } : @{}
# No other image would fare better with these.
$hopeless = 'EngineUnreachable', 'EngineAccessDenied', 'EngineCertificateInvalid', 'HostKeyNotTrusted', 'BuilderNotFound',
'BuilderNotBootable', 'ContextNotFound', 'ConfigurationInvalid', 'StoreInvalid', 'RegistryUnauthorized', 'DiskFull'

# Builds one image, and says what became of it. What Export-BuildxReport takes goes into $reported.
function Build-Image([psobject] $Image) {
    $build = @{
        Path     = Join-Path -Path (Split-Path -Path $ImageList) -ChildPath $Image.Path
        Platform = $Image.Platform
        Progress = 'None'
    }
    if ($Registry) {
        $build.Tag = "$Registry/nightly/$($Image.Name):$($started.ToString('yyyy-MM-dd'))"
        $build.Push = $true
    }
    else {
        $build.Output = @{ Type = 'oci'; Dest = Join-Path -Path $ReportFolder -ChildPath "$($Image.Name).tar" }
    }

    foreach ($number in 1..$Attempt) {
        $row = [ordered]@{ Name = $Image.Name; Status = 'Succeeded'; Attempts = $number }
        try {
            $result = Invoke-BuildxBuild @build @engine -WarningVariable warnings -WarningAction SilentlyContinue
            $reported.Add($result)
            $row.Digest = $result.Digest
            $row.Seconds = [Math]::Round($result.Duration.TotalSeconds, 1)
            $row.Warnings = @($warnings | ForEach-Object { $_.Message })
            return [pscustomobject]$row
        }
        catch [BuildxPS.BuildxException] {
            $failure = $_
            if ($failure.Exception.IsTransient -and $number -lt $Attempt) {
                Start-Sleep -Seconds ($DelaySeconds * [Math]::Pow(2, $number - 1))
                continue
            }

            $reported.Add($failure)
            $row.Status = 'Failed'
            $row.ErrorId = $failure.FullyQualifiedErrorId.Split(',')[0]
            $row.Message = $failure.Exception.Message
            $row.Advice = $failure.Exception.Advice
            return [pscustomobject]$row
        }
    }
}

# Ends the run: the object for whoever called, the same as JSON, and the exit code.
function Complete-Run([string] $Status, [int] $ExitCode, [string] $Reason, [object[]] $Images = @()) {
    $run = [pscustomobject]@{
        Status   = $Status
        ExitCode = $ExitCode
        Reason   = $Reason
        Started  = $started
        Ended    = [DateTimeOffset]::Now
        Images   = $Images
    }
    if ($Status -ne 'Skipped') {
        # The file is the whole of one run or of another, whenever it is read.
        $file = Join-Path -Path $ReportFolder -ChildPath 'result.json'
        $run | ConvertTo-Json -Depth 5 | Set-Content -LiteralPath "$file.new"
        Move-Item -LiteralPath "$file.new" -Destination $file -Force
    }

    $run
}

$ImageList = Convert-Path -LiteralPath $ImageList
$ReportFolder = (New-Item -Path $ReportFolder -ItemType Directory -Force).FullName
try {
    # Open while this process lives, and no longer: a run that was killed leaves no lock behind.
    $lock = [IO.File]::Open((Join-Path -Path $ReportFolder -ChildPath '.lock'), 'OpenOrCreate', 'ReadWrite', 'None')
}
catch [IO.IOException] {
    Complete-Run -Status Skipped -ExitCode 3 -Reason 'Another run is under way.'
    exit 3
}

try {
    $reported = [Collections.Generic.List[object]]::new()
    $images = [Collections.Generic.List[object]]::new()
    $reason = ''
    foreach ($image in Get-Content -LiteralPath $ImageList -Raw | ConvertFrom-Json) {
        $row = Build-Image -Image $image
        $images.Add($row)
        if ($row.Status -eq 'Failed' -and $row.ErrorId -in $hopeless) {
            $reason = "$($row.ErrorId): $($row.Message)"
            break
        }
    }

    $null = $reported | Export-BuildxReport -Path (Join-Path -Path $ReportFolder -ChildPath 'report.html') -Title "Nightly $($started.ToString('yyyy-MM-dd'))"
    $failed = @($images | Where-Object -Property Status -EQ 'Failed')
    $status, $exitCode = $reason ? ('Broken', 2) : $failed ? ('Failed', 1) : ('Succeeded', 0)
    if ($failed -and -not $reason) {
        $reason = "$($failed.Count) of $($images.Count) images failed: $($failed.Name -join ', ')."
    }

    Complete-Run -Status $status -ExitCode $exitCode -Reason $reason -Images $images
}
finally {
    $lock.Dispose()
}

exit $exitCode
