BeforeDiscovery {
    Import-Module $env:BUILDXPS_MODULE
    # What is asked for, and what stands within events, is never emitted.
    $emitted = [BuildxPS.Builder].Assembly.GetExportedTypes() |
        Where-Object { $_.GetMethod('<Clone>$') -and -not $_.IsAbstract -and $_.BaseType -in [object], [BuildxPS.ImageDocument], [BuildxPS.BuilderArgument] } |
        Where-Object Name -NotIn BuildRequest, BuilderSelection, RegistryTrust, ClientCertificate, VertexGroup |
        ForEach-Object { @{ Type = $_; Name = $_.Name; FullName = $_.FullName } }
}

BeforeAll {
    . (Join-Path $PSScriptRoot SampleObjects.ps1)
    Import-Module $env:BUILDXPS_MODULE
    $rendering = $PSStyle.OutputRendering
    $PSStyle.OutputRendering = 'PlainText'
    $amd64 = [BuildxPS.Platform]::Parse('linux/amd64')
    $digest = 'sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef'
    $steps = @(
        [BuildxPS.BuildStep]@{ Number = 1; Name = '[1/2] FROM busybox'; Digest = $digest; Status = 'Cached'; Started = [DateTimeOffset]::Now }
        [BuildxPS.BuildStep]@{ Number = 2; Name = '[2/2] RUN make'; Digest = $digest; Status = 'Completed'; Started = [DateTimeOffset]::Now; Duration = '00:01:05.4'; Bytes = 1234567 }
        [BuildxPS.BuildStep]@{ Number = 3; Name = 'exporting to image'; Digest = $digest; Status = 'Pending' }
    )
    $result = [BuildxPS.BuildResult]@{
        BuildRef  = 'default/default/k2v3x8g1'
        Builder   = 'default'
        ContextPath = 'app'
        Status    = 'Completed'
        Images    = [string[]]@('docker.io/library/app:1', 'docker.io/library/app:2')
        Digest    = $digest
        Platforms = [BuildxPS.Platform[]]@($amd64)
        Outputs   = [BuildxPS.BuildOutput[]]@([BuildxPS.BuildOutput]@{ Type = 'tar'; Path = '/tmp/app.tar'; Size = 12345 })
        Duration  = '00:00:02.34'
        Steps     = [BuildxPS.BuildStep[]]$steps
    }

    function Show($InputObject, [int] $Width = 100) {
        # Lines without the blank ones and the blanks at their ends.
        ($InputObject | Out-String -Width $Width) -split '\r?\n' | ForEach-Object TrimEnd | Where-Object { $_ }
    }
}

AfterAll {
    $PSStyle.OutputRendering = $rendering
}

