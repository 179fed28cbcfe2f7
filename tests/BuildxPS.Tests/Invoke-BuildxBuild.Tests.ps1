BeforeAll {
    Import-Module $env:BUILDXPS_MODULE
    . (Join-Path $PSScriptRoot TestEngines.ps1)
    $id = 'BuildxPS.Commands.InvokeBuildxBuildCommand'
    $kept = @{}
    foreach ($name in 'DOCKER_CONFIG', 'DOCKER_HOST', 'DOCKER_CONTEXT', 'DOCKER_DEFAULT_PLATFORM', 'BUILDKIT_PROGRESS', 'BUILDX_BUILDER', 'BUILDX_CONFIG') {
        $kept[$name] = [Environment]::GetEnvironmentVariable($name)
        [Environment]::SetEnvironmentVariable($name, $null)
    }

    $env:DOCKER_CONFIG = Join-Path $TestDrive docker
    $env:BUILDX_CONFIG = Join-Path $TestDrive buildx
    $context = New-TestContext (Join-Path $TestDrive context)
    $nowhere = "unix://$TestDrive/nowhere.sock"
}

AfterAll {
    foreach ($name in $kept.Keys) {
        [Environment]::SetEnvironmentVariable($name, $kept[$name])
    }
}

Describe 'Invoke-BuildxBuild refuses' {
    It '<What>, naming <Part>' -ForEach @(
        @{ What = 'a platform with an unknown architecture'; Arguments = @{ Platform = 'linux/amd65' }; Failure = 'PlatformInvalid'; Part = 'amd65' }
        @{ What = 'a wrong platform in a list'; Arguments = @{ Platform = 'linux/amd64,lunix/arm64' }; Failure = 'PlatformInvalid'; Part = 'lunix' }
        @{ What = 'a tag in upper case'; Arguments = @{ Tag = 'App:1' }; Failure = 'TagInvalid'; Part = 'App' }
        @{ What = 'a tag with a wrong character'; Arguments = @{ Tag = 'app:1', 'app:a b' }; Failure = 'TagInvalid'; Part = 'a b' }
        @{ What = 'a tag with a digest'; Arguments = @{ Tag = "app@sha256:$('0' * 64)" }; Failure = 'TagInvalid'; Part = 'digest' }
        @{ What = 'an output without a type'; Arguments = @{ Output = @{ Destination = 'x' } }; Failure = 'OutputInvalid'; Part = 'no type' }
        @{ What = 'an output with an unknown type'; Arguments = @{ Output = 'type=locl,dest=x' }; Failure = 'OutputInvalid'; Part = 'locl' }
        @{ What = 'an output with a part that is no pair'; Arguments = @{ Output = 'type=local,dest' }; Failure = 'OutputInvalid'; Part = "'dest'" }
        @{ What = 'an output without a destination'; Arguments = @{ Output = 'type=tar' }; Failure = 'OutputInvalid'; Part = 'destination' }
        @{ What = 'an output that is no output'; Arguments = @{ Output = 5 }; Failure = 'OutputInvalid'; Part = 'Int32' }
        @{ What = 'a destination outside the file system'; Arguments = @{ Output = 'type=local,dest=env:/x' }; Failure = 'OutputInvalid'; Part = 'Environment' }
        @{ What = 'a build argument without a key'; Arguments = @{ BuildArg = '=x' }; Failure = 'ArgumentInvalid'; Part = 'empty' }
        @{ What = 'an empty platform'; Arguments = @{ Platform = '' }; Failure = 'PlatformInvalid'; Part = 'empty' }
        @{ What = 'an empty tag'; Arguments = @{ Tag = '' }; Failure = 'TagInvalid'; Part = 'empty' }
        @{ What = 'an empty output'; Arguments = @{ Output = '' }; Failure = 'OutputInvalid'; Part = 'empty' }
        @{ What = 'an empty path'; Arguments = @{ Path = '' }; Failure = 'BuildContextNotFound'; Part = "''" }
        @{ What = 'in a preview too, what the build would refuse'; Arguments = @{ Path = 'no-such-folder'; WhatIf = $true }; Failure = 'BuildContextNotFound'; Part = 'no-such-folder' }
        @{ What = 'a build argument with a list'; Arguments = @{ BuildArg = @{ A = 1..2 } }; Failure = 'ArgumentInvalid'; Part = "'A'" }
        @{ What = 'a label that is no pair'; Arguments = @{ Label = 5 }; Failure = 'ArgumentInvalid'; Part = 'Int32' }
        @{ What = 'a push without a name'; Arguments = @{ Push = $true }; Failure = 'TagRequired'; Part = 'push' }
        @{ What = 'an archive without a destination'; Arguments = @{ Output = 'type=oci' }; Failure = 'OutputInvalid'; Part = 'oci' }
        @{ What = 'a docker context that does not exist'; Arguments = @{ Context = 'no-such-context' }; Failure = 'ContextNotFound'; Part = 'no-such-context' }
        @{ What = 'two engines'; Arguments = @{ Context = 'a'; DockerHost = 'unix:///b' }; Failure = 'SelectionConflict'; Part = '-DockerHost' }
        @{ What = 'an address with an unknown scheme'; Arguments = @{ DockerHost = 'gopher://x' }; Failure = 'Endpoint(Invalid|Unsupported)'; Part = 'gopher' }
        @{ What = 'a context folder that does not exist'; Arguments = @{ Path = 'no-such-folder' }; Failure = 'BuildContextNotFound'; Part = 'no-such-folder' }
        @{ What = 'a context outside the file system'; Arguments = @{ Path = 'env:/' }; Failure = 'BuildContextNotFound'; Part = 'Environment' }
        @{ What = 'a context at an address that engines do not fetch'; Arguments = @{ Path = 's3://bucket/x' }; Failure = 'BuildContextNotFound'; Part = 's3://bucket/x' }
        @{ What = 'a Dockerfile that does not exist'; Arguments = @{ File = 'no-such-file' }; Failure = 'DockerfileNotFound'; Part = 'no-such-file' }
    ) {
        $all = @{ Path = $context; Progress = 'None' }
        $Arguments.Keys | ForEach-Object { $all[$_] = $Arguments[$_] }
        $failed = @(Get-Failure { Invoke-BuildxBuild @all })
        $failed.Count | Should -Be 1
        $failed[0].FullyQualifiedErrorId | Should -Match "^$Failure,$id$"
        "$($failed[0])" | Should -BeLike "*$($Part.Replace('[', '`['))*"
        $failed[0].ErrorDetails.RecommendedAction | Should -Not -BeNullOrEmpty
        $failed[0].Exception | Should -BeOfType ([BuildxPS.BuildxException])
        Get-ChildItem (Join-Path $TestDrive x) -ErrorAction Ignore | Should -BeNullOrEmpty
    }

    It 'an engine that DOCKER_HOST names and that does not answer, saying where the name came from' {
        $env:DOCKER_HOST = $nowhere
        try {
            $failed = Get-Failure { Invoke-BuildxBuild $context -Progress None }
            "$failed" | Should -BeLike "*$nowhere*"
            "$failed" | Should -BeLike '*DOCKER_HOST*'
        }
        finally {
            $env:DOCKER_HOST = $null
        }
    }

    It 'a wrong DOCKER_DEFAULT_PLATFORM, naming the variable' {
        $env:DOCKER_DEFAULT_PLATFORM = 'linux/amd65'
        try {
            $failed = Get-Failure { Invoke-BuildxBuild $context -Progress None }
            $failed.FullyQualifiedErrorId | Should -Be "PlatformInvalid,$id"
            "$failed" | Should -BeLike '*DOCKER_DEFAULT_PLATFORM*amd65*'
        }
        finally {
            $env:DOCKER_DEFAULT_PLATFORM = $null
        }
    }

    It 'a secret as a build argument, without showing it' {
        $secret = ConvertTo-SecureString 'hunter2' -AsPlainText
        $failed = Get-Failure { Invoke-BuildxBuild $context -BuildArg @{ Token = $secret } }
        $failed.FullyQualifiedErrorId | Should -Be "ArgumentInvalid,$id"
        "$failed" | Should -BeLike '*Token*'
        $failed | Out-String | Should -Not -BeLike '*hunter2*'
    }

    It 'a policy file beside the Dockerfile' {
        $guarded = New-TestContext (Join-Path $TestDrive guarded)
        Set-Content (Join-Path $guarded Dockerfile.rego) 'package docker'
        $failed = Get-Failure { Invoke-BuildxBuild $guarded -DockerHost $nowhere -Progress None }
        $failed.FullyQualifiedErrorId | Should -Be "PolicyUnsupported,$id"
        $failed = Get-Failure { Invoke-BuildxBuild $guarded -DockerHost $nowhere -Progress None -IgnorePolicy }
        $failed.FullyQualifiedErrorId | Should -Be "EngineUnreachable,$id"
    }

    It 'a context folder that cannot be read' {
        $closed = New-TestContext (Join-Path $TestDrive closed)
        chmod 000 $closed
        # Root may read everything, so it gives up that right first.
        $drop = (id -u) -eq 0 ? @('setpriv', '--bounding-set=-dac_override,-dac_read_search', '--inh-caps=-dac_override,-dac_read_search') : @('env')
        $script = "Import-Module '$env:BUILDXPS_MODULE'; Invoke-BuildxBuild '$closed' -DockerHost '$nowhere' -Progress None -ErrorVariable failed -ErrorAction SilentlyContinue; `$failed[0].FullyQualifiedErrorId"
        $first, $rest = $drop
        & $first @rest (Join-Path $PSHOME pwsh) -NoProfile -NonInteractive -Command $script | Should -Be "BuildContextUnreadable,$id"
        chmod 700 $closed
    }
}

