using System.Net;
using BuildxPS.Engine.Engines;
using BuildxPS.Engine.Sessions.Files.Packets;
using BuildxPS.Engine.Sessions.Files.Systems;

namespace BuildxPS.Engine.Sessions.Files.Sending;

/// <summary>Serves the build's folders: the engine names one and what it wants of it, and gets it.</summary>
internal sealed class FileSyncMethod : ISessionMethod
{
    private readonly IReadOnlyDictionary<string, IFileSource> _sources;
    private readonly Action<BuildxException>? _onFailure;

    /// <summary>Offers folders.</summary>
    /// <param name="sources">The folders by mount name.</param>
    /// <param name="onFailure">
    /// Takes the cause when a transfer fails on this side or by the engine's fault. The engine reports such a failure in words
    /// of its own, so the first one given here is what the build failed of. May be called from any thread, several times.
    /// </param>
    public FileSyncMethod(IReadOnlyDictionary<string, IFileSource> sources, Action<BuildxException>? onFailure = null)
    {
        _sources = sources;
        _onFailure = onFailure;
    }

    /// <inheritdoc/>
    public string Path => "/moby.filesync.v1.FileSync/DiffCopy";

    /// <inheritdoc/>
    public async Task InvokeAsync(ISessionCall call)
    {
        var name = Values(call, "dir-name").FirstOrDefault("");
        if (!_sources.TryGetValue(name, out var source))
        {
            throw new SessionStatusException(Grpc.Core.StatusCode.NotFound, $"no access allowed to dir \"{name}\"");
        }

        var selection = new FileSelection
        {
            ExcludePatterns = Values(call, "exclude-patterns"),
            IncludePatterns = Values(call, "include-patterns"),
            FollowPaths = Values(call, "followpaths"),
        };
        using var output = new PacketWriter(call.Response);
        using var sender = new FileSender(source, call.Request, output, call.Aborted);
        await Transfer.RunAsync(() => sender.RunAsync(selection, call.Aborted), output, call, _onFailure).ConfigureAwait(false);
    }

    private static IReadOnlyList<string> Values(ISessionCall call, string name)
    {
        var values = call.Header(name);

        // Newer engines escape all values of a header when one of them is not ASCII.
        return call.Header(name + "-encoded") is [var encoded, ..] && encoded is "1" or "t" or "T" or "true" or "TRUE" or "True"
            ? [.. values.Select(Decode)]
            : values;
    }

    private static string Decode(string value)
    {
        var bytes = System.Text.Encoding.UTF8.GetBytes(value);
        return NameBytes.Decode(WebUtility.UrlDecodeToBytes(bytes, 0, bytes.Length));
    }
}
