using System.Collections.Concurrent;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;

namespace BuildxPS.Engine.Tests.Images;

/// <summary>A fake registry that keeps what it is given, as the OCI distribution specification has it, unless a test wants it otherwise.</summary>
internal sealed class FakeStore : IAsyncDisposable
{
    public const string Index = "application/vnd.oci.image.index.v1+json";
    public const string Manifest = "application/vnd.oci.image.manifest.v1+json";
    public const string Config = "application/vnd.oci.image.config.v1+json";
    public const string Layer = "application/vnd.oci.image.layer.v1.tar+gzip";

    private readonly ConcurrentDictionary<string, byte[]> _uploads = new();
    private int _uploadNumber;

    public FakeStore() => Fake = new FakeRegistry(r => Before?.Invoke(r) ?? Answer(r));

    public FakeRegistry Fake { get; }

    public string Authority => Fake.Authority;

    /// <summary>Blobs by <c>repository@digest</c>.</summary>
    public ConcurrentDictionary<string, byte[]> Blobs { get; } = new();

    /// <summary>Manifests by <c>repository@digest</c> and <c>repository:tag</c>, in the order of their arrival.</summary>
    public ConcurrentDictionary<string, (string MediaType, byte[] Bytes)> Manifests { get; } = new();

    /// <summary>Answers in the place of the registry; null leaves it to that.</summary>
    public Func<FakeRequest, FakeResponse?>? Before { get; set; }

    public bool Mounts { get; set; } = true;

    /// <summary>Whether it knows how far a broken upload came.</summary>
    public bool RemembersUploads { get; set; } = true;

    /// <summary>Whether it lists what refers to a manifest.</summary>
    public bool ListsReferrers { get; set; } = true;

    public static string DigestOf(byte[] bytes) => "sha256:" + Convert.ToHexStringLower(SHA256.HashData(bytes));

    public static Descriptor Describe(byte[] bytes, string mediaType = Layer) => new() { MediaType = mediaType, Digest = DigestOf(bytes), Size = bytes.Length };

    public IEnumerable<FakeRequest> Sent(string method, string part) => Fake.Requests.Where(r => r.Method == method && r.Target.Contains(part, StringComparison.Ordinal));

    public ValueTask DisposeAsync() => Fake.DisposeAsync();

    public Descriptor AddBlob(string repository, byte[] bytes, string mediaType = Layer)
    {
        Blobs[$"{repository}@{DigestOf(bytes)}"] = bytes;
        return Describe(bytes, mediaType);
    }

    public Descriptor AddManifest(string repository, string? tag, string mediaType, JsonObject json)
    {
        json["schemaVersion"] = 2;
        json["mediaType"] = mediaType;
        var bytes = Encoding.UTF8.GetBytes(json.ToJsonString());
        Manifests[$"{repository}@{DigestOf(bytes)}"] = (mediaType, bytes);
        if (tag is not null)
        {
            Manifests[$"{repository}:{tag}"] = (mediaType, bytes);
        }

        return Describe(bytes, mediaType);
    }

    /// <summary>An image for one platform.</summary>
    public Descriptor AddImage(string repository, string? tag, string architecture, params byte[][] layers)
    {
        var config = AddBlob(repository, Encoding.UTF8.GetBytes($$"""{"os":"linux","architecture":"{{architecture}}"}"""), Config);
        return AddManifest(repository, tag, Manifest, new JsonObject
        {
            ["config"] = Json(config),
            ["layers"] = new JsonArray([.. layers.Select(l => Json(AddBlob(repository, l)))]),
        }) with
        { Platform = Platform.Parse("linux/" + architecture) };
    }

    /// <summary>Something attached to a manifest.</summary>
    public Descriptor AddReferrer(string repository, Descriptor subject, string artifactType, byte[] content) => AddManifest(repository, null, Manifest, new JsonObject
    {
        ["artifactType"] = artifactType,
        ["config"] = Json(AddBlob(repository, "{}"u8.ToArray(), "application/vnd.oci.empty.v1+json")),
        ["layers"] = new JsonArray(Json(AddBlob(repository, content, artifactType))),
        ["subject"] = Json(subject),
    });

    public Descriptor AddIndex(string repository, string? tag, params Descriptor[] entries)
        => AddManifest(repository, tag, Index, new JsonObject { ["manifests"] = new JsonArray([.. entries.Select(Json)]) });

    public static JsonNode Json(Descriptor descriptor)
    {
        var json = new JsonObject { ["mediaType"] = descriptor.MediaType, ["digest"] = descriptor.Digest, ["size"] = descriptor.Size };
        if (descriptor.Platform is { } platform)
        {
            json["platform"] = new JsonObject { ["os"] = platform.OS, ["architecture"] = platform.Architecture };
        }

        if (descriptor.Annotations.Count > 0)
        {
            json["annotations"] = new JsonObject(descriptor.Annotations.Select(a => KeyValuePair.Create(a.Key, (JsonNode?)a.Value)));
        }

        return json;
    }

