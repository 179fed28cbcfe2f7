# Builders in a cluster, of which a stand-in runs here: its API server takes what a real one would, and commands in its pods reach a real BuildKit.
BeforeAll {
    Import-Module $env:BUILDXPS_MODULE
    . (Join-Path $PSScriptRoot TestEngines.ps1)
    $kept = Enter-TestSurroundings $TestDrive
    $setup = Get-TestSetup
    $env:DOCKER_HOST = "unix://$TestDrive/nowhere.sock"
    $keptConfig = $env:KUBECONFIG
    $login = Join-Path $TestDrive login
    $start = [Diagnostics.ProcessStartInfo]::new('dotnet', @($env:BUILDXPS_ENGINE_TESTS, 'stand-in-cluster', $login))
    $start.RedirectStandardInput = $start.RedirectStandardOutput = $true
    $cluster = [Diagnostics.Process]::Start($start)
    $address = $cluster.StandardOutput.ReadLine()
    $env:KUBECONFIG = Join-Path $login config
}

AfterAll {
    Exit-TestSurroundings $kept
    if ($cluster) {
        $env:KUBECONFIG = $keptConfig
        $cluster.StandardInput.Close()
        $mistakes = $cluster.StandardOutput.ReadToEnd()
        $cluster.WaitForExit()
        $mistakes | Should -BeNullOrEmpty
    }
}

Describe 'A builder in a stand-in of a cluster' {
    It 'is made, shown with its pods, built on, stopped, started and removed' {
        $name = New-TestName
        $context = New-TestContext (Join-Path $TestDrive context) "FROM scratch`nCOPY name.txt /`nLABEL id=$name`n"
        $builder = New-BuildxBuilder $name -Driver kubernetes -DriverOption @{ namespace = 'builds'; replicas = 2 } -Bootstrap -Progress Plain 6> (Join-Path $TestDrive boot.txt)
        Get-Content (Join-Path $TestDrive boot.txt) | Should -Contain '#1 [internal] booting buildkit'
        $builder.Driver | Should -Be kubernetes
        $builder.Status | Should -Be Running
        $builder.Nodes[0].Pods | Should -HaveCount 2
        $builder.Nodes[0].Pods.IsReady | Should -Be $true, $true
        $builder.Nodes[0] | Format-List | Out-String | Should -BeLike "*$($builder.Nodes[0].Pods[0].Name)*"

        $out = Join-Path $TestDrive out
        $result = $builder | Invoke-BuildxBuild $context -Platform linux/amd64, linux/arm64 -Output $out -Progress None
        $result.Builder | Should -Be $name
        Get-Content (Join-Path $out linux_arm64 name.txt) | Should -Be 'world'

        Stop-BuildxBuilder $name
        (Get-BuildxBuilder $name).Status | Should -Be Stopped
        Start-BuildxBuilder $name -Progress None
        (Get-BuildxBuilder $name).Status | Should -Be Running
        Remove-BuildxBuilder $name
        Get-BuildxBuilder $name -ErrorAction Ignore | Should -BeNullOrEmpty
    }

    It 'is made from within a pod of it, without a kubeconfig' {
        if (-not $IsLinux -or (id -u) -ne 0) {
            Set-ItResult -Skipped -Because 'only root can put files where a pod has them'
        }

        $name = New-TestName
        $script = @"
`$ErrorActionPreference = 'Stop'
Import-Module '$env:BUILDXPS_MODULE'
`$b = New-BuildxBuilder $name -Driver kubernetes -Bootstrap -Progress None
"`$(`$b.Status) `$(`$b.Nodes[0].Pods.Count)"
Remove-BuildxBuilder $name
"@
        $port = ([uri]$address).Port
        $place = '/var/run/secrets/kubernetes.io/serviceaccount'
        # In a file system of its own, which nobody else sees.
        $said = & unshare --mount sh -c 'mount -t tmpfs none /var/run && mkdir -p "$1" && cp "$2"/ca.crt "$2"/token "$2"/namespace "$1" && shift 2 && exec env -u KUBECONFIG "$@"' sh $place $login `
            "KUBERNETES_SERVICE_HOST=127.0.0.1" "KUBERNETES_SERVICE_PORT=$port" "HOME=$TestDrive" (Join-Path $PSHOME pwsh) -NoProfile -NonInteractive -Command $script
        $said | Should -Be 'Running 1'
    }
}
