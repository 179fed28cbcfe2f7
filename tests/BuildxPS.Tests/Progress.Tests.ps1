# What a person sees on a terminal, and a CI system in its log.

BeforeAll {
    . (Join-Path $PSScriptRoot TestEngines.ps1)
    . (Join-Path $PSScriptRoot TestTerminal.ps1)
    $ci = 'CI', 'TF_BUILD', 'GITHUB_ACTIONS', 'GITHUB_OUTPUT', 'GITHUB_WORKSPACE', 'BUILD_SOURCESDIRECTORY'

    # The output of a build in a process of its own, as a CI system reads it.
    function Get-Log([hashtable] $Variables, [string] $Script) {
        $kept = @{}
        foreach ($name in $ci) {
            $kept[$name] = [Environment]::GetEnvironmentVariable($name)
            [Environment]::SetEnvironmentVariable($name, $Variables[$name])
        }

        try {
            & (Join-Path $PSHOME pwsh) -NoProfile -NonInteractive -Command "Import-Module '$env:BUILDXPS_MODULE'; $Script" 2>&1 | ForEach-Object { "$_" }
        }
        finally {
            $kept.Keys | ForEach-Object { [Environment]::SetEnvironmentVariable($_, $kept[$_]) }
        }
    }

    $image = "bxp-ci-$([guid]::NewGuid().ToString('N').Substring(0, 8)):1"
    $folder = New-TestContext (Join-Path $TestDrive app) "FROM busybox as one`nRUN echo $([guid]::NewGuid()); echo '##vso[task.complete]'; echo '::set-output name=x::y'`n"
    $broken = New-TestContext (Join-Path $TestDrive broken) "FROM busybox`nRUN echo oh no && exit 3`n"
}

AfterAll {
    if ($env:BUILDXPS_TEST_ENGINES) {
        $null = Invoke-DockerApi (Get-TestEngine d28) "/v1.41/images/$($image)?force=true" DELETE
    }
}

Describe 'The log of GitHub Actions' {
    BeforeAll {
        $outputs = Join-Path $TestDrive outputs
        $variables = @{ GITHUB_ACTIONS = 'true'; GITHUB_OUTPUT = $outputs; GITHUB_WORKSPACE = "$TestDrive" }
    }

    It 'has groups, warnings on their lines and results' {
        $dockerHost = Get-TestEngine d28
        $log = Get-Log $variables "`$null = Invoke-BuildxBuild '$folder' -DockerHost '$dockerHost' -Tag $image -WarningVariable warned; `"warned `$(`$warned.Count)`""
        $log | Where-Object { $_ -match '^::(?!group|endgroup|warning)' } | Should -BeNullOrEmpty
        $log | Should -Not -Match '##vso\['
        @($log -like '::group::#* RUN echo*') | Should -HaveCount 1
        @($log -match '^::group::').Count | Should -Be @($log -eq '::endgroup::').Count
        @($log -like '::warning file=app/Dockerfile,line=1,endLine=1,title=FromAsCasing::FromAsCasing: *') | Should -HaveCount 1
        $log | Should -Contain 'warned 1'
        Get-Content $outputs | Should -Contain "image=docker.io/library/$image"
        @(Get-Content $outputs) -match '^digest=sha256:[0-9a-f]{64}$' | Should -HaveCount 1
    }

    It 'has a failure on its line, unless the script deals with it' {
        $dockerHost = Get-TestEngine d28
        $log = Get-Log $variables "Invoke-BuildxBuild '$broken' -DockerHost '$dockerHost'"
        @($log -like '::error file=broken/Dockerfile,line=2,endLine=2,title=StepFailed::*') | Should -HaveCount 1
        $log = Get-Log $variables "Invoke-BuildxBuild '$broken' -DockerHost '$dockerHost' -ErrorAction SilentlyContinue"
        @($log -like '::error*') | Should -HaveCount 0
    }

    It 'has no commands where lines are asked for' {
        $dockerHost = Get-TestEngine d28
        Get-Log $variables "Invoke-BuildxBuild '$folder' -DockerHost '$dockerHost' -Progress Plain -Output type=cacheonly" | Where-Object { $_ -match '^::' } | Should -BeNullOrEmpty
    }
}

Describe 'The log of Azure DevOps' {
    It 'has groups, warnings, results and failures' {
        $dockerHost = Get-TestEngine d28
        $log = Get-Log @{ TF_BUILD = 'True'; BUILD_SOURCESDIRECTORY = "$TestDrive" } "`$null = Invoke-BuildxBuild '$folder' -DockerHost '$dockerHost' -Tag $image; Invoke-BuildxBuild '$broken' -DockerHost '$dockerHost'"
        @($log -match '##vso\[(?!task\.(logissue|setvariable) )') | Should -HaveCount 0
        @($log -match '^##\[group\]').Count | Should -Be @($log -eq '##[endgroup]').Count
        @($log -like '##vso`[task.logissue type=warning;sourcepath=app/Dockerfile;linenumber=1;code=FromAsCasing;`]*') | Should -HaveCount 1
        @($log -like '##vso`[task.logissue type=error;sourcepath=broken/Dockerfile;linenumber=2;code=StepFailed;`]*') | Should -HaveCount 1
        $log | Should -Contain "##vso[task.setvariable variable=BuildxImage;isOutput=true;]docker.io/library/$image"
        @($log -match '^##vso\[task\.setvariable variable=BuildxDigest;\]sha256:[0-9a-f]{64}$') | Should -HaveCount 1
    }
}

