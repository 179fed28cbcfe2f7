# What tests with real engines share. Dot-sourced in BeforeAll.

# All that runs for tests, or the test is skipped: BUILDXPS_TEST_ENGINES names the file that lists it.
function Get-TestSetup {
    if (-not $env:BUILDXPS_TEST_ENGINES) {
        Set-ItResult -Skipped -Because 'BUILDXPS_TEST_ENGINES is not set'
    }

    Get-Content -Raw $env:BUILDXPS_TEST_ENGINES | ConvertFrom-Json
}

# An engine's address, or the test is skipped.
function Get-TestEngine([string] $Name) {
    (Get-TestSetup).engines.$Name.host
}

# Docker's own client, with the surroundings that the module has too, but for the folder with its plugin.
function Invoke-Docker {
    $tools = (Get-TestSetup).tools
    $own = $env:DOCKER_CONFIG
    $env:DOCKER_CONFIG = $tools.dockerConfig
    try {
        $output = & $tools.docker @args 2>&1 | ForEach-Object { "$_" }
        if ($LASTEXITCODE -ne 0) {
            throw "docker $args ended with $($LASTEXITCODE): $($output -join "`n")"
        }

        $output
    }
    finally {
        $env:DOCKER_CONFIG = $own
    }
}

# What skopeo prints, byte for byte.
function Get-SkopeoBytes([string[]] $Arguments) {
    $tools = (Get-TestSetup).tools
    $start = [Diagnostics.ProcessStartInfo]::new($tools.skopeo, $Arguments)
    $start.RedirectStandardOutput = $true
    $start.Environment['LD_LIBRARY_PATH'] = $tools.libraryPath
    $process = [Diagnostics.Process]::Start($start)
    $bytes = [IO.MemoryStream]::new()
    $process.StandardOutput.BaseStream.CopyTo($bytes)
    $process.WaitForExit()
    if ($process.ExitCode -ne 0) {
        throw "skopeo $Arguments ended with $($process.ExitCode)"
    }

    , $bytes.ToArray()
}

# Surroundings of a test's own: no builder, no login, nothing that the machine has set. Returns what was there before.
function Enter-TestSurroundings([string] $Folder) {
    $kept = @{}
    foreach ($name in 'DOCKER_CONFIG', 'DOCKER_HOST', 'DOCKER_CONTEXT', 'DOCKER_DEFAULT_PLATFORM', 'DOCKER_AUTH_CONFIG', 'BUILDKIT_PROGRESS', 'BUILDX_BUILDER', 'BUILDX_CONFIG') {
        $kept[$name] = [Environment]::GetEnvironmentVariable($name)
        [Environment]::SetEnvironmentVariable($name, $null)
    }

    $env:DOCKER_CONFIG = Join-Path $Folder docker
    $env:BUILDX_CONFIG = Join-Path $Folder buildx
    $kept
}

function Exit-TestSurroundings([hashtable] $Kept) {
    foreach ($name in $Kept.Keys) {
        [Environment]::SetEnvironmentVariable($name, $Kept[$name])
    }
}

# A builder's name that no other test has.
function New-TestName { "bxp-$([guid]::NewGuid().ToString('N').Substring(0, 10))" }

# A config file for builders that push to the tests' registry.
function New-TestConfig([string] $Path) {
    $registry = (Get-TestSetup).registries.plain
    Set-Content $Path @"
[registry."$registry"]
  http = true
[registry."docker.io"]
  mirrors = ["$registry"]
"@
    $Path
}

# A login in docker's configuration, in the place of those that there were.
function Set-Login([string] $Registry, $User) {
    $null = New-Item $env:DOCKER_CONFIG -ItemType Directory -Force
    $auth = [Convert]::ToBase64String([Text.Encoding]::UTF8.GetBytes("$($User.name):$($User.password)"))
    @{ auths = @{ $Registry = @{ auth = $auth } } } | ConvertTo-Json -Depth 3 | Set-Content (Join-Path $env:DOCKER_CONFIG config.json)
}

# Takes away what builders of these names have on an engine, whatever became of the builders.
function Remove-TestBuilder([string] $DockerHost, [string[]] $Name) {
    foreach ($node in $Name.ForEach({ "$($_.ToLowerInvariant())0" })) {
        $null = Invoke-DockerApi $DockerHost "/v1.41/containers/buildx_buildkit_$($node)?force=true&v=true" DELETE
        $null = Invoke-DockerApi $DockerHost "/v1.41/volumes/buildx_buildkit_$($node)_state?force=true" DELETE
    }
}

# What the Docker API at a unix socket answers to a request, by our own few lines: the module is what is tested.
function Invoke-DockerApi([string] $DockerHost, [string] $Path, [string] $Method = 'GET') {
    $socket = [Net.Sockets.Socket]::new('Unix', 'Stream', 'Unspecified')
    try {
        $socket.Connect([Net.Sockets.UnixDomainSocketEndPoint]::new($DockerHost.Substring('unix://'.Length)))
        $stream = [Net.Sockets.NetworkStream]::new($socket)
        # HTTP/1.0: the daemon closes the connection after the answer.
        $stream.Write([Text.Encoding]::ASCII.GetBytes("$Method $Path HTTP/1.0`r`nHost: docker`r`n`r`n"))
        $answer = [IO.StreamReader]::new($stream).ReadToEnd()
        $answer.Substring($answer.IndexOf("`r`n`r`n") + 4) | ConvertFrom-Json
    }
    finally {
        $socket.Dispose()
    }
}

# The processes of a command line: what a step runs on an engine of this machine.
function Find-TestProcess([string] $CommandLine) {
    Get-ChildItem /proc -Directory | Where-Object Name -Match '^\d+$' | Where-Object {
        try {
            [IO.File]::ReadAllText("/proc/$($_.Name)/cmdline").TrimEnd("`0").Replace("`0", ' ') -eq $CommandLine
        }
        catch [IO.IOException], [UnauthorizedAccessException] {
            $false
        }
    }
}

# The errors of a command, whether they end it or not.
function Get-Failure([scriptblock] $Command) {
    $ErrorActionPreference = 'Continue'
    try {
        & $Command 2>&1 | Where-Object { $_ -is [Management.Automation.ErrorRecord] }
    }
    catch {
        $_
    }
}

# That there is one error, with this id (a pattern), which names a part and says what to do.
function Assert-Failure($Failed, [string] $Id, [string] $Part) {
    $Failed | Should -HaveCount 1
    $Failed[0].FullyQualifiedErrorId | Should -Match "^$Id$"
    "$($Failed[0])" | Should -BeLike "*$Part*"
    $Failed[0].ErrorDetails.RecommendedAction | Should -Not -BeNullOrEmpty
}

# A folder with a Dockerfile of two stages.
function New-TestContext([string] $Path, [string] $Dockerfile) {
    $null = New-Item $Path -ItemType Directory -Force
    Set-Content (Join-Path $Path name.txt) 'world'
    if (-not $Dockerfile) {
        $Dockerfile = @'
FROM busybox AS build
ARG GREETING=hello
COPY name.txt /name.txt
RUN echo "$GREETING, $(cat /name.txt)" > /greeting.txt

FROM scratch AS final
COPY --from=build /greeting.txt /
'@
    }

    Set-Content (Join-Path $Path Dockerfile) $Dockerfile
    $Path
}
