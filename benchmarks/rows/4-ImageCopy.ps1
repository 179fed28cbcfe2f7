# An image of one large layer, from one registry to another: beside skopeo, because buildx copies no images.

$state = @{ Registries = @(); Source = $null; Target = $null }
$tools = $description.tools
@{
    Name        = 'copy 2 GiB between registries'
    Runs        = 3
    Budget      = 1.0
    BudgetBytes = 64MB
    Prepare     = {
        $state.Registries = @(1, 2 | ForEach-Object { Start-Registry (Join-Path $Work "registry$_") (Get-FreePort) $tools })
        $state.Source = "$($state.Registries[0].Address)/large:1"
        $layout = Join-Path $Work layout
        New-LargeLayout $layout 2GB
        $null = Measure-Skopeo copy --quiet --dest-tls-verify=false "oci:${layout}:latest" "docker://$($state.Source)"
        Remove-Item $layout -Recurse -Force
    }
    Before      = {
        $state.Target = "$($state.Registries[1].Address)/copy-$([guid]::NewGuid().ToString('n')):1"
        Remove-Item /var/lib/containers/cache/blob-info-cache-v1.* -Force -ErrorAction Ignore
    }
    Ours        = { Measure-Ours { Copy-BuildxImage $args[0] $args[1] -Progress None } $state.Source $state.Target }
    Buildx      = { Measure-Skopeo copy --quiet --all --src-tls-verify=false --dest-tls-verify=false "docker://$($state.Source)" "docker://$($state.Target)" }
    Finish      = {
        foreach ($registry in $state.Registries) {
            $registry.Process.Kill()
            $registry.Process.WaitForExit()
            Remove-Item $registry.Folder -Recurse -Force
        }
    }
}
