# Where assemblies go is a matter of the whole process, so each test here asks a PowerShell of its own.

BeforeAll {
    # Runs a script in a fresh PowerShell, which can call Use-Engine and Get-Context, and returns what it wrote.
    function Invoke-Fresh([string] $Script) {
        $prelude = {
            $ErrorActionPreference = 'Stop'

            function Use-Engine {
                $null = Get-BuildxBuilder -ErrorAction Ignore
            }

            # What of ours, of the packages and of the neighbour is in a context: name, version and folder of each.
            function Get-Context([string] $Name) {
                $contexts = @([Runtime.Loader.AssemblyLoadContext]::All | Where-Object Name -EQ $Name)
                $contexts.ForEach({ $_.Assemblies }) | Where-Object { -not $_.IsDynamic -and $_.GetName().Name -in $Names } | ForEach-Object {
                    [pscustomobject]@{
                        Name    = $_.GetName().Name
                        Version = $_.GetName().Version.ToString(2)
                        Folder  = Split-Path $_.Location
                    }
                }
            }

            # Every file of lib, whether a build would need it or not.
            function Import-Everything {
                $engine = [Runtime.Loader.AssemblyLoadContext]::Default.LoadFromAssemblyName('BuildxPS.Engine')
                $context = [Runtime.Loader.AssemblyLoadContext]::GetLoadContext($engine)
                $Names | Where-Object { $_ -ne 'BuildxPS' } | ForEach-Object { $context.LoadFromAssemblyName($_).GetTypes() } | Out-Null
            }
        }
        $names = ($ours | ForEach-Object { "'$_'" }) -join ', '
        $text = "`$Module = '$env:BUILDXPS_MODULE'; `$Neighbour = '$env:BUILDXPS_NEIGHBOUR'; `$Names = $names; $prelude; & { $Script } | ConvertTo-Json -Depth 4 -AsArray"
        $encoded = [Convert]::ToBase64String([Text.Encoding]::Unicode.GetBytes($text))
        $answer = & (Join-Path $PSHOME ($IsWindows ? 'pwsh.exe' : 'pwsh')) -NoProfile -NonInteractive -EncodedCommand $encoded 2>&1
        $LASTEXITCODE | Should -Be 0 -Because "the script should run: $answer"
        $answer | Out-String | ConvertFrom-Json
    }

    $folder = Split-Path $env:BUILDXPS_MODULE
    $lib = Join-Path $folder lib
    $ours = @('BuildxPS', 'BuildxPS.Model') + (Get-ChildItem $lib -Filter *.dll).BaseName
}

Describe 'The engine' {
    It 'is not loaded by importing the module' {
        $contexts = Invoke-Fresh {
            Import-Module $Module
            Get-Context Default
            Get-Context BuildxPS
        }
        $contexts.Name | Where-Object { $_ -notin 'BuildxPS', 'BuildxPS.Model' } | Should -BeNullOrEmpty
    }

    It 'and its packages stay out of PowerShell''s context when they are used' {
        $contexts = Invoke-Fresh {
            Import-Module $Module
            Use-Engine
            @{ Shared = @(Get-Context Default); Private = @(Get-Context BuildxPS) }
        }
        $contexts.Shared.Name | Sort-Object | Should -Be 'BuildxPS', 'BuildxPS.Model'
        $contexts.Private.Name | Should -Contain 'BuildxPS.Engine'
        $contexts.Private.Name | Should -Not -Contain 'BuildxPS.Model'
        $contexts.Private.Folder | Select-Object -Unique | Should -Be $lib
    }

    It 'finds every assembly of lib in lib' {
        $contexts = Invoke-Fresh {
            Import-Module $Module
            Import-Everything
            @{ Shared = @(Get-Context Default); Private = @(Get-Context BuildxPS) }
        }
        $contexts.Shared.Name | Sort-Object | Should -Be 'BuildxPS', 'BuildxPS.Model'
        $contexts.Private.Name | Sort-Object | Should -Be ((Get-ChildItem $lib -Filter *.dll).BaseName | Sort-Object)
    }

    It 'is still there after the module was removed and imported again' {
        $answer = Invoke-Fresh {
            Import-Module $Module
            Use-Engine
            $before = [BuildxPS.Builder]
            Remove-Module BuildxPS
            Import-Module $Module
            Use-Engine
            @{ Same = $before -eq [BuildxPS.Builder]; Engines = @(Get-Context BuildxPS | Where-Object Name -EQ BuildxPS.Engine).Count }
        }
        $answer.Same | Should -BeTrue
        $answer.Engines | Should -Be 1
    }
}

