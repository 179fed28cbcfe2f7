# The tables: a line for each budget while it is measured, and at the end what the lines leave out.

$details = [Collections.Generic.List[string]]::new()

# The lines of a row: its time, held to a share of buildx's (Budget), to an amount (BudgetMs), or to a share of the build
# that it is a part of (BudgetShare); and its memory (BudgetBytes).
function New-RowResults([hashtable] $Definition, [hashtable] $Seen) {
    $kind = $Definition.ContainsKey('Measure') ? $Definition.Measure : 'Wall'
    $ours = Get-Amount $Seen Ours Base $kind
    $buildx = if ($Seen.ContainsKey('Buildx')) {
        Get-Amount $Seen Buildx BuildxBase $kind
    }

    $limit = $Definition.ContainsKey('BudgetShare') ? $Definition.BudgetShare * (Get-Median $Seen.Ours.Wall) : $Definition['BudgetMs']
    $line = New-Line $Definition.Name $kind $ours $buildx $Definition['Budget'] $limit
    if ($Seen.ContainsKey('Base') -and $null -eq $buildx) {
        $line.Ratio = Format-Ratio ((Get-Median $Seen.Ours.$kind) / (Get-Median $Seen.Base.$kind))
    }

    $line
    if ($Definition.ContainsKey('BudgetBytes') -and $IsLinux) {
        # The highest of all runs, the first one too: what a heap has grown to it keeps.
        $added = ($Seen.WarmUp + $Seen.Ours).Peak | Measure-Object -Maximum
        $whole = $Seen.ContainsKey('Buildx') ? ($Seen.Buildx.Peak | Measure-Object -Maximum).Maximum : $null
        New-Line "$($Definition.Name): memory added" Bytes $added.Maximum $whole $null $Definition.BudgetBytes
    }

    Add-Details $Definition.Name $Seen
}

# What a side took; where there is one without the matter, how much more than that one in the same turn, so that what
# disturbs the machine for a while is on both sides of a difference.
function Get-Amount([hashtable] $Seen, [string] $Side, [string] $Without, [string] $Kind) {
    $amounts = @($Seen[$Side].$Kind)
    if ($Seen.ContainsKey($Without)) {
        $base = @($Seen[$Without].$Kind)
        $amounts = @(for ($turn = 0; $turn -lt $amounts.Count; $turn++) { $amounts[$turn] - $base[$turn] })
    }

    Get-Median $amounts
}

function New-Line([string] $Name, [string] $Kind, [double] $Ours, $Buildx, $Share, $Limit) {
    # A difference below nothing says only that there is none to be seen.
    $ratio = $Buildx -and $Ours -gt 0 ? $Ours / $Buildx : $null
    [pscustomobject]@{
        Name   = $Name
        Ours   = Format-Amount $Kind $Ours
        Buildx = $null -eq $Buildx ? '-' : (Format-Amount $Kind $Buildx)
        Ratio  = Format-Ratio $ratio
        Budget = $Share ? (Format-Ratio $Share) : $Limit ? (Format-Amount $Kind $Limit) : '-'
        IsOver = $Share ? $ratio -gt $Share : $Limit ? $Ours -gt $Limit : $false
    }
}

# One line for each side: what it cost beside time.
function Add-Details([string] $Name, [hashtable] $Seen) {
    foreach ($side in 'Ours', 'Base', 'Buildx', 'BuildxBase' | Where-Object { $Seen.ContainsKey($_) }) {
        $samples = $Seen[$side]
        $walls = @($samples.Wall | Sort-Object)
        $peaks = @($samples | Where-Object { $null -ne $_.Peak } | ForEach-Object Peak)
        $details.Add((@(
                    $Name
                    @{ Ours = 'ours'; Base = 'ours, without it'; Buildx = 'buildx'; BuildxBase = 'buildx, without it' }[$side]
                    "$(Format-Amount Wall $walls[0]) to $(Format-Amount Wall $walls[-1]), $($walls.Count) runs"
                    Format-Amount Wall (Get-Median $samples.Cpu)
                    Format-Amount Wall (Get-Median $samples.Engine)
                    $peaks ? (Format-Amount Bytes ($peaks | Measure-Object -Maximum).Maximum) : '-'
                ) -join ' | '))
    }
}

function Write-Row($Line) {
    Write-Host (($Line.Name, $Line.Ours, $Line.Buildx, $Line.Ratio, $Line.Budget, ($Line.IsOver ? 'over' : 'ok')) -join ' | ')
}

function Write-Details {
    Write-Host "`nrow | side | fastest to slowest | CPU of the client | CPU of the engine | highest memory"
    $details | ForEach-Object { Write-Host $_ }
}

function Get-Median([double[]] $Values) {
    $sorted = [double[]]($Values | Sort-Object)
    $middle = [int][Math]::Floor($sorted.Count / 2)
    $sorted.Count % 2 ? $sorted[$middle] : ($sorted[$middle - 1] + $sorted[$middle]) / 2
}

function Format-Ratio($Value) {
    $null -eq $Value ? '-' : ([double]$Value).ToString('0.00', [cultureinfo]::InvariantCulture)
}

function Format-Amount([string] $Kind, [double] $Value) {
    $culture = [cultureinfo]::InvariantCulture
    if ($Kind -eq 'Bytes') {
        return [string]::Format($culture, '{0:0} MiB', $Value / 1MB)
    }

    $Value -lt 1000 ? [string]::Format($culture, '{0:0} ms', $Value) : [string]::Format($culture, '{0:0.00} s', $Value / 1000)
}
