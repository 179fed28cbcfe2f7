# Registries of a row's own, whose content is gone after it, and what is copied between them.

function Get-FreePort {
    $listener = [Net.Sockets.TcpListener]::new([Net.IPAddress]::Loopback, 0)
    $listener.Start()
    $port = $listener.LocalEndpoint.Port
    $listener.Stop()
    $port
}

function Start-Registry([string] $Folder, [int] $Port, $Tools) {
    $null = New-Item $Folder -ItemType Directory
    $config = Join-Path $Folder registry.yml
    Set-Content $config @"
version: 0.1
log: {level: error}
storage: {filesystem: {rootdirectory: $Folder/data}}
http: {addr: 127.0.0.1:$Port}
"@
    # It comes from the same packages as skopeo.
    $start = [Diagnostics.ProcessStartInfo]::new((Join-Path (Split-Path $Tools.skopeo) docker-registry), [string[]] ('serve', $config))
    $start.RedirectStandardOutput = $start.RedirectStandardError = $true
    $process = [Diagnostics.Process]::Start($start)
    foreach ($attempt in 1..100) {
        if ((Test-Connection 127.0.0.1 -TcpPort $Port -Quiet -TimeoutSeconds 1)) {
            break
        }

        Start-Sleep -Milliseconds 50
    }

    [pscustomobject]@{ Address = "127.0.0.1:$Port"; Folder = $Folder; Process = $process }
}

# skopeo, with the libraries that lie beside it.
function Measure-Skopeo {
    $env:LD_LIBRARY_PATH = $description.tools.libraryPath
    try {
        Measure-Program (@($description.tools.skopeo, '--insecure-policy', '--registries-conf', '/dev/null') + $args)
    }
    finally {
        $env:LD_LIBRARY_PATH = $null
    }
}

# An OCI layout with an image of one layer.
function New-LargeLayout([string] $Folder, [long] $Size) {
    $blobs = (New-Item -ItemType Directory (Join-Path $Folder blobs sha256) -Force).FullName
    $file = Join-Path $Folder new
    New-LargeFile $file $Size
    $layer = Add-LayoutBlob $blobs $file 'application/vnd.oci.image.layer.v1.tar'
    Set-Content $file '{"os":"linux","architecture":"amd64","rootfs":{"type":"layers","diff_ids":[]}}' -NoNewline
    $config = Add-LayoutBlob $blobs $file 'application/vnd.oci.image.config.v1+json'
    $type = 'application/vnd.oci.image.manifest.v1+json'
    @{ schemaVersion = 2; mediaType = $type; config = $config; layers = @($layer) } | ConvertTo-Json -Depth 5 | Set-Content $file -NoNewline
    $manifest = Add-LayoutBlob $blobs $file $type
    $manifest.annotations = @{ 'org.opencontainers.image.ref.name' = 'latest' }
    @{ schemaVersion = 2; manifests = @($manifest) } | ConvertTo-Json -Depth 5 | Set-Content (Join-Path $Folder index.json)
    Set-Content (Join-Path $Folder oci-layout) '{"imageLayoutVersion":"1.0.0"}'
}

function Add-LayoutBlob([string] $Blobs, [string] $File, [string] $MediaType) {
    $hash = (Get-FileHash $File -Algorithm SHA256).Hash.ToLowerInvariant()
    $size = (Get-Item $File).Length
    Move-Item $File (Join-Path $Blobs $hash)
    @{ mediaType = $MediaType; digest = "sha256:$hash"; size = $size }
}
