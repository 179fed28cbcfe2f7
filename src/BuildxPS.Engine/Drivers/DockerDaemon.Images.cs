using System.Buffers;
using System.IO.Pipelines;
using System.Text.Json;
using BuildxPS.Engine.Connections;
using BuildxPS.Engine.Engines;

namespace BuildxPS.Engine.Drivers;

/// <summary>The daemon's images.</summary>
internal sealed partial class DockerDaemon
{
    private const int MaxReportLine = 64 * 1024;
    private const int MaxLayers = 1000;

    /// <summary>Lets the daemon pull an image. It has no limit of its own: a large image over a slow line takes long.</summary>
    /// <param name="image">The reference, with a tag or a digest.</param>
    /// <param name="login">Who asks the registry; null for nobody.</param>
    /// <param name="report">Takes how many bytes of how many are there; the total grows while layers are found.</param>
    /// <param name="cancellationToken">Gives up, and the daemon with it.</param>
    /// <returns>A task.</returns>
    /// <exception cref="BuildxException">The daemon, or the registry through it, refused.</exception>
    public Task PullAsync(ImageReference image, RegistryCredential? login, Func<long, long, ValueTask> report, CancellationToken cancellationToken)
        => CallAsync($"POST /images/create for {image}", async token =>
        {
            var path = $"/images/create?fromImage={Uri.EscapeDataString(image.Name)}&tag={Uri.EscapeDataString(image.Digest ?? image.Tag ?? "latest")}";
            using var response = await SendAsync(HttpMethod.Post, path, null, token, login is null ? null : HeaderOf(login, image.Registry), isStream: true).ConfigureAwait(false);
            if (!response.IsSuccessStatusCode)
            {
                throw PullFailed(image, DockerRefusal.MessageOf(await response.Content.ReadAsStringAsync(token).ConfigureAwait(false)));
            }

            var layers = new Dictionary<string, PullProgressJson>(StringComparer.Ordinal);
            await ReadReportAsync(
                response,
                async line =>
                {
                    if (line.Error is { } error)
                    {
                        throw PullFailed(image, DisplayText.Line(error));
                    }

                    if (line is { Id: { } id, ProgressDetail: { Total: > 0 } progress, Status: "Downloading" } && (layers.Count < MaxLayers || layers.ContainsKey(id)))
                    {
                        layers[id] = progress;
                        await report(layers.Values.Sum(p => p.Current), layers.Values.Sum(p => p.Total)).ConfigureAwait(false);
                    }
                },
                token).ConfigureAwait(false);
            return true;
        }, cancellationToken, Timeout.InfiniteTimeSpan);

    /// <summary>Reads what a daemon reports of a pull or a push, line by line, as it comes.</summary>
    private static async Task ReadReportAsync(HttpResponseMessage response, Func<TransferJson, ValueTask> handle, CancellationToken cancellationToken)
    {
        var reader = PipeReader.Create(await response.Content.ReadAsStreamAsync(cancellationToken).ConfigureAwait(false));
        try
        {
            while (true)
            {
                var result = await reader.ReadAsync(cancellationToken).ConfigureAwait(false);
                var rest = result.Buffer;
                while (rest.PositionOf((byte)'\n') is { } end)
                {
                    if (Parse(rest.Slice(0, end)) is { } line)
                    {
                        await handle(line).ConfigureAwait(false);
                    }

                    rest = rest.Slice(rest.GetPosition(1, end));
                }

                if (rest.Length > MaxReportLine)
                {
                    throw new InvalidDataException("a line of its report is longer than 64 KiB");
                }

                reader.AdvanceTo(rest.Start, rest.End);
                if (result.IsCompleted)
                {
                    return;
                }
            }
        }
        finally
        {
            await reader.CompleteAsync().ConfigureAwait(false);
        }
    }

    private static string HeaderOf(RegistryCredential login, string registry)
    {
        var json = JsonSerializer.SerializeToUtf8Bytes(
            new PullLoginJson
            {
                Username = login.Username,
                Password = login.Password,
                IdentityToken = login.IdentityToken,
                RegistryToken = login.RegistryToken,
                ServerAddress = registry == "docker.io" ? "https://index.docker.io/v1/" : registry,
            },
            DockerJsonContext.Default.PullLoginJson);
        return Convert.ToBase64String(json).Replace('+', '-').Replace('/', '_');
    }

    private static TransferJson? Parse(ReadOnlySequence<byte> line)
    {
        var json = new Utf8JsonReader(line);
        return line.Length < 2 ? null : JsonSerializer.Deserialize(ref json, DockerJsonContext.Default.TransferJson);
    }

    private BuildxException PullFailed(ImageReference image, string reason) => new(
        BuildxFailure.ImageNotFound,
        $"The image {image} could not be pulled by the engine at {Address}: {reason}",
        "Check the name, and that the engine reaches the registry; an image that the engine already has is used without a pull (docker load).");
}
