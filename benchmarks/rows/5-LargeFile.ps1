# One large file as context. The folder has a new name for every run, so that the engine knows nothing of it.

$folder = Join-Path $Work large
$state = @{ Path = $folder; Kept = @() }
$transfer = @{
    BudgetBytes = 64MB
    Before      = { Rename-Context $state }
    Ours        = { Measure-Ours { Invoke-BuildxBuild $args[0] -Progress Plain } $state.Path }
    Buildx      = { Measure-Buildx build --progress plain $state.Path }
    After       = { Clear-ContextCache $state.Kept }
    Finish      = { Remove-Item $state.Path -Recurse -Force }
}
$transfer + @{
    Name    = 'first transfer of a 1 GiB file'
    Runs    = 3
    Budget  = 1.0
    Prepare = {
        New-TransferContext $state.Path
        New-LargeFile (Join-Path $state.Path many large.bin) 1GB
        $state.Kept = @(Get-ContextCache)
    }
}

# Nothing but holes: no disk of ours, but every byte goes over. The engine needs the room for it once.
$room = (Get-PSDrive -PSProvider FileSystem | Where-Object Root -EQ '/').Free
if (-not $IsLinux -or $room -gt 24GB) {
    $transfer + @{
        Name     = 'first transfer of a sparse 10 GiB file'
        Runs     = 1
        NoWarmUp = $true
        Prepare  = {
            New-SparseContext $state.Path 10GB
            $state.Kept = @(Get-ContextCache)
        }
    }
}
else {
    Write-Warning "The sparse 10 GiB file is left out: $([int]($room / 1GB)) GiB are free, and the engine may need 24."
}
