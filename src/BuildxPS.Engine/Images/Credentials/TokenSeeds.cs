using System.Collections.Concurrent;
using System.Diagnostics;
using System.Security.Cryptography;
using System.Text.Json;
using BuildxPS.Engine.Configuration;

namespace BuildxPS.Engine.Images.Credentials;

/// <summary>
/// Random numbers by registry in docker's folder (<c>.token_seed</c>), which buildx shares: no engine, whatever salt it
/// thinks of, can tell from a key that was made with one what login is behind it.
/// </summary>
internal sealed class TokenSeeds(ClientEnvironment environment)
{
    private const int SeedLength = 16;
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan s_pause = TimeSpan.FromMilliseconds(20);

    private readonly string _path = Path.Combine(DockerConfiguration.FolderOf(environment), ".token_seed");
    private readonly ConcurrentDictionary<string, Lazy<Task<byte[]>>> _known = new(StringComparer.Ordinal);

    /// <summary>The number for a registry; made and kept where there is none. What cannot be kept holds as long as this object.</summary>
    /// <param name="host">The registry; names of hosts have no case.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <returns>16 bytes, or as many as another program put there.</returns>
    public Task<byte[]> FindAsync(string host, CancellationToken cancellationToken)
        => _known.GetOrAdd(host.ToLowerInvariant(), h => new Lazy<Task<byte[]>>(() => FindStoredAsync(h))).Value.WaitAsync(cancellationToken);

    private async Task<byte[]> FindStoredAsync(string host)
    {
        try
        {
            if (Read(host) is { } stored)
            {
                return stored;
            }

            if (!File.Exists(_path))
            {
                // Makes the folder, too, for its owner alone.
                JsonFileChange.Apply(_path, json => json, isSecret: true);
            }

            using var turn = await TakeTurnAsync().ConfigureAwait(false);
            var seed = Read(host) ?? RandomNumberGenerator.GetBytes(SeedLength);
            JsonFileChange.Apply(_path, json => JsonText.Set(Repair(json), [host, "Seed"], Convert.ToBase64String(seed)), isSecret: true);
            return seed;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or BuildxException)
        {
            // Read only, or no folder at all: the next build will be another client to the engine, and that is all.
            return RandomNumberGenerator.GetBytes(SeedLength);
        }
    }

    private byte[]? Read(string host)
    {
        try
        {
            var bytes = JsonFile.ReadBytes(_path);
            using var json = bytes is null ? null : JsonDocument.Parse(bytes.AsMemory(bytes.AsSpan().StartsWith("\uFEFF"u8) ? 3 : 0));
            return json?.RootElement.TryGetProperty(host, out var entry) == true && entry.TryGetProperty("Seed", out var value)
                && value.TryGetBytesFromBase64(out var seed) && seed.Length > 0
                ? seed
                : null;
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            // See Repair.
            return null;
        }
    }

    /// <summary>What a program that was killed while it wrote left is no seeds any more.</summary>
    private static byte[] Repair(byte[] json)
    {
        try
        {
            using var document = JsonDocument.Parse(json);
            return document.RootElement.ValueKind == JsonValueKind.Object ? json : "{}"u8.ToArray();
        }
        catch (JsonException)
        {
            return "{}"u8.ToArray();
        }
    }

    // Programs that change the file take this lock; one that hangs must not stop a build.
    private async Task<IDisposable?> TakeTurnAsync()
    {
        var begin = Stopwatch.GetTimestamp();
        while (Stopwatch.GetElapsedTime(begin) < s_patience)
        {
            if (FileLock.TryTake(_path + ".lock") is { } turn)
            {
                return turn;
            }

            await Task.Delay(s_pause).ConfigureAwait(false);
        }

        return null;
    }
}
