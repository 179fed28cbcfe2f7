namespace BuildxPS.Engine.Tests.Builds;

/// <summary>What generates an SBOM is an image too; this one lists one package, whatever it is to look at.</summary>
internal static class FakeScanner
{
    /// <summary>It tells in the SBOM's comment what it was given to look at, and how it was asked.</summary>
    public const string Dockerfile = """
        FROM alpine
        RUN printf '%s\n' '#!/bin/sh' 'set -e' 'test -d "$BUILDKIT_SCAN_SOURCE"' \
            'seen="$(ls "$BUILDKIT_SCAN_SOURCE" | tr "\n" " ")extras: $(ls "$BUILDKIT_SCAN_SOURCE_EXTRAS" 2>/dev/null | tr "\n" " ")asked: $BUILDKIT_SCAN_asked"' \
            'echo "{\"_type\":\"https://in-toto.io/Statement/v0.1\",\"predicateType\":\"https://spdx.dev/Document\",\"predicate\":{\"spdxVersion\":\"SPDX-2.3\",\"name\":\"fake\",\"comment\":\"$seen\",\"packages\":[{\"name\":\"made-up\",\"versionInfo\":\"1.0\"}]}}" > "$BUILDKIT_SCAN_DESTINATION/fake.spdx.json"' \
            > /scan && chmod +x /scan
        ENTRYPOINT ["/scan"]
        """;
}
