using System.Globalization;
using System.Security.Cryptography;
using System.Text.Json;
using BuildxPS.Engine.Tests.Images;

namespace BuildxPS.Engine.Tests.Builds;

/// <summary>What real engines write through this client beside what they write through docker buildx, of the same build.</summary>
public sealed class OutputParityTests(OutputParityFixture shared) : IClassFixture<OutputParityFixture>
{
    private const string One = "linux/amd64";
    private const string Two = "linux/amd64,linux/arm64";
    private const string Name = "name=a.example/b:c";

    private static readonly (string Name, string Value)[] s_reproducible = [("SOURCE_DATE_EPOCH", "1700000000"), ("BUILDX_NO_DEFAULT_ATTESTATIONS", "1")];

    [Theory]
    [InlineData("bkd", One, "type=local,dest=OUT/o")]
    [InlineData("bkd", One, "type=local,dest=OUT/o,platform-split=true,mode=copy")]
    [InlineData("bkd", Two, "type=local,dest=OUT/o")]
    [InlineData("bkd", One, "type=tar,dest=OUT/o.tar")]
    [InlineData("bkd", Two, "type=tar,dest=OUT/o.tar,platform-split=false")]
    [InlineData("bkd", One, "type=tar,dest=OUT/o.tar,source-date-epoch=1600000000")]
    [InlineData("bkd", Two, $"type=oci,dest=OUT/o.tar,{Name}")]
    [InlineData("bkd", One, "type=oci,dest=OUT/o.tar,compression=zstd,compression-level=15,force-compression=true")]
    [InlineData("bkd", One, "type=oci,dest=OUT/o.tar,compression=estargz,force-compression=true")]
    [InlineData("bkd", One, "type=oci,dest=OUT/o.tar,compression=uncompressed,force-compression=true")]
    [InlineData("bkd", One, "type=oci,dest=OUT/o.tar,compression=gzip,compression-level=1,force-compression=true")]
    [InlineData("bkd", One, $"type=oci,dest=OUT/o.tar,oci-mediatypes=false,{Name}")]
    [InlineData("bkd", Two, "type=oci,dest=OUT/o.tar,rewrite-timestamp=true,source-date-epoch=1600000000")]
    [InlineData("bkd", One, "type=oci,dest=OUT/o.tar,annotation.a=b,annotation-manifest.c=d,annotation[linux/amd64].e=f")]
    [InlineData("bkd", Two, $"type=oci,dest=OUT/o,tar=false,{Name}")]
    [InlineData("bkd", One, $"type=docker,dest=OUT/o.tar,{Name}")]
    [InlineData("bkd", One, $"type=docker,dest=OUT/o.tar,oci-mediatypes=true,compression=zstd,{Name}")]
    [InlineData("bkd", Two, "type=registry,name=REPOSITORY:SIDE")]
    [InlineData("bkd", Two, "type=image,name=REPOSITORY:SIDE,push=true,oci-mediatypes=true,compression=zstd,force-compression=true")]
    [InlineData("bkd", One, "type=image,name=REPOSITORY:SIDE,push=true,oci-mediatypes=false,compression=uncompressed,force-compression=1")]
    [InlineData("bkd", One, "type=image,name=REPOSITORY:SIDE,push=true,compression=estargz,oci-mediatypes=true,rewrite-timestamp=true,prefer-nondist-layers=true,store=false")]
    [InlineData("bkd", One, "type=image,name=REPOSITORY:SIDE,push=true,annotation.a=b,name-canonical=true,registry.insecure=true")]
    [InlineData("bkd", Two, "type=image,name=REPOSITORY,push=true,push-by-digest=true,annotation-index.a=b")]
    [InlineData("bkd", Two, "type=local,dest=OUT/o;type=tar,dest=OUT/o.tar;type=oci,dest=OUT/i.tar;type=registry,name=REPOSITORY:SIDE")]
    [InlineData("d28", Two, $"type=oci,dest=OUT/o.tar,{Name}")]
    [InlineData("d28", One, $"type=docker,dest=OUT/o.tar,compression=uncompressed,{Name}")]
    [InlineData("d28", Two, "type=image,name=REPOSITORY:SIDE,push=true,compression=zstd,oci-mediatypes=true,unpack=true")]
    [InlineData("d28", One, "type=tar,dest=OUT/o.tar;type=local,dest=OUT/o")]
    [InlineData("d28", One, $"type=oci,dest=OUT/o,tar=false,{Name}")]
    [InlineData("d28c", One, "type=local,dest=OUT/o")]
    [InlineData("d20", One, "type=tar,dest=OUT/o.tar")]
    public async Task What_comes_out_is_what_comes_out_of_buildx(string engine, string platforms, string outputs)
    {
        var fixture = await shared.ForAsync(engine);
        var repository = fixture.Repository + "/" + Guid.NewGuid().ToString("N");
        var (ours, theirs) = (Directory.CreateDirectory(fixture.Out(Guid.NewGuid().ToString("N"))).FullName, Directory.CreateDirectory(fixture.Out(Guid.NewGuid().ToString("N"))).FullName);
        var request = fixture.Request(shared.Dockerfile) with
        {
            Platforms = [.. platforms.Split(',').Select(Platform.Parse)],
            Outputs = [.. Outputs(ours, "ours").Select(OutputSpec.Parse)],
        };
        var result = await fixture.BuildAsync(engine == "bkd" ? request : fixture.InDaemon(request), null, s_reproducible);
        var metadata = fixture.Out(Guid.NewGuid().ToString("N"));
        await fixture.DockerAsync(
            s_reproducible,
            [
                "buildx", "build", "--builder", engine == "bkd" ? fixture.Builder : "default", "--platform", platforms, "--metadata-file", metadata,
                .. Outputs(theirs, "theirs").SelectMany(o => new[] { "--output", o }), fixture.Context,
            ]);

        using var said = JsonDocument.Parse(await File.ReadAllBytesAsync(metadata, TestContext.Current.CancellationToken));
        Assert.Equal(said.RootElement.TryGetProperty("containerimage.digest", out var digest) ? digest.GetString() : null, result.Digest);
        Assert.Equal(Describe(theirs), Describe(ours));
        Assert.Equal(outputs.Contains("OUT/", StringComparison.Ordinal), Describe(ours).Count > 0);
        Assert.DoesNotContain(result.Warnings, w => w.Message.Contains("has the attribute", StringComparison.Ordinal));
        if (outputs.Contains("REPOSITORY", StringComparison.Ordinal))
        {
            var pushed = outputs.Contains(":SIDE", StringComparison.Ordinal) ? repository + ":ours" : $"{repository}@{result.Digest}";
            Assert.Equal(result.Digest, (await TestClients.InspectAsync(pushed)).Digest);
        }

        string[] Outputs(string folder, string side) => outputs
            .Replace("OUT", folder, StringComparison.Ordinal)
            .Replace("REPOSITORY", repository, StringComparison.Ordinal)
            .Replace("SIDE", side, StringComparison.Ordinal)
            .Split(';');
    }

