# One list of builders, used at once by many processes, by this module and by docker's buildx.
BeforeAll {
    Import-Module $env:BUILDXPS_MODULE
    . (Join-Path $PSScriptRoot TestEngines.ps1)
    $kept = Enter-TestSurroundings $TestDrive
    $setup = Get-TestSetup
    $env:DOCKER_HOST = $setup.engines.d28.host
    $instances = Join-Path $env:BUILDX_CONFIG instances

    # A program of its own, with the surroundings of this one.
    function Start-Program([string] $File, [string[]] $Arguments) {
        $start = [Diagnostics.ProcessStartInfo]::new($File, $Arguments)
        $start.RedirectStandardError = $true
        $start.RedirectStandardOutput = $true
        $start.RedirectStandardInput = $true
        $process = [Diagnostics.Process]::Start($start)
        [pscustomobject]@{ Process = $process; Output = $process.StandardOutput.ReadToEndAsync(); Failure = $process.StandardError.ReadToEndAsync() }
    }
}

AfterAll {
    Exit-TestSurroundings $kept
}

Describe 'Many processes on one list of builders' {
    It 'lose no file and tear none, half of them docker buildx' {
        $count = [int]($env:BUILDXPS_TEST_PROCESSES ?? 16)
        $ours = @'
$ErrorActionPreference = 'Stop'
Import-Module $env:BUILDXPS_MODULE
$null = New-BuildxBuilder "bxs-$id"; $null = New-BuildxBuilder "bxs-$id-gone"; Use-BuildxBuilder "bxs-$id"; Remove-BuildxBuilder "bxs-$id-gone"
'@
        $theirs = @'
set -e
"$0" buildx create --name "bxs-$1" --driver docker-container > /dev/null
"$0" buildx create --name "bxs-$1-gone" --driver docker-container > /dev/null
"$0" buildx use "bxs-$1"
"$0" buildx rm "bxs-$1-gone"
'@
        $own = $env:DOCKER_CONFIG
        $programs = foreach ($i in 1..$count) {
            if ($i % 2) {
                Start-Program (Join-Path $PSHOME pwsh) '-NoProfile', '-NonInteractive', '-Command', "`$id = $i; $ours"
            }
            else {
                $env:DOCKER_CONFIG = $setup.tools.dockerConfig
                Start-Program bash '-c', $theirs, $setup.tools.docker, $i
                $env:DOCKER_CONFIG = $own
            }
        }

        foreach ($program in $programs) {
            $program.Process.WaitForExit()
            $program.Process.ExitCode | Should -Be 0 -Because $program.Failure.Result
        }

        $expected = 1..$count | ForEach-Object { "bxs-$_" }
        (Get-ChildItem $instances -File -Force).Name | Sort-Object | Should -Be ($expected | Sort-Object)
        foreach ($file in Get-ChildItem $instances) {
            (Get-Content -Raw $file.FullName | ConvertFrom-Json).Name | Should -Be $file.Name
        }

        (Get-Content -Raw (Join-Path $env:BUILDX_CONFIG current) | ConvertFrom-Json).Name | Should -BeIn $expected
        $seen = Invoke-Docker buildx ls | Out-String
        $expected | ForEach-Object { $seen | Should -Match "(?m)^$_\b" }
        (Get-BuildxBuilder bxs-*).Name | Sort-Object | Should -Be ($expected | Sort-Object)
        Get-BuildxBuilder bxs-* | Remove-BuildxBuilder
    }
}

