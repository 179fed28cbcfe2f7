# A builder of its own, whose cache may go: other tests use the shared engines'.
$builder = @{ Name = 'nightly'; RegistryMirror = @{ 'docker.io' = $setup.registries.plain }; DriverOption = @{ network = 'host' } }
$null = New-BuildxBuilder @builder -Progress None
$lines = 'FROM busybox', 'RUN --mount=type=cache,target=/cache head -c 100000 /dev/urandom | tee /cache/x > /x'
$null = Invoke-BuildxBuild -DockerfileContent $lines -Builder nightly -Output type=cacheonly -Progress None
