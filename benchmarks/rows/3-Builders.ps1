# The daemon's own builder and those of a few other contexts, with their status.

@{
    Name   = 'list builders'
    Runs   = 15
    Budget = 0.3
    Ours   = { Measure-Ours { Get-BuildxBuilder } }
    Buildx = { Measure-Buildx ls }
}
