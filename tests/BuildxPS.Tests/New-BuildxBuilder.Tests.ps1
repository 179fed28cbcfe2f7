BeforeAll {
    Import-Module $env:BUILDXPS_MODULE
    . (Join-Path $PSScriptRoot TestEngines.ps1)
    $id = 'BuildxPS.Commands.NewBuildxBuilderCommand'
    $kept = Enter-TestSurroundings $TestDrive
    $env:DOCKER_HOST = "unix://$TestDrive/nowhere.sock"
    $made = [Collections.Generic.List[string]]::new()
    $name = New-TestName
}

AfterAll {
    if ($env:BUILDXPS_TEST_ENGINES) {
        Remove-TestBuilder (Get-TestEngine d28) $made
    }

    Exit-TestSurroundings $kept
}

Describe 'New-BuildxBuilder refuses' {
    BeforeAll {
        Set-Content (Join-Path $TestDrive typed.toml) 'debug = "yes"'
    }

    It '<What>, naming <Part>' -ForEach @(
        @{ What = 'a name with a slash'; Arguments = @{ Name = 'a/b' }; Failure = 'BuilderNameInvalid'; Part = 'a/b' }
        @{ What = 'the name of docker''s default context'; Arguments = @{ Name = 'default' }; Failure = 'BuilderNameInvalid'; Part = 'default' }
        @{ What = 'a node with a bad name'; Arguments = @{ Node = '-x' }; Failure = 'BuilderNameInvalid'; Part = '-x' }
        @{ What = 'an unknown driver'; Arguments = @{ Driver = 'dokcer' }; Failure = 'DriverNotFound'; Part = 'dokcer' }
        @{ What = 'a second builder of the driver docker'; Arguments = @{ Driver = 'docker' }; Failure = 'EngineUnsupported'; Part = 'docker' }
        @{ What = 'an unknown option'; Arguments = @{ DriverOption = @{ netwrok = 'host' } }; Failure = 'DriverOptionInvalid'; Part = 'netwrok' }
        @{ What = 'an option with a bad value'; Arguments = @{ DriverOption = 'network=host,memory=much' }; Failure = 'DriverOptionInvalid'; Part = 'memory=much' }
        @{ What = 'an option without a value'; Arguments = @{ DriverOption = 'network' }; Failure = 'DriverOptionInvalid'; Part = 'network' }
        @{ What = 'an option that is no pair'; Arguments = @{ DriverOption = 5 }; Failure = 'ArgumentInvalid'; Part = 'Int32' }
        @{ What = 'flags with an open quotation mark'; Arguments = @{ BuildKitdFlag = '--debug "x' }; Failure = 'BuildKitFlagInvalid'; Part = '--debug' }
        @{ What = 'a config file that is not there'; Arguments = @{ ConfigFile = 'no-such.toml' }; Failure = 'ConfigFileInvalid'; Part = 'no-such.toml' }
        @{ What = 'a config file with a value of a wrong type'; Arguments = @{ ConfigFile = 'typed.toml' }; Failure = 'ConfigFileInvalid'; Part = 'debug' }
        @{ What = 'an unknown platform'; Arguments = @{ Platform = 'linux/amd65' }; Failure = 'PlatformInvalid'; Part = 'amd65' }
        @{ What = 'an unknown context'; Arguments = @{ Endpoint = 'no-such-context' }; Failure = 'ContextNotFound'; Part = 'no-such-context' }
        @{ What = 'an engine that does not answer'; Arguments = @{}; Failure = 'EngineUnreachable'; Part = 'nowhere.sock' }
    ) {
        $all = @{ Name = $name }
        $Arguments.Keys | ForEach-Object { $all[$_] = $Arguments[$_] }
        Push-Location $TestDrive
        try {
            $failed = @(Get-Failure { New-BuildxBuilder @all })
        }
        finally {
            Pop-Location
        }

        Assert-Failure $failed "$Failure,$id" $Part
        Get-BuildxBuilder $name -ErrorAction Ignore | Should -BeNullOrEmpty
    }
}

