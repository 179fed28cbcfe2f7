<#
.SYNOPSIS
    Installs the package from a folder as a user would, and tells as JSON what a fresh PowerShell finds of it.
.DESCRIPTION
    Started in a process of its own; what it registers and installs lies below the destination.
#>
[CmdletBinding()]
param(
    [Parameter(Mandatory)] [string] $Packages,
    [Parameter(Mandatory)] [string] $Destination
)

$ErrorActionPreference = 'Stop'
# Where a folder for data or settings is not there yet, .NET knows none, and the package commands write into the current one.
$null = New-Item (Join-Path $Destination .local share), (Join-Path $Destination .config) -ItemType Directory -Force
# Repositories and modules of a user lie below the home folder on Linux and macOS; on Windows this would install for the user who tests.
$env:HOME = $Destination
$env:XDG_DATA_HOME = $env:XDG_CONFIG_HOME = $env:XDG_CACHE_HOME = $env:PSModulePath = $null
$program = Join-Path $PSHOME ($IsWindows ? 'pwsh.exe' : 'pwsh')
& $program -NoProfile -NonInteractive -Command {
    param($packages)
    $ErrorActionPreference = 'Stop'
    $ProgressPreference = 'SilentlyContinue'
    Register-PSResourceRepository -Name local -Uri $packages -Trusted
    Install-PSResource BuildxPS -Repository local -Scope CurrentUser
} -args $Packages
& $program -NoProfile -NonInteractive -Command {
    $ErrorActionPreference = 'Stop'
    $commands = @((Get-Command -Module BuildxPS).Name | Sort-Object)
    if (-not $commands) {
        Import-Module BuildxPS
        $commands = @((Get-Command -Module BuildxPS).Name | Sort-Object)
    }

    $null = Get-BuildxContext
    $module = Get-Module BuildxPS
    @{
        Version  = "$($module.Version)"
        Base     = $module.ModuleBase
        Commands = $commands
        Help     = "$((Get-Help Invoke-BuildxBuild -Parameter Tag).description.Text)"
        Topic    = "$(Get-Help about_BuildxPS)"
    } | ConvertTo-Json -Compress
}
