BeforeAll {
    Import-Module $env:BUILDXPS_MODULE
    . (Join-Path $PSScriptRoot TestEngines.ps1)
    $kept = Enter-TestSurroundings $TestDrive
    $rendering = $PSStyle.OutputRendering
    $PSStyle.OutputRendering = 'PlainText'
}

AfterAll {
    $PSStyle.OutputRendering = $rendering
    Exit-TestSurroundings $kept
}

Describe 'Get-BuildxVersion' {
    It 'says which versions work together on <_>' -ForEach d20, d28 {
        $engine = Get-TestEngine $_
        $version = Get-BuildxVersion -DockerHost $engine
        $version.ModuleVersion | Should -Be (Get-Module BuildxPS).Version
        $version.PowerShellVersion | Should -Be "$($PSVersionTable.PSVersion)"
        $version.DotNetVersion | Should -Be ([Environment]::Version)
        $version.BuildKitApi | Should -Be moby.buildkit.v1
        $version.Driver | Should -Be docker
        $version.Nodes[0].BuildKitVersion | Should -Be (Get-BuildxBuilder -DockerHost $engine).Nodes[0].BuildKitVersion
        $version.Nodes[0].BuildKitVersion | Should -Not -BeNullOrEmpty
        $version.Error | Should -BeNullOrEmpty
        $lines = ($version | Out-String) -split '\r?\n'
        $lines -match '^BuildxPS\s+: ' | Should -HaveCount 1
        $lines -match "^BuildKit\s+: default\s+$([regex]::Escape($version.Nodes[0].BuildKitVersion))$" | Should -HaveCount 1
    }

    It 'takes builders from the pipeline' {
        $env:DOCKER_HOST = Get-TestEngine d28
        (Get-BuildxBuilder default | Get-BuildxVersion).Builder | Should -Be default
    }

    It 'answers where no engine does, and says why' {
        $env:DOCKER_HOST = "unix://$TestDrive/nowhere.sock"
        $version = Get-BuildxVersion -TimeoutSec 5 -ErrorAction Stop
        $version.ModuleVersion | Should -Not -BeNullOrEmpty
        $version.Error | Should -BeLike '*nowhere.sock*'
        $env:DOCKER_HOST = 'nonsense://x'
        (Get-BuildxVersion -ErrorAction Stop).Error | Should -BeLike '*nonsense*'
    }

    It 'reports a builder that is not there' {
        $env:DOCKER_HOST = $null
        Assert-Failure (Get-Failure { Get-BuildxVersion no-such }) 'BuilderNotFound,BuildxPS.Commands.GetBuildxVersionCommand' no-such
    }
}
