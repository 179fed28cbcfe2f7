BeforeAll {
    Import-Module $env:BUILDXPS_MODULE
    . (Join-Path $PSScriptRoot TestEngines.ps1)
    $id = 'BuildxPS.Commands.InvokeBuildxBuildCommand'
    $kept = Enter-TestSurroundings $TestDrive
    $context = New-TestContext (Join-Path $TestDrive context)
    $nowhere = "unix://$TestDrive/nowhere.sock"
}

AfterAll {
    Exit-TestSurroundings $kept
}

Describe 'Invoke-BuildxBuild refuses' {
    It '<What>, naming <Part>' -ForEach @(
        @{ What = 'an annotation without a value'; Arguments = @{ Annotation = 'key' }; Failure = 'AnnotationInvalid'; Part = "'key'" }
        @{ What = 'an annotation of an unknown level'; Arguments = @{ Annotation = 'image:a=b' }; Failure = 'AnnotationInvalid'; Part = "'image'" }
        @{ What = 'an annotation of files'; Arguments = @{ Annotation = @{ a = 'b' }; Output = 'type=tar,dest=x.tar' }; Failure = 'AnnotationInvalid'; Part = 'no output is an image' }
        @{ What = 'an attestation of an unknown type'; Arguments = @{ Attest = 'type=licence' }; Failure = 'AttestationInvalid'; Part = "'licence'" }
        @{ What = 'provenance that is no pair'; Arguments = @{ Provenance = 'max' }; Failure = 'AttestationInvalid'; Part = "'max'" }
        @{ What = 'an unknown entitlement'; Arguments = @{ Allow = 'network' }; Failure = 'ArgumentInvalid'; Part = "'network'" }
        @{ What = 'a host without an address'; Arguments = @{ AddHost = 'name' }; Failure = 'ArgumentInvalid'; Part = "'name'" }
        @{ What = 'a network of docker'; Arguments = @{ Network = 'bridge' }; Failure = 'ArgumentInvalid'; Part = "'bridge'" }
        @{ What = 'an unknown limit'; Arguments = @{ Ulimit = 'files=1' }; Failure = 'ArgumentInvalid'; Part = "'files'" }
        @{ What = 'shared memory that is no size'; Arguments = @{ ShmSize = 'much' }; Failure = 'ArgumentInvalid'; Part = "'much'" }
        @{ What = 'an unknown resource'; Arguments = @{ Resource = 'disk=1' }; Failure = 'ArgumentInvalid'; Part = "'disk'" }
        @{ What = 'no cache, all and some'; Arguments = @{ NoCache = $true; NoCacheFilter = 'a' }; Failure = 'ArgumentInvalid'; Part = '-NoCacheFilter' }
        @{ What = 'an id of files'; Arguments = @{ ImageIdFile = 'id'; Output = 'type=tar,dest=x.tar' }; Failure = 'OutputInvalid'; Part = 'no image' }
    ) {
        $failed = @(Get-Failure { Invoke-BuildxBuild $context -DockerHost $nowhere -Progress None @Arguments })
        $failed.Count | Should -Be 1
        $failed[0].FullyQualifiedErrorId | Should -Be "$Failure,$id"
        $failed[0].CategoryInfo.Category | Should -Be 'InvalidArgument'
        "$($failed[0])" | Should -BeLike "*$Part*"
        $failed[0].ErrorDetails.RecommendedAction | Should -Not -BeNullOrEmpty
    }

    It 'what an engine would ignore' {
        $env:DOCKER_HOST = Get-TestEngine d20
        foreach ($arguments in @{ Ulimit = 'nofile=10' }, @{ CgroupParent = 'x' }, @{ ShmSize = 32mb }, @{ Resource = @{ memory = '1g' } }, @{ Provenance = $true }, @{ Annotation = 'a=b' }) {
            $failed = Get-Failure { Invoke-BuildxBuild $context -Progress None @arguments }
            $failed.FullyQualifiedErrorId | Should -Be "EngineUnsupported,$id" -Because "$($arguments.Keys) means nothing to Docker 20.10"
            $failed.ErrorDetails.RecommendedAction | Should -Not -BeNullOrEmpty
        }
    }
}

