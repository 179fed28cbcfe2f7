using System.Text;
using System.Text.Json;
using BuildxPS.Engine.Images.Attestations;

namespace BuildxPS.Engine.Tests.Images;

/// <summary>What a registry says are attestations of an image: read, checked, and refused where it does not fit.</summary>
public sealed class AttestationTests
{
    private const string Index = "application/vnd.oci.image.index.v1+json";
    private const string Manifest = "application/vnd.oci.image.manifest.v1+json";
    private const string Statement = "application/vnd.in-toto+json";
    private const string V02 = "https://slsa.dev/provenance/v0.2";
    private const string V1 = "https://slsa.dev/provenance/v1";
    private const string Spdx = "https://spdx.dev/Document";
    private const string Image = "sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";

    private static string Subject => $$$"""[{"name":"pkg:docker/app@1","digest":{"sha256":"{{{Image[7..]}}}"}}]""";

    private static string Of(string type, string predicate) => $$"""{"_type":"https://in-toto.io/Statement/v0.1","predicateType":"{{type}}","subject":{{Subject}},"predicate":{{predicate}}}""";

    private static string DigestOf(byte[] bytes) => "sha256:" + Convert.ToHexStringLower(System.Security.Cryptography.SHA256.HashData(bytes));

    private static async Task<(IReadOnlyList<ImageAttestation> Attestations, string? Problem)> ReadAsync(
        IReadOnlyList<(string? Type, string Json)> statements, int sizeOff = 0, string? layerMediaType = null, long? layerSize = null, byte[]? sent = null)
    {
        var blobs = statements.Select(s => Encoding.UTF8.GetBytes(s.Json)).ToDictionary(DigestOf);
        var layers = statements.Zip(blobs, (s, b) => new Dictionary<string, object>
        {
            ["mediaType"] = layerMediaType ?? Statement,
            ["digest"] = b.Key,
            ["size"] = layerSize ?? b.Value.Length,
            ["annotations"] = s.Type is null ? new Dictionary<string, string>() : new Dictionary<string, string> { ["in-toto.io/predicate-type"] = s.Type },
        });
        var manifest = JsonSerializer.SerializeToUtf8Bytes(new { schemaVersion = 2, mediaType = Manifest, config = new { mediaType = "application/vnd.oci.image.config.v1+json", digest = Image, size = 2 }, layers });
        var index = Encoding.UTF8.GetBytes($$$"""
            {"schemaVersion":2,"mediaType":"{{{Index}}}","manifests":[
            {"mediaType":"{{{Manifest}}}","digest":"{{{Image}}}","size":5,"platform":{"os":"linux","architecture":"arm64"}},
            {"mediaType":"{{{Manifest}}}","digest":"{{{DigestOf(manifest)}}}","size":{{{manifest.Length + sizeOff}}},"platform":{"os":"unknown","architecture":"unknown"},
            "annotations":{"vnd.docker.reference.type":"attestation-manifest","vnd.docker.reference.digest":"{{{Image}}}"}}]}
            """);
        await using var fake = new FakeRegistry(r =>
            r.Path.EndsWith("/manifests/latest", StringComparison.Ordinal) ? FakeResponse.Document(Index, index)
            : r.Path.Contains("/manifests/", StringComparison.Ordinal) ? FakeResponse.Document(Manifest, manifest)
            : new FakeResponse { Body = sent ?? blobs[r.Path[(r.Path.LastIndexOf('/') + 1)..]] });
        using var client = TestClients.Create();
        return await new AttestationInspector(client).InspectAsync(ImageReference.Parse(fake.Authority + "/a"), TestContext.Current.CancellationToken)
            .WaitAsync(TimeSpan.FromSeconds(60), TestContext.Current.CancellationToken);
    }

    private static async Task<BuildxException> FailAsync(string? type, string json, int sizeOff = 0, long? layerSize = null, byte[]? sent = null)
        => await Assert.ThrowsAnyAsync<BuildxException>(() => ReadAsync([(type, json)], sizeOff, layerSize: layerSize, sent: sent));

