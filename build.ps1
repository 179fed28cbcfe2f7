#Requires -Version 7.6
<#
.SYNOPSIS
    Builds, tests and shows BuildxPS: one task a call, and each task brings what it needs.
.DESCRIPTION
    Build   writes the module to out/BuildxPS.
    Test    builds, starts the test engines where this machine can run them, and runs every test.
    Demo    builds, and shows a first session on this machine's Docker or on a test engine.
    Engine  starts the test engines and says how to reach them; with -Stop it ends them.
    Bench   builds, starts the test engines, and measures commands beside docker buildx; fails when one is over its budget.
            With -Functions it measures functions of the engine instead, which have no budget.
    Pack    builds, and lays the module out in out/pack as an installed one, with a package (.nupkg) of it.
    Help    builds, and writes into the help pages what the module says of its cmdlets.
    Surface builds, and writes docs/surface.txt, the list of what scripts can rely on.
    Clean   removes everything that was built.
.EXAMPLE
    ./build.ps1 Test

    In PowerShell 7.6 or later; so does every task.
.EXAMPLE
    dotnet dnx --yes powershell -- ./build.ps1 Test

    The same where only the .NET SDK is installed: it brings the PowerShell of .config/dotnet-tools.json.
#>
[CmdletBinding()]
param(
    [Parameter(Position = 0)]
    [ValidateSet('Build', 'Test', 'Demo', 'Engine', 'Bench', 'Pack', 'Help', 'Surface', 'Clean')]
    [string] $Task = 'Build',

    # With Test: run only the tests with this in their name.
    [string] $Filter,

    # With Test: start no engines; the tests that need one are skipped.
    [switch] $NoEngine,

    # With Engine: end the test engines.
    [switch] $Stop,

    # With Bench: measure functions instead of commands.
    [switch] $Functions,

    # With Bench: measure only the rows, or functions, with this in their name.
    [string] $Row,

    # With Bench: how often each side of a row runs, instead of as often as the row says.
    [ValidateRange(0, 1000)] [int] $Runs,

    # With Pack: the project's https address, for the package's metadata.
    [string] $ProjectUri
)

Set-StrictMode -Version 3
$ErrorActionPreference = 'Stop'
# Names are sorted, and dates written, in the same way on every machine.
[cultureinfo]::CurrentCulture = [cultureinfo]::InvariantCulture
$PSNativeCommandUseErrorActionPreference = $true

$root = $PSScriptRoot
$out = Join-Path $root out
$module = Join-Path $out BuildxPS BuildxPS.psd1
. (Join-Path $root build Engines.ps1)
. (Join-Path $root build Tests.ps1)
. (Join-Path $root build SecondRun.ps1)
. (Join-Path $root build Pack.ps1)

function Build([string] $Project = (Join-Path $root src BuildxPS)) {
    Invoke-Compiler $Project
    Write-ModuleHelp
    Write-Host "Built $module"
}

function Invoke-Compiler([string] $Project) {
    # An error of the compiler has been printed: no second one from PowerShell on top.
    $PSNativeCommandUseErrorActionPreference = $false
    dotnet msbuild $Project -restore -property:Configuration=Release -verbosity:quiet -nologo | Out-Host
    if ($LASTEXITCODE -ne 0) {
        throw 'The build failed.'
    }
}

# In a process of its own, which loads the module that was just built.
function Write-ModuleHelp {
    $places = @('-Module', $module, '-Pages', (Join-Path $root docs cmdlets), '-Topics', (Join-Path $root en-US), '-Destination', (Join-Path (Split-Path $module) en-US))
    $update = @($Task -eq 'Help' ? '-Update' : @())
    $PSNativeCommandUseErrorActionPreference = $false
    & (Get-PowerShell) -NoProfile -NonInteractive -File (Join-Path $root build Help Write-Help.ps1) @places @update | Out-Host
    if ($LASTEXITCODE -ne 0) {
        throw 'The help pages and the module do not agree.'
    }
}

