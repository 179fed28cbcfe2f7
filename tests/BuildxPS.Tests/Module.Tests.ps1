BeforeDiscovery {
    $root = Resolve-Path (Join-Path $PSScriptRoot .. ..)
    $scripts = Get-ChildItem $root -Recurse -File -Include *.ps1, *.psm1, *.psd1 |
        Where-Object { $_.FullName -notmatch '[\\/](out|bin|obj)[\\/]' } |
        ForEach-Object { @{ Path = $_.FullName; Name = [IO.Path]::GetRelativePath($root, $_.FullName) } }
    Import-Module $env:BUILDXPS_MODULE
    $emitted = Get-Command -Module BuildxPS | ForEach-Object {
        $command = $_.Name
        $_.OutputType.Type | Where-Object { $_ -and $_.Namespace -like 'BuildxPS*' } |
            ForEach-Object { @{ Command = $command; Type = $_.FullName } }
    }
}

BeforeAll {
    $folder = Split-Path $env:BUILDXPS_MODULE
    $manifest = Import-PowerShellDataFile $env:BUILDXPS_MODULE
    Import-Module $env:BUILDXPS_MODULE
    $assembly = (Get-Command -Module BuildxPS)[0].ImplementingType.Assembly
}

Describe 'The manifest' {
    It 'exports the cmdlets of the assembly and nothing else' {
        $classes = $assembly.GetExportedTypes() | ForEach-Object {
            $_.GetCustomAttributes([Management.Automation.CmdletAttribute], $false)
        }
        $cmdlets = $classes | ForEach-Object { "$($_.VerbName)-$($_.NounName)" } | Sort-Object
        $manifest.CmdletsToExport | Sort-Object | Should -Be $cmdlets
        (Get-Module BuildxPS).ExportedCommands.Keys | Sort-Object | Should -Be $cmdlets
    }

    It 'has the version of the assembly' {
        [version]$manifest.ModuleVersion | Should -Be ([version]$assembly.GetName().Version.ToString(3))
    }

    It 'lists every <Key> file of the module' -ForEach @(
        @{ Key = 'FormatsToProcess'; Pattern = '*.Format.ps1xml' }
        @{ Key = 'TypesToProcess'; Pattern = '*.Types.ps1xml' }
    ) {
        $files = @(Get-ChildItem (Join-Path $folder $Pattern) | ForEach-Object Name)
        @($manifest[$Key] | Where-Object { $_ }) | Should -Be $files
    }

    It 'tells an older PowerShell which version it needs' {
        $copy = Join-Path $TestDrive Older.psd1
        (Get-Content -Raw $env:BUILDXPS_MODULE).Replace("PowerShellVersion    = '7.6'", "PowerShellVersion    = '99.9'") | Set-Content $copy
        # In a fresh process: where the module is loaded already, PowerShell does not ask again.
        $answer = & (Join-Path $PSHOME ($IsWindows ? 'pwsh.exe' : 'pwsh')) -NoProfile -NonInteractive -Command {
            try {
                Import-Module $args[0] -ErrorAction Stop
            }
            catch {
                "$_"
            }
        } -args $copy
        $answer | Should -BeLike "*requires a minimum PowerShell version of '99.9'*"
    }
}

Describe 'The folder lib' {
    BeforeAll {
        function Read-Assembly([string] $Path) {
            $stream = [IO.File]::OpenRead($Path)
            try {
                $image = [Reflection.PortableExecutable.PEReader]::new($stream)
                $reader = [Reflection.Metadata.PEReaderExtensions]::GetMetadataReader($image)
                [pscustomobject]@{
                    Name       = [IO.Path]::GetFileNameWithoutExtension($Path)
                    Machine    = $image.PEHeaders.CoffHeader.Machine
                    ILOnly     = $image.PEHeaders.CorHeader.Flags.HasFlag([Reflection.PortableExecutable.CorFlags]::ILOnly)
                    NativeCode = $image.PEHeaders.CorHeader.ManagedNativeHeaderDirectory.Size
                    References = @($reader.AssemblyReferences | ForEach-Object {
                            $reader.GetString($reader.GetAssemblyReference($_).Name)
                        })
                }
            }
            finally {
                $stream.Dispose()
            }
        }

        $files = @(Get-ChildItem (Join-Path $folder lib) -File)
        $libraries = @($files | ForEach-Object { Read-Assembly $_.FullName })
    }

    It 'holds only assemblies that load on every platform' {
        $files.Extension | Select-Object -Unique | Should -Be '.dll'
        $libraries | Where-Object { -not $_.ILOnly -or $_.NativeCode -gt 0 -or $_.Machine -ne 'I386' } | Should -BeNullOrEmpty
    }

    It 'has everything that its assemblies refer to' {
        $dotnet = Split-Path ([object].Assembly.Location)
        $known = $libraries.Name + 'BuildxPS.Model'
        $missing = $libraries.References | Sort-Object -Unique | Where-Object {
            $_ -notin $known -and -not (Test-Path (Join-Path $dotnet "$_.dll"))
        }
        $missing | Should -BeNullOrEmpty
    }

    It 'has no assembly that nothing refers to' {
        $needed = [Collections.Generic.HashSet[string]]::new()
        $open = [Collections.Generic.Queue[string]]::new()
        $open.Enqueue('BuildxPS.Engine')
        while ($open.Count) {
            $name = $open.Dequeue()
            if ($needed.Add($name)) {
                $libraries | Where-Object Name -EQ $name | ForEach-Object References | ForEach-Object { $open.Enqueue($_) }
            }
        }

        $libraries.Name | Where-Object { -not $needed.Contains($_) } | Should -BeNullOrEmpty
    }
}

Describe 'The output of <Command>' -ForEach $emitted {
    It 'has a view for <Type>' {
        Get-FormatData -TypeName $Type | Should -Not -BeNullOrEmpty
    }
}

Describe 'The script <Name>' -ForEach $scripts {
    BeforeAll {
        $problems = $null
        $tree = [Management.Automation.Language.Parser]::ParseFile($Path, [ref]$null, [ref]$problems)
    }

    It 'parses' {
        $problems | Should -BeNullOrEmpty
    }

    It 'spells every command out' {
        $commands = $tree.FindAll({ $args[0] -is [Management.Automation.Language.CommandAst] }, $true)
        $names = $commands | ForEach-Object GetCommandName | Where-Object { $_ } | Sort-Object -Unique
        $names | Where-Object { Test-Path -LiteralPath "Alias:$_" } | Should -BeNullOrEmpty
    }
}
