# Every block of docs/guide.md runs, one after the other, in a PowerShell that starts with nothing: no module, no builder, no login.

BeforeDiscovery {
    . (Join-Path $PSScriptRoot MarkdownFiles.ps1)
    $guide = Read-Markdown (Join-Path $PSScriptRoot .. .. docs guide.md)
    $blocks = $guide.Blocks.Where({ $_.Language -eq 'powershell' }).ForEach({ @{ Line = $_.Line; Code = $_.Code; First = $_.Lines[0] } })
}

BeforeAll {
    . (Join-Path $PSScriptRoot TestEngines.ps1)
    . (Join-Path $PSScriptRoot MarkdownFiles.ps1)
    $pwsh = Join-Path $PSHOME ($IsWindows ? 'pwsh.exe' : 'pwsh')
    $ran = @{}
    $demo, $team = (New-TestName), (New-TestName)

    # Starts a PowerShell that has nothing of this machine's user: no modules, repositories, builders or logins.
    function Invoke-AsReader([string] $Folder, $Setup) {
        $variables = @{
            HOME              = Join-Path $Folder home
            # Installing looks below HOME alone.
            XDG_DATA_HOME     = $null
            XDG_CONFIG_HOME   = $null
            XDG_CACHE_HOME    = $null
            PATH              = "$(Join-Path $Folder bin)$([IO.Path]::PathSeparator)$env:PATH"
            PSModulePath      = $null
            DOCKER_HOST       = $Setup.engines.d28.host
            DOCKER_CONFIG     = Join-Path $Folder docker
            BUILDX_CONFIG     = Join-Path $Folder buildx
            BUILDKIT_PROGRESS = 'none'
        }
        $kept = @{}
        $variables.Keys.ForEach({ $kept[$_] = [Environment]::GetEnvironmentVariable($_) })
        Push-Location (Join-Path $Folder work)
        try {
            $variables.Keys.ForEach({ [Environment]::SetEnvironmentVariable($_, $variables[$_]) })
            $output = & $pwsh -NoProfile -NonInteractive @args 2>&1
            if ($LASTEXITCODE -ne 0) {
                throw "PowerShell ended with $($LASTEXITCODE): $($output -join "`n")"
            }
        }
        finally {
            Pop-Location
            $kept.Keys.ForEach({ [Environment]::SetEnvironmentVariable($_, $kept[$_]) })
        }
    }

    # What the guide's reader has: a package, an unpacked module, and in the place of its names those of the test engines.
    function Initialize-Reader($Setup, [string] $Folder) {
        foreach ($name in 'home/.local/share', 'home/.config', 'bin', 'work', 'docker', 'buildx', 'work/packages') {
            $null = New-Item (Join-Path $Folder $name) -ItemType Directory
        }

        $version = (Import-PowerShellDataFile $env:BUILDXPS_MODULE).ModuleVersion
        $copy = Join-Path $Folder work BuildxPS $version
        $null = New-Item (Split-Path $copy) -ItemType Directory
        Copy-Item (Split-Path $env:BUILDXPS_MODULE) $copy -Recurse
        Invoke-AsReader $Folder $Setup -Command "Compress-PSResource -Path '$copy' -DestinationPath packages"
        Copy-Item $Setup.certificates.ca (Join-Path $Folder ca.pem)
        Copy-Item $Setup.tools.buildkitdConfig (Join-Path $Folder buildx buildkitd.default.toml)
        if (-not $IsWindows) {
            # ssh reads its settings from the user's own folder, whatever HOME says.
            $ssh = Join-Path $Folder bin ssh
            Set-Content $ssh "#!/bin/sh`nexec $((Get-Command ssh -CommandType Application)[0].Source) -i '$($Setup.ssh.identity)' -o UserKnownHostsFile='$($Setup.ssh.knownHosts)' `"`$@`""
            [IO.File]::SetUnixFileMode($ssh, 'UserRead, UserWrite, UserExecute')
        }
    }

    function ConvertTo-Runnable([string] $Code, $Setup, [string] $Folder) {
        $user = $Setup.users.https
        $Code = $Code.Replace('registry.local:5000', $Setup.registries.plain).Replace('secure.local:5443', $Setup.registries.https).Replace('ssh://me@arm.local', $Setup.engines.d28.ssh)
        $Code = $Code.Replace('ca.pem', (Join-Path $Folder ca.pem)).Replace('-Credential $credential', '-Credential $credential -UseFile -WarningAction Ignore')
        # The engine is shared: another one's builders may have these names.
        $Code = $Code -creplace '\bdemo\b', $demo -creplace '\bteam\b', $team
        $Code.Replace('Get-Credential', "[pscredential]::new('$($user.name)', (ConvertTo-SecureString '$($user.password)' -AsPlainText))")
    }

    # Runs blocks in one fresh PowerShell; gives for each what it showed and the ids of its errors.
    function Invoke-Block($Blocks, [string] $Folder, $Setup) {
        $listed = Join-Path $Folder blocks.json
        $answer = Join-Path $Folder answers.json
        ConvertTo-Json @($Blocks.ForEach({ @{ Line = $_.Line; Code = ConvertTo-Runnable $_.Code $Setup $Folder } })) | Set-Content $listed
        $script = Join-Path $Folder run.ps1
        Set-Content $script @'
param($Blocks, $Answers)
$PSStyle.OutputRendering = 'PlainText'
$runs = @{}
foreach ($block in Get-Content -Raw $Blocks | ConvertFrom-Json) {
    $Error.Clear()
    Start-Transcript "$Answers.log" -UseMinimalHeader | Out-Null
    try {
        . ([scriptblock]::Create($block.Code)) | Out-Host
    }
    catch {
        Write-Host "$_"
    }
    finally {
        Stop-Transcript | Out-Null
    }

    $runs["$($block.Line)"] = @{ Errors = @($Error | ForEach-Object { "$($_.FullyQualifiedErrorId)" }); Shown = Get-Content -Raw "$Answers.log" }
    $runs | ConvertTo-Json -Depth 4 | Set-Content $Answers
}
'@
        Invoke-AsReader $Folder $Setup -File $script $listed $answer
        Get-Content -Raw $answer | ConvertFrom-Json -AsHashtable
    }

    if ($env:BUILDXPS_TEST_ENGINES) {
        $setup = Get-TestSetup
        $folder = (New-Item (Join-Path $TestDrive reader) -ItemType Directory).FullName
        Initialize-Reader $setup $folder
        $all = (Read-Markdown (Join-Path $PSScriptRoot .. .. docs guide.md)).Blocks.Where({ $_.Language -eq 'powershell' })
        # One way to import or the other, each in a PowerShell of its own.
        $byPath = $all.Where({ $_.Code -like 'Import-Module -Name ./*' })
        try {
            $ran = Invoke-Block $all.Where({ $_ -notin $byPath }) $folder $setup
            $ran += Invoke-Block $byPath $folder $setup
        }
        finally {
            Remove-TestBuilder $setup.engines.d28.host $demo, $team
        }

        if ($env:BUILDXPS_TEST_GUIDE) {
            # What the blocks showed, for who writes the guide.
            $ran | ConvertTo-Json -Depth 4 | Set-Content $env:BUILDXPS_TEST_GUIDE
        }
    }
}

Describe 'The guide' {
    It 'shows in line <Line> what runs: <First>' -ForEach $blocks {
        $null = Get-TestSetup
        $run = $ran["$Line"]
        $run | Should -Not -BeNullOrEmpty
        $expected = @(if ($Code -like '*Dockerfile.broken*') { 'StepFailed' } elseif ($Code -like '*nowhere*') { 'TargetNotFound' })
        $run.Errors.ForEach({ $_.Split(',')[0] }) | Sort-Object -Unique | Should -Be $expected -Because $run.Shown
    }
}
