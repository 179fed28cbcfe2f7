BeforeAll {
    Import-Module $env:BUILDXPS_MODULE
    . (Join-Path $PSScriptRoot TestEngines.ps1)
    $id = 'BuildxPS.Commands.NewBuildxImageIndexCommand'
    $kept = Enter-TestSurroundings $TestDrive
    $registry = (Get-TestSetup).registries.plain

    function New-Repository {
        "$registry/index-$([guid]::NewGuid().ToString('n'))/app"
    }
}

AfterAll {
    Exit-TestSurroundings $kept
}

Describe 'New-BuildxImageIndex' {
    It 'makes an index of images in another repository, under several tags' {
        $repository = New-Repository
        $source = Get-BuildxImageManifest $registry/library/alpine
        $metadata = Join-Path $TestDrive metadata.json
        $index = New-BuildxImageIndex $registry/library/alpine -Tag "$($repository):1", "$($repository):2" -Platform linux/amd64, linux/arm64 -Annotation 'index:org.example.title=Both' -MetadataFile $metadata -Progress None
        $index | Should -HaveCount 1
        $index | Should -BeOfType ([BuildxPS.ImageIndex])
        "$($index.Platforms)" | Should -Be 'linux/amd64 linux/arm64'
        $index.Annotations['org.example.title'] | Should -Be Both
        $index.Manifests.Digest | Should -Be $source.Manifests.Where({ "$($_.Platform)" -in 'linux/amd64', 'linux/arm64' }).Digest
        (Get-BuildxImageManifest "$($repository):1", "$($repository):2").Digest | Should -Be $index.Digest, $index.Digest
        (Get-Content -Raw $metadata | ConvertFrom-Json).'containerimage.descriptor'.digest | Should -Be $index.Digest
        (Get-BuildxImageManifest $index -Platform linux/arm64).Config.Platform | Should -Not -BeNullOrEmpty
    }

    It 'gives what would be pushed with -WhatIf, and pushes nothing' {
        $repository = New-Repository
        $index = New-BuildxImageIndex $registry/library/alpine, $registry/library/busybox -Tag $repository -WhatIf
        $index | Should -BeOfType ([BuildxPS.ImageIndex])
        $index.RawJson | Should -Be ((Invoke-Docker -H (Get-TestEngine d28) buildx imagetools create --dry-run $registry/library/alpine $registry/library/busybox) -join "`n")
        (Get-Failure { Get-BuildxImageManifest $repository }).FullyQualifiedErrorId | Should -BeLike 'ImageNotFound,*'
        (New-BuildxImageIndex $registry/library/alpine -WhatIf).Digest | Should -Be (Get-BuildxImageManifest $registry/library/alpine).Digest
    }

    It 'takes <Kind> from the pipeline' -ForEach @(
        @{ Kind = 'text'; Get = { "$registry/library/alpine" } }
        @{ Kind = 'an index'; Get = { $whole } }
        @{ Kind = 'manifests'; Get = { Get-BuildxImageManifest $whole -Platform linux/amd64, linux/arm64 } }
        @{ Kind = 'a property Reference'; Get = { [pscustomobject]@{ Reference = "$registry/library/alpine" } } }
        @{ Kind = 'what a build gave'; Get = { [BuildxPS.BuildResult]@{ BuildRef = 'b/n/r'; Builder = 'b'; Digest = $whole.Digest; Images = [string[]]"$registry/library/alpine:moved" } } }
    ) {
        $whole = Get-BuildxImageManifest $registry/library/alpine
        $repository = New-Repository
        $index = & $Get | New-BuildxImageIndex -Tag $repository -Platform linux/amd64, linux/arm64 -Progress None
        "$($index.Platforms)" | Should -Be 'linux/amd64 linux/arm64'
        (Get-BuildxImageManifest $repository).Digest | Should -Be $index.Digest
    }

    It 'takes descriptors of the same repository, as objects, JSON, digests and files, and appends to what is there' {
        $repository = New-Repository
        $whole = New-BuildxImageIndex $registry/library/alpine -Tag "$($repository):all" -Progress None
        $first = $whole.Manifests[0] | New-BuildxImageIndex -Tag "$($repository):new" -Progress None
        $first.Manifests.Digest | Should -Be $whole.Manifests[0].Digest
        $second = New-BuildxImageIndex $whole.Manifests[1].Digest -Tag "$($repository):new" -Append -Progress None
        $second.Manifests.Digest | Should -Be $whole.Manifests[0, 1].Digest
        $file = Join-Path $TestDrive descriptor.json
        @{ digest = $whole.Manifests[2].Digest; platform = @{ os = 'linux'; architecture = 'mine' } } | ConvertTo-Json | Set-Content $file
        $third = New-BuildxImageIndex -File $file -Tag "$($repository):new" -Append -Progress None
        "$($third.Platforms[2])" | Should -Be linux/mine
        (Get-Item $file | New-BuildxImageIndex -Tag "$($repository):other" -Progress None).Manifests[0].Digest | Should -Be $whole.Manifests[2].Digest
    }

    It 'takes a manifest as it is with -PreferIndex $false' {
        $repository = New-Repository
        $image = Get-BuildxImageManifest $registry/library/alpine -Platform linux/amd64
        $copy = New-BuildxImageIndex $image -Tag $repository -PreferIndex $false -Progress None
        $copy | Should -BeOfType ([BuildxPS.ImageManifest])
        (Get-BuildxImageManifest $repository).Digest | Should -Be $image.Digest
    }

    It 'shows what it does as lines' {
        $repository = New-Repository
        $lines = New-BuildxImageIndex $registry/library/alpine -Tag $repository -Progress Plain 6>&1 | ForEach-Object { "$_" }
        ($lines -join "`n") | Should -BeLike "*pushing $repository*pushed sha256:*"
    }

    It 'refuses <What>' -ForEach @(
        @{ What = 'no source'; Arguments = { @{ Tag = 'localhost:1/a' } }; Failure = 'ArgumentInvalid'; Part = 'no image' }
        @{ What = 'no tag'; Arguments = { @{ Source = 'localhost:1/a' } }; Failure = 'TagRequired'; Part = 'no name' }
        @{ What = 'a tag that is none'; Arguments = { @{ Source = 'localhost:1/a'; Tag = 'A B' } }; Failure = 'TagInvalid'; Part = 'A B' }
        @{ What = 'a source that is none'; Arguments = { @{ Source = '{"digest":"x"}'; Tag = 'localhost:1/a' } }; Failure = 'ArgumentInvalid'; Part = 'digest' }
        @{ What = 'a file that is not there'; Arguments = { @{ File = 'no-such.json'; Tag = 'localhost:1/a' } }; Failure = 'ArgumentInvalid'; Part = 'no-such.json' }
        @{ What = 'a manifest annotation'; Arguments = { @{ Source = 'localhost:1/a'; Tag = 'localhost:1/a'; Annotation = 'a=b' } }; Failure = 'AnnotationInvalid'; Part = 'a=b' }
        @{ What = 'a platform that is none'; Arguments = { @{ Source = 'localhost:1/a'; Tag = 'localhost:1/a'; Platform = 'a/b/c/d' } }; Failure = 'PlatformInvalid'; Part = 'a/b/c/d' }
        @{ What = 'an image that is not there'; Arguments = { @{ Source = "$registry/no/such"; Tag = "$registry/no/such" } }; Failure = 'ImageNotFound'; Part = 'no/such' }
        @{ What = 'a digest in one of two repositories'; Arguments = { @{ Source = "sha256:$('0' * 64)"; Tag = 'localhost:1/a', 'localhost:1/b' } }; Failure = 'ArgumentInvalid'; Part = 'localhost:1/b' }
    ) {
        $given = & $Arguments
        $failed = Get-Failure { New-BuildxImageIndex @given -Progress None }
        Assert-Failure $failed "$Failure,$id" $Part
    }
}
