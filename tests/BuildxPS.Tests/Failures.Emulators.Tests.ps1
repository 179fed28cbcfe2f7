# Programs of another processor that nothing runs, until what the error says is done. The emulators are this machine's, which all its
# engines use: what a test takes away is put back after it.

BeforeAll {
    Import-Module $env:BUILDXPS_MODULE
    . (Join-Path $PSScriptRoot TestEngines.ps1)
    . (Join-Path $PSScriptRoot FailureTests.ps1)
    . (Join-Path $PSScriptRoot EmulatorTests.ps1)
    $kept = Enter-TestSurroundings $TestDrive
    $path = $env:PATH
    $dockerfile = "FROM busybox`nRUN uname -m`n"
    if ($env:BUILDXPS_TEST_ENGINES) {
        $registered = Get-EmulatorRegistration
        $folder = Get-EmulatorFolder
        # The image that an advice lets a daemon run: a stand-in in the registry that is the engines' mirror of docker.io.
        $installer = New-InstallerContext (Join-Path $TestDrive installer) $folder
        $null = Invoke-BuildxBuild $installer -DockerHost (Get-TestEngine d28c) -Tag "$((Get-TestSetup).registries.plain)/tonistiigi/binfmt" -Push -Progress None
    }
}

AfterAll {
    $env:PATH = $path
    if ($env:BUILDXPS_TEST_ENGINES) {
        foreach ($engine in 'd28', 'd20') {
            $null = Invoke-DockerApi (Get-TestEngine $engine) '/v1.41/images/tonistiigi/binfmt:latest?force=true' DELETE
        }
    }

    Exit-TestSurroundings $kept
}

Describe 'A program for another processor on <Engine>' -ForEach @{ Engine = 'd28' }, @{ Engine = 'd20' } {
    BeforeAll {
        $arguments = @{ DockerfileContent = $dockerfile; DockerHost = Get-TestEngine $Engine; Platform = 'linux/arm64'; Output = 'type=cacheonly'; NoCache = $true; Progress = 'None' }
    }

    BeforeEach {
        $null = Get-TestEngine $Engine
        Unregister-BuildxEmulator -Platform arm64
    }

    AfterEach {
        $env:PATH = $path
        if ($env:BUILDXPS_TEST_ENGINES) {
            Restore-Emulator $registered
        }
    }

    It 'runs after exactly what the error advised, with QEMU installed' {
        $env:PATH = "$($path):$folder"
        $failed = Get-Failure { Invoke-BuildxBuild @arguments }
        Assert-Explained $failed 'EmulatorMissing' NotInstalled 'cannot run programs for linux/arm64', 'no emulator is registered', 'RUN uname -m'
        Get-AdvisedCommand $failed 'Register-BuildxEmulator' | Should -Be 'Register-BuildxEmulator -Platform arm64'
        (Invoke-Advised $failed 'Register-BuildxEmulator').Name | Should -Be 'qemu-aarch64'
        "$((Invoke-BuildxBuild @arguments).Steps.Log)".Trim() | Should -Be 'aarch64'
    }

    It 'runs after exactly what the error advised, without QEMU, by the docker daemon with a stand-in for tonistiigi/binfmt' {
        $failed = Get-Failure { Invoke-BuildxBuild @arguments }
        Get-AdvisedCommand $failed 'Register-BuildxEmulator' | Should -Be "Register-BuildxEmulator -Platform arm64 -DockerHost $($arguments.DockerHost)"
        (Invoke-Advised $failed 'Register-BuildxEmulator').Name | Should -Be 'qemu-aarch64'
        "$((Invoke-BuildxBuild @arguments).Steps.Log)".Trim() | Should -Be 'aarch64'
    }

    It 'runs when its emulator is registered again, as advised, with the flag that lets containers use it' {
        $env:PATH = "$($path):$folder"
        [IO.File]::WriteAllText("$binfmt/register", ($registered['qemu-aarch64'] -replace 'POCF$', 'POC'))
        $failed = Get-Failure { Invoke-BuildxBuild @arguments }
        Assert-Explained $failed 'EmulatorUnusable' NotInstalled 'emulator for linux/arm64', 'without the flag F', 'qemu-aarch64: /', 'flags POC', 'RUN uname -m'
        Get-AdvisedCommand $failed 'Register-BuildxEmulator' | Should -Be 'Register-BuildxEmulator -Platform arm64 -Force'
        (Invoke-Advised $failed 'Register-BuildxEmulator').Flags | Should -BeLike '*F'
        "$((Invoke-BuildxBuild @arguments).Steps.Log)".Trim() | Should -Be 'aarch64'
    }
}

Describe 'A builder without docker that lacks an emulator' {
    AfterEach {
        $env:PATH = $path
        if ($env:BUILDXPS_TEST_ENGINES) {
            Restore-Emulator $registered
        }
    }

    It 'runs the program after what the error advised' {
        $name = New-TestName
        try {
            $null = New-BuildxBuilder $name -Driver remote -Endpoint (Get-TestEngine bkd)
            Unregister-BuildxEmulator -Platform arm64
            $arguments = @{ DockerfileContent = $dockerfile; Builder = $name; Platform = 'linux/arm64'; Output = 'type=cacheonly'; NoCache = $true; Progress = 'None' }
            $failed = Get-Failure { Invoke-BuildxBuild @arguments }
            Assert-Explained $failed 'EmulatorMissing' NotInstalled 'linux/arm64'
            $failed.ErrorDetails.RecommendedAction | Should -BeLike "Run 'Register-BuildxEmulator -Platform arm64' as root on this machine, where a static QEMU must be installed*"
            $env:PATH = "$($path):$folder"
            $null = Invoke-Advised $failed 'Register-BuildxEmulator'
            (Invoke-BuildxBuild @arguments).Status | Should -Be Completed
        }
        finally {
            Remove-BuildxBuilder $name
        }
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
