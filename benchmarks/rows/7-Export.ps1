# Results as a folder that is not there yet. The engine has made them before; what is timed is bringing them here.

$context = Join-Path $Work export
$target = Join-Path $Work exported
$export = @{
    Runs   = 3
    Ours   = { Measure-Ours { Invoke-BuildxBuild $context -Output "type=local,dest=$target" -Progress Plain } }
    Buildx = { Measure-Buildx build --progress plain --output "type=local,dest=$target" $context }
    After  = { Remove-Item $target -Recurse -Force }
}
$export + @{
    Name    = 'local export of 1 GiB'
    Budget  = 1.0
    Prepare = { New-ExportContext $context 'yes "buildxps benchmark" | head -c 1073741824 > large.bin' }
}
$export + @{
    Name    = 'local export of 50,000 files'
    Budget  = 0.7
    Prepare = {
        New-ExportContext $context 'i=0; while [ $i -lt 50000 ]; do d=folder$((i / 500)); [ $((i % 500)) -gt 0 ] || mkdir $d; echo "file $i of the export" > $d/file$i.txt; i=$((i + 1)); done'
    }
}
