# Measuring: the two sides in turns, each with nothing in between. Every sample has Wall and Cpu in milliseconds, Peak in
# bytes, and in Engine what processor time the engine used meanwhile.

$worker = $null

function Measure-Row([hashtable] $Definition) {
    foreach ($step in 'Prepare', 'Before', 'After', 'Finish' | Where-Object { -not $Definition.ContainsKey($_) }) {
        $Definition[$step] = {}
    }

    $sides = @('Ours', 'Base', 'Buildx', 'BuildxBase' | Where-Object { $Definition.ContainsKey($_) })
    $seen = @{ WarmUp = [Collections.Generic.List[object]]::new() }
    foreach ($side in $sides) {
        $seen[$side] = [Collections.Generic.List[object]]::new()
    }

    # Run 0 warms up: the module's code, the engine's cache, the files' pages.
    $first = $Definition['NoWarmUp'] ? 1 : 0
    $last = $Runs ? $Runs : $Definition.Runs
    try {
        & $Definition.Prepare
        for ($run = $first; $run -le $last; $run++) {
            # Who goes first alternates, so that what one leaves behind does not always meet the other.
            foreach ($side in $run % 2 ? $sides : $sides[($sides.Count - 1)..0]) {
                $sample = Measure-Side $Definition $side
                if ($run -gt 0) {
                    $seen[$side].Add($sample)
                }
                elseif ($side -eq 'Ours') {
                    $seen.WarmUp.Add($sample)
                }
            }
        }
    }
    finally {
        Stop-Worker
        & $Definition.Finish
    }

    $seen
}

function Measure-Side([hashtable] $Definition, [string] $Side) {
    & $Definition.Before
    sync
    $engine = Get-EngineCpu
    $sample = & $Definition[$Side]
    $sample | Add-Member Engine ((Get-EngineCpu) - $engine)
    & $Definition.After
    $sample
}

# A command of the module, in a PowerShell that has the module and that belongs to this row alone.
function Measure-Ours([scriptblock] $Command) {
    $script:worker ??= Start-Worker
    $worker.StandardInput.WriteLine((@{ Command = "$Command"; Arguments = $args } | ConvertTo-Json -Compress))
    $answer = Read-Worker $worker
    if ($answer.PSObject.Properties['Error']) {
        throw "'$("$Command".Trim())' failed: $($answer.Error)"
    }

    $answer
}

function Start-Worker {
    $start = [Diagnostics.ProcessStartInfo]::new($powershell)
    foreach ($argument in '-NoProfile', '-NonInteractive', '-File', (Join-Path $PSScriptRoot Worker.ps1), '-Module', $Module, '-Small', (Join-Path $Work small)) {
        $start.ArgumentList.Add($argument)
    }

    $start.RedirectStandardInput = $start.RedirectStandardOutput = $true
    $process = [Diagnostics.Process]::Start($start)
    $null = Read-Worker $process
    $process
}

function Read-Worker($Process) {
    $line = $Process.StandardOutput.ReadLine()
    if ($null -eq $line) {
        throw 'The PowerShell that is measured ended; what it said stands above.'
    }

    $line | ConvertFrom-Json
}

function Stop-Worker {
    if ($worker) {
        $worker.StandardInput.Close()
        $worker.WaitForExit()
        $script:worker = $null
    }
}

# A program and the processes it starts, as a shell's user waits for it.
function Measure-Program([string[]] $Line) {
    $log = Join-Path $Work program.log
    $PSNativeCommandUseErrorActionPreference = $false
    $numbers = perl (Join-Path $PSScriptRoot run.pl) $log @Line
    if ($LASTEXITCODE -ne 0) {
        throw "'$($Line[0..4] -join ' ') ...' failed: $((Get-Content $log -Tail 5) -join "`n")"
    }

    $wall, $user, $system, $size = $numbers -split ' ' | ForEach-Object { [double]::Parse($_, [cultureinfo]::InvariantCulture) }
    [pscustomobject]@{ Wall = $wall; Cpu = $user + $system; Peak = $size * 1KB }
}

function Measure-Buildx {
    Measure-Program (@($docker, 'buildx') + $args)
}
