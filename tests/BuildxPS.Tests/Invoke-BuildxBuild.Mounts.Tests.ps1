# -Secret and -Ssh: how they are written, what is refused, and that no secret shows anywhere.

BeforeAll {
    Import-Module $env:BUILDXPS_MODULE
    . (Join-Path $PSScriptRoot TestEngines.ps1)
    $id = 'BuildxPS.Commands.InvokeBuildxBuildCommand'
    $kept = Enter-TestSurroundings $TestDrive
    $keptAgent = $env:SSH_AUTH_SOCK
    $env:SSH_AUTH_SOCK = $null
    $nowhere = "unix://$TestDrive/nowhere.sock"
    $context = New-TestContext (Join-Path $TestDrive context)
    $value = "hunter2-$([guid]::NewGuid().ToString('N'))"
    $secure = ConvertTo-SecureString $value -AsPlainText
    $credential = [pscredential]::new('someone', $secure)
    Set-Content (Join-Path $TestDrive token.txt) $value -NoNewline

    function Get-Hash([string] $Text) {
        [Convert]::ToHexStringLower([Security.Cryptography.SHA256]::HashData([Text.Encoding]::UTF8.GetBytes($Text)))
    }

    # All that a build gave or wrote, its result and its errors with all that is in them.
    function Get-Everything([scriptblock] $Build) {
        $all = @(& $Build *>&1)
        $shown = $all | Out-String -Width 4000
        $shown += $all | Where-Object { $_ -is [BuildxPS.BuildResult] } | ConvertTo-Json -Depth 6
        @($all) + $Error | ForEach-Object { $shown += $_ | Format-List * -Force | Out-String -Width 4000 }
        $Error | ForEach-Object { $shown += "$($_.Exception) $($_.ErrorDetails) $($_.TargetObject | Out-String)" }
        $shown
    }
}

AfterAll {
    Exit-TestSurroundings $kept
    $env:SSH_AUTH_SOCK = $keptAgent
}

