# A builder of its own, with something in its cache: the engines are shared, and what is in theirs is not known.
$builder = @{ Name = 'storage'; RegistryMirror = @{ 'docker.io' = $setup.registries.plain }; DriverOption = @{ network = 'host' } }
$null = New-BuildxBuilder @builder -Use -Progress None
$lines = 'FROM busybox', 'RUN --mount=type=cache,target=/cache head -c 100000 /dev/urandom | tee /cache/x > /x'
$null = Invoke-BuildxBuild -DockerfileContent $lines -Builder storage -Output type=cacheonly -Progress None
