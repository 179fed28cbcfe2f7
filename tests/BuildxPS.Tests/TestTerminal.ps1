# A PowerShell in a pseudo terminal, driven like a person would. Dot-sourced in BeforeAll.

# script(1) makes the terminal; it is on every Debian.
function Start-TestTerminal([hashtable] $Environment = @{}, [string] $Pwsh = (Join-Path $PSHOME pwsh)) {
    $start = [Diagnostics.ProcessStartInfo]::new('script')
    # What runs in the background of a script ignores Ctrl+C, and so would all that it starts.
    foreach ($argument in '--quiet', '--flush', '--return', '--command', "stty cols 120 rows 40; exec env --default-signal=INT '$Pwsh' -NoLogo -NoProfile", '/dev/null') {
        $start.ArgumentList.Add($argument)
    }

    $start.RedirectStandardInput = $start.RedirectStandardOutput = $true
    $start.Environment['TERM'] = 'xterm'
    foreach ($name in 'CI', 'TF_BUILD', 'GITHUB_ACTIONS', 'NO_COLOR', 'BUILDKIT_PROGRESS') {
        $null = $start.Environment.Remove($name)
    }

    foreach ($name in $Environment.Keys) {
        $start.Environment[$name] = $Environment[$name]
    }

    $process = [Diagnostics.Process]::Start($start)
    [pscustomobject]@{
        Process = $process
        Buffer  = [byte[]]::new(65536)
        Pending = $null
        Text    = [Text.StringBuilder]::new()
        # Where the last keys were sent.
        At      = 0
    }
}

function Send-TestTerminal($Terminal, [string] $Keys) {
    $Terminal.At = $Terminal.Text.Length
    $bytes = [Text.Encoding]::UTF8.GetBytes($Keys)
    $Terminal.Process.StandardInput.BaseStream.Write($bytes)
    $Terminal.Process.StandardInput.BaseStream.Flush()
}

# Takes what the terminal shows within the next moment. Nothing goes on in it while nobody reads.
function Read-TestTerminal($Terminal) {
    $Terminal.Pending ??= $Terminal.Process.StandardOutput.BaseStream.ReadAsync($Terminal.Buffer, 0, $Terminal.Buffer.Length)
    if (-not $Terminal.Pending.Wait(50)) {
        return
    }

    $count = $Terminal.Pending.Result
    $Terminal.Pending = $null
    if ($count -eq 0) {
        throw "The terminal closed after: $(Get-TestTerminalText $Terminal)"
    }

    $new = [Text.Encoding]::UTF8.GetString($Terminal.Buffer, 0, $count)
    $null = $Terminal.Text.Append($new)
    # A real terminal answers when it is asked where its cursor is.
    if ($new.Contains("`e[6n")) {
        $Terminal.Process.StandardInput.BaseStream.Write([Text.Encoding]::ASCII.GetBytes("`e[1;1R"))
        $Terminal.Process.StandardInput.BaseStream.Flush()
    }
}

# What it has shown since the last keys.
function Get-TestTerminalText($Terminal) {
    $Terminal.Text.ToString($Terminal.At, $Terminal.Text.Length - $Terminal.At)
}

# Waits until a condition holds: a pattern that the terminal has shown since the last keys, or a script.
function Wait-TestTerminal($Terminal, $Condition, [int] $Seconds = 60) {
    $clock = [Diagnostics.Stopwatch]::StartNew()
    while (-not ($Condition -is [scriptblock] ? (& $Condition) : (Get-TestTerminalText $Terminal) -match $Condition)) {
        if ($clock.Elapsed.TotalSeconds -gt $Seconds) {
            throw "Not within $Seconds s: $Condition. The terminal shows: $((Get-TestTerminalText $Terminal) -replace '\e', '<ESC>')"
        }

        Read-TestTerminal $Terminal
    }
}

function Stop-TestTerminal($Terminal) {
    if (-not $Terminal.Process.HasExited) {
        $Terminal.Process.Kill($true)
    }

    $Terminal.Process.Dispose()
}
