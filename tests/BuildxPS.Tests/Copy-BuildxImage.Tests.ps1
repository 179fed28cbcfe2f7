BeforeAll {
    Import-Module $env:BUILDXPS_MODULE
    . (Join-Path $PSScriptRoot TestEngines.ps1)
    $id = 'BuildxPS.Commands.CopyBuildxImageCommand'
    $kept = Enter-TestSurroundings $TestDrive
    $quiet = @{ Progress = 'None' }

    function New-Name([string] $Registry) { "$((Get-TestSetup).registries.$Registry)/copied/$([guid]::NewGuid().ToString('n')):1" }

    # An image of one large layer that nothing compresses, in a layout.
    function New-LargeImage([string] $Folder, [int] $Megabytes) {
        $blobs = (New-Item -ItemType Directory (Join-Path $Folder blobs sha256) -Force).FullName
        $add = {
            $hash = (Get-FileHash $args[0] -Algorithm SHA256).Hash.ToLowerInvariant()
            $size = (Get-Item $args[0]).Length
            Move-Item $args[0] (Join-Path $blobs $hash)
            @{ mediaType = $args[1]; digest = "sha256:$hash"; size = $size }
        }
        $file = Join-Path $Folder new
        $stream = [IO.File]::Create($file)
        foreach ($i in 1..$Megabytes) { $stream.Write([Security.Cryptography.RandomNumberGenerator]::GetBytes(1MB)) }
        $stream.Dispose()
        $layer = & $add $file 'application/vnd.oci.image.layer.v1.tar'
        Set-Content $file '{"os":"linux","architecture":"amd64"}' -NoNewline
        $config = & $add $file 'application/vnd.oci.image.config.v1+json'
        $type = 'application/vnd.oci.image.manifest.v1+json'
        @{ schemaVersion = 2; mediaType = $type; config = $config; layers = @($layer) } | ConvertTo-Json -Depth 5 | Set-Content $file -NoNewline
        $manifest = & $add $file $type
        $manifest.annotations = @{ 'org.opencontainers.image.ref.name' = 'latest' }
        @{ schemaVersion = 2; manifests = @($manifest) } | ConvertTo-Json -Depth 5 | Set-Content (Join-Path $Folder index.json)
        Set-Content (Join-Path $Folder oci-layout) '{"imageLayoutVersion":"1.0.0"}'
        $manifest.digest
    }
}

AfterAll {
    Exit-TestSurroundings $kept
}

