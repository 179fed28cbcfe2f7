# What it costs to show 10,000 lines of a step that prints 1000 a second: processor time over that of the same build in silence.

$context = Join-Path $Work progress
@{
    Name        = '10,000 progress events'
    Runs        = 5
    Measure     = 'Cpu'
    BudgetShare = 0.01
    Before      = { New-TalkingContext $context "$([guid]::NewGuid())" }
    Ours        = { Measure-Ours { Invoke-BuildxBuild $args[0] -Output type=cacheonly -Progress Plain } $context }
    Base        = { Measure-Ours { Invoke-BuildxBuild $args[0] -Output type=cacheonly -Progress None } $context }
    Buildx      = { Measure-Buildx build --progress plain --output type=cacheonly $context }
    BuildxBase  = { Measure-Buildx build --progress quiet --output type=cacheonly $context }
}
