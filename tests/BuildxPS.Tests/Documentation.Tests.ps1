# What the documents say can be followed: links lead somewhere, and examples name commands and parameters that are there.

BeforeDiscovery {
    . (Join-Path $PSScriptRoot MarkdownFiles.ps1)
    $root = (Resolve-Path (Join-Path $PSScriptRoot .. ..)).Path
    $documents = Get-MarkdownFile $root | Sort-Object | ForEach-Object { @{ Path = $_; Name = [IO.Path]::GetRelativePath($root, $_).Replace('\', '/') } }
}

BeforeAll {
    . (Join-Path $PSScriptRoot MarkdownFiles.ps1)
    Import-Module $env:BUILDXPS_MODULE
    $root = (Resolve-Path (Join-Path $PSScriptRoot .. ..)).Path
    $read = @{}

    function Get-Document([string] $Path) {
        if (-not $read.ContainsKey($Path)) {
            $read[$Path] = Read-Markdown $Path
        }

        $read[$Path]
    }

    # The file that a link means; its name must be spelled as it is on the disk, whatever the file system makes of it.
    function Find-LinkTarget([string] $From, [string] $To) {
        $path = [uri]::UnescapeDataString($To)
        $base = $path.StartsWith('/') ? $root : (Split-Path $From)
        $full = [IO.Path]::GetFullPath((Join-Path $base $path.TrimStart('/')))
        $exists = [IO.Path]::Exists($full) -and ($full -eq $root -or (Split-Path -Leaf $full) -cin [IO.Directory]::GetFileSystemEntries((Split-Path $full)).ForEach({ Split-Path -Leaf $_ }))
        $exists ? $full : $null
    }

    function Get-LinkProblem($Document) {
        foreach ($link in Get-MarkdownLink $Document) {
            $file, $anchor = $link.To.Split('#', 2)
            $target = $file ? (Find-LinkTarget $Document.Path $file.Split('?')[0]) : $Document.Path
            if (-not $target) {
                "line $($link.Line): there is no $file"
            }
            elseif ($anchor -and $target -like '*.md' -and -not (Get-Document $target).Anchors.Contains([uri]::UnescapeDataString($anchor))) {
                "line $($link.Line): $([IO.Path]::GetRelativePath($root, $target)) has no heading #$anchor"
            }
        }
    }

    # Aliases of PowerShell on Windows that are programs elsewhere.
    $windowsAliases = 'cat', 'clear', 'compare', 'cp', 'diff', 'kill', 'ls', 'man', 'mount', 'mv', 'ps', 'rm', 'rmdir', 'sleep', 'sort', 'start', 'tee', 'write'

    function Test-Alias([string] $Name) { $Name -in $windowsAliases -or (Test-Path -LiteralPath "Alias:$Name") }

    $commands = @{}

    # Looking for a name that no module has takes a while: once is enough.
    function Find-Command([string] $Name) {
        if (-not $commands.ContainsKey($Name)) {
            $commands[$Name] = Get-Command $Name -CommandType Cmdlet, Function -ErrorAction Ignore | Select-Object -First 1
        }

        $commands[$Name]
    }

    # What is wrong with the name of a parameter; nothing if a cmdlet has it in full.
    function Get-ParameterProblem($Command, [string] $Parameter, [int] $Line) {
        if (-not $Command.Parameters.ContainsKey($Parameter)) {
            $meant = @($Command.Parameters.Values | Where-Object { $_.Aliases -contains $Parameter -or $_.Name -like "$Parameter*" }).Name
            "line $($Line): $($Command.Name) has no parameter -$Parameter$($meant ? "; in full it is -$($meant -join ' or -')" : '')"
        }
    }

    # The hashtables that a block gives to variables, for splatting.
    function Get-Splattable($Tree) {
        $tables = @{}
        foreach ($assignment in $Tree.FindAll({ $args[0] -is [Management.Automation.Language.AssignmentStatementAst] }, $true)) {
            $table = $assignment.Right.Find({ $args[0] -is [Management.Automation.Language.HashtableAst] }, $false)
            if ($table -and $assignment.Left -is [Management.Automation.Language.VariableExpressionAst]) {
                $tables[$assignment.Left.VariablePath.UserPath] = $table
            }
        }

        $tables
    }

    function Get-CommandProblem($Ast, [hashtable] $Tables, [int] $Line) {
        $name = $Ast.GetCommandName()
        if (-not $name) {
            return
        }

        $at = $Line + $Ast.Extent.StartLineNumber - 1
        if (Test-Alias $name) {
            return "line $($at): '$name' is an alias"
        }

        $command = Find-Command $name
        if ($name -match '-Buildx' -and $command.Source -ne 'BuildxPS') {
            return "line $($at): there is no cmdlet $name"
        }

        if (-not $command -or $command.Source -notmatch '^(BuildxPS|Microsoft\.PowerShell\..+)$') {
            return
        }

        foreach ($element in $Ast.CommandElements) {
            if ($element -is [Management.Automation.Language.CommandParameterAst]) {
                Get-ParameterProblem $command $element.ParameterName ($Line + $element.Extent.StartLineNumber - 1)
            }
            elseif ($element -is [Management.Automation.Language.VariableExpressionAst] -and $element.Splatted -and ($table = $Tables[$element.VariablePath.UserPath])) {
                foreach ($key in $table.KeyValuePairs.ForEach({ $_.Item1 })) {
                    Get-ParameterProblem $command "$($key.Value ?? $key)" ($Line + $key.Extent.StartLineNumber - 1)
                }
            }
        }
    }

    function Get-CodeProblem($Document) {
        # A hashtable may be made in one block and used in a later one.
        $tables = @{}
        foreach ($command in $Document.Blocks.Where({ $_.Language -in 'powershell', 'pwsh', 'ps1' }).ForEach({ Get-MarkdownCommand $_ })) {
            $problems = $null
            $tree = [Management.Automation.Language.Parser]::ParseInput($command.Code, [ref]$null, [ref]$problems)
            $problems.ForEach({ "line $($command.Line + $_.Extent.StartLineNumber - 1): $($_.Message)" })
            $own = Get-Splattable $tree
            $own.Keys.ForEach({ $tables[$_] = $own[$_] })
            foreach ($ast in $tree.FindAll({ $args[0] -is [Management.Automation.Language.CommandAst] }, $true)) {
                Get-CommandProblem $ast $tables $command.Line
            }
        }
    }

    # Parameters of commands in the prose: `Invoke-BuildxBuild -NoCache`. What stands for a value need not be one.
    function Get-SpanProblem($Document) {
        foreach ($span in $Document.Spans.Where({ $_.Text -match '^[A-Z][a-z]+-Buildx[A-Za-z]+ .*-\w' })) {
            $ast = [Management.Automation.Language.Parser]::ParseInput($span.Text, [ref]$null, [ref]$null).Find({ $args[0] -is [Management.Automation.Language.CommandAst] }, $true)
            Get-CommandProblem $ast @{} (Get-MarkdownLine $Document.Prose $span.Index)
        }
    }

    # Names of cmdlets anywhere, in prose, comments and other languages too; 'Get-Buildx*' and 'Start-, Stop-BuildxBuilder' are none.
    function Get-NameProblem($Document) {
        $known = @((Get-Module BuildxPS).ExportedCommands.Keys)
        for ($at = 0; $at -lt $Document.Lines.Count; $at++) {
            foreach ($match in [regex]::Matches($Document.Lines[$at], '(?<![\w-])[A-Za-z]+-Buildx[A-Za-z]*(?![\w*])')) {
                # Errors name a class behind a comma, 'BuildxPS.Commands.GetBuildxBuilderCommand', which has no dash.
                if ($match.Value -cnotin $known) {
                    "line $($at + 1): there is no cmdlet $($match.Value)"
                }
            }
        }
    }
}

Describe 'The document <Name>' -ForEach $documents {
    BeforeAll {
        $document = Get-Document $Path
    }

    It 'links to files and headings that are there' {
        Get-LinkProblem $document | Should -BeNullOrEmpty
    }

    It 'has PowerShell that parses, and names commands and parameters in full' {
        Get-CodeProblem $document | Should -BeNullOrEmpty
    }

    It 'names parameters in full in its prose, too' {
        Get-SpanProblem $document | Should -BeNullOrEmpty
    }

    It 'names no cmdlet that the module does not have' {
        Get-NameProblem $document | Should -BeNullOrEmpty
    }
}

Describe 'The check of documents' {
    BeforeAll {
        $path = Join-Path $TestDrive sample.md
        Set-Content $path @'
# A heading: with `code` & marks

[good](#a-heading-with-code--marks) [bad](#nowhere) ![image](no-such.png) `[code](no-link.md)`
`Remove-BuildxBuilder NAME -Keep` `-Nothing` [web](https://example.org/x) [other
line](missing.md "title")

<!-- [comment](none.md) -->

```powershell
ls
Get-BuildxBuilder -Nam x
$build = @{ Path = '.'; Tga = 'x' }
Invoke-BuildxBuild @build -t x
Get-BuildxNothing
Get-ChildItem -Rec
if (
```

```powershell
PS> Get-BuildxBuilder demo |
>>     Stop-BuildxBuilder -Force

Name  this is -no command
```

```yaml
script: Invoke-BuildxBake
```
'@
        $document = Read-Markdown $path
    }

    It 'sees links that lead nowhere' {
        (Get-LinkProblem $document) -join "`n" | Should -Be "line 3: sample.md has no heading #nowhere`nline 3: there is no no-such.png`nline 5: there is no missing.md".Replace('sample.md', [IO.Path]::GetRelativePath($root, $path))
    }

    It 'sees what no reader could run' {
        $problems = @(Get-CodeProblem $document)
        foreach ($part in "line 10: 'ls' is an alias", 'line 11: Get-BuildxBuilder has no parameter -Nam; in full it is -Name', 'line 12: Invoke-BuildxBuild has no parameter -Tga',
            'line 13: Invoke-BuildxBuild has no parameter -t; in full it is -T*', 'line 14: there is no cmdlet Get-BuildxNothing', 'line 15: Get-ChildItem has no parameter -Rec; in full it is -Recurse',
            'line 16: *', 'line 21: Stop-BuildxBuilder has no parameter -Force') {
            @($problems -like $part).Count | Should -BeGreaterThan 0 -Because "'$part' is in it, and found was: $($problems -join '; ')"
        }
    }

    It 'sees parameters in prose' {
        Get-SpanProblem $document | Should -Be 'line 4: Remove-BuildxBuilder has no parameter -Keep; in full it is -KeepState or -KeepDaemon'
    }

    It 'sees names of cmdlets in any language' {
        Get-NameProblem $document | Should -Be 'line 14: there is no cmdlet Get-BuildxNothing', 'line 27: there is no cmdlet Invoke-BuildxBake'
    }
}
