using System.Diagnostics;
using BuildxPS.Engine.Streams;

namespace BuildxPS.Engine.Connections;

/// <summary>The input and output of an ssh process as one duplex stream, which owns the process.</summary>
internal sealed class SshStream : SequentialStream, IHalfCloseable
{
    private static readonly TimeSpan s_lastWords = TimeSpan.FromSeconds(2);

    private readonly Process _process;
    private readonly SshFailures _failures;
    private readonly Stream _input;
    private readonly Stream _output;
    private readonly TextTail _words = new();
    private readonly Task _listening;
    private bool _hasData;
    private int _isDisposed;

    /// <summary>Takes over a process.</summary>
    /// <param name="process">ssh, with its streams redirected.</param>
    /// <param name="failures">Puts into words how it ends.</param>
    public SshStream(Process process, SshFailures failures)
    {
        _process = process;
        _failures = failures;
        _input = process.StandardInput.BaseStream;
        _output = process.StandardOutput.BaseStream;
        _listening = Task.Run(ListenAsync);
    }

    /// <inheritdoc/>
    public override bool CanRead => true;

    /// <inheritdoc/>
    public override bool CanWrite => true;

    /// <inheritdoc/>
    public ValueTask CloseWriteAsync(CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        return _input.DisposeAsync();
    }

    /// <inheritdoc/>
    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        // A pipe is at its end for a read of no bytes, which elsewhere waits for data.
        if (buffer.IsEmpty)
        {
            return 0;
        }

        var read = await _output.ReadAsync(buffer, cancellationToken).ConfigureAwait(false);
        if (read == 0 && !_hasData)
        {
            throw await EndedAsync(cancellationToken).ConfigureAwait(false);
        }

        _hasData = true;
        return read;
    }

    /// <inheritdoc/>
    public override async ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
    {
        try
        {
            await _input.WriteAsync(buffer, cancellationToken).ConfigureAwait(false);
            await _input.FlushAsync(cancellationToken).ConfigureAwait(false);
        }
        catch (IOException) when (!_hasData)
        {
            // What ssh said is the reason; the broken pipe only follows from it.
            throw await EndedAsync(cancellationToken).ConfigureAwait(false);
        }
    }

    /// <inheritdoc/>
    protected override void Dispose(bool disposing)
    {
        if (disposing && Interlocked.Exchange(ref _isDisposed, 1) == 0)
        {
            Stop();
            _process.Dispose();
        }

        base.Dispose(disposing);
    }

    private async Task<BuildxException> EndedAsync(CancellationToken cancellationToken)
    {
        // Its last words may come a moment after its output has ended.
        await ((Task)_listening.WaitAsync(s_lastWords, cancellationToken)).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        await ((Task)_process.WaitForExitAsync(cancellationToken).WaitAsync(s_lastWords, cancellationToken)).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        cancellationToken.ThrowIfCancellationRequested();
        lock (_words)
        {
            return _failures.Ended(_process.HasExited ? _process.ExitCode : null, _words.ToString());
        }
    }

    private async Task ListenAsync()
    {
        var buffer = new byte[1024];
        try
        {
            while (await _process.StandardError.BaseStream.ReadAsync(buffer).ConfigureAwait(false) is > 0 and var read)
            {
                lock (_words)
                {
                    _words.Add(buffer.AsSpan(0, read));
                }
            }
        }
        catch (Exception e) when (e is IOException or ObjectDisposedException or InvalidOperationException)
        {
            // The process is gone, and what it said until then is there.
        }
    }

    private void Stop()
    {
        try
        {
            _process.Kill(entireProcessTree: true);
        }
        catch (Exception e) when (e is InvalidOperationException or System.ComponentModel.Win32Exception or AggregateException)
        {
            // It has ended by itself.
        }
    }
}