Describe 'The views' {
    It 'show a result as a list' {
        Show $result | Should -Be @(
            'BuildRef    : default/default/k2v3x8g1'
            'ContextPath : app'
            'Status      : Completed'
            'Images      : docker.io/library/app:1'
            '              docker.io/library/app:2'
            'Digest      : sha256:0123456789ab'
            'Platforms   : linux/amd64'
            'Outputs     : tar: /tmp/app.tar (12.3kB)'
            'Duration    : 2.3s'
            'Steps       : 3, 1 from the cache'
        )
    }

    It 'show a result''s image for each platform' {
        $images = [BuildxPS.BuiltImage[]]@(
            [BuildxPS.BuiltImage]@{ Platform = $amd64; Digest = $digest; Size = 856; MediaType = 'application/vnd.oci.image.manifest.v1+json' }
            [BuildxPS.BuiltImage]@{ Platform = [BuildxPS.Platform]::Parse('linux/arm/v7'); Digest = $digest; Size = 856; MediaType = 'application/vnd.oci.image.manifest.v1+json' }
        )
        $lines = Show ([BuildxPS.BuildResult]@{ BuildRef = 'a/b/c'; Builder = 'a'; Digest = $digest; Platforms = [BuildxPS.Platform[]]$images.Platform; PlatformImages = $images })
        $lines | Should -Contain 'Platforms : linux/amd64   sha256:0123456789ab'
        $lines | Should -Contain '            linux/arm/v7  sha256:0123456789ab'
        (Show $images)[2] | Should -Match '^linux/amd64\s+sha256:0123456789ab\s+856B\s+application/vnd'
    }

    It 'count the variants of a platform that a builder has' {
        $platforms = [BuildxPS.Platform[]]('linux/amd64', 'linux/amd64/v2', 'linux/arm64', 'linux/arm/v7', 'linux/arm/v6').ForEach({ [BuildxPS.Platform]::Parse($_) })
        $node = [BuildxPS.Node]@{ Name = 'n'; Endpoint = 'e'; Status = 'Running'; Platforms = $platforms }
        (Show ([BuildxPS.Builder]@{ Name = 'b'; Driver = 'docker'; Nodes = [BuildxPS.Node[]]$node }))[2] | Should -Match 'linux/amd64 \(\+1\), linux/arm64, linux/arm/v7 \(\+1\)$'
    }

    It 'show a result as a table on request' {
        $lines = Show ($result | Format-Table)
        $lines[0] | Should -Match '^Digest\s+Status\s+Duration\s+Cached\s+Warnings\s+Image$'
        $lines[2] | Should -Match '^sha256:0123456789ab\s+Completed\s+2\.3s\s+1/3\s+docker\.io/library/app:1$'
    }

    It 'show steps as a table' {
        $lines = Show $steps
        $lines[0] | Should -Match '^Status\s+Duration\s+Size\s+Name$'
        $lines[2] | Should -Match '^Cached\s+0\.0s\s+\[1/2\] FROM busybox$'
        $lines[3] | Should -Match '^Completed\s+1m 5s\s+1\.23MB\s+\[2/2\] RUN make$'
        $lines[4] | Should -Match '^Pending\s+exporting to image$'
    }

    It 'keep the table of steps within <_> columns' -ForEach 80, 120 {
        (Show $steps $_ | Measure-Object Length -Maximum).Maximum | Should -BeLessOrEqual $_
    }

    It 'show a builder with its engine''s version, and a dead one with the reason' {
        $live = [BuildxPS.Node]@{ Name = 'default'; Endpoint = 'unix:///var/run/docker.sock'; Status = 'Running'; BuildKitVersion = 'v0.25.2'; Platforms = [BuildxPS.Platform[]]@($amd64) }
        $lines = Show @(
            [BuildxPS.Builder]@{ Name = 'default'; Driver = 'docker'; IsCurrent = $true; Nodes = [BuildxPS.Node[]]@($live) }
            [BuildxPS.Builder]@{ Name = 'far'; Driver = 'docker'; Error = 'No engine answers' }
        )
        $lines[2] | Should -Match '^default\*\s+docker\s+Running\s+v0\.25\.2\s+linux/amd64$'
        $lines[3] | Should -Match '^far\s+docker\s+Error\s+No engine answers$'
        $lines = Show $live
        $lines[2] | Should -Match '^default\s+Running\s+v0\.25\.2\s+unix:///var/run/docker\.sock\s+linux/amd64$'
    }

    It 'show a plan with its reasons' {
        $node = [BuildxPS.NodePlan]@{ Node = 'default'; Platforms = [BuildxPS.Platform[]]@($amd64); Reason = 'it is the only node' }
        $plan = [BuildxPS.BuildPlan]@{ Builder = 'default'; Driver = 'docker'; Nodes = [BuildxPS.NodePlan[]]@($node) }
        Show $plan | Should -Contain 'Nodes   : default: linux/amd64: it is the only node'
        (Show $node)[2] | Should -Match '^default\s+linux/amd64\s+it is the only node$'
    }

    It 'show a warning with its place, and a place with its lines' {
        $source = [BuildxPS.SourceExcerpt]@{ FileName = 'Dockerfile'; FirstLine = 1; LastLine = 1; Text = "FROM scratch as one`nCOPY . .`n" }
        (Show ([BuildxPS.BuildWarning]@{ Message = 'FromAsCasing: casing'; Source = $source }))[2] | Should -Match '^Dockerfile:1\s+FromAsCasing: casing$'
        Show $source | Should -Contain '   1 | >>> FROM scratch as one'
    }

    It 'show platforms as text' {
        Show @($amd64, [BuildxPS.Platform]::Parse('arm64')) | Should -Be 'linux/amd64', 'linux/arm64'
    }

    It 'show where a secret comes from, and never what it is' {
        $value = ConvertTo-SecureString 'hunter2' -AsPlainText
        $text = [BuildxPS.SecretSpec]@{ Id = 'a'; Value = $value }, [BuildxPS.SecretSpec]::Parse('id=b,env=B'), [BuildxPS.SecretSpec]::Parse('id=c,src=/c') | Out-String
        $text | Should -Match '(?s)a\s+value.+b\s+variable B.+c\s+file /c'
        $text | Should -Not -Match 'hunter2'
    }

    It 'colour the status where colours are shown' {
        $PSStyle.OutputRendering = 'Ansi'
        try {
            $steps[1] | Out-String | Should -Match ([regex]::Escape("$($PSStyle.Foreground.Green)Completed$($PSStyle.Reset)"))
        }
        finally {
            $PSStyle.OutputRendering = 'PlainText'
        }
    }

    It 'show no colours with NO_COLOR' {
        $env:NO_COLOR = '1'
        try {
            $text = & (Join-Path $PSHOME pwsh) -NoProfile -Command "Import-Module '$env:BUILDXPS_MODULE'; [BuildxPS.BuildStep]@{ Number = 1; Name = 'x'; Digest = 'a'; Status = 'Cached' }" | Out-String
        }
        finally {
            $env:NO_COLOR = $null
        }

        $text | Should -Match 'Cached'
        $text | Should -Not -Match "`e"
    }

    It 'have no more than six columns' {
        $views = Get-FormatData -TypeName BuildxPS.*
        foreach ($view in $views.FormatViewDefinition.Where({ $_.Control -is [Management.Automation.TableControl] })) {
            $view.Control.Headers.Count | Should -BeLessOrEqual 6 -Because $view.Name
        }
    }
}