Describe 'Many runspaces' {
    It 'share one engine when <How>' -ForEach @(
        @{ How = 'ForEach-Object -Parallel starts them'; Script = {
                1..8 | ForEach-Object -Parallel {
                    Import-Module $using:Module
                    (Get-Command Get-BuildxBuilder).Name
                    $null = Get-BuildxBuilder -ErrorAction Ignore
                } -ThrottleLimit 4
            }
        }
        @{ How = 'Start-ThreadJob starts them'; Script = {
                $jobs = 1..8 | ForEach-Object {
                    Start-ThreadJob -ThrottleLimit 4 {
                        Import-Module $using:Module
                        (Get-Command Get-BuildxBuilder).Name
                        $null = Get-BuildxBuilder -ErrorAction Ignore
                    }
                }
                $jobs | Receive-Job -Wait -AutoRemoveJob
            }
        }
        @{ How = 'a host keeps them side by side'; Script = {
                $state = [initialsessionstate]::CreateDefault2()
                $state.ImportPSModule($Module)
                $shells = 1..8 | ForEach-Object { [powershell]::Create($state) }
                $running = $shells | ForEach-Object {
                    $null = $_.AddScript('(Get-Command Get-BuildxBuilder).Name; $null = Get-BuildxBuilder -ErrorAction Ignore')
                    @{ Shell = $_; Handle = $_.BeginInvoke() }
                }
                $running | ForEach-Object { $_.Shell.EndInvoke($_.Handle); $_.Shell.Dispose() }
            }
        }
    ) {
        $answer = Invoke-Fresh "`$found = & { $Script }; @{ Found = @(`$found); Engines = @([AppDomain]::CurrentDomain.GetAssemblies() | Where-Object { `$_.GetName().Name -eq 'BuildxPS.Engine' }).Count }"
        $answer.Found | Should -Be (@('Get-BuildxBuilder') * 8)
        $answer.Engines | Should -Be 1
    }
}

Describe 'Another module with other versions of Protobuf and gRPC' {
    It 'works beside this one when <Order>' -ForEach @(
        @{ Order = 'it came first'; Script = {
                Import-Module $Neighbour
                $before = Get-NeighbourVersion
                Import-Module $Module
                Use-Engine
                Import-Everything
            }
        }
        @{ Order = 'it came second'; Script = {
                Import-Module $Module
                Use-Engine
                Import-Everything
                Import-Module $Neighbour
                $before = Get-NeighbourVersion
            }
        }
    ) {
        $answer = Invoke-Fresh "$Script; `$after = Get-NeighbourVersion; @{ Before = @(`$before.FullName); After = @(`$after.FullName); Shared = @(Get-Context Default); Private = @(Get-Context BuildxPS) }"
        $answer.After | Should -Be $answer.Before
        foreach ($name in 'Google.Protobuf', 'Grpc.Core.Api', 'Grpc.Net.Client') {
            $theirs = $answer.Shared | Where-Object Name -EQ $name
            $mine = $answer.Private | Where-Object Name -EQ $name
            $theirs.Folder | Should -Be (Split-Path $env:BUILDXPS_NEIGHBOUR)
            $mine.Folder | Should -Be $lib
        }

        ($answer.Shared | Where-Object Name -EQ Google.Protobuf).Version | Should -Be '3.25'
        ($answer.Private | Where-Object Name -EQ Google.Protobuf).Version | Should -Not -Be '3.25'
    }

    It 'lets a build run on a real engine' {
        if (-not $env:BUILDXPS_TEST_ENGINES) {
            Set-ItResult -Skipped -Because 'BUILDXPS_TEST_ENGINES is not set, so there is no engine to build on'
        }

        $engines = (Get-Content -Raw $env:BUILDXPS_TEST_ENGINES | ConvertFrom-Json).engines
        $context = New-Item (Join-Path $TestDrive context) -ItemType Directory
        Set-Content (Join-Path $context Dockerfile) "FROM scratch`nCOPY greeting /greeting"
        Set-Content (Join-Path $context greeting) 'hello'
        $target = Join-Path $TestDrive exported
        $answer = Invoke-Fresh "`$DockerHost = '$($engines.d28.host)'; `$Context = '$context'; `$Target = '$target'; $({
            Import-Module $Neighbour
            $before = Get-NeighbourVersion
            Import-Module $Module
            $result = Invoke-BuildxBuild -Path $Context -DockerHost $DockerHost -Output "type=local,dest=$Target" -Progress None
            $after = Get-NeighbourVersion
            @{
                Status  = "$($result.Status)"
                Same    = "$before" -eq "$after"
                Shared  = @(Get-Context Default)
                Private = @(Get-Context BuildxPS)
            }
        })"
        $answer.Status | Should -Be Completed
        $answer.Same | Should -BeTrue
        $answer.Private.Name | Should -Contain Google.Protobuf
        $answer.Private.Name | Should -Contain Microsoft.AspNetCore.Server.Kestrel.Core
        $answer.Shared.Name | Should -Not -Contain Microsoft.AspNetCore.Server.Kestrel.Core
        Get-Content (Join-Path $target greeting) | Should -Be 'hello'
    }
}