Describe 'The parameters of Invoke-BuildxBuild' {
    BeforeAll {
        # What -WhatIf says, which nothing is contacted for.
        function Get-Intention([scriptblock] $Command) {
            $log = Join-Path $TestDrive whatif.txt
            $null = Start-Transcript $log
            try {
                & $Command | Should -BeNullOrEmpty
            }
            finally {
                $null = Stop-Transcript
            }

            @(Get-Content $log | Where-Object { $_ -like 'What if:*' })
        }
    }

    It 'do nothing with -WhatIf but say what would be done' {
        $out = Join-Path $TestDrive whatif
        $said = @(Get-Intention { Invoke-BuildxBuild $context -Tag app:1 -Platform linux/amd64, arm64 -Output $out -Push -DockerHost $nowhere -WhatIf })
        $said | Should -HaveCount 1
        $said[0] | Should -BeLike "*app:1*linux/amd64, linux/arm64*$out*push*$nowhere*`"$context`"*"
        $out | Should -Not -Exist
    }

    It 'take contexts from the pipeline as <Kind>' -ForEach @(
        @{ Kind = 'text'; Get = { $context } }
        @{ Kind = 'a folder'; Get = { Get-Item $context } }
        @{ Kind = 'a folder without PSPath'; Get = { [IO.DirectoryInfo]::new($context) } }
        @{ Kind = 'a location'; Get = { Push-Location $context; Get-Location; Pop-Location } }
        @{ Kind = 'a property Path'; Get = { [pscustomobject]@{ Path = $context } } }
        @{ Kind = 'a property PSPath'; Get = { [pscustomobject]@{ PSPath = (Get-Item $context).PSPath } } }
    ) {
        Get-Intention { & $Get | Invoke-BuildxBuild -WhatIf } | Should -BeLike "*`"$context`"*"
    }

    It 'take builders from the pipeline' {
        $builders = [BuildxPS.Builder]@{ Name = 'one' }, [BuildxPS.Builder]@{ Name = 'two' }
        $said = @(Get-Intention { $builders | Invoke-BuildxBuild $context -WhatIf })
        $said | Should -HaveCount 2
        $said[0] | Should -BeLike "*on one*`"$context`"*"
        $said[1] | Should -BeLike "*on two*`"$context`"*"
    }

    It 'take an object that is no path for none' {
        $failed = Get-Failure { [pscustomobject]@{ Something = 1 } | Invoke-BuildxBuild -WhatIf }
        $failed.FullyQualifiedErrorId | Should -BeLike 'InputObjectNotBound,*'
    }

    It 'resolve paths from the current location' {
        Push-Location $TestDrive
        try {
            $said = @(Get-Intention { Invoke-BuildxBuild context -Output out, 'type=tar,dest=~/x.tar' -WhatIf })
        }
        finally {
            Pop-Location
        }

        $said | Should -BeLike "*dest=$(Join-Path $TestDrive out) *dest=$HOME/x.tar*`"$context`"*"
    }

    It 'read <Form> as one output' -ForEach @(
        @{ Form = 'text'; Get = { Invoke-BuildxBuild $context -Output 'type=tar,dest=/x.tar' -WhatIf } }
        @{ Form = 'text without quotes'; Get = { Invoke-BuildxBuild $context -o type=tar,dest=/x.tar -WhatIf } }
        @{ Form = 'a hashtable'; Get = { Invoke-BuildxBuild $context -Output @{ Type = 'tar'; Destination = '/x.tar' } -WhatIf } }
        @{ Form = 'an OutputSpec'; Get = { Invoke-BuildxBuild $context -Output ([BuildxPS.OutputSpec]@{ Type = 'tar'; Destination = '/x.tar' }) -WhatIf } }
    ) {
        Get-Intention $Get | Should -BeLike '*"Build to type=tar,dest=/x.tar"*'
    }

    It 'go on with the next context after one that fails' {
        $failed = Get-Failure { 'no-such-folder', 'nor-this-one' | Invoke-BuildxBuild -DockerHost $nowhere -Progress None }
        $failed.FullyQualifiedErrorId | Should -Be @("BuildContextNotFound,$id", "BuildContextNotFound,$id")
        $failed[0].TargetObject | Should -Be 'no-such-folder'
    }

    It 'stop at once when no context can succeed' {
        $failed = @(Get-Failure { $context, $context | Invoke-BuildxBuild -DockerHost $nowhere -Progress None })
        $failed | Should -HaveCount 1
    }

    It 'complete <Line>' -ForEach @(
        @{ Line = 'Invoke-BuildxBuild -Platform linux/amd64,linux/arm'; Expected = 'linux/arm64' }
        @{ Line = 'Invoke-BuildxBuild -Output '; Expected = "'type=tar,dest='" }
        @{ Line = "Invoke-BuildxBuild -Output 'type=r"; Expected = "'type=registry'" }
        @{ Line = "Invoke-BuildxBuild -Output 'type=o"; Expected = "'type=oci,dest='" }
        @{ Line = "Invoke-BuildxBuild -Output 'type=l"; Expected = "'type=local,dest='" }
        @{ Line = 'Invoke-BuildxBuild -Builder def'; Expected = 'default' }
        @{ Line = 'Invoke-BuildxBuild -Context def'; Expected = 'default' }
        @{ Line = 'Invoke-BuildxBuild -Progress P'; Expected = 'Plain' }
        @{ Line = 'Invoke-BuildxBuild CONTEXT -Target '; Expected = 'build' }
        @{ Line = 'Invoke-BuildxBuild -File CONTEXT/Dockerfile -Target f'; Expected = 'final' }
    ) {
        $Line = $Line.Replace('CONTEXT', $context)
        (TabExpansion2 $Line $Line.Length).CompletionMatches.CompletionText | Should -Contain $Expected
    }
}

Describe 'A build on <Engine>' -ForEach @(@{ Engine = 'd20' }, @{ Engine = 'd28' }, @{ Engine = 'd28c' }) {
    BeforeAll {
        $tag = "buildxps-pester-$($Engine):$([guid]::NewGuid().ToString('N').Substring(0, 8))"
    }

    It 'writes a folder, and returns what was done' {
        $dockerHost = Get-TestEngine $Engine
        $out = Join-Path $TestDrive "$Engine-folder"
        $result = Invoke-BuildxBuild $context -DockerHost $dockerHost -BuildArg @{ GREETING = 'good day' } -Output $out -Progress None
        $result | Should -HaveCount 1
        $result | Should -BeOfType ([BuildxPS.BuildResult])
        Get-Content (Join-Path $out greeting.txt) | Should -Be 'good day, world'
        $result.Status | Should -Be Completed
        $result.Outputs | Should -HaveCount 1
        $result.Outputs[0].Type | Should -Be 'local'
        $result.Outputs[0].Path | Should -Be $out
        $result.Duration | Should -BeGreaterThan ([timespan]::Zero)
        $result.Steps.Name | Should -Contain '[final 1/1] COPY --from=build /greeting.txt /'
        $result.Steps.Number | Should -Be (1..$result.Steps.Count)
        $result | Out-String | Should -BeLike '*Completed*'
    }

    It 'writes a tar file' {
        $dockerHost = Get-TestEngine $Engine
        $out = Join-Path $TestDrive "$Engine.tar"
        $result = Invoke-BuildxBuild $context -DockerHost $dockerHost -Output "type=tar,dest=$out" -Progress None
        $result.Outputs[0].Size | Should -Be (Get-Item $out).Length
        $folder = (New-Item (Join-Path $TestDrive "$Engine-tar") -ItemType Directory).FullName
        [Formats.Tar.TarFile]::ExtractToDirectory($out, $folder, $true)
        Get-Content (Join-Path $folder greeting.txt) | Should -Be 'hello, world'
    }

    It 'loads an image into the daemon, with its labels' {
        $dockerHost = Get-TestEngine $Engine
        $result = Invoke-BuildxBuild $context -DockerHost $dockerHost -Tag $tag -Label @{ purpose = 'test' }, 'bare' -Load -Progress None
        try {
            $result.Images | Should -Be "docker.io/library/$tag"
            $image = Invoke-DockerApi $dockerHost "/v1.41/images/$tag/json"
            $image.RepoTags | Should -Contain $tag
            $image.Config.Labels.purpose | Should -Be 'test'
            $image.Config.Labels.bare | Should -Be ''
            $image.Id | Should -Be $result.Digest
        }
        finally {
            $null = Invoke-DockerApi $dockerHost "/v1.41/images/$tag" DELETE
        }
    }

    It 'shows a step that fails: its last output, its lines of the Dockerfile, and what to do' {
        $dockerHost = Get-TestEngine $Engine
        $broken = New-TestContext (Join-Path $TestDrive "$Engine-broken") "FROM busybox`nRUN echo something is wrong && exit 7`n"
        $out = Join-Path $TestDrive "$Engine-broken-out"
        $failed = Get-Failure { Invoke-BuildxBuild $broken -DockerHost $dockerHost -Output $out -Progress None -NoCache }
        $failed.FullyQualifiedErrorId | Should -Be "StepFailed,$id"
        $failed.TargetObject | Should -Be $broken
        $failed.Exception | Should -BeOfType ([BuildxPS.BuildFailedException])
        $failed.Exception.ExitCode | Should -Be 7
        $failed.Exception.LogTail | Should -Contain 'something is wrong'
        $failed.Exception.Sources[0].FirstLine | Should -Be 2
        $shown = $failed | Out-String
        $shown | Should -Match '(?m)^ \| something is wrong\r?$'
        $shown | Should -Match '(?m)^ +2 \| >>> RUN echo something is wrong'
        $shown | Should -Match 'Recommendation: \S'
        $out | Should -Not -Exist
    }

    It 'refuses a destination that cannot be written, and leaves it as it was' {
        $dockerHost = Get-TestEngine $Engine
        $file = Join-Path $TestDrive "$Engine-file"
        Set-Content $file 'mine'
        $failed = Get-Failure { Invoke-BuildxBuild $context -DockerHost $dockerHost -Output (Join-Path $file out) -Progress None }
        $failed.FullyQualifiedErrorId | Should -Be "DestinationNotWritable,$id"
        "$failed" | Should -BeLike "*$file*"
        $failed.ErrorDetails.RecommendedAction | Should -Not -BeNullOrEmpty
        Get-Content $file | Should -Be 'mine'
    }

    It 'takes a build argument from the environment, and drops one that is not set' {
        $dockerHost = Get-TestEngine $Engine
        $out = Join-Path $TestDrive "$Engine-environment"
        $env:GREETING = 'bonjour'
        try {
            $null = Invoke-BuildxBuild $context -DockerHost $dockerHost -BuildArg GREETING -Output $out -Progress None
            Get-Content (Join-Path $out greeting.txt) | Should -Be 'bonjour, world'
        }
        finally {
            $env:GREETING = $null
        }

        $null = Invoke-BuildxBuild $context -DockerHost $dockerHost -BuildArg GREETING -Output $out -Progress None
        Get-Content (Join-Path $out greeting.txt) | Should -Be 'hello, world'
    }

    It 'builds only the stage that -Target names' {
        $dockerHost = Get-TestEngine $Engine
        $result = Invoke-BuildxBuild $context -DockerHost $dockerHost -Target build -Output type=cacheonly -Progress None
        $result.Steps.Name | Should -Not -Contain '[final 1/1] COPY --from=build /greeting.txt /'
        $failed = Get-Failure { Invoke-BuildxBuild $context -DockerHost $dockerHost -Target nothing -Progress None }
        $failed.FullyQualifiedErrorId | Should -Be "TargetNotFound,$id"
    }
}

Describe 'The progress of a build' {
    It 'is lines in buildx''s format where there is no terminal, which 6> captures' {
        $dockerHost = Get-TestEngine d28
        $log = Join-Path $TestDrive progress.txt
        $result = Invoke-BuildxBuild $context -DockerHost $dockerHost -Output type=cacheonly -NoCache 6> $log
        $result | Should -BeOfType ([BuildxPS.BuildResult])
        $lines = Get-Content $log
        $lines[0] | Should -Be '#0 building with "default" instance using docker driver'
        # Not by number: a step that another build has under way comes first.
        $lines -match '^#\d+ \[internal\] load build definition from Dockerfile$' | Should -Not -BeNullOrEmpty
        $lines | Where-Object { $_ -match '^#\d+ DONE \d+\.\ds$' } | Should -Not -BeNullOrEmpty
        $lines | Where-Object { $_ -and $_ -notmatch '^#\d+ ' } | Should -Match '^Built in \d+\.\ds: \d+ steps, \d+ cached$'
    }

    It 'is not shown with -Progress None, nor where BUILDKIT_PROGRESS asks for none' {
        $dockerHost = Get-TestEngine d28
        Invoke-BuildxBuild $context -DockerHost $dockerHost -Output type=cacheonly -Progress None -InformationVariable shown | Should -Not -BeNullOrEmpty
        $shown | Should -BeNullOrEmpty
        $env:BUILDKIT_PROGRESS = 'quiet'
        try {
            $null = Invoke-BuildxBuild $context -DockerHost $dockerHost -Output type=cacheonly -InformationVariable shown
            $shown | Should -BeNullOrEmpty
            $null = Invoke-BuildxBuild $context -DockerHost $dockerHost -Output type=cacheonly -Progress Plain -InformationVariable shown 6> $null
            $shown | Should -Not -BeNullOrEmpty
        }
        finally {
            $env:BUILDKIT_PROGRESS = $null
        }
    }

    It 'says that a word of BUILDKIT_PROGRESS is not offered' {
        $dockerHost = Get-TestEngine d28
        $env:BUILDKIT_PROGRESS = 'rawjson'
        try {
            $null = Invoke-BuildxBuild $context -DockerHost $dockerHost -Output type=cacheonly -WarningVariable warned -WarningAction SilentlyContinue 6> $null
            "$warned" | Should -BeLike '*rawjson*'
        }
        finally {
            $env:BUILDKIT_PROGRESS = $null
        }
    }

    It 'lets no warning give a pipeline a command' {
        $dockerHost = Get-TestEngine d28
        $command = Join-Path $TestDrive command
        $null = New-Item $command -ItemType Directory
        Set-Content (Join-Path $command Dockerfile) "FROM scratch`nENV `"##vso[task.x]_PASSWORD`"=x`n"
        $null = Invoke-BuildxBuild $command -DockerHost $dockerHost -Output type=cacheonly -Progress None -WarningVariable warned -WarningAction SilentlyContinue
        "$warned" | Should -BeLike '*task.x*'
        "$warned" | Should -Not -BeLike '*##vso`[*'
    }

    It 'has the checks'' warnings with file and line' {
        $dockerHost = Get-TestEngine d28
        $sloppy = New-TestContext (Join-Path $TestDrive sloppy) "FROM scratch as one`nCOPY name.txt /`n"
        $result = Invoke-BuildxBuild $sloppy -DockerHost $dockerHost -Output type=cacheonly -Progress None -WarningVariable warned -WarningAction SilentlyContinue
        "$warned" | Should -BeLike 'Dockerfile:1: FromAsCasing: *'
        $result.Warnings | Should -HaveCount 1
        $result.Warnings[0].Source.FirstLine | Should -Be 1
    }

    It 'leaves the lines of a failure apart where it ends a script' {
        $dockerHost = Get-TestEngine d28
        $broken = New-TestContext (Join-Path $TestDrive stopped) "FROM busybox`nRUN echo oh no && exit 3`n"
        $script = Join-Path $TestDrive stops.ps1
        Set-Content $script @"
`$ErrorActionPreference = 'Stop'
Import-Module '$env:BUILDXPS_MODULE'
Invoke-BuildxBuild '$broken' -DockerHost '$dockerHost' -Progress None
'not reached'
"@
        $env:NO_COLOR = '1'
        try {
            $lines = & (Join-Path $PSHOME pwsh) -NoProfile -NonInteractive -File $script 2>&1 | ForEach-Object { "$_" }
            $LASTEXITCODE | Should -Be 1
        }
        finally {
            $env:NO_COLOR = $null
        }

        $lines | Should -Contain ' | oh no'
        $lines | Should -Contain '   2 | >>> RUN echo oh no && exit 3'
        $lines | Should -Contain "at $($script):3"
        $lines | Should -Not -Contain 'not reached'
    }

    It 'says what is done with -Verbose' {
        $dockerHost = Get-TestEngine d28
        $said = Invoke-BuildxBuild $context -DockerHost $dockerHost -Output type=cacheonly -Progress None -Verbose 4>&1 |
            Where-Object { $_ -is [Management.Automation.VerboseRecord] }
        "$said" | Should -BeLike "*$context*"
        "$said" | Should -BeLike '*docker driver*'
    }
}

Describe 'Several builds in a pipeline' {
    It 'give a result each, and an error for each that fails' {
        $dockerHost = Get-TestEngine d28
        $broken = New-TestContext (Join-Path $TestDrive several) "FROM busybox`nRUN exit 1`n"
        $results = $context, $broken, $context |
            Invoke-BuildxBuild -DockerHost $dockerHost -Output type=cacheonly -Progress None -ErrorVariable failed -ErrorAction SilentlyContinue
        $results | Should -HaveCount 2
        $failed | Should -HaveCount 1
        $failed[0].FullyQualifiedErrorId | Should -Be "StepFailed,$id"
    }

    It 'stop after the first with Select-Object -First 1' {
        $dockerHost = Get-TestEngine d28
        $results = @($context, 'no-such-folder' | Invoke-BuildxBuild -DockerHost $dockerHost -Output type=cacheonly -Progress None | Select-Object -First 1)
        $results | Should -HaveCount 1
        $results[0].Status | Should -Be Completed
    }

    It 'run side by side in runspaces' {
        $dockerHost = Get-TestEngine d28
        $results = 1..3 | ForEach-Object -Parallel {
            Import-Module $env:BUILDXPS_MODULE
            Invoke-BuildxBuild $using:context -DockerHost $using:dockerHost -Output type=cacheonly -Progress None -BuildArg "GREETING=$_"
        }
        $results | Should -HaveCount 3
    }
}

Describe 'A build for several platforms, pushed and read back' {
    BeforeAll {
        $builders = @(New-TestName)
        $platforms = 'linux/amd64', 'linux/arm64', 'linux/arm/v7'
        $several = New-TestContext (Join-Path $TestDrive platforms) @'
FROM --platform=$BUILDPLATFORM busybox AS tool
ARG BUILDPLATFORM TARGETPLATFORM
RUN echo "built on $BUILDPLATFORM for $TARGETPLATFORM" > /built.txt

FROM busybox
ARG TARGETPLATFORM
COPY --from=tool /built.txt /
RUN uname -m > /machine.txt
'@
        if ($env:BUILDXPS_TEST_ENGINES) {
            $env:DOCKER_HOST = Get-TestEngine d28
            $registry = (Get-TestSetup).registries.plain
            $image = "$registry/buildxps/$($builders[0])"
            $config = New-TestConfig (Join-Path $TestDrive buildkitd.toml)
            $null = New-BuildxBuilder $builders[0] -ConfigFile $config -DriverOption @{ network = 'host' } -Use
        }
    }

    AfterAll {
        if ($env:BUILDXPS_TEST_ENGINES) {
            Get-BuildxBuilder bxp-* | Remove-BuildxBuilder
            Remove-TestBuilder (Get-TestEngine d28) $builders
        }

        $env:DOCKER_HOST = $null
    }

    BeforeEach {
        $null = Get-TestEngine d28
    }

    It 'is one line, and the registry has what the objects say' {
        $index = Invoke-BuildxBuild $several -Tag "$($image):1" -Platform $platforms -Push -Progress None -OutVariable results | Get-BuildxImageManifest
        $index | Should -BeOfType ([BuildxPS.ImageIndex])
        $index.Platforms | ForEach-Object { "$_" } | Should -Be $platforms
        $result = $results[0]
        $result.Builder | Should -Be $builders[0]
        $result.Digest | Should -Be $index.Digest
        $result.PlatformImages.Digest | Should -Be $index.Manifests.Where({ -not $_.IsAttestation }).Digest
        $bytes = Get-SkopeoBytes inspect, --raw, --tls-verify=false, "docker://$($image):1"
        [Convert]::ToHexString($index.RawBytes.ToArray()) | Should -Be ([Convert]::ToHexString($bytes))
        foreach ($platform in $platforms) {
            $index | Out-String -Width 200 | Should -Match "(?m)$platform +sha256:[0-9a-f]{12} "
            $result | Out-String -Width 200 | Should -Match "(?m)$platform +sha256:[0-9a-f]{12}\r?$"
        }
    }

    It 'ran on each platform, as its files say' {
        $out = Join-Path $TestDrive split
        $null = Invoke-BuildxBuild $several -Platform $platforms -Output $out -Progress None
        Get-Content (Join-Path $out linux_arm64 built.txt) | Should -BeLike 'built on linux/* for linux/arm64'
        Get-Content (Join-Path $out linux_amd64 machine.txt) | Should -Be 'x86_64'
        Get-Content (Join-Path $out linux_arm64 machine.txt) | Should -Be 'aarch64'
        Get-Content (Join-Path $out linux_arm_v7 machine.txt) | Should -BeLike 'armv*'
    }

    It 'becomes an OCI archive that skopeo reads' {
        $out = Join-Path $TestDrive image.tar
        $result = Invoke-BuildxBuild $several -Platform $platforms -Output "type=oci,dest=$out" -Progress None
        $result.PlatformImages.Platform | ForEach-Object { "$_" } | Should -Be $platforms
        $bytes = Get-SkopeoBytes inspect, --raw, "oci-archive:$out"
        "sha256:$([Convert]::ToHexStringLower([Security.Cryptography.SHA256]::HashData($bytes)))" | Should -Be $result.Digest
    }

    It 'goes to a registry with -Output type=registry' {
        $result = Invoke-BuildxBuild $several -Tag "$($image):2" -Output type=registry -Progress None
        (Get-BuildxImageManifest "$($image):2").Digest | Should -Be $result.Digest
    }

    It 'is loaded into the daemon for one platform' {
        $tag = "buildxps-pester-load:$($builders[0])"
        $null = Invoke-BuildxBuild $several -Tag $tag -Load -Progress None
        try {
            (Invoke-DockerApi $env:DOCKER_HOST "/v1.41/images/$tag/json").RepoTags | Should -Contain $tag
        }
        finally {
            $null = Invoke-DockerApi $env:DOCKER_HOST "/v1.41/images/$tag" DELETE
        }
    }

    It 'runs on a builder that docker buildx made' {
        $theirs = New-TestName
        $null = Invoke-Docker buildx create --name $theirs --driver docker-container --driver-opt network=host --config $config
        try {
            $result = Invoke-BuildxBuild $several -Builder $theirs -Tag "$($image):3" -Platform linux/arm64 -Push -Progress None
            $result.Builder | Should -Be $theirs
            (Get-BuildxBuilder $theirs).Status | Should -Be Running
            (Get-BuildxBuilder $theirs).LastActivity | Should -BeGreaterThan ([DateTimeOffset]::UtcNow.AddMinutes(-10))
        }
        finally {
            $null = Invoke-Docker buildx rm $theirs
        }
    }
}