Describe 'Invoke-BuildxBuild -Secret' {
    It 'refuses <What>, and shows no value' -ForEach @(
        @{ What = 'text without an id'; Secret = { "src=$value" }; Failure = 'SecretInvalid' }
        @{ What = 'text that is no pair'; Secret = { $value }; Failure = 'SecretInvalid' }
        @{ What = 'an empty text'; Secret = { '' }; Failure = 'SecretInvalid' }
        @{ What = 'a value without an id'; Secret = { $secure }; Failure = 'SecretInvalid' }
        @{ What = 'a credential without an id'; Secret = { $credential }; Failure = 'SecretInvalid' }
        @{ What = 'a hashtable without an id'; Secret = { @{ Value = $secure } }; Failure = 'SecretInvalid' }
        @{ What = 'plain text under a name'; Secret = { @{ token = $value } }; Failure = 'SecretInvalid' }
        @{ What = 'a value that was not set'; Secret = { @{ Id = 'token'; Value = $null } }; Failure = 'SecretInvalid' }
        @{ What = 'two sources'; Secret = { @{ Id = 'token'; Value = $value; Source = 'token.txt' } }; Failure = 'SecretInvalid' }
        @{ What = 'an unknown key'; Secret = { @{ Id = 'token'; Vaule = $value } }; Failure = 'SecretInvalid' }
        @{ What = 'an id that is a secret'; Secret = { @{ Id = $secure; Value = $value } }; Failure = 'SecretInvalid' }
        @{ What = 'a number'; Secret = { 5 }; Failure = 'SecretInvalid' }
        @{ What = 'a source outside the file system'; Secret = { 'id=token,src=env:/x' }; Failure = 'SecretInvalid' }
        @{ What = 'a file that does not exist'; Secret = { 'id=token,src=no-such-file' }; Failure = 'SecretNotFound' }
        @{ What = 'a variable that is not set'; Secret = { 'id=token,env=NO_SUCH_VARIABLE' }; Failure = 'SecretNotFound' }
        @{ What = 'an id that is neither a file nor a variable'; Secret = { 'id=no-such-file' }; Failure = 'SecretNotFound' }
        @{ What = 'a folder'; Secret = { "id=token,src=$TestDrive" }; Failure = 'SecretUnreadable' }
        @{ What = 'a value that is too long'; Secret = { @{ Id = 'token'; Value = $value + ('x' * 70000) } }; Failure = 'SecretTooLarge' }
    ) {
        $given = & $Secret
        $Error.Clear()
        $failed = @(Get-Failure { Invoke-BuildxBuild $context -DockerHost $nowhere -Progress None -Secret $given -ErrorAction SilentlyContinue })
        $failed.FullyQualifiedErrorId | Should -Be "$Failure,$id"
        $failed[0].ErrorDetails.RecommendedAction | Should -Not -BeNullOrEmpty
        $failed[0].TargetObject | Should -Not -BeOfType ([hashtable])
        "$($failed[0])$($failed[0].Exception)$($failed[0].ErrorDetails.RecommendedAction)" | Should -Not -BeLike "*$value*"
    }

    It 'reads <What>' -ForEach @(
        @{ What = 'unquoted text'; Secret = { , @('id=a', 'src=token.txt') } }
        @{ What = 'two unquoted texts'; Secret = { , @('id=a', 'src=token.txt', 'id=b', 'env=BXP_TOKEN') } }
        @{ What = 'names and values'; Secret = { @{ a = $secure; b = $credential } } }
        @{ What = 'an ordered hashtable'; Secret = { [ordered]@{ id = 'a'; environment = 'BXP_TOKEN' } } }
        @{ What = 'a file object'; Secret = { @{ Id = 'a'; Source = Get-Item (Join-Path $TestDrive token.txt) } } }
        @{ What = 'a typed secret'; Secret = { [BuildxPS.SecretSpec]@{ Id = 'a'; Value = $secure } } }
        @{ What = 'the variable of its name'; Secret = { 'id=BXP_TOKEN' } }
        @{ What = 'the file of its name'; Secret = { 'id=token.txt' } }
    ) {
        $env:BXP_TOKEN = $value
        Push-Location $TestDrive
        try {
            $given = & $Secret
            # What is wrong with a secret would be said before the engine is looked for.
            (Get-Failure { Invoke-BuildxBuild $context -DockerHost $nowhere -Progress None -Secret $given }).FullyQualifiedErrorId | Should -Be "EngineUnreachable,$id"
        }
        finally {
            Pop-Location
            $env:BXP_TOKEN = $null
        }
    }

    It 'completes the ids that the Dockerfile mounts' {
        $mounting = New-TestContext (Join-Path $TestDrive mounting) "FROM busybox`nRUN --mount=type=secret,id=npm_token --mount=id=other,type=secret --mount=type=cache,target=/c --mount=type=ssh,id=git true`n"
        $line = "Invoke-BuildxBuild $mounting -Secret "
        (TabExpansion2 $line $line.Length).CompletionMatches.ListItemText | Should -Be 'id=npm_token,src=', 'id=npm_token,env=', 'id=other,src=', 'id=other,env='
        $line = "Invoke-BuildxBuild $mounting -Ssh "
        (TabExpansion2 $line $line.Length).CompletionMatches.ListItemText | Should -Be 'git', 'git='
    }

    It 'gives a step its secrets, and shows their values nowhere' {
        $engine = Get-TestEngine d28
        $secrets = New-TestContext (Join-Path $TestDrive secrets) @"
FROM busybox AS build
RUN --mount=type=secret,id=file --mount=type=secret,id=variable --mount=type=secret,id=secure --mount=type=secret,id=credential --mount=type=secret,id=plain \
    : $(New-Guid) && mkdir /hashes && cd /run/secrets && for f in *; do sha256sum < `$f | cut -d' ' -f1 > /hashes/`$f; done
FROM scratch
COPY --from=build /hashes /
"@
        $env:BXP_TOKEN = "$value-variable"
        $out = Join-Path $TestDrive hashes
        $Error.Clear()
        Push-Location $TestDrive
        try {
            $everything = Get-Everything {
                $VerbosePreference = 'Continue'
                $DebugPreference = 'Continue'
                Invoke-BuildxBuild $secrets -DockerHost $engine -Output $out -Progress Plain -Verbose -Secret id=file, src=token.txt, id=variable, env=BXP_TOKEN,
                    @{ secure = $secure; credential = $credential }, @{ Id = 'plain'; Value = "$value-plain" }
            }
        }
        finally {
            Pop-Location
            $env:BXP_TOKEN = $null
        }

        Get-ChildItem $out | ForEach-Object { "$($_.Name) $((Get-Content $_).Trim())" } | Should -Be @(
            "credential $(Get-Hash $value)", "file $(Get-Hash $value)", "plain $(Get-Hash "$value-plain")", "secure $(Get-Hash $value)", "variable $(Get-Hash "$value-variable")")
        $everything | Should -BeLike '*Completed*'
        $everything | Should -Not -BeLike "*$value*"
    }

    It 'is named in the error where a step requires one, and the value of another is not' {
        $engine = Get-TestEngine d28
        $requiring = New-TestContext (Join-Path $TestDrive requiring) "FROM busybox`nRUN --mount=type=secret,id=token,required=true : $(New-Guid)`n"
        $Error.Clear()
        $everything = Get-Everything { Invoke-BuildxBuild $requiring -DockerHost $engine -Output type=cacheonly -Progress Plain -Secret @{ other = $secure } }
        $Error[0].FullyQualifiedErrorId | Should -Be "SecretRequired,$id"
        $Error[0].CategoryInfo.Category | Should -Be ObjectNotFound
        "$($Error[0])" | Should -BeLike "*secret 'token'*"
        $Error[0].ErrorDetails.RecommendedAction | Should -BeLike "*-Secret*id=token,src=*"
        $everything | Should -Not -BeLike "*$value*"
    }

    It 'says that a secret is empty' {
        $engine = Get-TestEngine d28
        $none = [securestring]::new()
        Invoke-BuildxBuild $context -DockerHost $engine -Output type=cacheonly -Progress None -Secret @{ token = $none } -WarningVariable warned -WarningAction SilentlyContinue | Out-Null
        "$warned" | Should -BeLike "*secret 'token' is empty*"
    }
}

