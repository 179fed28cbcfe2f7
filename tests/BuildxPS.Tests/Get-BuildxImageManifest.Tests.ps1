BeforeAll {
    Import-Module $env:BUILDXPS_MODULE
    . (Join-Path $PSScriptRoot TestEngines.ps1)
    $id = 'BuildxPS.Commands.GetBuildxImageManifestCommand'
    $kept = Enter-TestSurroundings $TestDrive
    $rendering = $PSStyle.OutputRendering
    $PSStyle.OutputRendering = 'PlainText'
}

AfterAll {
    $PSStyle.OutputRendering = $rendering
    Exit-TestSurroundings $kept
}

Describe 'Get-BuildxImageManifest' {
    It 'gives an index, byte for byte what skopeo sees' {
        $registry = (Get-TestSetup).registries.plain
        $index = Get-BuildxImageManifest $registry/library/alpine
        $index | Should -BeOfType ([BuildxPS.ImageIndex])
        $bytes = Get-SkopeoBytes inspect, --raw, --tls-verify=false, "docker://$registry/library/alpine"
        [Convert]::ToHexString($index.RawBytes.ToArray()) | Should -Be ([Convert]::ToHexString($bytes))
        $index.Digest | Should -Be "sha256:$([Convert]::ToHexStringLower([Security.Cryptography.SHA256]::HashData($bytes)))"
        $index.Platforms | Should -Contain ([BuildxPS.Platform]::Parse('linux/arm/v7'))
        $index.Manifests[1].Platform | Should -Be $index.Platforms[1]
    }

    It 'gives a manifest with its config' {
        $registry = (Get-TestSetup).registries.plain
        $index = Get-BuildxImageManifest $registry/library/alpine
        $entry = $index.Manifests.Where({ "$($_.Platform)" -eq 'linux/arm64' })[0]
        $image = Get-BuildxImageManifest "$registry/library/alpine@$($entry.Digest)"
        $image | Should -BeOfType ([BuildxPS.ImageManifest])
        $image.Digest | Should -Be $entry.Digest
        "$($image.Platform)" | Should -Be 'linux/arm64'
        $image.Config.DiffIds.Count | Should -Be $image.Layers.Count
        $image.RawJson | ConvertFrom-Json | ForEach-Object { $_.config.digest } | Should -Be $image.ConfigDescriptor.Digest
    }

    It 'takes <Kind> from the pipeline' -ForEach @(
        @{ Kind = 'text'; Get = { "$registry/library/alpine" } }
        @{ Kind = 'a reference'; Get = { [BuildxPS.ImageReference]::Parse("$registry/library/alpine") } }
        @{ Kind = 'a property Reference'; Get = { [pscustomobject]@{ Reference = "$registry/library/alpine" } } }
        @{ Kind = 'an index'; Get = { Get-BuildxImageManifest $registry/library/alpine } }
        @{ Kind = 'what a build gave'; Get = { [BuildxPS.BuildResult]@{ BuildRef = 'b/n/r'; Builder = 'b'; Digest = $digest; Images = [string[]]"$registry/library/alpine:moved" } } }
    ) {
        $registry = (Get-TestSetup).registries.plain
        $digest = (Get-BuildxImageManifest $registry/library/alpine).Digest
        $index = & $Get | Get-BuildxImageManifest
        $index | Should -HaveCount 1
        $index.Digest | Should -Be $digest
    }

    It 'gives the attestations of an image that was pushed' {
        $setup = Get-TestSetup
        $name = "$($setup.registries.plain)/attested/$([guid]::NewGuid().ToString('n')):1"
        $unique = New-TestContext (Join-Path $TestDrive attested) "FROM busybox`nRUN echo $([guid]::NewGuid()) > /x`n"
        $result = Invoke-BuildxBuild $unique -DockerHost (Get-TestEngine d28) -Tag $name -Push -Progress None
        $found = $result | Get-BuildxImageManifest -Attestation
        $found | Should -HaveCount 1
        $found | Should -BeOfType ([BuildxPS.ImageAttestation])
        $found.Kind | Should -Be Provenance
        $found.MatchesImage | Should -BeTrue
        $found.ImageDigest | Should -Be $result.PlatformImages[0].Digest
        $found.Provenance.Materials.Uri | Should -BeLike 'pkg:docker/busybox@*'
        # The same by the names that the standard gives them.
        $predicate = $found.Predicate
        ($predicate.buildType ?? $predicate.buildDefinition.buildType) | Should -Be $found.Provenance.BuildType
        ($found.RawJson | ConvertFrom-Json).predicateType | Should -Be $found.PredicateType
        ($found | Out-String -Width 200) | Should -BeLike "*$($found.PredicateType)*"
    }

    It 'gives what looks the same when it comes back from Clixml, in a session that has seen no such object yet: <Line>' -ForEach @(
        @{ Line = 'Get-BuildxImageManifest REGISTRY/library/alpine -Platform linux/arm64'; Shows = 'Created +: \d{4}-' }
        @{ Line = 'Copy-BuildxImage REGISTRY/library/alpine@DIGEST oci-layout://FOLDER/copy -Progress None'; Shows = 'Created +: \d{4}-' }
        @{ Line = 'Get-BuildxImageManifest ATTESTED -Attestation'; Shows = 'pkg:docker/busybox' }
    ) {
        $registry = (Get-TestSetup).registries.plain
        if ($Line -match 'ATTESTED') {
            $attested = "$registry/attested-$([guid]::NewGuid().ToString('n')):1"
            Set-Content (Join-Path $TestDrive Dockerfile) "FROM busybox`nRUN echo $([guid]::NewGuid())"
            $null = Invoke-BuildxBuild $TestDrive -DockerHost (Get-TestEngine d28) -Tag $attested -Push -Progress None
        }

        $file = Join-Path $TestDrive back.xml
        $command = $Line.Replace('REGISTRY', $registry).Replace('FOLDER', $TestDrive).Replace('ATTESTED', "$attested").Replace('DIGEST', (Get-BuildxImageManifest $registry/library/alpine -Platform linux/arm64).Digest)
        # Preferences of the session are for what the user calls.
        $script = "Import-Module '$env:BUILDXPS_MODULE'; `$WhatIfPreference = `$$($Line -match '^Get'); `$ErrorActionPreference = 'Stop'; `$found = $command
            `$WhatIfPreference = `$false; `$found | Export-Clixml '$file'; `$found | Format-List | Out-String -Width 100; '----'
            Import-Clixml '$file' | Format-List | Out-String -Width 100; '----'; `$Error.Count"
        $live, $back, $errors = ((& (Join-Path $PSHOME ($IsWindows ? 'pwsh.exe' : 'pwsh')) -NoProfile -NonInteractive -Command $script) -join "`n") -split '----'
        $live | Should -Match $Shows
        $live | Should -Not -Match 'What if'
        $back.Trim() | Should -Be $live.Trim()
        $errors.Trim() | Should -Be 0
    }

    It 'says where an image has no attestations' {
        $registry = (Get-TestSetup).registries.plain
        Get-BuildxImageManifest $registry/library/alpine -Attestation -WarningVariable warned -WarningAction SilentlyContinue | Should -BeNullOrEmpty
        "$warned" | Should -BeLike '*alpine*no attestations*'
    }

    It 'keeps the order of many references, and goes on after one that fails' {
        $registry = (Get-TestSetup).registries.plain
        $references = @(foreach ($i in 1..20) { "$registry/library/alpine", "$registry/library/no-such-$i", "$registry/library/busybox" })
        $found = $references | Get-BuildxImageManifest -ErrorVariable failed -ErrorAction SilentlyContinue
        $found.Reference.Repository | Should -Be @(foreach ($i in 1..20) { 'library/alpine', 'library/busybox' })
        $failed | Should -HaveCount 20
        $failed[0].FullyQualifiedErrorId | Should -Be "ImageNotFound,$id"
        $failed[0].TargetObject | Should -Be "$registry/library/no-such-1"
        $failed[0].CategoryInfo.Category | Should -Be ObjectNotFound
        $failed[0].ErrorDetails.RecommendedAction | Should -Not -BeNullOrEmpty
    }

    It 'reads 100 images in order on at most 8 connections, one that fails among them (fake registry)' {
        $start = [Diagnostics.ProcessStartInfo]::new('dotnet', @($env:BUILDXPS_ENGINE_TESTS, 'fake-registry'))
        $start.RedirectStandardInput = $start.RedirectStandardOutput = $true
        $fake = [Diagnostics.Process]::Start($start)
        $registry = $fake.StandardOutput.ReadLine()
        $references = @(foreach ($i in 1..100) { $i -eq 42 ? "$registry/missing:42" : "$registry/app:$i" })
        $found = $references | Get-BuildxImageManifest -ErrorVariable failed -ErrorAction SilentlyContinue
        $found.Reference.Tag | Should -Be @(1..100 | Where-Object { $_ -ne 42 })
        $failed | Should -HaveCount 1
        $failed[0].FullyQualifiedErrorId | Should -Be "ImageNotFound,$id"
        $failed[0].TargetObject | Should -Be "$registry/missing:42"
        $fake.StandardInput.Close()
        $requests, $connections = $fake.StandardOutput.ReadToEnd() -split '\s+' -ne ''
        $fake.WaitForExit()
        $requests | Should -Be 100
        [int] $connections | Should -BeIn (2..8)
    }

    It 'gives images for platforms, in the order in which those are named' {
        $registry = (Get-TestSetup).registries.plain
        $images = Get-BuildxImageManifest $registry/library/alpine -Platform linux/s390x, linux/arm64
        $images | Should -BeOfType ([BuildxPS.ImageManifest])
        "$($images.Platform)" | Should -Be 'linux/s390x linux/arm64'
        $failed = Get-Failure { Get-BuildxImageManifest $registry/library/alpine -Platform linux/mips64le }
        Assert-Failure $failed "PlatformNotAvailable,$id" 'linux/arm64'
    }

    It 'gives configs with the images that they are of' {
        $registry = (Get-TestSetup).registries.plain
        $configs = Get-BuildxImageManifest $registry/library/alpine -Config
        $configs | Should -BeOfType ([BuildxPS.ImageConfig])
        $index = Get-BuildxImageManifest $registry/library/alpine
        $configs.Platform | Should -Be $index.Platforms
        $configs.Reference.Digest | Should -Be $index.Manifests.Digest
        $one = Get-BuildxImageManifest $registry/library/alpine -Config -Platform linux/arm64 -Raw
        $one | Should -BeOfType ([string])
        ($one | ConvertFrom-Json).architecture | Should -Be arm64
    }

    It 'gives the text as it is kept with -Raw' {
        $registry = (Get-TestSetup).registries.plain
        $raw = Get-BuildxImageManifest $registry/library/alpine -Raw
        $raw | Should -Be ((Get-BuildxImageManifest $registry/library/alpine).RawJson)
        ($raw | ConvertFrom-Json).manifests | Should -Not -BeNullOrEmpty
    }

    It 'gives what was attached to an image, which can be read in turn' {
        $registry = (Get-TestSetup).registries.plain
        $name = "$registry/attached/$([guid]::NewGuid().ToString('n')):1"
        $start = [Diagnostics.ProcessStartInfo]::new('dotnet', @($env:BUILDXPS_ENGINE_TESTS, 'attach', $name, "$registry/library/alpine"))
        $start.RedirectStandardOutput = $true
        $process = [Diagnostics.Process]::Start($start)
        $subject = $process.StandardOutput.ReadLine()
        $process.WaitForExit()
        $found = Get-BuildxImageManifest $name -Referrer
        $found | Should -HaveCount 2
        $found | Should -BeOfType ([BuildxPS.ImageReferrer])
        $found.SubjectDigest | Should -Be $subject, $subject
        $one = Get-BuildxImageManifest $name -Referrer -ArtifactType application/x.first
        $one | Should -HaveCount 1
        $one.Annotations['note'] | Should -Be first
        ($one | Get-BuildxImageManifest).Subject.Digest | Should -Be $subject
        Get-BuildxImageManifest $registry/library/alpine -Referrer | Should -BeNullOrEmpty
    }

    It 'reads an OCI layout that is <Kind>' -ForEach @(
        @{ Kind = 'a folder'; Name = 'layout' }
        @{ Kind = 'a tar'; Name = 'layout.tar' }
    ) {
        $registry = (Get-TestSetup).registries.plain
        $path = Join-Path $TestDrive $Name
        $null = Copy-BuildxImage $registry/library/alpine "oci-layout://$($path):mine" -Progress None
        $index = Get-BuildxImageManifest $registry/library/alpine
        (Get-BuildxImageManifest -OciLayout $path).Digest | Should -Be $index.Digest
        (Get-BuildxImageManifest -OciLayout "$($path):mine").Digest | Should -Be $index.Digest
        (Get-BuildxImageManifest mine -OciLayout $path -Raw) | Should -Be $index.RawJson
        $image = Get-BuildxImageManifest $index.Manifests[1].Digest -OciLayout $path
        $image.Config.Platform | Should -Be $index.Manifests[1].Platform
        ($image | Get-BuildxImageManifest).Digest | Should -Be $image.Digest
        (Get-BuildxImageManifest -OciLayout $path -Config).Count | Should -Be $index.Manifests.Count
        "$((Get-BuildxImageManifest -OciLayout $path -Platform linux/arm64).Platform)" | Should -Be linux/arm64
        ('oci-layout://' + $path + ':mine' | Get-BuildxImageManifest).Digest | Should -Be $index.Digest
        Assert-Failure (Get-Failure { Get-BuildxImageManifest other -OciLayout $path }) "ImageNotFound,$id" 'mine'
    }

    It 'says that an OCI layout is none' {
        Assert-Failure (Get-Failure { Get-BuildxImageManifest -OciLayout (Join-Path $TestDrive no-such) }) "LayoutNotFound,$id" 'no-such'
        Assert-Failure (Get-Failure { Get-BuildxImageManifest }) "ArgumentInvalid,$id" 'No image'
    }

    It 'offers one registry''s password to no other' {
        $login = [pscredential]::new('user', (ConvertTo-SecureString s3cret -AsPlainText -Force))
        $failed = @(Get-Failure { 'localhost:1/a', 'localhost:2/b' | Get-BuildxImageManifest -Credential $login })
        $failed.FullyQualifiedErrorId | Should -Contain "ArgumentInvalid,$id"
        ($failed | Out-String) | Should -Not -Match s3cret
    }

    It 'stops at the first with Select-Object -First 1' {
        $registry = (Get-TestSetup).registries.plain
        @(1..40 | ForEach-Object { "$registry/library/alpine" } | Get-BuildxImageManifest | Select-Object -First 1) | Should -HaveCount 1
    }

    It 'refuses <What>' -ForEach @(
        @{ What = 'a reference in upper case'; Arguments = @{ Reference = 'localhost:1/App' }; Failure = 'TagInvalid'; Part = 'App' }
        @{ What = 'an address'; Arguments = @{ Reference = 'http://localhost:1/app' }; Failure = 'TagInvalid'; Part = 'http' }
        @{ What = 'a host with a scheme'; Arguments = @{ Reference = 'localhost:1/app'; InsecureRegistry = 'http://localhost:1' }; Failure = 'ArgumentInvalid'; Part = '-InsecureRegistry' }
        @{ What = 'a host with a path'; Arguments = @{ Reference = 'localhost:1/app'; SkipTlsVerify = 'localhost:1/app' }; Failure = 'ArgumentInvalid'; Part = '-SkipTlsVerify' }
        @{ What = 'a CA that is no file'; Arguments = @{ Reference = 'localhost:1/app'; RegistryCa = 5 }; Failure = 'ArgumentInvalid'; Part = 'Int32' }
        @{ What = 'a CA that is not there'; Arguments = @{ Reference = 'localhost:1/app'; RegistryCa = 'no-such.pem' }; Failure = 'ConfigurationInvalid'; Part = 'no-such.pem' }
        @{ What = 'a registry that nobody runs'; Arguments = @{ Reference = 'localhost:1/app' }; Failure = 'RegistryUnreachable'; Part = 'localhost:1' }
        @{ What = 'a build that named no image'; Arguments = @{ Reference = 'a build' }; Failure = 'ImageNotFound'; Part = 'b/n/ref' }
    ) {
        if ($Arguments.Reference -eq 'a build') {
            $Arguments.Reference = [BuildxPS.BuildResult]@{ BuildRef = 'b/n/ref'; Builder = 'b' }
        }

        $failed = @(Get-Failure { Get-BuildxImageManifest @Arguments })
        Assert-Failure $failed "$Failure,$id" $Part
    }

    It 'leaves an object that is no reference to PowerShell' {
        (Get-Failure { 5 | Get-BuildxImageManifest }).FullyQualifiedErrorId | Should -Be "InputObjectNotBound,$id"
    }

    Context 'with a registry over https that wants a password' {
        It 'says that its certificate is not trusted' {
            $setup = Get-TestSetup
            $failed = Get-Failure { Get-BuildxImageManifest "$($setup.registries.https)/x" }
            $failed.FullyQualifiedErrorId | Should -Be "RegistryCertificateInvalid,$id"
            $failed.ErrorDetails.RecommendedAction | Should -BeLike '*-RegistryCa*'
        }

        It 'says that it wants a login' {
            $setup = Get-TestSetup
            $failed = Get-Failure { Get-BuildxImageManifest "$($setup.registries.https)/x" -RegistryCa $setup.certificates.ca }
            $failed.FullyQualifiedErrorId | Should -Be "RegistryUnauthorized,$id"
            $failed.ErrorDetails.RecommendedAction | Should -BeLike '*Connect-BuildxRegistry*'
        }

        It 'reads from it with a login, trusting <How>' -ForEach @(
            @{ How = 'an authority'; Trust = { @{ RegistryCa = $setup.certificates.ca } } }
            @{ How = 'an authority for this host'; Trust = { @{ RegistryCa = @{ $setup.registries.https = $setup.certificates.ca } } } }
            @{ How = 'a file object'; Trust = { @{ RegistryCa = Get-Item $setup.certificates.ca } } }
            @{ How = 'blindly'; Trust = { @{ SkipTlsVerify = $setup.registries.https } } }
        ) {
            $setup = Get-TestSetup
            $trusted = & $Trust
            Set-Login $setup.registries.https $setup.users.https
            # It may have no image; that it says so to us is what a login is for.
            $failed = Get-Failure { Get-BuildxImageManifest "$($setup.registries.https)/no/such" @trusted }
            $failed.FullyQualifiedErrorId | Should -Be "ImageNotFound,$id"
        }
    }

    It 'fetches a token where the registry wants one' {
        $setup = Get-TestSetup
        $failed = Get-Failure { Get-BuildxImageManifest "$($setup.registries.token)/no/such" }
        $failed.FullyQualifiedErrorId | Should -Match '^(RegistryUnauthorized|ImageNotFound),'
        Set-Login $setup.registries.token $setup.users.token
        $said = Get-BuildxImageManifest "$($setup.registries.token)/no/such" -Verbose -ErrorVariable failed -ErrorAction SilentlyContinue 4>&1
        $failed[0].FullyQualifiedErrorId | Should -Be "ImageNotFound,$id"
        "$said" | Should -BeLike "*$($setup.registries.token)*"
        "$said $($failed | Out-String)" | Should -Not -BeLike "*$($setup.users.token.password)*"
    }
}

