# Reads the repository's Markdown as the tests of the documentation need it. Dot-sourced.

# Every document that is kept in the repository; what was built is none.
function Get-MarkdownFile([string] $Root) {
    # Folder by folder: what was built is not even walked through.
    $open = [Collections.Generic.Queue[string]]::new()
    $open.Enqueue((Resolve-Path $Root).Path)
    while ($open.Count) {
        $folder = [IO.DirectoryInfo]::new($open.Dequeue())
        $folder.EnumerateFiles('*.md') | ForEach-Object FullName
        $folder.EnumerateDirectories() | Where-Object { $_.Name -notin '.git', 'out', 'bin', 'obj' -and -not $_.LinkTarget } |
            ForEach-Object { $open.Enqueue($_.FullName) }
    }
}

# A document: its lines, its prose with all code and comments blanked out (of the same length, so that places stay), its
# blocks of code, and the anchors that its headings have.
function Read-Markdown([string] $Path) {
    $text = [IO.File]::ReadAllText($Path).Replace("`r`n", "`n")
    $lines = $text.Split("`n")
    $blocks = [Collections.Generic.List[object]]::new()
    $anchors = [Collections.Generic.HashSet[string]]::new()
    $prose = [string[]]::new($lines.Count)
    $fence = $null
    $front = $lines[0] -eq '---'
    for ($at = 0; $at -lt $lines.Count; $at++) {
        $line = $lines[$at]
        $prose[$at] = ' ' * $line.Length
        if ($front) {
            # YAML between two lines of dashes, as pages of cmdlets have it.
            $front = $at -eq 0 -or $line -ne '---'
        }
        elseif ($fence) {
            if ($line -match '^\s*(`{3,}|~{3,})\s*$' -and $Matches[1].StartsWith($fence.Mark)) {
                $fence.Code = $fence.Lines -join "`n"
                $blocks.Add([pscustomobject]$fence)
                $fence = $null
            }
            else {
                $fence.Lines.Add($line)
            }
        }
        elseif ($line -match '^\s*(?:(?:[-*+]|\d+\.)\s+)?(`{3,}|~{3,})\s*([\w+-]*)[^`]*$') {
            $fence = @{ Mark = $Matches[1]; Language = $Matches[2]; Line = $at + 2; Lines = [Collections.Generic.List[string]]::new(); Code = '' }
        }
        else {
            $prose[$at] = $line
            if ($line -match '^ {0,3}#{1,6}\s+(.+?)\s*#*\s*$') {
                $anchor = Get-MarkdownAnchor $Matches[1]
                $number = 0
                while (-not $anchors.Add($number ? "$anchor-$number" : $anchor)) {
                    $number++
                }
            }

            foreach ($id in [regex]::Matches($line, '<a\s+(?:id|name)="([^"]+)"')) {
                $null = $anchors.Add($id.Groups[1].Value)
            }
        }
    }

    if ($fence) {
        throw "$($Path):$($fence.Line - 1): the block of code has no end."
    }

    $shown = [regex]::Replace($prose -join "`n", '(?s)<!--.*?-->', { $args[0].Value -replace '[^\n]', ' ' })
    $code = '(?<!`)(`+)(?!`)(?<text>(?:[^`\n]|\n(?!\s*\n)|(?!\1(?!`))`)*?)(?<!`)\1(?!`)'
    $spans = [regex]::Matches($shown, $code).ForEach({ [pscustomobject]@{ Text = $_.Groups['text'].Value.Replace("`n", ' ').Trim(); Index = $_.Index } })

    $shown = [regex]::Replace($shown, $code, { $args[0].Value -replace '[^\n]', ' ' })
    [pscustomobject]@{ Path = $Path; Lines = $lines; Prose = $shown; Blocks = $blocks; Spans = $spans; Anchors = $anchors }
}

# The line of a place in a text, from 1.
function Get-MarkdownLine([string] $Text, [int] $Index) { [regex]::Matches($Text.Substring(0, $Index), "`n").Count + 1 }

# The anchor that a heading gets where repositories are shown.
function Get-MarkdownAnchor([string] $Heading) {
    $plain = [regex]::Replace($Heading, '!?\[([^\]]*)\]\([^)]*\)', '$1').Replace('`', '').Replace('*', '')
    [regex]::Replace($plain.ToLowerInvariant(), '[^\p{L}\p{N}\p{Mn}_\- ]', '').Replace(' ', '-')
}

# The links and images of a document that lead to files, with their lines. Code has none.
function Get-MarkdownLink($Document) {
    $patterns = @(
        '\]\(\s*(?:<(?<to>[^<>\n]*)>|(?<to>[^\s()<>]*(?:\([^\s()]*\)[^\s()]*)*))(?:\s+(?:"[^"]*"|''[^'']*''))?\s*\)'
        '(?m)^ {0,3}\[[^\]\n]+\]:\s*<?(?<to>[^\s<>]+)'
        '<(?:a|img)\s[^<>]*?(?:href|src)="(?<to>[^"]*)"'
    )
    foreach ($match in $patterns.ForEach({ [regex]::Matches($Document.Prose, $_) })) {
        $to = $match.Groups['to'].Value
        if ($to -notmatch '^([a-z][a-z0-9+.-]*:|//)') {
            [pscustomobject]@{ To = $to; Line = Get-MarkdownLine $Document.Prose $match.Index }
        }
    }
}

# The commands of a block, each with the line that it begins in. Where a block shows a session, only what follows a prompt is code.
function Get-MarkdownCommand($Block) {
    if (-not ($Block.Lines -match '^\s*PS[^>]*> ')) {
        return [pscustomobject]@{ Code = $Block.Code; Line = $Block.Line }
    }

    $command = $null
    for ($at = 0; $at -lt $Block.Lines.Count; $at++) {
        if ($Block.Lines[$at] -match '^\s*PS[^>]*> (.*)$') {
            $command
            $command = [pscustomobject]@{ Code = $Matches[1]; Line = $Block.Line + $at }
        }
        elseif ($command -and $Block.Lines[$at] -match '^\s*>> (.*)$') {
            $command.Code += "`n$($Matches[1])"
        }
        else {
            $command
            $command = $null
        }
    }

    $command
}
