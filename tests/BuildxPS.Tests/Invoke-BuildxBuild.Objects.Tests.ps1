# A matrix of builds from the pipeline: objects whose properties are a build's parameters.

BeforeAll {
    Import-Module $env:BUILDXPS_MODULE
    . (Join-Path $PSScriptRoot TestEngines.ps1)
    $id = 'BuildxPS.Commands.InvokeBuildxBuildCommand'
    $kept = Enter-TestSurroundings $TestDrive
    $nowhere = "unix://$TestDrive/nowhere.sock"
    foreach ($name in 'a', 'b') {
        $folder = (New-Item (Join-Path $TestDrive $name) -ItemType Directory).FullName
        Set-Content (Join-Path $folder name.txt) $name
        Set-Content (Join-Path $folder Dockerfile) @'
FROM scratch AS base
ARG V=none
LABEL v=$V
COPY name.txt /
FROM base AS app
LABEL stage=app
FROM base
'@
    }

    Set-Content (Join-Path $TestDrive Other.Dockerfile) "FROM scratch`nLABEL stage=other"
    $link = (New-Item (Join-Path $TestDrive link) -ItemType SymbolicLink -Value (Join-Path $TestDrive a)).FullName
    Push-Location $TestDrive
    # What would be built, line by line.
    function Get-Preview([scriptblock] $Build) {
        $file = Join-Path $TestDrive "preview-$([guid]::NewGuid())"
        $null = Start-Transcript $file -UseMinimalHeader
        try {
            & $Build
        }
        finally {
            $null = Stop-Transcript
        }

        [regex]::Matches((Get-Content -Raw $file), 'operation "([^"]*)" on target "([^"]*)"').ForEach({ "$($_.Groups[2].Value): $($_.Groups[1].Value)" }) |
            Where-Object { $_ -notlike 'node *' }
    }
}

AfterAll {
    Pop-Location
    Exit-TestSurroundings $kept
}

