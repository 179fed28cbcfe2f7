# The table: a line a row, and after it what the lines leave out.

$details = [Collections.Generic.List[string]]::new()

# A row is held to a share of buildx's time (Budget), or to an amount of its own (BudgetMs, BudgetBytes).
function New-RowResult([hashtable] $Definition, [hashtable] $Seen) {
    $kind = $Definition.ContainsKey('BudgetBytes') ? 'Bytes' : 'Wall'
    $ours = Get-Median $Seen.Ours.$kind
    $buildx = $Seen.ContainsKey('Buildx') ? (Get-Median $Seen.Buildx.$kind) : $null
    if ($Seen.ContainsKey('Base')) {
        $ours -= Get-Median $Seen.Base.$kind
    }

    $ratio = $buildx ? $ours / $buildx : $null
    foreach ($side in $Seen.Keys | Sort-Object -Descending) {
        $values = $Seen[$side].$kind | Sort-Object
        $cpu = $kind -eq 'Wall' ? ", CPU $(Format-Amount Wall (Get-Median $Seen[$side].Cpu))" : ''
        $details.Add("$($Definition.Name), $($side.ToLowerInvariant()): $(Format-Amount $kind $values[0]) to $(Format-Amount $kind $values[-1]) in $($values.Count) runs$cpu")
    }

    [pscustomobject]@{
        Name   = $Definition.Name
        Ours   = Format-Amount $kind $ours
        Buildx = $null -eq $buildx ? '-' : (Format-Amount $kind $buildx)
        Ratio  = $null -eq $ratio ? '-' : ('{0:0.00}' -f $ratio)
        Budget = $Definition.ContainsKey('Budget') ? ('{0:0.00}' -f $Definition.Budget) : (Format-Amount $kind ($Definition["Budget$($kind -eq 'Wall' ? 'Ms' : 'Bytes')"]))
        IsOver = $Definition.ContainsKey('Budget') ? $ratio -gt $Definition.Budget : $ours -gt $Definition["Budget$($kind -eq 'Wall' ? 'Ms' : 'Bytes')"]
    }
}

function Write-Row($Result) {
    Write-Host (($Result.Name, $Result.Ours, $Result.Buildx, $Result.Ratio, $Result.Budget, ($Result.IsOver ? 'over' : 'ok')) -join ' | ')
}

function Write-Details {
    Write-Host "`nFrom the fastest to the slowest run, and the median of the CPU time:"
    $details | ForEach-Object { Write-Host "  $_" }
}

function Format-Amount([string] $Kind, [double] $Value) {
    $culture = [cultureinfo]::InvariantCulture
    if ($Kind -eq 'Bytes') {
        return [string]::Format($culture, '{0:0} MiB', $Value / 1MB)
    }

    $Value -lt 1000 ? [string]::Format($culture, '{0:0} ms', $Value) : [string]::Format($culture, '{0:0.00} s', $Value / 1000)
}
