using BuildxPS.Engine.Engines;
using Grpc.Core;

namespace BuildxPS.Engine.Sessions.Uploads;

/// <summary>Gives the engine what it asks for under <c>http://buildkit-session/ID</c>: from the stream straight into the pipe.</summary>
/// <param name="uploads">What may be asked for, by id.</param>
/// <param name="onFailure">Takes the cause when one cannot be read: the engine reports it in words of its own.</param>
internal sealed class UploadMethod(IReadOnlyDictionary<string, IUploadSource> uploads, Action<BuildxException>? onFailure = null) : ISessionMethod
{
    /// <summary>The address under which an engine asks for an upload.</summary>
    public const string Address = "http://buildkit-session/";

    /// <summary>Bytes in one message. Old engines take messages of 4 MiB.</summary>
    private const int PieceLength = 128 * 1024;

    /// <inheritdoc/>
    public string Path => "/moby.upload.v1.Upload/Pull";

    /// <inheritdoc/>
    public async Task InvokeAsync(ISessionCall call)
    {
        var path = call.Header("urlpath").FirstOrDefault("");
        if (!uploads.TryGetValue(path[(path.LastIndexOf('/') + 1)..], out var upload))
        {
            throw new SessionStatusException(StatusCode.NotFound, "this client has no such upload");
        }

        try
        {
            var stream = await upload.OpenAsync(call.Aborted).ConfigureAwait(false);
            await using (stream.ConfigureAwait(false))
            {
                while (await SendPieceAsync(stream, call).ConfigureAwait(false))
                {
                }
            }
        }
        catch (BuildxException e)
        {
            onFailure?.Invoke(e);
            throw new SessionStatusException(StatusCode.Aborted, "this client cannot read the build context", e);
        }
    }

    private static async Task<bool> SendPieceAsync(Stream stream, ISessionCall call)
    {
        var buffer = call.Response.GetMemory(GrpcMessage.MaxDataHeaderLength + PieceLength);
        var read = await stream.ReadAtLeastAsync(buffer.Slice(GrpcMessage.MaxDataHeaderLength, PieceLength), PieceLength, throwOnEndOfStream: false, call.Aborted)
            .ConfigureAwait(false);
        if (read > 0)
        {
            // The head is as long as the piece's length makes it: the bytes move up to it.
            var head = GrpcMessage.WriteDataHeader(buffer.Span, read);
            buffer.Slice(GrpcMessage.MaxDataHeaderLength, read).CopyTo(buffer[head..]);
            call.Response.Advance(head + read);
            await call.Response.FlushAsync(call.Aborted).ConfigureAwait(false);
        }

        return read == PieceLength;
    }
}
