# docs/from-buildx.md has every command and flag of docker buildx, and nothing that neither of the two has.

BeforeAll {
    . (Join-Path $PSScriptRoot TestEngines.ps1)
    . (Join-Path $PSScriptRoot MarkdownFiles.ps1)
    Import-Module $env:BUILDXPS_MODULE
    $root = Resolve-Path (Join-Path $PSScriptRoot .. ..)
    $document = Read-Markdown (Join-Path $root docs from-buildx.md)

    # The sections whose heading is a command, `docker buildx imagetools create`, with the rows of their first table.
    $sections = [ordered]@{}
    $rows = [Collections.Generic.List[object]]::new()
    $section = $null
    for ($at = 0; $at -lt $document.Lines.Count; $at++) {
        $line = $document.Lines[$at]
        if ($line -match '^#+ ') {
            $section = $line -match '^## `docker (buildx[a-z -]*)`$' ? $Matches[1] : ''
            if ($section) {
                $sections[$section] = [Collections.Generic.List[object]]::new()
            }
        }
        elseif ($line -match '^\|(?! -|---)' -and $document.Lines[$at + 1] -notmatch '^\| ?---') {
            $cells = $line.Trim('|').Split('|').Trim()
            $row = [pscustomobject]@{
                Line   = $at + 1
                Cells  = $cells
                Flags  = @([regex]::Matches($cells[0], '`(-[^`]+)`').ForEach({ $_.Groups[1].Value }))
                Ours   = @([regex]::Matches("$($cells[1])", '`([^`]+)`').ForEach({ $_.Groups[1].Value }))
                NotYet = "$($cells[1])" -match '^not yet\b'
            }
            $rows.Add($row)
            if ($section) {
                $sections[$section].Add($row)
            }
        }
    }

    # A command in a cell: its cmdlet and the names of its parameters.
    function Read-Ours([string] $Text) {
        $command = [Management.Automation.Language.Parser]::ParseInput($Text, [ref]$null, [ref]$null).Find({ $args[0] -is [Management.Automation.Language.CommandAst] }, $true)
        [pscustomobject]@{
            Name       = "$(${command}?.GetCommandName())"
            Parameters = @(${command}?.CommandElements | Where-Object { $_ -is [Management.Automation.Language.CommandParameterAst] } | ForEach-Object ParameterName)
        }
    }

    function Get-PlainName([string] $Name) { $Name.Replace('-', '').ToLowerInvariant() }

    # What docker itself says: command by command, with its flags as they are written.
    $commands = [ordered]@{}

    function Get-DockerHelp([string] $Command) {
        $lines = @(Invoke-Docker @($Command.Split(' ')) --help)
        # Of a command that is not there, docker shows the help of the one above.
        if (-not ($lines -match "^Usage:\s+docker $Command(\s|$)")) {
            throw "docker knows no '$Command'."
        }

        $lines
    }

    function Read-DockerCommand([string] $Command) {
        $lines = Get-DockerHelp $Command
        # '  -f, --file string   Name of …', '      --load   Shorthand …'; what a long text goes on with is indented more.
        $commands[$Command] = @($lines -match '^ {2,6}(-\w, )?--[a-z]').ForEach({ , @([regex]::Matches(($_ -replace '^(\s*(?:-\w, )?--[\w-]+).*', '$1'), '--?[\w-]+').Value) })
        $isList = $false
        foreach ($line in $lines) {
            if ($line -match '^\S') {
                $isList = $line -match 'Commands:$'
            }
            elseif ($isList -and $line -match '^  ([a-z][a-z-]*)\*?\s') {
                Read-DockerCommand "$Command $($Matches[1])"
            }
        }
    }

    if ($env:BUILDXPS_TEST_ENGINES) {
        Read-DockerCommand buildx
        # These two work and are not in the list.
        foreach ($hidden in 'buildx install', 'buildx uninstall') {
            if (-not $commands.Contains($hidden)) {
                Read-DockerCommand $hidden
            }
        }
    }
}

