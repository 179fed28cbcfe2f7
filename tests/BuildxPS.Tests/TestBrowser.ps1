# A headless Chromium for tests of pages, spoken to by its DevTools protocol. Dot-sourced in BeforeAll.

# The browser's program, or the test is skipped. CI installs one; elsewhere `apt-get install chromium-headless-shell` (or chromium)
# brings it on Debian, and BUILDXPS_TEST_BROWSER names another one.
function Get-TestBrowser {
    $program = @($env:BUILDXPS_TEST_BROWSER, 'chromium', 'chromium-browser', 'chromium-headless-shell', 'google-chrome').Where({ $_ }) |
        ForEach-Object { Get-Command $_ -CommandType Application -ErrorAction Ignore } |
        Select-Object -First 1 -ExpandProperty Source
    if (-not $program) {
        Set-ItResult -Skipped -Because 'there is no Chromium; install one, or name one in BUILDXPS_TEST_BROWSER'
    }

    $program
}

function Start-TestBrowser([string] $Program, [string] $Folder) {
    $start = [Diagnostics.ProcessStartInfo]::new($Program, [string[]]@(
            '--headless', '--remote-debugging-port=0', "--user-data-dir=$Folder", '--no-first-run', '--disable-gpu', '--hide-scrollbars'
            # Chromium refuses to run as root with its sandbox, and test machines are often root's.
            if ([Environment]::UserName -eq 'root') { '--no-sandbox' }
            'about:blank'))
    $start.RedirectStandardError = $start.RedirectStandardOutput = $true
    $process = [Diagnostics.Process]::Start($start)
    $null = $process.StandardOutput.ReadToEndAsync(), $process.StandardError.ReadToEndAsync()
    $file = Join-Path $Folder DevToolsActivePort
    $limit = [Diagnostics.Stopwatch]::StartNew()
    while (-not ((Test-Path $file) -and ($lines = @(Get-Content $file)).Count -gt 1)) {
        if ($process.HasExited -or $limit.Elapsed.TotalSeconds -gt 60) {
            throw 'The browser did not come up.'
        }

        Start-Sleep -Milliseconds 50
    }

    $socket = [Net.WebSockets.ClientWebSocket]::new()
    $null = $socket.ConnectAsync("ws://127.0.0.1:$($lines[0])$($lines[1])", [Threading.CancellationToken]::None).GetAwaiter().GetResult()
    $browser = @{ Process = $process; Socket = $socket; Id = 0; Session = $null; Events = [Collections.Generic.List[object]]::new() }
    $target = (Send-TestBrowser $browser Target.getTargets).targetInfos.Where({ $_.type -eq 'page' })[0].targetId
    $browser.Session = (Send-TestBrowser $browser Target.attachToTarget @{ targetId = $target; flatten = $true }).sessionId
    'Page', 'Network', 'Log', 'Runtime' | ForEach-Object { $null = Send-TestBrowser $browser "$_.enable" }
    $browser
}

function Stop-TestBrowser($Browser) {
    if ($Browser) {
        $Browser.Socket.Dispose()
        $Browser.Process.Kill($true)
        $Browser.Process.WaitForExit()
    }
}

# Sends a command and gives its answer; events that come meanwhile are kept.
function Send-TestBrowser($Browser, [string] $Method, [hashtable] $Parameters = @{}) {
    $ErrorActionPreference = 'Stop'
    $id = ++$Browser.Id
    $message = @{ id = $id; method = $Method; params = $Parameters }
    if ($Browser.Session) {
        $message.sessionId = $Browser.Session
    }

    $bytes = [ArraySegment[byte]][Text.Encoding]::UTF8.GetBytes(($message | ConvertTo-Json -Depth 9 -Compress))
    $null = $Browser.Socket.SendAsync($bytes, 'Text', $true, [Threading.CancellationToken]::None).GetAwaiter().GetResult()
    while ($true) {
        $answer = Read-TestBrowser $Browser
        if ($answer.id -eq $id) {
            if ($answer.error) {
                throw "$Method failed: $($answer.error.message)"
            }

            return $answer.result
        }
    }
}

function Read-TestBrowser($Browser) {
    $ErrorActionPreference = 'Stop'
    $limit = [Threading.CancellationTokenSource]::new([TimeSpan]::FromSeconds(60))
    $text = [IO.MemoryStream]::new()
    $buffer = [byte[]]::new(65536)
    do {
        $piece = $Browser.Socket.ReceiveAsync([ArraySegment[byte]]::new($buffer), $limit.Token).GetAwaiter().GetResult()
        $text.Write($buffer, 0, $piece.Count)
    } until ($piece.EndOfMessage)
    $message = [Text.Encoding]::UTF8.GetString($text.ToArray()) | ConvertFrom-Json
    if ($message.method) {
        $Browser.Events.Add($message)
    }

    $message
}

# Opens a file at a width, in a scheme of colours, and says what the browser made of it.
function Open-TestPage($Browser, [string] $Path, [int] $Width, [string] $Scheme) {
    $ErrorActionPreference = 'Stop'
    $Browser.Events.Clear()
    $null = Send-TestBrowser $Browser Emulation.setDeviceMetricsOverride @{ width = $Width; height = 900; deviceScaleFactor = 1; mobile = $false }
    $null = Send-TestBrowser $Browser Emulation.setEmulatedMedia @{ features = @(@{ name = 'prefers-color-scheme'; value = $Scheme }) }
    $null = Send-TestBrowser $Browser Page.navigate @{ url = [uri]::new($Path).AbsoluteUri }
    while (-not $Browser.Events.Where({ $_.method -eq 'Page.loadEventFired' })) {
        $null = Read-TestBrowser $Browser
    }

    [pscustomobject]@{
        Width      = Get-TestPageValue $Browser 'document.scrollingElement.clientWidth'
        Content    = Get-TestPageValue $Browser 'document.scrollingElement.scrollWidth'
        Background = Get-TestPageValue $Browser 'getComputedStyle(document.body).backgroundColor'
        Requests   = @($Browser.Events.Where({ $_.method -eq 'Network.requestWillBeSent' }).params.request.url)
        Complaints = @($Browser.Events.Where({ $_.method -eq 'Log.entryAdded' }).params.entry.text) +
            @($Browser.Events.Where({ $_.method -in 'Runtime.consoleAPICalled', 'Runtime.exceptionThrown' }).ForEach({ $_.params | ConvertTo-Json -Depth 5 }))
    }
}

function Get-TestPageValue($Browser, [string] $Expression) {
    (Send-TestBrowser $Browser Runtime.evaluate @{ expression = $Expression; returnByValue = $true }).result.value
}

# A picture of the whole page.
function Save-TestPage($Browser, [string] $Path) {
    $picture = Send-TestBrowser $Browser Page.captureScreenshot @{ format = 'png'; captureBeyondViewport = $true }
    [IO.File]::WriteAllBytes($Path, [Convert]::FromBase64String($picture.data))
}
