# Where a build's files come from: streams, archives, text, the pipeline, addresses.

BeforeAll {
    Import-Module $env:BUILDXPS_MODULE
    . (Join-Path $PSScriptRoot TestEngines.ps1)
    $id = 'BuildxPS.Commands.InvokeBuildxBuildCommand'
    $kept = Enter-TestSurroundings $TestDrive
    $nowhere = "unix://$TestDrive/nowhere.sock"
    $mark = [guid]::NewGuid().ToString('N')
    $context = (New-Item (Join-Path $TestDrive context) -ItemType Directory).FullName
    Set-Content (Join-Path $context Dockerfile) "FROM scratch`nCOPY name.txt /$mark`n"
    Set-Content (Join-Path $context name.txt) 'world'
    $archive = Join-Path $TestDrive context.tar
    [Formats.Tar.TarFile]::CreateFromDirectory($context, $archive, $false)
    $compressed = "$archive.gz"
    $gzip = [IO.Compression.GZipStream]::new([IO.File]::Create($compressed), [IO.Compression.CompressionLevel]::Fastest)
    $gzip.Write([IO.File]::ReadAllBytes($archive))
    $gzip.Dispose()
    $alone = Join-Path $TestDrive Alone.Dockerfile
    Set-Content $alone "FROM scratch`nLABEL mark=$mark"
}

AfterAll {
    Exit-TestSurroundings $kept
}

Describe 'Invoke-BuildxBuild with other contexts' {
    It 'refuses <What> before anything is contacted' -ForEach @(
        @{ What = 'two Dockerfiles'; Build = { Invoke-BuildxBuild $context -File $alone -DockerfileContent 'FROM x' @all }; Failure = 'ArgumentInvalid'; Part = 'two Dockerfiles' }
        @{ What = 'a Dockerfile from the pipeline and as text'; Build = { 'FROM x' | Invoke-BuildxBuild -File - -DockerfileContent 'FROM x' @all }; Failure = 'ArgumentInvalid'; Part = 'twice' }
        @{ What = 'an empty text'; Build = { Invoke-BuildxBuild -DockerfileContent '' @all }; Failure = 'ArgumentInvalid'; Part = 'empty' }
        @{ What = 'lines that are none'; Build = { Invoke-BuildxBuild -DockerfileContent @() @all }; Failure = 'ArgumentInvalid'; Part = 'empty' }
        @{ What = 'a text that was not set'; Build = { Invoke-BuildxBuild -DockerfileContent $null @all }; Failure = 'ArgumentInvalid'; Part = 'empty' }
        @{ What = 'a folder and a stream'; Build = { Invoke-BuildxBuild $context -ContextStream $archive @all }; Failure = 'ArgumentInvalid'; Part = 'twice' }
        @{ What = 'a stream that is none'; Build = { Invoke-BuildxBuild -ContextStream 5 @all }; Failure = 'ArgumentInvalid'; Part = 'Int32' }
        @{ What = 'a stream that is closed'; Build = { $s = [IO.MemoryStream]::new(); $s.Close(); Invoke-BuildxBuild -ContextStream $s @all }; Failure = 'BuildContextUnreadable'; Part = 'cannot be read' }
        @{ What = 'an archive that does not exist'; Build = { Invoke-BuildxBuild -ContextStream no-such-file @all }; Failure = 'BuildContextNotFound'; Part = 'no-such-file' }
        @{ What = 'a folder as an archive'; Build = { Invoke-BuildxBuild -ContextStream $context @all }; Failure = 'BuildContextInvalid'; Part = 'a folder' }
        @{ What = 'an archive that engines do not unpack'; Build = { Invoke-BuildxBuild -ContextStream ([byte[]](0x50, 0x4B, 3, 4)) @all }; Failure = 'BuildContextInvalid'; Part = 'zip' }
        @{ What = 'an archive read as text'; Build = { Get-Content $compressed | Invoke-BuildxBuild - @all }; Failure = 'BuildContextInvalid'; Part = 'neither' }
        @{ What = 'a Dockerfile beside one from a stream'; Build = { Invoke-BuildxBuild -ContextStream $alone -File x @all }; Failure = 'ArgumentInvalid'; Part = 'besides' }
        @{ What = 'an archive as path'; Build = { Get-Item $archive | Invoke-BuildxBuild @all }; Failure = 'BuildContextNotFound'; Part = 'is a file' }
        @{ What = 'an empty pipeline'; Build = { Invoke-BuildxBuild - @all }; Failure = 'ArgumentInvalid'; Part = 'Nothing came' }
        @{ What = 'a pipeline for both'; Build = { 'x' | Invoke-BuildxBuild - -File - @all }; Failure = 'ArgumentInvalid'; Part = 'both' }
        @{ What = 'a pipeline of two archives'; Build = { (Get-Item $archive), (Get-Item $archive) | Invoke-BuildxBuild - @all }; Failure = 'ArgumentInvalid'; Part = 'More came' }
        @{ What = 'a pipeline that is not used'; Build = { 'FROM x' | Invoke-BuildxBuild $context @all }; Failure = 'ArgumentInvalid'; Part = 'not used' }
        @{ What = 'bytes without a dash'; Build = { , [byte[]](1, 2) | Invoke-BuildxBuild @all }; Failure = 'ArgumentInvalid'; Part = 'not used' }
        @{ What = 'a query that git does not know'; Build = { Invoke-BuildxBuild 'https://example.org/a.git?brnach=x' @all }; Failure = 'ArgumentInvalid'; Part = 'brnach' }
        @{ What = 'a Dockerfile outside of an address'; Build = { Invoke-BuildxBuild 'https://example.org/a.git' -File ../x @all }; Failure = 'ArgumentInvalid'; Part = 'outside' }
    ) {
        foreach ($more in @{ }, @{ WhatIf = $true }) {
            $all = @{ DockerHost = $nowhere; Progress = 'None' } + $more
            $failed = @(Get-Failure { & $Build })
            $failed.FullyQualifiedErrorId | Should -Be "$Failure,$id"
            "$($failed[0])" | Should -BeLike "*$Part*"
            $failed[0].ErrorDetails.RecommendedAction | Should -Not -BeNullOrEmpty
        }
    }

    It 'needs an agent for a repository over ssh' {
        $agent = $env:SSH_AUTH_SOCK
        $env:SSH_AUTH_SOCK = $null
        try {
            $failed = Get-Failure { Invoke-BuildxBuild git@example.org:a/b.git -DockerHost $nowhere -Progress None }
            $failed.FullyQualifiedErrorId | Should -Be "SshAgentUnavailable,$id"
        }
        finally {
            $env:SSH_AUTH_SOCK = $agent
        }
    }

    It 'completes the stages of a text' {
        $line = "Invoke-BuildxBuild -DockerfileContent 'FROM x AS one', 'FROM y AS two' -Target "
        (TabExpansion2 $line $line.Length).CompletionMatches.CompletionText | Should -Be one, two
    }

    It 'takes a folder before an address that looks like it' {
        Push-Location $TestDrive
        try {
            $folder = (New-Item github.com/a/b -ItemType Directory).FullName
            Set-Content (Join-Path $folder Dockerfile) 'FROM scratch'
            $failed = Get-Failure { Invoke-BuildxBuild github.com/a/b -DockerHost $nowhere -Progress None -File no-such-file }
            "$failed" | Should -BeLike "*$(Join-Path $TestDrive no-such-file)*"
        }
        finally {
            Pop-Location
        }
    }
}

