# The folder that rows work in: on a journaled file system made for it where that is possible, since what a transfer
# costs depends on the file system.

function Open-WorkFolder([string] $Path) {
    Close-WorkFolder $Path
    $null = New-Item $Path -ItemType Directory -Force
    if (-not $IsLinux -or (id -u) -ne 0 -or -not (Get-Command mkfs.ext4 -ErrorAction Ignore)) {
        return
    }

    $PSNativeCommandUseErrorActionPreference = $false
    $null = bash -c 'truncate -s 12G "$1.img" && mkfs.ext4 -q -F -E lazy_itable_init=0,lazy_journal_init=0 "$1.img" && mount -o loop "$1.img" "$1"' _ $Path 2>&1
    if ($LASTEXITCODE -ne 0) {
        Remove-Item "$Path.img" -ErrorAction Ignore
    }
}

function Close-WorkFolder([string] $Path) {
    if (Test-Path "$Path.img") {
        # Also one that a run which was killed has left.
        $PSNativeCommandUseErrorActionPreference = $false
        $null = bash -c 'mountpoint -q "$1" && umount "$1"; rm -f "$1.img"' _ $Path
    }

    Remove-Item $Path -Recurse -Force -ErrorAction Ignore
}

# What the numbers depend on: the file system's type, and whether it keeps a journal.
function Get-FileSystem([string] $Path) {
    if (-not $IsLinux) {
        return [IO.DriveInfo]::new($Path).DriveFormat
    }

    $source, $type = (df '--output=source,fstype' $Path | Select-Object -Last 1) -split '\s+'
    $device = Split-Path -Leaf $source
    $journal = $type -eq 'ext4' -and -not (Get-ChildItem /proc/fs/jbd2 -ErrorAction Ignore | Where-Object Name -Like "$device-*") ? ' without a journal' : ''
    "$type$journal ($source)"
}