Describe 'A list of builders that another process has locked' {
    BeforeAll {
        $null = New-BuildxBuilder bxs-held -Endpoint unix:///nowhere/b.sock
        $holder = Start-Program flock (Join-Path $env:BUILDX_CONFIG .lock), 'sh', '-c', 'echo held; read line'
        while (-not $holder.Process.HasExited) {
            # flock opens the file before it locks it; who can lock it is first.
            & flock -n (Join-Path $env:BUILDX_CONFIG .lock) true
            if ($LASTEXITCODE -ne 0) {
                break
            }
        }
    }

    AfterAll {
        $holder.Process.Kill($true)
        Remove-BuildxBuilder bxs-held
    }

    It 'is read all the same' {
        (Get-BuildxBuilder bxs-held -TimeoutSec 1).Name | Should -Be bxs-held
    }

    It 'is changed when the other one is done' {
        $waiting = Start-Program (Join-Path $PSHOME pwsh) '-NoProfile', '-NonInteractive', '-Command', 'Import-Module $env:BUILDXPS_MODULE; "begin"; $null = Add-BuildxNode bxs-held unix:///nowhere/c.sock; "end"'
        $waiting.Output.Wait(3000) | Should -BeFalse
        (Get-BuildxBuilder bxs-held -TimeoutSec 1).Nodes | Should -HaveCount 1
        $holder.Process.StandardInput.WriteLine()
        $waiting.Process.WaitForExit()
        $waiting.Output.Result -split "`n" | Should -Contain end
        (Get-BuildxBuilder bxs-held -TimeoutSec 1).Nodes | Should -HaveCount 2
    }
}

Describe 'A builder whose file is damaged' {
    It 'is said for that one alone, and its file is never written' {
        $null = New-BuildxBuilder bxs-good -Endpoint unix:///nowhere/b.sock
        $file = Join-Path $instances bxs-bad
        Set-Content $file '{"Name":"bxs-bad","Driver":"docker-container","Nodes":[{'
        $before = (Get-FileHash $file).Hash
        try {
            $builders = Get-BuildxBuilder bxs-* -TimeoutSec 2
            $builders.Where({ $_.Name -eq 'bxs-bad' }).Error | Should -BeLike '*bxs-bad*'
            $builders.Name | Should -Contain bxs-good
            foreach ($command in { Add-BuildxNode bxs-bad unix:///x.sock }, { Set-BuildxBuilder bxs-bad -InsecureRegistry r:1 }, { New-BuildxBuilder bxs-bad }, { Use-BuildxBuilder bxs-bad }, { Start-BuildxBuilder bxs-bad }) {
                $failed = @(Get-Failure $command)
                $failed | Should -HaveCount 1 -Because $command
                $failed[0].FullyQualifiedErrorId | Should -Match '^(StoreInvalid|BuilderExists),' -Because $command
                (Get-FileHash $file).Hash | Should -Be $before -Because $command
            }
        }
        finally {
            Remove-Item $file
            Remove-BuildxBuilder bxs-good
        }
    }
}

Describe 'A list of ten builders of which three are dead' {
    It 'has the live ones first, and the dead ones with their reasons within -TimeoutSec' {
        $silent = [Net.Sockets.TcpListener]::new([Net.IPAddress]::Loopback, 0)
        $silent.Start()
        $dead = @{
            'bxs-gone' = 'unix:///nowhere/b.sock'
            'bxs-silent' = "tcp://127.0.0.1:$($silent.LocalEndpoint.Port)"
            'bxs-far' = 'tcp://192.0.2.1:1234'
        }
        try {
            1..7 | ForEach-Object { $null = New-BuildxBuilder "bxs-live$_" -Endpoint $setup.engines.bkd.host }
            $dead.Keys | ForEach-Object { $null = New-BuildxBuilder $_ -Endpoint $dead[$_] }
            $watch = [Diagnostics.Stopwatch]::StartNew()
            $builders = Get-BuildxBuilder bxs-* -TimeoutSec 10
            $watch.Elapsed | Should -BeLessThan ([timespan]::FromSeconds(100)) -Because 'nobody waits for what hangs'
            $builders | Should -HaveCount 10
            $builders[0..6].Name | Sort-Object | Should -Be (1..7 | ForEach-Object { "bxs-live$_" })
            $builders[0..6].Status | Sort-Object -Unique | Should -Be Running
            $builders[7..9] | ForEach-Object {
                $_.Status | Should -Be Error
                $_.Nodes[0].Error | Should -BeLike "*$($dead[$_.Name])*"
            }

            $shown = $builders | Out-String -Width 200
            $dead.Keys | ForEach-Object { $shown | Should -BeLike "*$_*" }
            $detail = $builders[0].Nodes[0] | Format-List | Out-String -Width 200
            $detail | Should -Match 'GcPolicy\s+:.*(kept|used)'
            $detail | Should -Match 'Labels\s+:'
        }
        finally {
            $silent.Stop()
            Get-BuildxBuilder bxs-* -TimeoutSec 1 | Remove-BuildxBuilder
        }
    }
}
