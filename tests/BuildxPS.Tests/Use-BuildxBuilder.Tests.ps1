BeforeAll {
    Import-Module $env:BUILDXPS_MODULE
    . (Join-Path $PSScriptRoot TestEngines.ps1)
    $id = 'BuildxPS.Commands.UseBuildxBuilderCommand'
    $kept = Enter-TestSurroundings $TestDrive
    $one, $two = (New-TestName), (New-TestName)
    if ($env:BUILDXPS_TEST_ENGINES) {
        $env:DOCKER_HOST = Get-TestEngine d28
        $null = New-BuildxBuilder $one
        $null = New-BuildxBuilder $two
    }
}

AfterAll {
    Exit-TestSurroundings $kept
}

Describe 'Use-BuildxBuilder' {
    BeforeEach {
        $null = Get-TestEngine d28
    }

    It 'makes a builder the current one, twice as well as once, in silence' {
        Use-BuildxBuilder $one | Should -BeNullOrEmpty
        Use-BuildxBuilder $one | Should -BeNullOrEmpty
        (Get-BuildxBuilder -Current).Name | Should -Be $one
        (Get-BuildxBuilder).Where({ $_.IsCurrent }).Name | Should -Be $one
        Get-BuildxBuilder $one | Out-String | Should -BeLike "*$one``**"
        Invoke-Docker buildx ls | Out-String | Should -BeLike "*$one``**"
    }

    It 'takes a builder from the pipeline, and gives it with -PassThru' {
        $builder = Get-BuildxBuilder $two | Use-BuildxBuilder -PassThru
        $builder.Name | Should -Be $two
        $builder.IsCurrent | Should -BeTrue
    }

    It 'changes nothing with -WhatIf' {
        Use-BuildxBuilder $two
        Use-BuildxBuilder $one -WhatIf
        (Get-BuildxBuilder -Current).Name | Should -Be $two
    }

    It 'goes back to the context''s own builder' {
        Use-BuildxBuilder $two
        Use-BuildxBuilder default
        (Get-BuildxBuilder -Current).Name | Should -Be 'default'
    }

    It 'is for one engine, for good with -Default, and for all with -Global' {
        $other = Get-TestEngine d20
        $own = $env:DOCKER_HOST
        try {
            Use-BuildxBuilder $one -Default
            $env:DOCKER_HOST = $other
            (Get-BuildxBuilder -Current).Name | Should -Be 'default'
            Use-BuildxBuilder $two -Global
            (Get-BuildxBuilder -Current).Name | Should -Be $two
            $env:DOCKER_HOST = $own
            (Get-BuildxBuilder -Current).Name | Should -Be $two
        }
        finally {
            $env:DOCKER_HOST = $own
            Use-BuildxBuilder default
        }
    }

    It 'reports an unknown builder and goes on' {
        'no-such-builder', $one | Use-BuildxBuilder -ErrorVariable failed -ErrorAction SilentlyContinue
        $failed.FullyQualifiedErrorId | Should -Be "BuilderNotFound,$id"
        $failed[0].TargetObject | Should -Be 'no-such-builder'
        $failed[0].ErrorDetails.RecommendedAction | Should -BeLike '*Get-BuildxBuilder*'
        (Get-BuildxBuilder -Current).Name | Should -Be $one
    }

    It 'is overruled by BUILDX_BUILDER and by -Builder' {
        Use-BuildxBuilder $one
        $env:BUILDX_BUILDER = $two
        try {
            (Get-BuildxBuilder -Current).Name | Should -Be $two
        }
        finally {
            $env:BUILDX_BUILDER = $null
        }
    }

    It 'completes names of builders' {
        $line = "Use-BuildxBuilder $($one.Substring(0, 8))"
        (TabExpansion2 $line $line.Length).CompletionMatches.CompletionText | Should -Contain $one
    }
}
