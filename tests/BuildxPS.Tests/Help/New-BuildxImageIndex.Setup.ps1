# Images of two platforms, as two builds would leave them.
$plain = $setup.registries.plain
foreach ($arch in 'amd64', 'arm64') {
    $null = Copy-BuildxImage $plain/library/busybox $plain/docs/parts:$arch -Platform linux/$arch -Progress None
}
