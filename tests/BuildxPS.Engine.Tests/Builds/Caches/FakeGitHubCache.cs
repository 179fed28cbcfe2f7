using System.Globalization;
using System.Net;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace BuildxPS.Engine.Tests.Builds.Caches;

/// <summary>
/// Stands in for the cache service of GitHub Actions, in both its versions: the second one hands out addresses of a blob
/// store. Every call must carry its token.
/// </summary>
internal sealed class FakeGitHubCache : FakeHttpService
{
    private readonly FakeAzureBlobs _blobs = new();
    private readonly Dictionary<string, string> _finished = new(StringComparer.Ordinal);
    private readonly List<string> _reserved = [];

    public string Token { get; } = string.Join('.', Encode("""{"alg":"HS256","typ":"JWT"}"""), Encode(JsonSerializer.Serialize(new Dictionary<string, object>
    {
        ["ac"] = """[{"Scope":"refs/heads/main","Permission":3}]""",
        ["nbf"] = DateTimeOffset.UtcNow.AddHours(-1).ToUnixTimeSeconds(),
        ["exp"] = DateTimeOffset.UtcNow.AddHours(5).ToUnixTimeSeconds(),
        ["jti"] = Guid.NewGuid().ToString(),
    })), Encode(Guid.NewGuid().ToString()));

    public IReadOnlyCollection<string> Keys => _finished.Keys;

    public override async ValueTask DisposeAsync()
    {
        await base.DisposeAsync();
        await _blobs.DisposeAsync();
    }

    protected override Task AnswerAsync(HttpListenerContext context, string path, byte[] body)
    {
        if (path.StartsWith("/archive/", StringComparison.Ordinal))
        {
            // Its address is its key.
            return SendRangeAsync(context, Stored[path["/archive/".Length..]]);
        }

        if (context.Request.Headers["Authorization"] != "Bearer " + Token)
        {
            return RefuseAsync(context, HttpStatusCode.Unauthorized, "not the token of this run");
        }

        const string First = "/_apis/artifactcache/";
        lock (_finished)
        {
            return path.StartsWith(First, StringComparison.Ordinal)
                ? AnswerFirstAsync(context, path[First.Length..], body)
                : AnswerSecondAsync(context, path[(path.LastIndexOf('/') + 1)..], JsonNode.Parse(body)!);
        }
    }

    private Task AnswerFirstAsync(HttpListenerContext context, string path, byte[] body)
    {
        if (path == "cache")
        {
            var found = Find(context.Request.QueryString["keys"]!.Split(','));
            return found is null
                ? SendAsync(context, HttpStatusCode.NoContent)
                : SendJsonAsync(context, $$"""{"cacheKey":"{{found}}","scope":"refs/heads/main","archiveLocation":"{{Address}}/archive/{{_finished[found]}}"}""");
        }

        if (path == "caches")
        {
            _reserved.Add(JsonNode.Parse(body)!["key"]!.GetValue<string>());
            return SendJsonAsync(context, FormattableString.Invariant($$"""{"cacheID":{{_reserved.Count}}}"""));
        }

        var id = path["caches/".Length..];
        if (context.Request.HttpMethod == "PATCH")
        {
            var offset = int.Parse(context.Request.Headers["Content-Range"]!["bytes ".Length..].Split('-')[0], CultureInfo.InvariantCulture);
            var before = Stored.GetValueOrDefault(id, []);
            var whole = new byte[Math.Max(before.Length, offset + body.Length)];
            before.CopyTo(whole, 0);
            body.CopyTo(whole, offset);
            Stored[id] = whole;
        }
        else
        {
            _finished[_reserved[int.Parse(id, CultureInfo.InvariantCulture) - 1]] = id;
        }

        return SendAsync(context, HttpStatusCode.OK);
    }

    private Task AnswerSecondAsync(HttpListenerContext context, string method, JsonNode request)
    {
        var key = request["key"]!.GetValue<string>();
        switch (method)
        {
            case "CreateCacheEntry":
                _reserved.Add(key);
                return SendJsonAsync(context, FormattableString.Invariant($$"""{"ok":true,"signed_upload_url":"{{_blobs.Address}}/c/{{_reserved.Count}}?sig=x"}"""));
            case "FinalizeCacheEntryUpload":
                _finished[key] = FormattableString.Invariant($"{_reserved.LastIndexOf(key) + 1}");
                return SendJsonAsync(context, """{"ok":true,"entry_id":"1"}""");
            default:
                var found = Find([key, .. request["restore_keys"]?.AsArray().Select(k => k!.GetValue<string>()) ?? []]);
                return SendJsonAsync(context, found is null ? """{"ok":false}""" : $$"""{"ok":true,"matched_key":"{{found}}","signed_download_url":"{{_blobs.Address}}/c/{{_finished[found]}}?sig=x"}""");
        }
    }

    /// <summary>A key is found by its beginning, the newest first.</summary>
    private string? Find(IEnumerable<string> keys)
        => keys.Select(k => _finished.Keys.LastOrDefault(f => f == k) ?? _finished.Keys.LastOrDefault(f => f.StartsWith(k, StringComparison.Ordinal))).FirstOrDefault(f => f is not null);

    private static string Encode(string text) => Convert.ToBase64String(Encoding.UTF8.GetBytes(text)).TrimEnd('=').Replace('+', '-').Replace('/', '_');
}