function Test {
    Build -Project (Join-Path $root BuildxPS.sln)
    Test-Formatting
    $failed = Invoke-AllTests -Filter $Filter -NoEngine:$NoEngine
    if ($failed) {
        exit 1
    }
}

function Demo {
    Build
    $options = @(Find-DemoEngine)
    & (Get-PowerShell) -NoProfile -File (Join-Path $root examples Demo.ps1) -Module $module @options
}

function Engine {
    if ($Stop) {
        Stop-TestEngines
        return
    }

    Show-TestEngines (Start-TestEngines)
}

function Bench {
    if ($Functions) {
        Measure-Functions
        return
    }

    Build
    $options = @{ Module = $module; Engines = Start-TestEngines; Work = Join-Path $out bench; Row = $Row; Runs = $Runs }
    $line = $options.GetEnumerator() | Where-Object Value | ForEach-Object { "-$($_.Key)"; "$($_.Value)" }
    # In a process of its own: what is measured is the built module in a PowerShell that nothing else has touched.
    $PSNativeCommandUseErrorActionPreference = $false
    & (Get-PowerShell) -NoProfile -NonInteractive -File (Join-Path $root benchmarks Invoke-Benchmarks.ps1) @line | Out-Host
    if ($LASTEXITCODE -ne 0) {
        exit 1
    }
}

function Measure-Functions {
    $project = Join-Path $root benchmarks BuildxPS.Engine.Benchmarks
    Invoke-Compiler $project
    $PSNativeCommandUseErrorActionPreference = $false
    dotnet (Join-Path $project bin Release net10.0 BuildxPS.Engine.Benchmarks.dll) (Join-Path $out bench-functions) @($Row | Where-Object { $_ }) | Out-Host
    if ($LASTEXITCODE -ne 0) {
        exit 1
    }
}

function Pack {
    Build
    $folder = New-ModulePack $ProjectUri
    Write-Host "Packed $folder and $((Get-Item (Join-Path $out pack *.nupkg)).FullName)"
    if (-not $ProjectUri) {
        Write-Host 'The package names no project address: whoever publishes it gives one with -ProjectUri.'
    }
}

function Help { Build }

function Surface {
    Build
    & (Get-PowerShell) -NoProfile -NonInteractive -File (Join-Path $root build Write-Surface.ps1) -Module $module -Path (Join-Path $root docs surface.txt) | Out-Host
}

function Clean {
    $built = @($out) + @(Get-ChildItem (Join-Path $root src), (Join-Path $root tests), (Join-Path $root benchmarks) -Directory -Recurse -Include bin, obj |
            Where-Object { $_.Parent.GetFiles('*.csproj') } | ForEach-Object FullName)
    $built | Where-Object { Test-Path $_ } | Remove-Item -Recurse -Force
}

# The PowerShell that runs this script, for work that must not share its process.
function Get-PowerShell { Join-Path $PSHOME ($IsWindows ? 'pwsh.exe' : 'pwsh') }

# The .NET SDK takes its version and settings from where it is called.
Push-Location $root
try {
    $misplaced = ($Stop -and $Task -ne 'Engine') -or (($Filter -or $NoEngine) -and $Task -ne 'Test') -or (($Row -or $Runs -or $Functions) -and $Task -ne 'Bench') -or ($ProjectUri -and $Task -ne 'Pack')
    if ($misplaced) {
        throw '-Stop belongs to the task Engine, -Filter and -NoEngine to Test, -ProjectUri to Pack, and -Row, -Runs and -Functions to Bench.'
    }

    if ($Runs -and $Functions) {
        throw '-Runs is for commands: how often a function runs is measured.'
    }

    & $Task
}
catch {
    Write-Host "$Task failed: $_" -ForegroundColor Red
    exit 1
}
finally {
    Pop-Location
}
