# What tests share that change the emulators of this machine. All engines of the tests use those, and so does every other test:
# what there is is remembered, and put back after each test. Dot-sourced in BeforeAll.

$binfmt = '/proc/sys/fs/binfmt_misc'

# The lines that register what the kernel has of QEMU now, by name.
function Get-EmulatorRegistration {
    $lines = @{}
    foreach ($entry in Get-ChildItem $binfmt -Filter 'qemu-*' -ErrorAction Ignore) {
        $values = @{}
        foreach ($line in [IO.File]::ReadAllLines($entry.FullName)) {
            $key, $value = $line -split ':? ', 2
            $values[$key] = $value
        }

        $magic, $mask = foreach ($hex in $values.magic, $values.mask) { $hex -replace '..', '\x$0' }
        $lines[$entry.Name] = ":$($entry.Name):M:$($values.offset):$($magic):$($mask):$($values.interpreter):$($values.flags)"
    }

    $lines
}

function Restore-Emulator([hashtable] $Kept) {
    $now = Get-EmulatorRegistration
    foreach ($name in @($now.Keys).Where({ $now[$_] -ne $Kept[$_] })) {
        [IO.File]::WriteAllText("$binfmt/$name", '-1')
    }

    foreach ($name in @($Kept.Keys).Where({ $now[$_] -ne $Kept[$_] })) {
        [IO.File]::WriteAllText("$binfmt/register", $Kept[$name])
    }
}

# The folder with the static QEMU of the tests' environment, as an installed package's would be.
function Get-EmulatorFolder {
    $null = Get-TestSetup
    Split-Path ((Get-Content $binfmt/qemu-aarch64) -like 'interpreter *').Substring('interpreter '.Length)
}

# Images that stand in for tonistiigi/binfmt, which is not to be had where the tests run: it understands the same arguments, prints the same
# lines, ends with 0 whatever happens, and brings the QEMU of the tests' environment.
function New-InstallerContext([string] $Path, [string] $Emulators) {
    $null = New-Item $Path -ItemType Directory -Force
    foreach ($cpu in 'aarch64', 'riscv64') {
        Copy-Item (Join-Path $Emulators "qemu-$cpu-static") (Join-Path $Path "qemu-$cpu")
    }

    Set-Content (Join-Path $Path binfmt) @'
table=/proc/sys/fs/binfmt_misc
[ -e $table/register ] || mount -t binfmt_misc binfmt_misc $table
mask='\xff\xff\xff\xff\xff\xff\xff\x00\xff\xff\xff\xff\xff\xff\xff\xff\xfe\xff\xff\xff'
install() {
    case $1 in
        arm64) cpu=aarch64 machine='\xb7\x00' ;;
        riscv64) cpu=riscv64 machine='\xf3\x00' ;;
        *) echo "installing: $1 unsupported architecture: $1" >&2; return ;;
    esac
    [ -e $table/qemu-$cpu ] && { echo "installing: $1 qemu-$cpu already registered" >&2; return; }
    printf '%s' ":qemu-$cpu:M:0:\x7fELF\x02\x01\x01\x00\x00\x00\x00\x00\x00\x00\x00\x00\x02\x00$machine:$mask:/usr/bin/qemu-$cpu:CFP" > $table/register
    echo "installing: $1 OK" >&2
}
uninstall() {
    [ -e $table/$1 ] || { echo "uninstalling: $1 not found" >&2; return; }
    printf '%s' -1 > $table/$1
    echo "uninstalling: $1 OK" >&2
}
while [ $# -gt 0 ]; do
    for name in $(echo "$2" | tr , ' '); do ${1#--} "$name"; done
    shift 2
done
echo '{'
echo '  "supported": ["linux/amd64"],'
echo "  \"emulators\": [\"$(cd $table && echo qemu-* | sed 's/ /", "/g')\"]"
echo '}'
'@
    Set-Content (Join-Path $Path Dockerfile) @'
FROM busybox
COPY qemu-aarch64 qemu-riscv64 /usr/bin/
COPY binfmt /binfmt
ENTRYPOINT ["/bin/sh", "/binfmt"]
'@
    $Path
}

# The containers that installer images were run in, whatever became of them.
function Get-InstallerContainer([string] $DockerHost) {
    (Invoke-DockerApi $DockerHost '/v1.41/containers/json?all=true').Names | Where-Object { $_ -like '/buildxps-emulators-*' }
}
