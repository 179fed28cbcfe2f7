# An index of several platforms in a registry.

if (Get-Command Get-BuildxImageManifest -ErrorAction Ignore) {
    $image = "$($description.registries.plain)/library/busybox:latest"
    @{
        Name   = 'inspect an image'
        Runs   = 15
        Budget = 0.3
        Ours   = { Measure-Ours { Get-BuildxImageManifest $image } }
        Buildx = { Measure-Buildx imagetools inspect $image }
    }
}
