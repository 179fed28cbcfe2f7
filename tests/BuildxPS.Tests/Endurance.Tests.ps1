# Builds in great number, at once, and cut off: nothing of them stays in the process, and what follows works.

BeforeAll {
    Import-Module $env:BUILDXPS_MODULE
    . (Join-Path $PSScriptRoot TestEngines.ps1)
    $kept = Enter-TestSurroundings $TestDrive
    $small = New-TestContext (Join-Path $TestDrive small)

    function Wait-Until([scriptblock] $Condition, [string] $What) {
        $watch = [Diagnostics.Stopwatch]::StartNew()
        while (-not (& $Condition)) {
            $watch.Elapsed.TotalSeconds | Should -BeLessThan 90 -Because "$What should happen"
            Start-Sleep -Milliseconds 50
        }
    }

    # A context whose one step sleeps for a number of seconds that no other process sleeps for.
    function New-SleepingContext {
        $seconds = Get-Random -Minimum 1000000 -Maximum 9999999
        New-TestContext (Join-Path $TestDrive "sleep-$seconds") "FROM busybox`nRUN sleep $seconds`n"
    }
}

AfterAll {
    Exit-TestSurroundings $kept
}

Describe 'Builds in a row, good, failed and stopped ones' {
    It 'leave no open file, no thread and no memory behind' {
        $dockerHost = Get-TestEngine d28
        # 500 take long on a busy machine: BUILDXPS_TEST_BUILDS asks for another number.
        $count = $env:BUILDXPS_TEST_BUILDS ? [int]$env:BUILDXPS_TEST_BUILDS : 200
        $options = @(
            '-Module', $env:BUILDXPS_MODULE, '-DockerHost', $dockerHost, '-Folder', (New-Item (Join-Path $TestDrive row) -ItemType Directory).FullName
            '-Count', $count, '-LookAfter', (50, [int](($count + 50) / 2), $count -join ',')
        )
        $answer = & (Join-Path $PSHOME pwsh) -NoProfile -NonInteractive -Command (Join-Path $PSScriptRoot Measure-Endurance.ps1) @options
        $LASTEXITCODE | Should -Be 0 -Because "the builds should run: $answer"
        $seen = $answer | Out-String | ConvertFrom-Json
        $table = $seen.Looks | Format-Table | Out-String
        Write-Host $table

        $stopped = [int][Math]::Floor($count / 50)
        $failed = [int][Math]::Floor($count / 10) - $stopped
        $seen.Outcomes.Completed | Should -Be ($count - $stopped - $failed)
        $seen.Outcomes.Failed | Should -Be $failed
        $seen.Outcomes.Stopped | Should -Be $stopped
        $first = $seen.Looks[0]
        $last = $seen.Looks[-1]
        $last.OpenFiles - $first.OpenFiles | Should -BeLessOrEqual 10 -Because $table
        # The pool adds threads as it sees fit, but not one for each build.
        $last.Threads - $first.Threads | Should -BeLessOrEqual 12 -Because $table
        $last.HeapBytes - $first.HeapBytes | Should -BeLessThan 4mb -Because $table
        $last.MemoryBytes - $first.MemoryBytes | Should -BeLessThan 48mb -Because $table
        $last.Temporary | Should -Be 0
    }
}

Describe 'Sixteen builds at once in runspaces' {
    It 'all succeed, and each gets what is its own' {
        $dockerHost = Get-TestEngine d28
        $folders = foreach ($number in 1..16) {
            $folder = New-TestContext (Join-Path $TestDrive "many-$number") "FROM scratch`nCOPY own-$number /`n"
            Set-Content (Join-Path $folder "own-$number") "$number $(New-Guid)"
            $folder
        }

        $results = $folders | ForEach-Object -ThrottleLimit 16 -Parallel {
            Import-Module $env:BUILDXPS_MODULE
            Invoke-BuildxBuild $_ -DockerHost $using:dockerHost -Output "$_-out" -Progress None
        }

        $results | Should -HaveCount 16
        $results.BuildRef | Select-Object -Unique | Should -HaveCount 16
        foreach ($folder in $folders) {
            $own = @(Get-ChildItem $folder -Filter 'own-*')
            $received = @(Get-ChildItem "$folder-out")
            $received.Name | Should -Be $own.Name
            Get-Content $received | Should -Be (Get-Content $own)
        }
    }
}

Describe 'Builds in jobs that are stopped' {
    It 'end on the engine, and the next build works: <How>' -ForEach @(
        @{ How = 'Start-ThreadJob'; Start = {
                $contexts | ForEach-Object {
                    Start-ThreadJob -ArgumentList $_, $dockerHost {
                        Import-Module $env:BUILDXPS_MODULE
                        Invoke-BuildxBuild $args[0] -DockerHost $args[1] -Output type=cacheonly -Progress Plain
                    }
                }
            }
        }
        @{ How = 'ForEach-Object -Parallel -AsJob'; Start = {
                $contexts | ForEach-Object -AsJob -Parallel {
                    Import-Module $env:BUILDXPS_MODULE
                    Invoke-BuildxBuild $_ -DockerHost $using:dockerHost -Output type=cacheonly -Progress Plain
                }
            }
        }
    ) {
        $dockerHost = Get-TestEngine d28
        $contexts = @(New-SleepingContext; New-SleepingContext)
        $sleeps = $contexts | ForEach-Object { "sleep $(($_ -split '-')[-1])" }
        $jobs = @(& $Start)
        try {
            Wait-Until { -not ($sleeps | Where-Object { -not (Find-TestProcess $_) }) } 'every step'

            Stop-Job $jobs

            Wait-Until { -not ($sleeps | Where-Object { Find-TestProcess $_ }) } 'the end of every step'
            $jobs.State | Select-Object -Unique | Should -Be Stopped
            (Invoke-BuildxBuild $small -DockerHost $dockerHost -Output type=cacheonly -Progress None).Status | Should -Be Completed
        }
        finally {
            Remove-Job $jobs -Force
        }
    }
}
