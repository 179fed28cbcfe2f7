BeforeAll {
    Import-Module $env:BUILDXPS_MODULE
    . (Join-Path $PSScriptRoot TestEngines.ps1)
    $id = 'BuildxPS.Commands.GetBuildxBuilderCommand'
    $kept = @{}
    foreach ($name in 'DOCKER_CONFIG', 'DOCKER_HOST', 'DOCKER_CONTEXT', 'BUILDX_BUILDER', 'BUILDX_CONFIG') {
        $kept[$name] = [Environment]::GetEnvironmentVariable($name)
        [Environment]::SetEnvironmentVariable($name, $null)
    }

    # Docker keeps a context in a folder that is named after the hash of the context's name.
    function New-Context([string] $Name, [string] $DockerHost) {
        $hash = [Convert]::ToHexStringLower([Security.Cryptography.SHA256]::HashData([Text.Encoding]::UTF8.GetBytes($Name)))
        $folder = New-Item (Join-Path $env:DOCKER_CONFIG contexts meta $hash) -ItemType Directory
        @{ Name = $Name; Metadata = @{}; Endpoints = @{ docker = @{ Host = $DockerHost; SkipTLSVerify = $false } } } |
            ConvertTo-Json -Depth 4 | Set-Content (Join-Path $folder meta.json)
    }

    $env:DOCKER_CONFIG = Join-Path $TestDrive docker
    $nowhere = "unix://$TestDrive/nowhere.sock"
    New-Context dead $nowhere
    New-Context 'dead-too' $nowhere
    $env:DOCKER_HOST = $nowhere
}

AfterAll {
    foreach ($name in $kept.Keys) {
        [Environment]::SetEnvironmentVariable($name, $kept[$name])
    }
}

