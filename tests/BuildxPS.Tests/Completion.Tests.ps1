# What the tab key offers. Nothing here has an engine: completers look only at this machine's files.

BeforeAll {
    . (Join-Path $PSScriptRoot TestEngines.ps1)
    Import-Module $env:BUILDXPS_MODULE
    $kept = Enter-TestSurroundings $TestDrive
    $null = New-Item $env:DOCKER_CONFIG, (Join-Path $env:BUILDX_CONFIG instances) -ItemType Directory -Force
    # TEST-NET: nobody answers there, and whoever asked would wait.
    $env:DOCKER_HOST = 'tcp://192.0.2.1:2375'
    Set-Content (Join-Path $env:DOCKER_CONFIG config.json) '{ "auths": { "registry.example:5000": { "auth": "dTpw" }, "https://index.docker.io/v1/": { "auth": "dTpw" } }, "credHelpers": { "helped.example": "none" } }'

    function Set-Builder([string] $Name, [string] $Driver, [hashtable[]] $Nodes) {
        $all = $Nodes.ForEach({ @{ Name = $_.Name; Endpoint = 'tcp://192.0.2.1:1234'; Platforms = @($_.Platforms).Where({ $_ }); DriverOpts = @{}; Flags = $null; Files = $null } })
        @{ Name = $Name; Driver = $Driver; Nodes = @($all); Dynamic = $false } | ConvertTo-Json -Depth 6 | Set-Content (Join-Path $env:BUILDX_CONFIG instances $Name)
    }

    Set-Builder far remote @{ Name = 'east'; Platforms = @(@{ os = 'linux'; architecture = 'loong64' }) }, @{ Name = 'west' }
    Set-Builder pods kubernetes @{ Name = 'pods0' }
    $folder = New-TestContext (Join-Path $TestDrive 'My App') @'
FROM alpine AS base
FROM --platform=$BUILDPLATFORM registry.example:5000/tools/go:1 AS build
COPY --from=busybox /bin/sh /
RUN --mount=type=bind,from=assets,target=/a true
COPY --from=base /etc/passwd /
FROM build
'@

    # What is offered at the end of a line, as the list shows it.
    function Complete([string] $Line) { (TabExpansion2 $Line $Line.Length).CompletionMatches.ListItemText }

    # The line as it is after the first offer was taken.
    function Accept([string] $Line) {
        $offer = TabExpansion2 $Line $Line.Length
        $Line.Remove($offer.ReplacementIndex, $offer.ReplacementLength).Insert($offer.ReplacementIndex, $offer.CompletionMatches[0].CompletionText)
    }
}

AfterAll {
    Exit-TestSurroundings $kept
}

