# Ctrl+C as a person presses it: in an interactive PowerShell in a terminal.

BeforeAll {
    . (Join-Path $PSScriptRoot TestEngines.ps1)
    . (Join-Path $PSScriptRoot TestTerminal.ps1)
    $prompt = 'PS [^>]*> '
    $interrupt = "`u{3}"
    $small = New-TestContext (Join-Path $TestDrive small)

    function Test-Open([string] $Path) {
        foreach ($process in Get-Process -Name pwsh) {
            try {
                foreach ($descriptor in [IO.Directory]::EnumerateFiles("/proc/$($process.Id)/fd")) {
                    if ([IO.FileInfo]::new($descriptor).LinkTarget -eq $Path) {
                        return $true
                    }
                }
            }
            catch [IO.IOException], [UnauthorizedAccessException] {
                # It has ended, or is not ours.
                continue
            }
        }
    }

    function Start-Session([string] $DockerHost) {
        $terminal = Start-TestTerminal @{ DOCKER_HOST = $DockerHost; DOCKER_CONFIG = "$TestDrive/docker"; XDG_DATA_HOME = "$TestDrive/data" }
        Wait-TestTerminal $terminal $prompt
        Send-TestTerminal $terminal "Import-Module '$env:BUILDXPS_MODULE'`r"
        Wait-TestTerminal $terminal "\n.*$prompt"
        $terminal
    }

    function Assert-NextBuildWorks($Terminal) {
        Send-TestTerminal $Terminal "'next=' + (Invoke-BuildxBuild '$small' -Output type=cacheonly -Progress None).Status`r"
        Wait-TestTerminal $Terminal 'next=Completed' 180
    }
}

Describe 'Ctrl+C on <Engine>' -ForEach @(@{ Engine = 'd20' }, @{ Engine = 'd28' }) {
    It 'in a RUN gives the prompt back, ends the step on the engine, and the next build works' {
        $dockerHost = Get-TestEngine $Engine
        # A number that no other process sleeps for.
        $duration = Get-Random -Minimum 100000 -Maximum 999999
        $sleeping = New-TestContext (Join-Path $TestDrive "$Engine-sleep") "FROM busybox`nRUN sleep $duration`n"
        $terminal = Start-Session $dockerHost
        try {
            Send-TestTerminal $terminal "Invoke-BuildxBuild '$sleeping' -Output type=cacheonly -Progress Plain`r"
            Wait-TestTerminal $terminal { Find-TestProcess "sleep $duration" }
            Send-TestTerminal $terminal $interrupt
            Wait-TestTerminal $terminal $prompt 30
            Get-TestTerminalText $terminal | Should -Not -Match 'Exception|Invoke-BuildxBuild:'
            Wait-TestTerminal $terminal { -not (Find-TestProcess "sleep $duration") } 30
            Assert-NextBuildWorks $terminal
        }
        finally {
            Stop-TestTerminal $terminal
        }
    }

    It 'in a transfer gives the prompt back, closes the files, and the next build works' {
        $dockerHost = Get-TestEngine $Engine
        $big = New-TestContext (Join-Path $TestDrive "$Engine-big") "FROM scratch`nCOPY big.bin /`n"
        $file = Join-Path $big big.bin
        $stream = [IO.File]::Create($file)
        # All holes: it takes no room here, and more time to send than the test needs to interrupt it.
        $stream.SetLength(16gb)
        $stream.Dispose()
        $terminal = Start-Session $dockerHost
        try {
            Send-TestTerminal $terminal "Invoke-BuildxBuild '$big' -Output type=cacheonly -Progress Plain`r"
            Wait-TestTerminal $terminal { Test-Open $file }
            Send-TestTerminal $terminal $interrupt
            Wait-TestTerminal $terminal $prompt 30
            Get-TestTerminalText $terminal | Should -Not -Match 'Exception|Invoke-BuildxBuild:'
            Wait-TestTerminal $terminal { -not (Test-Open $file) } 30
            Assert-NextBuildWorks $terminal
        }
        finally {
            Stop-TestTerminal $terminal
            Remove-Item $file
        }
    }
}
