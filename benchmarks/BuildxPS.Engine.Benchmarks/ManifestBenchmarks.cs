using System.Text;
using BenchmarkDotNet.Attributes;
using BuildxPS.Engine.Images.Manifests;

namespace BuildxPS.Engine.Benchmarks;

/// <summary>Documents of images become objects.</summary>
public class ManifestBenchmarks
{
    private const string OciIndex = "application/vnd.oci.image.index.v1+json";
    private const string OciManifest = "application/vnd.oci.image.manifest.v1+json";
    private static readonly ImageReference s_reference = ImageReference.Parse("registry.test/app:1");
    private static readonly string s_digest = Digest(0);

    private readonly byte[] _index = Document(
        OciIndex,
        $"\"manifests\":[{Join(12, i => $$"""{"mediaType":"{{OciManifest}}","digest":"{{Digest(i)}}","size":{{i}},"platform":{"architecture":"arch{{i}}","os":"linux"} }""")}]");

    private readonly byte[] _manifest = Document(
        OciManifest,
        $"\"config\":{Blob("config.v1+json", 1)},\"layers\":[{Join(30, i => Blob("layer.v1.tar+gzip", i))}]");

    /// <summary>An index of 12 platforms.</summary>
    /// <returns>The object.</returns>
    [Benchmark]
    public object ReadIndexOf12Platforms() => ManifestReader.Read(s_reference, _index, OciIndex, s_digest);

    /// <summary>A manifest of 30 layers.</summary>
    /// <returns>The object.</returns>
    [Benchmark]
    public object ReadManifestOf30Layers() => ManifestReader.Read(s_reference, _manifest, OciManifest, s_digest);

    private static byte[] Document(string mediaType, string rest)
        => Encoding.UTF8.GetBytes($$"""{"schemaVersion":2,"mediaType":"{{mediaType}}",{{rest}} }""");

    private static string Blob(string kind, int number)
        => $$"""{"mediaType":"application/vnd.oci.image.{{kind}}","digest":"{{Digest(number)}}","size":{{number}} }""";

    private static string Digest(int number) => $"sha256:{number:x64}";

    private static string Join(int count, Func<int, string> item) => string.Join(',', Enumerable.Range(0, count).Select(item));
}