Describe 'Copy-BuildxImage' {
    It 'copies an image with all platforms, byte for byte' {
        $registry = (Get-TestSetup).registries.plain
        $name = New-Name plain
        $index = Copy-BuildxImage $registry/library/alpine $name @quiet
        $index | Should -BeOfType ([BuildxPS.ImageIndex])
        "$($index.Reference)" | Should -Be $name
        $bytes = Get-SkopeoBytes inspect, --raw, --tls-verify=false, "docker://$name"
        [Convert]::ToHexString($index.RawBytes.ToArray()) | Should -Be ([Convert]::ToHexString($bytes))
        (Get-BuildxImageManifest "$registry/library/alpine").Digest | Should -Be $index.Digest

        # The same as buildx makes of one source.
        $other = $name -replace ':1$', ':2'
        $null = Invoke-Docker buildx imagetools create --tag $other $name
        (Get-BuildxImageManifest $other).Digest | Should -Be $index.Digest
    }

    It 'says what would travel, and changes nothing, with -WhatIf' {
        $name = New-Name plain
        Copy-BuildxImage "$((Get-TestSetup).registries.plain)/library/alpine" $name @quiet -WhatIf | Should -BeNullOrEmpty
        (Get-Failure { Get-BuildxImageManifest $name }).FullyQualifiedErrorId | Should -BeLike 'ImageNotFound,*'
    }

    It 'copies to registries that want a login, from a hashtable of logins' {
        $setup = Get-TestSetup
        $logins = @{}
        foreach ($registry in 'https', 'token') {
            $user = $setup.users.$registry
            $logins[$setup.registries.$registry] = [pscredential]::new($user.name, (ConvertTo-SecureString $user.password -AsPlainText -Force))
        }

        $names = (New-Name https), (New-Name token)
        $copies = Copy-BuildxImage "$($setup.registries.plain)/library/alpine" $names -Platform linux/arm64 -RegistryCa $setup.certificates.ca -Credential $logins @quiet
        $copies.Reference | ForEach-Object { "$_" } | Should -Be $names
        $copies.Platforms | ForEach-Object { "$_" } | Should -Be linux/arm64, linux/arm64
        $copies[0].Digest | Should -Be $copies[1].Digest

        $failed = Get-Failure { Copy-BuildxImage $names[0] $names[1] -Credential $logins[$setup.registries.token] -RegistryCa $setup.certificates.ca @quiet }
        Assert-Failure $failed "ArgumentInvalid,$id" 'not said whether'
    }

    It 'copies to a layout and back, a <Kind>' -ForEach @(
        @{ Kind = 'folder'; Path = 'layouts/app' }
        @{ Kind = 'tar'; Path = 'layouts/app.tar' }
    ) {
        $registry = (Get-TestSetup).registries.plain
        Push-Location $TestDrive
        try {
            $copy = Copy-BuildxImage $registry/library/alpine "oci-layout://$($Path):v1" @quiet
            "$($copy.Reference)" | Should -BeLike "oci-layout:///*$($Path):v1"
            $bytes = Get-SkopeoBytes inspect, --raw, "$($Kind -eq 'tar' ? 'oci-archive' : 'oci'):$(Join-Path $TestDrive $Path):v1"
            [Convert]::ToHexString($bytes) | Should -Be ([Convert]::ToHexString($copy.RawBytes.ToArray()))
            $name = New-Name plain
            ($copy | Copy-BuildxImage -Destination $name @quiet).Digest | Should -Be (Get-BuildxImageManifest $registry/library/alpine).Digest
            (Get-Failure { Copy-BuildxImage "oci-layout://$($Path):v2" $name @quiet }).FullyQualifiedErrorId | Should -Be "ImageNotFound,$id"
        }
        finally {
            Pop-Location
        }
    }

    It 'pushes what a build wrote as <Output>' -ForEach @(
        @{ Output = 'type=oci,dest=built.tar'; Path = 'built.tar' }
        @{ Output = 'type=oci,tar=false,dest=built'; Path = 'built' }
    ) {
        Push-Location $TestDrive
        try {
            $context = New-TestContext (Join-Path $TestDrive build) "FROM busybox`nRUN echo $([guid]::NewGuid()) > /x`n"
            $result = Invoke-BuildxBuild $context -DockerHost (Get-TestEngine d28) -Output $Output -Progress None
            $name = New-Name plain
            $copy = Copy-BuildxImage "oci-layout://$Path" $name @quiet
            $copy.Digest | Should -Be $result.Digest
            (Get-BuildxImageManifest $name).Config.Platform | Should -Be ([BuildxPS.Platform]::Parse('linux/amd64'))
        }
        finally {
            Pop-Location
        }
    }

    It 'takes objects with Source and Destination, and refuses two images under one name' {
        $registry = (Get-TestSetup).registries.plain
        $names = (New-Name plain), (New-Name plain)
        $copies = @{ Source = "$registry/library/alpine"; Destination = $names[0] }, @{ Source = "$registry/no/such"; Destination = $names[1] }, @{ Source = "$registry/library/busybox"; Destination = $names[0] }, @{ Source = "$registry/library/busybox"; Destination = $names[1] } |
            ForEach-Object { [pscustomobject] $_ } |
            Copy-BuildxImage @quiet -ErrorVariable failed -ErrorAction SilentlyContinue
        # What could not be copied took no name.
        $copies.Reference | ForEach-Object { "$_" } | Should -Be $names
        $failed.FullyQualifiedErrorId | Should -Be "ImageNotFound,$id", "ArgumentInvalid,$id"
    }

    It 'refuses two images in one tar, in one list and in a pipeline' {
        $alpine = "$((Get-TestSetup).registries.plain)/library/alpine"
        $tar = "oci-layout://$(Join-Path $TestDrive both.tar)"
        Assert-Failure (Get-Failure { Copy-BuildxImage $alpine "$($tar):a", "$($tar):b" @quiet }) "ArgumentInvalid,$id" 'a tar holds one image'
        Join-Path $TestDrive both.tar | Should -Not -Exist

        $copies = 'a', 'b' | ForEach-Object { [pscustomobject] @{ Source = $alpine; Destination = "$($tar):$_" } } |
            Copy-BuildxImage @quiet -ErrorVariable failed -ErrorAction SilentlyContinue
        "$($copies.Reference)" | Should -BeLike '*both.tar:a'
        $failed.FullyQualifiedErrorId | Should -Be "ArgumentInvalid,$id"
    }

    It 'goes on with a layout where a killed process stopped' {
        $setup = Get-TestSetup
        $large = Join-Path $TestDrive large
        $digest = New-LargeImage $large 480
        $name = New-Name plain
        $null = Copy-BuildxImage "oci-layout://$large" $name @quiet
        $target = Join-Path $TestDrive resumed
        $start = [Diagnostics.ProcessStartInfo]::new((Join-Path $PSHOME ($IsWindows ? 'pwsh.exe' : 'pwsh')))
        '-NoProfile', '-NonInteractive', '-Command', "Import-Module '$env:BUILDXPS_MODULE'; Copy-BuildxImage $name 'oci-layout://$target' -Progress None" | ForEach-Object { $start.ArgumentList.Add($_) }
        $start.RedirectStandardOutput = $true
        $process = [Diagnostics.Process]::Start($start)
        $partial = $null
        while (-not $process.HasExited -and -not ($partial = Get-ChildItem (Join-Path $target ingest) -ErrorAction Ignore | Where-Object Length -GT 1MB)) { }
        $process.Kill($true)
        $process.WaitForExit()
        $partial = Get-ChildItem (Join-Path $target ingest) | Sort-Object Length -Descending | Select-Object -First 1
        $partial.Length | Should -BeLessThan 480MB
        Test-Path (Join-Path $target index.json) | Should -BeFalse

        $said = Copy-BuildxImage $name "oci-layout://$target" @quiet -Verbose 4>&1
        $said | Where-Object { $_ -is [BuildxPS.ImageManifest] } | ForEach-Object Digest | Should -Be $digest
        $said | Where-Object { "$_" -like 'GET *blobs*: 206*' } | Should -HaveCount 1
    }

    It 'refuses <What>' -ForEach @(
        @{ What = 'a source that is no reference'; Arguments = @{ Source = 'localhost:1/App'; Destination = 'localhost:1/app' }; Failure = 'TagInvalid'; Part = 'App' }
        @{ What = 'a destination that is no reference'; Arguments = @{ Source = 'localhost:1/app'; Destination = 'localhost:1/App' }; Failure = 'TagInvalid'; Part = 'App' }
        @{ What = 'a layout without a path'; Arguments = @{ Source = 'oci-layout://'; Destination = 'localhost:1/app' }; Failure = 'ArgumentInvalid'; Part = 'names no OCI layout' }
        @{ What = 'a layout that is not there'; Arguments = @{ Source = 'oci-layout://no-such'; Destination = 'localhost:1/app' }; Failure = 'LayoutNotFound'; Part = 'no-such' }
        @{ What = 'a platform that is none'; Arguments = @{ Source = 'localhost:1/app'; Destination = 'localhost:1/b'; Platform = 'linux/nothing' }; Failure = 'PlatformInvalid'; Part = 'nothing' }
        @{ What = 'a credential that is none'; Arguments = @{ Source = 'localhost:1/app'; Destination = 'localhost:1/b'; Credential = 5 }; Failure = 'ArgumentInvalid'; Part = 'no credential' }
        @{ What = 'a registry that nobody runs'; Arguments = @{ Source = 'localhost:1/app'; Destination = 'localhost:1/b' }; Failure = 'RegistryUnreachable'; Part = 'localhost:1' }
    ) {
        Assert-Failure @(Get-Failure { Copy-BuildxImage @Arguments @quiet }) "$Failure,$id" $Part
    }
}
