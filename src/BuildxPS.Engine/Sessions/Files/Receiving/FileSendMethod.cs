using System.Globalization;
using BuildxPS.Engine.Engines;
using BuildxPS.Engine.Sessions.Files.Packets;
using BuildxPS.Engine.Sessions.Files.Sending;

namespace BuildxPS.Engine.Sessions.Files.Receiving;

/// <summary>Takes what exporters send: a tree of files, or one stream of bytes.</summary>
internal sealed class FileSendMethod : ISessionMethod
{
    private const string ExporterId = "buildkit-attachable-exporter-id";
    private const string ResponsePrefix = "exporter-md-";

    private readonly IReadOnlyList<IExportOutput?> _outputs;
    private readonly Action<BuildxException>? _onFailure;
    private int _received;

    /// <summary>Takes the files of some exporters.</summary>
    /// <param name="outputs">The outputs, in the exporters' order; null for an exporter that sends nothing here.</param>
    /// <param name="onFailure">
    /// Takes the cause when a transfer fails on this side or by the engine's fault; see <see cref="FileSyncMethod"/>.
    /// </param>
    public FileSendMethod(IReadOnlyList<IExportOutput?> outputs, Action<BuildxException>? onFailure = null)
    {
        _outputs = outputs;
        _onFailure = onFailure;
    }

    /// <summary>Whether there are outputs that have not come yet.</summary>
    public bool AreAwaited => Volatile.Read(ref _received) < _outputs.Count(o => o is not null);

    /// <inheritdoc/>
    public string Path => "/moby.filesync.v1.FileSend/DiffCopy";

    /// <inheritdoc/>
    public async Task InvokeAsync(ISessionCall call)
    {
        switch (FindOutput(call))
        {
            case ITreeOutput tree:
                using (var output = new PacketWriter(call.Response))
                {
                    await Transfer.RunAsync(() => ReceiveTreeAsync(tree, output, call), output, call, _onFailure).ConfigureAwait(false);
                }

                break;
            case IFileOutput file:
                var isThere = false;
                await Transfer.RunAsync(async () => isThere = await SkipOrReceiveAsync(file, call).ConfigureAwait(false), null, call, _onFailure).ConfigureAwait(false);
                if (isThere)
                {
                    Interlocked.Increment(ref _received);

                    // Engines take this for success, and send nothing.
                    throw new SessionStatusException(Grpc.Core.StatusCode.AlreadyExists, "the destination has it already");
                }

                break;
        }

        Interlocked.Increment(ref _received);
    }

    private IExportOutput FindOutput(ISessionCall call)
    {
        // An engine that knows only one exporter does not say which.
        var id = call.Header(ExporterId).FirstOrDefault("0");
        return int.TryParse(id, NumberStyles.None, CultureInfo.InvariantCulture, out var index) && index < _outputs.Count && _outputs[index] is { } output
            ? output
            : throw new SessionStatusException(Grpc.Core.StatusCode.NotFound, $"exporter {TreePath.Show(id)} not found");
    }

    private static async Task ReceiveTreeAsync(ITreeOutput output, PacketWriter packets, ISessionCall call)
    {
        var tree = output.OpenTree();
        await using (tree.ConfigureAwait(false))
        {
            using var receiver = new FileReceiver(tree, call.Request, packets);
            await receiver.RunAsync(call.Aborted).ConfigureAwait(false);
        }
    }

    /// <returns>Whether it was there already.</returns>
    private static async Task<bool> SkipOrReceiveAsync(IFileOutput output, ISessionCall call)
    {
        var response = call.Headers
            .Where(h => h.Key.StartsWith(ResponsePrefix, StringComparison.Ordinal))
            .ToDictionary(h => h.Key[ResponsePrefix.Length..], h => string.Join(',', h.Value), StringComparer.Ordinal);
        if (await output.IsThereAsync(response, call.Aborted).ConfigureAwait(false))
        {
            return true;
        }

        var stream = await output.OpenAsync(response, call.Aborted).ConfigureAwait(false);
        await using (stream.ConfigureAwait(false))
        {
            await BytesMessages.CopyAsync(call.Request, stream, call.Aborted).ConfigureAwait(false);
        }

        output.Complete();
        return false;
    }
}
