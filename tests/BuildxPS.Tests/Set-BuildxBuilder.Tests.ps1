BeforeAll {
    Import-Module $env:BUILDXPS_MODULE
    . (Join-Path $PSScriptRoot TestEngines.ps1)
    $id = 'BuildxPS.Commands.SetBuildxBuilderCommand'
    $kept = Enter-TestSurroundings $TestDrive
    $env:DOCKER_HOST = "unix://$TestDrive/nowhere.sock"
    $made = [Collections.Generic.List[string]]::new()

    # A builder as it is stored, of an engine that nobody asks.
    function New-StoredBuilder([string] $Name, [hashtable[]] $Node, [string] $Driver = 'docker-container') {
        $nodes = @($Node | ForEach-Object { [ordered]@{ Name = $_.Name; Endpoint = $_.Endpoint ?? $env:DOCKER_HOST; Platforms = $null; DriverOpts = $_.DriverOpts; Flags = $_.Flags; Files = $_.Files } })
        $folder = New-Item (Join-Path $env:BUILDX_CONFIG instances) -ItemType Directory -Force
        [ordered]@{ Name = $Name; Driver = $Driver; Nodes = $nodes; Dynamic = $false } | ConvertTo-Json -Depth 6 -Compress | Set-Content (Join-Path $folder $Name) -NoNewline
    }
}

AfterAll {
    if ($env:BUILDXPS_TEST_ENGINES) {
        Remove-TestBuilder (Get-TestEngine d28) $made
    }

    Exit-TestSurroundings $kept
}

Describe 'Set-BuildxBuilder refuses' {
    BeforeAll {
        New-StoredBuilder one @{ Name = 'one0' }
        New-StoredBuilder two @{ Name = 'two0' }, @{ Name = 'two1' }
        New-StoredBuilder far @{ Name = 'far0'; Endpoint = 'unix:///nowhere/b.sock' } -Driver remote
        Set-Content (Join-Path $TestDrive broken.toml) "debug = true`n[registry`n"
        $before = Get-ChildItem (Join-Path $env:BUILDX_CONFIG instances) | Get-FileHash
    }

    It '<What>, naming <Part>, and changes nothing' -ForEach @(
        @{ What = 'a builder that is not there'; Arguments = @{ Name = 'none'; InsecureRegistry = 'r:1' }; Failure = 'BuilderNotFound'; Part = 'none' }
        @{ What = 'a context''s builder'; Arguments = @{ Name = 'default'; InsecureRegistry = 'r:1' }; Failure = 'BuilderIsContext'; Part = 'default' }
        @{ What = 'a node that is not there'; Arguments = @{ Name = 'two'; Node = 'three'; InsecureRegistry = 'r:1' }; Failure = 'NodeNotFound'; Part = 'three' }
        @{ What = 'platforms for several nodes'; Arguments = @{ Name = 'two'; Platform = 'linux/arm64' }; Failure = 'ArgumentInvalid'; Part = 'several nodes' }
        @{ What = 'an unknown option'; Arguments = @{ Name = 'one'; DriverOption = 'netwrok=host' }; Failure = 'DriverOptionInvalid'; Part = 'netwrok' }
        @{ What = 'a config that is not TOML'; Arguments = @{ Name = 'one'; ConfigFile = 'broken.toml' }; Failure = 'ConfigFileInvalid'; Part = 'line 2, column' }
        @{ What = 'an authority that is not there'; Arguments = @{ Name = 'one'; RegistryCa = @{ 'r:1' = 'no-such.pem' } }; Failure = 'ConfigFileInvalid'; Part = 'no-such.pem' }
        @{ What = 'an authority for no registry'; Arguments = @{ Name = 'one'; RegistryCa = 'no-such.pem' }; Failure = 'ArgumentInvalid'; Part = 'no-such.pem' }
        @{ What = 'a mirror with a scheme'; Arguments = @{ Name = 'one'; RegistryMirror = @{ 'docker.io' = 'https://m' } }; Failure = 'ArgumentInvalid'; Part = 'https://m' }
        @{ What = 'a registry setting of a remote engine'; Arguments = @{ Name = 'far'; InsecureRegistry = 'r:1' }; Failure = 'EngineUnsupported'; Part = 'far' }
    ) {
        Push-Location $TestDrive
        try {
            $failed = @(Get-Failure { Set-BuildxBuilder @Arguments })
        }
        finally {
            Pop-Location
        }

        Assert-Failure $failed "$Failure,$id" $Part
        (Get-ChildItem (Join-Path $env:BUILDX_CONFIG instances) | Get-FileHash).Hash | Should -Be $before.Hash
    }

    It 'nothing with -WhatIf, and changes nothing' {
        Set-BuildxBuilder one -InsecureRegistry r:1 -WhatIf | Should -BeNullOrEmpty
        (Get-ChildItem (Join-Path $env:BUILDX_CONFIG instances) | Get-FileHash).Hash | Should -Be $before.Hash
    }
}

