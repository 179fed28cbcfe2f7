# Ctrl+C as a person presses it. The terminal is the one that the tests have.

. (Join-Path $PSScriptRoot .. tests BuildxPS.Tests TestTerminal.ps1)

# Starts a build in a terminal whose step sleeps for so many seconds, presses Ctrl+C, and says how long it took until
# there was a prompt (Prompt) and until the step's process was gone (Step), whichever was asked for.
function Measure-Interrupt($Terminal, [string] $Line, [int] $Sleep, [string] $What) {
    Send-TestTerminal $Terminal "$Line`r"
    $step = @{ Id = 0 }
    Wait-TestTerminal $Terminal { ($step.Id = Find-Sleep $Sleep) }
    $clock = [Diagnostics.Stopwatch]::StartNew()
    $seen = @{ Prompt = $null; Step = $null }
    Send-TestTerminal $Terminal "`u{3}"
    Wait-TestTerminal $Terminal {
        if (-not $seen.Prompt -and (Get-TestTerminalText $Terminal) -match 'PS [^>]*> ') {
            $seen.Prompt = $clock.Elapsed
        }

        if (-not $seen.Step -and -not [IO.Directory]::Exists("/proc/$($step.Id)")) {
            $seen.Step = $clock.Elapsed
        }

        $seen.Prompt -and $seen.Step
    }
    [pscustomobject]@{ Wall = $seen[$What].TotalMilliseconds; Cpu = 0; Peak = $null }
}

# The process of a step on the engine of this machine.
function Find-Sleep([int] $Seconds) {
    foreach ($folder in [IO.Directory]::EnumerateDirectories('/proc')) {
        $id = [IO.Path]::GetFileName($folder)
        if ($id -match '^\d+$' -and [IO.File]::Exists("$folder/cmdline")) {
            try {
                if ([IO.File]::ReadAllText("$folder/cmdline") -eq "sleep`0$Seconds`0") {
                    return [int]$id
                }
            }
            catch [IO.IOException] {
                # It ended meanwhile.
                continue
            }
        }
    }
}
