using System.Buffers;
using System.IO.Pipelines;
using System.Text.Json;
using BuildxPS.Engine.Connections;
using BuildxPS.Engine.Engines;

namespace BuildxPS.Engine.Drivers;

/// <summary>The daemon's images.</summary>
internal sealed partial class DockerDaemon
{
    private const int MaxPullLine = 64 * 1024;

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
            using var response = await SendAsync(HttpMethod.Post, path, null, token, login is null ? null : HeaderOf(login, image.Registry)).ConfigureAwait(false);
            if (!response.IsSuccessStatusCode)
            {
                throw PullFailed(image, DockerRefusal.MessageOf(await response.Content.ReadAsStringAsync(token).ConfigureAwait(false)));
            }

            var body = await response.Content.ReadAsStreamAsync(token).ConfigureAwait(false);
            var reader = PipeReader.Create(body);
            try
            {
                await ReadPullAsync(reader, image, report, token).ConfigureAwait(false);
            }
            finally
            {
                await reader.CompleteAsync().ConfigureAwait(false);
            }

            return true;
        }, cancellationToken, Timeout.InfiniteTimeSpan);

    private async Task ReadPullAsync(PipeReader reader, ImageReference image, Func<long, long, ValueTask> report, CancellationToken cancellationToken)
    {
        var layers = new Dictionary<string, PullProgressJson>(StringComparer.Ordinal);
        while (true)
        {
            var result = await reader.ReadAsync(cancellationToken).ConfigureAwait(false);
            var rest = result.Buffer;
            while (rest.PositionOf((byte)'\n') is { } end)
            {
                var line = Parse(rest.Slice(0, end));
                rest = rest.Slice(rest.GetPosition(1, end));
                if (line?.Error is { } error)
                {
                    throw PullFailed(image, DisplayText.Line(error));
                }

                if (line is { Id: { } id, ProgressDetail: { Total: > 0 } progress, Status: "Downloading" } && (layers.Count < 1000 || layers.ContainsKey(id)))
                {
                    layers[id] = progress;
                    await report(layers.Values.Sum(p => p.Current), layers.Values.Sum(p => p.Total)).ConfigureAwait(false);
                }
            }

            if (rest.Length > MaxPullLine)
            {
                throw new InvalidDataException("a line of the pull's report is longer than 64 KiB");
            }

            reader.AdvanceTo(rest.Start, rest.End);
            if (result.IsCompleted)
            {
                return;
            }
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

    private static PullJson? Parse(ReadOnlySequence<byte> line)
    {
        var json = new Utf8JsonReader(line);
        return line.Length < 2 ? null : JsonSerializer.Deserialize(ref json, DockerJsonContext.Default.PullJson);
    }

    private BuildxException PullFailed(ImageReference image, string reason) => new(
        BuildxFailure.ImageNotFound,
        $"The image {image} could not be pulled by the engine at {Address}: {reason}",
        "Check the name, and that the engine reaches the registry; an image that the engine already has is used without a pull (docker load).");
}
