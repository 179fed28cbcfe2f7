# What both clients see: the same docker configuration, the same engine, the same contexts, nothing of this user's own.

function Use-Client($Description, [string] $Engine) {
    $chosen = $Description.engines.$Engine
    if (-not $chosen -or -not ([IO.File]::Exists($Description.tools.docker))) {
        throw "The description of the test engines names no engine '$Engine' or no docker command."
    }

    foreach ($name in 'DOCKER_CONTEXT', 'BUILDX_BUILDER', 'BUILDX_CONFIG', 'BUILDKIT_PROGRESS', 'DOCKER_DEFAULT_PLATFORM', 'SOURCE_DATE_EPOCH') {
        [Environment]::SetEnvironmentVariable($name, $null)
    }

    $script:docker = $Description.tools.docker
    $env:DOCKER_CONFIG = Join-Path $Work docker
    $env:DOCKER_HOST = $chosen.host
    # For lines that a shell runs.
    $env:DOCKER = $docker
    $null = New-Item $env:DOCKER_CONFIG -ItemType Directory
    Copy-Item (Join-Path $Description.tools.dockerConfig cli-plugins) $env:DOCKER_CONFIG -Recurse
    $script:engineProcess = Find-EngineProcess $chosen.host
    foreach ($other in $Description.engines.PSObject.Properties | Where-Object { $_.Name -ne $Engine -and $_.Name -ne 'bkd' }) {
        $null = & $docker context create $other.Name --docker "host=$($other.Value.host)" 2>&1
    }
}

# A docker configuration with ten builders: the daemon's own, four more that live, and five that are dead in five ways.
function New-TenBuilders([string] $Path, [int] $SilentPort) {
    $null = New-Item $Path -ItemType Directory -Force
    Copy-Item (Join-Path $env:DOCKER_CONFIG cli-plugins) $Path -Recurse -Force
    # Nobody has the last address of a test engine's network, and nobody listens on ports 1 and 2.
    $absent = ($description.registries.https -replace ':.*') -replace '\.\d+$', '.254'
    $hosts = [ordered]@{
        live1 = $description.engines.d20.host
        live2 = $description.engines.d28.host
        live3 = $description.engines.d28c.host
        live4 = $description.engines.d20.host
        dead1 = "unix://$Path/missing.sock"
        dead2 = 'tcp://127.0.0.1:1'
        dead3 = 'tcp://127.0.0.1:2'
        dead4 = "tcp://127.0.0.1:$SilentPort"
        dead5 = "tcp://${absent}:2375"
    }
    foreach ($name in $hosts.Keys) {
        $null = & $docker --config $Path context create $name --docker "host=$($hosts[$name])" 2>&1
    }

    $Path
}

function Get-BuildxVersionLine {
    "Peer: $(& $docker buildx version)"
}

# Takes away the contexts that came to the engine's cache since, so that runs do not fill the disk.
function Clear-ContextCache([string[]] $Keep) {
    foreach ($id in Get-ContextCache | Where-Object { $_ -notin $Keep }) {
        $null = & $docker buildx prune --force --filter "id=$id" 2>&1
    }
}

function Get-ContextCache {
    & $docker buildx du --filter type=source.local --format '{{.ID}}' 2>$null
}

# The process that listens at a unix socket of this machine; nothing where it is elsewhere, or not ours to see.
function Find-EngineProcess([string] $Address) {
    $socket = $Address -replace '^unix://'
    $line = ss -Hxlp 2>$null | Where-Object { $_ -like "* $socket *" } | Select-Object -First 1
    $line -match 'pid=(\d+)' ? [int]$Matches[1] : $null
}

# Milliseconds of processor time that the engine and what it started have used so far: the floor below both clients.
function Get-EngineCpu {
    $ticks = 0L
    foreach ($process in Get-ProcessTree $engineProcess) {
        $stat = Get-Content "/proc/$process/stat" -ErrorAction Ignore
        if ($stat) {
            # User and system time, its own and that of children it has waited for; a tick is 10 ms on every Linux.
            $fields = $stat.Substring($stat.LastIndexOf(')') + 2) -split ' '
            $fields[11..14] | ForEach-Object { $ticks += [long]$_ }
        }
    }

    $ticks * 10
}

function Get-ProcessTree($Process) {
    if ($Process) {
        $Process
        foreach ($child in @(Get-Content "/proc/$Process/task/*/children" -ErrorAction Ignore) -split ' ' | Where-Object { $_ }) {
            Get-ProcessTree $child
        }
    }
}
