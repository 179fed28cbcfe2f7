BeforeAll {
    Import-Module $env:BUILDXPS_MODULE
    . (Join-Path $PSScriptRoot TestEngines.ps1)
    $kept = Enter-TestSurroundings $TestDrive
    if ($env:BUILDXPS_TEST_ENGINES) {
        $env:DOCKER_HOST = Get-TestEngine d28
    }

    # Leaves records that carry a mark of the test's own; others of the shared engine are none of its business.
    function New-Record([int] $Count = 1) {
        $null = Get-TestEngine d28
        $mark = "bxp$([guid]::NewGuid().ToString('N').Substring(0, 12))"
        $steps = (1..$Count).ForEach({ "RUN : $mark $_ && head -c 200000 /dev/urandom > /$_" }) -join "`n"
        $null = New-TestContext (Join-Path $TestDrive $mark) "FROM busybox`n$steps" |
            Invoke-BuildxBuild -Output type=cacheonly -Progress None
        $null = Find-Record $Count { Get-BuildxDiskUsage -Filter "description~=$mark" }
        $mark
    }

    # Asks again until so many records are there that nothing uses: while a record is measured, its copy that is in use
    # is listed in its place, with an id of its own.
    function Find-Record([int] $Count, [scriptblock] $Command) {
        $wait = [Diagnostics.Stopwatch]::StartNew()
        while ($wait.Elapsed.TotalSeconds -lt 60) {
            $found = @(& $Command)
            if ($found.Count -eq $Count -and $found.IsReclaimable -notcontains $false) {
                break
            }

            Start-Sleep -Milliseconds 200
        }

        $found
    }

    # Removes again until as many went as should: who measures records meanwhile uses them.
    function Remove-Record([int] $Count, [scriptblock] $Command) {
        $removed = @(& $Command)
        $wait = [Diagnostics.Stopwatch]::StartNew()
        while ($removed.Count -lt $Count -and $wait.Elapsed.TotalSeconds -lt 30) {
            Start-Sleep -Milliseconds 200
            $removed += @(& $Command)
        }

        $removed
    }
}

AfterAll {
    Exit-TestSurroundings $kept
}