Describe 'Completion' {
    It 'offers <Expected> for <Line>' -ForEach @(
        @{ Line = 'Remove-BuildxNode far '; Expected = 'east', 'west' }
        @{ Line = 'Set-BuildxBuilder far -Node w'; Expected = @('west') }
        @{ Line = 'Invoke-BuildxBuild -Builder p'; Expected = @('pods') }
        @{ Line = 'New-BuildxBuilder -Driver k'; Expected = @('kubernetes') }
        @{ Line = 'New-BuildxBuilder -DriverOption cpuset'; Expected = 'cpuset-cpus=', 'cpuset-mems=' }
        @{ Line = 'New-BuildxBuilder -Driver remote -DriverOption '; Expected = 'default-load=', 'cacert=', 'cert=', 'key=', 'servername=' }
        @{ Line = 'New-BuildxBuilder x tcp://192.0.2.1:1 -DriverOption s'; Expected = @('servername=') }
        @{ Line = 'New-BuildxBuilder -Driver kubernetes -DriverOption re'; Expected = 'replicas=', 'requests.cpu=', 'requests.memory=', 'requests.ephemeral-storage=' }
        @{ Line = 'Set-BuildxBuilder pods -DriverOption re'; Expected = 'replicas=', 'requests.cpu=', 'requests.memory=', 'requests.ephemeral-storage=' }
        @{ Line = 'Add-BuildxNode far -DriverOption c'; Expected = 'cacert=', 'cert=' }
        @{ Line = 'Invoke-BuildxBuild -Platform linux/amd64,linux/arm'; Expected = 'linux/arm64', 'linux/arm/v7', 'linux/arm/v6' }
        @{ Line = "Invoke-BuildxBuild -Platform 'linux/arm64,linux/arm/v7,linux/arm"; Expected = @('linux/arm/v6') }
        @{ Line = 'Invoke-BuildxBuild -Builder far -Platform linux/l'; Expected = @('linux/loong64') }
        @{ Line = 'Invoke-BuildxBuild -Output type=image,push'; Expected = 'push=', 'push-by-digest=' }
        @{ Line = "Invoke-BuildxBuild -Output 'type=image,push=true,push"; Expected = @('push-by-digest=') }
        @{ Line = 'Invoke-BuildxBuild -Output type=image,compression=z'; Expected = @('compression=zstd') }
        @{ Line = 'Invoke-BuildxBuild -o type=local,mode='; Expected = 'mode=copy', 'mode=delete' }
        @{ Line = 'Invoke-BuildxBuild -Output type=docker,context='; Expected = @('context=default') }
        @{ Line = 'Invoke-BuildxBuild -CacheTo type=registry,ref=x,mode='; Expected = 'mode=min', 'mode=max' }
        @{ Line = "Invoke-BuildxBuild -CacheFrom 'type=s3,reg"; Expected = @('region=') }
        @{ Line = 'Invoke-BuildxBuild -CacheFrom type=local,'; Expected = 'digest=', 'src=', 'tag=' }
        @{ Line = 'Invoke-BuildxBuild -Attest type=provenance,mode=m'; Expected = 'mode=min', 'mode=max' }
        @{ Line = "Invoke-BuildxBuild 'FOLDER' -Target b"; Expected = 'base', 'build' }
        @{ Line = "Invoke-BuildxBuild -File 'FOLDER/Dockerfile' -NoCacheFilter base,b"; Expected = 'base', 'build' }
        @{ Line = "Invoke-BuildxBuild 'FOLDER' -BuildContext "; Expected = 'alpine=', 'registry.example:5000/tools/go:1=', 'busybox=', 'assets=' }
        @{ Line = "Invoke-BuildxBuild 'FOLDER' -Tag "; Expected = 'my-app:latest', 'helped.example/my-app:latest', 'registry.example:5000/my-app:latest' }
        @{ Line = 'Disconnect-BuildxRegistry '; Expected = 'docker.io', 'helped.example', 'registry.example:5000' }
        @{ Line = 'Get-BuildxContext '; Expected = @('default') }
        @{ Line = 'Invoke-BuildxBuild -Progress '; Expected = 'Auto', 'Bars', 'None', 'Plain' }
    ) {
        Complete $Line.Replace('FOLDER', $folder) | Should -Be $Expected
    }

    It 'makes <Expected> of <Line>' -ForEach @(
        @{ Line = 'Invoke-BuildxBuild -Output type=image,push-'; Expected = 'Invoke-BuildxBuild -Output type=image,push-by-digest=' }
        @{ Line = "Invoke-BuildxBuild -Output 'type=image,push-"; Expected = "Invoke-BuildxBuild -Output 'type=image,push-by-digest='" }
        @{ Line = "Invoke-BuildxBuild -Platform 'linux/amd64,linux/s"; Expected = "Invoke-BuildxBuild -Platform 'linux/amd64,linux/s390x'" }
        @{ Line = 'Invoke-BuildxBuild -CacheTo ty'; Expected = "Invoke-BuildxBuild -CacheTo 'type=registry,ref='" }
    ) {
        Accept $Line | Should -Be $Expected
    }

    It 'knows the files below a destination' {
        $null = New-Item (Join-Path $TestDrive results) -ItemType Directory
        Push-Location $TestDrive
        try {
            Complete 'Invoke-BuildxBuild -Output type=local,dest=res' | Should -Be 'dest=results'
        }
        finally {
            Pop-Location
        }
    }

    It 'offers names of images that the session used, newest first' {
        $time = Get-Date
        foreach ($line in 'Invoke-BuildxBuild . -Tag registry.example:5000/one:1,two:2 -Push', 'docker run -t $image', 'Get-BuildxImageManifest three:3') {
            [pscustomobject]@{ CommandLine = $line; ExecutionStatus = 'Completed'; StartExecutionTime = $time; EndExecutionTime = $time } | Add-History
        }

        Complete 'Get-BuildxImageManifest ' | Should -Be 'three:3', 'registry.example:5000/one:1', 'two:2', 'helped.example/', 'registry.example:5000/'
        Complete 'Copy-BuildxImage two:2 registry.example:5000/o' | Should -Be 'registry.example:5000/one:1'
    }

    It 'offers nothing, and says nothing, where a file is <What>' -ForEach @(
        @{ What = 'missing'; Make = {} }
        @{ What = 'a folder'; Make = { $null = New-Item $args[0] -ItemType Directory } }
        @{ What = 'a pipe'; Make = { if (-not $IsWindows) { mkfifo $args[0] } } }
    ) {
        $file = Join-Path $TestDrive "other-$([guid]::NewGuid())"
        & $Make $file
        $Error.Clear()
        $line = "Invoke-BuildxBuild -File '$file' -Target "
        # PowerShell offers files where a completer offers nothing.
        (TabExpansion2 $line $line.Length).CompletionMatches.Where({ $_.ResultType -eq 'ParameterValue' }) | Should -BeNullOrEmpty
        $Error | Should -BeNullOrEmpty
    }

    It 'offers what it can where docker''s and buildx''s files are broken' {
        Set-Content (Join-Path $env:BUILDX_CONFIG instances broken) '{'
        $config = Join-Path $env:DOCKER_CONFIG config.json
        $good = Get-Content $config
        Set-Content $config '{'
        $Error.Clear()
        try {
            Complete 'Invoke-BuildxBuild -Platform linux/s3' | Should -Be 'linux/s390x'
            Complete 'New-BuildxBuilder -DriverOption net' | Should -Be 'network='
            Complete "Invoke-BuildxBuild '$folder' -Tag " | Should -Contain 'my-app:latest'
            foreach ($line in 'Invoke-BuildxBuild -Builder ', 'Disconnect-BuildxRegistry ', 'Remove-BuildxNode far ') {
                $null = TabExpansion2 $line $line.Length
            }

            $Error | Should -BeNullOrEmpty
        }
        finally {
            Set-Content $config $good
            Remove-Item (Join-Path $env:BUILDX_CONFIG instances broken)
        }
    }
}
