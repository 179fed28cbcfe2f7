# Help pages: markdown in PlatyPS's schema 2024-05-01. Prose is written by hand; what the module itself says of a cmdlet
# (syntax, types, positions, aliases) is filled in between.

$commonParameters = [System.Management.Automation.Internal.CommonParameters].GetProperties().Name

# Headings of a level with what stands below them, in order. A heading inside a fence is code.
function Read-Section([string] $Text, [int] $Level) {
    $sections = [ordered]@{}
    $heading = ''
    $fenced = $false
    $body = [Text.StringBuilder]::new()
    foreach ($line in $Text -split '\r?\n') {
        if ($line -match '^\s*```') {
            $fenced = -not $fenced
        }

        if (-not $fenced -and $line -match "^#{$Level} (?<heading>\S.*?)\s*$") {
            $sections[$heading] = $body.ToString().Trim()
            $null = $body.Clear()
            $heading = $Matches.heading
        }
        else {
            $null = $body.AppendLine($line)
        }
    }

    $sections[$heading] = $body.ToString().Trim()
    if (-not $sections['']) {
        $sections.Remove('')
    }

    $sections
}

# An example: its title, its code, what it prints (if the page shows that), and what is said of it.
function Read-Example([string] $Title, [string] $Body) {
    $code = [regex]::Match($Body, '(?s)```powershell\r?\n(?<text>.*?)\r?\n```')
    $output = [regex]::Match($Body, '(?s)```output\r?\n(?<text>.*?)\r?\n```')
    [pscustomobject]@{
        Title   = $Title
        Body    = $Body
        Code    = $code.Groups['text'].Value
        Output  = $output.Groups['text'].Value
        Remarks = [regex]::Replace($Body, '(?s)```(powershell|output)\r?\n.*?\r?\n```', '').Trim()
    }
}

# A page's prose.
function Read-HelpPage([string] $Path) {
    $text = Get-Content -Raw -LiteralPath $Path
    $front = [regex]::Match($text, '(?s)\A---\r?\n(?<lines>.*?)\r?\n---\r?\n')
    $sections = Read-Section $text.Substring($front.Length) 2
    $parameters = [ordered]@{}
    $described = Read-Section "$($sections['PARAMETERS'])" 3
    foreach ($heading in $described.Keys -like '-*') {
        $parameters[$heading.Substring(1)] = [regex]::Replace($described[$heading], '(?s)```yaml.*?```', '').Trim()
    }

    $examples = Read-Section "$($sections['EXAMPLES'])" 3
    [pscustomobject]@{
        Date        = [regex]::Match($front.Groups['lines'].Value, '(?m)^ms\.date: (?<date>\S+)').Groups['date'].Value
        Synopsis    = $sections['SYNOPSIS']
        Description = $sections['DESCRIPTION']
        Examples    = @(foreach ($title in $examples.Keys) { Read-Example $title $examples[$title] })
        Parameters  = $parameters
        Inputs      = Read-Section "$($sections['INPUTS'])" 3
        Outputs     = Read-Section "$($sections['OUTPUTS'])" 3
        Notes       = "$($sections['NOTES'])"
        Links       = @([regex]::Matches("$($sections['RELATED LINKS'])", '\[(?<text>[^\]]+)\]\((?<uri>[^)]*)\)') |
                ForEach-Object { [pscustomobject]@{ Text = $_.Groups['text'].Value; Uri = $_.Groups['uri'].Value } })
    }
}

# What the module says of a cmdlet, read once: PowerShell makes parameters and sets anew each time it is asked for them.
function Read-Cmdlet([Management.Automation.CommandInfo] $Command) {
    $parameters = $Command.Parameters
    [pscustomobject]@{
        Name    = $Command.Name
        Verb    = $Command.Verb
        Noun    = $Command.Noun
        Own     = @($parameters.Values | Where-Object Name -NotIn $commonParameters | Sort-Object Name)
        Sets    = @($Command.ParameterSets | Sort-Object { -not $_.IsDefault }, Name | ForEach-Object {
                [pscustomobject]@{
                    Name       = $_.Name
                    IsDefault  = $_.IsDefault
                    Text       = "$_".Replace(' [<CommonParameters>]', '')
                    Parameters = @($_.Parameters | Where-Object Name -NotIn $commonParameters)
                }
            })
        Returns = @($Command.OutputType.Type.FullName | Where-Object { $_ })
    }
}

# What is wrong with a page, a line for each fault.
function Find-PageFault($Page, $Cmdlet) {
    $own = @($Cmdlet.Own.Name)
    $own | Where-Object { -not $Page.Parameters[$_] } | ForEach-Object { "does not describe -$_" }
    $Page.Parameters.Keys | Where-Object { $_ -notin $own } | ForEach-Object { "describes -$_, which is not there" }
    foreach ($part in 'Synopsis', 'Description') {
        if (-not $Page.$part) {
            "has no $part"
        }
    }

    if (@($Page.Examples | Where-Object Code).Count -lt 3) {
        'has fewer than three examples'
    }

    if (-not $Page.Links) {
        'has no related links'
    }

    $Cmdlet.Returns | Where-Object { $_ -notin $Page.Outputs.Keys } | ForEach-Object { "does not tell its output $_" }
}

# PowerShell's own short name of a type; a type that only the engine's load context knows would come with its assembly.
function Get-TypeName([type] $Type) {
    $name = [Microsoft.PowerShell.ToStringCodeMethods]::Type([psobject] $Type)
    $name -match ', Version=' ? $Type.Name : $name
}

