BeforeAll {
    Import-Module $env:BUILDXPS_MODULE
    . (Join-Path $PSScriptRoot TestEngines.ps1)
    $id = 'BuildxPS.Commands.InvokeBuildxBuildCommand'
    $kept = Enter-TestSurroundings $TestDrive
    $context = New-TestContext (Join-Path $TestDrive context)
    $nowhere = "unix://$TestDrive/nowhere.sock"

    # Bytes that no text encoding leaves as they are, in more than one piece.
    $binary = Join-Path $TestDrive binary
    $null = New-Item $binary -ItemType Directory
    $noise = [byte[]]::new(300000)
    [Random]::new(1).NextBytes($noise)
    [IO.File]::WriteAllBytes((Join-Path $binary noise), $noise)
    Set-Content (Join-Path $binary Dockerfile) "FROM scratch`nCOPY noise /`nLABEL id=$([guid]::NewGuid())"
}

AfterAll {
    Exit-TestSurroundings $kept
}

Describe 'Invoke-BuildxBuild refuses' {
    It '<What>, naming <Part>' -ForEach @(
        @{ What = 'two outputs on the pipeline'; Output = '-', 'type=oci,dest=-'; Failure = 'OutputInvalid'; Part = 'Multiple outputs' }
        @{ What = 'a folder on the pipeline'; Output = 'type=local,dest=-'; Failure = 'OutputInvalid'; Part = 'dest=-' }
        @{ What = 'a layout on the pipeline'; Output = @{ Type = 'oci'; Destination = '-'; Tar = $false }; Failure = 'OutputInvalid'; Part = 'dest=-' }
        @{ What = 'an unknown compression'; Output = 'type=image,compression=lz4'; Failure = 'OutputInvalid'; Part = 'compression=lz4' }
        @{ What = 'a switch that is none'; Output = @{ Type = 'image'; Unpack = 'perhaps' }; Failure = 'OutputInvalid'; Part = 'unpack=perhaps' }
        @{ What = 'a docker context that is not there'; Output = 'type=docker,context=no-such'; Failure = 'ContextNotFound'; Part = 'no-such' }
        @{ What = 'to delete outside of the current location'; Output = "type=local,dest=$([IO.Path]::GetTempPath())elsewhere,mode=delete"; Failure = 'EntitlementRefused'; Part = 'mode=delete' }
    ) {
        $failed = @(Get-Failure { Invoke-BuildxBuild $context -DockerHost $nowhere -Output $Output -Progress None })
        $failed.Count | Should -Be 1
        $failed[0].FullyQualifiedErrorId | Should -Be "$Failure,$id"
        "$($failed[0])" | Should -BeLike "*$Part*"
        $failed[0].ErrorDetails.RecommendedAction | Should -Not -BeNullOrEmpty
    }

    It 'a second context where the bytes of the first are on the pipeline' {
        $dockerHost = Get-TestEngine d28
        $failed = @(Get-Failure { $binary, $binary | Invoke-BuildxBuild -DockerHost $dockerHost -Output - -Progress None })
        $failed.Count | Should -Be 1
        $failed[0].FullyQualifiedErrorId | Should -Be "OutputInvalid,$id"
    }
}

Describe 'A mirrored folder from <Engine>' -ForEach @(@{ Engine = 'd20' }, @{ Engine = 'd28' }) {
    BeforeAll {
        $dockerHost = Get-TestEngine $Engine
        $mirror = Join-Path $TestDrive "$Engine-mirror"
        $null = New-Item (Join-Path $mirror linux_arm64/stale), (Join-Path $mirror stale) -ItemType Directory
        Push-Location $TestDrive
    }

    AfterAll {
        Pop-Location
    }

    It 'has all platforms and nothing else, though no engine here knows mode=delete' {
        $null = Invoke-BuildxBuild $binary -DockerHost $dockerHost -Platform linux/amd64, linux/arm64 -Output "type=local,dest=$mirror,mode=delete" -Progress None
        Get-ChildItem $mirror -Recurse -Name | Sort-Object | Should -Be 'linux_amd64', 'linux_amd64/noise', 'linux_arm64', 'linux_arm64/noise'
    }

    It 'stays as it was when the build fails' {
        $failed = @(Get-Failure { Invoke-BuildxBuild $binary -DockerHost $dockerHost -Target none -Output @{ Type = 'local'; Destination = $mirror; Mode = 'delete' } -Progress None })
        $failed.Count | Should -Be 1
        Get-ChildItem $mirror -Recurse -File | Should -HaveCount 2
    }

    It 'is allowed elsewhere by an entitlement' {
        Push-Location /
        $null = Invoke-BuildxBuild $binary -DockerHost $dockerHost -Allow buildx.local.delete -Output "type=local,dest=$mirror,mode=delete" -Progress None
        Pop-Location
        Get-ChildItem $mirror -Recurse -Name | Should -Be noise
    }
}

