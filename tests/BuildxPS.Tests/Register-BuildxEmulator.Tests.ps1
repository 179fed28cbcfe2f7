# Emulators of this machine, for real: registered, listed, used in builds, and taken away again.
BeforeDiscovery {
    Import-Module $env:BUILDXPS_MODULE
}

BeforeAll {
    Import-Module $env:BUILDXPS_MODULE
    . (Join-Path $PSScriptRoot TestEngines.ps1)
    . (Join-Path $PSScriptRoot EmulatorTests.ps1)
    $kept = Enter-TestSurroundings $TestDrive
    $path = $env:PATH
    if ($env:BUILDXPS_TEST_ENGINES) {
        $registered = Get-EmulatorRegistration
        $folder = Get-EmulatorFolder
        # As where Debian's package is installed.
        $env:PATH = "$($path):$folder"
        $env:DOCKER_HOST = Get-TestEngine d28
    }
}

AfterAll {
    $env:PATH = $path
    Exit-TestSurroundings $kept
}

Describe 'Emulators of this machine' {
    BeforeEach {
        $null = Get-TestEngine d28
    }

    AfterEach {
        if ($env:BUILDXPS_TEST_ENGINES) {
            Restore-Emulator $registered
        }
    }

    It 'are registered, listed, used in a RUN, and unregistered: <Platform>' -ForEach @(
        @{ Platform = 'linux/arm64'; Cpu = 'aarch64'; Machine = 'aarch64' }
        @{ Platform = 'linux/arm/v7'; Cpu = 'arm'; Machine = 'armv7l' }
        @{ Platform = 'linux/riscv64'; Cpu = 'riscv64'; Machine = 'riscv64' }
        @{ Platform = 'linux/s390x'; Cpu = 's390x'; Machine = 's390x' }
        @{ Platform = 'linux/ppc64le'; Cpu = 'ppc64le'; Machine = 'ppc64le' }
    ) {
        Unregister-BuildxEmulator -Platform $Platform | Should -BeNullOrEmpty
        Get-BuildxEmulator -Platform $Platform | Should -BeNullOrEmpty
        $missing = Test-BuildxPlatform $Platform -Progress None
        $missing.Works | Should -BeFalse
        $missing.Failure | Should -Be EmulatorMissing

        $new = Register-BuildxEmulator -Platform $Platform
        $new | Should -BeOfType ([BuildxPS.Emulator])
        $listed = Get-BuildxEmulator "qemu-$Cpu"
        foreach ($emulator in $new, $listed) {
            $emulator.Name | Should -Be "qemu-$Cpu"
            "$($emulator.Platform)" | Should -Be $Platform
            $emulator.Interpreter | Should -Be "$folder/qemu-$Cpu-static"
            $emulator.Flags | Should -BeLike '*F*'
            $emulator.WorksInContainers | Should -BeTrue
        }

        foreach ($engine in 'd28', 'd20') {
            $result = Invoke-BuildxBuild -DockerfileContent "FROM busybox`nRUN uname -m`n" -DockerHost (Get-TestEngine $engine) -Platform $Platform -Output type=cacheonly -NoCache -Progress None
            "$($result.Steps.Log)".Trim() | Should -Be $Machine -Because $engine
            $works = Test-BuildxPlatform $Platform -DockerHost (Get-TestEngine $engine) -Progress None
            $works.Works | Should -BeTrue -Because "$($works.Error)"
            $works.Mode | Should -Be Emulated
        }

        $listed | Unregister-BuildxEmulator -PassThru | ForEach-Object Name | Should -Be "qemu-$Cpu"
        Get-BuildxEmulator -Platform $Platform | Should -BeNullOrEmpty
        (Test-BuildxPlatform $Platform -Progress None).Works | Should -BeFalse
    }

    It 'are registered on a machine where binfmt_misc is not mounted, which is said before' {
        Unregister-BuildxEmulator qemu-riscv64
        $inner = @'
            Import-Module $env:BUILDXPS_MODULE
            $found = Get-BuildxEmulator -WarningVariable warnings -WarningAction SilentlyContinue
            "found: $(@($found).Count), warned: $warnings"
            Register-BuildxEmulator riscv64 -WhatIf
            "mounted: $(Test-Path /proc/sys/fs/binfmt_misc/register)"
            "registered: $((Register-BuildxEmulator riscv64).Name)"
            "listed: $((Get-BuildxEmulator -Platform riscv64).Flags)"
'@
        # A mount namespace of its own: there, nothing is mounted; the kernel's list is one for the whole machine.
        $said = & unshare --mount sh -c 'umount /proc/sys/fs/binfmt_misc && exec "$@"' sh (Join-Path $PSHOME pwsh) -NoProfile -NonInteractive -Command $inner 2>&1 | Out-String
        $said | Should -Match 'found: 0, warned: binfmt_misc is not mounted at /proc/sys/fs/binfmt_misc'
        $said | Should -Match 'Mount binfmt_misc at /proc/sys/fs/binfmt_misc; Register /\S+/qemu-riscv64-static with the flags POCF'
        $said | Should -Match 'mounted: False'
        $said | Should -Match 'registered: qemu-riscv64'
        $said | Should -Match 'listed: POCF'
        (Test-BuildxPlatform riscv64 -Progress None).Works | Should -BeTrue
    }

    It 'are left alone with -WhatIf, and where they are there already' {
        Register-BuildxEmulator riscv64 -Force -WhatIf 6>&1 | Should -BeNullOrEmpty
        Unregister-BuildxEmulator riscv64, qemu-* -WhatIf -ErrorAction SilentlyContinue | Should -BeNullOrEmpty
        $new = Register-BuildxEmulator arm64, riscv64 -ErrorVariable failed -ErrorAction SilentlyContinue
        $new | Should -BeNullOrEmpty
        $failed | Should -HaveCount 2
        $failed[0].FullyQualifiedErrorId | Should -Be 'EmulatorExists,BuildxPS.Commands.RegisterBuildxEmulatorCommand'
        "$($failed[0])" | Should -BeLike '*qemu-aarch64 (/*'
        (Get-EmulatorRegistration)['qemu-riscv64'] | Should -Be $registered['qemu-riscv64']
    }

    It 'without the flag F are replaced with -Force, under another name too' {
        Unregister-BuildxEmulator qemu-riscv64
        $line = $registered['qemu-riscv64'] -replace '^:qemu-riscv64:', ':qemu-old:' -replace 'POCF$', 'POC'
        [IO.File]::WriteAllText("$binfmt/register", $line)
        (Get-BuildxEmulator qemu-old).WorksInContainers | Should -BeFalse
        $test = Test-BuildxPlatform riscv64 -Progress None
        $test.Failure | Should -Be EmulatorUnusable
        $test.Advice | Should -BeLike "*'Register-BuildxEmulator -Platform riscv64 -Force'*"
        Assert-Failure (Get-Failure { Register-BuildxEmulator riscv64 }) 'EmulatorExists,*.*' 'without the flag F'
        (Register-BuildxEmulator -Platform riscv64 -Force).WorksInContainers | Should -BeTrue
        (Get-BuildxEmulator -Platform riscv64).Name | Should -Be 'qemu-riscv64'
        (Test-BuildxPlatform riscv64 -Progress None).Works | Should -BeTrue
    }

    It 'take an interpreter that is named' {
        $own = Copy-Item "$folder/qemu-riscv64-static" (Join-Path $TestDrive my-qemu) -PassThru
        (Register-BuildxEmulator riscv64 -Interpreter $own -Force).Interpreter | Should -Be $own.FullName
        Remove-Item $own
        # The kernel has it open.
        (Test-BuildxPlatform riscv64 -Progress None).Works | Should -BeTrue
    }

    It 'are refused with a reason: <Id>' -ForEach @(
        @{ Id = 'EmulatorNotNeeded'; Part = 'runs them by itself'; With = @{ Platform = [BuildxPS.Platform]::Local.Architecture } }
        @{ Id = 'PlatformInvalid'; Part = 'vax'; With = @{ Platform = 'vax' } }
        @{ Id = 'InterpreterNotFound'; Part = '/no/qemu'; With = @{ Platform = 'loong64'; Interpreter = '/no/qemu' } }
        @{ Id = 'InterpreterNotFound'; Part = 'qemu-loongarch64-static'; With = @{ Platform = 'loong64' } }
        @{ Id = 'InterpreterInvalid'; Part = 'not static'; With = @{ Platform = 'loong64'; Interpreter = '/bin/sh' } }
        @{ Id = 'InterpreterInvalid'; Part = 'not an ELF file'; With = @{ Platform = 'loong64'; Interpreter = '/etc/passwd' } }
        @{ Id = 'ArgumentInvalid'; Part = '-Interpreter'; With = @{ Platform = 'loong64', 'arm'; Interpreter = '/bin/sh' } }
        @{ Id = 'ArgumentInvalid'; Part = '-Image'; With = @{ Platform = 'loong64'; Image = 'x' } }
        @{ Id = 'ArgumentInvalid'; Part = '-Interpreter'; With = @{ Platform = 'loong64'; Interpreter = '/bin/sh'; Builder = 'default' } }
    ) {
        Assert-Failure (Get-Failure { Register-BuildxEmulator @With }) "$Id,BuildxPS.Commands.RegisterBuildxEmulatorCommand" $Part
    }

    It 'that are not there are named' {
        $failed = Get-Failure { Unregister-BuildxEmulator qemu-vax }
        Assert-Failure $failed 'EmulatorNotFound,BuildxPS.Commands.UnregisterBuildxEmulatorCommand' "no emulator 'qemu-vax'"
        "$failed" | Should -BeLike '*qemu-aarch64*'
        Assert-Failure (Get-Failure { Unregister-BuildxEmulator -Platform loong64 }) 'EmulatorNotFound,*.*' 'linux/loong64'
        Assert-Failure (Get-Failure { Get-BuildxEmulator qemu-vax }) 'EmulatorNotFound,*.*' 'qemu-vax'
        (Get-Failure { Unregister-BuildxEmulator arm64 }).ErrorDetails.RecommendedAction | Should -BeLike '*Unregister-BuildxEmulator -Platform arm64*'
        Unregister-BuildxEmulator qemu-vax* | Should -BeNullOrEmpty
    }

    It 'stay useful through JSON and Clixml' {
        $file = Join-Path $TestDrive emulators.xml
        Get-BuildxEmulator | Export-Clixml $file
        $back = Import-Clixml $file | Where-Object Name -EQ qemu-s390x
        "$($back.Platform)" | Should -Be 'linux/s390x'
        $back.WorksInContainers | Should -BeTrue
        $json = Get-BuildxEmulator qemu-s390x | ConvertTo-Json | ConvertFrom-Json
        $json.Name | Should -Be 'qemu-s390x'
        $json.Platform.Architecture | Should -Be 's390x'
        $back | Unregister-BuildxEmulator -PassThru | ForEach-Object Name | Should -Be 'qemu-s390x'
    }

    It 'are completed: <Line>' -ForEach @(
        @{ Line = 'Register-BuildxEmulator -Platform ris'; Expected = 'riscv64' }
        @{ Line = 'Unregister-BuildxEmulator qemu-a'; Expected = 'qemu-aarch64' }
        @{ Line = 'Unregister-BuildxEmulator -Platform s3'; Expected = 's390x' }
        @{ Line = 'Get-BuildxEmulator qemu-p'; Expected = 'qemu-ppc64le' }
        @{ Line = 'Get-BuildxEmulator -Builder def'; Expected = 'default' }
        @{ Line = 'Test-BuildxPlatform linux/arm/'; Expected = 'linux/arm/v7' }
        @{ Line = 'Test-BuildxPlatform -Builder def'; Expected = 'default' }
    ) {
        (TabExpansion2 $Line $Line.Length).CompletionMatches.CompletionText | Should -Contain $Expected
    }

    It 'fit a table of 80 columns' {
        $lines = (Get-BuildxEmulator | Out-String -Width 80) -split '\r?\n'
        ($lines | Measure-Object Length -Maximum).Maximum | Should -BeLessOrEqual 80
        $lines | Should -Contain ($lines -match '^qemu-aarch64\s+linux/arm64\s+POCF\s+work')[0]
    }
}

