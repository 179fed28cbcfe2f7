BeforeAll {
    Import-Module $env:BUILDXPS_MODULE
    . (Join-Path $PSScriptRoot TestEngines.ps1)
    $kept = @{}
    foreach ($name in 'DOCKER_CONFIG', 'DOCKER_HOST', 'DOCKER_CONTEXT') {
        $kept[$name] = [Environment]::GetEnvironmentVariable($name)
        [Environment]::SetEnvironmentVariable($name, $null)
    }

    $env:DOCKER_CONFIG = Join-Path $TestDrive docker
    $env:DOCKER_HOST = 'unix:///nowhere.sock'
}

AfterAll {
    foreach ($name in $kept.Keys) {
        [Environment]::SetEnvironmentVariable($name, $kept[$name])
    }
}

Describe 'Get-BuildxContext' {
    It 'lists the context that the environment describes' {
        $contexts = @(Get-BuildxContext)
        $contexts | Should -HaveCount 1
        $contexts[0] | Should -BeOfType ([BuildxPS.DockerContext])
        $contexts[0].Name | Should -Be 'default'
        $contexts[0].Endpoint | Should -Be 'unix:///nowhere.sock'
        $contexts[0].IsCurrent | Should -BeTrue
        $contexts | Out-String | Should -Match '(?m)^default\*\s+unix:///nowhere\.sock'
    }

    It 'reports an unknown context and goes on' {
        $contexts = 'missing', 'def*' | Get-BuildxContext -ErrorVariable failed -ErrorAction SilentlyContinue
        $contexts.Name | Should -Be 'default'
        $failed.FullyQualifiedErrorId | Should -Be 'ContextNotFound,BuildxPS.Commands.GetBuildxContextCommand'
        $failed.ErrorDetails.RecommendedAction | Should -BeLike '*Get-BuildxContext*'
    }
}
