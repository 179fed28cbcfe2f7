using System.Formats.Tar;
using System.IO.Compression;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using BuildxPS.Engine.Configuration;
using BuildxPS.Engine.Sessions.Secrets;
using BuildxPS.Engine.Tests.Engines.BuildKit;
using BuildxPS.Engine.Tests.Environment;
using BuildxPS.Engine.Tests.Sessions.Secrets;

namespace BuildxPS.Engine.Tests.Builds;

/// <summary>Steps of real engines mount secrets.</summary>
public sealed class RealSecretTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    // Unlike anything else that is printed, and not to be found in the Dockerfile.
    private readonly string _value = $"s3cret {Convert.ToHexString(RandomNumberGenerator.GetBytes(16))} é";

    public void Dispose() => _folder.Dispose();

    public static TheoryData<string> Engines => ["d20", "d28", "bkd"];

    private static string Hash(string text) => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(text)));

    private SecretSpec FromValue(string id) => new() { Id = id, Value = SecretSpec.Protect(_value, id) };

    [Theory]
    [MemberData(nameof(Engines))]
    public async Task A_step_reads_secrets_from_everywhere_and_they_stay_in_it(string engine)
    {
        var build = new MountBuild(engine, _folder);
        var output = Path.Join(_folder.Path, "out");
        var result = await build.RunAsync(
            $"""
            FROM alpine AS build
            RUN --mount=type=secret,id=file --mount=type=secret,id=variable,target=/variable,required=true \
                --mount=type=secret,id=value --mount=type=secret,id=missing \
                : {Guid.NewGuid()} && mkdir /hashes && \
                for f in /run/secrets/* /variable; do sha256sum < $f | cut -d' ' -f1 > /hashes/$(basename $f); done
            FROM scratch
            COPY --from=build /hashes /
            """,
            request => request with
            {
                Secrets =
                [
                    new SecretSpec { Id = "file", Source = _folder.Write("secret", _value + "1") },
                    new SecretSpec { Id = "variable", Environment = "TOKEN" },
                    FromValue("value"),
                ],
                Outputs = [new OutputSpec { Type = "local", Destination = output }],
            },
            ("TOKEN", _value + "2"));

        Assert.Equal(
            new[] { ("file", Hash(_value + "1")), ("value", Hash(_value)), ("variable", Hash(_value + "2")) },
            Directory.GetFiles(output).Order(StringComparer.Ordinal).Select(f => (Path.GetFileName(f), File.ReadAllText(f).Trim())));
        AssertNowhere(JsonSerializer.Serialize<object[]>([result, .. build.Events]));
    }

    /// <summary>20.10 has neither the mount's <c>env</c> nor an exporter for OCI archives.</summary>
    [Theory]
    [InlineData("d28")]
    [InlineData("bkd")]
    public async Task A_secret_is_a_variable_of_one_step_and_in_no_layer(string engine)
    {
        var build = new MountBuild(engine, _folder);
        var archive = Path.Join(_folder.Path, "image.tar");
        var result = await build.RunAsync(
            $"""
            FROM alpine
            RUN --mount=type=secret,id=token,env=TOKEN : {Guid.NewGuid()} && test "$(printf %s "$TOKEN" | sha256sum | cut -d' ' -f1)" = {Hash(_value)}
            RUN --mount=type=secret,id=token cat /run/secrets/token > /dev/null && test -z "$TOKEN"
            """,
            request => request with { Secrets = [FromValue("token")], Outputs = [new OutputSpec { Type = "oci", Destination = archive }] });

        AssertNowhere(JsonSerializer.Serialize<object[]>([result, .. build.Events]));
        AssertNowhere(Encoding.Latin1.GetString(File.ReadAllBytes(archive)));
        using var reader = new TarReader(File.OpenRead(archive));
        var layers = 0;
        while (reader.GetNextEntry() is { } entry)
        {
            if (entry.DataStream is { Length: > 2 } data && data.ReadByte() == 0x1F && data.ReadByte() == 0x8B)
            {
                data.Position = 0;
                using var content = new MemoryStream();
                new GZipStream(data, CompressionMode.Decompress).CopyTo(content);
                AssertNowhere(Encoding.Latin1.GetString(content.ToArray()));
                layers++;
            }
        }

        Assert.True(layers > 0);
    }

    [Theory]
    [MemberData(nameof(Engines))]
    public async Task A_secret_that_a_step_requires_is_named_with_the_parameter_that_gives_it(string engine)
    {
        var build = new MountBuild(engine, _folder);
        var error = await build.FailAsync($"FROM alpine\nRUN --mount=type=secret,id=token,required=true : {Guid.NewGuid()}\n", r => r with { Secrets = [FromValue("other")] });
        Assert.Equal(BuildxFailure.SecretRequired, error.Failure);
        Assert.Contains("needs the secret 'token', which was not given", error.Message, StringComparison.Ordinal);
        Assert.Contains("-Secret", error.Advice, StringComparison.Ordinal);
        AssertNowhere(error.ToString());
    }

    [Fact]
    public async Task A_secret_that_cannot_be_read_any_more_fails_the_build_as_this_clients_own_fault()
    {
        await using var connection = RealEngine.Connect("d28");
        var file = _folder.Write("secret", _value);
        var secrets = Open(new SecretSpec { Id = "token", Source = file });
        File.Delete(file);
        var dockerfile = $"FROM alpine\nRUN --mount=type=secret,id=token : {Guid.NewGuid()}\n";
        var error = await Assert.ThrowsAnyAsync<BuildxException>(() => RealEngine.BuildAsync(connection, RealEngine.Services(dockerfile) with { Secrets = secrets }, []));
        Assert.Equal(BuildxFailure.SecretNotFound, error.Failure);
        Assert.Contains(file, error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("d20")]
    [InlineData("bkd")]
    public async Task The_memory_that_a_secret_was_sent_from_is_zero_afterwards(string engine)
    {
        await using var connection = RealEngine.Connect(engine, overSessionRoute: engine == "d20");
        var kept = new KeepingSource(Open(FromValue("value"), new SecretSpec { Id = "file", Source = _folder.Write("secret", _value) }));
        var dockerfile = $"FROM alpine\nRUN --mount=type=secret,id=value --mount=type=secret,id=file : {Guid.NewGuid()} && cd /run/secrets && cmp value file && test $(sha256sum < file | cut -d' ' -f1) = {Hash(_value)}\n";
        await RealEngine.BuildAsync(connection, RealEngine.Services(dockerfile) with { Secrets = kept }, []);
        kept.AssertZeroed(expected: 2);
    }

    private static LocalSecretSource Open(params SecretSpec[] secrets)
        => LocalSecretSource.Open(secrets, new ClientEnvironment { Variables = new Dictionary<string, string>(), HomeDirectory = "/" });

    private void AssertNowhere(string text)
    {
        var part = _value.Split(' ')[1];
        Assert.True(text.Length > 0);
        Assert.DoesNotContain(part, text, StringComparison.OrdinalIgnoreCase);
        Assert.DoesNotContain(Convert.ToBase64String(Encoding.UTF8.GetBytes(_value))[..16], text, StringComparison.Ordinal);
    }
}
