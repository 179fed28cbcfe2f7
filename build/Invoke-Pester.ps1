# Runs the module's tests with the Pester that the build brought, and writes what came of them as JSON.
param(
    [Parameter(Mandatory)] [string] $Tools,
    # Files and folders, as PATH has them: -File of PowerShell takes no lists.
    [Parameter(Mandatory)] [string] $Tests,
    [Parameter(Mandatory)] [string] $Report,
    [string] $Filter
)

Set-StrictMode -Version 3
$ErrorActionPreference = 'Stop'
$env:BUILDXPS_NEIGHBOUR = Join-Path $Tools Neighbour Neighbour.dll
Import-Module (Join-Path $Tools Pester Pester.psd1)

$configuration = New-PesterConfiguration
$configuration.Run.Path = $Tests.Split([System.IO.Path]::PathSeparator)
$configuration.Run.PassThru = $true
$configuration.Output.Verbosity = 'Normal'
if ($Filter) {
    $configuration.Filter.FullName = "*$Filter*"
}

# A test must not see this script's variables or preferences.
$ErrorActionPreference = 'Continue'
Set-StrictMode -Off
$run = Invoke-Pester -Configuration $configuration

# What ended a test: often the setup of a block around it.
function Get-Cause($Test) {
    for ($at = $Test; $at; $at = $at.PSObject.Properties['Block'] ? $at.Block : $at.PSObject.Properties['Parent']?.Value) {
        if ($at.ErrorRecord) {
            return $at.ErrorRecord | Select-Object -First 1
        }
    }
}

$kinds = @{ test = @($run.Failed) + @($run.Inconclusive); block = @($run.FailedBlocks); file = @($run.FailedContainers) }
$ended = @(foreach ($kind in 'test', 'block', 'file') {
        foreach ($test in $kinds[$kind] | Where-Object { $_ }) {
            $cause = Get-Cause $test
            [pscustomobject]@{
                Kind   = $kind
                Name   = $test.PSObject.Properties['ExpandedPath'] ? $test.ExpandedPath : "$test"
                Reason = "$cause"
                # The tests of a file may build on each other: it is the file that can be run again.
                Again  = $test.PSObject.Properties['ScriptBlock'] ? $test.ScriptBlock.File : "$($test.Item)"
                # Set-ItResult in a block's setup, which to Pester is a failure.
                IsSkip = $cause.FullyQualifiedErrorId -like 'PesterTestSkipped*'
            }
        }
    })
$notRun = @($ended | Where-Object IsSkip)
$failures = @($ended | Where-Object IsSkip -EQ $false)

# A file or block that broke outside its tests has no failed test of its own, and still must not look like success.
$failed = @($failures | Where-Object Kind -NE block).Count
$summary = [pscustomobject]@{
    Passed   = $run.PassedCount
    Failed   = ($failed -eq 0 -and $run.Result -ne 'Passed' -and -not $notRun) ? 1 : $failed
    Skipped  = @(
        foreach ($test in $run.Skipped) {
            $because = $test.ErrorRecord | Select-Object -First 1
            [pscustomobject]@{ Name = $test.ExpandedPath; Reason = $because ? "$because" : 'no reason given' }
        }

        $notRun | Where-Object Kind -EQ test | Select-Object Name, Reason
    )
    Failures = @($failures | Select-Object Name, Reason, Again)
}
$summary | ConvertTo-Json -Depth 4 | Set-Content $Report