Describe 'Invoke-BuildxBuild -Ssh' {
    BeforeAll {
        if (-not (Get-Command ssh-keygen -CommandType Application -ErrorAction Ignore)) {
            return
        }

        $key = Join-Path $TestDrive key
        $locked = Join-Path $TestDrive locked
        ssh-keygen -q -t ed25519 -N '' -C me -f $key
        ssh-keygen -q -t ed25519 -N 'a passphrase' -C me -f $locked
    }

    BeforeEach {
        if (-not $key) {
            Set-ItResult -Skipped -Because 'there is no ssh-keygen here'
        }
    }

    It 'refuses <What>, naming <Part>' -ForEach @(
        @{ What = 'the default agent where there is none'; Ssh = { 'default' }; Failure = 'SshAgentUnavailable'; Part = 'SSH_AUTH_SOCK' }
        @{ What = 'an empty text'; Ssh = { '' }; Failure = 'SshInvalid'; Part = 'empty' }
        @{ What = 'an agent given twice'; Ssh = { "a=$key", "a=$key" }; Failure = 'SshInvalid'; Part = 'twice' }
        @{ What = 'an unknown key'; Ssh = { @{ Id = 'a'; Pfad = $key } }; Failure = 'SshInvalid'; Part = 'Pfad' }
        @{ What = 'a path that was not set'; Ssh = { @{ Id = 'a'; Path = $null } }; Failure = 'SshInvalid'; Part = 'null' }
        @{ What = 'a number'; Ssh = { 5 }; Failure = 'SshInvalid'; Part = 'Int32' }
        @{ What = 'what does not exist'; Ssh = { 'a=no-such-key' }; Failure = 'SshAgentUnavailable'; Part = 'no-such-key' }
        @{ What = 'what is no key'; Ssh = { "a=$key.pub" }; Failure = 'SshKeyInvalid'; Part = 'key.pub' }
        @{ What = 'a folder'; Ssh = { "a=$TestDrive" }; Failure = 'SshKeyInvalid'; Part = 'folder' }
        @{ What = 'a key with a passphrase'; Ssh = { "a=$locked" }; Failure = 'SshKeyEncrypted'; Part = 'passphrase' }
    ) {
        $given = & $Ssh
        $failed = @(Get-Failure { Invoke-BuildxBuild $context -DockerHost $nowhere -Progress None -Ssh $given })
        $failed.FullyQualifiedErrorId | Should -Be "$Failure,$id"
        "$($failed[0])" | Should -BeLike "*$Part*"
        $failed[0].ErrorDetails.RecommendedAction | Should -Not -BeNullOrEmpty
    }

    It 'reads <What>' -ForEach @(
        @{ What = 'a relative path'; Ssh = { 'a=key' } }
        @{ What = 'unquoted paths'; Ssh = { , @('a=key', './key') } }
        @{ What = 'several agents'; Ssh = { 'a=key', 'b=./key' } }
        @{ What = 'a hashtable'; Ssh = { @{ Id = 'a'; Path = 'key', './key' } } }
        @{ What = 'a file object'; Ssh = { @{ Path = Get-Item $key } } }
        @{ What = 'a typed agent'; Ssh = { [BuildxPS.SshSpec]@{ Id = 'a'; Paths = [string[]]'key' } } }
    ) {
        Push-Location $TestDrive
        try {
            $given = & $Ssh
            (Get-Failure { Invoke-BuildxBuild $context -DockerHost $nowhere -Progress None -Ssh $given }).FullyQualifiedErrorId | Should -Be "EngineUnreachable,$id"
        }
        finally {
            Pop-Location
        }
    }

    It 'gives a step a key to list and to sign with' {
        $engine = Get-TestEngine d28
        # The base image has no OpenSSH: this machine's comes along, with what it loads.
        $signing = New-TestContext (Join-Path $TestDrive signing) @"
FROM busybox AS build
RUN --mount=type=bind,target=/in --mount=type=ssh : $(New-Guid) && mkdir /out && printf data > /out/data && \
    /in/tools/ld.so --library-path /in/tools /in/tools/ssh-add -L > /out/key.pub && \
    /in/tools/ld.so --library-path /in/tools /in/tools/ssh-keygen -q -Y sign -n test -f /out/key.pub /out/data
FROM scratch
COPY --from=build /out /
"@
        $tools = Join-Path $signing tools
        $null = New-Item $tools -ItemType Directory
        foreach ($program in (Get-Command ssh-add, ssh-keygen).Source) {
            Copy-Item $program $tools
            foreach ($library in [regex]::Matches((ldd $program) -join "`n", '(?<=\s)/\S+').Value) {
                Copy-Item $library (Join-Path $tools ((Split-Path $library -Leaf) -replace '^ld-.*', 'ld.so'))
            }
        }

        $out = Join-Path $TestDrive signed
        $null = Invoke-BuildxBuild $signing -DockerHost $engine -Output $out -Progress None -Ssh "default=$key"
        "me $(Get-Content "$out/key.pub")" | Set-Content (Join-Path $TestDrive signers)
        Get-Content "$out/key.pub" | Should -BeLike "$((Get-Content "$key.pub").Split(' ')[0..1])*"
        bash -c "ssh-keygen -Y verify -f '$TestDrive/signers' -I me -n test -s '$out/data.sig' < '$out/data'"
        $LASTEXITCODE | Should -Be 0
    }
}
