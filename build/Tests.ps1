# Running the tests: xunit for the engine, Pester for the module, and one line that adds them up.

$results = Join-Path $out results

# The compiler checks how code is written (.editorconfig); this checks how it is laid out.
function Test-Formatting {
    $PSNativeCommandUseErrorActionPreference = $false
    dotnet format whitespace $root --folder --include src/ tests/ benchmarks/ --verify-no-changes | Out-Host
    if ($LASTEXITCODE -ne 0) {
        throw 'The layout of these lines is not the agreed one; `dotnet format whitespace` changes it.'
    }
}

# Runs everything, prints the sum as its last line, and returns how many failed.
function Invoke-AllTests([string] $Filter, [switch] $NoEngine) {
    Remove-Item $results -Recurse -Force -ErrorAction Ignore
    $null = New-Item $results -ItemType Directory
    $started = -not $env:BUILDXPS_TEST_ENGINES
    $env:BUILDXPS_TEST_ENGINES = $NoEngine ? '' : (Get-EnginesForTests)
    try {
        Install-TestBrowser
        $suites = @(
            Complete-Suite (Invoke-EngineTests $Filter) { Invoke-EngineTests -Method $args[0] }
            Complete-Suite (Invoke-ModuleTests $Filter) { Invoke-ModuleTests -File $args[0] }
        )
    }
    finally {
        # A developer's next run finds them up; what CI starts, CI ends.
        if ($started -and $env:CI -eq 'true' -and $env:BUILDXPS_TEST_ENGINES) {
            Stop-TestEngines
        }
    }

    $skipped = @($suites | ForEach-Object Skipped)
    $missing = @($skipped | Where-Object { $_.Reason -match 'BUILDXPS_TEST_ENGINES' })
    $mayMiss = -not $env:BUILDXPS_TEST_ENGINES -and $env:CI -ne 'true'
    $failed = ($suites | Measure-Object Failed -Sum).Sum
    $passed = ($suites | Measure-Object Passed -Sum).Sum
    foreach ($test in $skipped) {
        Write-Host "skipped: $($test.Name): $($test.Reason)"
    }

    foreach ($test in $suites | Where-Object { $_.PSObject.Properties['Repeated'] } | ForEach-Object Repeated) {
        Write-Host "failed once, passed when run again: $($test.Name): $($test.Reason)"
    }

    # Once more at the end: in the middle of a long log nobody finds them.
    foreach ($test in $suites | ForEach-Object Failures) {
        Write-Host "failed: $($test.Name): $($test.Reason)"
    }

    if ($missing -and -not $mayMiss) {
        Write-Host 'Skipped for want of an engine where engines must be there: counted as failed.'
        $failed += $missing.Count
        $skipped = @($skipped | Where-Object { $_ -notin $missing })
    }

    $empty = $Filter ? $passed + $failed -eq 0 : @($suites | Where-Object { $_.Passed + $_.Failed -eq 0 }).Count -gt 0
    if ($empty) {
        Write-Host 'A run without a test is a failed run.'
        $failed++
    }

    Write-Host "$passed passed, $failed failed, $($skipped.Count) skipped"
    $failed
}

function Get-EnginesForTests {
    if (-not $env:BUILDXPS_TEST_ENGINES -and ($obstacle = Get-EngineObstacle)) {
        Write-Host "Tests that need an engine are skipped. $obstacle"
        return ''
    }

    Start-TestEngines
}

$engineTests = Join-Path $root tests BuildxPS.Engine.Tests bin Release net10.0 BuildxPS.Engine.Tests.dll

function Invoke-EngineTests([string] $Filter, [string[]] $Method = ($Filter ? "*$Filter*" : @())) {
    $report = Join-Path $results engine.xml
    Remove-Item $report -ErrorAction Ignore
    $options = @('-noLogo', '-result-xml', $report) + @($Method | ForEach-Object { '-method', $_ }) + ($env:NO_COLOR ? @('-noColor') : @())
    # What a program said is seldom to be understood by its first fifty characters.
    $env:XUNIT_PRINT_MAX_STRING_LENGTH = '4000'
    $PSNativeCommandUseErrorActionPreference = $false
    dotnet $engineTests @options | Out-Host
    $exitCode = $LASTEXITCODE
    $suite = (Test-Path $report) ? ([xml](Get-Content -Raw $report)).SelectSingleNode('//assembly') : $null
    if (-not $suite) {
        Write-Host "The engine's tests ended with exit code $exitCode and without a report."
        return [pscustomobject]@{ Passed = 0; Failed = 1; Skipped = @(); Failures = @() }
    }

    $failed = [int]$suite.failed + [int]$suite.errors
    [pscustomobject]@{
        Passed   = [int]$suite.passed
        Failed   = ($failed -eq 0 -and $exitCode -ne 0 -and -not $Filter) ? 1 : $failed
        Skipped  = @(foreach ($test in $suite.SelectNodes('.//test[@result="Skip"]')) {
                [pscustomobject]@{ Name = $test.name; Reason = "$($test.SelectSingleNode('reason')?.InnerText)" }
            })
        Failures = @(
            foreach ($test in $suite.SelectNodes('.//test[@result="Fail"]')) {
                [pscustomobject]@{
                    Name   = $test.name
                    Reason = "$($test.SelectSingleNode('failure/message')?.InnerText)"
                    Again  = "$($test.type).$($test.method)"
                }
            }

            foreach ($broken in $suite.SelectNodes('errors/error')) {
                [pscustomobject]@{ Name = $broken.name; Reason = "$($broken.SelectSingleNode('failure/message')?.InnerText)"; Again = '' }
            }
        )
    }
}

# In a process of its own: what is tested is the built module in a PowerShell that nothing else has touched.
function Invoke-ModuleTests([string] $Filter, [string[]] $File = (Join-Path $root tests BuildxPS.Tests)) {
    $report = Join-Path $results module.json
    Remove-Item $report -ErrorAction Ignore
    $runner = Join-Path $root build Invoke-Pester.ps1
    $env:BUILDXPS_MODULE = $module
    $env:BUILDXPS_ENGINE_TESTS = $engineTests
    $PSNativeCommandUseErrorActionPreference = $false
    & (Get-PowerShell) -NoProfile -NonInteractive -File $runner -Tools (Join-Path $out tests) -Tests ($File -join [System.IO.Path]::PathSeparator) -Report $report -Filter $Filter | Out-Host
    if (-not (Test-Path $report)) {
        Write-Host "The module's tests ended with exit code $LASTEXITCODE and without a report."
        return [pscustomobject]@{ Passed = 0; Failed = 1; Skipped = @(); Failures = @() }
    }

    Get-Content -Raw $report | ConvertFrom-Json
}
