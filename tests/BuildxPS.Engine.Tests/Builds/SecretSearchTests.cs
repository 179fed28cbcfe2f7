using System.IO.Compression;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using BuildxPS.Engine.Progress;

namespace BuildxPS.Engine.Tests.Builds;

/// <summary>Searches all that a build leaves behind for the value of a secret that its steps mounted.</summary>
public sealed class SecretSearchTests : IDisposable
{
    private readonly ContentFixture _fixture = new();
    private readonly string _value = $"s3cret-{Convert.ToHexString(RandomNumberGenerator.GetBytes(16))}-value";

    public void Dispose() => _fixture.Dispose();

    [Theory]
    [InlineData("d28", "")]
    [InlineData("d28", " && exit 7")]
    [InlineData("bkd", "")]
    [InlineData("bkd", " && exit 7")]
    public async Task Its_value_is_in_nothing_that_a_build_leaves(string engine, string end)
    {
        var request = _fixture.Request(
            $"FROM alpine\nRUN --mount=type=secret,id=token,env=TOKEN --mount=type=secret,id=file STEP && test -n \"$TOKEN\" && test -s /run/secrets/file{end}\n",
            $"type=oci,dest={_fixture.Out("layout")},tar=false") with
        {
            Secrets = [new SecretSpec { Id = "token", Environment = "TOKEN" }, new SecretSpec { Id = "file", Value = SecretSpec.Protect(_value, "file") }],
            Attestations = [AttestationSpec.Parse("type=provenance,mode=max")],
            CacheTo = [CacheSpec.Parse($"type=local,mode=max,dest={_fixture.Out("cache")}")],
            MetadataFile = _fixture.Out("metadata.json"),
            ImageIdFile = _fixture.Out("id"),
        };
        var events = new List<BuildEvent>();
        string reference;
        try
        {
            var result = await _fixture.BuildAsync(engine, request, events, ("TOKEN", _value));
            reference = result.BuildRef;
            AssertAbsent("the result", JsonSerializer.Serialize(result));
            Assert.NotEmpty(Directory.GetFiles(_fixture.Out("cache"), "*", SearchOption.AllDirectories));
        }
        catch (BuildFailedException e) when (end.Length > 0)
        {
            Assert.Equal(7, e.ExitCode);
            reference = events.OfType<BuildStarted>().Single().BuildRef;
            AssertAbsent("the error", e + FailureReport.Write(e) + JsonSerializer.Serialize(e.Steps) + string.Join('\n', e.LogTail) + e.Advice);
        }

        AssertAbsent("the events", JsonSerializer.Serialize<object[]>([.. events]));
        var display = new PlainProgress();
        AssertAbsent("the progress", string.Join('\n', events.SelectMany(display.Handle).Concat(display.Finish())));

        // What an engine keeps of the build: logs, attestations, its own record.
        await _fixture.HistoryAsync(engine, "export", "--output", _fixture.Out("record"), reference.Split('/')[^1]);
        AssertAbsent("the history's logs", await _fixture.HistoryAsync(engine, "logs", reference.Split('/')[^1]));
        foreach (var file in Directory.EnumerateFiles(Path.GetDirectoryName(_fixture.Context)!, "*", SearchOption.AllDirectories))
        {
            AssertAbsent(file, File.ReadAllBytes(file));
        }

        Assert.True(new FileInfo(_fixture.Out("record")).Length > 0);
    }

    private void AssertAbsent(string where, string text) => AssertAbsent(where, Encoding.UTF8.GetBytes(text));

    private void AssertAbsent(string where, byte[] bytes)
    {
        byte[][] forms = [Encoding.UTF8.GetBytes(_value), Encoding.UTF8.GetBytes(Convert.ToBase64String(Encoding.UTF8.GetBytes(_value))[..40]), Encoding.Unicode.GetBytes(_value)];
        foreach (var form in forms)
        {
            Assert.True(bytes.AsSpan().IndexOf(form) < 0, $"The secret's value is in {where}.");
        }

        if (bytes is [0x1F, 0x8B, ..])
        {
            using var packed = new GZipStream(new MemoryStream(bytes), CompressionMode.Decompress);
            using var content = new MemoryStream();
            packed.CopyTo(content);
            AssertAbsent(where + ", unpacked", content.ToArray());
            AssertEntriesAbsent(where, content);
        }
    }

    /// <summary>Archives in archives: a record of the history holds packed layers.</summary>
    private void AssertEntriesAbsent(string where, MemoryStream content)
    {
        content.Position = 0;
        try
        {
            using var tar = new System.Formats.Tar.TarReader(content);
            while (tar.GetNextEntry(copyData: true) is { } entry)
            {
                if (entry.DataStream is { Length: > 0 } data)
                {
                    var bytes = new byte[data.Length];
                    data.ReadExactly(bytes);
                    AssertAbsent($"{where}: {entry.Name}", bytes);
                }
            }
        }
        catch (InvalidDataException)
        {
            // No archive, but something else that was packed.
        }
    }
}
