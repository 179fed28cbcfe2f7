# Runs the module's tests with the Pester that the build brought, and writes what came of them as JSON.
param(
    [Parameter(Mandatory)] [string] $Tools,
    [Parameter(Mandatory)] [string] $Tests,
    [Parameter(Mandatory)] [string] $Report,
    [string] $Filter
)

Set-StrictMode -Version 3
$ErrorActionPreference = 'Stop'
$env:BUILDXPS_NEIGHBOUR = Join-Path $Tools Neighbour Neighbour.dll
Import-Module (Join-Path $Tools Pester Pester.psd1)

$configuration = New-PesterConfiguration
$configuration.Run.Path = $Tests
$configuration.Run.PassThru = $true
$configuration.Output.Verbosity = 'Normal'
if ($Filter) {
    $configuration.Filter.FullName = "*$Filter*"
}

# A test must not see this script's variables or preferences.
$ErrorActionPreference = 'Continue'
Set-StrictMode -Off
$run = Invoke-Pester -Configuration $configuration

# A file or block that broke outside its tests has no failed test of its own, and still must not look like success.
$failed = $run.FailedCount + $run.FailedContainersCount + $run.InconclusiveCount
$summary = [pscustomobject]@{
    Passed   = $run.PassedCount
    Failed   = ($failed -eq 0 -and $run.Result -ne 'Passed') ? 1 : $failed
    Skipped  = @(foreach ($test in $run.Skipped) {
            $because = $test.ErrorRecord | Select-Object -First 1
            [pscustomobject]@{ Name = $test.ExpandedPath; Reason = $because ? "$because" : 'no reason given' }
        })
    Failures = @(foreach ($test in @($run.Failed) + @($run.Inconclusive) + @($run.FailedBlocks) + @($run.FailedContainers)) {
            $name = $test.PSObject.Properties['ExpandedPath'] ? $test.ExpandedPath : "$test"
            [pscustomobject]@{ Name = $name; Reason = "$($test.ErrorRecord | Select-Object -First 1)" }
        })
}
$summary | ConvertTo-Json -Depth 4 | Set-Content $Report
