# The module's manifest. In the source tree it has no assemblies beside it: `./build.ps1 Build` puts it with them into
# out/BuildxPS, and that folder is what is imported.
@{
    RootModule           = 'BuildxPS.dll'
    ModuleVersion        = '0.1.0'
    GUID                 = 'ddbbda5e-bab5-42e5-812a-2ede28e8f82c'
    Author               = 'The BuildxPS authors'
    CompanyName          = 'The BuildxPS authors'
    Copyright            = '(c) The BuildxPS authors. Licensed under Apache-2.0.'
    Description          = 'Builds container images with BuildKit from PowerShell: what docker buildx does, as typed objects, without the docker command.'

    # The engine needs .NET 10, which came with PowerShell 7.6. Every older PowerShell, Windows PowerShell 5.1 included,
    # reads this line first, names the version it needs, and loads nothing.
    PowerShellVersion    = '7.6'
    CompatiblePSEditions = @('Core')

    # Plain IL, for every processor.
    ProcessorArchitecture = 'None'

    CmdletsToExport      = @(
        'Add-BuildxNode'
        'Clear-BuildxCache'
        'Connect-BuildxRegistry'
        'Copy-BuildxImage'
        'Disconnect-BuildxRegistry'
        'Export-BuildxReport'
        'Get-BuildxBuilder'
        'Get-BuildxContext'
        'Get-BuildxDiskUsage'
        'Get-BuildxDockerfileInfo'
        'Get-BuildxEmulator'
        'Get-BuildxImageManifest'
        'Get-BuildxVersion'
        'Install-BuildxAlias'
        'Invoke-BuildxBuild'
        'New-BuildxBuilder'
        'New-BuildxImageIndex'
        'Register-BuildxEmulator'
        'Remove-BuildxBuilder'
        'Remove-BuildxNode'
        'Set-BuildxBuilder'
        'Start-BuildxBuilder'
        'Stop-BuildxBuilder'
        'Test-BuildxDockerfile'
        'Test-BuildxPlatform'
        'Uninstall-BuildxAlias'
        'Unregister-BuildxEmulator'
        'Use-BuildxBuilder'
    )
    FunctionsToExport    = @()
    VariablesToExport    = @()
    AliasesToExport      = @()

    FormatsToProcess     = @('BuildxPS.Format.ps1xml')

    PrivateData          = @{
        PSData = @{
            Tags         = @('Docker', 'BuildKit', 'buildx', 'Container', 'Image', 'OCI', 'PSEdition_Core', 'Windows', 'Linux', 'MacOS')
            LicenseUri   = 'https://www.apache.org/licenses/LICENSE-2.0'
            ReleaseNotes = 'What changed is in CHANGELOG.md in the module''s folder.'
        }
    }
}
