# Builds again and again in this PowerShell, and writes as JSON what it holds after some of the builds: open files, threads,
# bytes. Linux: /proc tells.
param(
    [Parameter(Mandatory)] [string] $Module,
    [Parameter(Mandatory)] [string] $DockerHost,

    # An empty folder to work in.
    [Parameter(Mandatory)] [string] $Folder,

    # How many builds, and after which of them is looked.
    [Parameter(Mandatory)] [int] $Count,
    [Parameter(Mandatory)] [int[]] $LookAfter,

    # Every so many builds one that fails, and one that is stopped.
    [int] $FailEvery = 10,
    [int] $StopEvery = 50
)

Set-StrictMode -Version 3
$ErrorActionPreference = 'Stop'

function New-Context([string] $Name, [string] $Dockerfile) {
    $path = Join-Path $Folder $Name
    $null = New-Item $path -ItemType Directory
    Set-Content (Join-Path $path Dockerfile) $Dockerfile
    Set-Content (Join-Path $path name.txt) $Name
    $path
}

# What is done in the background after a build has ended gets the time to end.
function Get-Holding([int] $Builds) {
    Start-Sleep -Milliseconds 1500
    foreach ($round in 1..3) {
        [GC]::Collect(2, 'Aggressive', $true, $true)
        [GC]::WaitForPendingFinalizers()
    }

    $status = Get-Content /proc/self/status
    [pscustomobject]@{
        Builds      = $Builds
        Seconds     = [Math]::Round($watch.Elapsed.TotalSeconds, 1)
        OpenFiles   = [IO.Directory]::GetFileSystemEntries('/proc/self/fd').Count
        Threads     = [IO.Directory]::GetFileSystemEntries('/proc/self/task').Count
        HeapBytes   = [GC]::GetTotalMemory($true)
        MemoryBytes = 1KB * [long]"$(($status -match '^RssAnon:') -replace '\D')"
        Temporary   = @(Get-ChildItem $Folder -Force | Where-Object Name -Like '.buildxps-*').Count
    }
}

# In a runspace that is used again: what it is stopped by is what Ctrl+C does.
function Stop-OneBuild {
    $null = $stopper.AddScript('param($Context, $DockerHost) Invoke-BuildxBuild $Context -DockerHost $DockerHost -Output type=cacheonly -Progress Plain').
        AddArgument($waiting).AddArgument($DockerHost)
    $running = $stopper.BeginInvoke()
    $limit = [Diagnostics.Stopwatch]::StartNew()
    while (-not ($stopper.Streams.Information -match '\d started waiting') -and $limit.Elapsed.TotalSeconds -lt 60) {
        Start-Sleep -Milliseconds 20
    }

    $stopper.Stop()
    try {
        $null = $stopper.EndInvoke($running)
        'Completed'
    }
    catch [Management.Automation.PipelineStoppedException] {
        'Stopped'
    }

    $stopper.Streams.ClearStreams()
    $stopper.Commands.Clear()
}

Import-Module $Module
$good = New-Context good "FROM scratch`nCOPY name.txt /`n"
$bad = New-Context bad "FROM scratch`nCOPY missing /`n"
$waiting = New-Context waiting "FROM busybox`nRUN echo started waiting && sleep 3600`n"
$stopper = [powershell]::Create()
$null = $stopper.AddScript('param($Module) Import-Module $Module').AddArgument($Module).Invoke()
$stopper.Commands.Clear()
$watch = [Diagnostics.Stopwatch]::StartNew()
$outcomes = @{}
$looks = foreach ($number in 1..$Count) {
    $outcome = if ($number % $StopEvery -eq 0) {
        Stop-OneBuild
    }
    elseif ($number % $FailEvery -eq 0) {
        # Ignored: each error would be kept in $Error, which is PowerShell's memory and not ours.
        $result = Invoke-BuildxBuild $bad -DockerHost $DockerHost -Output type=cacheonly -Progress Plain -ErrorAction Ignore 6>$null
        $result ? 'Completed' : 'Failed'
    }
    else {
        $result = Invoke-BuildxBuild $good -DockerHost $DockerHost -Output (Join-Path $Folder out) -Progress Plain 6>$null
        "$($result.Status)"
    }

    $outcomes[$outcome] = 1 + $outcomes[$outcome]
    if ($number -in $LookAfter) {
        Get-Holding $number
    }
}

@{ Looks = @($looks); Outcomes = $outcomes } | ConvertTo-Json -Depth 3
