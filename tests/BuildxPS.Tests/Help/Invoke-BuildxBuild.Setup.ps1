# A builder of its own that may push, folders that can be built side by side, and a key for an agent.
$plain = $setup.registries.plain
$builder = @{
    Name             = 'team'
    DriverOption     = @{ network = 'host' }
    InsecureRegistry = $plain
    RegistryMirror   = @{ 'docker.io' = $plain }
}
$null = New-BuildxBuilder @builder -Bootstrap -Progress None

foreach ($service in 'api', 'web') {
    $null = New-Item services/$service -ItemType Directory -Force
    Set-Content services/$service/Dockerfile "FROM busybox`nRUN echo $service"
}

Copy-Item $setup.ssh.identity deploy.key
