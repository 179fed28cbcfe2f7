BeforeAll {
    Import-Module $env:BUILDXPS_MODULE
    . (Join-Path $PSScriptRoot TestEngines.ps1)
    $id = 'BuildxPS.Commands.InvokeBuildxBuildCommand'
    $kept = Enter-TestSurroundings $TestDrive
    $context = New-TestContext (Join-Path $TestDrive context)
    $nowhere = "unix://$TestDrive/nowhere.sock"

    # A layout with one image whose blob is there.
    $layout = (New-Item (Join-Path $TestDrive layout blobs sha256) -ItemType Directory).Parent.Parent.FullName
    $digest = (Get-FileHash -InputStream ([IO.MemoryStream]::new([byte[]] @(1)))).Hash.ToLowerInvariant()
    [IO.File]::WriteAllBytes((Join-Path $layout blobs sha256 $digest), [byte[]] @(1))
    @{
        schemaVersion = 2
        manifests     = @(foreach ($tag in 'v1', 'v2') { @{ mediaType = 'm'; digest = "sha256:$digest"; size = 1; annotations = @{ 'org.opencontainers.image.ref.name' = $tag } } })
    } | ConvertTo-Json -Depth 5 | Set-Content (Join-Path $layout index.json)
}

AfterAll {
    Exit-TestSurroundings $kept
}

Describe 'Invoke-BuildxBuild refuses' {
    It '<What>, naming <Part>' -ForEach @(
        @{ What = 'a cache without a type'; Arguments = @{ CacheTo = @{ Dest = 'x' } }; Failure = 'CacheInvalid'; Category = 'InvalidArgument'; Part = 'no type' }
        @{ What = 'a cache with a part that is no pair'; Arguments = @{ CacheFrom = 'type=local,src' }; Failure = 'CacheInvalid'; Category = 'InvalidArgument'; Part = "'src'" }
        @{ What = 'a cache without a folder'; Arguments = @{ CacheTo = 'type=local' }; Failure = 'CacheInvalid'; Category = 'InvalidArgument'; Part = 'no dest' }
        @{ What = 'an empty cache'; Arguments = @{ CacheFrom = '' }; Failure = 'CacheInvalid'; Category = 'InvalidArgument'; Part = 'empty' }
        @{ What = 'a cache that is no cache'; Arguments = @{ CacheFrom = 5 }; Failure = 'CacheInvalid'; Category = 'InvalidArgument'; Part = 'Int32' }
        @{ What = 'a cache outside the file system'; Arguments = @{ CacheTo = 'type=local,dest=env:/x' }; Failure = 'CacheInvalid'; Category = 'InvalidArgument'; Part = 'Environment' }
        @{ What = 'a cache with a wrong mode'; Arguments = @{ CacheTo = @{ Type = 'local'; Dest = 'x'; Mode = 'most' } }; Failure = 'CacheInvalid'; Category = 'InvalidArgument'; Part = 'most' }
        @{ What = 'a cache of an unknown type'; Arguments = @{ CacheFrom = 'type=ftp,bucket=b' }; Failure = 'CacheInvalid'; Category = 'InvalidArgument'; Part = "'ftp'" }
        @{ What = 'a cache with a wrong attribute'; Arguments = @{ CacheTo = @{ Type = 's3'; Upload_Parallelism = 0 } }; Failure = 'CacheInvalid'; Category = 'InvalidArgument'; Part = "upload_parallelism '0'" }
        @{ What = 'a build context without a value'; Arguments = @{ BuildContext = 'name' }; Failure = 'ArgumentInvalid'; Category = 'InvalidArgument'; Part = "'name'" }
        @{ What = 'a build context with a wrong name'; Arguments = @{ BuildContext = 'Name=x' }; Failure = 'ArgumentInvalid'; Category = 'InvalidArgument'; Part = 'lower case' }
        @{ What = 'a build context that is a target'; Arguments = @{ BuildContext = @{ base = 'target:base' } }; Failure = 'NotImplemented'; Category = 'NotImplemented'; Part = 'target:base' }
        @{ What = 'a build context whose folder does not exist'; Arguments = @{ BuildContext = @{ base = 'no-such-folder' } }; Failure = 'BuildContextNotFound'; Category = 'ObjectNotFound'; Part = 'no-such-folder' }
        @{ What = 'a layout that does not exist'; Arguments = @{ BuildContext = @{ base = 'oci-layout://no-such-folder' } }; Failure = 'LayoutNotFound'; Category = 'ObjectNotFound'; Part = 'no-such-folder' }
        @{ What = 'a folder that is no layout'; Arguments = @{ BuildContext = @{ base = 'oci-layout://CONTEXT' } }; Failure = 'LayoutNotFound'; Category = 'ObjectNotFound'; Part = 'index.json' }
        @{ What = 'a tag that a layout does not have'; Arguments = @{ BuildContext = 'base=oci-layout://LAYOUT:v3' }; Failure = 'ImageNotFound'; Category = 'ObjectNotFound'; Part = 'v1, v2' }
        @{ What = 'two layout folders'; Arguments = @{ Output = 'type=oci,tar=false,dest=a', 'type=docker,tar=false,dest=b' }; Failure = 'OutputInvalid'; Category = 'InvalidArgument'; Part = 'layout folders' }
    ) {
        $all = @{ Path = $context; DockerHost = $nowhere; Progress = 'None' }
        foreach ($name in $Arguments.Keys) {
            $all[$name] = $Arguments[$name]
            if ($all[$name] -is [hashtable] -and $all[$name].base) {
                $all[$name] = @{ base = $all[$name].base.Replace('CONTEXT', $context) }
            }
            elseif ($all[$name] -is [string]) {
                $all[$name] = $all[$name].Replace('LAYOUT', $layout)
            }
        }

        $failed = @(Get-Failure { Invoke-BuildxBuild @all })
        $failed.Count | Should -Be 1
        $failed[0].FullyQualifiedErrorId | Should -Be "$Failure,$id"
        $failed[0].CategoryInfo.Category | Should -Be $Category
        "$($failed[0])" | Should -BeLike "*$Part*"
        $failed[0].ErrorDetails.RecommendedAction | Should -Not -BeNullOrEmpty
    }
}

