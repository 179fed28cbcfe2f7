# Failures with registries: each is provoked, read, and its advice followed until the same build passes.
# The two builders go from one failure to the next, as those of somebody who meets one after the other.

BeforeAll {
    Import-Module $env:BUILDXPS_MODULE
    . (Join-Path $PSScriptRoot TestEngines.ps1)
    . (Join-Path $PSScriptRoot FailureTests.ps1)
    $kept = Enter-TestSurroundings $TestDrive
    $own, $remote = (New-TestName), (New-TestName)
    $context = New-TestContext (Join-Path $TestDrive context) "FROM scratch`nCOPY name.txt /`n"
    if ($env:BUILDXPS_TEST_ENGINES) {
        $setup = Get-TestSetup
        $env:DOCKER_HOST = Get-TestEngine d28
        $null = New-BuildxBuilder $own -DriverOption network=none
        $null = New-BuildxBuilder $remote -Driver remote $setup.engines.bkd.host
    }

    function Push([string] $Builder, [string] $Registry) {
        Invoke-BuildxBuild $context -Builder $Builder -Tag "$Registry/failures/$($own):1" -Push -Progress None -WarningAction SilentlyContinue
    }

    # A registry's name by which the hosts file of this machine finds it, or the test is skipped: the loopback address has one on most.
    function Get-NamedRegistry {
        $name = Get-LoopbackName
        if (-not $name) {
            Set-ItResult -Skipped -Because 'the hosts file of this machine gives no name to the loopback address'
        }

        $name, "$($name):$($setup.registries.plain.Split(':')[1])"
    }

    # A name that the hosts file gives to this machine's loopback address.
    function Get-LoopbackName {
        $names = (Get-Content /etc/hosts).Where({ $_ -match '^127\.' }).ForEach({ ($_ -replace '#.*' -split '\s+' -ne '')[1..9] })
        $names.Where({ $_ -and $_ -notlike 'localhost*' })[0]
    }
}

AfterAll {
    if ($env:BUILDXPS_TEST_ENGINES) {
        Remove-BuildxBuilder $own, $remote
    }

    Exit-TestSurroundings $kept
}