function Format-Syntax([string] $Name, [string] $Parameters) {
    $lines = [Collections.Generic.List[string]]::new()
    $line = $Name
    foreach ($part in [regex]::Matches("$Parameters [<CommonParameters>]", '\[\[-[^\]]+\][^\]]*?(\[\])?>\]|\[-\w+( <[^>]+>)?\]|\[<CommonParameters>\]|\S+( <[^>]+>)?').Value) {
        if ($line.Length + $part.Length -gt 108) {
            $lines.Add($line)
            $line = ' '
        }

        $line += " $part"
    }

    $lines.Add($line)
    $lines -join "`n"
}

function Format-ParameterFact($Parameter, $Cmdlet) {
    $values = $Parameter.ParameterType.IsEnum ? [enum]::GetNames($Parameter.ParameterType) :
        @($Parameter.Attributes | Where-Object { $_ -is [ValidateSet] } | ForEach-Object ValidValues)
    $uses = @(foreach ($set in $Cmdlet.Sets) {
            foreach ($of in $set.Parameters) {
                if ($of.Name -eq $Parameter.Name) {
                    [pscustomobject]@{ Set = $set.Name; Of = $of; Key = "$($of.Position) $($of.IsMandatory) $($of.ValueFromPipeline)" }
                }
            }
        })
    $all = $uses.Count -eq $Cmdlet.Sets.Count -and @($uses.Key | Select-Object -Unique).Count -eq 1
    '```yaml'
    "Type: $($Parameter.ParameterType)"
    "DefaultValue: ''"
    "SupportsWildcards: $("$([bool]($Parameter.Attributes | Where-Object { $_ -is [SupportsWildcards] }))".ToLowerInvariant())"
    Format-YamlList Aliases @($Parameter.Aliases)
    'ParameterSets:'
    foreach ($use in $all ? $uses[0] : $uses) {
        $of = $use.Of
        "- Name: $($all ? '(All)' : $use.Set)"
        "  Position: $($of.Position -lt 0 ? 'Named' : $of.Position)"
        "  IsRequired: $("$($of.IsMandatory)".ToLowerInvariant())"
        "  ValueFromPipeline: $("$($of.ValueFromPipeline)".ToLowerInvariant())"
        "  ValueFromPipelineByPropertyName: $("$($of.ValueFromPipelineByPropertyName)".ToLowerInvariant())"
        "  ValueFromRemainingArguments: $("$($of.ValueFromRemainingArguments)".ToLowerInvariant())"
    }

    'DontShow: false'
    Format-YamlList AcceptedValues $values
    "HelpMessage: ''"
    '```'
}

function Format-YamlList([string] $Name, [string[]] $Values) {
    if (-not $Values) {
        return "${Name}: []"
    }

    "${Name}:"
    $Values | ForEach-Object { "- $_" }
}

# The whole page: its prose, with what the module says of the cmdlet.
function Format-HelpPage($Page, $Cmdlet) {
    $lines = @(
        '---', 'document type: cmdlet', 'external help file: BuildxPS.dll-Help.xml', "HelpUri: ''", 'Locale: en-US', 'Module Name: BuildxPS'
        "ms.date: $($Page.Date ? $Page.Date : (Get-Date -Format 'MM/dd/yyyy' -AsUTC))", 'PlatyPS schema version: 2024-05-01', "title: $($Cmdlet.Name)", '---', ''
        "# $($Cmdlet.Name)", '', '## SYNOPSIS', '', $Page.Synopsis, '', '## SYNTAX', ''
        foreach ($set in $Cmdlet.Sets) {
            "### $($set.Name -eq '__AllParameterSets' ? '__AllParameterSets' : $set.Name)$($set.IsDefault -and $Cmdlet.Sets.Count -gt 1 ? ' (Default)' : '')"
            '', '```', (Format-Syntax $Cmdlet.Name $set.Text), '```', ''
        }

        '## ALIASES', '', 'This cmdlet has no aliases.', '', '## DESCRIPTION', '', $Page.Description, '', '## EXAMPLES', ''
        foreach ($example in $Page.Examples) { "### $($example.Title)", '', $example.Body, '' }
        '## PARAMETERS', ''
        foreach ($parameter in $Cmdlet.Own) {
            "### -$($parameter.Name)", '', $Page.Parameters[$parameter.Name], '', (Format-ParameterFact $parameter $Cmdlet), ''
        }

        '### CommonParameters', ''
        'This cmdlet supports the common parameters: -Debug, -ErrorAction, -ErrorVariable, -InformationAction, -InformationVariable, -OutBuffer,'
        '-OutVariable, -PipelineVariable, -ProgressAction, -Verbose, -WarningAction and -WarningVariable. See about_CommonParameters.', ''
        foreach ($kind in 'Inputs', 'Outputs') {
            "## $($kind.ToUpperInvariant())", ''
            foreach ($type in $Page.$kind.Keys) { "### $type", '', $Page.$kind[$type], '' }
        }

        '## NOTES', ''
        if ($Page.Notes) { $Page.Notes, '' }
        '## RELATED LINKS', ''
        $Page.Links | ForEach-Object { "- [$($_.Text)]($($_.Uri))" }
    )
    (@($lines | ForEach-Object { $_ }) -join "`n").Replace("`r", '') + "`n"
}
