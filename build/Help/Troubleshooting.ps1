# about_BuildxPS_Troubleshooting, made from the catalogue of failures that errors are made from, so that it cannot drift.

# The catalogue's entries. The engine lives in a load context of its own, where PowerShell finds no type by its name.
function Get-FailureCatalogue {
    $null = Get-BuildxBuilder -Name 'nothing has this name' -ErrorAction Ignore
    $engine = [AppDomain]::CurrentDomain.GetAssemblies() | Where-Object { $_.GetName().Name -eq 'BuildxPS.Engine' }
    $type = $engine.GetType('BuildxPS.Engine.Diagnostics.Catalogue.FailureCatalogue')
    $read = { $type.GetProperty($args[0]).GetValue($null) }
    [pscustomobject]@{ All = @(& $read All); Warnings = @(& $read Warnings) }
}

# Text in lines of 79 characters, each behind so many blanks.
function Format-Wrapped([string] $Text, [int] $Indent) {
    $blanks = ' ' * $Indent
    $line = ''
    foreach ($word in $Text -split '\s+') {
        if ($line -and $Indent + $line.Length + 1 + $word.Length -gt 79) {
            "$blanks$line"
            $line = $word
        }
        else {
            $line = $line ? "$line $word" : $word
        }
    }

    "$blanks$line"
}

# What helps: for every engine the same, or by who runs it.
function Format-Advice($Case, [int] $Indent) {
    if (-not ($Case.BuilderAdvice -or $Case.DaemonAdvice -or $Case.RemoteAdvice)) {
        return Format-Wrapped $Case.Advice $Indent
    }

    $who = [ordered]@{ BuilderAdvice = 'A builder of your own'; DaemonAdvice = "A docker daemon's own engine"; RemoteAdvice = 'A remote engine' }
    foreach ($property in $who.Keys | Where-Object { $Case.$_ }) {
        Format-Wrapped "$($who[$property]): $($Case.$property)" $Indent
    }
}

function Format-Failure($Entry) {
    "  $($Entry.Failure)"
    Format-Wrapped "$($Entry.Title). (Category $($Entry.Category).)" 4
    ''
    Format-Wrapped $Entry.Meaning 4
    ''
    $cases = @($Entry.Cases | Where-Object Summary)
    # An advice that is only the cases' put together says nothing of its own.
    $ofCases = @($cases | ForEach-Object Advice | Select-Object -Unique) -join ' '
    '    What to do:'
    if ($Entry.Advice -ne $ofCases) {
        Format-Wrapped $Entry.Advice 4
    }
    elseif ($cases.Count -eq 1) {
        Format-Advice $cases[0] 4
        $cases = @()
    }

    foreach ($case in $cases) {
        Format-Wrapped "- $($case.Summary):" 4
        Format-Advice $case 6
    }

    ''
}

# The topic's text: an introduction written by hand, with the list in the place of its last line.
function Format-Troubleshooting([string] $Introduction) {
    $catalogue = Get-FailureCatalogue
    $entries = $catalogue.All | Sort-Object { "$($_.Failure)" } | ForEach-Object { Format-Failure $_ }
    $warnings = $catalogue.Warnings | ForEach-Object {
        Format-Wrapped "- $($_.Summary)" 4
        Format-Advice $_ 6
    }
    $text = $Introduction.Replace('{{failures}}', ($entries -join "`n").TrimEnd()).Replace('{{warnings}}', ($warnings -join "`n"))
    $text.Replace("`r", '').TrimEnd() + "`n"
}
