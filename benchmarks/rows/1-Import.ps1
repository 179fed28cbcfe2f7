# What importing the module adds to the start of a PowerShell.

$pwsh = Join-Path $PSHOME ($IsWindows ? 'pwsh.exe' : 'pwsh')
@{
    Name     = 'import in a fresh PowerShell'
    Runs     = 11
    BudgetMs = 100
    Ours     = { Measure-Program @($pwsh, '-NoProfile', '-NonInteractive', '-Command', "Import-Module '$Module'") }
    Base     = { Measure-Program @($pwsh, '-NoProfile', '-NonInteractive', '-Command', '1') }
}
