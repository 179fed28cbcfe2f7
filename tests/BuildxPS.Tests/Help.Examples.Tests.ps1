# Every example of every help page runs as it is written, on real engines and registries.

BeforeDiscovery {
    . (Join-Path $PSScriptRoot .. .. build Help Pages.ps1)
    $pages = Join-Path $PSScriptRoot .. .. docs cmdlets
    $cases = Get-ChildItem $pages -Filter *.md | ForEach-Object {
        @{ Cmdlet = $_.BaseName; Examples = @((Read-HelpPage $_.FullName).Examples | ForEach-Object { @{ Title = $_.Title; FirstLine = ($_.Output -split '\r?\n')[0] } }) }
    }
}

BeforeAll {
    . (Join-Path $PSScriptRoot TestEngines.ps1)

    # Pages run side by side, a process each, but for those that change or show this machine's emulators: one after the other.
    if ($env:BUILDXPS_TEST_ENGINES) {
        $run = @{
            Pwsh   = Join-Path $PSHOME ($IsWindows ? 'pwsh.exe' : 'pwsh')
            Script = Join-Path $PSScriptRoot Help Invoke-HelpExample.ps1
            Pages  = Join-Path $PSScriptRoot .. .. docs cmdlets
            Folder = "$TestDrive"
        }
        $names = (Get-ChildItem $run.Pages -Filter *.md).BaseName
        $lanes = @(, @($names -match 'Emulator|Platform|Invoke-BuildxBuild')) + @($names -notmatch 'Emulator|Platform|Invoke-BuildxBuild' | ForEach-Object { , @($_) })
        $lanes | ForEach-Object -ThrottleLimit 3 -Parallel {
            $run = $using:run
            foreach ($cmdlet in $_) {
                $folder = (New-Item (Join-Path $run.Folder $cmdlet) -ItemType Directory).FullName
                & $run.Pwsh -NoProfile -NonInteractive -File $run.Script -Cmdlet $cmdlet -Module $env:BUILDXPS_MODULE -Pages $run.Pages `
                    -Folder $folder -Report (Join-Path $folder report.json) *> (Join-Path $folder said.txt)
            }
        }
    }

    # Columns are as wide as what stands in them: blanks count as one.
    function Format-Plain([string] $Text) { [regex]::Replace($Text, '\s+', ' ') }
}

Describe 'The help of <Cmdlet>' -ForEach $cases {
    It 'has an example that runs: <Title>' -ForEach $Examples {
        $null = Get-TestSetup
        $report = Join-Path $TestDrive $Cmdlet report.json
        $results = (Test-Path $report) ? (Get-Content -Raw $report | ConvertFrom-Json) : @()
        $result = $results | Where-Object Title -EQ $Title
        $result | Should -Not -BeNullOrEmpty -Because "the run said: $(Get-Content -Raw (Join-Path $TestDrive $Cmdlet said.txt))"
        $result.Errors | Should -BeNullOrEmpty
        if ($FirstLine) {
            Format-Plain $result.Printed | Should -BeLike "*$([WildcardPattern]::Escape((Format-Plain $FirstLine).Trim()))*"
        }
    }
}