Describe 'Get-BuildxDiskUsage' {
    It 'lists records as objects, by text and by hashtable' {
        $mark = New-Record
        $record = Find-Record 1 { Get-BuildxDiskUsage -Filter "description~=$mark", @{ type = 'regular' } }
        $record | Should -HaveCount 1
        $record | Should -BeOfType BuildxPS.CacheRecord
        $record.Builder, $record.Node, $record.Type | Should -Be 'default', 'default', 'regular'
        $record.Size | Should -BeGreaterThan 200000
        $record.CreatedAt | Should -BeGreaterThan ([DateTimeOffset]::Now.AddMinutes(-10))
        (Find-Record 1 { Get-BuildxDiskUsage -Id $record.Id }).Description | Should -BeLike "*$mark*"
        Get-BuildxDiskUsage -Id $record.Id -UnusedFor 1h | Should -BeNullOrEmpty
        (Find-Record 1 { Get-BuildxDiskUsage -Id $record.Id -UnusedFor ([timespan]::Zero) }).Id | Should -Be $record.Id
        (Find-Record 1 { Get-BuildxBuilder default | Get-BuildxDiskUsage -Filter @{ id = $record.Id } }).Id | Should -Be $record.Id
        ($record | Out-String -Width 200) | Should -BeLike '*Node: default/default*'
        ($record | Out-String -Width 200) | Should -BeLike "*$($record.Id)*kB*regular*$mark*"
        Remove-Record 1 { $record | Clear-BuildxCache -All -Force -WarningAction SilentlyContinue } | Should -HaveCount 1
    }

    It 'refuses <Arguments.Values>' -ForEach @(
        @{ Arguments = @{ Filter = 'colour=red' }; Part = 'colour' }
        @{ Arguments = @{ Filter = 7 }; Part = 'Int32' }
        @{ Arguments = @{ Filter = 'until=1h'; UnusedFor = '2h' }; Part = 'contradict' }
        @{ Arguments = @{ UnusedFor = 'soon' }; Part = 'soon' }
        @{ Arguments = @{ UnusedFor = -1 }; Part = '-1' }
    ) {
        Assert-Failure (Get-Failure { Get-BuildxDiskUsage @Arguments }) 'ArgumentInvalid,BuildxPS.Commands.GetBuildxDiskUsageCommand' $Part
    }

    It 'names an engine that is not there, and goes on' {
        $null = Get-TestEngine d28
        $failed = Get-Failure { Get-BuildxDiskUsage -DockerHost unix:///nowhere/d.sock }
        Assert-Failure $failed 'EngineUnreachable,BuildxPS.Commands.GetBuildxDiskUsageCommand' '/nowhere/d.sock'
        $failed = Get-Failure { Get-BuildxDiskUsage missing, default -Filter 'id==nothing' }
        Assert-Failure $failed 'BuilderNotFound,BuildxPS.Commands.GetBuildxDiskUsageCommand' 'missing'
    }
}

Describe 'Clear-BuildxCache' {
    It 'says what would go with -WhatIf, and then removes just that' {
        $mark = New-Record 2
        $filter = "description~=$mark"
        $size = (Find-Record 2 { Get-BuildxDiskUsage -Filter $filter } | Measure-Object Size -Sum).Sum
        $script = Join-Path $TestDrive preview.ps1
        Set-Content $script "Import-Module '$env:BUILDXPS_MODULE'; Clear-BuildxCache -Filter '$filter' -All -WhatIf -Force"
        for ($i = 0; $i -lt 5 -and "$said" -notlike '*2 records*'; $i++) {
            $said = (& (Join-Path $PSHOME pwsh) -NoProfile -File $script) -join "`n"
        }

        $said | Should -BeLike "*What if: *Remove*2 records of build cache (2 regular) and free*$([BuildxPS.ByteSize]::Format($size))*node 'default' of builder 'default'*"
        Find-Record 2 { Get-BuildxDiskUsage -Filter $filter } | Should -HaveCount 2
        Remove-Record 2 { Clear-BuildxCache -Filter $filter -All -Force } | Should -HaveCount 2
        Get-BuildxDiskUsage -Filter $filter | Should -BeNullOrEmpty
    }

    It 'removes the records that are piped to it, together, and says what stays' {
        $mark = New-Record 3
        $records = Find-Record 3 { Get-BuildxDiskUsage -Filter "description~=$mark" }
        $first = $records | Where-Object Description -Like "*$mark 1 *"
        $first | Clear-BuildxCache -All -Confirm:$false -WarningVariable warned -WarningAction SilentlyContinue | Should -BeNullOrEmpty
        "$warned" | Should -BeLike '1 of 1 records were not removed*'
        $removed = Remove-Record 3 { $records | Clear-BuildxCache -All -Confirm:$false -WarningAction SilentlyContinue }
        $removed.Id | Sort-Object | Should -Be ($records.Id | Sort-Object)
    }

    It 'adds the filters of docker''s configuration' {
        $mark = New-Record
        $null = New-Item $env:DOCKER_CONFIG -ItemType Directory -Force
        Set-Content (Join-Path $env:DOCKER_CONFIG config.json) '{ "pruneFilters": ["until=24h"] }'
        try {
            Clear-BuildxCache -Filter "description~=$mark" -All -Force | Should -BeNullOrEmpty
            Assert-Failure (Get-Failure { Clear-BuildxCache -Filter "description~=$mark" -UnusedFor 1h -Force }) 'ArgumentInvalid,BuildxPS.Commands.ClearBuildxCacheCommand' 'contradict'
        }
        finally {
            Remove-Item (Join-Path $env:DOCKER_CONFIG config.json)
        }

        Remove-Record 1 { Clear-BuildxCache -Filter "description~=$mark" -All -Force } | Should -HaveCount 1
    }

    It 'refuses sizes that are none' {
        Assert-Failure (Get-Failure { Clear-BuildxCache -Filter 'id==nothing' -ReservedSpace much -Force }) 'ArgumentInvalid,BuildxPS.Commands.ClearBuildxCacheCommand' 'much'
        Assert-Failure (Get-Failure { Clear-BuildxCache -Filter 'id==nothing' -MaxUsedSpace -1 -Force }) 'ArgumentInvalid,BuildxPS.Commands.ClearBuildxCacheCommand' '-1'
    }

    It 'refuses limits that an old engine does not know' {
        $old = Get-TestEngine d20
        $failed = Get-Failure { Clear-BuildxCache -DockerHost $old -Filter 'id==nothing' -MaxUsedSpace 10GB -Force }
        Assert-Failure $failed 'EngineUnsupported,BuildxPS.Commands.ClearBuildxCacheCommand' 'BuildKit 0.17'
    }

    It 'asks' {
        [BuildxPS.Commands.ClearBuildxCacheCommand].GetCustomAttributes($false).Where({ $_ -is [Management.Automation.CmdletAttribute] }).ConfirmImpact | Should -Be High
    }
}
