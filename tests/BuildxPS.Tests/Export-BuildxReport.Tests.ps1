BeforeAll {
    Import-Module $env:BUILDXPS_MODULE
    . (Join-Path $PSScriptRoot TestEngines.ps1)
    . (Join-Path $PSScriptRoot TestBrowser.ps1)
    $id = 'BuildxPS.Commands.ExportBuildxReportCommand'
    $kept = Enter-TestSurroundings $TestDrive
    $unique = [guid]::NewGuid()
    $quiet = @{ Progress = 'None'; WarningAction = 'SilentlyContinue' }
    $step = [BuildxPS.BuildStep]@{ Number = 1; Name = '[1/1] RUN make'; Digest = 'sha256:1'; Status = 'Completed'; Started = [DateTimeOffset]::Now; Completed = [DateTimeOffset]::Now.AddSeconds(1); Duration = '00:00:01' }
    $result = [BuildxPS.BuildResult]@{ BuildRef = 'b/n/r'; Builder = 'b'; Images = [string[]]'registry.local/app:1'; Duration = '00:00:01'; Steps = [BuildxPS.BuildStep[]]$step }
    $failure = [BuildxPS.BuildFailedException]::new('StepFailed', 'RUN make failed.', 'Read the output.', $null)
}

AfterAll {
    Exit-TestSurroundings $kept
}

Describe 'Export-BuildxReport' {
    BeforeEach {
        $path = Join-Path $TestDrive 'report.html'
        Remove-Item $path -Force -ErrorAction Ignore
    }

    It 'writes a page and gives its file' {
        Push-Location $TestDrive
        try {
            $file = $result | Export-BuildxReport report.html
        }
        finally {
            Pop-Location
        }

        $file | Should -BeOfType ([IO.FileInfo])
        $file.FullName | Should -Be $path
        $page = [IO.File]::ReadAllText($path)
        $page | Should -BeLike '<!DOCTYPE html>*<h1>registry.local/app:1</h1>*1/1*RUN make*'
        (Export-BuildxReport $path -InputObject $result -Title 'A & B').Length | Should -BeGreaterThan 1000
        [IO.File]::ReadAllText($path) | Should -BeLike '*<h1>A &amp; B</h1>*'
    }

    It 'takes <What>' -ForEach @(
        @{ What = 'an exception'; Get = { $failure } }
        @{ What = 'an error record'; Get = { [Management.Automation.ErrorRecord]::new($failure, 'StepFailed', 'NotSpecified', './app') } }
        @{ What = 'what -ErrorAction Stop throws'; Get = {
                & {
                    [CmdletBinding()] param()
                    $PSCmdlet.WriteError([Management.Automation.ErrorRecord]::new($failure, 'StepFailed', 'NotSpecified', './app'))
                } -ErrorAction Stop -ErrorVariable seen
            }
        }
    ) {
        $seen = $null
        try {
            $given = & $Get
        }
        catch {
            $given = $_
        }

        $given | Export-BuildxReport $path
        [IO.File]::ReadAllText($path) | Should -BeLike '*RUN make failed.*Read the output.*StepFailed*'
    }

    It 'reports an error once, however often it comes' {
        $record = [Management.Automation.ErrorRecord]::new($failure, 'StepFailed', 'NotSpecified', './app')
        $record, $failure, $record | Export-BuildxReport $path
        [IO.File]::ReadAllText($path) | Should -BeLike '*<h1>./app</h1>*'
        [regex]::Matches([IO.File]::ReadAllText($path), '<article').Count | Should -Be 1
    }

    It 'puts errors that are no build''s on the page as well, and passes over other streams' {
        $null = & { Get-Item nowhere-at-all -ErrorAction Continue; Write-Warning w; Write-Verbose v -Verbose; Write-Information i; $result } *>&1 | Export-BuildxReport $path
        [IO.File]::ReadAllText($path) | Should -BeLike '*2 builds*nowhere-at-all*PathNotFound*'
    }

    It 'refuses <What> and goes on' -ForEach @(
        @{ What = 'what is no build'; Given = { Get-Date }; Part = '*DateTime*' }
        @{ What = 'null'; Given = { , $null }; Part = '*null*' }
        @{ What = 'what came back from a file'; Given = { [Management.Automation.PSSerializer]::Deserialize([Management.Automation.PSSerializer]::Serialize($result)) }; Part = '*Import-Clixml*' }
    ) {
        $null = @(& $Given; $result) | Export-BuildxReport $path -ErrorVariable failed -ErrorAction SilentlyContinue
        $failed | Should -HaveCount 1
        $failed[0].FullyQualifiedErrorId | Should -Be "ArgumentInvalid,$id"
        "$($failed[0])" | Should -BeLike $Part
        [regex]::Matches([IO.File]::ReadAllText($path), '<article').Count | Should -Be 1
    }

    It 'writes nothing for <What>' -ForEach @(
        @{ What = '-WhatIf'; Command = { $result | Export-BuildxReport $path -WhatIf } }
        @{ What = 'no builds, and says so'; Command = { @() | Export-BuildxReport $path -WarningVariable script:warned -WarningAction SilentlyContinue; "$warned" | Should -BeLike '*no build*2>&1*' } }
    ) {
        & $Command | Should -BeNullOrEmpty
        Test-Path $path | Should -BeFalse
    }

    It 'keeps a file with -NoClobber, and says so before the builds run' {
        Set-Content $path old
        $ran = [Collections.Generic.List[int]]::new()
        $failed = Get-Failure { & { $ran.Add(1); $result } | Export-BuildxReport $path -NoClobber }
        $ran | Should -HaveCount 0
        Assert-Failure $failed "DestinationNotWritable,$id" $path
        Get-Content $path | Should -Be old
    }

    It 'replaces a read-only file with -Force only' {
        Set-Content $path old
        Set-ItemProperty $path IsReadOnly $true
        Assert-Failure (Get-Failure { $result | Export-BuildxReport $path }) "DestinationNotWritable,$id" 'read-only'
        $null = $result | Export-BuildxReport $path -Force
        [IO.File]::ReadAllText($path) | Should -BeLike '*RUN make*'
    }
}