    private FakeResponse Answer(FakeRequest request)
    {
        var parts = request.Path.Split('/');
        var kind = Array.FindLastIndex(parts, p => p is "blobs" or "manifests" or "referrers" or "tags");
        var repository = string.Join('/', parts[2..kind]);
        return parts[kind] switch
        {
            "blobs" when parts[kind + 1] == "uploads" => Upload(request, repository, parts[^1]),
            "blobs" => Blob(request, $"{repository}@{parts[^1]}"),
            "manifests" when request.Method == "PUT" => Put(request, repository, parts[^1]),
            "manifests" => Manifests.TryGetValue(parts[^1].Contains(':', StringComparison.Ordinal) ? $"{repository}@{parts[^1]}" : $"{repository}:{parts[^1]}", out var found)
                ? FakeResponse.Document(found.MediaType, found.Bytes)
                : Missing(),
            "referrers" when ListsReferrers => Referrers(repository, parts[^1]),
            _ => Missing(),
        };
    }

    private FakeResponse Blob(FakeRequest request, string key)
    {
        if (!Blobs.TryGetValue(key, out var bytes))
        {
            return Missing();
        }

        return request.Headers.TryGetValue("Range", out var range) && int.Parse(range.Split('=', '-')[1], CultureInfo.InvariantCulture) is var from
            ? new FakeResponse { Status = 206, Body = bytes[from..], Headers = new() { ["Content-Range"] = $"bytes {from}-{bytes.Length - 1}/{bytes.Length}" } }
            : new FakeResponse { Body = bytes, Headers = new() { ["Content-Length"] = bytes.Length.ToString(CultureInfo.InvariantCulture) } };
    }

    private FakeResponse Upload(FakeRequest request, string repository, string id)
    {
        if (request.Method == "POST")
        {
            if (Mounts && request.Query("mount") is { } mounted && Blobs.TryGetValue($"{request.Query("from")}@{mounted}", out var blob))
            {
                Blobs[$"{repository}@{mounted}"] = blob;
                return new FakeResponse { Status = 201, Headers = new() { ["Location"] = $"/v2/{repository}/blobs/{mounted}" } };
            }

            id = $"u{Interlocked.Increment(ref _uploadNumber)}";
            _uploads[id] = [];
            return Accepted(repository, id);
        }

        if (!_uploads.TryGetValue(id, out var content))
        {
            return Missing();
        }

        if (request.Method == "GET")
        {
            return RemembersUploads ? Accepted(repository, id) with { Status = 204 } : Missing();
        }

        _uploads[id] = content = [.. content, .. request.Content];
        if (request.Content.Length < request.Length || request.Method == "PATCH")
        {
            return Accepted(repository, id);
        }

        var digest = request.Query("digest")!;
        if (DigestOf(content) != digest)
        {
            return FakeResponse.Json(400, """{"errors":[{"code":"DIGEST_INVALID"}]}""");
        }

        Blobs[$"{repository}@{digest}"] = content;
        return new FakeResponse { Status = 201, Headers = new() { ["Docker-Content-Digest"] = digest } };
    }

    private FakeResponse Accepted(string repository, string id) => new()
    {
        Status = 202,
        Headers = new() { ["Location"] = $"/v2/{repository}/blobs/uploads/{id}?_state=x", ["Range"] = $"0-{Math.Max(0, _uploads[id].Length - 1)}" },
    };

    private FakeResponse Put(FakeRequest request, string repository, string name)
    {
        var digest = DigestOf(request.Content);
        Manifests[$"{repository}@{digest}"] = (request.Headers["Content-Type"], request.Content);
        if (name != digest)
        {
            Manifests[$"{repository}:{name}"] = (request.Headers["Content-Type"], request.Content);
        }

        var response = new FakeResponse { Status = 201, Headers = new() { ["Docker-Content-Digest"] = digest } };
        if (ListsReferrers && JsonNode.Parse(request.Content)?["subject"]?["digest"] is { } subject)
        {
            response.Headers["OCI-Subject"] = subject.GetValue<string>();
        }

        return response;
    }

    private FakeResponse Referrers(string repository, string digest)
    {
        var entries = Manifests.Where(m => m.Key.StartsWith(repository + "@", StringComparison.Ordinal) && JsonNode.Parse(m.Value.Bytes)?["subject"]?["digest"]?.GetValue<string>() == digest)
            .Select(m => (JsonNode)new JsonObject
            {
                ["mediaType"] = m.Value.MediaType,
                ["digest"] = DigestOf(m.Value.Bytes),
                ["size"] = m.Value.Bytes.Length,
                ["artifactType"] = JsonNode.Parse(m.Value.Bytes)?["artifactType"]?.GetValue<string>(),
            });
        var index = new JsonObject { ["schemaVersion"] = 2, ["mediaType"] = Index, ["manifests"] = new JsonArray([.. entries]) };
        return FakeResponse.Document(Index, Encoding.UTF8.GetBytes(index.ToJsonString()));
    }

    private static FakeResponse Missing() => FakeResponse.Json(404, """{"errors":[{"code":"MANIFEST_UNKNOWN","message":"not here"}]}""");
}
