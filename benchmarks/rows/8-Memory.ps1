# What a context adds to a PowerShell that has built before. docker buildx has no before: its whole process is shown.

if ($IsLinux) {
    foreach ($case in 'a 1 GiB file', '50,000 small files') {
        $folder = Join-Path $Work "memory-$($case -replace '\W')"
        $large = $case -eq 'a 1 GiB file'
        $state = @{ Path = $folder; Kept = @() }
        @{
            Name        = "memory added by $case as context"
            Runs        = 1
            BudgetBytes = 64MB
            Prepare     = {
                New-SmallContext (Join-Path $Work small)
                New-TransferContext $folder
                $many = Join-Path $folder many
                $large ? (New-LargeFile (Join-Path $many large.bin) 1GB) : (New-SmallFiles $many 50000)
                $state.Kept = @(Get-ContextCache)
            }
            Before      = { Rename-Context $state }
            Ours        = { Measure-OursMemory $state.Path }
            Buildx      = { Measure-BuildxMemory build --progress plain $state.Path }
            After       = { Clear-ContextCache $state.Kept }
            Finish      = { Remove-Item $state.Path -Recurse -Force }
        }
    }
}
