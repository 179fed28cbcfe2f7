# Start and Stop: one life of one builder, since every start of an engine takes its time.
BeforeAll {
    Import-Module $env:BUILDXPS_MODULE
    . (Join-Path $PSScriptRoot TestEngines.ps1)
    $kept = Enter-TestSurroundings $TestDrive
    $one, $two = (New-TestName), (New-TestName)
    if ($env:BUILDXPS_TEST_ENGINES) {
        $env:DOCKER_HOST = Get-TestEngine d28
    }
}

AfterAll {
    if ($env:BUILDXPS_TEST_ENGINES) {
        Remove-TestBuilder (Get-TestEngine d28) $one, $two
    }

    Exit-TestSurroundings $kept
}

Describe 'Start-BuildxBuilder and Stop-BuildxBuilder' {
    BeforeAll {
        if ($env:BUILDXPS_TEST_ENGINES) {
            $null = Invoke-Docker buildx create --name $one --driver docker-container --use
            $null = New-BuildxBuilder $two
        }
    }

    BeforeEach {
        $null = Get-TestEngine d28
    }

    It 'do nothing with -WhatIf' {
        Start-BuildxBuilder $one, $two -WhatIf | Should -BeNullOrEmpty
        (Get-BuildxBuilder $one, $two).Status | Should -Be Inactive, Inactive
    }

    It 'start and stop the current builder without a name, one that buildx made' {
        $builder = Start-BuildxBuilder -Progress None
        $builder.Name | Should -Be $one
        $builder.Status | Should -Be Running
        $builder.Platforms | Should -Contain ([BuildxPS.Platform]::Local)
        Stop-BuildxBuilder | Should -BeNullOrEmpty
        (Get-BuildxBuilder $one).Status | Should -Be Stopped
    }

    It 'take wildcards and builders from the pipeline, twice as well as once' {
        (Get-BuildxBuilder bxp-* | Start-BuildxBuilder -Progress None).Status | Should -Be Running, Running
        (Start-BuildxBuilder bxp-* -Progress None).Status | Should -Be Running, Running
        (Stop-BuildxBuilder bxp-* -PassThru).Status | Should -Be Stopped, Stopped
        (Get-BuildxBuilder bxp-* | Stop-BuildxBuilder -PassThru).Status | Should -Be Stopped, Stopped
        Invoke-Docker buildx ls | Out-String | Should -Match 'stopped'
    }

    It 'leave docker contexts alone where a wildcard would mean them' {
        Stop-BuildxBuilder * -PassThru | ForEach-Object Name | Should -Not -Contain 'default'
    }

    It '<Verb>: report an unknown builder and go on' -ForEach @(@{ Verb = 'Start' }, @{ Verb = 'Stop' }) {
        $found = 'no-such-builder', $two | & "$Verb-BuildxBuilder" -WhatIf -ErrorVariable failed -ErrorAction SilentlyContinue
        $found | Should -BeNullOrEmpty
        $failed.FullyQualifiedErrorId | Should -Be "BuilderNotFound,BuildxPS.Commands.$($Verb)BuildxBuilderCommand"
        $failed[0].TargetObject | Should -Be 'no-such-builder'
    }

    It 'make the container again where it was removed underneath, for a build too' {
        $null = Start-BuildxBuilder $two -Progress None
        $null = Invoke-DockerApi $env:DOCKER_HOST "/v1.41/containers/buildx_buildkit_$($two)0?force=true" DELETE
        (Get-BuildxBuilder $two).Status | Should -Be Inactive
        $context = New-TestContext (Join-Path $TestDrive empty) "FROM scratch`nCOPY name.txt /`n"
        (Invoke-BuildxBuild $context -Builder $two -Output type=cacheonly -Progress None).Builder | Should -Be $two
        (Get-BuildxBuilder $two).Status | Should -Be Running
    }
}
