# The module imports from wherever it is put, and by whichever path it is named.

BeforeDiscovery {
    $places = 'plain', 'with a space', 'with [brackets]', "with a quote's 'marks'", 'wíth ünïcode' | ForEach-Object { @{ Place = $_ } }
}

BeforeAll {
    $pwsh = Join-Path $PSHOME ($IsWindows ? 'pwsh.exe' : 'pwsh')

    # Packs what was built, as the task does, into a folder of this test.
    $root = Resolve-Path (Join-Path $PSScriptRoot .. ..)
    $out = Join-Path $TestDrive out
    $module = $env:BUILDXPS_MODULE
    . (Join-Path $root build Pack.ps1)
    $pack = New-ModulePack
    $version = Split-Path -Leaf $pack

    # Imports in a fresh PowerShell that starts in a folder, uses the engine, and tells where the module came from.
    function Import-From([string] $WorkingFolder, [string] $Name) {
        Push-Location -LiteralPath $WorkingFolder
        try {
            & $pwsh -NoProfile -NonInteractive -Command {
                $ErrorActionPreference = 'Stop'
                Import-Module $args[0]
                $null = Get-BuildxBuilder -ErrorAction Ignore
                (Get-Module BuildxPS).ModuleBase
            } -args $Name
        }
        finally {
            Pop-Location
        }
    }
}

Describe 'A packed module' {
    It 'lies in a folder of its version and has its licence' {
        $version | Should -Be (Import-PowerShellDataFile (Join-Path $pack BuildxPS.psd1)).ModuleVersion
        Join-Path $pack LICENSE | Should -Exist
    }

    It 'has the same files in its zip, and the same zip each time' {
        $zip = Join-Path $out pack "BuildxPS.$version.zip"
        $hash = (Get-FileHash $zip).Hash
        $copy = Join-Path $TestDrive unpacked
        Expand-Archive $zip $copy
        $unpacked = Join-Path $copy BuildxPS $version
        @(Get-ChildItem $unpacked -Recurse -File | ForEach-Object { [IO.Path]::GetRelativePath($unpacked, $_.FullName) }) |
            Should -Be @(Get-ChildItem $pack -Recurse -File | ForEach-Object { [IO.Path]::GetRelativePath($pack, $_.FullName) })
        $null = New-ModulePack
        (Get-FileHash $zip).Hash | Should -Be $hash
    }

    It 'imports by a relative path from a folder <Place>' -ForEach $places {
        $folder = Join-Path $TestDrive "$Place elsewhere"
        $working = Join-Path $folder work
        $null = [IO.Directory]::CreateDirectory($working)
        $copy = Join-Path $folder BuildxPS $version
        $null = [IO.Directory]::CreateDirectory((Split-Path $copy))
        Copy-Item -LiteralPath $pack -Destination $copy -Recurse
        Import-From $working "../BuildxPS/$version/BuildxPS.psd1" | Should -Be $copy
    }

    It 'imports by its name where modules are searched for' {
        $kept = $env:PSModulePath
        try {
            $env:PSModulePath = Join-Path $out pack
            Import-From $TestDrive BuildxPS | Should -Be $pack
        }
        finally {
            $env:PSModulePath = $kept
        }
    }
}
