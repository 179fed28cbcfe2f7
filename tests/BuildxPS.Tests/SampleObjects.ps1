# Objects of the model's types, made up. Dot-sourced in BeforeAll.

# An object with something in each property, the same each time; null for a type that is not of the model and not known here.
function New-Sample([type] $Type, [string] $Name = '', [int] $Depth = 0) {
    $inner = [Nullable]::GetUnderlyingType($Type) ?? $Type
    if ($inner.IsGenericType -and $inner.GetGenericTypeDefinition() -eq [Collections.Generic.IReadOnlyList`1]) {
        $item = $inner.GenericTypeArguments[0]
        return , [Array]@(1, 2 | ForEach-Object { New-Sample $item $Name.TrimEnd('s') ($Depth + 1) }).Where({ $null -ne $_ })
    }

    if ($inner.IsGenericType -and $inner.GetGenericTypeDefinition() -eq [Collections.Generic.IReadOnlyDictionary`2]) {
        $pairs = [Collections.Generic.Dictionary[string, string]]::new()
        $pairs['org.opencontainers.image.title'] = 'app'
        return $pairs
    }

    if ($inner.IsEnum) {
        return [Enum]::GetValues($inner)[-1]
    }

    switch ($inner) {
        ([string]) {
            switch -Regex ($Name) {
                'Digest$|DiffId|ImageId' { return 'sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef' }
                'MediaType' { return 'application/vnd.oci.image.manifest.v1+json' }
                '^(Image|Reference)$' { return 'registry.example.com:5000/team/app:1.2.3' }
                'Version$' { return 'v1.2' }
                '^Type$' { return 'oci' }
                '^Flags$' { return 'POCF' }
                'Endpoint' { return 'unix:///var/run/docker.sock' }
                'Path|File' { return '/home/me/src/app/Dockerfile' }
                default { return "some-$($Name.ToLowerInvariant())" }
            }
        }
        ([bool]) { return $true }
        ([int]) { return 3 }
        ([long]) { return 1234567L }
        ([TimeSpan]) { return [TimeSpan]::FromSeconds(65.4) }
        ([DateTimeOffset]) { return [DateTimeOffset]'2026-01-31T23:59:59+02:00' }
        ([version]) { return [version]'1.2.3' }
        ([uri]) { return [uri]'https://docs.docker.com/go/check/' }
        ([BuildxPS.Platform]) { return [BuildxPS.Platform]::Parse('linux/arm/v7') }
        ([BuildxPS.ImageReference]) { return [BuildxPS.ImageReference]::Parse('registry.example.com:5000/team/app:1.2.3') }
        ([ReadOnlyMemory[byte]]) { return [ReadOnlyMemory[byte]][Text.Encoding]::UTF8.GetBytes('{"predicate":{"a":1}}') }
    }

    if ($Depth -gt 3 -or $inner.Namespace -ne 'BuildxPS') {
        return $null
    }

    $sample = [Runtime.CompilerServices.RuntimeHelpers]::GetUninitializedObject($inner)
    foreach ($property in $inner.GetProperties().Where({ $_.CanWrite })) {
        $value = New-Sample $property.PropertyType $property.Name ($Depth + 1)
        if ($null -eq $value) {
            continue
        }

        if ($value -is [array]) {
            $array = [Array]::CreateInstance($property.PropertyType.GenericTypeArguments[0], $value.Count)
            for ($i = 0; $i -lt $value.Count; $i++) { $array.SetValue(($value[$i] -as $property.PropertyType.GenericTypeArguments[0]), $i) }
            $property.SetValue($sample, $array)
            continue
        }

        $property.SetValue($sample, ($value -is [psobject] ? $value.psobject.BaseObject : $value))
    }

    $sample
}
