using System.Text;
using BuildxPS.Engine.Images.Attestations;
using BuildxPS.Engine.Images.Manifests;
using CsCheck;

namespace BuildxPS.Engine.Tests.Images;

public sealed class ManifestReaderFuzzTests
{
    private const string Index = """
        {"schemaVersion":2,"mediaType":"application/vnd.oci.image.index.v1+json","manifests":[{"mediaType":"application/vnd.oci.image.manifest.v1+json","digest":"sha256:093b8f86337cd93e65715537d6b9c5ac5891242eef01465cc37c2da6b981526a","size":405,"platform":{"architecture":"arm","os":"linux","variant":"v7"},"annotations":{"a":"b"}}],"annotations":{"c":"d"}}
        """;

    private const string Manifest = """
        {"schemaVersion":2,"config":{"mediaType":"application/vnd.oci.image.config.v1+json","digest":"sha256:093b8f86337cd93e65715537d6b9c5ac5891242eef01465cc37c2da6b981526a","size":5},"layers":[{"mediaType":"x","digest":"sha256:093b8f86337cd93e65715537d6b9c5ac5891242eef01465cc37c2da6b981526a","size":1,"urls":["u"]}]}
        """;

    private const string Config = """
        {"os":"linux","architecture":"amd64","created":"2024-01-02T03:04:05Z","config":{"Env":["A=1"],"Labels":{"a":"b"},"ExposedPorts":{"80/tcp":{}}},"rootfs":{"type":"layers","diff_ids":["sha256:x"]},"history":[{"created_by":"RUN","empty_layer":true}]}
        """;

    private const string Provenance = """
        {"_type":"t","predicateType":"https://slsa.dev/provenance/v0.2","subject":[{"name":"n","digest":{"sha256":"aa"}}],"predicate":{"buildType":"https://mobyproject.org/buildkit@v1","builder":{"id":"b"},"materials":[{"uri":"u","digest":{"sha256":"aa"}}],"invocation":{"configSource":{"entryPoint":"Dockerfile"},"parameters":{"frontend":"f","args":{"a":"b"}}},"metadata":{"buildStartedOn":"2024-01-02T03:04:05Z","reproducible":true}}}
        """;

    private const string Sbom = """
        {"predicateType":"https://spdx.dev/Document","predicate":{"spdxVersion":"SPDX-2.3","creationInfo":{"created":"2024-01-02T03:04:05Z","creators":["x"]},"packages":[{"name":"n","externalRefs":[{"referenceType":"purl","referenceLocator":"p"}]}]}}
        """;

    private static readonly string[] s_pieces = ["null", "[]", "{}", "-1", "1e99", "\"", "\\ud800", "true", ",", ":", "[[", "\u0000", ""];

    [Theory]
    [InlineData(Index)]
    [InlineData(Manifest)]
    [InlineData(Config)]
    [InlineData(Provenance)]
    [InlineData(Sbom)]
    public void Damaged_documents_are_read_or_refused_and_never_anything_else(string text)
        => Gen.Select(Gen.Int[0, text.Length - 1], Gen.Int[0, 20], Gen.Int[0, s_pieces.Length - 1]).Array[1, 3].Sample(edits =>
        {
            var damaged = text;
            foreach (var (at, length, piece) in edits)
            {
                var start = Math.Min(at, damaged.Length);
                damaged = damaged[..start] + s_pieces[piece] + damaged[Math.Min(damaged.Length, start + length)..];
            }

            var bytes = Encoding.UTF8.GetBytes(damaged);
            var reference = ImageReference.Parse("reg.local/a");
            Survives(() => ManifestReader.Read(reference, bytes, null, "sha256:x"));
            Survives(() => ImageConfigReader.Read(reference, bytes));
            Survives(() => AttestationReader.Read(reference, "sha256:x", null, "sha256:m", new Descriptor { MediaType = "m", Digest = "sha256:y", Size = bytes.Length }, null, bytes).Predicate?.ToString());
        });

    private static void Survives(Action read)
    {
        try
        {
            read();
        }
        catch (BuildxException error)
        {
            Assert.True(error.Failure is BuildxFailure.ImageInvalid or BuildxFailure.MediaTypeUnsupported);
            Assert.DoesNotContain(error.Message, char.IsControl);
        }
    }
}