Describe 'Invoke-BuildxBuild' {
    BeforeEach {
        $env:DOCKER_HOST = Get-TestEngine d28
    }

    It 'takes options as PowerShell writes them' {
        $folder = New-TestContext (Join-Path $TestDrive options) @"
FROM alpine AS base
FROM base AS first
ARG A
RUN echo $(New-Guid) && ulimit -n && df -k /dev/shm | tail -1 && cat /etc/hosts && ls /sys/class/net
"@
        $file = Join-Path $TestDrive meta.json
        $result = Invoke-BuildxBuild $folder -Progress None -Output type=oci, dest=$TestDrive/o.tar -AddHost @{ one = '10.0.0.1', 'fd00::2' } -Network none -Ulimit @{ nofile = '77:88' } -ShmSize 16mb `
            -Annotation @{ 'org.example.a' = 'b' } -Attest @{ Type = 'provenance'; Mode = 'max' } -Sbom $false -MetadataFile $file -ImageIdFile $TestDrive/id
        $step = $result.Steps | Where-Object Name -Like '*ulimit -n*'
        $step.Stage | Should -Be first
        $step.Log | Should -Match '(?m)^77$'
        $step.Log | Should -Match '16384'
        $step.Log | Should -Match '10\.0\.0\.1\s+one'
        $step.Log | Should -Match 'fd00::2\s+one'
        $step.Log | Should -Not -Match 'eth0'
        Get-Content $TestDrive/id | Should -Be $result.ImageId
        (Get-Content -Raw $file | ConvertFrom-Json).'buildx.build.ref' | Should -Be $result.BuildRef
        (tar -xOf $TestDrive/o.tar index.json | ConvertFrom-Json).manifests[0].mediaType | Should -BeLike '*index*'
    }

    It 'removes an earlier id, and writes neither file, when the build fails' {
        $folder = New-TestContext (Join-Path $TestDrive failing) "FROM alpine`nRUN echo $(New-Guid) && false`n"
        Set-Content $TestDrive/old.id old
        Set-Content $TestDrive/old.json old
        $failed = Get-Failure { Invoke-BuildxBuild $folder -Progress None -ImageIdFile $TestDrive/old.id -MetadataFile $TestDrive/old.json }
        $failed.FullyQualifiedErrorId | Should -Be "StepFailed,$id"
        Test-Path $TestDrive/old.id | Should -BeFalse
        Get-Content $TestDrive/old.json | Should -Be old
    }

    It 'refuses files that cannot be written, before anything is built' {
        $failed = Get-Failure { Invoke-BuildxBuild $context -DockerHost $nowhere -Progress None -MetadataFile $context }
        $failed.FullyQualifiedErrorId | Should -Be "DestinationNotWritable,$id"
    }

    It 'runs several builds of a pipeline side by side, and keeps their order and their words apart' {
        # Each waits until the other has begun: in turn they would never end.
        # Above the ports of the test engines, below those that the system gives out.
        $port = 29000 + 2 * (Get-Random 1500)
        $folders = foreach ($name in 'one', 'two') {
            $other, $own = $name -eq 'one' ? ($port, ($port + 1)) : (($port + 1), $port)
            $command = "(echo $name-$port | nc -l -p $own -w 60) & for i in `$(seq 600); do nc 127.0.0.1 $other </dev/null 2>/dev/null && break; sleep 0.1; done; wait"
            New-TestContext (Join-Path $TestDrive $name) "FROM alpine`nRUN $command`n"
        }
        $lines = $null
        $results = $folders | Invoke-BuildxBuild -Progress Plain -Network host -Allow network.host -Output type=cacheonly -InformationVariable lines 6> $null
        $results.Count | Should -Be 2
        ($results[0].Steps | Where-Object Name -Like '*RUN*').Log | Should -Be "two-$port"
        ($results[1].Steps | Where-Object Name -Like '*RUN*').Log | Should -Be "one-$port"
        foreach ($line in "$($lines -join "`n")" -split "`n" | Where-Object { $_ }) {
            $line | Should -Match '^(one|two) '
        }
    }

    It 'goes on after one of several builds failed, and says which it was' {
        $good = New-TestContext (Join-Path $TestDrive good) "FROM scratch`nCOPY name.txt /$(New-Guid)`n"
        $bad = New-TestContext (Join-Path $TestDrive bad) "FROM alpine`nRUN echo $(New-Guid); exit 4`n"
        $results = @($bad, $good, $bad, $good | Invoke-BuildxBuild -Progress None -Output type=cacheonly -ThrottleLimit 3 -ErrorAction SilentlyContinue -ErrorVariable failed)
        $results.Count | Should -Be 2
        $failed.Count | Should -Be 2
        $failed[0].TargetObject | Should -Be $bad
        $failed[0].FullyQualifiedErrorId | Should -Be "StepFailed,$id"
    }

    It 'pushes through the connections that builds of a pipeline share, from a classic image store too' {
        $env:DOCKER_HOST = Get-TestEngine d28c
        $name = "$((Get-TestSetup).registries.plain)/options/$(New-Guid):1"
        $result = Invoke-BuildxBuild $context -Tag $name -Push -Progress None
        (Get-BuildxImageManifest $name).Digest | Should -Be $result.Digest
    }

    It 'writes what all builds of a pipeline write to one after the other' {
        $folders = foreach ($name in 'a', 'b', 'c') {
            New-TestContext (Join-Path $TestDrive "same-$name") "FROM scratch`
COPY name.txt /$name`
"
        }
        $results = $folders | Invoke-BuildxBuild -Progress None -Output "$TestDrive/same"
        $results.Count | Should -Be 3
        (Get-ChildItem $TestDrive/same).Name | Should -Be a, b, c
    }

    It 'lets builds that are under way end when another input ends the command' {
        $slow = New-TestContext (Join-Path $TestDrive 'under-way') "FROM alpine`
RUN echo $(New-Guid) && sleep 2`
"
        $results = [Collections.Generic.List[object]]::new()
        $failed = Get-Failure { [pscustomobject] @{ Path = $slow }, [pscustomobject] @{ Path = $slow; Builder = 'no-such-builder' } | Invoke-BuildxBuild -Progress None -Output type=cacheonly | ForEach-Object { $results.Add($_) } }
        $failed.FullyQualifiedErrorId | Should -Be "BuilderNotFound,$id"
        $results.Count | Should -Be 1
    }

    It 'stops the builds that are left when nobody wants more' {
        $quick = New-TestContext (Join-Path $TestDrive quick) "FROM scratch`nCOPY name.txt /$(New-Guid)`n"
        $slow = New-TestContext (Join-Path $TestDrive slow) "FROM alpine`nRUN echo $(New-Guid) && sleep 600`n"
        $first = $quick, $slow | Invoke-BuildxBuild -Progress None -Output type=cacheonly | Select-Object -First 1
        $first.Status | Should -Be Completed
    }
}