Describe 'A registry' {
    BeforeEach {
        $null = Get-TestEngine d28
    }

    It 'whose name the builder''s container does not know is found through the network of its machine' {
        $name, $registry = Get-NamedRegistry
        $pull = { Invoke-BuildxBuild -DockerfileContent "FROM $registry/library/busybox" -Builder $own -Output type=cacheonly -Progress None }
        $failed = Get-Failure $pull
        Assert-Explained $failed 'NameNotResolved' ConnectionError "$registry/library/busybox", "lookup $name", "buildx_buildkit_$($own)0"
        $failed.Exception.IsTransient | Should -BeTrue
        $null = Invoke-Advised $failed 'Set-BuildxBuilder'
        (Get-BuildxBuilder $own).Nodes[0].DriverOptions['network'] | Should -Be 'host'

        # Found, it is asked over https, and has only http.
        $failed = Get-Failure $pull
        Assert-Explained $failed 'RegistryPlainHttp' SecurityError "The registry $registry answers plain http"
        $null = Invoke-Advised $failed 'Set-BuildxBuilder'
        (& $pull).Status | Should -Be Completed
        (Push $own $registry).Digest | Should -Be (Get-BuildxImageManifest "$($setup.registries.plain)/failures/$($own):1").Digest
    }

    It 'whose name a step does not know is found when the build is told its address' {
        $name, $registry = Get-NamedRegistry
        $ask = @{
            DockerfileContent = "FROM busybox`nARG ID=$own`nRUN wget -q -O /dev/null http://$registry/v2/"
            DockerHost = $env:DOCKER_HOST; Network = 'host'; Allow = 'network.host'; Output = 'type=cacheonly'; Progress = 'None'
        }
        $failed = Get-Failure { Invoke-BuildxBuild @ask }
        Assert-Explained $failed 'StepFailed' InvalidResult "RUN wget -q -O /dev/null http://$registry/v2/"
        $failed.Exception.LogTail | Should -Contain "wget: bad address '$registry'"
        $failed.ErrorDetails.RecommendedAction | Should -BeLike '*-AddHost NAME=ADDRESS*'
        (Invoke-BuildxBuild @ask -AddHost "$name=127.0.0.1").Status | Should -Be Completed
    }

    It 'whose authority the builder does not know is trusted when it is given, and then wants a login' {
        $registry = $setup.registries.https
        if ((Get-BuildxBuilder $own).Nodes[0].DriverOptions['network'] -ne 'host') {
            $null = Set-BuildxBuilder $own -DriverOption network=host -Progress None
        }

        $failed = Get-Failure { Push $own $registry }
        Assert-Explained $failed 'RegistryCertificateInvalid' SecurityError "the certificate of the registry $registry", 'x509'
        $null = Invoke-Advised $failed 'Set-BuildxBuilder' @{ FILE = $setup.certificates.ca }

        $failed = Get-Failure { Push $own $registry }
        Assert-Explained $failed 'RegistryUnauthorized' AuthenticationError "The registry $registry refused", '401', "There is no login for $registry", 'anonymous'
        Invoke-AdvisedLogin $failed $setup.users.https
        (Push $own $registry).Digest | Should -BeLike 'sha256:*'
    }

    It 'that wants https is asked over it again after its authority was given' {
        $registry = $setup.registries.https
        $null = Set-BuildxBuilder $own -InsecureRegistry $registry -Progress None
        $failed = Get-Failure { Push $own $registry }
        Assert-Explained $failed 'RegistryHttpsRequired' SecurityError "The registry $registry wants https", 'http://', '400'
        $null = Invoke-Advised $failed 'Set-BuildxBuilder' @{ FILE = $setup.certificates.ca }
        Set-Login $registry $setup.users.https
        (Push $own $registry).Digest | Should -BeLike 'sha256:*'
    }

    It 'that lets anybody read, and this user not write, names the scope and the login' {
        $registry = $setup.registries.token
        Remove-Item (Join-Path $env:DOCKER_CONFIG config.json) -ErrorAction Ignore
        $failed = Get-Failure { Push $remote $registry }
        Assert-Explained $failed 'RegistryUnauthorized' AuthenticationError "The registry $registry refused", 'insufficient_scope', "There is no login for $registry"

        Set-Login $registry @{ name = 'somebody'; password = 'wr0ng' }
        $failed = Get-Failure { Push $remote $registry }
        Assert-Explained $failed 'RegistryUnauthorized' AuthenticationError "user 'somebody' from"
        "$($failed | Out-String)$($failed.Exception)" | Should -Not -Match 'wr0ng'
        Invoke-AdvisedLogin $failed $setup.users.token
        (Push $remote $registry).Digest | Should -BeLike 'sha256:*'
    }

    It 'that refuses the end of an upload, as with a token that has ended, is pushed to again (Fake registry)' {
        $refuse = { param($Method, $Path, $Address) if ($Method -eq 'PUT' -and $Address -like '*digest=*' -and -not $script:refused) { $script:refused = 1; 401 } }
        $registry = Start-FakeRegistry $refuse
        try {
            $failed = Get-Failure { Push $remote $registry.Name }
            Assert-Explained $failed 'RegistryLoginExpired' AuthenticationError "The registry $($registry.Name) accepted the login", '401'
            $failed.Exception.IsTransient | Should -BeTrue
            $failed.ErrorDetails.RecommendedAction | Should -BeLike 'Build again*'
            (Push $remote $registry.Name).Steps.Where({ $_.Name -like '*COPY*' }).IsCached | Should -BeTrue
        }
        finally {
            Stop-FakeRegistry $registry
        }
    }

    It 'that takes no index is pushed a plain image to (Fake registry)' {
        $registry = Start-FakeRegistry { param($Method, $Path, $Address, $Type) if ($Method -eq 'PUT' -and $Type -match 'index|manifest\.list') { 415 } }
        try {
            $failed = Get-Failure { Push $remote $registry.Name }
            Assert-Explained $failed 'RegistryIndexRefused' NotImplemented "The registry $($registry.Name) refuses indexes", '415'
            $failed.Exception.IsTransient | Should -BeFalse
            $failed.ErrorDetails.RecommendedAction | Should -BeLike '*-Provenance $false*'
            (Invoke-BuildxBuild $context -Builder $remote -Tag "$($registry.Name)/a:1" -Push -Provenance $false -Progress None).Digest | Should -BeLike 'sha256:*'
        }
        finally {
            Stop-FakeRegistry $registry
        }
    }
}

Describe 'A cache in a registry' {
    It 'that is not there is a warning, and the build goes on' {
        $null = Get-TestEngine bkd
        $cache = "$($setup.registries.plain)/failures/$($own):cache"
        $arguments = @{ Builder = $remote; CacheFrom = $cache; Output = 'type=cacheonly'; Progress = 'None'; WarningAction = 'SilentlyContinue' }
        $result = Invoke-BuildxBuild $context @arguments -CacheTo "type=registry,ref=$cache,mode=max" -WarningVariable warned
        $result.Status | Should -Be Completed
        "$warned" | Should -BeLike "The cache '$cache' was not used: *not found*"
        $result.Warnings.Message | Should -Be "$warned"

        $null = Invoke-BuildxBuild $context @arguments -WarningVariable warned
        $warned | Should -BeNullOrEmpty
    }
}
