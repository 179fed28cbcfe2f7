# A context of 50,000 small files: new to the engine, known to it, and known but for one file.

$folder = Join-Path $Work files
$state = @{ Path = $folder; Kept = @(); Earlier = @() }
$build = @{
    BudgetBytes = 64MB
    Prepare     = {
        if (-not (Test-Path $state.Path)) {
            New-TransferContext $state.Path
            New-SmallFiles (Join-Path $state.Path many) 50000
            $state.Kept = @(Get-ContextCache)
        }
    }
    Ours        = { Measure-Ours { Invoke-BuildxBuild $args[0] -Progress Plain } $state.Path }
    Buildx      = { Measure-Buildx build --progress plain $state.Path }
}
$build + @{
    Name   = '50,000 small files: first'
    Runs   = 9
    Budget = 0.8
    Before = {
        $state.Earlier = @(Get-ContextCache)
        Rename-Context $state
    }
    # Not after each run: an ext4 without a journal passes over inodes that were freed in the last minutes one by one, so
    # that an engine which has just removed 50,000 files takes most of a minute to make as many. The last context stays
    # for the rows below.
    Finish = { Clear-ContextCache ($state.Kept + @(Get-ContextCache | Where-Object { $_ -notin $state.Earlier })) }
}
$build + @{
    Name   = '50,000 small files: unchanged'
    Runs   = 9
    Budget = 0.5
}
$build + @{
    Name   = '50,000 small files: one changed'
    Runs   = 9
    Budget = 0.7
    Before = { Set-Content (Join-Path $state.Path app version.txt) ([guid]::NewGuid()) }
    Finish = { Clear-ContextCache $state.Kept }
}
