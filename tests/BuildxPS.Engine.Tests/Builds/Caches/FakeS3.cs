using System.Net;
using System.Security.Cryptography;
using System.Text;

namespace BuildxPS.Engine.Tests.Builds.Caches;

/// <summary>Stands in for S3: one bucket in memory. Requests must be signed (version 4) with its keys and carry its session.</summary>
internal sealed class FakeS3 : FakeHttpService
{
    private readonly Dictionary<string, SortedDictionary<int, byte[]>> _uploads = new(StringComparer.Ordinal);

    public string KeyId { get; } = "AKID" + Guid.NewGuid().ToString("N")[..16];

    public string Secret { get; } = Guid.NewGuid().ToString("N");

    public string Session { get; } = Guid.NewGuid().ToString("N");

    protected override async Task AnswerAsync(HttpListenerContext context, string path, byte[] body)
    {
        var request = context.Request;
        if (Problem(request) is { } problem)
        {
            await RefuseAsync(context, HttpStatusCode.Forbidden, problem);
            return;
        }

        body = Plain(request, body);
        var query = request.QueryString;
        switch (request.HttpMethod)
        {
            case "PUT" when query["uploadId"] is { } upload:
                lock (_uploads)
                {
                    _uploads[upload][int.Parse(query["partNumber"]!, System.Globalization.CultureInfo.InvariantCulture)] = body;
                }

                context.Response.Headers["ETag"] = "\"part\"";
                await SendAsync(context, HttpStatusCode.OK);
                break;
            case "PUT":
                Stored[path] = body;
                context.Response.Headers["ETag"] = "\"whole\"";
                await SendAsync(context, HttpStatusCode.OK);
                break;
            case "POST" when request.RawUrl!.Contains("?uploads", StringComparison.Ordinal) || request.RawUrl.Contains("&uploads", StringComparison.Ordinal):
                var id = Guid.NewGuid().ToString("N");
                lock (_uploads)
                {
                    _uploads[id] = [];
                }

                await SendAsync(context, HttpStatusCode.OK, Encoding.UTF8.GetBytes($"<InitiateMultipartUploadResult><UploadId>{id}</UploadId></InitiateMultipartUploadResult>"));
                break;
            case "POST":
                lock (_uploads)
                {
                    Stored[path] = [.. _uploads[query["uploadId"]!].Values.SelectMany(p => p)];
                }

                await SendAsync(context, HttpStatusCode.OK, "<CompleteMultipartUploadResult><ETag>\"whole\"</ETag></CompleteMultipartUploadResult>"u8.ToArray());
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
            await SendAsync(context, HttpStatusCode.NotFound, context.Request.HttpMethod == "HEAD" ? null : "<Error><Code>NoSuchKey</Code></Error>"u8.ToArray());
            return;
        }

        context.Response.Headers["ETag"] = "\"whole\"";
        context.Response.Headers["Last-Modified"] = DateTime.UtcNow.ToString("R");
        if (context.Request.HttpMethod == "HEAD")
        {
            context.Response.ContentLength64 = stored.Length;
            return;
        }

        await SendRangeAsync(context, stored);
    }

    /// <summary>A body without the frame that the SDK puts around one whose checksum comes last.</summary>
    private static byte[] Plain(HttpListenerRequest request, byte[] body)
    {
        if (request.Headers["x-amz-decoded-content-length"] is null)
        {
            return body;
        }

        using var plain = new MemoryStream();
        for (var at = 0; ;)
        {
            var end = body.AsSpan(at).IndexOf("\r\n"u8) + at;
            var size = Convert.ToInt32(Encoding.ASCII.GetString(body[at..end]).Split(';')[0], 16);
            if (size == 0)
            {
                return plain.ToArray();
            }

            plain.Write(body, end + 2, size);
            at = end + 2 + size + 2;
        }
    }

    private string? Problem(HttpListenerRequest request)
    {
        var authorization = request.Headers["Authorization"] ?? "";
        var parts = authorization.Replace("AWS4-HMAC-SHA256 ", "", StringComparison.Ordinal).Split(',', StringSplitOptions.TrimEntries)
            .Select(p => p.Split('=', 2)).Where(p => p.Length == 2).ToDictionary(p => p[0], p => p[1], StringComparer.Ordinal);
        if (!parts.TryGetValue("Credential", out var credential) || credential.Split('/') is not [var id, var date, var region, "s3", "aws4_request"] || id != KeyId)
        {
            return $"not signed with the key {KeyId}";
        }

        if (request.Headers["x-amz-security-token"] != Session)
        {
            return "not of this session";
        }

        var url = request.RawUrl!.Split('?', 2);
        var query = url.Length < 2 ? "" : string.Join('&', url[1].Split('&').Select(p => p.Contains('=', StringComparison.Ordinal) ? p : p + "=").Order(StringComparer.Ordinal));
        var headers = string.Concat(parts["SignedHeaders"].Split(';').Select(h => $"{h}:{request.Headers[h]?.Trim()}\n"));
        var canonical = string.Join('\n', request.HttpMethod, url[0], query, headers, parts["SignedHeaders"], request.Headers["x-amz-content-sha256"]);
        var text = string.Join('\n', "AWS4-HMAC-SHA256", request.Headers["x-amz-date"], $"{date}/{region}/s3/aws4_request", Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(canonical))));
        var key = new[] { date, region, "s3", "aws4_request" }.Aggregate(Encoding.UTF8.GetBytes("AWS4" + Secret), (k, part) => HMACSHA256.HashData(k, Encoding.UTF8.GetBytes(part)));
        return Convert.ToHexStringLower(HMACSHA256.HashData(key, Encoding.UTF8.GetBytes(text))) == parts.GetValueOrDefault("Signature")
            ? null
            : "the signature is of another secret";
    }
}
