# Help as PowerShell reads it: one MAML file for all cmdlets of the module.

$mamlNames = @{
    msh     = 'http://msh'
    maml    = 'http://schemas.microsoft.com/maml/2004/10'
    command = 'http://schemas.microsoft.com/maml/dev/command/2004/10'
    dev     = 'http://schemas.microsoft.com/maml/dev/2004/10'
}

# Markdown as paragraphs of plain text: a list and a fence keep their lines, everything else flows.
function ConvertTo-Paragraph([string] $Text) {
    $plain = [regex]::Replace($Text, '\[([^\]]+)\]\(([^)]+)\)', {
            param($link)
            $link.Groups[2].Value -match '^https?:' ? "$($link.Groups[1].Value) ($($link.Groups[2].Value))" : $link.Groups[1].Value
        })
    $plain = [regex]::Replace($plain, '\*\*([^*\r\n]+)\*\*', '$1')
    foreach ($block in [regex]::Split($plain.Trim(), '\r?\n\s*\r?\n')) {
        if ($block -match '(?m)^```|^    |^\|') {
            [regex]::Replace($block, '(?m)^```\w*\r?\n?', '').TrimEnd()
        }
        elseif ($block -match '(?m)^\s*([-*+]|\d+\.) ') {
            # An item is a line; what goes on below it belongs to it.
            [regex]::Replace([regex]::Replace($block, '\r?\n\s*(?!([-*+]|\d+\.) )', ' '), '`([^`]+)`', '$1').TrimEnd()
        }
        elseif ($block) {
            [regex]::Replace(($block -split '\r?\n').Trim() -join ' ', '`([^`]+)`', '$1')
        }
    }
}

function Write-Paragraphs($Writer, [string] $Prefix, [string] $Name, [string] $Text) {
    $Writer.WriteStartElement($Prefix, $Name, $mamlNames[$Prefix])
    ConvertTo-Paragraph $Text | ForEach-Object { $Writer.WriteElementString('maml', 'para', $mamlNames.maml, $_) }
    $Writer.WriteEndElement()
}

function Write-Start($Writer, [string] $Prefix, [string] $Name) { $Writer.WriteStartElement($Prefix, $Name, $mamlNames[$Prefix]) }

function Write-Value($Writer, [string] $Prefix, [string] $Name, [string] $Text) { $Writer.WriteElementString($Prefix, $Name, $mamlNames[$Prefix], $Text) }

function Write-Attributes($Writer, [Collections.IDictionary] $Attributes) {
    foreach ($name in $Attributes.Keys) {
        $Writer.WriteAttributeString($name, $Attributes[$name])
    }
}

# A parameter as one of its sets has it; in the syntax, without what only its description needs.
function Write-Parameter($Writer, $Parameter, $Metadata, [string] $Description, [switch] $Syntax) {
    $sources = @($Parameter.ValueFromPipeline ? 'ByValue' : @(); $Parameter.ValueFromPipelineByPropertyName ? 'ByPropertyName' : @())
    Write-Start $Writer command parameter
    Write-Attributes $Writer ([ordered]@{
            required       = "$($Parameter.IsMandatory)".ToLowerInvariant()
            variableLength = 'true'
            globbing       = "$($Metadata.Attributes.TypeId -contains [SupportsWildcards])".ToLowerInvariant()
            pipelineInput  = $sources ? "True ($($sources -join ', '))" : 'False'
            position       = $Parameter.Position -lt 0 ? 'named' : "$($Parameter.Position)"
            aliases        = $Metadata.Aliases ? $Metadata.Aliases -join ', ' : 'none'
        })
    Write-Value $Writer maml name $Parameter.Name
    if (-not $Syntax) {
        Write-Paragraphs $Writer maml description $Description
    }

    $type = $Parameter.ParameterType
    if (-not ($Syntax -and $type -eq [switch])) {
        Write-Start $Writer command parameterValue
        Write-Attributes $Writer ([ordered]@{ required = "$($type -ne [switch])".ToLowerInvariant(); variableLength = 'false' })
        $Writer.WriteString((Get-TypeName $type))
        $Writer.WriteEndElement()
    }

    Write-Start $Writer dev type
    Write-Value $Writer maml name $type.FullName
    Write-Value $Writer maml uri ''
    $Writer.WriteEndElement()
    Write-Value $Writer dev defaultValue 'None'
    $Writer.WriteEndElement()
}

