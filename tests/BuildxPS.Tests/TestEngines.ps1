# What tests with real engines share. Dot-sourced in BeforeAll.

# An engine's address, or the test is skipped: BUILDXPS_TEST_ENGINES names the file that lists the engines.
function Get-TestEngine([string] $Name) {
    if (-not $env:BUILDXPS_TEST_ENGINES) {
        Set-ItResult -Skipped -Because 'BUILDXPS_TEST_ENGINES is not set'
    }

    (Get-Content -Raw $env:BUILDXPS_TEST_ENGINES | ConvertFrom-Json).engines.$Name.host
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
