# The trees that rows build from. The same call makes the same bytes, on every machine.

# One file of random bytes: 16 MiB over and over, which nothing on the way compresses or shares.
function New-LargeFile([string] $Path, [long] $Size) {
    $block = [byte[]]::new(16MB)
    [Random]::new(1).NextBytes($block)
    $file = [IO.File]::Create($Path)
    try {
        for ($left = $Size; $left -gt 0; $left -= $block.Length) {
            $file.Write($block, 0, [Math]::Min($left, $block.Length))
        }
    }
    finally {
        $file.Dispose()
    }
}

# Many files of 1 to 6 KiB, 500 a folder.
function New-SmallFiles([string] $Path, [int] $Count) {
    $random = [Random]::new(2)
    $bytes = [byte[]]::new(6KB)
    $random.NextBytes($bytes)
    for ($i = 0; $i -lt $Count; $i++) {
        if ($i % 500 -eq 0) {
            $folder = Join-Path $Path ('folder{0:d3}' -f [int]($i / 500))
            $null = [IO.Directory]::CreateDirectory($folder)
        }

        [BitConverter]::GetBytes($i).CopyTo($bytes, 0)
        $file = [IO.File]::Create("$folder/file$i.bin", 1)
        $file.Write($bytes, 0, $random.Next(1KB, 6KB))
        $file.Dispose()
    }
}

# A context whose Dockerfile needs all of it and exports almost nothing of it: `many` is copied once and cached from then
# on, since its content stays the same; `app` holds the file that changes.
function New-TransferContext([string] $Path) {
    $null = New-Item (Join-Path $Path many), (Join-Path $Path app) -ItemType Directory -Force
    Set-Content (Join-Path $Path app version.txt) '0'
    Set-Content (Join-Path $Path Dockerfile) @'
FROM scratch AS files
COPY many /many
COPY app /app
FROM scratch
COPY --from=files /app /app
'@
}

# A context that is one file of holes, which a step only looks at: copied, it would take the engine's disk twice.
function New-SparseContext([string] $Path, [long] $Size) {
    $null = New-Item $Path -ItemType Directory -Force
    $file = [IO.File]::Create((Join-Path $Path sparse.bin))
    $file.SetLength($Size)
    $file.Dispose()
    Set-Content (Join-Path $Path Dockerfile) @'
FROM busybox
RUN --mount=type=bind,source=sparse.bin,target=/sparse.bin stat -c %s /sparse.bin
'@
}

# Gives a context a folder name that no engine has seen: engines know contexts by it.
function Rename-Context([hashtable] $State) {
    $next = Join-Path (Split-Path $State.Path) ([guid]::NewGuid())
    Move-Item $State.Path $next
    $State.Path = $next
}

# A context that makes its files on the engine, where they are cached, so that a build is its export.
function New-ExportContext([string] $Path, [string] $Command) {
    $null = New-Item $Path -ItemType Directory -Force
    Set-Content (Join-Path $Path Dockerfile) @"
FROM busybox AS made
RUN mkdir /made && cd /made && $Command
FROM scratch
COPY --from=made /made /
"@
}

# Two stages, a RUN, a few files: what most builds look like.
function New-SmallContext([string] $Path) {
    $null = New-Item (Join-Path $Path src) -ItemType Directory -Force
    1..10 | ForEach-Object { Set-Content (Join-Path $Path src "$_.txt") "file $_" }
    Set-Content (Join-Path $Path Dockerfile) @'
FROM busybox AS build
COPY src /src
RUN cat /src/*.txt > /all.txt

FROM busybox
COPY --from=build /all.txt /all.txt
CMD ["cat", "/all.txt"]
'@
}

# A step that prints 10,000 lines in ten seconds, anew for each text.
function New-TalkingContext([string] $Path, [string] $Text) {
    $null = New-Item $Path -ItemType Directory -Force
    Set-Content (Join-Path $Path Dockerfile) @"
FROM busybox
RUN : $Text; i=0; while [ `$i -lt 10000 ]; do echo "line `$i of a step that has much to tell"; i=`$((i + 1)); [ `$((i % 10)) -gt 0 ] || usleep 10000; done
"@
}

# A step that sleeps for so many seconds.
function New-SleepingContext([string] $Path, [int] $Seconds) {
    $null = New-Item $Path -ItemType Directory -Force
    Set-Content (Join-Path $Path Dockerfile) @"
FROM busybox
RUN sleep $Seconds
"@
}
