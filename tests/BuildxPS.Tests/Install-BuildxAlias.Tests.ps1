BeforeAll {
    Import-Module $env:BUILDXPS_MODULE
    . (Join-Path $PSScriptRoot TestEngines.ps1)
    $kept = Enter-TestSurroundings $TestDrive
    $file = Join-Path $env:DOCKER_CONFIG config.json
    $null = New-Item $env:DOCKER_CONFIG -ItemType Directory -Force
    $text = "{`n  `"auths`": {},`n  `"experimental`": `"disabled`"`n}`n"
}

AfterAll {
    Exit-TestSurroundings $kept
}

Describe 'Install-BuildxAlias and Uninstall-BuildxAlias' {
    BeforeEach {
        [IO.File]::WriteAllText($file, $text)
    }

    It 'make docker builder run buildx, and docker''s own again' {
        $tools = (Get-TestSetup).tools
        $plugins = Join-Path $env:DOCKER_CONFIG cli-plugins
        $null = New-Item $plugins -ItemType SymbolicLink -Value (Join-Path $tools.dockerConfig cli-plugins)
        try {
            Install-BuildxAlias -WarningVariable warned | Should -BeNullOrEmpty
            $warned | Should -BeNullOrEmpty
            (Get-Content -Raw $file | ConvertFrom-Json).aliases.builder | Should -Be buildx
            (& $tools.docker builder version 2>&1 | Out-String) | Should -BeLike '*buildx*'
            (Install-BuildxAlias -PassThru).PluginPath | Should -Be (Join-Path $plugins docker-buildx)

            (Uninstall-BuildxAlias -PassThru).Plugin | Should -Be buildx
            [IO.File]::ReadAllText($file) | Should -Be $text
            Uninstall-BuildxAlias -PassThru | Should -BeNullOrEmpty
        }
        finally {
            [IO.File]::Delete($plugins)
        }
    }

    It 'set what docker itself sets' {
        $tools = (Get-TestSetup).tools
        $own = New-Item (Join-Path $TestDrive own) -ItemType Directory -Force
        $null = New-Item (Join-Path $own cli-plugins) -ItemType SymbolicLink -Value (Join-Path $tools.dockerConfig cli-plugins)
        $mine = $env:DOCKER_CONFIG
        try {
            $env:DOCKER_CONFIG = $own.FullName
            $null = & $tools.docker buildx install 2>&1
        }
        finally {
            $env:DOCKER_CONFIG = $mine
        }

        Remove-Item $file
        Install-BuildxAlias -WarningAction Ignore
        $theirs = (Get-Content -Raw (Join-Path $own config.json) | ConvertFrom-Json).aliases
        $theirs.builder | Should -Be buildx
        (Get-Content -Raw $file | ConvertFrom-Json).aliases | ConvertTo-Json | Should -Be ($theirs | ConvertTo-Json)
    }

    It 'warn where docker has no buildx plugin' -Skip:($IsWindows -or (Test-Path /usr/lib*/docker/cli-plugins/docker-buildx, /usr/local/lib*/docker/cli-plugins/docker-buildx) -contains $true) {
        $alias = Install-BuildxAlias -PassThru -WarningVariable warned -WarningAction SilentlyContinue
        "$warned" | Should -BeLike "*docker build*$($env:DOCKER_CONFIG)*"
        $alias.PluginPath | Should -BeNullOrEmpty
        ($alias | Out-String -Width 300) | Should -BeLike "*builder*buildx*$file*"
    }

    It 'change nothing with -WhatIf' {
        Install-BuildxAlias -WhatIf -PassThru -WarningAction Ignore | Should -BeNullOrEmpty
        [IO.File]::ReadAllText($file) | Should -Be $text
        $with = '{"aliases":{"builder":"buildx"}}'
        [IO.File]::WriteAllText($file, $with)
        Uninstall-BuildxAlias -WhatIf -PassThru | Should -BeNullOrEmpty
        [IO.File]::ReadAllText($file) | Should -Be $with
    }

    It 'do not take away somebody else''s alias, but on demand' {
        $other = '{"aliases":{"builder":"mine"}}'
        [IO.File]::WriteAllText($file, $other)
        Assert-Failure (Get-Failure { Install-BuildxAlias -WarningAction Ignore }) 'AliasExists,BuildxPS.Commands.InstallBuildxAliasCommand' "'mine'"
        Uninstall-BuildxAlias -WarningVariable warned -WarningAction SilentlyContinue
        "$warned" | Should -BeLike "*'mine'*-Force*"
        [IO.File]::ReadAllText($file) | Should -Be $other
        Install-BuildxAlias -Force -WarningAction Ignore
        [IO.File]::ReadAllText($file) | Should -Be '{"aliases":{"builder":"buildx"}}'
        [IO.File]::WriteAllText($file, $other)
        Uninstall-BuildxAlias -Force
        [IO.File]::ReadAllText($file) | Should -Be '{}'
    }
}
