# Emulators on engines' machines, registered by an image that a docker daemon runs. The images are stand-ins, see EmulatorTests.ps1.
BeforeAll {
    Import-Module $env:BUILDXPS_MODULE
    . (Join-Path $PSScriptRoot TestEngines.ps1)
    . (Join-Path $PSScriptRoot EmulatorTests.ps1)
    $kept = Enter-TestSurroundings $TestDrive
    if ($env:BUILDXPS_TEST_ENGINES) {
        $registered = Get-EmulatorRegistration
        $d28 = Get-TestEngine d28
        $plain = (Get-TestSetup).registries.plain
        # Under the usual name in the registry that is the engines' mirror of docker.io, and pushed by the module itself.
        $context = New-InstallerContext (Join-Path $TestDrive installer) (Get-EmulatorFolder)
        $null = Invoke-BuildxBuild $context -DockerHost (Get-TestEngine d28c) -Tag "$plain/tonistiigi/binfmt" -Push -Progress None

        function New-Installer([string] $Command) {
            $tag = "bxp-installer-$([guid]::NewGuid().ToString('N')):1"
            $null = Invoke-BuildxBuild -DockerfileContent "FROM busybox`nENTRYPOINT [`"/bin/sh`", `"-c`", `"$Command`"]" -DockerHost $d28 -Tag $tag -Load -Progress None -WarningAction SilentlyContinue
            $tag
        }

        $none = 'busybox'
        $silent = New-Installer 'sleep 1000'
        $broken = New-Installer 'echo wrong host >&2; exit 3'
        $idle = New-Installer 'echo nothing to do'
    }
}

AfterAll {
    if ($env:BUILDXPS_TEST_ENGINES) {
        foreach ($image in $silent, $broken, $idle, 'tonistiigi/binfmt:latest') {
            foreach ($engine in 'd28', 'd20') {
                $null = Invoke-DockerApi (Get-TestEngine $engine) "/v1.41/images/$($image)?force=true" DELETE
            }
        }
    }

    Exit-TestSurroundings $kept
}