Describe 'The platforms of a builder''s nodes' {
    BeforeEach {
        $null = Get-TestEngine d28
    }

    AfterEach {
        if ($env:BUILDXPS_TEST_ENGINES) {
            Restore-Emulator $registered
        }
    }

    It 'are native, emulated or missing' {
        $own = [BuildxPS.Platform]::Local
        $found = Get-BuildxEmulator -Builder default
        $found[0].Platform | Should -Be $own
        $found[0].Mode | Should -Be Native
        $s390x = $found | Where-Object Platform -EQ ([BuildxPS.Platform]::Parse('linux/s390x'))
        $s390x.Mode | Should -Be Emulated
        $s390x.Emulator | Should -Be 'qemu-s390x'
        $s390x.Node | Should -Be 'default'
        (Get-BuildxEmulator -DockerHost (Get-TestEngine d20) -Platform loong64).Mode | Should -Be Missing
        ($found | Out-String -Width 80) -split '\r?\n' | Where-Object Length -GT 80 | Should -BeNullOrEmpty
    }

    It 'follow what the kernel of this machine really has' {
        Unregister-BuildxEmulator qemu-s390x
        $missing = Get-BuildxEmulator -Context default -Platform s390x
        $missing.Mode | Should -Be Missing
        $missing.Note | Should -Not -BeNullOrEmpty
    }

    It 'are tried, all that a node lists' {
        $tests = Test-BuildxPlatform -Builder default -Progress None
        $tests | Should -BeOfType ([BuildxPS.PlatformTest])
        foreach ($platform in 'linux/arm64', 'linux/arm/v7', 'linux/riscv64', 'linux/s390x', 'linux/ppc64le', "$([BuildxPS.Platform]::Local)") {
            $test = $tests.Where({ "$($_.Platform)" -eq $platform })
            $test.Works | Should -BeTrue -Because "$platform $($test.Error)"
            $test.Duration | Should -BeGreaterThan ([timespan]::Zero)
        }

        ($tests | Out-String -Width 80) -split '\r?\n' | Where-Object Length -GT 80 | Should -BeNullOrEmpty
        $tests[0] | ConvertTo-Json | ConvertFrom-Json | ForEach-Object Works | Should -BeTrue
    }

    It 'are tried by builders that are piped in, started where they do not run' {
        $name = New-TestName
        try {
            $null = New-BuildxBuilder $name
            $test = Get-BuildxBuilder $name | Test-BuildxPlatform -Platform arm64 -Progress None
            $test.Builder | Should -Be $name
            $test.Works | Should -BeTrue -Because "$($test.Error)"
            $test.Mode | Should -Be Emulated
        }
        finally {
            Remove-BuildxBuilder $name
        }
    }

    It 'of a builder whose engine does not run are its node''s failure' {
        $name = New-TestName
        try {
            $null = New-BuildxBuilder $name
            Assert-Failure (Get-Failure { Get-BuildxEmulator -Builder $name }) 'BuilderNotRunning,BuildxPS.Commands.GetBuildxEmulatorCommand' 'does not run'
        }
        finally {
            Remove-BuildxBuilder $name
        }
    }
}
