# The test engines: real daemons that tests/Environment brings from Debian's packages, apart from any Docker of the machine.

$environment = Join-Path $root tests Environment

# Why this machine cannot run them; nothing when it can.
function Get-EngineObstacle {
    if (-not $IsLinux -or -not (Test-Path /etc/debian_version)) {
        'The test engines come from Debian packages, and this is not Debian.'
    }
    elseif ((id -u) -ne 0) {
        'The test engines must be started as root.'
    }
}

# Starts what is not running yet, and returns the path of the file that describes all of it.
function Start-TestEngines {
    if ($env:BUILDXPS_TEST_ENGINES) {
        return $env:BUILDXPS_TEST_ENGINES
    }

    if ($obstacle = Get-EngineObstacle) {
        throw $obstacle
    }

    $lines = [Collections.Generic.List[string]]::new()
    bash (Join-Path $environment up.sh) | ForEach-Object { $lines.Add($_); $_ } | Out-Host
    $lines[-1]
}

function Stop-TestEngines {
    bash (Join-Path $environment down.sh) | Out-Host
}

# Brings the browser for tests of pages to CI's machine. Without one those tests are skipped, so that nothing here stops the others;
# a developer's machine keeps what its owner installed.
function Install-TestBrowser {
    $programs = 'chromium', 'chromium-browser', 'chromium-headless-shell', 'google-chrome'
    if ($env:CI -ne 'true' -or $env:BUILDXPS_TEST_BROWSER -or (Get-EngineObstacle) -or (Get-Command $programs -CommandType Application -ErrorAction Ignore)) {
        return
    }

    $PSNativeCommandUseErrorActionPreference = $false
    $log = Join-Path $results browser.log
    timeout --kill-after 10 300 bash (Join-Path $environment browser.sh) *> $log
    if ($LASTEXITCODE -ne 0) {
        Write-Host "No browser could be installed (exit code $LASTEXITCODE): $((Get-Content $log -Tail 3) -join ' / ')"
    }
}

function Show-TestEngines([string] $Description) {
    $engines = (Get-Content -Raw $Description | ConvertFrom-Json).engines
    Write-Host @"

In PowerShell, import the module and name one:
    Import-Module $module
    Invoke-BuildxBuild . -DockerHost $($engines.d28.host)
Tests find them all through:
    `$env:BUILDXPS_TEST_ENGINES = '$Description'
They run until: ./build.ps1 Engine -Stop
"@
}

# Parameters that say where the demo runs: on the Docker that answers here, else on a test engine with its registry.
function Find-DemoEngine {
    $docker = & (Get-PowerShell) -NoProfile -NonInteractive -Command {
        Import-Module $args[0]
        Get-BuildxBuilder -Current -ErrorAction Ignore | Where-Object { $_.Nodes.Status -eq 'Running' } | ForEach-Object Name
    } -args $module | Select-Object -First 1
    if ($docker) {
        Write-Host "A Docker answers here (context $docker): using it."
        return
    }

    if ($obstacle = Get-EngineObstacle) {
        throw "no Docker answers here, and this machine cannot run the test engines. $obstacle Start Docker, or set DOCKER_HOST to one that is reachable."
    }

    Write-Host 'No Docker answers here: using a test engine.'
    $description = Get-Content -Raw (Start-TestEngines) | ConvertFrom-Json
    '-DockerHost', $description.engines.d28.host
    '-Registry', $description.registries.plain
    '-ConfigFile', $description.tools.buildkitdConfig
}
