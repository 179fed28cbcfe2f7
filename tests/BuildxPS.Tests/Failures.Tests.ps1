# Failures of builders, engines and steps: each is provoked, read, and its advice followed until the same build passes.

BeforeAll {
    Import-Module $env:BUILDXPS_MODULE
    . (Join-Path $PSScriptRoot TestEngines.ps1)
    . (Join-Path $PSScriptRoot FailureTests.ps1)
    $kept = Enter-TestSurroundings $TestDrive
    $own, $broken, $remote, $full = 1..4 | ForEach-Object { New-TestName }
    $context = New-TestContext (Join-Path $TestDrive context) "FROM scratch`nCOPY name.txt /`n"
    $quiet = @{ Output = 'type=cacheonly'; Progress = 'None'; WarningAction = 'SilentlyContinue' }
    if ($env:BUILDXPS_TEST_ENGINES) {
        $setup = Get-TestSetup
        $dockerHost = Get-TestEngine d28
        $config = New-TestConfig (Join-Path $TestDrive buildkitd.toml)
        $null = New-BuildxBuilder $remote -Driver remote $setup.engines.bkd.host
    }
}

AfterAll {
    if ($env:BUILDXPS_TEST_ENGINES) {
        $env:DOCKER_HOST = $dockerHost
        Get-BuildxBuilder bxp-* | Remove-BuildxBuilder
        Remove-TestBuilder $dockerHost $own, $broken, $full
    }

    Exit-TestSurroundings $kept
}

Describe 'The catalogue of failures' {
    BeforeAll {
        # The engine has a load context of its own, whose types have no names here.
        $null = Get-Failure { Get-BuildxBuilder no-such-builder }
        $engine = [Runtime.Loader.AssemblyLoadContext]::All.Assemblies.Where({ $_.GetName().Name -eq 'BuildxPS.Engine' })[0]
        $catalogue = $engine.GetType('BuildxPS.Engine.Diagnostics.Catalogue.FailureCatalogue')
        $entries = $catalogue.GetProperty('All').GetValue($null)
    }

    It 'has an entry for each id, in a category of PowerShell''s' {
        $entries.Failure | Sort-Object | Should -Be ([Enum]::GetValues([BuildxPS.BuildxFailure]) | Sort-Object)
        foreach ($entry in $entries) {
            [Enum]::GetNames([Management.Automation.ErrorCategory]) | Should -Contain "$($entry.Category)"
        }
    }

    It 'names only commands and parameters that there are' {
        $commands = (Get-Module BuildxPS).ExportedCommands
        $advice = @($entries.Advice) + @($entries.Cases.Advice) + @($catalogue.GetProperty('Warnings').GetValue($null).Advice)
        foreach ($text in $advice) {
            $named = [regex]::Matches($text, '\b[A-Z][a-z]+-Buildx[A-Za-z]+').Value | Select-Object -Unique
            foreach ($name in $named) {
                $commands.Keys | Should -Contain $name -Because $text
            }

            foreach ($parameter in [regex]::Matches($text, '(?<![\w-])-(?<it>[A-Z][A-Za-z]+)').ForEach({ $_.Groups['it'].Value })) {
                ($named ? $commands[@($named)] + $commands['Invoke-BuildxBuild'] : $commands.Values).Parameters.Keys | Should -Contain $parameter -Because $text
            }
        }
    }
}

Describe 'A build on an engine that is not there' {
    It 'says which one was tried, and goes where -DockerHost says' {
        $null = Get-TestEngine d28
        $nowhere = "unix://$TestDrive/nowhere.sock"
        $out = Join-Path $TestDrive unreached
        $failed = Get-Failure { Invoke-BuildxBuild $context -DockerHost $nowhere -Output $out -Progress None }
        Assert-Explained $failed 'EngineUnreachable' ConnectionError $nowhere, '-DockerHost'
        $failed.ErrorDetails.RecommendedAction | Should -BeLike '*-DockerHost*'
        $out | Should -Not -Exist
        (Invoke-BuildxBuild $context -DockerHost $dockerHost -Output $out -Progress None).Outputs.Path | Should -Be $out
    }
}

