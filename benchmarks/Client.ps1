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
    $null = New-Item $env:DOCKER_CONFIG -ItemType Directory
    Copy-Item (Join-Path $Description.tools.dockerConfig cli-plugins) $env:DOCKER_CONFIG -Recurse
    foreach ($other in $Description.engines.PSObject.Properties | Where-Object { $_.Name -ne $Engine -and $_.Name -ne 'bkd' }) {
        $null = & $docker context create $other.Name --docker "host=$($other.Value.host)" 2>&1
    }
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
