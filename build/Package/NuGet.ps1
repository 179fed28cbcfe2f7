# The package as PowerShell's package commands take it: a zip with a nuspec (Open Packaging Conventions).

# What the changelog says of the newest version: what stands below its first heading of that level.
function Get-ReleaseNotes {
    $text = Get-Content -Raw (Join-Path $root CHANGELOG.md)
    $section = [regex]::Match($text, '(?ms)^## [^\n]*\n(?<text>.*?)(?=^## |\z)').Groups['text'].Value.Trim()
    # 35,000 characters are what package galleries take.
    $section.Length -lt 35000 ? $section : $section.Substring(0, 34900) + "`n…"
}

function Format-Nuspec($Manifest, [string] $ProjectUri) {
    $cmdlets = @($Manifest.CmdletsToExport | Sort-Object)
    # The words by which Find-PSResource finds a module by its kind and its commands.
    $tags = @($Manifest.PrivateData.PSData.Tags) + 'PSModule' + 'PSIncludes_Cmdlet' + @($cmdlets | ForEach-Object { "PSCmdlet_$_"; "PSCommand_$_" })
    $escape = { [Security.SecurityElement]::Escape($args[0]) }
    $project = $ProjectUri ? "`n    <projectUrl>$(& $escape $ProjectUri)</projectUrl>" : ''
    @"
<?xml version="1.0" encoding="utf-8"?>
<package xmlns="http://schemas.microsoft.com/packaging/2013/05/nuspec.xsd">
  <metadata>
    <id>BuildxPS</id>
    <version>$($Manifest.ModuleVersion)</version>
    <authors>$(& $escape $Manifest.Author)</authors>
    <owners>$(& $escape $Manifest.CompanyName)</owners>
    <requireLicenseAcceptance>false</requireLicenseAcceptance>
    <license type="expression">Apache-2.0</license>
    <icon>icon.png</icon>$project
    <description>$(& $escape $Manifest.Description)</description>
    <releaseNotes>$(& $escape (Get-ReleaseNotes))</releaseNotes>
    <copyright>$(& $escape $Manifest.Copyright)</copyright>
    <tags>$(& $escape ($tags -join ' '))</tags>
  </metadata>
</package>
"@
}

$contentTypes = @'
<?xml version="1.0" encoding="utf-8"?>
<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">
  <Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml" />
{0}
</Types>
'@

$relationships = @'
<?xml version="1.0" encoding="utf-8"?>
<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">
  <Relationship Type="http://schemas.microsoft.com/packaging/2010/07/manifest" Target="/BuildxPS.nuspec" Id="R1" />
</Relationships>
'@

function Format-ContentTypes([string[]] $Files) {
    $extensions = @($Files | ForEach-Object { [IO.Path]::GetExtension($_).TrimStart('.') } | Where-Object { $_ }) + 'nuspec' | Sort-Object -Unique
    $whole = @($Files | Where-Object { -not [IO.Path]::GetExtension($_) } | Sort-Object)
    $lines = @($extensions | ForEach-Object { "  <Default Extension=`"$_`" ContentType=`"application/octet-stream`" />" }) +
        @($whole | ForEach-Object { "  <Override PartName=`"/$_`" ContentType=`"application/octet-stream`" />" })
    $contentTypes -f ($lines -join "`n")
}

# Writes the package. The same files give the same bytes on the same kind of system: their order is fixed, and so
# is their time, which a zip holds for each.
function New-NuGetPackage([string] $Folder, [string] $Path, $Manifest, [string] $ProjectUri) {
    $files = @(Get-PackedFile $Folder)
    $archive = [IO.Compression.ZipFile]::Open($Path, 'Create')
    try {
        Add-Entry $archive BuildxPS.nuspec ([Text.Encoding]::UTF8.GetBytes((Format-Nuspec $Manifest $ProjectUri).Replace("`r", '')))
        Add-Entry $archive _rels/.rels ([Text.Encoding]::UTF8.GetBytes($relationships.Replace("`r", '')))
        Add-Entry $archive '[Content_Types].xml' ([Text.Encoding]::UTF8.GetBytes((Format-ContentTypes $files).Replace("`r", '')))
        foreach ($file in $files) {
            Add-Entry $archive $file ([IO.File]::ReadAllBytes((Join-Path $Folder $file)))
        }
    }
    finally {
        $archive.Dispose()
    }
}

function Add-Entry([IO.Compression.ZipArchive] $Archive, [string] $Name, [byte[]] $Content) {
    $entry = $Archive.CreateEntry($Name, 'SmallestSize')
    $entry.LastWriteTime = [DateTimeOffset]::new(1980, 1, 1, 0, 0, 0, [TimeSpan]::Zero)
    $stream = $entry.Open()
    try {
        $stream.Write($Content)
    }
    finally {
        $stream.Dispose()
    }
}
