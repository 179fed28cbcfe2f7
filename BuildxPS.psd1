# The source of the module's manifest. `./build.ps1 Build` puts it with the assemblies it needs into out/BuildxPS;
# import that folder, never this file.
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
    TypesToProcess       = @('BuildxPS.Types.ps1xml')

    PrivateData          = @{
        PSData = @{
            Tags = @('Docker', 'BuildKit', 'buildx', 'Container', 'Image', 'OCI', 'PSEdition_Core', 'Windows', 'Linux', 'MacOS')
        }
    }
}
