# What CI says of tests that failed once (build/SecondRun.ps1).

BeforeAll {
    . (Join-Path $PSScriptRoot .. .. build SecondRun.ps1)

    function Get-Failure([string] $Name, [string] $Again = $Name) {
        [pscustomobject]@{ Name = $Name; Reason = 'it failed'; Again = $Again }
    }

    function Get-Suite([int] $Passed, [object[]] $Failures, [string[]] $Skipped) {
        [pscustomobject]@{
            Passed   = $Passed
            Failed   = $Failures.Count
            Skipped  = @($Skipped | Where-Object { $_ } | ForEach-Object { [pscustomobject]@{ Name = $_; Reason = 'no engine' } })
            Failures = $Failures
        }
    }
}

Describe 'A second run of tests that failed' {
    BeforeAll {
        $environment = $env:CI
        $env:CI = 'true'
    }

    AfterAll {
        $env:CI = $environment
    }

    It 'counts what passed then, and names it with the reason' {
        $said = Complete-Suite (Get-Suite 10 (Get-Failure a), (Get-Failure b)) {
            $args[0] | Should -BeExactly 'a', 'b'
            Get-Suite 2 @()
        } 6>&1
        $said[-1].Passed | Should -Be 12
        $said[-1].Failed | Should -Be 0
        $said[-1].Failures | Should -BeNullOrEmpty
        $said[-1].Repeated.Name | Should -BeExactly 'a', 'b'
        "$said" | Should -Match 'failed, and run again: a: it failed'
    }

    It 'leaves failed what failed twice' {
        $suite = Complete-Suite (Get-Suite 10 (Get-Failure a), (Get-Failure b)) { Get-Suite 1 (Get-Failure b) } 6>$null
        $suite.Passed | Should -Be 11
        $suite.Failed | Should -Be 1
        $suite.Failures.Name | Should -BeExactly 'b'
        $suite.Repeated.Name | Should -BeExactly 'a'
    }

    It 'takes neither a test that was skipped then, nor a run without a test, for one that passed' {
        $first = Get-Suite 10 (Get-Failure a) -Skipped old
        (Complete-Suite $first { Get-Suite 1 @() -Skipped a } 6>$null).Failed | Should -Be 1
        (Complete-Suite $first { Get-Suite 0 @() } 6>$null).Failed | Should -Be 1
        (Complete-Suite $first { Get-Suite 1 @() -Skipped old } 6>$null).Failed | Should -Be 0
    }

    It 'leaves failed what no test stands for' {
        $suite = Complete-Suite (Get-Suite 10 (Get-Failure a), (Get-Failure cleanup '')) { Get-Suite 1 @() } 6>$null
        $suite.Failed | Should -Be 1
        $suite.Failures.Name | Should -BeExactly 'cleanup'
    }

    It 'does not happen where more than five fail, nor outside CI' {
        $six = Get-Suite 10 @('a', 'b', 'c', 'd', 'e', 'f' | ForEach-Object { Get-Failure $_ })
        Complete-Suite $six { throw 'not to be run' } | Should -Be $six
        $env:CI = ''
        $one = Get-Suite 10 (Get-Failure a)
        Complete-Suite $one { throw 'not to be run' } | Should -Be $one
    }
}