Describe 'The view of <Name>' -ForEach $emitted {
    BeforeAll {
        $sample = New-Sample $Type
    }

    It 'is there' {
        Get-FormatData -TypeName $FullName | Should -Not -BeNullOrEmpty
    }

    It 'fits into <_> columns' -ForEach 40, 80, 160 {
        foreach ($text in ($sample | Out-String -Width $_), ($sample | Format-Table | Out-String -Width $_), ($sample | Format-List | Out-String -Width $_)) {
            ($text -split '\r?\n' | Measure-Object Length -Maximum).Maximum | Should -BeLessOrEqual $_
            $text | Should -Not -Match "`e"
            # What a list or another object shows that has no view of its own.
            $text | Should -Not -Match 'System\.|\{BuildxPS|@\{|`\d'
        }
    }

    It 'shows all its columns at 80, none of them cut to nothing' {
        foreach ($view in (Get-FormatData -TypeName $FullName).FormatViewDefinition.Where({ $_.Control -is [Management.Automation.TableControl] })) {
            $lines = ($sample | Format-Table | Out-String -Width 80) -split '\r?\n'
            $rule = $lines.Where({ $_ -match '^\s*-+( |$)' })[0]
            [regex]::Matches($rule, '-+') | Should -HaveCount $view.Control.Headers.Count
            $row = $lines[$lines.IndexOf($rule) + 1]
            foreach ($label in $view.Control.Headers.Label.Where({ $_ })) {
                $lines[$lines.IndexOf($rule) - 1] | Should -Match "\b$label\b"
            }

            # The last column takes what room is left, and may be cut.
            $row.TrimEnd() -split '\s+' | Select-Object -SkipLast 1 | Where-Object { $_ -match '^.{0,9}…$' } | Should -BeNullOrEmpty
            if ($sample.Digest -and $view.Control.Headers.Label -contains 'Digest') {
                $row | Should -Match 'sha256:0123456789ab'
            }
        }
    }

    It 'has a value for each line of its list' {
        foreach ($text in ($sample | Out-String -Width 160), ($sample | Format-List | Out-String -Width 160)) {
            foreach ($label in ($text -split '\r?\n' | Where-Object { $_ -match '^(\w+) +: *$' } | ForEach-Object { $Matches[1] })) {
                $sample.psobject.Properties[$label]?.Value | Should -BeNullOrEmpty -Because $label
                $sample.psobject.Properties.Name | Should -Contain $label
            }
        }
    }

    It 'becomes JSON with what it holds' {
        $json = ConvertTo-Json $sample -Depth 8 -WarningVariable warned -WarningAction SilentlyContinue
        $warned | Should -BeNullOrEmpty
        $json.Length | Should -BeLessThan 100kb
        $back = ConvertFrom-Json $json -AsHashtable
        foreach ($property in $sample.psobject.Properties.Where({ $_.MemberType -eq 'Property' -and $null -ne $_.Value -and $_.Name -ne 'RawBytes' })) {
            $back[$property.Name] | Should -Not -BeNullOrEmpty -Because $property.Name
        }
    }

    It 'becomes CSV with values in its cells' {
        $row = $sample | Select-Object * -ExcludeProperty RawBytes, Predicate | ConvertTo-Csv | ConvertFrom-Csv
        foreach ($property in $row.psobject.Properties) {
            $property.Value | Should -Not -Match '^(System|BuildxPS)\.[A-Z]|\{ \w+ = ' -Because $property.Name
        }
    }

    It 'looks the same when it comes back from Clixml' {
        # As a command does that is about to emit it.
        (Get-Command Get-BuildxImageManifest).ImplementingType.Assembly.GetType('BuildxPS.Formatting.KeptDepth').GetMethod('TellFor', [Reflection.BindingFlags] 'NonPublic, Static').Invoke($null, @(, [object[]]@($sample)))
        $file = Join-Path $TestDrive "$Name.xml"
        $sample | Export-Clixml $file
        $back = Import-Clixml $file
        $back | Out-String -Width 80 | Should -Be ($sample | Out-String -Width 80)
        $back | Format-List | Out-String -Width 80 | Should -Be ($sample | Format-List | Out-String -Width 80)
    }
}
