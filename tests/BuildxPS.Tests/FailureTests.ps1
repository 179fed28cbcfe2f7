# What tests of failures share: the record that a user reads, and the command that its advice gives. Dot-sourced in BeforeAll.

# That there is one error with this id and category, that its message names each part, and that it says what to do.
function Assert-Explained($Failed, [string] $Id, [string] $Category, [string[]] $Part) {
    $Failed | Should -HaveCount 1
    $Failed[0].FullyQualifiedErrorId | Should -Match "^$Id,BuildxPS\.Commands\.\w+$" -Because "$($Failed[0])"
    $Failed[0].CategoryInfo.Category | Should -Be $Category
    foreach ($text in $Part) {
        $Failed[0].Exception.Message | Should -BeLike "*$([WildcardPattern]::Escape($text))*"
    }

    $Failed[0].ErrorDetails.RecommendedAction | Should -Match '\.$'
    $Failed[0].ErrorDetails.RecommendedAction | Should -Not -MatchExactly 'HOST:PORT|BUILDER'
}

# The command that an advice gives, its placeholders filled in: a cmdlet with a builder of a test and one parameter, or a quoted line.
function Get-AdvisedCommand($Failed, [string] $Command, [hashtable] $With = @{}) {
    $advice = $Failed[0].ErrorDetails.RecommendedAction
    $pattern = $Command -like 'docker*' -or $Command -in 'Connect-BuildxRegistry', 'Register-BuildxEmulator' ? "'(?<it>$Command[^']*)'" : "(?<it>$Command(?: bxp-\w+)?(?: -\w+ (?:@\{[^}]*\}|'[^']*'(?:, '[^']*')*|[\w.:=/-]*\w))?)"
    $advice | Should -Match $pattern
    $null = $advice -match $pattern
    $line = $Matches.it
    foreach ($placeholder in $With.Keys) {
        $line | Should -BeLike "*$placeholder*"
        $line = $line.Replace($placeholder, $With[$placeholder])
    }

    $line
}

# Does what an advice says, as a user would who copies the line.
function Invoke-Advised($Failed, [string] $Command, [hashtable] $With = @{}) {
    $line = Get-AdvisedCommand $Failed $Command $With
    & ([scriptblock]::Create($line)) 6>$null
}

# Logs in as an advice says.
function Invoke-AdvisedLogin($Failed, $User) {
    $null, $registry, $null, $builder = (Get-AdvisedCommand $Failed 'Connect-BuildxRegistry').Split(' ')
    $setup = Get-TestSetup
    $credential = [pscredential]::new($User.name, (ConvertTo-SecureString $User.password -AsPlainText -Force))
    # No key ring here. What a builder was told of the authority counts for a login that names it.
    $trust = $builder ? @{ Builder = $builder } : $registry -eq $setup.registries.https ? @{ RegistryCa = $setup.certificates.ca } : @{}
    (Connect-BuildxRegistry $registry -Credential $credential -UseFile @trust -WarningAction SilentlyContinue).UserName | Should -Be $User.name
}

# A registry that takes everything but what it is told to refuse: $Refuse gets a request's method, path, address and content type, and gives a status or nothing.
function Start-FakeRegistry([scriptblock] $Refuse) {
    $socket = [Net.Sockets.TcpListener]::new([Net.IPAddress]::Loopback, 0)
    $socket.Start()
    $port = $socket.LocalEndpoint.Port
    $socket.Stop()
    $listener = [Net.HttpListener]::new()
    $listener.Prefixes.Add("http://127.0.0.1:$port/")
    $listener.Start()
    $job = Start-ThreadJob -ArgumentList $listener, "$Refuse" {
        param($Listener, $Refuse)
        $refuse = [scriptblock]::Create($Refuse)
        while ($Listener.IsListening) {
            try {
                $context = $Listener.GetContext()
            }
            catch {
                break
            }

            $request, $response = $context.Request, $context.Response
            $body = [IO.MemoryStream]::new()
            $request.InputStream.CopyTo($body)
            $status = & $refuse $request.HttpMethod $request.Url.AbsolutePath $request.RawUrl $request.ContentType
            if (-not $status) {
                $digest = "sha256:$([Convert]::ToHexStringLower([Security.Cryptography.SHA256]::HashData($body.ToArray())))"
                $status = switch ($request.HttpMethod) {
                    GET { 200 }
                    HEAD { 404 }
                    POST { $response.Headers['Location'] = "$($request.Url.AbsolutePath)$(New-Guid)"; 202 }
                    default { $response.Headers['Docker-Content-Digest'] = $request.QueryString['digest'] ?? $digest; 201 }
                }
            }

            $response.StatusCode = $status
            # Else the listener writes the end of a chunked body, after the answer to a HEAD too.
            $response.ContentLength64 = 0
            $response.Close()
        }
    }

    [pscustomobject]@{ Name = "127.0.0.1:$port"; Listener = $listener; Job = $job }
}

function Stop-FakeRegistry($Registry) {
    $Registry.Listener.Close()
    Remove-Job $Registry.Job -Force
}