Describe 'The table of docker buildx' {
    It 'has a section for each command, and for no other' {
        $null = Get-TestSetup
        $commands.Count | Should -BeGreaterThan 15
        @($sections.Keys) | Sort-Object | Should -Be (@($commands.Keys) | Sort-Object)
    }

    It 'has a row for each flag' {
        $null = Get-TestSetup
        $missing = foreach ($command in $commands.Keys) {
            foreach ($flags in $commands[$command]) {
                if (@($sections[$command].Where({ "$($_.Flags)" -ceq "$flags" })).Count -ne 1) {
                    "docker $command $flags"
                }
            }
        }
        $missing | Should -BeNullOrEmpty
        @($commands.Values.ForEach({ $_ })).Count | Should -BeGreaterThan 100
    }

    It 'has no flag that docker does not take, also of those that its help does not show' {
        $null = Get-TestSetup
        $invented = foreach ($command in $sections.Keys) {
            foreach ($row in $sections[$command].Where({ $_.Flags })) {
                if ($commands[$command].Where({ "$_" -ceq "$($row.Flags)" })) {
                    continue
                }

                # Docker looks at the flags before it helps.
                foreach ($flag in $row.Flags) {
                    try {
                        $null = Invoke-Docker @($command.Split(' ')) "$flag=1" --help
                        if ("$($row.Cells[2])" -notlike '*hidden*') {
                            "docker $command $flag, line $($row.Line), is not said to be hidden"
                        }
                    }
                    catch {
                        "docker $command $flag, line $($row.Line)"
                    }
                }
            }
        }
        $invented | Should -BeNullOrEmpty
    }

    It 'names cmdlets and parameters that there are, in full' {
        $wrong = foreach ($row in $rows) {
            foreach ($text in $row.Ours) {
                $ours = Read-Ours $text
                $command = $ours.Name ? (Get-Command $ours.Name -CommandType Cmdlet -ErrorAction Ignore) : $null
                if (-not $command) {
                    "line $($row.Line): '$text' is no cmdlet"
                }

                $ours.Parameters.Where({ $command -and -not $command.Parameters.ContainsKey($_) }).ForEach({ "line $($row.Line): $($ours.Name) has no parameter -$_" })
            }
        }
        $wrong | Should -BeNullOrEmpty
        @($rows.Ours).Count | Should -BeGreaterThan 50
    }

    It 'names a cmdlet for each flag, or says "not yet" or why none is needed, and what to do' {
        $rows.Where({ $_.Flags -and -not $_.Ours -and -not ("$($_.Cells[1])" -match '^(not yet|not needed)$' -and $_.Cells[2]) }).ForEach({ "line $($_.Line): $($_.Cells[0])" }) | Should -BeNullOrEmpty
        $rows.Where({ $_.NotYet -and $_.Ours }).ForEach({ "line $($_.Line): $($_.Cells[0])" }) | Should -BeNullOrEmpty
    }

    It 'agrees with the spellings of docker that cmdlets take as aliases' {
        $disagreeing = foreach ($command in $sections.Keys) {
            $named = @($sections[$command].ForEach({ $_.Ours }).ForEach({ Read-Ours $_ }).Name | Sort-Object -Unique)
            foreach ($row in $sections[$command]) {
                $ours = @($row.Ours.ForEach({ Read-Ours $_ }))
                foreach ($cmdlet in $named.Where({ $_ -like '*-Buildx*' -and $row.Flags })) {
                    foreach ($parameter in (Get-Command $cmdlet).Parameters.Values.Where({ $_.Name -notin [Management.Automation.PSCmdlet]::CommonParameters })) {
                        $spellings = @($parameter.Name; $parameter.Aliases).ForEach({ Get-PlainName $_ })
                        $isMeant = $row.Flags.Where({ $spellings -contains (Get-PlainName $_) })
                        if ($isMeant -and -not $ours.Where({ $_.Name -eq $cmdlet -and $_.Parameters -contains $parameter.Name })) {
                            "line $($row.Line): $isMeant is $cmdlet -$($parameter.Name)"
                        }
                    }
                }
            }
        }
        $disagreeing | Should -BeNullOrEmpty
    }
}
