# The package's bill of materials, SPDX 2.3 as JSON: every file with its hash, and every package that is in it.

# The same source gives the same bytes, whenever it is packed: the moment is the one that zips begin with, or that of SOURCE_DATE_EPOCH.
function Get-SourceTime {
    $seconds = $env:SOURCE_DATE_EPOCH ? $env:SOURCE_DATE_EPOCH : 315532800
    [DateTimeOffset]::FromUnixTimeSeconds([long] $seconds).UtcDateTime.ToString('yyyy-MM-ddTHH:mm:ssZ', [cultureinfo]::InvariantCulture)
}

function Get-Sha256([string] $Path) { (Get-FileHash -LiteralPath $Path -Algorithm SHA256).Hash.ToLowerInvariant() }

function Format-Sbom([string] $Folder, [string] $Version, [object[]] $Components) {
    $files = @(Get-PackedFile $Folder | Where-Object { $_ -ne 'BuildxPS.spdx.json' } | ForEach-Object {
            [ordered]@{
                fileName           = "./$_"
                SPDXID             = "SPDXRef-File-$($_ -replace '[^A-Za-z0-9.-]', '-')"
                checksums          = @(
                    [ordered]@{ algorithm = 'SHA1'; checksumValue = (Get-FileHash -LiteralPath (Join-Path $Folder $_) -Algorithm SHA1).Hash.ToLowerInvariant() }
                    [ordered]@{ algorithm = 'SHA256'; checksumValue = Get-Sha256 (Join-Path $Folder $_) }
                )
                licenseConcluded   = 'NOASSERTION'
                licenseInfoInFiles = @('NOASSERTION')
                copyrightText      = 'NOASSERTION'
            }
        })
    # SPDX 2.3, 7.9: the hash over the sorted hashes of all files.
    $hashes = [string[]] @($files | ForEach-Object { $_.checksums[0].checksumValue })
    [Array]::Sort($hashes, [StringComparer]::Ordinal)
    $joined = -join $hashes
    $code = [Convert]::ToHexString([Security.Cryptography.SHA1]::HashData([Text.Encoding]::ASCII.GetBytes($joined))).ToLowerInvariant()
    $own = [ordered]@{
        name                    = 'BuildxPS'
        SPDXID                  = 'SPDXRef-Package-BuildxPS'
        versionInfo             = $Version
        supplier                = 'Organization: The BuildxPS authors'
        downloadLocation        = 'NOASSERTION'
        filesAnalyzed           = $true
        packageVerificationCode = [ordered]@{ packageVerificationCodeValue = $code; packageVerificationCodeExcludedFiles = @('./BuildxPS.spdx.json') }
        licenseConcluded        = 'Apache-2.0'
        licenseDeclared         = 'Apache-2.0'
        licenseInfoFromFiles    = @('NOASSERTION')
        copyrightText           = '(c) The BuildxPS authors'
        hasFiles                = @($files | ForEach-Object { $_.SPDXID })
        primaryPackagePurpose   = 'LIBRARY'
    }
    $others = @($Components | ForEach-Object {
            [ordered]@{
                name             = $_.Name
                SPDXID           = "SPDXRef-Package-$($_.Name)"
                versionInfo      = $_.Version
                downloadLocation = 'NOASSERTION'
                filesAnalyzed    = $false
                checksums        = @([ordered]@{ algorithm = 'SHA512'; checksumValue = $_.Sha512 })
                licenseConcluded = $_.License
                licenseDeclared  = $_.License
                copyrightText    = $_.Copyright ? $_.Copyright : 'NOASSERTION'
                externalRefs     = @([ordered]@{ referenceCategory = 'PACKAGE-MANAGER'; referenceType = 'purl'; referenceLocator = "pkg:nuget/$($_.Name)@$($_.Version)" })
            }
        })
    $relations = @(
        [ordered]@{ spdxElementId = 'SPDXRef-DOCUMENT'; relationshipType = 'DESCRIBES'; relatedSpdxElement = $own.SPDXID }
        foreach ($component in $Components) {
            [ordered]@{ spdxElementId = $own.SPDXID; relationshipType = 'CONTAINS'; relatedSpdxElement = "SPDXRef-Package-$($component.Name)" }
            foreach ($file in $component.Files) {
                [ordered]@{ spdxElementId = "SPDXRef-File-$($file -replace '[^A-Za-z0-9.-]', '-')"; relationshipType = 'GENERATED_FROM'; relatedSpdxElement = "SPDXRef-Package-$($component.Name)" }
            }
        }
    )
    $document = [ordered]@{
        spdxVersion       = 'SPDX-2.3'
        dataLicense       = 'CC0-1.0'
        SPDXID            = 'SPDXRef-DOCUMENT'
        name              = "BuildxPS-$Version"
        documentNamespace = "https://spdx.org/spdxdocs/BuildxPS-$Version-$code"
        creationInfo      = [ordered]@{ created = Get-SourceTime; creators = @('Tool: build.ps1 Pack', 'Organization: The BuildxPS authors') }
        packages          = @($own) + $others
        files             = $files
        relationships     = $relations
    }
    $document | ConvertTo-Json -Depth 8
}
