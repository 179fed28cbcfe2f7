# A PowerShell that has the module loaded and has built once: takes commands as lines of JSON and says what each cost.
param(
    [Parameter(Mandatory)] [string] $Module,

    # A small context, built first: what loads once is not a command's.
    [Parameter(Mandatory)] [string] $Small
)

Set-StrictMode -Version 3
$ErrorActionPreference = 'Stop'
$ProgressPreference = 'SilentlyContinue'

# Bytes that /proc gives under a name.
function Read-Status([string] $Name) {
    foreach ($line in [IO.File]::ReadLines('/proc/self/status')) {
        if ($line.StartsWith("${Name}:")) {
            return [long]($line -replace '\D') * 1KB
        }
    }
}

function Invoke-Request([string] $Text, [object[]] $Arguments) {
    $block = [scriptblock]::Create($Text)
    # Each command starts on a heap without another's garbage.
    [GC]::Collect()
    if ($IsLinux) {
        # 5 resets the highest resident size.
        [IO.File]::WriteAllText('/proc/self/clear_refs', '5')
    }

    $process = [Diagnostics.Process]::GetCurrentProcess()
    $cpu = $process.TotalProcessorTime
    $watch = [Diagnostics.Stopwatch]::StartNew()
    $output = & $block @Arguments 3>$null 6>$null | Select-Object -Last 1
    $watch.Stop()
    $process.Refresh()
    @{
        # A command that knows better says so by a time.
        Wall = ($output -is [timespan] ? $output : $watch.Elapsed).TotalMilliseconds
        Cpu  = ($process.TotalProcessorTime - $cpu).TotalMilliseconds
        Peak = $IsLinux ? (Read-Status VmHWM) - $before : $null
    }
}

Import-Module $Module
foreach ($i in 1..2) {
    $null = Invoke-BuildxBuild $Small -Progress Plain 6>$null
}

[GC]::Collect()
$before = $IsLinux ? (Read-Status VmRSS) : 0
[Console]::Out.WriteLine('{"Ready":true}')
while ($null -ne ($line = [Console]::In.ReadLine())) {
    $request = $line | ConvertFrom-Json
    try {
        $answer = Invoke-Request $request.Command $request.Arguments
    }
    catch {
        $answer = @{ Error = "$_" }
    }

    [Console]::Out.WriteLine(($answer | ConvertTo-Json -Compress))
}