Describe 'The views of images' {
    BeforeAll {
        $digest = "sha256:$('0123456789abcdef' * 4)"
        $evil = "a`e]0;title`a`e[31m##vso[task.complete]`nb"
        $annotations = [Collections.Generic.Dictionary[string, string]]::new()
        $annotations['note'] = $evil
        $reference = [BuildxPS.ImageReference]::Parse('registry.local:5000/app:1')
        $marks = [Collections.Generic.Dictionary[string, string]]::new()
        $marks['vnd.docker.reference.type'] = 'attestation-manifest'
        $descriptors = [BuildxPS.Descriptor[]]@(
            [BuildxPS.Descriptor]@{ MediaType = 'application/vnd.oci.image.manifest.v1+json'; Digest = $digest; Size = 1234; Platform = [BuildxPS.Platform]::Parse('linux/arm64') }
            [BuildxPS.Descriptor]@{ MediaType = $evil; Digest = $digest; Size = 567; Annotations = $marks }
        )
        $index = [BuildxPS.ImageIndex]@{
            Reference = $reference; MediaType = 'application/vnd.oci.image.index.v1+json'; Digest = $digest; RawBytes = [byte[]](1, 2, 3)
            Annotations = $annotations; Manifests = $descriptors
        }
        $config = [BuildxPS.ImageConfig]@{
            RawBytes = [byte[]]1; Labels = $annotations; Env = [string[]]"A=$evil"; Entrypoint = [string[]]('/bin/sh', "-c`e[2J"); Author = $evil
            Platform = [BuildxPS.Platform]::Parse('linux/arm64'); Created = '2026-01-02T03:04:05Z'
            History = [BuildxPS.ImageHistory[]]@([BuildxPS.ImageHistory]@{ Created = '2026-01-02T03:04:05Z'; CreatedBy = "RUN $evil" })
        }
        $image = [BuildxPS.ImageManifest]@{
            Reference = $reference; MediaType = 'application/vnd.oci.image.manifest.v1+json'; Digest = $digest; RawBytes = [byte[]]1
            ConfigDescriptor = $descriptors[0]; Config = $config; Layers = $descriptors; Annotations = $annotations
        }

        $texts = [Collections.Generic.Dictionary[string, string]]::new()
        $texts['sha256'] = $digest.Substring(7)
        $texts[$evil] = $evil
        $subject = [BuildxPS.AttestationSubject]@{ Name = $evil; Digests = $texts }
        $material = [BuildxPS.ProvenanceMaterial]@{ Uri = $evil; Digests = $texts }
        $provenance = [BuildxPS.ImageProvenance]@{
            SlsaVersion = '1'; BuildType = $evil; BuilderId = $evil; BuilderPlatform = $evil; Source = $evil; Revision = $evil; Dockerfile = $evil; Frontend = $evil
            Parameters = $texts; Materials = [BuildxPS.ProvenanceMaterial[]]$material; StartedOn = '2026-01-02T03:04:05Z'
        }
        $package = [BuildxPS.SbomPackage]@{ Name = $evil; Version = $evil; License = $evil; PackageUrl = $evil }
        $sbom = [BuildxPS.ImageSbom]@{ Name = $evil; Format = $evil; Creators = [string[]]$evil; Packages = [BuildxPS.SbomPackage[]]$package }
        $attestation = [BuildxPS.ImageAttestation]@{
            Reference = $reference; ImageDigest = $digest; Platform = [BuildxPS.Platform]::Parse('linux/arm64'); Kind = 'Provenance'; PredicateType = $evil; ManifestDigest = $digest
            Digest = $digest; RawBytes = [Text.Encoding]::UTF8.GetBytes('{}'); Subjects = [BuildxPS.AttestationSubject[]]$subject; Provenance = $provenance; Sbom = $sbom
        }

        $marked = [Collections.Generic.Dictionary[string, string]]::new()
        $marked[$evil] = $evil
        $attached = [BuildxPS.Descriptor]@{ MediaType = $evil; Digest = $digest; Size = 12; ArtifactType = $evil; Annotations = $marked }
        $referrer = [BuildxPS.ImageReferrer]@{ Reference = $reference; SubjectDigest = $digest; Descriptor = $attached }

        function Show($InputObject) {
            ($InputObject | Out-String -Width 120) -split '\r?\n' | ForEach-Object TrimEnd | Where-Object { $_ }
        }
    }

    It 'show an index with its platforms as a table' {
        Show $index | Should -Be @(
            'Reference   : registry.local:5000/app:1'
            'MediaType   : application/vnd.oci.image.index.v1+json'
            "Digest      : $digest"
            'Annotations : note=a# #vso[task.complete] b'
            'Manifests   : Platform     Digest                  Size'
            '              linux/arm64  sha256:0123456789ab   1.23kB'
            '              attestation  sha256:0123456789ab     567B'
        )
        (Show ($index | Format-Table))[2] | Should -Match '^registry\.local:5000/app:1\s+sha256:0123456789ab\s+3B\s+linux/arm64$'
    }

    It 'show an image with its config and layers' {
        $lines = Show $image
        $lines | Should -Contain 'Platform    : linux/arm64'
        $lines | Should -Contain 'Entrypoint  : /bin/sh -c'
        $lines | Should -Contain 'LayerSize   : 1.80kB'
        (Show ($image | Format-Table))[2] | Should -Match '^sha256:0123456789ab\s+linux/arm64\s+2\s+1\.80kB\s+registry\.local:5000/app:1$'
    }

    It 'show entries, a config and its history' {
        $lines = Show $descriptors
        $lines[2] | Should -Match '^linux/arm64\s+sha256:0123456789ab\s+1\.23kB\s+application/vnd\.oci\.image\.manifest\.v1\+json$'
        $lines[3] | Should -Match '^attestation\s+sha256:0123456789ab\s+567B\s'
        Show $config | Should -Contain 'History    : 1 step, 0 layers'
        (Show $config.History)[2] | Should -Match "^$($config.History[0].Created.ToLocalTime().ToString('yyyy-MM-dd HH:mm:ss'))\s+yes\s+RUN a"
    }

    It 'show an attestation in a line, and in full on request' {
        (Show $attestation)[0] | Should -Match '^\s*Image: registry\.local:5000/app:1$'
        (Show $attestation)[3] | Should -Match '^linux/arm64\s+Provenance\s+True\s+2B\s+a# #vso\[task\.complete\] b$'
        Show ($attestation | Format-List) | Should -Contain 'Packages      : 1'
        Show $provenance | Should -Contain 'SlsaVersion     : 1'
        Show $sbom | Should -Contain 'Packages : 1'
    }

    It 'let nothing in <What> steer the terminal or a CI system, and keep it in the object' -ForEach @(
        @{ What = 'an index'; Get = { $index } }
        @{ What = 'an image'; Get = { $image } }
        @{ What = 'entries'; Get = { $descriptors } }
        @{ What = 'a config'; Get = { $config } }
        @{ What = 'a history'; Get = { $config.History } }
        @{ What = 'an attestation'; Get = { $attestation } }
        @{ What = 'a provenance'; Get = { $provenance } }
        @{ What = 'materials'; Get = { $material } }
        @{ What = 'subjects'; Get = { $subject } }
        @{ What = 'an SBOM'; Get = { $sbom } }
        @{ What = 'packages'; Get = { $package } }
        @{ What = 'a referrer'; Get = { $referrer } }
    ) {
        foreach ($shown in (& $Get | Out-String -Width 500), (& $Get | Format-List | Out-String -Width 500), (& $Get | Format-Table | Out-String -Width 500)) {
            $shown | Should -Not -Match "[`e`a]"
            $shown | Should -Not -Match '##vso\['
        }

        $index.Annotations['note'] | Should -Be $evil
    }
}
