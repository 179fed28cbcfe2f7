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
    $package = Join-Path $out pack "BuildxPS.$version.nupkg"

    function Read-Nuspec {
        $archive = [IO.Compression.ZipFile]::OpenRead($package)
        try {
            $reader = [IO.StreamReader]::new($archive.GetEntry('BuildxPS.nuspec').Open())
            ([xml] $reader.ReadToEnd()).package.metadata
        }
        finally {
            $archive.Dispose()
        }
    }

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

    It 'is a valid manifest, and says what it is' {
        $manifest = Test-ModuleManifest (Join-Path $pack BuildxPS.psd1) -ErrorAction Stop -WarningVariable warned
        $warned | Should -BeNullOrEmpty
        $manifest.ProcessorArchitecture | Should -Be None
        $manifest.PowerShellVersion | Should -Be ([version] '7.6')
        $manifest.CompatiblePSEditions | Should -Be Core
        $manifest.LicenseUri | Should -Not -BeNullOrEmpty
        $manifest.ReleaseNotes | Should -Not -BeNullOrEmpty
        $manifest.ExportedCmdlets.Count | Should -Be @((Import-PowerShellDataFile $module).CmdletsToExport).Count
    }

    It 'has no file that nobody needs' {
        Get-PackedFile $pack | Where-Object { $_ -notmatch '^(lib|en-US)/' } | Should -Be @(
            'BuildxPS.Format.ps1xml', 'BuildxPS.Model.dll', 'BuildxPS.dll', 'BuildxPS.psd1', 'BuildxPS.spdx.json'
            'CHANGELOG.md', 'LICENSE', 'THIRD-PARTY-NOTICES.txt', 'icon.png'
        )
        Get-PackedFile $pack | Where-Object { $_ -match '^lib/' -and $_ -notmatch '\.dll$' } | Should -BeNullOrEmpty
        Get-PackedFile $pack | Where-Object { $_ -match '^en-US/' -and $_ -notmatch '^en-US/(BuildxPS\.dll-Help\.xml|about_BuildxPS\w*\.help\.txt)$' } | Should -BeNullOrEmpty
    }

    It 'names the project where the one who publishes gives its address' {
        $kept = Get-FileHash $package
        $folder = New-ModulePack https://example.org/buildxps
        (Import-PowerShellDataFile (Join-Path $folder BuildxPS.psd1)).PrivateData.PSData.ProjectUri | Should -Be https://example.org/buildxps
        (Read-Nuspec).projectUrl | Should -Be https://example.org/buildxps
        { New-ModulePack http://example.org } | Should -Throw '*no https address*'
        $null = New-ModulePack
        (Get-FileHash $package).Hash | Should -Be $kept.Hash
    }
}

Describe 'The package' {
    It 'is below 15 MB' {
        (Get-Item $package).Length | Should -BeLessThan 15MB
    }

    It 'has the files of the folder and the few that make it a package, and is the same each time' {
        $archive = [IO.Compression.ZipFile]::OpenRead($package)
        $names = @($archive.Entries.FullName)
        $archive.Dispose()
        $names | Should -Be (@('BuildxPS.nuspec', '_rels/.rels', '[Content_Types].xml') + @(Get-PackedFile $pack))
        $hash = (Get-FileHash $package).Hash
        $null = New-ModulePack
        (Get-FileHash $package).Hash | Should -Be $hash
    }

    It 'tells its licence, its icon, what changed, and the commands by which it is found' {
        $nuspec = Read-Nuspec
        $nuspec.id | Should -Be BuildxPS
        $nuspec.version | Should -Be $version
        $nuspec.license.InnerText | Should -Be Apache-2.0
        $nuspec.icon | Should -Be icon.png
        $nuspec.releaseNotes | Should -Match '^### '
        $tags = $nuspec.tags -split ' '
        $tags | Should -Contain PSModule
        $tags | Should -Contain PSEdition_Core
        foreach ($command in (Import-PowerShellDataFile $module).CmdletsToExport) {
            $tags | Should -Contain "PSCmdlet_$command"
        }
    }

    It 'is installed from a local repository, and found by its name with all its commands and its help' -Skip:$IsWindows {
        $told = @(& $pwsh -NoProfile -NonInteractive -File (Join-Path $PSScriptRoot Install-TestPackage.ps1) -Packages (Split-Path $package) -Destination (Join-Path $TestDrive installed))
        $answer = $told[-1] | ConvertFrom-Json
        $answer.Version | Should -Be $version
        $answer.Base | Should -BeLike "*installed*BuildxPS*$version"
        $answer.Commands | Should -Be @((Import-PowerShellDataFile $module).CmdletsToExport | Sort-Object)
        $answer.Help | Should -Not -BeNullOrEmpty
        $answer.Topic | Should -Match 'about_BuildxPS'
    }
}