Describe 'The cache and context parameters of Invoke-BuildxBuild' {
    It 'read <Form> as one cache' -ForEach @(
        @{ Form = 'text'; Cache = 'type=local,dest=/x,mode=max' }
        @{ Form = 'text without quotes'; Cache = @('type=local', 'dest=/x', 'mode=max') }
        @{ Form = 'a hashtable'; Cache = @{ Type = 'Local'; Destination = [IO.DirectoryInfo] '/x'; mode = 'max' } }
        @{ Form = 'a CacheSpec'; Cache = [BuildxPS.CacheSpec] 'type=local,dest=/x,mode=max' }
    ) {
        $log = Join-Path $TestDrive whatif.txt
        $null = Start-Transcript $log
        try {
            Invoke-BuildxBuild $context -CacheTo $Cache -WhatIf
        }
        finally {
            $null = Stop-Transcript
        }

        @(Get-Content $log | Where-Object { $_ -like 'What if:*' }) | Should -BeLike '*its cache to type=local,dest=/x,mode=max"*'
    }

    It 'show no key of a cache: <What>' -ForEach @(
        @{ What = 'text'; Cache = 'type=s3,bucket=b,access_key_id=s3cr3t,secret_access_key=s3cr3t' }
        @{ What = 'text that is wrong'; Cache = 'type=s3,secret_access_key=s3cr3t,retry_mode=fast' }
        @{ What = 'text that is no cache'; Cache = 'type=s3,secret_access_key=s3cr3t,x' }
        @{ What = 'a hashtable'; Cache = @{ Type = 'azblob'; Account_Url = 'https://x.example/?sig=s3cr3t'; Secret_Access_Key = 's3cr3t' } }
        @{ What = 'a hashtable with protected text'; Cache = @{ Type = 's3'; Secret_Access_Key = (ConvertTo-SecureString s3cr3t -AsPlainText); Session_Token = [pscredential]::new('x', (ConvertTo-SecureString s3cr3t -AsPlainText)) } }
        @{ What = 'a hashtable without a type'; Cache = @{ Token = 's3cr3t' } }
        @{ What = 'a CacheSpec'; Cache = [BuildxPS.CacheSpec] 'type=gha,token=s3cr3t' }
        @{ What = 'a CacheSpec that is wrong'; Cache = [BuildxPS.CacheSpec] 'type=gha,token=s3cr3t,version=3' }
    ) {
        $log = Join-Path $TestDrive secret.txt
        $null = Start-Transcript $log
        try {
            # What the user typed is in the record of the call; what the module says is looked at.
            $said = & {
                try {
                    Invoke-BuildxBuild $context -CacheFrom $Cache -CacheTo $Cache -WhatIf -Verbose 4>&1 3>&1
                }
                catch {
                    $_ | Out-String
                    $_.TargetObject | Out-String
                    $_.Exception.ToString()
                    $_.ErrorDetails | Out-String
                }
            }

            $said
            if ($Cache -is [BuildxPS.CacheSpec]) {
                $Cache | Out-String
            }
        }
        finally {
            $null = Stop-Transcript
        }

        "$said" | Should -Not -BeLike '*s3cr3t*'
        Get-Content $log -Raw | Should -Not -BeLike '*s3cr3t*'
    }

    It 'print a cache as buildx writes it' {
        "$([BuildxPS.CacheSpec] 'type=registry,ref=reg:5000/a:b')" | Should -Be 'reg:5000/a:b'
        $pairs = [Collections.Generic.Dictionary[string, string]]::new()
        $pairs['type'] = 'local'
        $pairs['src'] = 'a,b'
        "$([BuildxPS.CacheSpec]::From($pairs, 'x'))" |
            Should -Be 'type=local,"src=a,b"'
    }

    It 'complete <Line>' -ForEach @(
        @{ Line = 'Invoke-BuildxBuild -CacheFrom '; Expected = "'type=local,src='" }
        @{ Line = "Invoke-BuildxBuild -CacheTo 'type=l"; Expected = "'type=local,dest='" }
        @{ Line = "Invoke-BuildxBuild -CacheTo 'type=i"; Expected = "'type=inline'" }
        @{ Line = "Invoke-BuildxBuild -CacheTo 'type=g"; Expected = "'type=gha,mode=max,scope='" }
        @{ Line = "Invoke-BuildxBuild -CacheFrom 'type=s"; Expected = "'type=s3,region='" }
    ) {
        (TabExpansion2 $Line $Line.Length).CompletionMatches.CompletionText | Should -Contain $Expected
    }
}

Describe 'Caches and layouts in relative folders' {
    It 'are written, read and warned of' {
        $dockerHost = Get-TestEngine d28
        $unique = New-TestContext (Join-Path $TestDrive unique) "FROM busybox`nRUN echo $([guid]::NewGuid()) > /x`n"
        Push-Location $TestDrive
        try {
            $first = Invoke-BuildxBuild unique -DockerHost $dockerHost -CacheTo type=local,dest=cache,mode=max -Output type=oci,tar=false,dest=image -Progress None
            $first.Warnings | Should -BeNullOrEmpty
            $first.Outputs[0].Path | Should -Be (Join-Path $TestDrive image)
            Join-Path cache index.json | Should -Exist

            $second = Invoke-BuildxBuild unique -DockerHost $dockerHost -BuildContext base=oci-layout://image -CacheFrom type=local,src=cache, @{ Type = 'local'; Src = 'nothere' } -Progress None `
                -Output type=cacheonly -WarningVariable warned -WarningAction SilentlyContinue
            $second.CachedSteps | Should -BeGreaterThan 0
            $warned | Should -HaveCount 1
            "$warned" | Should -BeLike "*$(Join-Path $TestDrive nothere)*does not exist*"
        }
        finally {
            Pop-Location
        }
    }
}
