# Results as a folder or a file that is not there yet. The engine has made them before; what is timed is bringing them here.
# Each run writes under a name of its own: where a file system has just forgotten many files, making new ones costs more.

$context = Join-Path $Work export
$state = @{ Run = 0; Target = '' }
$export = @{
    BudgetBytes = 64MB
    Before      = {
        $state.Run++
        $state.Target = Join-Path $Work "exported$($state.Run)"
    }
    Finish      = { Remove-Item (Join-Path $Work 'exported*') -Recurse -Force }
}
$asFolder = $export + @{
    Ours   = { Measure-Ours { Invoke-BuildxBuild $args[0] -Output "type=local,dest=$($args[1])" -Progress Plain } $context $state.Target }
    Buildx = { Measure-Buildx build --progress plain --output "type=local,dest=$($state.Target)" $context }
}
$large = @{
    Runs    = 9
    Prepare = { New-ExportContext $context 'yes "buildxps benchmark" | head -c 1073741824 > large.bin' }
    # One file, which the disk has no room for several times.
    After   = { Remove-Item $state.Target -Recurse -Force }
}
$asFolder + $large + @{
    Name   = 'local export of 1 GiB'
    Budget = 1.0
}
$asFolder + @{
    Name    = 'local export of 50,000 files'
    Runs    = 3
    Budget  = 0.7
    Prepare = {
        New-ExportContext $context 'i=0; while [ $i -lt 50000 ]; do d=folder$((i / 500)); [ $((i % 500)) -gt 0 ] || mkdir $d; echo "file $i of the export" > $d/file$i.txt; i=$((i + 1)); done'
    }
}
foreach ($type in 'tar', 'oci') {
    $options = $type -eq 'oci' ? ',compression=uncompressed' : ''
    $export + $large + @{
        Name   = "$type export of 1 GiB"
        Ours   = { Measure-Ours { Invoke-BuildxBuild $args[0] -Output $args[1] -Progress Plain } $context "type=$type,dest=$($state.Target)$options" }
        Buildx = { Measure-Buildx build --progress plain --output "type=$type,dest=$($state.Target)$options" $context }
    }
}
