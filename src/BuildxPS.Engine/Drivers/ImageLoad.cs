using System.Buffers;
using System.Globalization;
using System.Text;
using BuildxPS.Engine.Connections;

namespace BuildxPS.Engine.Drivers;

/// <summary>
/// An archive on its way into a docker daemon's images. It is one POST whose answer is read while its body is still being
/// written, since a daemon that cannot go on says why at once; <see cref="HttpClient"/> reads only after it has written.
/// </summary>
internal sealed class ImageLoad : IAsyncDisposable
{
    private const string Request = "POST /images/load";

    /// <summary>A daemon that stops reading has this long to say why.</summary>
    private static readonly TimeSpan s_reason = TimeSpan.FromSeconds(2);

    private readonly Stream _connection;
    private readonly string _address;
    private readonly DaemonWatch _watch;
    private readonly CancellationTokenSource _closing = new();
    private readonly Task<LoadAnswer> _answer;

    private ImageLoad(Stream connection, string address, DaemonWatch watch)
    {
        (_connection, _address, _watch) = (connection, address, watch);
        _answer = LoadAnswer.ReadAsync(connection, _closing.Token);
    }

    /// <summary>Starts the request.</summary>
    /// <param name="connector">Reaches the daemon.</param>
    /// <param name="path">The path, with the API's version.</param>
    /// <param name="watch">Tells a daemon that is busy from one that is gone.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <returns>The request, waiting for its body.</returns>
    public static async Task<ImageLoad> OpenAsync(IConnector connector, string path, DaemonWatch watch, CancellationToken cancellationToken)
    {
        var connection = await connector.ConnectAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            var head = $"POST {path} HTTP/1.1\r\nHost: docker.example.com\r\nContent-Type: application/x-tar\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n";
            await connection.WriteAsync(Encoding.ASCII.GetBytes(head), cancellationToken).ConfigureAwait(false);
            return new ImageLoad(connection, connector.Address, watch);
        }
        catch (IOException e)
        {
            await connection.DisposeAsync().ConfigureAwait(false);
            throw Lost(connector.Address, e);
        }
        catch
        {
            await connection.DisposeAsync().ConfigureAwait(false);
            throw;
        }
    }

    /// <summary>Sends a piece of the archive.</summary>
    /// <param name="piece">The piece.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <returns>A task.</returns>
    /// <exception cref="BuildxException">The daemon takes no more; <see cref="BuildxFailure.ImageLoadFailed"/> and its kin.</exception>
    public async ValueTask WriteAsync(ReadOnlyMemory<byte> piece, CancellationToken cancellationToken)
    {
        if (piece.IsEmpty || await IsAnsweredAsync().ConfigureAwait(false))
        {
            return;
        }

        var chunk = ArrayPool<byte>.Shared.Rent(piece.Length + 16);
        try
        {
            piece.Length.TryFormat(chunk, out var length, "x", CultureInfo.InvariantCulture);
            "\r\n"u8.CopyTo(chunk.AsSpan(length));
            piece.Span.CopyTo(chunk.AsSpan(length + 2));
            "\r\n"u8.CopyTo(chunk.AsSpan(length + 2 + piece.Length));
            await SendAsync(chunk.AsMemory(0, length + piece.Length + 4), cancellationToken).ConfigureAwait(false);
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(chunk);
        }
    }

    /// <summary>Ends the archive and waits until the daemon has its images.</summary>
    /// <param name="cancellationToken">Gives up.</param>
    /// <returns>A task.</returns>
    /// <exception cref="BuildxException">The daemon did not take it.</exception>
    public async Task CompleteAsync(CancellationToken cancellationToken)
    {
        if (!await IsAnsweredAsync().ConfigureAwait(false))
        {
            await SendAsync("0\r\n\r\n"u8.ToArray(), cancellationToken).ConfigureAwait(false);
            await WatchAsync(_answer, cancellationToken).ConfigureAwait(false);
            await CheckAsync(_answer, null).ConfigureAwait(false);
        }
    }

    /// <summary>Closes the connection. An archive that was not completed is cut off, and the daemon makes no image of it.</summary>
    /// <returns>A task.</returns>
    public async ValueTask DisposeAsync()
    {
        await _closing.CancelAsync().ConfigureAwait(false);
        await _connection.DisposeAsync().ConfigureAwait(false);
        await ((Task)_answer).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        _closing.Dispose();
    }

    /// <summary>Whether the daemon has what it needs: an archive may go on behind its end.</summary>
    private async ValueTask<bool> IsAnsweredAsync()
    {
        if (!_answer.IsCompleted)
        {
            return false;
        }

        await CheckAsync(_answer, null).ConfigureAwait(false);
        return true;
    }

    private async Task SendAsync(ReadOnlyMemory<byte> bytes, CancellationToken cancellationToken)
    {
        try
        {
            var write = _connection.WriteAsync(bytes, cancellationToken).AsTask();
            try
            {
                await WatchAsync(write, cancellationToken).ConfigureAwait(false);
            }
            finally
            {
                // The bytes are the caller's, and used again once this has ended.
                await ((Task)write).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }

            await write.ConfigureAwait(false);
        }
        catch (IOException e)
        {
            await CheckAsync(_answer.WaitAsync(s_reason, cancellationToken), e).ConfigureAwait(false);
        }
    }

    /// <summary>Waits for a step to end, well or badly, as long as the daemon is there.</summary>
    private async Task WatchAsync(Task step, CancellationToken cancellationToken)
    {
        if (!await _watch.WaitAsync(step, cancellationToken).ConfigureAwait(false))
        {
            // What is under way ends with it.
            await _connection.DisposeAsync().ConfigureAwait(false);
            throw new BuildxException(
                BuildxFailure.EngineLost,
                $"The docker daemon at {_address} has stopped answering while the image was loaded into it.",
                "See whether the daemon hangs and whether what forwards the connection to it still runs, then try again: the build's steps come from the cache.")
            { IsTransient = true };
        }
    }

    private async Task CheckAsync(Task<LoadAnswer> reading, IOException? broken)
    {
        LoadAnswer answer;
        try
        {
            answer = await reading.ConfigureAwait(false);
        }
        catch (Exception e) when (e is IOException or TimeoutException)
        {
            throw Lost(_address, broken ?? e);
        }
        catch (InvalidDataException e)
        {
            throw new BuildxException(
                BuildxFailure.ProtocolViolation,
                $"What answers at {_address} to {Request} is not a docker daemon: {e.Message}.",
                "Check that the address is a docker daemon's and no other service's.",
                e);
        }

        if (answer.Status != 200)
        {
            throw answer.Status is >= 400 and < 500 ? DockerRefusal.Create(_address, Request, answer.Status, answer.Message) : Failed(answer.Message);
        }

        if (answer.Error is { } error)
        {
            throw Failed(error);
        }

        if (!answer.IsWhole)
        {
            throw Lost(_address, broken);
        }
    }

    private BuildxException Failed(string reason)
        => reason.Contains("no space left on device", StringComparison.OrdinalIgnoreCase)
            ? new BuildxException(
                BuildxFailure.DiskFull,
                $"The docker daemon at {_address} has no space left for the image: {reason}",
                "Free space where the daemon keeps its images and its own build cache (docker image prune; Clear-BuildxCache -Context), and build again: the steps come from the cache.")
            : new BuildxException(
                BuildxFailure.ImageLoadFailed,
                $"The docker daemon at {_address} could not load the image: {reason}",
                "See the daemon's answer in the message, and its log.");

    private static BuildxException Lost(string address, Exception? cause) => new(
        BuildxFailure.EngineLost,
        $"The connection to the docker daemon at {address} broke while the image was loaded into it{(cause is null ? "." : ": " + DisplayText.Line(cause.Message))}",
        "Try again; if it stays so, look at the daemon's log.",
        cause)
    { IsTransient = true };
}
