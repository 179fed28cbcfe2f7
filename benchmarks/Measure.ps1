# Measuring: the two sides in turns, each with nothing in between, and the middle of what was seen.

function Measure-Row([hashtable] $Definition) {
    foreach ($step in 'Prepare', 'Before', 'After', 'Finish' | Where-Object { -not $Definition.ContainsKey($_) }) {
        $Definition[$step] = {}
    }

    $count = $Runs ? $Runs : $Definition.Runs
    $sides = $Definition.ContainsKey('Buildx') ? @('Ours', 'Buildx') : @('Ours', 'Base' | Where-Object { $Definition.ContainsKey($_) })
    $seen = @{}
    foreach ($side in $sides) {
        $seen[$side] = [Collections.Generic.List[object]]::new()
    }

    try {
        & $Definition.Prepare
        # Run 0 warms up: the module's code, the engine's cache, the files' pages.
        for ($run = 0; $run -le $count; $run++) {
            # Who goes first alternates, so that what one leaves behind does not always meet the other.
            foreach ($side in $run % 2 ? $sides : $sides[($sides.Count - 1)..0]) {
                & $Definition.Before
                sync
                $sample = & $Definition[$side]
                & $Definition.After
                if ($run -gt 0) {
                    $seen[$side].Add($sample)
                }
            }
        }
    }
    finally {
        & $Definition.Finish
    }

    New-RowResult $Definition $seen
}

# The wall and CPU time of a command of the module, in this process.
function Measure-Ours([scriptblock] $Command) {
    $process = [Diagnostics.Process]::GetCurrentProcess()
    $cpu = $process.TotalProcessorTime
    $watch = [Diagnostics.Stopwatch]::StartNew()
    $null = & $Command 3>$null 6>$null
    $watch.Stop()
    $process.Refresh()
    [pscustomobject]@{ Wall = $watch.Elapsed.TotalMilliseconds; Cpu = ($process.TotalProcessorTime - $cpu).TotalMilliseconds }
}

# The wall and CPU time of a program and the processes it starts, as a shell's user waits for it.
function Measure-Program([string[]] $Line) {
    $log = Join-Path $Work program.log
    $PSNativeCommandUseErrorActionPreference = $false
    $timed = bash -c 'LC_ALL=C TIMEFORMAT="%3R %3U %3S"; log=$1; shift; { time "$@" >"$log" 2>&1; } 2>&1' _ $log @Line
    if ($LASTEXITCODE -ne 0) {
        throw "'$($Line -join ' ')' failed: $(Get-Content -Raw $log)"
    }

    $wall, $user, $system = $timed -split ' ' | ForEach-Object { [double]::Parse($_, [cultureinfo]::InvariantCulture) * 1000 }
    [pscustomobject]@{ Wall = $wall; Cpu = $user + $system }
}

function Measure-Buildx {
    Measure-Program (@($docker, 'buildx') + $args)
}

# How far a build of ours raises a fresh PowerShell's resident memory at its highest, once a small build has loaded all.
function Measure-OursMemory([string] $Context) {
    $answer = & (Join-Path $PSHOME pwsh) -NoProfile -NonInteractive -File (Join-Path $PSScriptRoot Measure-Memory.ps1) -Module $Module -Small (Join-Path $Work small) -Context $Context
    [pscustomobject]@{ Bytes = [long]($answer | Select-Object -Last 1) }
}

# The resident memory of docker buildx at its highest, sampled: its process ends before it could be asked.
function Measure-BuildxMemory {
    $start = [Diagnostics.ProcessStartInfo]::new('/bin/sh')
    foreach ($argument in @('-c', 'exec "$@" >/dev/null 2>&1', '_', $docker, 'buildx') + $args) {
        $start.ArgumentList.Add($argument)
    }

    $process = [Diagnostics.Process]::Start($start)
    $peak = 0L
    while (-not $process.WaitForExit(20)) {
        $children = Get-Content "/proc/$($process.Id)/task/$($process.Id)/children" -ErrorAction Ignore
        foreach ($id in @("$children" -split ' ' | Where-Object { $_ }) + $process.Id) {
            $line = Get-Content "/proc/$id/status" -ErrorAction Ignore | Where-Object { $_ -like 'VmHWM:*' }
            if ($line) {
                $peak = [Math]::Max($peak, [long]($line -replace '\D') * 1KB)
            }
        }
    }

    if ($process.ExitCode -ne 0) {
        throw "'docker buildx $args' failed."
    }

    [pscustomobject]@{ Bytes = $peak }
}

function Get-Median([double[]] $Values) {
    $sorted = [double[]]($Values | Sort-Object)
    $middle = [int][Math]::Floor($sorted.Count / 2)
    $sorted.Count % 2 ? $sorted[$middle] : ($sorted[$middle - 1] + $sorted[$middle]) / 2
}
