using System.Globalization;
using System.IO.Pipelines;
using System.Net;
using System.Security.Cryptography;
using BuildxPS.Engine.Engines;
using BuildxPS.Engine.Sessions.Files.Packets;

namespace BuildxPS.Engine.Tests.Sessions.Files;

/// <summary>The engine's end of a transfer: asks for all files, and writes down all that it is told.</summary>
/// <param name="input">What the sender sends.</param>
/// <param name="output">What the sender gets.</param>
/// <param name="onListed">What to do when the whole list is here, before a file is asked for; if null, files are asked for at once.</param>
internal sealed class FakeReceiver(PipeReader input, PacketWriter output, Action? onListed = null)
{
    private readonly List<FileEntry> _entries = [];
    private readonly Dictionary<uint, (IncrementalHash Hash, long Length)> _open = [];
    private readonly Dictionary<uint, string> _contents = [];
    private bool _isListed;

    /// <summary>Headers that ask for a part of a folder, as an engine writes them.</summary>
    public static IEnumerable<(string Name, string Value)> Headers(string folder, FileSelection selection) =>
        [
            ("dir-name", folder),
            .. Values("exclude-patterns", selection.ExcludePatterns),
            .. Values("include-patterns", selection.IncludePatterns),
            .. Values("followpaths", selection.FollowPaths),
        ];

    /// <summary>Runs the transfer.</summary>
    /// <returns>One line an entry and its content; or what the sender failed of.</returns>
    public async Task<IReadOnlyList<string>> ReceiveAsync()
    {
        var isFinished = false;
        while (true)
        {
            var result = await input.ReadAsync();
            var buffer = result.Buffer;
            while (PacketBuffer.TryRead(ref buffer, out var packet))
            {
                if (packet.Kind == PacketKind.Error)
                {
                    return [$"ERROR {PacketBuffer.ErrorText(packet.Data)}"];
                }

                if (packet.Kind == PacketKind.Finish)
                {
                    return Lines();
                }

                await TakeAsync(packet);
            }

            input.AdvanceTo(buffer.Start, buffer.End);
            if (result.IsCompleted)
            {
                return ["ERROR"];
            }

            if (!isFinished && _isListed && _open.Count == 0)
            {
                isFinished = true;
                await output.WriteFinishAsync(default);
            }

            await output.FlushAsync(default);
        }
    }

    private async Task TakeAsync(Packet packet)
    {
        if (packet.Kind == PacketKind.Stat)
        {
            if (packet.Stat is not { } stat)
            {
                _isListed = true;
                if (onListed is not null)
                {
                    onListed();
                    foreach (var id in _open.Keys)
                    {
                        await output.WriteRequestAsync(id, default);
                    }
                }

                return;
            }

            var entry = Packet.ReadEntry(stat);
            if (entry.HasContent)
            {
                var id = (uint)_entries.Count;
                _open[id] = (IncrementalHash.CreateHash(HashAlgorithmName.SHA256), 0);
                if (onListed is null)
                {
                    await output.WriteRequestAsync(id, default);
                }
            }

            _entries.Add(entry);
            return;
        }

        var (hash, length) = _open[packet.Id];
        foreach (var piece in packet.Data)
        {
            hash.AppendData(piece.Span);
        }

        _open[packet.Id] = (hash, length + packet.Data.Length);
        if (packet.Data.IsEmpty)
        {
            _contents[packet.Id] = $"{length}:{Convert.ToHexString(hash.GetHashAndReset())[..12]}";
            hash.Dispose();
            _open.Remove(packet.Id);
        }
    }

    private List<string> Lines() => [.. _entries.Select((e, i) => string.Create(
        CultureInfo.InvariantCulture,
        $"{e.Path}|{(uint)e.Mode:x8}|{e.UserId}:{e.GroupId}|{e.Size}|{e.ModifiedNanoseconds}|{e.LinkName}|{e.DeviceMajor}:{e.DeviceMinor}|{Attributes(e)}|{_contents.GetValueOrDefault((uint)i)}"))];

    private static string Attributes(FileEntry entry) => string.Join(',', (entry.ExtendedAttributes ?? new Dictionary<string, ReadOnlyMemory<byte>>())
        .OrderBy(a => a.Key, StringComparer.Ordinal).Select(a => $"{a.Key}={Convert.ToHexString(a.Value.Span)}"));

    private static IEnumerable<(string Name, string Value)> Values(string name, IReadOnlyList<string> values)
    {
        // Engines escape only for what is not ASCII; control characters never get past gRPC. Here both may come.
        if (!values.Any(v => v.Any(c => c is < ' ' or > '~')))
        {
            return values.Select(v => (name, v));
        }

        return values.Select(v => (name, WebUtility.UrlEncode(v))).Append((name + "-encoded", "1"));
    }
}
