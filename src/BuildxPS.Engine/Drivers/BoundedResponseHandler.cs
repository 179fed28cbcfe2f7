using System.Net;
using BuildxPS.Engine.Streams;

namespace BuildxPS.Engine.Drivers;

/// <summary>Ends an answer that is longer than anything a daemon has to say, before it fills the memory.</summary>
internal sealed class BoundedResponseHandler(HttpMessageHandler inner, long maxBytes) : DelegatingHandler(inner)
{
    /// <summary>Set on a request whose answer is read line by line, as long as the daemon has something to say.</summary>
    public static readonly HttpRequestOptionsKey<bool> IsStream = new("BuildxPS.IsStream");

    /// <inheritdoc/>
    protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        var response = await base.SendAsync(request, cancellationToken).ConfigureAwait(false);
        if (!request.Options.TryGetValue(IsStream, out var isStream) || !isStream || !response.IsSuccessStatusCode)
        {
            response.Content = new BoundedContent(response.Content, maxBytes);
        }

        return response;
    }

    private sealed class BoundedContent : HttpContent
    {
        private readonly HttpContent _content;
        private readonly long _maxBytes;

        public BoundedContent(HttpContent content, long maxBytes)
        {
            _content = content;
            _maxBytes = maxBytes;
            foreach (var (name, values) in content.Headers)
            {
                Headers.TryAddWithoutValidation(name, values);
            }
        }

        protected override async Task<Stream> CreateContentReadStreamAsync()
            => new BoundedStream(await _content.ReadAsStreamAsync().ConfigureAwait(false), _maxBytes);

        protected override async Task SerializeToStreamAsync(Stream stream, TransportContext? context)
        {
            var source = await CreateContentReadStreamAsync().ConfigureAwait(false);
            await using (source.ConfigureAwait(false))
            {
                await source.CopyToAsync(stream).ConfigureAwait(false);
            }
        }

        protected override bool TryComputeLength(out long length)
        {
            length = 0;
            return false;
        }

        protected override void Dispose(bool disposing)
        {
            if (disposing)
            {
                _content.Dispose();
            }

            base.Dispose(disposing);
        }
    }

    private sealed class BoundedStream(Stream inner, long maxBytes) : SequentialStream
    {
        private long _left = maxBytes;

        public override bool CanRead => true;

        public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
            => Count(await inner.ReadAsync(buffer, cancellationToken).ConfigureAwait(false));

        public override int Read(byte[] buffer, int offset, int count) => Count(inner.Read(buffer, offset, count));

        protected override void Dispose(bool disposing)
        {
            if (disposing)
            {
                inner.Dispose();
            }

            base.Dispose(disposing);
        }

        private int Count(int read)
        {
            _left -= read;
            return _left >= 0 ? read : throw new InvalidDataException("the answer is longer than this client reads");
        }
    }
}