Describe 'A report of real builds' {
    BeforeAll {
        if ($env:BUILDXPS_TEST_ENGINES) {
            $env:DOCKER_HOST = Get-TestEngine d28
            $app = New-TestContext (Join-Path $TestDrive app) @"
FROM busybox AS build
RUN echo $unique && sleep 0.3
FROM scratch
COPY --from=build /bin/busybox /
"@
            $warned = New-TestContext (Join-Path $TestDrive warned) "from busybox as build`nENV KEY value`nRUN echo $unique"
            $broken = New-TestContext (Join-Path $TestDrive broken) "FROM busybox`nRUN echo '<b>$unique</b>' && exit 3`nRUN echo never"
            $page = Join-Path $TestDrive builds.html
            $file = & {
                Invoke-BuildxBuild $app -Platform linux/amd64, linux/arm64 -Output "type=oci,dest=$TestDrive/app.tar" @quiet
                Invoke-BuildxBuild $app -Output type=cacheonly @quiet
                Invoke-BuildxBuild $warned -Output type=cacheonly @quiet
                Invoke-BuildxBuild $broken -Output type=cacheonly @quiet
            } 2>&1 | Export-BuildxReport $page
            $text = [IO.File]::ReadAllText($page)
        }
    }

    It 'tells all of them' {
        $null = Get-TestSetup
        $file.FullName | Should -Be $page
        $text | Should -BeLike '*3 completed, 1 failed*'
        $text | Should -BeLike '*linux/amd64*linux/arm64*emulated*' -Because 'the engine is amd64'
        $text | Should -BeLike '*LegacyKeyValueFormat*<mark*ENV KEY value*'
        $text | Should -BeLike '*>cached</td>*'
        $text | Should -BeLike "*Why it failed*exit code 3*What to do*StepFailed*<mark*RUN echo*&lt;b&gt;$unique&lt;/b&gt;*"
        $text | Should -BeLike "*<span class=`"where`">default</span>*" -Because 'the steps of a failed build have their node too'
    }

    It 'fits into <Width> pixels in <Scheme>, asks for nothing and complains of nothing' -ForEach @(
        @{ Width = 400; Scheme = 'light' }, @{ Width = 400; Scheme = 'dark' }, @{ Width = 1400; Scheme = 'light' }, @{ Width = 1400; Scheme = 'dark' }
    ) {
        $null = Get-TestSetup
        $program = Get-TestBrowser
        $browser = Start-TestBrowser $program (Join-Path $TestDrive "browser-$Width-$Scheme")
        try {
            $seen = Open-TestPage $browser $page $Width $Scheme
            $seen.Width | Should -Be $Width
            $seen.Content | Should -BeLessOrEqual $Width
            $seen.Requests | Should -Be ([uri]::new($page).AbsoluteUri)
            $seen.Complaints | Should -BeNullOrEmpty
            # The style is in force, and knows both schemes.
            $seen.Background | Should -Be ($Scheme -eq 'dark' ? 'rgb(16, 20, 25)' : 'rgb(255, 255, 255)')
            Get-TestPageValue $browser 'document.scripts.length' | Should -Be 0
        }
        finally {
            Stop-TestBrowser $browser
        }
    }
}
