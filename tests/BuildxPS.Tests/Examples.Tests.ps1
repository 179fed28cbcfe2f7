# The examples do what their READMEs say: each script runs as a user runs it, in a PowerShell of its own, on real engines.

BeforeDiscovery {
    $examples = Resolve-Path (Join-Path $PSScriptRoot .. .. examples)
    $scripts = @(Get-ChildItem $examples -Recurse -Filter *.ps1 | Where-Object Name -NE Demo.ps1 |
            ForEach-Object { @{ Name = [IO.Path]::GetRelativePath($examples, $_.FullName).Replace('\', '/'); Path = $_.FullName } })
    $folders = @(Get-ChildItem $examples -Directory | ForEach-Object { @{ Name = $_.Name; Path = $_.FullName } })
    $workflows = @(Get-ChildItem $examples -Recurse -Filter *.yml | ForEach-Object { @{ Name = $_.Name; Path = $_.FullName } })
}

BeforeAll {
    . (Join-Path $PSScriptRoot TestEngines.ps1)
    $pwsh = Join-Path $PSHOME ($IsWindows ? 'pwsh.exe' : 'pwsh')
    $root = (Resolve-Path (Join-Path $PSScriptRoot .. ..)).Path
    $examples = Join-Path $root examples
    $kept = Enter-TestSurroundings $TestDrive
    $builders = [Collections.Generic.List[string]]::new()
    $ci = 'CI', 'TF_BUILD', 'BUILD_SOURCESDIRECTORY', 'BUILD_BUILDNUMBER', 'AGENT_TEMPDIRECTORY',
    'GITHUB_ACTIONS', 'GITHUB_OUTPUT', 'GITHUB_STEP_SUMMARY', 'GITHUB_WORKSPACE', 'GITHUB_SHA', 'GITHUB_PATH', 'RUNNER_TEMP', 'REGISTRY_USER', 'REGISTRY_TOKEN'

    # What the process does: no terminal, and text that a log would have.
    $driver = Join-Path $TestDrive driver.ps1
    Set-Content $driver @'
param($script, $folder)
$arguments = Import-Clixml (Join-Path $folder arguments.xml)
$global:LASTEXITCODE = 0
$output = & $script @arguments
$output | Export-Clixml (Join-Path $folder output.xml) -Depth 4
exit $LASTEXITCODE
'@

    # A name for a builder, whose container is taken away at the end whatever happens.
    function New-ExampleBuilder {
        $name = New-TestName
        $builders.Add($name)
        $name
    }

    # What a builder in a container needs on this machine to see the tests' registries.
    function Get-BuilderSetting {
        @{ DockerHost = Get-TestEngine d28; DriverOption = @{ network = 'host' }; RegistryMirror = @{ 'docker.io' = (Get-TestSetup).registries.plain } }
    }

    # Runs an example: what it gave, what it printed, and its exit code.
    function Invoke-Example([string] $Script, [hashtable] $Arguments = @{}, [hashtable] $Variables = @{}) {
        $folder = Join-Path $TestDrive ([guid]::NewGuid().ToString('n'))
        $null = New-Item $folder -ItemType Directory
        $Arguments | Export-Clixml (Join-Path $folder arguments.xml) -Depth 5
        $names = $ci + 'PSModulePath' + @($Variables.Keys) | Select-Object -Unique
        $before = @{}
        foreach ($name in $names) {
            $before[$name] = [Environment]::GetEnvironmentVariable($name)
            [Environment]::SetEnvironmentVariable($name, $Variables[$name])
        }

        try {
            $env:PSModulePath = (Split-Path (Split-Path $env:BUILDXPS_MODULE)) + [IO.Path]::PathSeparator + (Join-Path $PSHOME Modules)
            $log = & $pwsh -NoProfile -NonInteractive -File $driver (Join-Path $examples $Script) $folder 2>&1 | ForEach-Object { "$_" }
            $exitCode = $LASTEXITCODE
        }
        finally {
            $before.Keys | ForEach-Object { [Environment]::SetEnvironmentVariable($_, $before[$_]) }
        }

        $output = Join-Path $folder output.xml
        [pscustomobject]@{ Output = @((Test-Path $output) ? (Import-Clixml $output) : @()); Log = @($log); ExitCode = $exitCode }
    }

    # That a failed example's log has a text, wherever the host has broken its lines.
    function Assert-Said($Run, [string] $Text) {
        $Run.ExitCode | Should -Be 1
        ($Run.Log -join '') -replace '[\s|]' | Should -BeLike "*$($Text -replace '[\s|]')*"
    }

    # The same, and that it ended well.
    function Invoke-GoodExample([string] $Script, [hashtable] $Arguments = @{}, [hashtable] $Variables = @{}) {
        $run = Invoke-Example $Script $Arguments $Variables
        if ($run.ExitCode -ne 0) {
            throw "$Script ended with $($run.ExitCode):`n$($run.Log -join "`n")"
        }

        $run
    }

    # The platforms that a registry's index has an image for, attestations left out.
    function Get-PushedPlatform([string] $Reference) {
        Import-Module $env:BUILDXPS_MODULE
        @((Get-BuildxImageManifest $Reference).Platforms | ForEach-Object { "$_" })
    }
}

AfterAll {
    if ($builders.Count -gt 0 -and $env:BUILDXPS_TEST_ENGINES) {
        foreach ($name in $builders) {
            Remove-TestBuilder (Get-TestEngine d28) $name
            $null = Invoke-DockerApi (Get-TestEngine d28) "/v1.41/containers/buildx_buildkit_$($name)1?force=true&v=true" DELETE
            $null = Invoke-DockerApi (Get-TestEngine d28) "/v1.41/volumes/buildx_buildkit_$($name)1_state?force=true" DELETE
        }
    }

    Exit-TestSurroundings $kept
}

Describe 'An example' {
    It '<Name> says what it does and what each parameter means' -ForEach $scripts {
        $help = Get-Help $Path -Full
        $help.Synopsis | Should -Not -BeNullOrEmpty
        @($help.examples.example).Count | Should -BeGreaterThan 0
        $errors = $null
        $tree = [Management.Automation.Language.Parser]::ParseFile($Path, [ref] $null, [ref] $errors)
        $errors | Should -BeNullOrEmpty
        foreach ($parameter in $tree.ParamBlock.Parameters.Name.VariablePath.UserPath) {
            ($help.parameters.parameter | Where-Object name -EQ $parameter).description.Text | Should -Not -BeNullOrEmpty -Because "-$parameter of $Name"
        }

        $text = Get-Content -Raw $Path
        $text | Should -Match '(?m)^Set-StrictMode -Version 3'
        $text | Should -Match "(?m)^\`$ErrorActionPreference = 'Stop'"
        foreach ($command in $tree.FindAll({ $args[0] -is [Management.Automation.Language.CommandAst] }, $true)) {
            $called = $command.GetCommandName()
            if ($called) {
                Get-Alias $called -ErrorAction Ignore | Should -BeNullOrEmpty -Because "$called is an alias"
            }
        }
    }

    It '<Name> has a README that names its scripts, with links that lead somewhere' -ForEach $folders {
        $readme = Get-Content -Raw (Join-Path $Path README.md)
        Get-ChildItem $Path -Filter *.ps1 | ForEach-Object { $readme | Should -BeLike "*$($_.Name)*" }
        foreach ($link in [regex]::Matches($readme, '\]\(([^)#]+)\)')) {
            Join-Path $Path $link.Groups[1].Value | Should -Exist
        }
    }
}

Describe 'first-session' {
    It 'gives the builder, the result, and what the second build had from the cache' {
        $out = Join-Path $TestDrive first
        $run = Invoke-GoodExample first-session/Start-FirstSession.ps1 @{ DockerHost = Get-TestEngine d28; OutputFolder = $out }
        $builder, $result, $summary = $run.Output
        $builder.PSTypeNames | Should -Contain Deserialized.BuildxPS.Builder
        $result.PSTypeNames | Should -Contain Deserialized.BuildxPS.BuildResult
        $summary.Instructions | Should -Be 4
        $summary.SecondCached | Should -BeGreaterOrEqual 3
        $summary.Files | Should -Be greeting.txt
        $summary.Greeting | Should -Be 'Good day from PowerShell'
        Get-Content (Join-Path $out greeting.txt) | Select-Object -Last 1 | Should -Be vertex
    }

    It 'says that nobody answers' {
        $run = Invoke-Example first-session/Start-FirstSession.ps1 @{ DockerHost = "unix://$TestDrive/nowhere.sock"; OutputFolder = "$TestDrive/x" }
        Assert-Said $run nowhere.sock
    }
}

Describe 'private-http-registry' {
    It 'pushes both platforms, and gives the index that the registry has' {
        $registry = (Get-TestSetup).registries.plain
        $name = New-ExampleBuilder
        $arguments = @{ Registry = $registry; Repository = "examples/$name"; Version = '2.1'; Builder = $name; BuilderSetting = Get-BuilderSetting }
        $index = (Invoke-GoodExample private-http-registry/Publish-Image.ps1 $arguments).Output
        Get-PushedPlatform "$registry/examples/$($name):2.1" | Should -Be linux/amd64, linux/arm64
        $index.Digest | Should -Be (Get-BuildxImageManifest "$registry/examples/$($name):2.1").Digest
        (Get-BuildxBuilder $name).Nodes[0].ConfigFiles['buildkitd.toml'] | Should -BeLike "*$registry*http = true*"
    }
}

Describe 'private-https-registry' {
    BeforeAll {
        $setup = Get-TestSetup
        $registry, $user = $setup.registries.https, $setup.users.https
        $name = New-ExampleBuilder
        $arguments = @{
            Registry = $registry; CaFile = $setup.certificates.ca; Repository = "examples/$name"; Builder = $name; UseFile = $true; BuilderSetting = Get-BuilderSetting
            Credential = [pscredential]::new($user.name, (ConvertTo-SecureString $user.password -AsPlainText -Force))
        }
    }

    It 'refuses a wrong password before anything is built' {
        $wrong = $arguments.Clone()
        $wrong.Credential = [pscredential]::new($user.name, (ConvertTo-SecureString wr0ng -AsPlainText -Force))
        $run = Invoke-Example private-https-registry/Publish-Image.ps1 $wrong
        Assert-Said $run $registry
        "$($run.Log)" | Should -Not -BeLike '*wr0ng*'
        Import-Module $env:BUILDXPS_MODULE
        Get-BuildxBuilder $name -ErrorAction Ignore | Should -BeNullOrEmpty
    }

    It 'pushes, reads back, and takes the login away' {
        $index = (Invoke-GoodExample private-https-registry/Publish-Image.ps1 $arguments).Output
        @($index.Manifests.Where({ $_.Platform -and -not $_.IsAttestation })).Count | Should -Be 2
        Import-Module $env:BUILDXPS_MODULE
        $found = Get-BuildxImageManifest "$registry/examples/$($name):1" -RegistryCa $setup.certificates.ca -Credential $arguments.Credential
        $found.Digest | Should -Be $index.Digest
        (Get-Failure { Get-BuildxImageManifest "$registry/examples/$($name):1" -RegistryCa $setup.certificates.ca }).FullyQualifiedErrorId | Should -BeLike 'RegistryUnauthorized,*'
    }
}

Describe 'native-nodes' {
    It 'builds each platform on its node, one of them over ssh, and pushes one index' {
        $setup = Get-TestSetup
        if ($IsWindows -or -not (Get-Command ssh -CommandType Application -ErrorAction Ignore)) {
            Set-ItResult -Skipped -Because 'there is no ssh here that a shell script can stand before'
        }

        # ssh's settings are the test's own.
        $bin = Join-Path $TestDrive bin
        $null = New-Item $bin -ItemType Directory
        $ssh = (Get-Command ssh -CommandType Application | Select-Object -First 1).Source
        Set-Content (Join-Path $bin ssh) "#!/bin/sh`nexec $ssh -F none -o UserKnownHostsFile=$($setup.ssh.knownHosts) -o IdentitiesOnly=yes -i $($setup.ssh.identity) `"`$@`""
        chmod +x (Join-Path $bin ssh)

        $registry = $setup.registries.plain
        $name = New-ExampleBuilder
        $setting = Get-BuilderSetting
        $nodes = @(@{ Platform = 'linux/amd64' } + $setting; @{ Platform = 'linux/arm64' } + $setting)
        $nodes[1].DockerHost = $setup.engines.d28.ssh
        $arguments = @{ Node = $nodes; Tag = "$registry/examples/$($name):1"; Builder = $name }
        $rows = (Invoke-GoodExample native-nodes/Build-OnNativeNodes.ps1 $arguments @{ PATH = "$bin$([IO.Path]::PathSeparator)$env:PATH" }).Output
        "$($rows.Platform)" | Should -Be 'linux/amd64 linux/arm64'
        $rows.Node | Should -Be "$($name)0", "$($name)1"
        $rows[1].Endpoint | Should -Be $setup.engines.d28.ssh
        $rows[0].Steps, $rows[1].Steps | ForEach-Object { $_ | Should -BeGreaterThan 2 }
        Get-PushedPlatform $arguments.Tag | Should -Be linux/amd64, linux/arm64
        (Get-BuildxImageManifest $arguments.Tag).Manifests.Digest | Should -Contain $rows[1].Digest
    }
}

Describe 'cross-compilation' {
    It 'writes a program for each processor, and pushes an image of all' {
        $setup = Get-TestSetup
        $out = Join-Path $TestDrive cross
        $tag = "$($setup.registries.plain)/examples/$(New-TestName):1"
        $rows = (Invoke-GoodExample cross-compilation/Build-Program.ps1 @{ DockerHost = $setup.engines.d28.host; Destination = $out; Tag = $tag }).Output
        $rows.Processor | Should -Be x86-64, AArch64, RISC-V
        $rows.Path | Should -Be (Join-Path $out linux_amd64 hello), (Join-Path $out linux_arm64 hello), (Join-Path $out linux_riscv64 hello)
        if ($IsLinux -and [Runtime.InteropServices.RuntimeInformation]::OSArchitecture -eq 'X64') {
            & $rows[0].Path | Should -Be 'Hello from linux/amd64, compiled on linux/amd64'
        }

        Get-PushedPlatform $tag | Should -Be linux/amd64, linux/arm64, linux/riscv64
    }

    It 'says which platform its compiler does not know' {
        $run = Invoke-Example cross-compilation/Build-Program.ps1 @{ DockerHost = Get-TestEngine d28; Destination = "$TestDrive/none"; Platform = 'linux/s390x' }
        Assert-Said $run "there is no code for the architecture 's390x'"
    }
}

Describe 'cache-between-runs' {
    It 'has the slow step from the cache in the second run, by <By>' -ForEach @(
        @{ By = 'a folder'; Cache = { @{ CacheFolder = Join-Path $TestDrive cache } } }
        @{ By = 'a registry'; Cache = { @{ CacheImage = "$((Get-TestSetup).registries.plain)/examples/cache-$(New-TestName)" } } }
    ) {
        $setting = Get-BuilderSetting
        $setting.InsecureRegistry = (Get-TestSetup).registries.plain
        $first, $second = (Invoke-GoodExample cache-between-runs/Build-WithCache.ps1 ((& $Cache) + @{ BuilderSetting = $setting })).Output
        "$($first.SlowStep)" | Should -Be Completed
        $first.FromCache | Should -Be 0
        "$($second.SlowStep)" | Should -Be Cached
        $second.FromCache | Should -BeGreaterThan 0
        $second.Version | Should -Not -Be $first.Version
        Import-Module $env:BUILDXPS_MODULE
        Get-BuildxBuilder cached-run-* | Should -BeNullOrEmpty
    }
}

Describe 'image-matrix' {
    It 'pushes each folder in each version under its name, on a remote BuildKit' {
        $setup = Get-TestSetup
        $registry = $setup.registries.plain
        Import-Module $env:BUILDXPS_MODULE
        $name = New-TestName
        $null = New-BuildxBuilder $name -Endpoint $setup.engines.bkd.host
        try {
            $arguments = @{ Registry = $registry; Repository = "examples/$name"; Version = @('1', '2'); Builder = $name; ThrottleLimit = 3 }
            $rows = (Invoke-GoodExample image-matrix/Build-ImageMatrix.ps1 $arguments).Output
            $rows.Image | Should -Be @(foreach ($version in 1, 2) { 'plain', 'tools', 'web' | ForEach-Object { "$registry/examples/$($name):$_-$version" } })
            $rows.Platforms | Select-Object -Unique | Should -Be 'linux/amd64 linux/arm64'
            foreach ($row in $rows) {
                (Get-BuildxImageManifest $row.Image).Digest | Should -Be $row.Digest
            }

            # Each name has its own folder's image.
            foreach ($kind in @{ tools = 'cat'; web = 'httpd'; plain = 'sh' }.GetEnumerator()) {
                $config = Get-BuildxImageManifest "$registry/examples/$($name):$($kind.Key)-2" -Config -Platform linux/arm64
                "$(($config.RawJson | ConvertFrom-Json).config.Cmd)" | Should -BeLike "$($kind.Value)*"
                ($config.RawJson | ConvertFrom-Json).config.Labels.'org.opencontainers.image.version' | Should -Be 2
            }
        }
        finally {
            Remove-BuildxBuilder $name
        }
    }
}

Describe 'runbook' {
    BeforeAll {
        $script = 'runbook/Invoke-NightlyBuild.ps1'
        function Get-JsonResult([string] $Folder) { Get-Content -Raw (Join-Path $Folder result.json) | ConvertFrom-Json }
    }

    It 'builds all, and reports by an object, JSON, HTML and the exit code, with nothing on the screen' {
        $folder = Join-Path $TestDrive good
        $run = Invoke-GoodExample $script @{ ReportFolder = $folder; DockerHost = Get-TestEngine d28; Registry = (Get-TestSetup).registries.plain }
        $run.Log | Should -BeNullOrEmpty
        $run.Output.Status | Should -Be Succeeded
        $json = Get-JsonResult $folder
        $json.Images.Name | Should -Be app, tools
        $json.Images.Digest | Should -Be $run.Output.Images.Digest
        $json.Images.Attempts | Should -Be 1, 1
        Get-Content -Raw (Join-Path $folder report.html) | Should -BeLike '*Nightly*nightly/app:*nightly/tools:*'
        Get-PushedPlatform "$((Get-TestSetup).registries.plain)/nightly/tools:$($json.Started.ToString('yyyy-MM-dd'))" | Should -Be linux/amd64
    }

    It 'goes on after an image that fails, and says which and why' {
        $folder = Join-Path $TestDrive part
        $null = New-TestContext (Join-Path $TestDrive broken) "FROM busybox`nRUN echo oh no && exit 3`n"
        $null = New-TestContext (Join-Path $TestDrive fine) "FROM busybox`nCOPY name.txt /`n"
        $list = Join-Path $TestDrive images.json
        ConvertTo-Json @(@{ Name = 'broken'; Path = 'broken'; Platform = @('linux/amd64') }, @{ Name = 'fine'; Path = 'fine'; Platform = @('linux/amd64') }) | Set-Content $list
        $run = Invoke-Example $script @{ ReportFolder = $folder; ImageList = $list; DockerHost = Get-TestEngine d28 }
        $run.ExitCode | Should -Be 1
        $run.Output.Status | Should -Be Failed
        $json = Get-JsonResult $folder
        $json.Images[0].ErrorId | Should -Be StepFailed
        $json.Images[0].Attempts | Should -Be 1
        $json.Images[0].Advice | Should -Not -BeNullOrEmpty
        $json.Images[1].Status | Should -Be Succeeded
        Join-Path $folder fine.tar | Should -Exist
        Join-Path $folder broken.tar | Should -Not -Exist
        Get-Content -Raw (Join-Path $folder report.html) | Should -BeLike '*oh no*StepFailed*'
    }

    It 'tries again what may pass, and ends where nothing can be built' {
        $folder = Join-Path $TestDrive none
        $run = Invoke-Example $script @{ ReportFolder = $folder; DockerHost = "unix://$TestDrive/nowhere.sock"; Attempt = 2; DelaySeconds = 0 }
        $run.ExitCode | Should -Be 2
        $json = Get-JsonResult $folder
        $json.Status | Should -Be Broken
        $json.Images | Should -HaveCount 1
        $json.Images[0].ErrorId | Should -Be EngineUnreachable
        $json.Images[0].Attempts | Should -Be 2
        Join-Path $folder report.html | Should -Exist
    }

    It 'does nothing while another run is under way' {
        $folder = Join-Path $TestDrive busy
        $null = New-Item $folder -ItemType Directory
        $lock = [IO.File]::Open((Join-Path $folder .lock), 'OpenOrCreate', 'ReadWrite', 'None')
        try {
            $run = Invoke-Example $script @{ ReportFolder = $folder; DockerHost = Get-TestEngine d28 }
            $run.ExitCode | Should -Be 3
            $run.Output.Status | Should -Be Skipped
            Join-Path $folder result.json | Should -Not -Exist
        }
        finally {
            $lock.Dispose()
        }
    }
}

Describe 'azure-pipelines' {
    BeforeAll {
        $name = New-ExampleBuilder
        $work = Join-Path $TestDrive azure
        $variables = @{ TF_BUILD = 'True'; BUILD_SOURCESDIRECTORY = $root; BUILD_BUILDNUMBER = '20261127.1' }
        $arguments = @{
            Registry = (Get-TestSetup).registries.plain; Repository = "examples/$name"; CacheFolder = Join-Path $work cache; ReportFolder = Join-Path $work report
            Builder = $name; BuilderSetting = (Get-BuilderSetting) + @{ InsecureRegistry = (Get-TestSetup).registries.plain }
        }
    }

    It 'logs groups, sets variables for steps and jobs, and leaves a cache, a summary and a report' {
        $run = Invoke-GoodExample azure-pipelines/Build-Image.ps1 $arguments $variables
        $digest = $run.Output.Digest
        $reference = "$($arguments.Registry)/examples/$name"
        $run.Log | Should -Contain "##vso[task.setvariable variable=BuildxDigest;]$digest"
        $run.Log | Should -Contain "##vso[task.setvariable variable=BuildxDigest;isOutput=true;]$digest"
        $run.Log | Should -Contain "##vso[task.setvariable variable=BuildxImage;isOutput=true;]$($reference):20261127.1"
        $run.Log | Should -Contain "##vso[task.setvariable variable=ImageReference;isOutput=true]$reference@$digest"
        @($run.Log -match '^##\[group\].*RUN echo "building"') | Should -HaveCount 1
        @($run.Log -match '^##\[group\]').Count | Should -Be @($run.Log -eq '##[endgroup]').Count
        $run.Log | Where-Object { $_ -match '^##vso\[task\.logissue type=error' } | Should -BeNullOrEmpty
        $summary = Join-Path $work report summary.md
        $run.Log | Should -Contain "##vso[task.uploadsummary]$summary"
        Get-Content -Raw $summary | Should -BeLike "*$reference@$digest*linux/amd64*linux/arm64*"
        Join-Path $work report report.html | Should -Exist
        Get-PushedPlatform "$($reference):20261127.1" | Should -Be linux/amd64, linux/arm64
        Join-Path $work cache index.json | Should -Exist
        Join-Path $work cache.new | Should -Not -Exist
    }

    It 'starts from the cache on an agent that has nothing else' {
        $fresh = $arguments.Clone()
        $fresh.Builder = New-ExampleBuilder
        $result = (Invoke-GoodExample azure-pipelines/Build-Image.ps1 $fresh ($variables + @{ BUILD_BUILDID = '2' })).Output
        $steps = @($result.Steps | Where-Object Name -Match 'RUN echo "building"')
        $steps | Should -HaveCount 1
        $steps[0].IsCached | Should -BeTrue
    }

    It 'fails with the error on its line, and a report of it' {
        $broken = $arguments.Clone()
        $broken.Path = New-TestContext (Join-Path $TestDrive azure-broken) "FROM busybox`nRUN echo oh no && exit 3`n"
        Remove-Item (Join-Path $work report) -Recurse -Force -ErrorAction Ignore
        $run = Invoke-Example azure-pipelines/Build-Image.ps1 $broken @{ TF_BUILD = 'True'; BUILD_SOURCESDIRECTORY = "$TestDrive" }
        $run.ExitCode | Should -Be 1
        @($run.Log -like '##vso`[task.logissue type=error;sourcepath=azure-broken/Dockerfile;linenumber=2;code=StepFailed;`]*') | Should -HaveCount 1
        Get-Content -Raw (Join-Path $work report report.html) | Should -BeLike '*oh no*StepFailed*'
    }
}

Describe 'github-workflow' {
    BeforeAll {
        $setup = Get-TestSetup
        $name = New-ExampleBuilder
        $work = Join-Path $TestDrive github
        $null = New-Item $work -ItemType Directory
        # With a login: the registry of tokens takes pushes of its user alone.
        $variables = @{
            GITHUB_ACTIONS = 'true'; GITHUB_WORKSPACE = $root; GITHUB_SHA = '4f0c1d2'; GITHUB_OUTPUT = Join-Path $work output; GITHUB_STEP_SUMMARY = Join-Path $work summary.md
            REGISTRY_USER = $setup.users.token.name; REGISTRY_TOKEN = $setup.users.token.password
        }
        $arguments = @{
            Registry = $setup.registries.token; Repository = "examples/$name"; CacheFolder = Join-Path $work cache; ReportFolder = Join-Path $work report
            Builder = $name; BuilderSetting = (Get-BuilderSetting) + @{ InsecureRegistry = $setup.registries.token }
        }
    }

    It 'logs groups, sets outputs, and writes the summary, a cache and a report' {
        $run = Invoke-GoodExample github-workflow/Build-Image.ps1 $arguments $variables
        $digest = $run.Output.Digest
        $reference = "$($arguments.Registry)/examples/$name"
        $outputs = Get-Content $variables.GITHUB_OUTPUT
        $outputs | Should -Contain "digest=$digest"
        $outputs | Should -Contain "image=$($reference):4f0c1d2"
        $outputs | Should -Contain "reference=$reference@$digest"
        @($outputs -match '^(imageid|buildref)=') | Should -HaveCount 2
        @($run.Log -match '^::group::.*RUN echo "building"') | Should -HaveCount 1
        @($run.Log -match '^::group::').Count | Should -Be @($run.Log -eq '::endgroup::').Count
        "$($run.Log)" | Should -Not -Match '##vso|::error'
        Get-Content -Raw $variables.GITHUB_STEP_SUMMARY | Should -BeLike "*$reference@$digest*linux/amd64*linux/arm64*"
        Join-Path $work report report.html | Should -Exist
        Join-Path $work cache index.json | Should -Exist
        "$(Get-Content -Raw (Join-Path $env:DOCKER_CONFIG config.json) -ErrorAction Ignore)" | Should -Not -BeLike "*$($arguments.Registry)*"
        Get-PushedPlatform "$($reference):4f0c1d2" | Should -Be linux/amd64, linux/arm64
    }

    It 'fails with the error on its line, in the summary and in the report' {
        $broken = $arguments.Clone()
        $broken.Path = New-TestContext (Join-Path $TestDrive github-broken) "FROM busybox`nRUN echo oh no && exit 3`n"
        Remove-Item $variables.GITHUB_STEP_SUMMARY
        $run = Invoke-Example github-workflow/Build-Image.ps1 $broken ($variables.Clone() + @{ CI = 'true' })
        $run.ExitCode | Should -Be 1
        @($run.Log -match '^::error file=.*github-broken/Dockerfile,line=2,endLine=2,title=StepFailed::') | Should -HaveCount 1
        Get-Content -Raw $variables.GITHUB_STEP_SUMMARY | Should -BeLike '*failed*RUN echo oh no*'
        Get-Content -Raw (Join-Path $work report report.html) | Should -BeLike '*oh no*StepFailed*'
    }
}

Describe 'The file <Name>' -ForEach $workflows {
    BeforeAll {
        # Read in a PowerShell of its own, with the reader that the module has for kubeconfigs.
        $library = Join-Path (Split-Path $env:BUILDXPS_MODULE) lib YamlDotNet.dll
        $json = & $pwsh -NoProfile -NonInteractive -Command {
            param($library, $path)
            $ErrorActionPreference = 'Stop'
            Add-Type -Path $library
            $read = [YamlDotNet.Serialization.DeserializerBuilder]::new().Build().Deserialize([IO.StreamReader]::new($path), [object])
            ConvertTo-Json $read -Depth 20
        } -args $library, $Path
        $document = $json | ConvertFrom-Json -AsHashtable
        $steps = @(($document.jobs -is [array] ? $document.jobs : $document.jobs.Values) | ForEach-Object { $_.steps })
        # What PowerShell runs, with the expressions of the system as some text.
        $code = @($steps | ForEach-Object { $_.pwsh ?? $_.run } | Where-Object { $_ } | ForEach-Object { $_ -replace '\$\(([A-Za-z.]+)\)', 'x' -replace '\$\{\{.*?\}\}', 'x' })
    }

    It 'has steps, each of which does one thing that the system knows' {
        $steps.Count | Should -BeGreaterThan 4
        foreach ($step in $steps) {
            @('checkout', 'task', 'script', 'pwsh', 'publish', 'uses', 'run' | Where-Object { $step.ContainsKey($_) }) | Should -HaveCount 1
        }
    }

    It 'calls only scripts and parameters that there are' {
        $called = 0
        foreach ($text in $code) {
            $errors = $null
            $tree = [Management.Automation.Language.Parser]::ParseInput($text, [ref] $null, [ref] $errors)
            $errors | Should -BeNullOrEmpty -Because $text
            foreach ($command in $tree.FindAll({ $args[0] -is [Management.Automation.Language.CommandAst] }, $true)) {
                $name = $command.GetCommandName()
                if ($name -eq 'dotnet') {
                    continue
                }

                $isScript = $name -like './*'
                $target = Get-Command ($isScript ? (Join-Path $root $name) : $name)
                $called += [int]$isScript
                foreach ($parameter in $command.CommandElements.Where({ $_ -is [Management.Automation.Language.CommandParameterAst] }).ParameterName) {
                    $target.Parameters.Keys | Should -Contain $parameter -Because "$name has no other"
                }
            }
        }

        $called | Should -Be 1
    }

    It 'installs the PowerShell that the module is made with' {
        $tools = Get-Content -Raw (Join-Path $root .config dotnet-tools.json) | ConvertFrom-Json
        $lines = @($steps | ForEach-Object { $_.script ?? $_.run } | Where-Object { $_ -like '*dotnet tool install powershell*' })
        $lines | Should -HaveCount 1
        $lines[0] | Should -BeLike "*--version $($tools.tools.powershell.version) *"
    }

    It 'installs the module from a feed' {
        # A folder is a feed, too.
        $text = @($code -like '*Install-PSResource*')[0]
        $module = Split-Path $env:BUILDXPS_MODULE
        $feed = Join-Path $TestDrive feed
        $null = New-Item $feed -ItemType Directory -Force
        $account = Join-Path $TestDrive "home-$([guid]::NewGuid().ToString('n'))"
        # Where they are missing, .NET knows no such folder, and the package commands write into the current one.
        $null = New-Item (Join-Path $account .config), (Join-Path $account .local share) -ItemType Directory
        $before = @{}
        $variables = @{ HOME = $account; XDG_DATA_HOME = $null; XDG_CONFIG_HOME = $null; MODULE_FEED = $feed; PSModulePath = Join-Path $PSHOME Modules }
        $variables.Keys | ForEach-Object { $before[$_] = [Environment]::GetEnvironmentVariable($_) }
        try {
            $variables.Keys | ForEach-Object { [Environment]::SetEnvironmentVariable($_, $variables[$_]) }
            $said = & $pwsh -NoProfile -NonInteractive -Command {
                param($module, $feed, $text)
                $ErrorActionPreference = 'Stop'
                $ProgressPreference = 'SilentlyContinue'
                Register-PSResourceRepository -Name publish -Uri $feed -Trusted
                Publish-PSResource -Path $module -Repository publish
                . ([scriptblock]::Create($text))
                $installed = Import-Module BuildxPS -PassThru
                "$($installed.Version) $($installed.ModuleBase)"
            } -args $module, $feed, ($text -replace "'x'", "'$feed'") 2>&1
        }
        finally {
            $before.Keys | ForEach-Object { [Environment]::SetEnvironmentVariable($_, $before[$_]) }
        }

        "$said" | Should -BeLike "$((Import-PowerShellDataFile $env:BUILDXPS_MODULE).ModuleVersion) $account*"
    }
}