Describe 'Set-BuildxBuilder' {
    BeforeAll {
        $setup = Get-TestSetup
        $env:DOCKER_HOST = $setup.engines.d28.host
    }

    BeforeEach {
        $name = New-TestName
        $made.Add($name)
    }

    AfterAll {
        Get-BuildxBuilder bxp-* | Remove-BuildxBuilder
    }

    It 'changes what is asked for and leaves the rest, of all nodes or of one' {
        New-StoredBuilder $name @{ Name = 'a'; DriverOpts = [ordered]@{ network = 'host'; memory = '1g' }; Flags = @('--debug') }, @{ Name = 'b'; Endpoint = $setup.engines.d20.host }
        $builder = Set-BuildxBuilder $name -DriverOption @{ memory = $null; 'cpu-shares' = '10' } -InsecureRegistry r.example:5000 -RegistryMirror @{ 'docker.io' = 'm.example', 'n.example/x' }
        $builder | Should -BeOfType ([BuildxPS.Builder])
        $a, $b = $builder.Nodes
        $a.DriverOptions.Keys | Sort-Object | Should -Be 'cpu-shares', 'network'
        $a.Flags | Should -Be '--debug'
        $b.DriverOptions['cpu-shares'] | Should -Be '10'
        $a, $b | ForEach-Object {
            $_.ConfigFiles['buildkitd.toml'] | Should -Match '(?s)\[registry\."r\.example:5000"\]\s+http = true'
            $_.ConfigFiles['buildkitd.toml'] | Should -Match 'mirrors = \["m\.example", "n\.example/x"\]'
        }

        $builder = $builder | Set-BuildxBuilder -Node b -Platform linux/arm64 -BuildKitdFlag --debug -SkipTlsVerify s.example
        $builder.Nodes[1].ExplicitPlatforms | ForEach-Object { "$_" } | Should -Be 'linux/arm64'
        $builder.Nodes[1].Flags[0] | Should -Be '--debug'
        $builder.Nodes[1].ConfigFiles['buildkitd.toml'] | Should -Match 'insecure = true'
        $builder.Nodes[1].ConfigFiles['buildkitd.toml'] | Should -Match 'http = true'
        $builder.Nodes[0].ConfigFiles['buildkitd.toml'] | Should -Not -Match 'insecure = true'
    }

    It 'makes a running container again with a registry''s new authority, and keeps the cache' {
        $registry = $setup.registries.https
        Set-Login $registry $setup.users.https
        $context = New-TestContext (Join-Path $TestDrive ca) "FROM scratch`nCOPY name.txt /`nLABEL id=$name`n"
        $other = Join-Path $TestDrive other.pem
        $key = [Security.Cryptography.ECDsa]::Create()
        $request = [Security.Cryptography.X509Certificates.CertificateRequest]::new('CN=another', $key, 'SHA256')
        $request.CertificateExtensions.Add([Security.Cryptography.X509Certificates.X509BasicConstraintsExtension]::new($true, $false, 0, $true))
        Set-Content $other $request.CreateSelfSigned([DateTimeOffset]::UtcNow.AddDays(-1), [DateTimeOffset]::UtcNow.AddDays(9)).ExportCertificatePem()

        # The authority alone is enough, and one line replaces it.
        $null = New-BuildxBuilder $name -DriverOption network=host -RegistryCa @{ $registry = $setup.certificates.ca }
        $first = Invoke-BuildxBuild $context -Builder $name -Tag "$registry/ca/$($name):1" -Push -Progress None
        $first.Digest | Should -BeLike 'sha256:*'

        $null = Set-BuildxBuilder $name -RegistryCa @{ $registry = $other } -Progress None
        (Get-BuildxBuilder $name).Status | Should -Be Running
        $failed = Get-Failure { Invoke-BuildxBuild $context -Builder $name -Tag "$registry/ca/$($name):2" -Push -Progress None }
        $failed.FullyQualifiedErrorId | Should -BeLike 'RegistryCertificateInvalid,*'
        $failed.ErrorDetails.RecommendedAction | Should -BeLike '*-RegistryCa*'

        $null = Set-BuildxBuilder $name -RegistryCa @{ $registry = Get-Item $setup.certificates.ca } -Progress None
        $again = Invoke-BuildxBuild $context -Builder $name -Tag "$registry/ca/$($name):3" -Push -Progress None
        $again.Steps.Where({ $_.Name -like '*COPY*' }).IsCached | Should -BeTrue
        (Get-BuildxImageManifest "$registry/ca/$($name):3" -Builder $name).Digest | Should -Be $again.Digest
    }

    It 'gives a builder a mirror that serves what the registry itself would' {
        $context = New-TestContext (Join-Path $TestDrive mirror) "FROM busybox`nRUN echo $name > /x`n"
        $mirror = $setup.registries.plain
        $null = New-BuildxBuilder $name -DriverOption network=host -RegistryMirror @{ 'docker.io' = $mirror } -InsecureRegistry $mirror
        (Invoke-BuildxBuild $context -Builder $name -Output type=cacheonly -Progress None).Builder | Should -Be $name
    }
}