# One life of one builder.
Describe 'A builder' {
    BeforeAll {
        $null = Get-TestEngine d28
        $env:DOCKER_HOST = $dockerHost

        # A disk of its own, and small, for the builder that is to fill it.
        function New-SmallVolume([string] $Size) {
            $null = Invoke-Docker volume create --driver local --opt type=tmpfs --opt device=tmpfs --opt "o=size=$Size" "buildx_buildkit_$($full)0_state"
        }

        function Write-Megabyte([string] $Name) {
            Invoke-BuildxBuild -DockerfileContent "FROM busybox`nRUN dd if=/dev/zero of=/$Name bs=1M count=64" -Builder $full @quiet
        }
    }

    AfterAll {
        $env:DOCKER_HOST = $null
    }

    It 'that is not there is made' {
        $failed = Get-Failure { Invoke-BuildxBuild $context -Builder $own @quiet }
        Assert-Explained $failed 'BuilderNotFound' ObjectNotFound $own, $remote
        (Invoke-Advised $failed 'Get-BuildxBuilder').Name | Should -Contain $remote
        $null = & (Get-AdvisedCommand $failed 'New-BuildxBuilder') $own -ConfigFile $config -DriverOption network=host
        (Get-BuildxBuilder $own).Status | Should -Be Inactive
    }

    It 'whose config is no TOML is made when the line is right' {
        $file = Join-Path $TestDrive broken.toml
        Set-Content $file "debug = true`n[registry`n"
        $failed = Get-Failure { New-BuildxBuilder $broken -ConfigFile $file }
        Assert-Explained $failed 'ConfigFileInvalid' InvalidData $file, 'line 2, column 10'
        Get-BuildxBuilder $broken -ErrorAction Ignore | Should -BeNullOrEmpty
        Set-Content $file "debug = true`n[registry]`n"
        (New-BuildxBuilder $broken -ConfigFile $file).Name | Should -Be $broken
    }

    It 'that cannot be started says what its engine said, and starts when that is changed' {
        $null = Set-BuildxBuilder $broken -BuildKitdFlag '--no-such-flag'
        $failed = Get-Failure { Start-BuildxBuilder $broken -Progress None }
        Assert-Explained $failed 'BuilderNotBootable' ResourceUnavailable "buildx_buildkit_$($broken)0", 'no-such-flag'
        $null = & (Get-AdvisedCommand $failed 'Set-BuildxBuilder') $broken -BuildKitdFlag '--debug'
        (Start-BuildxBuilder $broken -Progress None).Status | Should -Be Running
        Remove-BuildxBuilder $broken
    }

    It 'that does not run is started' {
        $failed = Get-Failure { Get-BuildxDiskUsage $own }
        Assert-Explained $failed 'BuilderNotRunning' ResourceUnavailable "'$own'", 'inactive'
        (Invoke-Advised $failed 'Start-BuildxBuilder').Status | Should -Be Running
        Get-BuildxDiskUsage $own -ErrorVariable still
        $still | Should -BeNullOrEmpty
    }

    It 'whose engine does not allow an entitlement is told to' {
        $failed = Get-Failure { Invoke-BuildxBuild $context -Builder $own -Allow security.insecure @quiet }
        Assert-Explained $failed 'EntitlementRefused' PermissionDenied 'security.insecure', 'not allowed'
        $null = Invoke-Advised $failed 'Set-BuildxBuilder'
        (Invoke-BuildxBuild $context -Builder $own -Allow security.insecure @quiet).Status | Should -Be Completed
    }

    It 'whose container is killed in a build is told by its name; building again starts it, and what was finished comes from its cache' {
        $seconds = Get-Random -Minimum 1000000 -Maximum 9999999
        $slow = New-TestContext (Join-Path $TestDrive slow) "FROM busybox`nRUN echo $seconds > /first`nARG SECONDS`nRUN sleep `$SECONDS`n"
        $job = Start-ThreadJob -ArgumentList $own, $dockerHost, "sleep $seconds", "${function:Find-TestProcess}", "${function:Invoke-DockerApi}" {
            param($Name, $DockerHost, $Sleep, $FindProcess, $Invoke)
            while (-not (& ([scriptblock]::Create($FindProcess)) $Sleep)) {
                Start-Sleep -Milliseconds 50
            }

            & ([scriptblock]::Create($Invoke)) $DockerHost "/v1.41/containers/buildx_buildkit_$($Name)0/kill" POST
        }
        try {
            $failed = @(Get-Failure { Invoke-BuildxBuild $slow -Builder $own -BuildArg "SECONDS=$seconds" @quiet })
        }
        finally {
            # The engine's answer comes when the container has ended, the build's failure before it.
            $null = Wait-Job $job -Timeout 60
            Remove-Job $job -Force
        }

        Assert-Explained $failed 'EngineLost' ConnectionError "buildx_buildkit_$($own)0"
        $failed[0].Exception.IsTransient | Should -BeTrue
        $failed[0].ErrorDetails.RecommendedAction | Should -BeLike '*try again: what was finished comes from the engine''s cache.'
        $again = Invoke-BuildxBuild $slow -Builder $own -BuildArg SECONDS=0 @quiet
        $again.Status | Should -Be Completed
        $again.Steps.Where({ $_.Name -like "*echo $seconds*" }).IsCached | Should -BeTrue
    }

    It 'whose disk is full is made again where its engine cannot be helped' {
        New-SmallVolume 48m
        # Without its own clearing, which would be early enough now and then.
        Add-Content $config "[worker.oci]`n  gc = false"
        $null = New-BuildxBuilder $full -ConfigFile $config -DriverOption network=host
        $failed = Get-Failure { Write-Megabyte one }
        Assert-Explained $failed 'DiskFull' LimitsExceeded 'no space left on the engine''s disk', "buildx_buildkit_$($full)0", 'of=/one'
        Invoke-Advised $failed 'Remove-BuildxBuilder'
        New-SmallVolume 112m
        $null = & ([scriptblock]::Create("$(Get-AdvisedCommand $failed 'New-BuildxBuilder') -ConfigFile '$config' -DriverOption network=host"))
        (Write-Megabyte one).Status | Should -Be Completed
    }

    It 'whose disk is full has room when its cache is cleared' {
        # As in any engine that has run for a while, there is room in its database that was used before.
        $null = Invoke-BuildxBuild -DockerfileContent "FROM busybox`n$((1..5).ForEach({ "RUN echo $_ > /$_" }) -join "`n")" -Builder $full @quiet
        $null = Clear-BuildxCache $full -All -Force
        (Write-Megabyte one).Status | Should -Be Completed
        $failed = Get-Failure { Write-Megabyte two }
        Assert-Explained $failed 'DiskFull' LimitsExceeded 'no space left on the engine''s disk', "buildx_buildkit_$($full)0", 'of=/two'
        (Invoke-Advised $failed 'Get-BuildxDiskUsage' | Measure-Object Size -Sum).Sum | Should -BeGreaterThan 60mb
        $null = & ([scriptblock]::Create("$(Get-AdvisedCommand $failed 'Clear-BuildxCache') -All -Force"))
        (Write-Megabyte two).Status | Should -Be Completed
    }
}

Describe 'A build' {
    BeforeEach {
        $null = Get-TestEngine bkd
    }

    It 'that needs an entitlement is granted it' {
        $arguments = @{ DockerfileContent = "# syntax=docker/dockerfile:1`nFROM alpine`nRUN --network=host echo $(New-Guid)"; DockerHost = $dockerHost } + $quiet
        $failed = Get-Failure { Invoke-BuildxBuild @arguments }
        Assert-Explained $failed 'EntitlementRefused' PermissionDenied 'network.host'
        $failed.ErrorDetails.RecommendedAction | Should -BeLike '*-Allow network.host*'
        (Invoke-BuildxBuild @arguments -Allow network.host).Status | Should -Be Completed
    }

    It 'of a Dockerfile that is not valid shows the lines in the frontend''s words' {
        $failed = Get-Failure { Invoke-BuildxBuild -DockerfileContent "FROM alpine`nRUNN true`nCMD true" -Builder $remote @quiet }
        Assert-Explained $failed 'DockerfileInvalid' InvalidData 'unknown instruction: RUNN', 'line 2'
        $failed | Out-String | Should -Match '(?m)^ +2 \| >>> RUNN true'
        (Invoke-BuildxBuild -DockerfileContent "FROM alpine`nRUN true`nCMD true" -Builder $remote @quiet).Status | Should -Be Completed
    }

    It 'for a platform that its base image lacks names those that it has' {
        $arguments = @{ DockerfileContent = "FROM $($setup.registries.plain)/library/busybox"; Builder = $remote } + $quiet
        $failed = Get-Failure { Invoke-BuildxBuild @arguments -Platform linux/mips64le }
        Assert-Explained $failed 'PlatformNotAvailable' ObjectNotFound "$($setup.registries.plain)/library/busybox", ' has linux/amd64, linux/arm64, linux/arm/v7'
        $failed.ErrorDetails.RecommendedAction | Should -BeLike '*with -Platform*'
        $others = [regex]::Match($failed.Exception.Message, ' has (.*)\.').Groups[1].Value -split ', '
        (Invoke-BuildxBuild @arguments -Platform $others).Platforms | Should -HaveCount $others.Count
    }

    It 'of several platforms is loaded by an engine that has no exporter for that' {
        $env:DOCKER_HOST = Get-TestEngine d28c
        $tag = "buildxps-failures:$own"
        try {
            $result = Invoke-BuildxBuild $context -Builder $remote -Platform linux/amd64, linux/arm64 -Tag $tag -Load -Progress None -WarningAction SilentlyContinue
            $result.PlatformImages.Names | Should -Contain "docker.io/library/$tag-linux-arm64"
            (Invoke-DockerApi $env:DOCKER_HOST "/v1.41/images/$tag-linux-arm64/json").Architecture | Should -Be arm64
        }
        finally {
            $tag, "$tag-linux-amd64", "$tag-linux-arm64" | ForEach-Object { $null = Invoke-DockerApi $env:DOCKER_HOST "/v1.41/images/$_" DELETE }
            $env:DOCKER_HOST = $null
        }
    }
}
