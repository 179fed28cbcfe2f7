# What Get-Help shows of the built module. The build itself fails on a page that does not describe what the module has.

BeforeDiscovery {
    Import-Module $env:BUILDXPS_MODULE
    $cmdlets = Get-Command -Module BuildxPS -CommandType Cmdlet | ForEach-Object { @{ Cmdlet = $_.Name } }
    $topics = 'about_BuildxPS', 'about_BuildxPS_Builders', 'about_BuildxPS_MultiPlatform', 'about_BuildxPS_PrivateRegistries',
    'about_BuildxPS_Troubleshooting', 'about_BuildxPS_Unattended' | ForEach-Object { @{ Topic = $_ } }
}

BeforeAll {
    Import-Module $env:BUILDXPS_MODULE
    $folder = Join-Path (Split-Path $env:BUILDXPS_MODULE) en-US
    $common = [Management.Automation.Internal.CommonParameters].GetProperties().Name
}

Describe 'Get-Help <Cmdlet>' -ForEach $cmdlets {
    BeforeAll {
        $help = Get-Help $Cmdlet -Full
        $command = Get-Command $Cmdlet
    }

    It 'says what it does' {
        $help.Synopsis | Should -Match '\.$'
        $help.description.Text | Should -Not -BeNullOrEmpty
    }

    It 'describes every parameter' {
        foreach ($name in $command.Parameters.Keys | Where-Object { $_ -notin $common }) {
            "$name $((Get-Help $Cmdlet -Parameter $name).description.Text)".Length | Should -BeGreaterThan ($name.Length + 20)
        }
    }

    It 'has three examples or more, and links' {
        @($help.examples.example).Count | Should -BeGreaterOrEqual 3
        @($help.relatedLinks.navigationLink.linkText | Where-Object { $_ }).Count | Should -BeGreaterThan 0
    }

    It 'shows the syntax of every parameter set' {
        @($help.syntax.syntaxItem).Count | Should -Be $command.ParameterSets.Count
    }

    It 'links to what is there' {
        foreach ($link in $help.relatedLinks.navigationLink.linkText | Where-Object { $_ }) {
            $there = (Get-Command $link -Module BuildxPS -ErrorAction Ignore) -or (Test-Path (Join-Path $folder "$link.help.txt")) -or ($link -notmatch '^(about_)?\w+-?Buildx')
            $there | Should -BeTrue -Because $link
        }
    }
}

Describe 'The topic <Topic>' -ForEach $topics {
    It 'is found, and fits a terminal of 80 columns' {
        $text = Get-Content (Join-Path $folder "$Topic.help.txt")
        $text[0] | Should -Be TOPIC
        $text[1].Trim() | Should -Be $Topic
        $text | Where-Object { $_.Length -gt 80 -and $_ -match '\s\S+\s' -and $Topic -notmatch 'Troubleshooting' } | Should -BeNullOrEmpty
    }

    It 'names only topics and cmdlets that are there' {
        $text = Get-Content -Raw (Join-Path $folder "$Topic.help.txt")
        $named = @([regex]::Matches($text, '\b(about_BuildxPS\w*|[A-Z][a-z]+-Buildx\w+)').Value | Sort-Object -Unique)
        $named | Where-Object { -not (Get-Command $_ -Module BuildxPS -ErrorAction Ignore) -and -not (Test-Path (Join-Path $folder "$_.help.txt")) } | Should -BeNullOrEmpty
    }
}

Describe 'about_BuildxPS_Troubleshooting' {
    It 'has every id of an error, with its advice' {
        $text = Get-Content (Join-Path $folder about_BuildxPS_Troubleshooting.help.txt)
        foreach ($id in [enum]::GetNames([BuildxPS.BuildxFailure])) {
            $text | Should -Contain "  $id"
        }

        $text | Where-Object { $_ -match '\{\{' } | Should -BeNullOrEmpty
    }
}
