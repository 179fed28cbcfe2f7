# Programs of another processor that nothing runs. A real one for arm64, with a byte in its head that the machine's own emulators do not
# look for, so that only entries of these tests are about it; QEMU runs it like any other.

BeforeAll {
    Import-Module $env:BUILDXPS_MODULE
    . (Join-Path $PSScriptRoot TestEngines.ps1)
    . (Join-Path $PSScriptRoot FailureTests.ps1)
    $kept = Enter-TestSurroundings $TestDrive
    $mark = [byte] (Get-Random -Minimum 1 -Maximum 255)
    $entry = New-TestName
    $binfmt = '/proc/sys/fs/binfmt_misc'
    $context = New-TestContext (Join-Path $TestDrive context) "FROM scratch`nCOPY --chmod=755 program /`nRUN [`"/program`"]`n"
    # An ELF file that loads itself at 4 MiB and calls exit(0): mov x8, 93; mov x0, 0; svc 0.
    $head = @(
        '7f454c46020101000000000000000000', '0200b700010000007800400000000000', '40000000000000000000000000000000', '00000000400038000100000000000000'
        '0100000005000000', '0000000000000000', '0000400000000000', '0000400000000000', '8400000000000000', '8400000000000000', '0000010000000000'
    )
    [byte[]] $program = [Convert]::FromHexString("$(-join $head)A80B80D2000080D2010000D4")
    $program[15] = $mark
    [IO.File]::WriteAllBytes((Join-Path $context program), $program)

    # Registers the machine's own QEMU for programs with that byte.
    function Register-Emulator([string] $Flags) {
        $qemu = ((Get-Content $binfmt/qemu-aarch64) -like 'interpreter *').Substring('interpreter '.Length)
        $magic = -join $program[0..19].ForEach({ '\x{0:x2}' -f $_ })
        [IO.File]::WriteAllText("$binfmt/register", ":$($entry):M::$($magic)::$($qemu):$Flags")
    }

    function Unregister-Emulator {
        if (Test-Path $binfmt/$entry) {
            [IO.File]::WriteAllText("$binfmt/$entry", '-1')
        }
    }
}

AfterAll {
    Unregister-Emulator
    Exit-TestSurroundings $kept
}

Describe 'A program for another processor on <Engine>' -ForEach @{ Engine = 'd28' }, @{ Engine = 'd20' } {
    BeforeAll {
        $arguments = @{ DockerHost = Get-TestEngine $Engine; Platform = 'linux/arm64'; Output = 'type=cacheonly'; NoCache = $true; Progress = 'None' }
    }

    AfterEach {
        Unregister-Emulator
    }

    It 'runs when an emulator is registered' {
        $failed = Get-Failure { Invoke-BuildxBuild $context @arguments }
        Assert-Explained $failed 'EmulatorMissing' NotInstalled 'cannot run programs for linux/arm64', 'no emulator is registered', 'RUN ["/program"]'
        Get-AdvisedCommand $failed 'docker run' | Should -Be 'docker run --privileged --rm tonistiigi/binfmt --install arm64'
        Register-Emulator POCF
        (Invoke-BuildxBuild $context @arguments).Status | Should -Be Completed
    }

    It 'runs when its emulator is registered again with the flag that lets containers use it' {
        Register-Emulator POC
        $failed = Get-Failure { Invoke-BuildxBuild $context @arguments }
        Assert-Explained $failed 'EmulatorUnusable' NotInstalled 'emulator for linux/arm64', 'without the flag F', "$($entry): /", 'flags POC', 'RUN ["/program"]'
        Get-AdvisedCommand $failed 'docker run' | Should -Be "docker run --privileged --rm tonistiigi/binfmt --uninstall $entry"
        $failed.ErrorDetails.RecommendedAction | Should -BeLike "*'docker run --privileged --rm tonistiigi/binfmt --install arm64'*"
        Unregister-Emulator
        Register-Emulator POCF
        (Invoke-BuildxBuild $context @arguments).Status | Should -Be Completed
    }
}

Describe 'A program that is not in the image' {
    It 'is no matter of emulators' {
        $dockerHost = Get-TestEngine d28
        $failed = Get-Failure { Invoke-BuildxBuild -DockerfileContent "FROM alpine`nRUN [`"/no-such-program`"]" -DockerHost $dockerHost -Platform linux/arm64 -Output type=cacheonly -Progress None }
        $failed.FullyQualifiedErrorId | Should -BeLike 'StepFailed,*'
        "$failed" | Should -BeLike '*no such file or directory*'
    }
}
