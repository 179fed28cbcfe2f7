BeforeAll {
    Import-Module $env:BUILDXPS_MODULE
    . (Join-Path $PSScriptRoot TestEngines.ps1)
    $kept = Enter-TestSurroundings $TestDrive
    if ($env:BUILDXPS_TEST_ENGINES) {
        $env:DOCKER_HOST = Get-TestEngine d28
    }

    $id = 'BuildxPS.Commands.TestBuildxDockerfileCommand'
    $good = New-TestContext (Join-Path $TestDrive good)
    $bad = New-TestContext (Join-Path $TestDrive bad) "FROM busybox AS Build`nMAINTAINER me`nRUN exit 1"
    $broken = New-TestContext (Join-Path $TestDrive broken) "FROM busybox`nRUNN x"
}

AfterAll {
    Exit-TestSurroundings $kept
}

Describe 'Test-BuildxDockerfile' {
    It 'gives an object for each rule that is broken, and none for a good file' {
        $null = Get-TestEngine d28
        Test-BuildxDockerfile $good | Should -BeNullOrEmpty
        $found = Test-BuildxDockerfile $bad
        $found | Should -BeOfType BuildxPS.DockerfileViolation
        $found.Rule | Should -Be 'StageNameCasing', 'MaintainerDeprecated'
        $found.StartLine | Should -Be 1, 2
        $found[0].File | Should -Be (Join-Path $bad Dockerfile)
        $found[0].Url.Host | Should -Be docs.docker.com
        ($found | Out-String) | Should -Match 'Warning\s+StageNameCasing'
    }

    It 'makes broken rules an error with -FailOn Warning, and takes the next input' {
        $null = Get-TestEngine d28
        $found = $bad, $good | Test-BuildxDockerfile -FailOn Warning -ErrorVariable failed -ErrorAction SilentlyContinue
        $found | Should -HaveCount 2
        Assert-Failure $failed "DockerfileCheckFailed,$id" 'StageNameCasing: *Dockerfile:1'
        { Test-BuildxDockerfile $bad -FailOn Warning -ErrorAction Stop } | Should -Throw -ErrorId "DockerfileCheckFailed,$id"
    }

    It 'takes objects, each with its own platform, arguments and Dockerfile' {
        $null = Get-TestEngine d28
        $own = New-TestContext (Join-Path $TestDrive own) "ARG BASE=busybox`nFROM --platform=`$TARGETPLATFORM `$BASE AS Build"
        $matrix = @(
            [pscustomobject]@{ Path = $good; Platform = 'linux/amd65' }
            [pscustomobject]@{ Path = $own; Platform = 'linux/amd64,linux/arm64'; BuildArg = @{ BASE = 'alpine' }; File = $null }
            [pscustomobject]@{ Path = $good; BuildArg = '=x' }
            [pscustomobject]@{ Path = $good; File = (Join-Path $bad Dockerfile) }
        )
        $found = $matrix | Test-BuildxDockerfile -ErrorVariable failed -ErrorAction SilentlyContinue
        $found.Rule | Sort-Object | Should -Be MaintainerDeprecated, RedundantTargetPlatform, StageNameCasing, StageNameCasing
        $failed.FullyQualifiedErrorId | Should -Be "PlatformInvalid,$id", "ArgumentInvalid,$id"
        $failed.TargetObject | Should -Be $good, $good
        { $matrix | Test-BuildxDockerfile -Platform linux/amd65 } | Should -Throw -ErrorId "PlatformInvalid,$id"
    }

    It 'takes no link''s aim for a stage' {
        $null = Get-TestEngine d28
        $link = New-Item (Join-Path $TestDrive link) -ItemType SymbolicLink -Value $good
        $link | Test-BuildxDockerfile | Should -BeNullOrEmpty
        ($link | Get-BuildxDockerfileInfo).GetType().Name | Should -Be DockerfileOutline
    }

    It 'shows the line of a file that does not parse' {
        $null = Get-TestEngine d28
        $found = Test-BuildxDockerfile $broken -ErrorVariable failed -ErrorAction SilentlyContinue
        $found.Level, $found.StartLine | Should -Be 'Error', 2
        Assert-Failure $failed "DockerfileInvalid,$id" '>>> RUNN x'
        $failed[0].Exception.Sources[0].FirstLine | Should -Be 2
    }

    It 'says what an old engine needs' {
        $old = Get-TestEngine d20
        Assert-Failure (Get-Failure { Test-BuildxDockerfile $bad -DockerHost $old }) "EngineUnsupported,$id" 'unsupported request'
    }

    It 'refuses what is not there' {
        $null = Get-TestEngine d28
        Assert-Failure (Get-Failure { Test-BuildxDockerfile (Join-Path $TestDrive nowhere) }) "BuildContextNotFound,$id" 'nowhere'
        Assert-Failure (Get-Failure { Test-BuildxDockerfile $good -File (Join-Path $TestDrive nofile) }) "DockerfileNotFound,$id" 'nofile'
    }
}

Describe 'Get-BuildxDockerfileInfo' {
    It 'gives the stages' {
        $null = Get-TestEngine d28
        $stages = Get-BuildxDockerfileInfo $good -Kind Targets
        $stages | Should -BeOfType BuildxPS.DockerfileTarget
        $stages.Name | Should -Be 'build', 'final'
        $stages.IsDefault | Should -Be $false, $true
        ($stages | Out-String) | Should -Match 'final\*\s+scratch'
    }

    It 'gives what a stage takes' {
        $null = Get-TestEngine d28
        $outline = Get-BuildxDockerfileInfo $good -Target build -BuildArg @{ GREETING = 'bye' }
        $outline | Should -BeOfType BuildxPS.DockerfileOutline
        $outline.Name, $outline.BuildArgs.Name, $outline.BuildArgs.Default, $outline.BuildArgs.Value | Should -Be 'build', 'GREETING', 'hello', 'bye'
        "$($outline.BuildArgs.Location)" | Should -Be 'Dockerfile:2'
        ($outline | Out-String) | Should -Match 'BuildArgs\s+: GREETING=bye'
    }

    It 'names a stage that is not there' {
        $null = Get-TestEngine d28
        Assert-Failure (Get-Failure { Get-BuildxDockerfileInfo $good -Target nowhere }) 'TargetNotFound,BuildxPS.Commands.GetBuildxDockerfileInfoCommand' 'nowhere'
    }
}
