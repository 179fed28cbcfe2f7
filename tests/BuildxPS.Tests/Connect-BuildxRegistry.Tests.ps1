BeforeAll {
    Import-Module $env:BUILDXPS_MODULE
    . (Join-Path $PSScriptRoot TestEngines.ps1)
    $connect = 'BuildxPS.Commands.ConnectBuildxRegistryCommand'
    $kept = Enter-TestSurroundings $TestDrive
    $file = Join-Path $env:DOCKER_CONFIG config.json

    function New-Credential([string] $Name, [string] $Password) {
        [pscredential]::new($Name, (ConvertTo-SecureString $Password -AsPlainText -Force))
    }
}

AfterAll {
    Exit-TestSurroundings $kept
}

Describe 'Connect-BuildxRegistry and Disconnect-BuildxRegistry' {
    BeforeEach {
        Remove-Item $file -ErrorAction Ignore
    }

    It 'log in to a registry over https, so that images can be read, and out again' {
        $setup = Get-TestSetup
        $registry, $user, $ca = $setup.registries.https, $setup.users.https, $setup.certificates.ca
        $all = Connect-BuildxRegistry $registry (New-Credential $user.name $user.password) -UseFile -RegistryCa $ca -Verbose -WarningVariable warned *>&1
        $login = $all.Where({ $_ -is [BuildxPS.RegistryLogin] })
        $login | Should -HaveCount 1
        $login.UserName | Should -Be $user.name
        $login.Store | Should -Be $file
        "$warned" | Should -BeLike "*unencrypted*$file*"
        $all.Where({ $_ -is [Management.Automation.VerboseRecord] }) | Should -Not -BeNullOrEmpty
        ($all | Out-String -Width 500) | Should -Not -Match "\b$($user.password)\b(?!word)"
        (Get-BuildxImageManifest $registry/base -RegistryCa $ca).Platforms.Count | Should -BeGreaterThan 1

        ($login | Disconnect-BuildxRegistry).Registry | Should -Be $registry
        (Get-Failure { Get-BuildxImageManifest $registry/base -RegistryCa $ca }).FullyQualifiedErrorId | Should -BeLike 'RegistryUnauthorized,*'
        Disconnect-BuildxRegistry $registry -WarningVariable warned -WarningAction SilentlyContinue | Should -BeNullOrEmpty
        "$warned" | Should -BeLike "*no login for $registry*"
    }

    It 'log in by properties of objects' {
        $setup = Get-TestSetup
        $user = $setup.users.token
        $login = [pscustomobject]@{ Registry = "http://$($setup.registries.token)/v2/"; Credential = New-Credential $user.name $user.password } |
            Connect-BuildxRegistry -UseFile -WarningAction SilentlyContinue
        $login.Registry | Should -Be $setup.registries.token
        ($login | Out-String -Width 300) | Should -BeLike '*password*(unencrypted)*'
    }

    It 'change nothing with -WhatIf' {
        Connect-BuildxRegistry localhost:1 (New-Credential user pass) -UseFile -WhatIf | Should -BeNullOrEmpty
        Test-Path $file | Should -BeFalse
        $text = '{"auths":{"localhost:1":{"auth":"YTpi"}}}'
        $null = New-Item $env:DOCKER_CONFIG -ItemType Directory -Force
        [IO.File]::WriteAllText($file, $text)
        Disconnect-BuildxRegistry localhost:1 -WhatIf | Should -BeNullOrEmpty
        [IO.File]::ReadAllText($file) | Should -Be $text
    }

    It 'refuse <What>' -ForEach @(
        @{ What = 'a wrong password'; Arguments = { @{ Registry = $setup.registries.token; Credential = New-Credential user wr0ng; UseFile = $true } }; Failure = 'RegistryUnauthorized'; Category = 'AuthenticationError'; Part = "user 'user'" }
        @{ What = 'a file that was not asked for'; Arguments = { @{ Registry = 'localhost:1'; Credential = New-Credential user wr0ng } }; Failure = 'CredentialHelperMissing'; Category = 'NotInstalled'; Part = 'localhost:1' }
        @{ What = 'a registry that nobody runs'; Arguments = { @{ Registry = 'localhost:1'; Credential = New-Credential user wr0ng; UseFile = $true } }; Failure = 'RegistryUnreachable'; Category = 'ConnectionError'; Part = 'localhost:1' }
        @{ What = 'a host that is none'; Arguments = { @{ Registry = 'a b'; Credential = New-Credential user wr0ng; UseFile = $true } }; Failure = 'ArgumentInvalid'; Category = 'InvalidArgument'; Part = '-Registry' }
        @{ What = 'a name with a colon'; Arguments = { @{ Registry = 'localhost:1'; Credential = New-Credential a:b wr0ng; UseFile = $true } }; Failure = 'ArgumentInvalid'; Category = 'InvalidArgument'; Part = 'colon' }
    ) {
        $setup = Get-TestSetup
        $given = & $Arguments
        $failed = Get-Failure { Connect-BuildxRegistry @given }
        Assert-Failure $failed "$Failure,$connect" $Part
        $failed.CategoryInfo.Category | Should -Be $Category
        ($failed | Format-List * -Force | Out-String) | Should -Not -Match wr0ng
        Test-Path $file | Should -BeFalse
    }
}