function Write-Syntax($Writer, $Cmdlet, $Page) {
    Write-Start $Writer command syntax
    $metadata = @{}
    $Cmdlet.Own | ForEach-Object { $metadata[$_.Name] = $_ }
    foreach ($set in $Cmdlet.Sets) {
        Write-Start $Writer command syntaxItem
        Write-Value $Writer maml name $Cmdlet.Name
        $shown = $set.Parameters | Sort-Object { $_.Position -lt 0 ? [int]::MaxValue : $_.Position }, { -not $_.IsMandatory }, Name
        foreach ($parameter in $shown) {
            Write-Parameter $Writer $parameter $metadata[$parameter.Name] $Page.Parameters[$parameter.Name] -Syntax
        }

        $Writer.WriteEndElement()
    }

    $Writer.WriteEndElement()
}

function Write-Types($Writer, [string] $Outer, [string] $Inner, [Collections.IDictionary] $Types) {
    Write-Start $Writer command $Outer
    foreach ($type in $Types.Keys) {
        Write-Start $Writer command $Inner
        Write-Start $Writer dev type
        Write-Value $Writer maml name $type
        $Writer.WriteEndElement()
        Write-Paragraphs $Writer maml description $Types[$type]
        $Writer.WriteEndElement()
    }

    $Writer.WriteEndElement()
}

function Write-Examples($Writer, $Examples) {
    Write-Start $Writer command examples
    foreach ($example in $Examples) {
        Write-Start $Writer command example
        Write-Value $Writer maml title "-------- $($example.Title) --------"
        Write-Value $Writer dev code $example.Code
        Write-Paragraphs $Writer dev remarks ($example.Output ? "``````output`n$($example.Output)`n```````n`n$($example.Remarks)" : $example.Remarks)
        $Writer.WriteEndElement()
    }

    $Writer.WriteEndElement()
}

function Write-Links($Writer, $Links) {
    Write-Start $Writer command relatedLinks
    foreach ($link in $Links) {
        Write-Start $Writer maml navigationLink
        Write-Value $Writer maml linkText $link.Text
        # What stands beside the page is found by its name; only addresses are for a browser.
        Write-Value $Writer maml uri ($link.Uri -match '^https?:' ? $link.Uri : '')
        $Writer.WriteEndElement()
    }

    $Writer.WriteEndElement()
}

function Write-Command($Writer, $Cmdlet, $Page) {
    Write-Start $Writer command command
    foreach ($prefix in 'maml', 'command', 'dev') {
        $Writer.WriteAttributeString('xmlns', $prefix, $null, $mamlNames[$prefix])
    }

    Write-Start $Writer command details
    Write-Value $Writer command name $Cmdlet.Name
    Write-Value $Writer command verb $Cmdlet.Verb
    Write-Value $Writer command noun $Cmdlet.Noun
    Write-Paragraphs $Writer maml description $Page.Synopsis
    $Writer.WriteEndElement()
    Write-Paragraphs $Writer maml description $Page.Description
    Write-Syntax $Writer $Cmdlet $Page

    Write-Start $Writer command parameters
    foreach ($metadata in $Cmdlet.Own) {
        $parameter = @($Cmdlet.Sets.Parameters | Where-Object Name -EQ $metadata.Name)[0]
        Write-Parameter $Writer $parameter $metadata $Page.Parameters[$metadata.Name]
    }

    $Writer.WriteEndElement()
    Write-Types $Writer inputTypes inputType $Page.Inputs
    Write-Types $Writer returnValues returnValue $Page.Outputs
    if ($Page.Notes) {
        Write-Start $Writer maml alertSet
        Write-Paragraphs $Writer maml alert $Page.Notes
        $Writer.WriteEndElement()
    }

    Write-Examples $Writer $Page.Examples
    Write-Links $Writer $Page.Links
    $Writer.WriteEndElement()
}

# Writes the help of all cmdlets; pages are by the cmdlets' names.
function Write-Maml([string] $Path, [object[]] $Cmdlets, [hashtable] $Pages) {
    $settings = [Xml.XmlWriterSettings]@{ Indent = $true; Encoding = [Text.UTF8Encoding]::new($false); NewLineChars = "`n"; NewLineHandling = 'None' }
    $writer = [Xml.XmlWriter]::Create($Path, $settings)
    try {
        $writer.WriteStartDocument()
        Write-Start $writer msh helpItems
        $writer.WriteAttributeString('schema', 'maml')
        foreach ($cmdlet in $Cmdlets) {
            Write-Command $writer $cmdlet $Pages[$cmdlet.Name]
        }

        $writer.WriteEndElement()
        $writer.WriteEndDocument()
    }
    finally {
        $writer.Dispose()
    }
}
