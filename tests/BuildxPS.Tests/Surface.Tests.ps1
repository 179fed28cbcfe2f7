# docs/surface.txt is what scripts rely on (docs/compatibility.md).

Describe 'The public surface' {
    It 'is as it was promised: ./build.ps1 Surface writes docs/surface.txt anew, and a break belongs into the changelog' {
        $now = Join-Path $TestDrive surface.txt
        & (Join-Path $PSHOME ($IsWindows ? 'pwsh.exe' : 'pwsh')) -NoProfile -NonInteractive -File (Join-Path $PSScriptRoot .. .. build Write-Surface.ps1) -Module $env:BUILDXPS_MODULE -Path $now
        $promised = Get-Content (Join-Path $PSScriptRoot .. .. docs surface.txt)
        $found = Get-Content $now
        Compare-Object $promised $found -SyncWindow 100 -CaseSensitive | ForEach-Object { "$($_.SideIndicator) $($_.InputObject)" } | Should -BeNullOrEmpty
        $found | Should -BeExactly $promised
    }

    It 'tells every id of an error' {
        Import-Module $env:BUILDXPS_MODULE
        $promised = Get-Content (Join-Path $PSScriptRoot .. .. docs surface.txt)
        foreach ($id in [enum]::GetNames([BuildxPS.BuildxFailure])) {
            $promised | Should -Contain "  $id = $([int][BuildxPS.BuildxFailure]::$id)"
        }
    }
}
