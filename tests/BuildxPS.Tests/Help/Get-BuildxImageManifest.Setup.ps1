# An image with provenance in the registry.
$plain = $setup.registries.plain
$builder = @{
    Name             = 'inspect'
    DriverOption     = @{ network = 'host' }
    InsecureRegistry = $plain
    RegistryMirror   = @{ 'docker.io' = $plain }
}
$null = New-BuildxBuilder @builder -Progress None
$null = Invoke-BuildxBuild . -Builder inspect -Tag $plain/docs/inspect:1 -Push -Provenance mode=max -BuildArg VERSION=1.0 -Progress None
