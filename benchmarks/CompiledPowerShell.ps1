# The PowerShell that people have: the one of an installer, whose assemblies are compiled ahead of time. The one that the
# .NET SDK brings as a tool is not: it compiles itself at each start, and would be measured mostly for that.

# A PowerShell whose assemblies are compiled: this one, or a copy of it, made once. Where none can be made, this one as it is.
function Get-CompiledPowerShell {
    if (Test-Compiled $PSHOME) {
        return Get-ProgramOf $PSHOME
    }

    try {
        return Get-ProgramOf (Get-CompiledCopy)
    }
    catch {
        Write-Host "This PowerShell compiles itself at each start, and what it takes for that is in every row. $_"
        Get-ProgramOf $PSHOME
    }
}

function Get-ProgramOf([string] $Folder) {
    Join-Path $Folder ($IsWindows ? 'pwsh.exe' : 'pwsh')
}

function Test-Compiled([string] $Folder) {
    $file = [IO.File]::OpenRead((Join-Path $Folder System.Management.Automation.dll))
    $reader = [Reflection.PortableExecutable.PEReader]::new($file)
    try {
        $reader.PEHeaders.CorHeader.ManagedNativeHeaderDirectory.Size -gt 0
    }
    finally {
        $reader.Dispose()
    }
}

function Get-CompiledCopy {
    if (-not $IsLinux -or [Runtime.InteropServices.RuntimeInformation]::OSArchitecture -ne 'X64') {
        throw 'A compiled copy is made on Linux and x64 only.'
    }

    $PSNativeCommandUseErrorActionPreference = $true
    $compiler = Get-AheadCompiler
    $version = Split-Path -Leaf (Split-Path (Split-Path $compiler))
    $copy = Join-Path (Split-Path $Work) bench-powershell "$($PSVersionTable.PSVersion)-$([Environment]::Version)-$version"
    if (-not (Test-Path $copy)) {
        Write-Host "Compiling PowerShell $($PSVersionTable.PSVersion) as its installers have it"
        New-CompiledCopy $compiler $copy
    }

    $copy
}

# Under another name until all of it is there.
function New-CompiledCopy([string] $Compiler, [string] $Copy) {
    $half = "$Copy.new"
    Remove-Item $half -Recurse -Force -ErrorAction Ignore
    $null = New-Item (Split-Path $Copy) -ItemType Directory -Force
    Copy-Item $PSHOME $half -Recurse
    $framework = [Runtime.InteropServices.RuntimeEnvironment]::GetRuntimeDirectory()
    foreach ($assembly in Get-StartedAssembly) {
        $null = & $Compiler (Join-Path $PSHOME $assembly) -o (Join-Path $half $assembly) -r "$framework/*.dll" -r "$PSHOME/*.dll" '--targetos:linux' '--targetarch:x64' -O
    }

    if (-not (Test-Compiled $half)) {
        throw 'The copy was not compiled.'
    }

    Move-Item $half $Copy
}

function Get-AheadCompiler {
    $answer = @(dotnet msbuild (Join-Path $PSScriptRoot PowerShell) -restore -target:ShowCompiler -verbosity:minimal -nologo)
    $compiler = "$($answer[-1])".Trim()
    chmod u+x $compiler
    $compiler
}

# What a PowerShell has loaded of its own when it has started and imported something.
function Get-StartedAssembly {
    $script = 'Import-Module Microsoft.PowerShell.Utility; [AppDomain]::CurrentDomain.GetAssemblies().Location'
    & (Get-ProgramOf $PSHOME) -NoProfile -NonInteractive -Command $script |
        Where-Object { $_ -and (Split-Path $_) -eq $PSHOME } | ForEach-Object { Split-Path -Leaf $_ } | Sort-Object -Unique
}
