# A context beside default, as `docker context create` writes it: this module only reads them.
$folder = [Convert]::ToHexStringLower([Security.Cryptography.SHA256]::HashData([Text.Encoding]::UTF8.GetBytes('arm')))
$folder = New-Item (Join-Path $env:DOCKER_CONFIG contexts meta $folder) -ItemType Directory -Force
@{
    Name      = 'arm'
    Metadata  = @{ Description = 'The machine with the arm64 processor' }
    Endpoints = @{ docker = @{ Host = $setup.engines.d28.ssh; SkipTLSVerify = $false } }
} | ConvertTo-Json -Depth 4 -Compress | Set-Content (Join-Path $folder meta.json) -NoNewline