Describe 'Invoke-BuildxBuild with objects from the pipeline' {
    BeforeAll {
        $all = @{ DockerHost = $nowhere; Progress = 'None' }
    }

    It 'gives each build what its own object says' {
        $matrix = @(
            [pscustomobject]@{ Path = 'a'; Tag = 'r/a:1' }
            [pscustomobject]@{ Path = 'b'; Tag = 'r/b:1', 'r/b:2'; Platform = 'linux/arm64'; Target = 'app' }
            [pscustomobject]@{ Path = 'a'; Tag = $null; Platform = $null; Target = $null; BuildArg = $null; File = $null }
        )
        Get-Preview { $matrix | Invoke-BuildxBuild -WhatIf @all } | Should -Be @(
            "$(Join-Path $TestDrive a): Build image r/a:1 on $nowhere"
            "$(Join-Path $TestDrive b): Build stage 'app' image r/b:1, r/b:2 for linux/arm64 on $nowhere"
            "$(Join-Path $TestDrive a): Build on $nowhere"
        )
    }

    It 'takes rows of a table, whose empty fields say nothing' {
        Set-Content matrix.csv @'
Path,Tag,Platform,Target,BuildArg,File
a,r/a:1,"linux/amd64,linux/arm64",,,
b,,,app,V=1,
'@
        Get-Preview { Import-Csv matrix.csv | Invoke-BuildxBuild -WhatIf @all } | Should -Be @(
            "$(Join-Path $TestDrive a): Build image r/a:1 for linux/amd64, linux/arm64 on $nowhere"
            "$(Join-Path $TestDrive b): Build stage 'app' on $nowhere"
        )
    }

    It 'lets the command line speak for all' {
        $matrix = [pscustomobject]@{ Path = 'a'; Tag = 'r/a:1'; Platform = 'linux/arm64' }, [pscustomobject]@{ Path = 'b' }
        Get-Preview { $matrix | Invoke-BuildxBuild -Platform linux/s390x -Target app -WhatIf @all } | Should -Be @(
            "$(Join-Path $TestDrive a): Build stage 'app' image r/a:1 for linux/s390x on $nowhere"
            "$(Join-Path $TestDrive b): Build stage 'app' for linux/s390x on $nowhere"
        )
    }

    It 'builds one folder of the command line in many ways' {
        $matrix = [pscustomobject]@{ Tag = 'r/a:1' }, [pscustomobject]@{ Target = 'app' }
        Get-Preview { $matrix | Invoke-BuildxBuild a -WhatIf @all } | Should -Be @(
            "$(Join-Path $TestDrive a): Build image r/a:1 on $nowhere"
            "$(Join-Path $TestDrive a): Build stage 'app' on $nowhere"
        )
    }

    It 'reports <What> on its object, and goes on' -ForEach @(
        @{ What = 'a wrong tag'; Own = @{ Tag = 'A B' }; Failure = 'TagInvalid' }
        @{ What = 'a wrong platform'; Own = @{ Platform = 'linux/amd65' }; Failure = 'PlatformInvalid' }
        @{ What = 'a wrong build argument'; Own = @{ BuildArg = '=x' }; Failure = 'ArgumentInvalid' }
        @{ What = 'a missing tag'; Own = @{ }; Failure = 'TagRequired' }
        @{ What = 'a Dockerfile that is not there'; Own = @{ File = 'no-such-file'; Tag = 'r/b:1' }; Failure = 'DockerfileNotFound' }
        @{ What = 'a Dockerfile outside of the file system'; Own = @{ File = 'env:/x'; Tag = 'r/b:1' }; Failure = 'DockerfileNotFound' }
        @{ What = 'the pipeline as a Dockerfile'; Own = @{ File = '-'; Tag = 'r/b:1' }; Failure = 'ArgumentInvalid' }
    ) {
        $matrix = [pscustomobject]@{ Path = 'a'; Tag = 'r/a:1' }, [pscustomobject](@{ Path = 'b' } + $Own), [pscustomobject]@{ Path = 'a'; Tag = 'r/a:2' }
        $seen = Get-Preview { $matrix | Invoke-BuildxBuild -Push -WhatIf @all -ErrorAction SilentlyContinue -ErrorVariable failed; Set-Variable failed $failed -Scope 2 }
        $seen | Should -Be @(
            "$(Join-Path $TestDrive a): Build image r/a:1 and push it on $nowhere"
            "$(Join-Path $TestDrive a): Build image r/a:2 and push it on $nowhere"
        )
        $failed.Count | Should -Be 1
        $failed[0].FullyQualifiedErrorId | Should -Be "$Failure,$id"
        $failed[0].TargetObject | Should -Be b
    }

    It 'ends for <What> on the command line' -ForEach @(
        @{ What = 'a wrong tag'; Arguments = @{ Tag = 'A B' }; Failure = 'TagInvalid' }
        @{ What = 'a wrong platform'; Arguments = @{ Platform = 'linux/amd65' }; Failure = 'PlatformInvalid' }
        @{ What = 'a stage without a name'; Arguments = @{ Target = '' }; Failure = 'ArgumentInvalid' }
        @{ What = 'a Dockerfile without a name'; Arguments = @{ File = $null }; Failure = 'DockerfileNotFound' }
    ) {
        $matrix = [pscustomobject]@{ Path = 'a' }, [pscustomobject]@{ Path = 'b' }
        { $matrix | Invoke-BuildxBuild -WhatIf @all @Arguments } | Should -Throw -ErrorId "$Failure,$id"
    }

    It 'still ends where folders need a name that the command line does not give' {
        { 'a', 'b' | Invoke-BuildxBuild -Push -WhatIf @all } | Should -Throw -ErrorId "TagRequired,$id"
        { Get-Item a, b | Invoke-BuildxBuild -Push -WhatIf @all } | Should -Throw -ErrorId "TagRequired,$id"
    }

    It 'does not take where a link leads for a stage, of <What>' -ForEach @(
        @{ What = 'a folder'; Get = { Get-Item $link } }
        @{ What = 'a folder''s like from Import-Clixml'; Get = { Get-Item $link | Export-Clixml link.xml; Import-Clixml link.xml } }
    ) {
        (& $Get).Target | Should -Be (Join-Path $TestDrive a)
        Get-Preview { & $Get | Invoke-BuildxBuild -WhatIf @all } | Should -Be "${link}: Build on $nowhere"
        Get-Preview { & $Get | Invoke-BuildxBuild -Target app -WhatIf @all } | Should -Be "${link}: Build stage 'app' on $nowhere"
        # Nor is the folder dropped without a word where another one is built.
        { & $Get | Invoke-BuildxBuild b -WhatIf @all } | Should -Throw -ErrorId "ArgumentInvalid,$id"
    }

    It 'runs a script block for each input, of <What>' -ForEach @(
        @{ What = 'folders'; Inputs = { Get-Item a, b } }
        @{ What = 'objects'; Inputs = { [pscustomobject]@{ Name = 'a'; Path = 'a' }, [pscustomobject]@{ Name = 'b'; Path = 'b' } } }
    ) {
        Get-Preview { & $Inputs | Invoke-BuildxBuild -Tag { "r/$($_.Name):1" } -Target { $_.Name } -Platform { 'linux/arm64' } -WhatIf @all } | Should -Be @(
            "$(Join-Path $TestDrive a): Build stage 'a' image r/a:1 for linux/arm64 on $nowhere"
            "$(Join-Path $TestDrive b): Build stage 'b' image r/b:1 for linux/arm64 on $nowhere"
        )
    }

    It 'forgets the folder of an object with the next one that has none' {
        $matrix = [pscustomobject]@{ Path = 'a'; Tag = 'r/a:1' }, [pscustomobject]@{ Tag = 'r/b:1' }
        Get-Preview { $matrix | Invoke-BuildxBuild -DockerfileContent 'FROM scratch' -WhatIf @all } | Should -Be @(
            "$(Join-Path $TestDrive a): Build image r/a:1 on $nowhere"
            "a Dockerfile without a build context: Build image r/b:1 on $nowhere"
        )
    }

    It 'reads an open stream once' {
        $matrix = [pscustomobject]@{ Tag = 'r/a:1' }, [pscustomobject]@{ Tag = 'r/b:1' }
        $stream = [IO.MemoryStream]::new([Text.Encoding]::UTF8.GetBytes('FROM scratch'))
        $failed = @(Get-Failure { $matrix | Invoke-BuildxBuild -ContextStream $stream -WhatIf @all })
        $failed.FullyQualifiedErrorId | Should -Be "ArgumentInvalid,$id"
        $failed[0].Exception.Message | Should -BeLike '*read once*'
    }

    It 'takes build arguments as JSON has them' {
        $matrix = '[{ "Path": "a", "Tag": "r/a:1", "BuildArg": { "V": "1" } }]' | ConvertFrom-Json
        Get-Preview { $matrix | Invoke-BuildxBuild -WhatIf @all } | Should -Be "$(Join-Path $TestDrive a): Build image r/a:1 on $nowhere"
    }

    It 'takes nothing but the builder of <What>' -ForEach @(
        @{ What = 'a builder'; Get = { [BuildxPS.Builder]@{ Name = 'no-such'; Nodes = [BuildxPS.Node[]]@([BuildxPS.Node]@{ Name = 'x'; Endpoint = 'y'; Platforms = [BuildxPS.Platform[]]'linux/arm64' }) } } }
        @{ What = 'a result'; Get = { [BuildxPS.BuildResult]@{ BuildRef = 'b/n/r'; Builder = 'no-such'; ContextPath = 'b'; Images = [string[]]'r/x:1'; Platforms = [BuildxPS.Platform[]]'linux/arm64' } } }
    ) {
        Get-Preview { & $Get | Invoke-BuildxBuild a -WhatIf -Progress None } | Should -Be "$(Join-Path $TestDrive a): Build on no-such"
    }

    It 'has no objects where the pipeline is the context' {
        $failed = @(Get-Failure { [pscustomobject]@{ Tag = 'r/a:1' } | Invoke-BuildxBuild - -WhatIf @all })
        $failed.FullyQualifiedErrorId | Should -Be "ArgumentInvalid,$id"
        $failed[0].TargetObject | Should -Be -
    }
}

