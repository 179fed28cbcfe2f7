# An index of several platforms in a registry, once and under a hundred names.

$repository = "$($description.registries.plain)/buildxps-bench/images"
$image = "$($description.registries.plain)/library/busybox:latest"
$names = 1..100 | ForEach-Object { "${repository}:$_" }
$tags = $names | ForEach-Object { '--tag', $_ }
@{
    Name   = 'inspect an image'
    Runs   = 15
    Budget = 0.3
    Ours   = { Measure-Ours { Get-BuildxImageManifest $args[0] } $image }
    Buildx = { Measure-Buildx imagetools inspect $image }
}
@{
    Name    = 'inspect 100 images'
    Runs    = 2
    Budget  = 0.1
    Prepare = {
        # Under one name first: a hundred at once let buildx now and then push the index before what it lists.
        $null = Measure-Buildx imagetools create --tag $names[0] $image
        $null = Measure-Buildx imagetools create @tags $names[0]
    }
    Ours    = { Measure-Ours { $args | Get-BuildxImageManifest } @names }
    # As its users would: one after the other.
    Buildx  = { Measure-Program (@('sh', '-ec', 'for name; do "$DOCKER" buildx imagetools inspect "$name"; done', 'sh') + $names) }
}