    [Fact]
    public async Task Provenance_of_both_versions_is_summarised_alike()
    {
        const string old = """
            {"builder":{"id":"https://ci.example/1"},"buildType":"https://mobyproject.org/buildkit@v1",
             "materials":[{"uri":"pkg:docker/alpine@3","digest":{"sha256":"aa"}}],
             "invocation":{"configSource":{"entryPoint":"sub/Dockerfile"},"parameters":{"frontend":"dockerfile.v0","args":{"target":"t"},"locals":[{"name":"context"}]},"environment":{"platform":"linux/amd64"}},
             "metadata":{"buildInvocationID":"id1","buildStartedOn":"2026-01-02T03:04:05.5Z","buildFinishedOn":"2026-01-02T03:04:06Z","reproducible":true,
              "completeness":{"parameters":true},"https://mobyproject.org/buildkit@v1#metadata":{"vcs":{"source":"https://git.example/a","revision":"abc","localdir:context":"."}}}}
            """;
        const string current = """
            {"buildDefinition":{"buildType":"https://github.com/moby/buildkit/blob/master/docs/attestations/slsa-definitions.md",
              "externalParameters":{"configSource":{"path":"sub/Dockerfile"},"request":{"frontend":"dockerfile.v0","args":{"target":"t"}}},
              "internalParameters":{"builderPlatform":"linux/amd64"},"resolvedDependencies":[{"uri":"pkg:docker/alpine@3","digest":{"sha256":"aa"}}]},
             "runDetails":{"builder":{"id":"https://ci.example/1"},"metadata":{"invocationId":"id1","startedOn":"2026-01-02T03:04:05.5Z","finishedOn":"2026-01-02T03:04:06Z",
              "buildkit_reproducible":true,"buildkit_metadata":{"vcs":{"source":"https://git.example/a","revision":"abc"}}}}}
            """;
        var (attestations, problem) = await ReadAsync([(V02, Of(V02, old)), (V1, Of(V1, current))]);

        Assert.Null(problem);
        Assert.Equal(["0.2", "1"], attestations.Select(a => a.Provenance!.SlsaVersion));
        Assert.StartsWith("https://mobyproject.org/", attestations[0].Provenance!.BuildType, StringComparison.Ordinal);
        Assert.All(attestations, a =>
        {
            Assert.Equal((AttestationKind.Provenance, Image, "linux/arm64", true), (a.Kind, a.ImageDigest, a.Platform!.ToString(), a.MatchesImage));
            Assert.Equal("https://in-toto.io/Statement/v0.1", a.StatementType);
            Assert.Equal("pkg:docker/app@1", Assert.Single(a.Subjects).Name);
            var p = a.Provenance!;
            Assert.Equal(
                ("https://ci.example/1", "linux/amd64", "sub/Dockerfile", "dockerfile.v0", "id1", "https://git.example/a", "abc", true),
                (p.BuilderId, p.BuilderPlatform, p.Dockerfile, p.Frontend, p.InvocationId, p.Source, p.Revision, p.IsReproducible));
            Assert.Equal("t", p.Parameters["target"]);
            Assert.Equal(TimeSpan.FromSeconds(0.5), p.FinishedOn - p.StartedOn);
            Assert.Equal("aa", Assert.Single(p.Materials).Digests["sha256"]);
            Assert.Null(a.Sbom);
        });
    }

    [Fact]
    public async Task A_remote_context_is_the_source()
    {
        const string predicate = """
            {"buildType":"https://mobyproject.org/buildkit@v1","invocation":{"configSource":{"uri":"https://git.example/a.git#main","digest":{"sha1":"abc"},"entryPoint":"Dockerfile"}}}
            """;
        var provenance = (await ReadAsync([(null, Of(V02, predicate))])).Attestations[0].Provenance!;
        Assert.Equal(("https://git.example/a.git#main", "abc"), (provenance.Source, provenance.Revision));
    }

    [Theory]
    [InlineData(V02, """{"buildType":"https://other.example","builder":{"id":"b"},"invocation":{"parameters":[1],"environment":"x"}}""")]
    [InlineData(V1, """{"buildDefinition":{"buildType":"https://other.example","externalParameters":5},"runDetails":{"builder":{"id":"b"}}}""")]
    public async Task Parameters_of_another_builder_are_its_own_affair(string type, string predicate)
        => Assert.Equal("b", (await ReadAsync([(type, Of(type, predicate))])).Attestations[0].Provenance!.BuilderId);

