# One file of 1 GiB as context. The folder has a new name for every run, so that the engine knows nothing of it.

$folder = Join-Path $Work large
$state = @{ Path = $folder; Kept = @() }
@{
    Name    = 'first transfer of a 1 GiB file'
    Runs    = 3
    Budget  = 1.0
    Prepare = {
        New-TransferContext $folder
        New-LargeFile (Join-Path $folder many large.bin) 1GB
        $state.Kept = @(Get-ContextCache)
    }
    Before  = { Rename-Context $state }
    Ours    = { Measure-Ours { Invoke-BuildxBuild $state.Path -Progress Plain } }
    Buildx  = { Measure-Buildx build --progress plain $state.Path }
    After   = { Clear-ContextCache $state.Kept }
    Finish  = { Remove-Item $state.Path -Recurse -Force }
}
