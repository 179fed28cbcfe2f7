# What the module ships of others' work, and where from: read from what the build restored and laid out.

# The packages whose files are in lib, each with its licence and the files that came from it.
function Get-ShippedComponent {
    $assets = Get-Content -Raw (Join-Path $root src BuildxPS obj project.assets.json) | ConvertFrom-Json -AsHashtable
    $stores = @($assets.packageFolders.Keys)
    $shipped = @(Get-ChildItem (Join-Path (Split-Path $module) lib) -Filter *.dll | ForEach-Object BaseName)
    $rewritten = @(Get-ChildItem (Join-Path $root src BuildxPS obj aspnetcore) -Filter *.dll | ForEach-Object BaseName)
    $owners = @{}
    foreach ($id in $assets.targets.Values[0].Keys) {
        $entry = $assets.targets.Values[0][$id]
        if ($entry.type -eq 'package' -and $entry['runtime']) {
            foreach ($file in $entry.runtime.Keys) {
                $name = [IO.Path]::GetFileNameWithoutExtension($file)
                # One file may be in several packages of a family; the first by name stands for it.
                if ($name -in $shipped -and $name -notin $rewritten -and (-not $owners[$name] -or [string]::CompareOrdinal($id, $owners[$name]) -lt 0)) {
                    $owners[$name] = $id
                }
            }
        }
    }

    $runtime = $assets.project.frameworks.Values[0].downloadDependencies | Where-Object name -Like 'Microsoft.AspNetCore.App.Runtime.*'
    $rewritten | Where-Object { $_ -in $shipped } | ForEach-Object { $owners[$_] = "$($runtime.name)/$([regex]::Match($runtime.version, '[\d.]+').Value)" }
    $unknown = @($shipped | Where-Object { -not $owners[$_] -and $_ -ne 'BuildxPS.Engine' })
    if ($unknown) {
        throw "It is not known which package these files of lib are from: $unknown."
    }

    foreach ($id in [string[]] $owners.Values | Sort-Object -Unique -CaseSensitive) {
        Read-Component $stores $id @($owners.Keys | Where-Object { $owners[$_] -eq $id } | Sort-Object | ForEach-Object { "lib/$_.dll" })
    }
}

function Read-Component([string[]] $Stores, [string] $Id, [string[]] $Files) {
    $name, $version = $Id.Split('/')
    $folder = @($Stores | ForEach-Object { Join-Path $_ $name.ToLowerInvariant() $version } | Where-Object { Test-Path $_ })[0]
    $metadata = ([xml](Get-Content -Raw (Get-ChildItem $folder -Filter *.nuspec)[0].FullName)).package.metadata
    $license = Get-XmlText $metadata license
    [pscustomobject]@{
        Name      = $name
        Version   = $version
        License   = $metadata.license.type -eq 'expression' ? $license : (Get-KnownLicense $name)
        Copyright = Get-XmlText $metadata copyright
        Project   = Get-XmlText $metadata projectUrl
        Texts     = @(Get-ChildItem $folder -File | Where-Object Name -Match '^(licen[cs]e|third-party-notices|notice)' | Sort-Object Name | ForEach-Object FullName)
        Sha512    = [Convert]::ToHexString([Convert]::FromBase64String((Get-Content -Raw (Get-ChildItem $folder -Filter *.nupkg.sha512)[0].FullName).Trim())).ToLowerInvariant()
        Files     = $Files
    }
}

# A package that has its licence as a file does not say its name: somebody has to have read it.
function Get-KnownLicense([string] $Name) {
    if ($Name -like 'Microsoft.AspNetCore.App.Runtime.*') {
        return 'MIT'
    }

    throw "The package $Name has no licence expression: read its licence, and name it here."
}

function Get-XmlText($Element, [string] $Name) {
    $child = $Element.SelectSingleNode("*[local-name()='$Name']")
    $child ? $child.InnerText.Trim() : ''
}

# The notices that licences of shipped packages ask for, as one text.
function Format-Notices([object[]] $Components) {
    $rule = '-' * 100
    "This module contains work of others, under these licences.`n"
    foreach ($component in $Components) {
        "$rule`n$($component.Name) $($component.Version) ($($component.License))"
        @($component.Copyright, $component.Project | Where-Object { $_ }) -join "`n"
        "Files: $($component.Files -join ', ')`n"
        $texts = @($component.Texts)
        if (-not ($texts | Where-Object { (Split-Path -Leaf $_) -match '^licen[cs]e' })) {
            $texts = @(Join-Path $root build Package licenses "$($component.License).txt") + $texts
        }

        $texts | ForEach-Object { (Get-Content -Raw -LiteralPath $_).Replace("`r", '').Trim() + "`n" }
    }
}
