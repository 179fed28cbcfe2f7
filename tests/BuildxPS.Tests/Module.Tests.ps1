BeforeDiscovery {
    $root = Resolve-Path (Join-Path $PSScriptRoot .. ..)
    $scripts = Get-ChildItem $root -Recurse -File -Include *.ps1, *.psm1, *.psd1 |
        Where-Object { [IO.Path]::GetRelativePath($root, $_.FullName) -notmatch '(^|[\\/])(out|bin|obj)[\\/]' } |
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
    ) {
        $files = @(Get-ChildItem (Join-Path $folder $Pattern) | ForEach-Object Name)
        @($manifest[$Key] | Where-Object { $_ }) | Should -Be $files
    }

    It 'has no file of types, for which every import would pay' {
        $manifest.Contains('TypesToProcess') | Should -BeFalse
        Get-ChildItem $folder -Filter *.Types.ps1xml | Should -BeNullOrEmpty
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
                    Native     = @(1..$([Math]::Max(1, [Reflection.Metadata.Ecma335.MetadataReaderExtensions]::GetTableRowCount($reader, 'ModuleRef'))) |
                            Where-Object { $_ -le [Reflection.Metadata.Ecma335.MetadataReaderExtensions]::GetTableRowCount($reader, 'ModuleRef') } |
                            ForEach-Object { $reader.GetString($reader.GetModuleReference([Reflection.Metadata.Ecma335.MetadataTokens]::ModuleReferenceHandle($_)).Name) })
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

    It 'is true of the assemblies beside it, too' {
        $beside = @(Get-ChildItem $folder -Filter *.dll | ForEach-Object { Read-Assembly $_.FullName })
        $beside.Name | Should -Be 'BuildxPS', 'BuildxPS.Model'
        $beside | Where-Object { -not $_.ILOnly -or $_.NativeCode -gt 0 -or $_.Machine -ne 'I386' } | Should -BeNullOrEmpty
        $beside.Native | Should -BeNullOrEmpty
    }

    It 'calls only what the operating systems themselves bring' {
        # The C library, which musl knows by this name too, and Windows' own; each is called on its own system only.
        $libraries.Native | Sort-Object -Unique | Where-Object { $_ -notmatch '^(libc|(kernel32|advapi32|crypt32|secur32|ntdll|ws2_32|libproc|IPHLPAPI|api-ms-win-core-[\w-]+)(\.dll)?)$' } | Should -BeNullOrEmpty
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

    # The script analyser's rules that need no analyser, by its names for them.
    It 'runs no text as code (AvoidUsingInvokeExpression)' {
        $commands = $tree.FindAll({ $args[0] -is [Management.Automation.Language.CommandAst] }, $true)
        $commands | Where-Object { $_.GetCommandName() -eq 'Invoke-Expression' } | Should -BeNullOrEmpty
    }

    It 'swallows no error without a word (AvoidUsingEmptyCatchBlock)' {
        $tree.FindAll({ $args[0] -is [Management.Automation.Language.CatchClauseAst] }, $true) |
            Where-Object { -not $_.Body.Statements -and $_.Extent.Text -notmatch '#' } | Should -BeNullOrEmpty
    }

    It 'has null on the left of a comparison (PossibleIncorrectComparisonWithNull)' {
        $tree.FindAll({ $args[0] -is [Management.Automation.Language.BinaryExpressionAst] }, $true) |
            Where-Object { "$($_.Operator)" -match '^[IC](eq|ne)$' -and "$($_.Right)" -eq '$null' } | Should -BeNullOrEmpty
    }

    It 'leaves nothing in the session that runs it (AvoidGlobalVars)' {
        $tree.FindAll({ $args[0] -is [Management.Automation.Language.VariableExpressionAst] }, $true) |
            Where-Object { $_.VariablePath.IsGlobal -and $_.VariablePath.UserPath -notmatch ':(LASTEXITCODE|Error|PSDefaultParameterValues|ProgressPreference)$' } |
            ForEach-Object { "$_" } | Should -BeNullOrEmpty
    }

    It 'takes no password as text (AvoidUsingPlainTextForPassword)' {
        # What tests pass around is no password of anybody.
        $Name -like 'tests*' ? @() : $tree.FindAll({ $args[0] -is [Management.Automation.Language.ParameterAst] }, $true) |
            Where-Object { $_.Name.VariablePath.UserPath -match 'password|passphrase|credential' -and $_.StaticType -in [string], [object] } | Should -BeNullOrEmpty
    }
}

Describe 'The cmdlet <_>' -ForEach (Import-PowerShellDataFile $env:BUILDXPS_MODULE).CmdletsToExport {
    BeforeAll {
        $command = Get-Command $_
    }

    It 'has an approved verb and a noun in the singular (UseApprovedVerbs, UseSingularNouns)' {
        (Get-Verb $command.Verb).Verb | Should -Be $command.Verb
        $command.Noun | Should -Match '^Buildx[A-Z]'
        $command.Noun -replace 'Alias$' | Should -Not -Match '[^su]s$'
    }

    It 'redefines no common parameter (ReservedParams), and asks before it changes something (UseShouldProcess)' {
        $command.ImplementingType.GetProperties().Where({ $_.DeclaringType.Namespace -like 'BuildxPS*' }).Name |
            Where-Object { $_ -in [Management.Automation.Internal.CommonParameters].GetProperties().Name } | Should -BeNullOrEmpty
        if ($command.Verb -in 'Add', 'Clear', 'Connect', 'Copy', 'Disconnect', 'Install', 'Invoke', 'New', 'Register', 'Remove', 'Set', 'Start', 'Stop', 'Uninstall', 'Unregister', 'Use') {
            $command.Parameters.Keys | Should -Contain WhatIf
        }
    }

    It 'says what it returns (UseOutputTypeCorrectly)' {
        if ($command.Verb -in 'Get', 'New', 'Test', 'Invoke', 'Copy') {
            $command.OutputType | Should -Not -BeNullOrEmpty
        }
    }
}