    /// <summary>Everything in a folder: paths, kinds, modes, times and contents.</summary>
    private static List<string> Describe(string folder)
        =>
        [
            .. Directory.EnumerateFileSystemEntries(folder, "*", SearchOption.AllDirectories).Order(StringComparer.Ordinal).Select(path =>
            {
                var info = new FileInfo(path);
                var content = info.LinkTarget is { } target ? "-> " + target
                    : info.Attributes.HasFlag(FileAttributes.Directory) ? "folder"
                    : Convert.ToHexStringLower(SHA256.HashData(File.ReadAllBytes(path)));
                var isOurs = Path.GetDirectoryName(path) == folder || File.Exists(Path.Join(folder, "o", "oci-layout"));

                // When an archive or a layout was written is no part of it.
                var time = isOurs ? "" : info.LastWriteTimeUtc.ToString("O", CultureInfo.InvariantCulture);
                return $"{Path.GetRelativePath(folder, path)} {(isOurs ? "" : info.UnixFileMode.ToString())} {time} {content}";
            }),
        ];
}

/// <summary>One context, and a builder for each docker that the tests compare with.</summary>
public sealed class OutputParityFixture : IAsyncDisposable
{
    private readonly Dictionary<string, PushFixture> _fixtures = [];

    /// <summary>Shared by all tests of the class, and by nobody else: its steps run once.</summary>
    internal string Dockerfile { get; } = $"""
        FROM alpine
        ARG TARGETPLATFORM
        RUN mkdir /made && echo "$TARGETPLATFORM {Guid.NewGuid():N}" > /made/file && ln -s file /made/link && chmod 2750 /made && head -c 300000 /dev/urandom > /made/noise
        FROM scratch
        COPY --from=0 /made /made
        COPY a.txt /
        """;

    public async ValueTask DisposeAsync()
    {
        foreach (var fixture in _fixtures.Values)
        {
            await fixture.DisposeAsync();
        }
    }

    internal async Task<PushFixture> ForAsync(string engine)
    {
        if (!_fixtures.TryGetValue(engine, out var fixture))
        {
            _fixtures[engine] = fixture = await PushFixture.CreateAsync("bkd", docker: engine == "bkd" ? "d28" : engine);
        }

        return fixture;
    }
}