Describe 'A log without a terminal' {
    It 'has the plain lines, and a summary at the end' {
        $dockerHost = Get-TestEngine d28
        $log = Get-Log @{} "`$null = Invoke-BuildxBuild '$folder' -DockerHost '$dockerHost' -Output type=cacheonly"
        $log | Where-Object { $_ -match "`e|^::|^##" -and $_ -notmatch 'WARNING' } | Should -BeNullOrEmpty
        $log[-1] | Should -Match '^Built in \d.*s: \d+ steps, \d+ cached$'
    }

    It 'says how far a failed build came' {
        $dockerHost = Get-TestEngine d28
        Get-Log @{} "Invoke-BuildxBuild '$broken' -DockerHost '$dockerHost' -ErrorAction SilentlyContinue" |
            Select-Object -Last 1 | Should -Match '^Failed after \d.*s: \d+ of \d+ steps done, \d+ cached$'
    }
}

Describe 'A terminal' {
    BeforeAll {
        $prompt = 'PS [^>]*> '

        # What the terminal showed of a build, and what stood there without bars and colours.
        function Watch-Build([string] $Command, [hashtable] $Variables = @{}) {
            $terminal = Start-TestTerminal (@{ DOCKER_HOST = $dockerHost; DOCKER_CONFIG = "$TestDrive/docker"; XDG_DATA_HOME = "$TestDrive/data" } + $Variables)
            try {
                Wait-TestTerminal $terminal $prompt
                Send-TestTerminal $terminal "Import-Module '$env:BUILDXPS_MODULE'`r"
                Wait-TestTerminal $terminal "\n.*$prompt"
                Send-TestTerminal $terminal "$Command; 'do' + 'ne'`r"
                Wait-TestTerminal $terminal "`ndone"
                Get-TestTerminalText $terminal
            }
            finally {
                Stop-TestTerminal $terminal
            }
        }
    }

    It 'keeps a line of each step, and a summary' {
        $dockerHost = Get-TestEngine d28
        $slow = New-TestContext (Join-Path $TestDrive slow) "FROM busybox`nRUN : $([guid]::NewGuid()); sleep 3`n"
        $text = Watch-Build "`$r = Invoke-BuildxBuild '$slow' -Output type=cacheonly"
        $text | Should -Match 'Building on '
        # The clock of the silent step moved.
        $clock = [regex]::Matches($text, 'RUN : [^\[]*\[[^\]]*?(\d+\.\d)').ForEach({ $_.Groups[1].Value })
        @($clock | Select-Object -Unique).Count | Should -BeGreaterThan 1
        $text | Should -Match "`e\[32m\d+\.\ds`e\[0m  \[2/2\] RUN : "
        $text | Should -Match "`e\[32mBuilt`e\[0m in \d+\.\ds: \d+ steps, \d+ cached"
    }

    It 'keeps nothing but the summary with -Progress Bars, and no colours with NO_COLOR' {
        $dockerHost = Get-TestEngine d28
        $text = Watch-Build "`$r = Invoke-BuildxBuild '$folder' -Output type=cacheonly -Progress Bars" @{ NO_COLOR = '1' }
        $text | Should -Not -Match '\ds  \['
        $text | Should -Match '[^m]Built in \d'
    }
}