Describe 'Invoke-BuildxBuild with other contexts on <Engine>' -ForEach @{ Engine = 'd28' } {
    BeforeAll {
        $all = @{ DockerHost = Get-TestEngine $Engine; Progress = 'None' }
        function Get-Built([scriptblock] $Build) {
            $out = Join-Path $TestDrive "out-$([guid]::NewGuid())"
            $all.Output = $out
            (& $Build).Status | Should -Be Completed
            (Get-Content (Join-Path $out $mark)) | Should -Be world
        }
    }

    It 'takes an archive as <What>' -ForEach @(
        @{ What = 'a path'; Build = { Invoke-BuildxBuild -ContextStream $archive @all } }
        @{ What = 'a file'; Build = { Invoke-BuildxBuild -ContextStream (Get-Item $compressed) @all } }
        @{ What = 'a stream'; Build = { $s = [IO.File]::OpenRead($archive); try { Invoke-BuildxBuild -ContextStream $s @all } finally { $s.Close() } } }
        @{ What = 'bytes'; Build = { Invoke-BuildxBuild -ContextStream (Get-Content $archive -AsByteStream -Raw) @all } }
        @{ What = 'a file from the pipeline'; Build = { Get-Item $archive | Invoke-BuildxBuild - @all } }
        @{ What = 'bytes from the pipeline'; Build = { , [IO.File]::ReadAllBytes($archive) | Invoke-BuildxBuild - @all } }
        @{ What = 'single bytes from the pipeline'; Build = { Get-Content $archive -AsByteStream | Invoke-BuildxBuild - @all } }
        @{ What = 'a stream with a Dockerfile as text'; Build = { Invoke-BuildxBuild -ContextStream $archive -DockerfileContent 'FROM scratch', "COPY name.txt /$mark" @all } }
    ) {
        Get-Built $Build
    }

    It 'takes a Dockerfile as <What>' -ForEach @(
        @{ What = 'lines'; Build = { Invoke-BuildxBuild $context -DockerfileContent (Get-Content (Join-Path $context Dockerfile)) @all } }
        @{ What = 'one text'; Build = { Invoke-BuildxBuild $context -DockerfileContent (Get-Content (Join-Path $context Dockerfile) -Raw) @all } }
        @{ What = 'lines from the pipeline'; Build = { Get-Content (Join-Path $context Dockerfile) | Invoke-BuildxBuild $context -File - @all } }
    ) {
        Get-Built $Build
    }

    It 'builds a Dockerfile alone as <What>' -ForEach @(
        @{ What = 'text'; Build = { Invoke-BuildxBuild -DockerfileContent (Get-Content $alone) @all } }
        @{ What = 'lines from the pipeline'; Build = { Get-Content $alone | Invoke-BuildxBuild - @all } }
        @{ What = 'a file from the pipeline'; Build = { Get-Item $alone | Invoke-BuildxBuild - @all } }
    ) {
        $all.Output = 'type=cacheonly'
        (& $Build).Status | Should -Be Completed
    }

    It 'leaves a stream as it was in a preview' {
        $stream = [IO.File]::OpenRead($archive)
        try {
            Invoke-BuildxBuild -ContextStream $stream -WhatIf @all
            Get-Built { Invoke-BuildxBuild -ContextStream $stream @all }
        }
        finally {
            $stream.Close()
        }
    }
}
