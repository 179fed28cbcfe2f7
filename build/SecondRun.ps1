# Thousands of tests against real engines on a shared machine: now and then one meets what no code can help. Such a test is
# run again, and named; what is wrong fails twice.

# Where more fail, something is wrong.
$mostRepeated = 5

# Gives the suite as it is after what failed in it was run a second time.
function Complete-Suite([object] $Suite, [scriptblock] $Repeat) {
    $ways = @($Suite.Failures | ForEach-Object Again | Where-Object { $_ } | Sort-Object -Unique)
    if ($env:CI -ne 'true' -or $ways.Count -eq 0 -or $ways.Count -gt $mostRepeated) {
        return $Suite
    }

    foreach ($test in $Suite.Failures) {
        Write-Host "failed, and run again: $($test.Name): $($test.Reason)"
    }

    $second = & $Repeat $ways
    Merge-SecondRun $Suite $second
}

# A test counts as passed only where it ran again: neither one that was skipped nor one that cannot be run alone does.
function Merge-SecondRun([object] $First, [object] $Second) {
    $known = @($First.Skipped | ForEach-Object Name)
    $lost = @($Second.Skipped | Where-Object Name -NotIn $known)
    $alone = @($First.Failures | Where-Object { -not $_.Again })
    $failed = $Second.Failed + $alone.Count
    if ($Second.Passed -eq 0 -or $lost -or $failed -ge $First.Failed) {
        return $First
    }

    $failures = @($alone) + @($Second.Failures)
    [pscustomobject]@{
        Passed   = $First.Passed + $First.Failed - $failed
        Failed   = $failed
        Skipped  = $First.Skipped
        Failures = $failures
        Repeated = @($First.Failures | Where-Object Name -NotIn @($failures | ForEach-Object Name))
    }
}