Describe 'Invoke-BuildxBuild with objects from the pipeline on <Engine>' -ForEach @{ Engine = 'd28' } {
    BeforeAll {
        $all = @{ DockerHost = Get-TestEngine $Engine; Progress = 'None' }
        function Get-Label([string] $Image) {
            (Invoke-Docker -H $all.DockerHost image inspect $Image | ConvertFrom-Json).Config.Labels
        }
    }

    It 'builds each with its own tag, stage, Dockerfile and arguments' {
        $name = New-TestName
        $matrix = @(
            [pscustomobject]@{ Path = 'a'; Tag = "${name}:1" }
            [pscustomobject]@{ Path = $link; Tag = "${name}:2"; Target = 'app'; BuildArg = @{ V = '2' } }
            [pscustomobject]@{ Path = 'b'; Tag = "${name}:3"; BuildArg = 'V=3' }
            [pscustomobject]@{ Path = 'b'; Tag = "${name}:4"; File = 'Other.Dockerfile' }
        )
        try {
            $results = $matrix | Invoke-BuildxBuild -Load @all
            $results.Images | Should -Be (1..4 | ForEach-Object { "docker.io/library/${name}:$_" })
            $results.ContextPath | Should -Be a, $link, b, b
            $labels = 1..4 | ForEach-Object { Get-Label "${name}:$_" }
            "$($labels.ForEach({ "$($_.v)/$($_.stage)" }))" | Should -Be 'none/ 2/app 3/ /other'
        }
        finally {
            foreach ($i in 1..4) { try { $null = Invoke-Docker -H $all.DockerHost image rm "${name}:$i" } catch { $null = $_ } }
        }
    }

    It 'tells builds of one folder apart in their lines' {
        $matrix = [pscustomobject]@{ Target = 'base' }, [pscustomobject]@{ Target = 'app' }
        $lines = $matrix | Invoke-BuildxBuild a -Output type=cacheonly -DockerHost $all.DockerHost -Progress Plain 6>&1 | Out-String -Stream
        $lines | Where-Object { $_ -match '^a #\d+ .*\bbase ' } | Should -Not -BeNullOrEmpty
        $lines | Where-Object { $_ -match '^a-2 #' } | Should -Not -BeNullOrEmpty
    }

    It 'says which context a result is of, and none where there is none' {
        (Invoke-BuildxBuild ./b -Output type=cacheonly @all).ContextPath | Should -Be ./b
        (Get-Item b | Invoke-BuildxBuild -Output type=cacheonly @all).ContextPath | Should -Be (Join-Path $TestDrive b)
        (Invoke-BuildxBuild -DockerfileContent 'FROM scratch', 'LABEL a=b' -Output type=cacheonly @all).ContextPath | Should -BeNullOrEmpty
    }
}
