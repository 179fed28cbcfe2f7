# The module as it is handed on: a folder named by its version, as PowerShell installs modules, and a zip of it.

# Lays out what was built last, and returns the folder.
function New-ModulePack {
    $pack = Join-Path $out pack
    Remove-Item $pack -Recurse -Force -ErrorAction Ignore
    $version = (Import-PowerShellDataFile $module).ModuleVersion
    $folder = Join-Path $pack BuildxPS $version
    $null = New-Item (Split-Path $folder) -ItemType Directory
    Copy-Item (Split-Path $module) $folder -Recurse
    Copy-Item (Join-Path $root LICENSE), (Join-Path $root CHANGELOG.md) $folder
    Compress-Module $folder (Join-Path $pack "BuildxPS.$version.zip")
    $folder
}

# The same files give the same bytes: their order is fixed, and so is their time, which a zip holds for each.
function Compress-Module([string] $Folder, [string] $Path) {
    $top = Split-Path (Split-Path $Folder)
    $time = [DateTimeOffset]::new(1980, 1, 1, 0, 0, 0, [TimeSpan]::Zero)
    $archive = [IO.Compression.ZipFile]::Open($Path, 'Create')
    try {
        $names = [string[]]@(Get-ChildItem $Folder -Recurse -File | ForEach-Object { [IO.Path]::GetRelativePath($top, $_.FullName).Replace('\', '/') })
        [Array]::Sort($names, [StringComparer]::Ordinal)
        foreach ($name in $names) {
            $entry = $archive.CreateEntry($name)
            $entry.LastWriteTime = $time
            $content = [IO.File]::OpenRead((Join-Path $top $name))
            $target = $entry.Open()
            $content.CopyTo($target)
            $target.Dispose()
            $content.Dispose()
        }
    }
    finally {
        $archive.Dispose()
    }
}