Describe 'Get-BuildxBuilder' {
    It 'lists every context as a builder, dead ones with the reason' {
        $builders = Get-BuildxBuilder
        $builders | ForEach-Object { $_ | Should -BeOfType ([BuildxPS.Builder]) }
        $builders.Name | Should -Be 'dead', 'dead-too', 'default'
        $builders[0].Status | Should -Be Error
        $builders[0].Error | Should -BeLike "*$nowhere*"
        $builders.IsCurrent | Should -Be $false, $false, $true
    }

    It 'finds names by <How>' -ForEach @(
        @{ How = 'wildcard'; Get = { Get-BuildxBuilder dead* }; Expected = 'dead', 'dead-too' }
        @{ How = 'name'; Get = { Get-BuildxBuilder -Name dead }; Expected = 'dead' }
        @{ How = 'several names'; Get = { Get-BuildxBuilder dead-too, dead }; Expected = 'dead-too', 'dead' }
        @{ How = 'the pipeline'; Get = { 'dead', 'dead-too' | Get-BuildxBuilder }; Expected = 'dead', 'dead-too' }
        @{ How = 'a property'; Get = { [pscustomobject]@{ Name = 'dead' } | Get-BuildxBuilder }; Expected = 'dead' }
        @{ How = 'a builder'; Get = { Get-BuildxBuilder dead | Get-BuildxBuilder }; Expected = 'dead' }
        @{ How = 'a wildcard that fits none'; Get = { Get-BuildxBuilder no-such* }; Expected = $null }
    ) {
        (& $Get).Name | Should -Be $Expected
    }

    It 'reports an unknown builder and goes on' {
        $builders = 'missing', 'dead' | Get-BuildxBuilder -ErrorVariable failed -ErrorAction SilentlyContinue
        $builders.Name | Should -Be 'dead'
        $failed | Should -HaveCount 1
        $failed[0].FullyQualifiedErrorId | Should -Be "BuilderNotFound,$id"
        $failed[0].TargetObject | Should -Be 'missing'
        $failed[0].CategoryInfo.Category | Should -Be ObjectNotFound
        $failed[0].ErrorDetails.RecommendedAction | Should -BeLike '*Get-BuildxBuilder*'
    }

    It 'reports an unknown docker context' {
        $failed = Get-Failure { Get-BuildxBuilder -Context missing }
        $failed.FullyQualifiedErrorId | Should -Be "ContextNotFound,$id"
        $failed.ErrorDetails.RecommendedAction | Should -Not -BeNullOrEmpty
    }

    It 'gives the one builder that a build would use' {
        (Get-BuildxBuilder -Current).Name | Should -Be 'default'
        $env:DOCKER_HOST = $null
        $env:DOCKER_CONTEXT = 'dead'
        try {
            (Get-BuildxBuilder -Current).Name | Should -Be 'dead'
        }
        finally {
            $env:DOCKER_CONTEXT = $null
            $env:DOCKER_HOST = $nowhere
        }
    }

    It 'gives the builder of a context' {
        (Get-BuildxBuilder -Context dead-too).Name | Should -Be 'dead-too'
    }

    It 'completes names without asking an engine' {
        $line = 'Get-BuildxBuilder de'
        (TabExpansion2 $line $line.Length).CompletionMatches.CompletionText | Should -Be 'dead', 'dead-too', 'default'
        $line = 'Get-BuildxBuilder -Context dead-'
        (TabExpansion2 $line $line.Length).CompletionMatches.CompletionText | Should -Be 'dead-too'
    }

    It 'stops at the first with Select-Object -First 1' {
        @(Get-BuildxBuilder | Select-Object -First 1) | Should -HaveCount 1
    }

    It 'shows a table with the reason where an engine does not answer' {
        $shown = Get-BuildxBuilder | Out-String -Width 200
        $shown | Should -Match '(?m)^Name\s+Driver\s+Status\s+BuildKit\s+Platforms'
        $shown | Should -Match '(?m)^default\*\s'
        $shown | Should -BeLike "*$nowhere*"
    }

    It 'lists builders and docker contexts, with their nodes, and completes their names' {
        $null = Get-TestEngine d28
        $name = New-TestName
        $env:DOCKER_HOST = Get-TestEngine d28
        try {
            $null = New-BuildxBuilder $name -Platform linux/arm64 -Use
            $builders = Get-BuildxBuilder -TimeoutSec 20
            $mine = $builders.Where({ $_.Name -eq $name })[0]
            $mine.IsContext | Should -BeFalse
            $mine.Nodes[0].Endpoint | Should -Be $env:DOCKER_HOST
            $mine.Nodes[0].ExplicitPlatforms | ForEach-Object { "$_" } | Should -Be 'linux/arm64'
            $builders.Where({ $_.IsCurrent }).Name | Should -Be $name
            $builders | Out-String -Width 200 | Should -Match "(?m)^$name\*\s+docker-container\s+Inactive"
            $line = "Get-BuildxBuilder $($name.Substring(0, 6))"
            $found = (TabExpansion2 $line $line.Length).CompletionMatches.Where({ $_.CompletionText -eq $name })
            $found.ToolTip | Should -BeLike "docker-container driver, on $($env:DOCKER_HOST)"
        }
        finally {
            Remove-BuildxBuilder $name
            $env:DOCKER_HOST = $nowhere
        }
    }

    It 'reports a builder whose file is broken, and lists the others' {
        $folder = New-Item (Join-Path $env:DOCKER_CONFIG buildx instances) -ItemType Directory -Force
        Set-Content (Join-Path $folder broken) '{ "Name": '
        try {
            $builders = Get-BuildxBuilder
            $builders.Name | Should -Contain 'dead'
            $builders.Where({ $_.Name -eq 'broken' }).Error | Should -BeLike '*broken*'
        }
        finally {
            Remove-Item (Join-Path $folder broken)
        }
    }

    It 'describes <Engine> as it is' -ForEach @(@{ Engine = 'd20' }, @{ Engine = 'd28' }, @{ Engine = 'd28c' }) {
        $dockerHost = Get-TestEngine $Engine
        $builder = Get-BuildxBuilder -DockerHost $dockerHost
        $builder.Driver | Should -Be 'docker'
        $builder.Status | Should -Be Running
        $builder.Error | Should -BeNullOrEmpty
        $builder.Nodes | Should -HaveCount 1
        $builder.Nodes[0].Platforms | Should -Contain ([BuildxPS.Platform]::Local)
        $builder.Nodes[0].BuildKitVersion | Should -Match '^v?0\.\d+'
    }
}