    [Fact]
    public async Task An_sbom_lists_its_packages()
    {
        const string spdx = """
            {"spdxVersion":"SPDX-2.3","name":"app","creationInfo":{"created":"2026-01-02T03:04:05Z","creators":["Tool: x"]},"packages":[
             {"name":"musl","versionInfo":"1.2","licenseConcluded":"NOASSERTION","licenseDeclared":"MIT","externalRefs":[{"referenceType":"cpe23Type","referenceLocator":"c"},{"referenceType":"purl","referenceLocator":"pkg:apk/musl"}]},
             {"name":"files"}]}
            """;
        var attestation = (await ReadAsync([(Spdx, Of(Spdx, spdx))])).Attestations[0];
        var sbom = attestation.Sbom!;
        Assert.Equal((AttestationKind.Sbom, "SPDX-2.3", "app", "Tool: x"), (attestation.Kind, sbom.Format, sbom.Name, Assert.Single(sbom.Creators)));
        Assert.Equal(["musl 1.2", "files"], sbom.Packages.Select(p => p.ToString()));
        Assert.Equal(("MIT", "pkg:apk/musl"), (sbom.Packages[0].License, sbom.Packages[0].PackageUrl));
        Assert.Null(sbom.Packages[1].PackageUrl);
    }

    [Fact]
    public async Task The_predicate_is_plain_objects_and_the_bytes_are_as_they_came()
    {
        var json = Of("https://other.example/x", """{"A":{"b":[1,2.5,"x",true,null]},"twins":{"k":1,"K":2}}""");
        var attestation = (await ReadAsync([("https://other.example/x", json)])).Attestations[0];
        Assert.Equal((AttestationKind.Other, json), (attestation.Kind, attestation.RawJson));
        var predicate = Assert.IsType<System.Collections.IDictionary>(attestation.Predicate, exactMatch: false);
        var inner = (System.Collections.IDictionary)predicate["a"]!;
        Assert.Equal<object?>([1L, 2.5m, "x", true, null], (object?[])inner["B"]!);
        Assert.Equal(2L, ((System.Collections.IDictionary)predicate["twins"]!)["K"]);
    }

    [Fact]
    public async Task A_statement_about_another_image_is_marked()
        => Assert.False((await ReadAsync([(V02, Of(V02, "{}").Replace(Image[7..], new string('f', 64), StringComparison.Ordinal))])).Attestations[0].MatchesImage);

    [Fact]
    public async Task Layers_that_are_no_statements_are_left_out_and_none_at_all_is_said()
    {
        var (attestations, problem) = await ReadAsync([(V02, Of(V02, "{}"))], layerMediaType: "application/octet-stream");
        Assert.Empty(attestations);
        Assert.Contains("has no attestations", problem, StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_does_not_fit_is_refused()
    {
        Assert.Contains("calls itself", (await FailAsync(V1, Of(V02, "{}"))).Message, StringComparison.Ordinal);
        Assert.Contains("bytes, and the index says", (await FailAsync(V02, Of(V02, "{}"), sizeOff: 1)).Message, StringComparison.Ordinal);
        Assert.Contains("'predicate.materials' is a String", (await FailAsync(V02, Of(V02, """{"materials":"x"}"""))).Message, StringComparison.Ordinal);
        Assert.Contains("malformed", (await FailAsync(V02, "{")).Message, StringComparison.Ordinal);
        Assert.Contains("in another case", (await FailAsync(V02, """{"predicateType":"a","PredicateType":"b"}""")).Message, StringComparison.Ordinal);
        Assert.Contains("malformed", (await FailAsync(V02, Of(V02, new string('[', 200) + new string(']', 200)))).Message, StringComparison.Ordinal);
        Assert.Equal(BuildxFailure.DigestMismatch, (await FailAsync(V02, Of(V02, "{}"), sent: Encoding.UTF8.GetBytes(Of(V02, "{ }")))).Failure);
        var large = await FailAsync(V02, Of(V02, "{}"), layerSize: 65 << 20);
        Assert.Equal(BuildxFailure.ImageInvalid, large.Failure);
        Assert.Contains("more than the 67.1MB that are read", large.Message, StringComparison.Ordinal);
    }
}
