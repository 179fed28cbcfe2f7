BeforeAll {
    Import-Module $env:BUILDXPS_MODULE
    . (Join-Path $PSScriptRoot TestEngines.ps1)
    $kept = Enter-TestSurroundings $TestDrive
    $nowhere = "unix://$TestDrive/nowhere.sock"
    $env:DOCKER_HOST = $nowhere
    $name = New-TestName
}

AfterAll {
    Exit-TestSurroundings $kept
}

Describe 'Add-BuildxNode and Remove-BuildxNode refuse' {
    BeforeAll {
        $null = New-BuildxBuilder $name -Endpoint unix:///nowhere/a.sock -Node first
        $null = New-BuildxBuilder "$name-two" -Endpoint unix:///nowhere/a.sock -Node first
        $null = Add-BuildxNode "$name-two" unix:///nowhere/b.sock -Node second
        $before = Get-ChildItem (Join-Path $env:BUILDX_CONFIG instances) | Get-FileHash
    }

    It '<What>, naming <Part>, and nothing is changed' -ForEach @(
        @{ What = 'a builder that is not there'; Command = { Add-BuildxNode none unix:///x.sock }; Failure = 'BuilderNotFound'; Part = 'none' }
        @{ What = 'a context''s builder'; Command = { Add-BuildxNode default unix:///x.sock }; Failure = 'BuilderIsContext'; Part = 'default' }
        @{ What = 'a name that the builder has'; Command = { Add-BuildxNode $name unix:///x.sock -Node First }; Failure = 'NodeExists'; Part = 'first' }
        @{ What = 'an endpoint that the builder has'; Command = { Add-BuildxNode $name unix:///nowhere/a.sock }; Failure = 'NodeExists'; Part = 'a.sock' }
        @{ What = 'another driver'; Command = { Add-BuildxNode $name unix:///x.sock -Driver docker-container }; Failure = 'DriverMismatch'; Part = 'remote' }
        @{ What = 'a bad name'; Command = { Add-BuildxNode $name unix:///x.sock -Node 1x }; Failure = 'BuilderNameInvalid'; Part = '1x' }
        @{ What = 'an unknown scheme'; Command = { Add-BuildxNode $name gopher://x }; Failure = 'Endpoint(Invalid|Unsupported)'; Part = 'gopher' }
        @{ What = 'a file of TLS that is not there'; Command = { Add-BuildxNode $name tcp://x:1 -DriverOption cacert=/no-such.pem }; Failure = '\w+'; Part = 'no-such.pem' }
        @{ What = 'a certificate without its key'; Command = { Add-BuildxNode $name tcp://x:1 -DriverOption cacert=/a, cert=/b }; Failure = 'DriverOptionInvalid'; Part = 'key' }
        @{ What = 'a config for a remote engine'; Command = { Add-BuildxNode $name tcp://x:1 -InsecureRegistry r:1 }; Failure = 'ConfigFileInvalid'; Part = 'remote' }
        @{ What = 'the only node'; Command = { Remove-BuildxNode $name first }; Failure = 'LastNode'; Part = 'first' }
        @{ What = 'a node that is not there'; Command = { Remove-BuildxNode "$name-two" third }; Failure = 'NodeNotFound'; Part = 'third' }
        @{ What = 'a node of a builder that is not there'; Command = { Remove-BuildxNode none x }; Failure = 'BuilderNotFound'; Part = 'none' }
    ) {
        $failed = @(Get-Failure $Command)
        Assert-Failure $failed "$Failure,BuildxPS\.Commands\.(Add|Remove)BuildxNodeCommand" $Part
        (Get-ChildItem (Join-Path $env:BUILDX_CONFIG instances) | Get-FileHash).Hash | Should -Be $before.Hash
    }

    It 'nothing with -WhatIf, and change nothing' {
        Add-BuildxNode $name unix:///nowhere/c.sock -WhatIf | Should -BeNullOrEmpty
        Remove-BuildxNode "$name-two" second -WhatIf | Should -BeNullOrEmpty
        (Get-ChildItem (Join-Path $env:BUILDX_CONFIG instances) | Get-FileHash).Hash | Should -Be $before.Hash
    }

    It 'no preview of what would be refused' {
        Add-BuildxNode bxp-nobody unix:///nowhere/c.sock -WhatIf -ErrorVariable failed -ErrorAction SilentlyContinue
        $failed[0].FullyQualifiedErrorId | Should -Be 'BuilderNotFound,BuildxPS.Commands.AddBuildxNodeCommand'
    }
}

Describe 'Add-BuildxNode and Remove-BuildxNode' {
    It 'pipe builders on, and docker buildx sees the nodes' {
        $setup = Get-TestSetup
        $env:DOCKER_HOST = $setup.engines.d28.host
        $name = New-TestName
        try {
            $builder = New-BuildxBuilder $name -Platform linux/amd64 | Add-BuildxNode -Endpoint $setup.engines.d20.host -Driver docker-container -Platform linux/arm64
            $builder.Nodes.Name | Should -Be "$($name)0", "$($name)1"
            $builder.Nodes[1].ExplicitPlatforms | ForEach-Object { "$_" } | Should -Be 'linux/arm64'
            $seen = Invoke-Docker buildx inspect $name | Out-String
            $seen | Should -BeLike "*$($name)0*linux/amd64*$($name)1*linux/arm64*"

            $log = Join-Path $TestDrive whatif.txt
            $context = New-TestContext (Join-Path $TestDrive context)
            $null = Start-Transcript $log
            try {
                Invoke-BuildxBuild $context -Builder $name -Platform linux/amd64, linux/arm64, linux/riscv64 -Output type=cacheonly -WhatIf
            }
            finally {
                $null = Stop-Transcript
            }

            $plan = @(Get-Content $log | Where-Object { $_ -like '*of builder*' })
            $plan | Should -HaveCount 2
            $plan[0] | Should -BeLike "*Build linux/amd64*linux/riscv64*linux/amd64 is assigned to it*no node is known yet to run linux/riscv64*node '$($name)0'*"
            $plan[1] | Should -BeLike "*Build linux/arm64*assigned*node '$($name)1'*"
            (Get-BuildxBuilder $name).Status | Should -Be Inactive

            (Remove-BuildxNode $name "$($name)0").Nodes.Name | Should -Be "$($name)1"
        }
        finally {
            Remove-BuildxBuilder $name
            $env:DOCKER_HOST = $nowhere
        }
    }

    It 'plans a build on a running engine with what it says, and refuses nothing' {
        $dockerHost = Get-TestEngine d28
        $context = New-TestContext (Join-Path $TestDrive context)
        $log = Join-Path $TestDrive whatif.txt
        $null = Start-Transcript $log
        try {
            Invoke-BuildxBuild $context -DockerHost $dockerHost -Platform linux/amd64, linux/arm64 -Output type=cacheonly -WhatIf
        }
        finally {
            $null = Stop-Transcript
        }

        Get-Content $log | Where-Object { $_ -like '*of builder*' } | Should -BeLike '*Build linux/amd64 (native), linux/arm64 (emulated): the only node*'
    }
}
