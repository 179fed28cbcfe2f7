# Builders with their status: those of the test engines, and ten of which five are dead.

@{
    Name   = 'list builders'
    Runs   = 15
    Budget = 0.3
    Ours   = { Measure-Ours { Get-BuildxBuilder } }
    Buildx = { Measure-Buildx ls }
}

$state = @{ Config = $env:DOCKER_CONFIG; Silent = $null }
$ten = @{
    Runs    = 3
    Prepare = {
        $state.Silent = [Net.Sockets.TcpListener]::new([Net.IPAddress]::Loopback, 0)
        $state.Silent.Start()
        $env:DOCKER_CONFIG = New-TenBuilders (Join-Path $Work ten) $state.Silent.LocalEndpoint.Port
    }
    Finish  = {
        $state.Silent.Stop()
        $env:DOCKER_CONFIG = $state.Config
    }
}
# A table can be read from when its live rows are there, which buildx shows together with the dead ones.
$ten + @{
    Name     = '10 builders, 5 of them dead: the live ones'
    BudgetMs = 150
    Ours     = {
        Measure-Ours {
            $clock = [Diagnostics.Stopwatch]::StartNew()
            $live = @(Get-BuildxBuilder | Where-Object { $_.Nodes.Status -eq 'Running' } | ForEach-Object { $clock.Elapsed })
            if ($live.Count -ne 5) {
                throw "$($live.Count) of 5 builders are live."
            }

            $live[-1]
        }
    }
}
$ten + @{
    Name     = '10 builders, 5 of them dead: all'
    BudgetMs = 2000
    Ours     = { Measure-Ours { Get-BuildxBuilder } }
    Buildx   = { Measure-Buildx ls }
}