Describe 'An installer image, a stand-in for tonistiigi/binfmt' {
    BeforeEach {
        $null = Get-TestEngine d28
    }

    AfterEach {
        if ($env:BUILDXPS_TEST_ENGINES) {
            Restore-Emulator $registered
            $until = [DateTime]::UtcNow.AddSeconds(60)
            while ((Get-InstallerContainer $d28) -and [DateTime]::UtcNow -lt $until) {
                Start-Sleep -Milliseconds 50
            }

            Get-InstallerContainer $d28 | Should -BeNullOrEmpty
        }
    }

    It 'is pulled, registers emulators and takes them away on the machine of <_>' -ForEach 'd28', 'd20' {
        $dockerHost = Get-TestEngine $_
        $null = Invoke-DockerApi $dockerHost '/v1.41/images/tonistiigi/binfmt:latest?force=true' DELETE
        (Unregister-BuildxEmulator qemu-riscv64 -DockerHost $dockerHost -PassThru -Progress None).Name | Should -Be 'qemu-riscv64'
        Get-BuildxEmulator -Platform riscv64 | Should -BeNullOrEmpty
        (Test-BuildxPlatform riscv64 -DockerHost $dockerHost -Progress None).Failure | Should -Be EmulatorMissing

        $new = Register-BuildxEmulator -Platform riscv64 -DockerHost $dockerHost -Progress None
        $new.Name | Should -Be 'qemu-riscv64'
        "$($new.Platform)" | Should -Be 'linux/riscv64'
        $new.Node | Should -Be 'default'
        $new.WorksInContainers | Should -BeTrue
        (Test-BuildxPlatform riscv64 -DockerHost $dockerHost -Progress None).Works | Should -BeTrue
        (Get-BuildxEmulator qemu-riscv64).Interpreter | Should -Be '/usr/bin/qemu-riscv64'
        Get-InstallerContainer $dockerHost | Should -BeNullOrEmpty
    }

    It 'leaves what is there alone, and replaces it with -Force' {
        $new = Register-BuildxEmulator arm64, riscv64 -DockerHost $d28 -Progress None -ErrorVariable failed -ErrorAction SilentlyContinue
        $new | Should -BeNullOrEmpty
        $failed | Should -HaveCount 2
        $failed[0].FullyQualifiedErrorId | Should -Be 'EmulatorExists,BuildxPS.Commands.RegisterBuildxEmulatorCommand'
        (Register-BuildxEmulator riscv64 -DockerHost $d28 -Force -Progress None).Interpreter | Should -Be '/usr/bin/qemu-riscv64'
        (Get-EmulatorRegistration)['qemu-aarch64'] | Should -Be $registered['qemu-aarch64']
    }

    It 'is not run with -WhatIf' {
        Register-BuildxEmulator riscv64 -DockerHost $d28 -Force -WhatIf | Should -BeNullOrEmpty
        Unregister-BuildxEmulator qemu-riscv64 -DockerHost $d28 -WhatIf | Should -BeNullOrEmpty
        (Get-EmulatorRegistration)['qemu-riscv64'] | Should -Be $registered['qemu-riscv64']
    }

    It 'takes nothing away but emulators by their names: <_>' -ForEach '*', 'python3', 'qemu-riscv64,qemu-arm' {
        Assert-Failure (Get-Failure { Unregister-BuildxEmulator $_ -DockerHost $d28 -Progress None }) 'ArgumentInvalid,*.*' 'no name of one of QEMU'
        Assert-Failure (Get-Failure { Unregister-BuildxEmulator $_ -DockerHost $d28 -WhatIf }) 'ArgumentInvalid,*.*' 'no name of one of QEMU'
        (Get-EmulatorRegistration).Count | Should -Be $registered.Count
    }

    It 'that replaces everything needs -Force' {
        Assert-Failure (Get-Failure { Register-BuildxEmulator riscv64 -DockerHost $d28 -Image multiarch/qemu-user-static -Progress None }) 'ArgumentInvalid,*.*' 'all of QEMU'
    }

    It 'works on the engine that was named when its results are piped on' {
        $found = Get-BuildxEmulator -DockerHost $d28 -Platform riscv64
        $found.DockerHost | Should -Be $d28
        $found.Builder | Should -BeNullOrEmpty
        $env:DOCKER_HOST = 'tcp://127.0.0.1:1'
        try {
            ($found | Test-BuildxPlatform -Progress None).DockerHost | Should -Be $d28
            Unregister-BuildxEmulator qemu-riscv64
            $new = $found | Register-BuildxEmulator -Progress None
            $new.DockerHost | Should -Be $d28
            ($new | Unregister-BuildxEmulator -PassThru -Progress None).DockerHost | Should -Be $d28
        }
        finally {
            $env:DOCKER_HOST = $null
        }
    }

    It 'takes what a survey of the nodes found missing' {
        $env:DOCKER_HOST = $d28
        try {
            Unregister-BuildxEmulator qemu-riscv64
            Get-BuildxEmulator -Builder default -Platform riscv64, arm64 | Where-Object Mode -EQ Missing | Register-BuildxEmulator -Progress None |
                ForEach-Object Name | Should -Be 'qemu-riscv64'
        }
        finally {
            $env:DOCKER_HOST = $null
        }
    }

    It 'is run by the daemon of a builder, which need not run' {
        $name = New-TestName
        try {
            $null = New-BuildxBuilder $name -DockerHost $d28
            Unregister-BuildxEmulator qemu-riscv64
            $new = Register-BuildxEmulator riscv64 -Builder $name -Progress None
            $new.Builder | Should -Be $name
            (Get-BuildxBuilder $name).Status | Should -Be Inactive
            Unregister-BuildxEmulator -Platform riscv64 -Builder $name -Progress None
            Assert-Failure (Get-Failure { Unregister-BuildxEmulator -Platform riscv64 -Builder $name -Progress None }) 'EmulatorNotFound,*.*' 'qemu-riscv64'
        }
        finally {
            Remove-BuildxBuilder $name
        }
    }

    It 'cannot be run where there is no docker daemon, which is said with what to do' {
        $name = New-TestName
        try {
            $null = New-BuildxBuilder $name -Driver remote -Endpoint (Get-TestEngine bkd)
            $failed = Get-Failure { Register-BuildxEmulator riscv64 -Builder $name -Progress None }
            Assert-Failure $failed 'EmulationUnavailable,BuildxPS.Commands.RegisterBuildxEmulatorCommand' "runs at this machine ($(Get-TestEngine bkd))"
            $failed.ErrorDetails.RecommendedAction | Should -BeLike "*'Register-BuildxEmulator -Platform riscv64'*"
        }
        finally {
            Remove-BuildxBuilder $name
        }
    }

    It 'that <What> is an error with its output' -ForEach @(
        @{ What = 'fails'; Image = 'broken'; Part = '*exit code 3*wrong host*' }
        @{ What = 'is none'; Image = 'none'; Part = '*cannot be run as one that registers emulators*--install*' }
        @{ What = 'does nothing'; Image = 'idle'; Part = '*did not register an emulator for linux/riscv64*nothing to do*' }
    ) {
        $failed = Get-Failure { Register-BuildxEmulator riscv64 -DockerHost $d28 -Image (Get-Variable $Image -ValueOnly) -Progress None }
        $failed.FullyQualifiedErrorId | Should -Be 'EmulatorInstallFailed,BuildxPS.Commands.RegisterBuildxEmulatorCommand'
        "$failed" | Should -BeLike $Part
    }

    It 'that does not end is given up' {
        $failed = Get-Failure { Register-BuildxEmulator riscv64 -DockerHost $d28 -Image $silent -TimeoutSec 1 -Progress None }
        Assert-Failure $failed 'TimedOut,BuildxPS.Commands.RegisterBuildxEmulatorCommand' 'did not end within 1 s'
    }

    It 'is stopped with the command' {
        $shell = [powershell]::Create()
        try {
            $null = $shell.AddScript("Import-Module '$env:BUILDXPS_MODULE'; Register-BuildxEmulator riscv64 -DockerHost '$d28' -Image '$silent' -TimeoutSec 0 -Progress None")
            $null = $shell.BeginInvoke()
            $until = [DateTime]::UtcNow.AddSeconds(60)
            while (-not (Get-InstallerContainer $d28)) {
                $shell.InvocationStateInfo.State | Should -Be Running
                [DateTime]::UtcNow | Should -BeLessThan $until
                Start-Sleep -Milliseconds 50
            }

            $shell.Stop()
            $until = [DateTime]::UtcNow.AddSeconds(60)
            while ((Get-InstallerContainer $d28) -and [DateTime]::UtcNow -lt $until) {
                Start-Sleep -Milliseconds 50
            }

            Get-InstallerContainer $d28 | Should -BeNullOrEmpty
        }
        finally {
            $shell.Dispose()
        }
    }

    It 'that is not to be had is an error' {
        Assert-Failure (Get-Failure { Register-BuildxEmulator riscv64 -DockerHost $d28 -Image "$plain/no/$([guid]::NewGuid().ToString('N'))" -Progress None }) 'ImageNotFound,*.*' 'could not be pulled'
        Assert-Failure (Get-Failure { Unregister-BuildxEmulator qemu-riscv64 -DockerHost $d28 -Image multiarch/qemu-user-static -Progress None }) 'ArgumentInvalid,*.*' 'qemu-user-static'
    }
}