Describe 'Bytes on the pipeline from <Engine>' -ForEach @(@{ Engine = 'd20' }, @{ Engine = 'd28' }) {
    It 'are what a program reads' {
        $dockerHost = Get-TestEngine $Engine
        $out = (New-Item (Join-Path $TestDrive "$Engine-out") -ItemType Directory).FullName
        Invoke-BuildxBuild $binary -DockerHost $dockerHost -Output - -Progress None | tar -x -C $out
        $LASTEXITCODE | Should -Be 0
        (Get-FileHash (Join-Path $out noise)).Hash | Should -Be (Get-FileHash (Join-Path $binary noise)).Hash
    }

    It 'are what Set-Content writes' {
        $dockerHost = Get-TestEngine $Engine
        $file = Join-Path $TestDrive "$Engine.tar"
        Invoke-BuildxBuild $binary -DockerHost $dockerHost -Output type=tar,dest=$file -Progress None | Should -BeOfType ([BuildxPS.BuildResult])
        Invoke-BuildxBuild $binary -DockerHost $dockerHost -Output type=tar, dest=- -Progress None | Set-Content "$file.2" -AsByteStream
        (Get-FileHash "$file.2").Hash | Should -Be (Get-FileHash $file).Hash
    }

    It 'are byte arrays and nothing else' {
        $dockerHost = Get-TestEngine $Engine
        $all = @(Invoke-BuildxBuild $binary -DockerHost $dockerHost -Output - -Progress None)
        $all.Count | Should -BeGreaterThan 1
        $all | ForEach-Object { , $_ | Should -BeOfType ([byte[]]) }
    }

    It 'are not there when a step fails' {
        $dockerHost = Get-TestEngine $Engine
        $broken = New-Item (Join-Path $TestDrive "$Engine-broken") -ItemType Directory
        Set-Content (Join-Path $broken Dockerfile) "FROM busybox`nRUN exit 7"
        $all = @(Invoke-BuildxBuild $broken -DockerHost $dockerHost -Output - -Progress None -ErrorAction SilentlyContinue -ErrorVariable failed)
        $all | Should -HaveCount 0
        $failed[0].FullyQualifiedErrorId | Should -Be "StepFailed,$id"
    }

    It 'end the build when nobody takes them' {
        $dockerHost = Get-TestEngine $Engine
        $first = Invoke-BuildxBuild $binary -DockerHost $dockerHost -Output - -Progress None | Select-Object -First 1
        , $first | Should -BeOfType ([byte[]])
    }
}

Describe 'An image on the pipeline' {
    It 'is what docker loads' {
        $dockerHost = Get-TestEngine d28
        $tag = "buildxps-pester-pipe:$([guid]::NewGuid().ToString('N').Substring(0, 8))"
        $docker = (Get-TestSetup).tools.docker
        try {
            Invoke-BuildxBuild $binary -DockerHost $dockerHost -Tag $tag -Output 'type=docker,dest=-' -Progress None | & $docker -H (Get-TestEngine d28c) load | Should -BeLike "*$tag*"
            (Invoke-DockerApi (Get-TestEngine d28c) "/v1.41/images/$tag/json").RepoTags | Should -Contain $tag
        }
        finally {
            $null = Invoke-DockerApi (Get-TestEngine d28c) "/v1.41/images/$tag" DELETE
        }
    }

    It 'in a classic store of several platforms has a name for each, which is said' {
        $dockerHost = Get-TestEngine d28c
        $tag = "buildxps-pester-parts:$([guid]::NewGuid().ToString('N').Substring(0, 8))"
        $names = "$tag-linux-amd64", $tag, "$tag-linux-arm64"
        try {
            $result = Invoke-BuildxBuild $binary -DockerHost $dockerHost -Tag $tag -Platform linux/amd64, linux/arm64 -Load -Progress None -WarningVariable warned -WarningAction SilentlyContinue
            $result.Images | Should -Be $names.ForEach({ "docker.io/library/$_" })
            $result.PlatformImages.Names | Should -Be $result.Images
            "$warned" | Should -BeLike "*linux/arm64 is $tag-linux-arm64*"
            (Invoke-DockerApi $dockerHost "/v1.41/images/$tag/json").Id | Should -Be $result.Digest
        }
        finally {
            $names.ForEach({ $null = Invoke-DockerApi $dockerHost "/v1.41/images/$_" DELETE })
        }
    }
}
