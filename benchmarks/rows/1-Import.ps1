# What importing the module adds to the start of a PowerShell.

$import = @{
    Runs = 21
    Ours = { Measure-Program @($program, '-NoProfile', '-NonInteractive', '-Command', "Import-Module '$Module'") }
    Base = { Measure-Program @($program, '-NoProfile', '-NonInteractive', '-Command', '1') }
}

$program = $powershell
$import + @{ Name = 'import in a fresh PowerShell'; BudgetMs = 100 }

# The .NET SDK's tool compiles itself at each start, the code that imports modules too: no budget, for those who use it.
$tool = Get-ProgramOf $PSHOME
if ($tool -ne $powershell) {
    $program = $tool
    $import + @{ Name = 'import in a fresh PowerShell that is a .NET tool' }
}
