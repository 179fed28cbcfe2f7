using System.Net;
using System.Text;

namespace BuildxPS.Engine.Tests.Builds.Caches;

/// <summary>Stands in for Azure Blob Storage: blobs in memory, whole or in blocks. It looks at the account of a signature, not at the signature.</summary>
internal sealed class FakeAzureBlobs : FakeHttpService
{
    private readonly HashSet<string> _containers = new(StringComparer.Ordinal);

    /// <summary>The account that requests must name; null where addresses themselves are the key.</summary>
    public string? Account { get; init; }

    protected override async Task AnswerAsync(HttpListenerContext context, string path, byte[] body)
    {
        var (request, query) = (context.Request, context.Request.QueryString);
        if (Account is not null && request.Headers["Authorization"]?.StartsWith($"SharedKey {Account}:", StringComparison.Ordinal) != true)
        {
            await RefuseAsync(context, HttpStatusCode.Forbidden, "not signed for the account");
            return;
        }

        context.Response.Headers["x-ms-request-id"] = Guid.NewGuid().ToString();
        context.Response.Headers["x-ms-version"] = request.Headers["x-ms-version"] ?? "2024-01-01";
        context.Response.Headers["ETag"] = "\"0x1\"";
        context.Response.Headers["Last-Modified"] = DateTime.UtcNow.ToString("R");
        switch (request.HttpMethod, query["restype"], query["comp"])
        {
            case ("PUT", "container", _):
                _containers.Add(path);
                await SendAsync(context, HttpStatusCode.Created);
                break;
            case (_, "container", _):
                await (_containers.Contains(path) ? SendAsync(context, HttpStatusCode.OK) : NotFoundAsync(context, "ContainerNotFound"));
                break;
            case ("PUT", _, "block"):
                Stored[$"{path}?{query["blockid"]}"] = body;
                await SendAsync(context, HttpStatusCode.Created);
                break;
            case ("PUT", _, "blocklist"):
                var list = System.Xml.Linq.XDocument.Parse(Encoding.UTF8.GetString(body).TrimStart('\uFEFF'));
                Stored[path] = [.. list.Root!.Elements().SelectMany(e => Stored[$"{path}?{e.Value}"])];
                await SendAsync(context, HttpStatusCode.Created);
                break;
            case ("PUT", _, _):
                Stored[path] = body;
                await SendAsync(context, HttpStatusCode.Created);
                break;
            default:
                await SendStoredAsync(context, path);
                break;
        }
    }

    private async Task SendStoredAsync(HttpListenerContext context, string path)
    {
        if (!Stored.TryGetValue(path, out var stored))
        {
            await NotFoundAsync(context, "BlobNotFound");
            return;
        }

        context.Response.Headers["x-ms-blob-type"] = "BlockBlob";
        if (context.Request.HttpMethod == "HEAD")
        {
            context.Response.ContentLength64 = stored.Length;
            return;
        }

        await SendRangeAsync(context, stored);
    }

    private static Task NotFoundAsync(HttpListenerContext context, string code)
    {
        context.Response.Headers["x-ms-error-code"] = code;
        return SendAsync(context, HttpStatusCode.NotFound);
    }
}