Describe 'New-BuildxBuilder' {
    BeforeEach {
        $name = New-TestName
        $made.Add($name)
        $env:DOCKER_HOST = Get-TestEngine d28
    }

    AfterAll {
        Get-BuildxBuilder bxp-* | Remove-BuildxBuilder
    }

    It 'changes nothing with -WhatIf' {
        New-BuildxBuilder $name -Use -Bootstrap -WhatIf | Should -BeNullOrEmpty
        $env:BUILDX_CONFIG | Should -Not -Exist
    }

    It 'shows no preview of what would be refused' {
        New-BuildxBuilder default -WhatIf -ErrorVariable failed -ErrorAction SilentlyContinue
        $failed[0].FullyQualifiedErrorId | Should -Be 'BuilderNameInvalid,BuildxPS.Commands.NewBuildxBuilderCommand'
        New-BuildxBuilder $name -DriverOption netwrok=host -WhatIf -ErrorVariable failed -ErrorAction SilentlyContinue
        $failed[0].FullyQualifiedErrorId | Should -Be 'DriverOptionInvalid,BuildxPS.Commands.NewBuildxBuilderCommand'
    }

    It 'gives a builder as it was asked for, which nothing was started for' {
        $config = New-TestConfig (Join-Path $TestDrive buildkitd.toml)
        $builder = New-BuildxBuilder $name -ConfigFile $config -DriverOption @{ network = 'host'; 'env.A' = 'b,c' }, 'cpu-shares=512' -BuildKitdFlag '--debug --oci-worker-gc=false' -Platform linux/arm64, linux/riscv64
        $builder | Should -HaveCount 1
        $builder | Should -BeOfType ([BuildxPS.Builder])
        $builder.Name | Should -Be $name
        $builder.Driver | Should -Be 'docker-container'
        $builder.Status | Should -Be Inactive
        $builder.IsCurrent | Should -BeFalse
        $node = $builder.Nodes[0]
        $node.Name | Should -Be "$($name)0"
        $node.DriverOptions['network'] | Should -Be 'host'
        $node.DriverOptions['env.A'] | Should -Be 'b,c'
        $node.DriverOptions['cpu-shares'] | Should -Be '512'
        $node.Flags | Select-Object -First 2 | Should -Be '--debug', '--oci-worker-gc=false'
        $node.ConfigFiles['buildkitd.toml'] | Should -BeLike '*http = true*'
        $node.ExplicitPlatforms | ForEach-Object { "$_" } | Should -Be 'linux/arm64', 'linux/riscv64'
        $shown = $node | Format-List | Out-String
        $shown | Should -BeLike '*network=host*'
        $shown | Should -BeLike '*--debug*'
        $shown | Should -BeLike '*buildkitd.toml*'
    }

    It 'refuses a name in use, and leaves that builder as it is' {
        $null = New-BuildxBuilder $name -DriverOption network=host
        $failed = Get-Failure { New-BuildxBuilder $name -Use }
        $failed.FullyQualifiedErrorId | Should -Be "BuilderExists,$id"
        $failed.CategoryInfo.Category | Should -Be ResourceExists
        $failed.TargetObject | Should -Be $name
        $failed.ErrorDetails.RecommendedAction | Should -BeLike "*Remove-BuildxBuilder $name*"
        (Get-BuildxBuilder $name).IsCurrent | Should -BeFalse
        (Get-BuildxBuilder $name).Nodes[0].DriverOptions.Count | Should -Be 1
    }

    It 'warns of a key that BuildKit does not know' {
        Set-Content (Join-Path $TestDrive odd.toml) "debgu = true`n"
        $null = New-BuildxBuilder $name -ConfigFile (Join-Path $TestDrive odd.toml) -WarningVariable warned -WarningAction SilentlyContinue
        "$warned" | Should -BeLike '*debgu*odd.toml*'
    }

    It 'makes a random name' {
        $builder = New-BuildxBuilder
        $made.Add($builder.Name)
        $builder.Name | Should -Match '^[a-z]+_[a-z]+\d*$'
        $builder | Remove-BuildxBuilder
    }

    It 'starts the engine with -Bootstrap, and makes it current with -Use' {
        $builder = New-BuildxBuilder $name -Use -Bootstrap 6> (Join-Path $TestDrive boot.txt)
        $builder.Status | Should -Be Running
        $builder.IsCurrent | Should -BeTrue
        $builder.Nodes[0].BuildKitVersion | Should -Match '^v0\.'
        Get-Content (Join-Path $TestDrive boot.txt) | Should -Contain '#1 [internal] booting buildkit'
        (Get-BuildxBuilder -Current).Name | Should -Be $name
    }

    It 'pipes into a build' {
        $context = New-TestContext (Join-Path $TestDrive context)
        $config = New-TestConfig (Join-Path $TestDrive buildkitd.toml)
        $out = Join-Path $TestDrive out
        $result = New-BuildxBuilder $name -ConfigFile $config -DriverOption network=host | Invoke-BuildxBuild $context -Output $out -Progress None
        $result.Builder | Should -Be $name
        Get-Content (Join-Path $out greeting.txt) | Should -Be 'hello, world'
    }

    It 'makes a builder that docker buildx lists, inspects and builds on' {
        $context = New-TestContext (Join-Path $TestDrive context)
        $config = New-TestConfig (Join-Path $TestDrive buildkitd.toml)
        $null = New-BuildxBuilder $name -ConfigFile $config -DriverOption network=host -Use
        Invoke-Docker buildx ls | Out-String | Should -BeLike "*$name``**docker-container*"
        $inspected = Invoke-Docker buildx inspect --bootstrap $name | Out-String
        $inspected | Should -BeLike '*network="host"*'
        $inspected | Should -BeLike '*http = true*'
        $out = Join-Path $TestDrive theirs
        $null = Invoke-Docker buildx build --output "type=local,dest=$out" $context
        Get-Content (Join-Path $out greeting.txt) | Should -Be 'hello, world'
        (Get-BuildxBuilder -Current).Status | Should -Be Running
    }
}

Describe 'The completion of New-BuildxBuilder' {
    It 'completes <Line>' -ForEach @(
        @{ Line = 'New-BuildxBuilder -Driver '; Expected = 'docker-container' }
        @{ Line = 'New-BuildxBuilder -DriverOption net'; Expected = "'network='" }
        @{ Line = 'New-BuildxBuilder x -Endpoint def'; Expected = 'default' }
        @{ Line = 'New-BuildxBuilder -Platform linux/arm'; Expected = 'linux/arm64' }
    ) {
        (TabExpansion2 $Line $Line.Length).CompletionMatches.CompletionText | Should -Contain $Expected
    }
}
