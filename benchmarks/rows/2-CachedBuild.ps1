# A small context of which the engine has every step.

$context = Join-Path $Work small
@{
    Name   = 'cached build of a small context'
    Runs   = 15
    Budget = 0.6
    Ours   = { Measure-Ours { Invoke-BuildxBuild $args[0] -Tag buildxps-bench:cached -Progress Plain } $context }
    Buildx = { Measure-Buildx build --progress plain --tag buildxps-bench:cached $context }
}
