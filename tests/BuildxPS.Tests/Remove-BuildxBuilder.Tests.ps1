BeforeAll {
    Import-Module $env:BUILDXPS_MODULE
    . (Join-Path $PSScriptRoot TestEngines.ps1)
    $id = 'BuildxPS.Commands.RemoveBuildxBuilderCommand'
    $kept = Enter-TestSurroundings $TestDrive
    $made = [Collections.Generic.List[string]]::new()
    if ($env:BUILDXPS_TEST_ENGINES) {
        $env:DOCKER_HOST = Get-TestEngine d28
    }

    function New-Builder {
        $null = Get-TestEngine d28
        $name = New-TestName
        $made.Add($name)
        New-BuildxBuilder $name @args
    }

    function Test-Volume([string] $Name) {
        (Invoke-DockerApi $env:DOCKER_HOST "/v1.41/volumes/buildx_buildkit_$($Name)0_state").Name -eq "buildx_buildkit_$($Name)0_state"
    }
}

AfterAll {
    if ($env:BUILDXPS_TEST_ENGINES) {
        Remove-TestBuilder (Get-TestEngine d28) $made
    }

    Exit-TestSurroundings $kept
}

Describe 'Remove-BuildxBuilder' {
    It 'reports an unknown builder and goes on' {
        $builder = New-Builder
        'missing', $builder.Name | Remove-BuildxBuilder -Confirm:$false -ErrorVariable failed -ErrorAction SilentlyContinue | Should -BeNullOrEmpty
        $failed.FullyQualifiedErrorId | Should -Be "BuilderNotFound,$id"
        $failed.ErrorDetails.RecommendedAction | Should -Match 'Get-BuildxBuilder'
        Get-BuildxBuilder -Name $builder.Name -ErrorAction Ignore | Should -BeNullOrEmpty
    }

    It 'changes nothing with -WhatIf' {
        $builder = New-Builder
        $builder | Remove-BuildxBuilder -WhatIf
        (Get-BuildxBuilder $builder.Name).Name | Should -Be $builder.Name
    }

    It 'refuses a docker context''s builder' {
        $null = Get-TestEngine d28
        $failed = Get-Failure { Remove-BuildxBuilder default }
        $failed.FullyQualifiedErrorId | Should -Be "BuilderIsContext,$id"
        $failed.ErrorDetails.RecommendedAction | Should -Not -BeNullOrEmpty
    }

    It 'removes by wildcard, and gives them as they were with -PassThru' {
        $stem = New-TestName
        $made.AddRange([string[]]("$stem-a", "$stem-b"))
        $null = Get-TestEngine d28
        $null = New-BuildxBuilder "$stem-a"
        $null = New-BuildxBuilder "$stem-b"
        (Remove-BuildxBuilder "$stem-*" -PassThru).Name | Should -Be "$stem-a", "$stem-b"
        Get-BuildxBuilder "$stem-*" | Should -BeNullOrEmpty
    }

    It 'takes container and cache along, keeps the cache with -KeepState, and only forgets with -KeepDaemon' {
        $builder = New-Builder -Bootstrap -Progress None
        $name = $builder.Name
        Remove-BuildxBuilder $name -KeepDaemon
        (Invoke-DockerApi $env:DOCKER_HOST "/v1.41/containers/buildx_buildkit_$($name)0/json").State.Running | Should -BeTrue
        $null = New-BuildxBuilder $name
        Remove-BuildxBuilder $name -KeepState
        (Invoke-DockerApi $env:DOCKER_HOST "/v1.41/containers/buildx_buildkit_$($name)0/json").State | Should -BeNullOrEmpty
        Test-Volume $name | Should -BeTrue
        $null = New-BuildxBuilder $name -Bootstrap -Progress None
        Remove-BuildxBuilder $name
        Test-Volume $name | Should -BeFalse
    }

    It 'removes all inactive builders with -AllInactive, asking unless -Force or -Confirm:$false' {
        $idle = New-Builder
        $busy = New-Builder -Bootstrap -Progress None
        $script = "Import-Module '$env:BUILDXPS_MODULE'; Remove-BuildxBuilder -AllInactive"
        & (Join-Path $PSHOME pwsh) -NoProfile -NonInteractive -Command $script 2>&1 | Out-String | Should -BeLike '*NonInteractive*'
        (Get-BuildxBuilder $idle.Name).Name | Should -Be $idle.Name
        Remove-BuildxBuilder -AllInactive -WhatIf
        (Get-BuildxBuilder $idle.Name).Name | Should -Be $idle.Name
        Remove-BuildxBuilder -AllInactive -Force
        Get-BuildxBuilder $idle.Name -ErrorAction Ignore | Should -BeNullOrEmpty
        (Get-BuildxBuilder $busy.Name).Status | Should -Be Running
        Stop-BuildxBuilder $busy.Name
        (Remove-BuildxBuilder -AllInactive -Confirm:$false -PassThru).Name | Should -Be $busy.Name
    }

    It 'takes a builder off the list whose engine is gone, and says what is left there' {
        $builder = New-Builder
        $file = Join-Path $env:BUILDX_CONFIG instances $builder.Name
        (Get-Content -Raw $file).Replace($env:DOCKER_HOST, "unix://$TestDrive/gone.sock") | Set-Content -NoNewline $file
        Remove-BuildxBuilder -AllInactive -Force -WarningVariable warned -WarningAction SilentlyContinue
        "$warned" | Should -BeLike "*$($builder.Name)*"
        $failed = Get-Failure { Remove-BuildxBuilder $builder.Name }
        $failed.FullyQualifiedErrorId | Should -Be "BuilderNotRemoved,$id"
        "$failed" | Should -BeLike '*gone.sock*'
        Get-BuildxBuilder $builder.Name -ErrorAction Ignore | Should -BeNullOrEmpty
    }
}
