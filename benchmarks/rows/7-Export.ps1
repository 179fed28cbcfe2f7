# Results as a folder or a file that is not there yet. The engine has made them before; what is timed is bringing them here.

$context = Join-Path $Work export
$target = Join-Path $Work exported
$export = @{
    Runs        = 3
    BudgetBytes = 64MB
    After       = { Remove-Item $target -Recurse -Force }
}
$asFolder = $export + @{
    Ours   = { Measure-Ours { Invoke-BuildxBuild $args[0] -Output "type=local,dest=$($args[1])" -Progress Plain } $context $target }
    Buildx = { Measure-Buildx build --progress plain --output "type=local,dest=$target" $context }
}
$large = { New-ExportContext $context 'yes "buildxps benchmark" | head -c 1073741824 > large.bin' }
$asFolder + @{
    Name    = 'local export of 1 GiB'
    Budget  = 1.0
    Prepare = $large
}
$asFolder + @{
    Name    = 'local export of 50,000 files'
    Budget  = 0.7
    Prepare = {
        New-ExportContext $context 'i=0; while [ $i -lt 50000 ]; do d=folder$((i / 500)); [ $((i % 500)) -gt 0 ] || mkdir $d; echo "file $i of the export" > $d/file$i.txt; i=$((i + 1)); done'
    }
}
foreach ($type in 'tar', 'oci') {
    $state = @{ Output = "type=$type,dest=$target" + ($type -eq 'oci' ? ',compression=uncompressed' : '') }
    $export + @{
        Name    = "$type export of 1 GiB"
        Prepare = $large
        Ours    = { Measure-Ours { Invoke-BuildxBuild $args[0] -Output $args[1] -Progress Plain } $context $state.Output }
        Buildx  = { Measure-Buildx build --progress plain --output $state.Output $context }
    }
}