Describe 'What the package says of the work of others' {
    BeforeAll {
        $sbom = Get-Content -Raw (Join-Path $pack BuildxPS.spdx.json) | ConvertFrom-Json
        $components = @($sbom.packages | Where-Object name -NE BuildxPS)
        $notices = Get-Content -Raw (Join-Path $pack THIRD-PARTY-NOTICES.txt)
    }

    It 'lists every file with its hash' {
        $sbom.files.fileName | Should -Be @(Get-PackedFile $pack | Where-Object { $_ -ne 'BuildxPS.spdx.json' } | ForEach-Object { "./$_" })
        foreach ($file in $sbom.files) {
            ($file.checksums | Where-Object algorithm -EQ SHA256).checksumValue | Should -Be (Get-FileHash (Join-Path $pack $file.fileName)).Hash
        }
    }

    It 'says of every assembly that is not ours which package it is from' {
        $from = @($sbom.relationships | Where-Object relationshipType -EQ GENERATED_FROM).spdxElementId
        Get-ChildItem (Join-Path $pack lib) -Filter *.dll | Where-Object BaseName -NE BuildxPS.Engine |
            ForEach-Object { $from | Should -Contain "SPDXRef-File-lib-$($_.Name)" }
    }

    It 'has no identifier twice, and none that is not there' {
        $ids = @($sbom.files.SPDXID) + @($sbom.packages.SPDXID) + 'SPDXRef-DOCUMENT'
        @($ids | Select-Object -Unique).Count | Should -Be $ids.Count
        $sbom.relationships | ForEach-Object { $_.spdxElementId, $_.relatedSpdxElement } | Where-Object { $_ -notin $ids } | Should -BeNullOrEmpty
    }

    It 'takes only work under licences that allow it' {
        $components | Where-Object { $_.licenseDeclared -notin 'MIT', 'Apache-2.0', 'BSD-2-Clause', 'BSD-3-Clause' } | Should -BeNullOrEmpty
    }

    It 'has a notice of each, with its licence' {
        foreach ($component in $components) {
            $notices | Should -Match ([regex]::Escape("$($component.name) $($component.versionInfo) ($($component.licenseDeclared))"))
        }

        $notices | Should -Match 'Permission is hereby granted, free of charge'
        $notices | Should -Match 'Redistribution and use in source and binary forms'
    }
}

Describe 'docs/dependencies.md' {
    BeforeAll {
        $rows = @{}
        Get-Content (Join-Path $root docs dependencies.md) | Where-Object { $_ -match '^\| (?<name>[\w.-]+) \| (?<licence>[\w.-]+) \| (?<why>.+) \|$' } |
            ForEach-Object { $rows[$Matches.name] = $Matches.licence }
        $rows.Remove('package')
        $rows.Remove('---')
        $versions = @{}
        foreach ($package in ([xml](Get-Content -Raw (Join-Path $root Directory.Packages.props))).SelectNodes('//PackageVersion')) {
            $versions[$package.Include] = $package.Version
        }

        $store = @((Get-Content -Raw (Join-Path $root src BuildxPS obj project.assets.json) | ConvertFrom-Json -AsHashtable).packageFolders.Keys)[0]
    }

    It 'has a line for every package that a project asks for' {
        $asked = @(Get-ChildItem $root -Recurse -File -Include *.props, *.targets, *.csproj | Where-Object { [IO.Path]::GetRelativePath($root, $_.FullName) -notmatch '(^|[\\/])(out|bin|obj)[\\/]' } |
                ForEach-Object { [regex]::Matches((Get-Content -Raw $_.FullName), '<(PackageVersion|PackageDownload) Include="(?<name>[^"]+)"') } | ForEach-Object { $_.Groups['name'].Value } | Sort-Object -Unique)
        $asked | Should -Not -BeNullOrEmpty
        $asked | Where-Object { -not $rows[$_] } | Should -BeNullOrEmpty
        $rows.Keys | Where-Object { $_ -notin $asked } | Should -BeNullOrEmpty
    }

    It 'gives each the licence that the package itself gives' {
        # BenchmarkDotNet is there only where the benchmarks were built.
        foreach ($name in $versions.Keys | Where-Object { $_ -ne 'BenchmarkDotNet' }) {
            $folder = Join-Path $store $name.ToLowerInvariant() $versions[$name]
            $license = ([xml](Get-Content -Raw (Get-ChildItem $folder -Filter *.nuspec)[0].FullName)).package.metadata.license
            "$name $($rows[$name])" | Should -Be "$name $($license.InnerText)"
        }
    }
}

Describe 'A packed module' {
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
