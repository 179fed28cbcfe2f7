# Ctrl+C in a terminal while a step runs: how soon there is a prompt again, and how soon the step has ended on the engine.

if ($IsLinux) {
    $context = Join-Path $Work sleeping
    $state = @{ Terminal = $null; Number = 0 }
    $interrupt = @{
        Runs    = 5
        Prepare = {
            $state.Terminal = Start-TestTerminal -Pwsh $powershell
            Wait-TestTerminal $state.Terminal 'PS [^>]*> '
            Send-TestTerminal $state.Terminal "Import-Module '$Module'`r"
            Wait-TestTerminal $state.Terminal '\n.*PS [^>]*> '
        }
        # A number that no other process sleeps for.
        Before  = {
            $state.Number = Get-Random -Minimum 100000 -Maximum 999999
            New-SleepingContext $context $state.Number
        }
        Finish  = { Stop-TestTerminal $state.Terminal }
    }
    foreach ($what in 'Prompt', 'Step') {
        $until = @{ What = $what }
        $interrupt + @{
            Name     = "Ctrl+C: $($what -eq 'Prompt' ? 'prompt' : 'the step ends on the engine')"
            BudgetMs = $what -eq 'Prompt' ? 200 : 1000
            Ours     = { Measure-Interrupt $state.Terminal "Invoke-BuildxBuild '$context' -Output type=cacheonly -Progress Plain" $state.Number $until.What }
            Buildx   = { Measure-Interrupt $state.Terminal "& '$docker' buildx build --progress plain --output type=cacheonly '$context'" $state.Number $until.What }
        }
    }
}
