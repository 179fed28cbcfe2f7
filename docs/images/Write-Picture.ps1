#Requires -Version 7.6
<#
.SYNOPSIS
    Writes the README's picture: a session with BuildxPS as a terminal shows it, as SVG.
.DESCRIPTION
    Each line is run for real, and what it prints is what is drawn, with its colours. The picture follows light and dark.
.EXAMPLE
    ./docs/images/Write-Picture.ps1 -Module ./out/BuildxPS/BuildxPS.psd1 -Registry 127.0.0.1:25000 -DockerHost $address

    With a registry that speaks plain http, such as the one of the test engines (./build.ps1 Engine).
#>
[CmdletBinding()]
param(
    [Parameter(Mandatory)] [string] $Module,

    # A registry on this machine's loopback that speaks plain http.
    [Parameter(Mandatory)] [string] $Registry,

    # A registry with a certificate of its own authority; without one the picture shows no failure.
    [string] $PrivateRegistry,

    # The docker daemon; without it docker's own settings decide.
    [string] $DockerHost,

    [string] $Path = (Join-Path $PSScriptRoot session.svg),

    # Columns of the terminal.
    [int] $Width = 120
)

Set-StrictMode -Version 3
[cultureinfo]::CurrentCulture = [cultureinfo]::InvariantCulture
$ErrorActionPreference = 'Stop'

$lines = @(
    "New-BuildxBuilder multi -DriverOption @{ network = 'host' } -InsecureRegistry $Registry -ConfigFile buildkitd.toml -Use -Bootstrap"
    "Invoke-BuildxBuild . -Platform linux/amd64, linux/arm64 -Tag $Registry/app:1 -Push -OutVariable result"
    "`$result | Get-BuildxImageManifest"
    "`$result.Steps | Sort-Object Duration -Descending | Select-Object -First 3"
    if ($PrivateRegistry) { "Invoke-BuildxBuild . -Tag $PrivateRegistry/app:1 -Push" }
)

# SGR colours of a terminal, as classes of the picture's style.
$colors = @{ 31 = 'red'; 91 = 'red'; 32 = 'green'; 92 = 'green'; 33 = 'yellow'; 93 = 'yellow'; 34 = 'blue'; 94 = 'blue'; 36 = 'cyan'; 96 = 'cyan'; 90 = 'grey' }
$style = @'
text { font: 14px ui-monospace, 'Cascadia Mono', 'DejaVu Sans Mono', Menlo, Consolas, monospace; fill: #24292f }
rect { fill: #ffffff; stroke: #d0d7de } .prompt { fill: #57606a } .bold { font-weight: bold } .grey { fill: #6e7781 }
.red { fill: #cf222e } .green { fill: #1a7f37 } .yellow { fill: #855900 } .blue { fill: #0969da } .cyan { fill: #1b7c83 }
@media (prefers-color-scheme: dark) {
text { fill: #e6edf3 } rect { fill: #0d1117; stroke: #30363d } .prompt { fill: #8b949e } .grey { fill: #8b949e }
.red { fill: #ff7b72 } .green { fill: #3fb950 } .yellow { fill: #d29922 } .blue { fill: #58a6ff } .cyan { fill: #39c5cf } }
'@

# Runs the session, and returns what a terminal would show of it.
function Get-Session {
    $PSStyle.OutputRendering = 'Ansi'
    # What moves on a terminal is gone from it at the end.
    $PSDefaultParameterValues = @{ '*-Buildx*:Progress' = 'None' }
    foreach ($line in $lines) {
        "`e[90mPS>`e[0m `e[1m$line`e[0m"
        $printed = try { . ([scriptblock]::Create($line)) 2>&1 | Out-String -Width $Width } catch { $_ | Out-String -Width $Width }
        $printed.Trim("`r", "`n") -split '\r?\n'
        ''
    }
}

# A line in rows of the terminal's width; a colour goes on in the next row.
function Split-Row([string] $Text) {
    $row = ''
    $used = 0
    $color = ''
    foreach ($part in [regex]::Split($Text, "(\e\[[0-9;]*m)")) {
        if ($part.StartsWith("`e[")) {
            $color = $part
            $row += $part
            continue
        }

        while ($used + $part.Length -gt $Width) {
            $row + $part.Substring(0, $Width - $used)
            $part = $part.Substring($Width - $used)
            $row = $color
            $used = 0
        }

        $row += $part
        $used += $part.Length
    }

    $row
}

# One line of a terminal as SVG: a run of text for each change of colour, at the column where it begins.
function Format-Line([string] $Text, [int] $Row) {
    $column = 0
    $class = @()
    foreach ($part in [regex]::Split($Text, "(\e\[[0-9;]*m)")) {
        if ($part -match '^\e\[(?<codes>[0-9;]*)m$') {
            $class = @(foreach ($code in $Matches.codes -split ';') { if ([int]('0' + $code) -eq 0) { $class = @() } elseif ($code -eq '1') { 'bold' } elseif ($colors[[int] $code]) { $colors[[int] $code] } })
        }
        elseif ($part.Trim(' ')) {
            $column += $part.Length - $part.TrimStart(' ').Length
            $part = $part.TrimStart(' ')
            $place = 'x="{0}" y="{1}" textLength="{2}" lengthAdjust="spacingAndGlyphs"' -f (16 + $column * 8.4), (28 + $Row * 18), ($part.Length * 8.4)
            # Blanks that no renderer takes for one.
            $shown = [Security.SecurityElement]::Escape($part).Replace(' ', [string] [char] 0xA0)
            $look = $class ? ' class="' + ($class -join ' ') + '"' : ''
            "<text $place$look>$shown</text>"
            $column += $part.Length
        }
        else {
            $column += $part.Length
        }
    }
}

Import-Module (Resolve-Path $Module).Path
$Path = $ExecutionContext.SessionState.Path.GetUnresolvedProviderPathFromPSPath($Path)
$work = Join-Path ([IO.Path]::GetTempPath()) "buildxps-picture-$PID"
$null = New-Item $work -ItemType Directory
Copy-Item (Join-Path $PSScriptRoot .. .. examples multi-platform *) $work -Recurse
Set-Location $work
Set-Content buildkitd.toml "[registry.`"docker.io`"]`n  mirrors = [`"$Registry`"]"
$env:BUILDX_CONFIG = Join-Path $work state
$env:DOCKER_CONFIG = Join-Path $work docker
if ($DockerHost) {
    $env:DOCKER_HOST = $DockerHost
}

try {
    $session = @(Get-Session | ForEach-Object { Split-Row $_ })
    $drawn = for ($row = 0; $row -lt $session.Count; $row++) { Format-Line $session[$row] $row }
    $size = @{ Width = [int](32 + $Width * 8.4); Height = 40 + $session.Count * 18 }
    Set-Content -LiteralPath $Path @"
<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 $($size.Width) $($size.Height)" width="$($size.Width)" height="$($size.Height)" role="img" aria-label="A session with BuildxPS in a terminal">
<style>$style</style>
<rect x="0.5" y="0.5" width="$($size.Width - 1)" height="$($size.Height - 1)" rx="8" />
$($drawn -join "`n")
</svg>
"@
}
finally {
    Set-Location $PSScriptRoot
    Get-BuildxBuilder multi -ErrorAction Ignore | Remove-BuildxBuilder
    Remove-Item -LiteralPath $work -Recurse -Force
}
