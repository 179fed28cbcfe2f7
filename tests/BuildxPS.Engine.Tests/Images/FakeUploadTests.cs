using System.Security.Cryptography;
using BuildxPS.Engine.Images.Registries;

namespace BuildxPS.Engine.Tests.Images;

public sealed class FakeUploadTests : IAsyncDisposable
{
    private readonly FakeStore _store = new();
    private readonly byte[] _blob = RandomNumberGenerator.GetBytes(3_000_000);
    private readonly List<string> _log = [];

    private string Stored => $"app@{FakeStore.DigestOf(_blob)}";

    public ValueTask DisposeAsync() => _store.DisposeAsync();

    [Fact]
    public async Task A_blob_goes_in_one_request_and_not_again()
    {
        Assert.Equal(BlobArrival.Sent, await PushAsync());
        Assert.Equal(BlobArrival.Present, await PushAsync());
        Assert.Equal(["HEAD", "POST", "PUT", "HEAD"], _store.Fake.Requests.Select(r => r.Method));
        Assert.Equal(_blob, _store.Blobs[Stored]);
    }

    [Fact]
    public async Task An_upload_that_breaks_goes_on_where_the_registry_has_it()
    {
        var breaks = 2;
        _store.Fake.Cuts = r => r.Method is "PUT" or "PATCH" && r.Length > 0 && Interlocked.Decrement(ref breaks) >= 0 ? 1_200_000 : null;
        Assert.Equal(BlobArrival.Sent, await PushAsync());
        Assert.Equal(_blob, _store.Blobs[Stored]);
        Assert.Equal(_blob.Length, _store.Fake.Requests.Where(r => r.Method is "PUT" or "PATCH").Sum(r => r.Content.Length));
        Assert.Equal(["1200000-2999999", "2400000-2999999"], _store.Sent("PATCH", "uploads").Select(r => r.Headers["Content-Range"]));
    }

    [Fact]
    public async Task An_upload_that_the_registry_lost_begins_again()
    {
        var breaks = 1;
        _store.RemembersUploads = false;
        _store.Fake.Cuts = r => r.Method == "PUT" && Interlocked.Decrement(ref breaks) >= 0 ? 1_000_000 : null;
        Assert.Equal(BlobArrival.Sent, await PushAsync());
        Assert.Equal(_blob, _store.Blobs[Stored]);
        Assert.Equal(2, _store.Sent("POST", "uploads").Count());
    }

    [Fact]
    public async Task A_connection_that_always_breaks_ends_after_a_few_times()
    {
        _store.Fake.Cuts = r => r.Method is "PUT" or "PATCH" && r.Length > 0 ? 10 : null;
        var error = await Assert.ThrowsAnyAsync<BuildxException>(() => PushAsync());
        Assert.Equal(BuildxFailure.RegistryUnreachable, error.Failure);
        Assert.True(error.IsTransient);
        Assert.Equal(4, _store.Fake.Requests.Count(r => r.Method is "PUT" or "PATCH"));
    }

    [Theory]
    [InlineData(500)]
    [InlineData(429)]
    public async Task A_registry_that_is_busy_at_the_end_is_asked_again_a_few_times(int status)
    {
        _store.Before = r => r.Method is "PUT" or "PATCH" ? FakeResponse.Json(status, "{}", ("Retry-After", "0")) : null;
        var error = await Assert.ThrowsAnyAsync<BuildxException>(() => PushAsync());
        Assert.Equal(BuildxFailure.RegistryError, error.Failure);
        Assert.True(error.IsTransient);
        Assert.InRange(_store.Fake.Requests.Count(r => r.Method is "PUT" or "PATCH"), 2, 4);
    }

    [Fact]
    public async Task A_registry_that_takes_no_large_body_gets_pieces()
    {
        var refused = 0;
        _store.Fake.Refuses = r => r.Length > 1_000_000 && Interlocked.Increment(ref refused) > 0 ? FakeResponse.Json(413, "{}") : null;
        Assert.Equal(BlobArrival.Sent, await PushAsync(limits: TestClients.Limits with { ChunkBytes = 1_600_000, MinChunkBytes = 100_000 }));
        Assert.Equal(_blob, _store.Blobs[Stored]);
        Assert.Equal(2, refused);
        Assert.Equal(["0-399999", "400000-799999"], _store.Sent("PATCH", "uploads").Where(r => r.Content.Length > 0).Take(2).Select(r => r.Headers["Content-Range"]));
        Assert.Contains(_log, l => l.Contains("in pieces", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_registry_that_takes_no_piece_at_all_is_said_so()
    {
        _store.Fake.Refuses = _ => FakeResponse.Json(413, "{}");
        _store.Before = r => r.Method is "PUT" or "PATCH" ? FakeResponse.Json(413, "{}") : null;
        var error = await Assert.ThrowsAnyAsync<BuildxException>(() => PushAsync());
        Assert.Equal(BuildxFailure.RegistryError, error.Failure);
        Assert.Contains("413", error.Message, StringComparison.Ordinal);
        Assert.InRange(_store.Fake.Requests.Count, 4, 20);
    }

    [Fact]
    public async Task Pieces_are_no_smaller_than_the_registry_wants()
    {
        _store.Before = r => r.Method == "POST"
            ? new FakeResponse { Status = 202, Headers = new() { ["Location"] = "/v2/app/blobs/uploads/x", ["OCI-Chunk-Min-Length"] = "1000000" } }
            : r.Method is "PATCH" ? new FakeResponse { Status = 202, Headers = new() { ["Location"] = "/v2/app/blobs/uploads/x" } }
            : r.Method is "PUT" ? new FakeResponse { Status = 201 } : null;
        await PushAsync(limits: TestClients.Limits with { FirstChunk = 100_000 });
        Assert.Equal([1_000_000, 1_000_000, 1_000_000], _store.Sent("PATCH", "uploads").Select(r => r.Content.Length));
    }

    [Fact]
    public async Task What_is_refused_before_it_is_sent_is_not_sent()
    {
        _store.Fake.Refuses = _ => FakeResponse.Json(403, """{"errors":[{"code":"DENIED","message":"not you"}]}""");
        var error = await Assert.ThrowsAnyAsync<BuildxException>(() => PushAsync());
        Assert.Equal(BuildxFailure.RegistryUnauthorized, error.Failure);
        Assert.Contains("DENIED: not you", error.Message, StringComparison.Ordinal);
        Assert.Equal(0, _store.Fake.Requests.Sum(r => r.Content.Length));
    }

    [Fact]
    public async Task A_token_that_ends_while_a_blob_is_sent_is_replaced_and_the_blob_sent_again()
    {
        var issued = 0;
        _store.Before = r => r.Path == "/token" ? FakeResponse.Json(200, $$"""{"token":"t{{Interlocked.Increment(ref issued)}}"}""")
            : r.Authorization is null || (r.Method == "PUT" && r.Authorization == "Bearer t1")
                ? FakeResponse.Json(401, "{}", ("WWW-Authenticate", $"Bearer realm=\"http://{_store.Authority}/token\",service=\"s\""))
                : null;
        Assert.Equal(BlobArrival.Sent, await PushAsync());
        Assert.Equal(_blob, _store.Blobs[Stored]);
        Assert.Equal(2, issued);
    }

    [Fact]
    public async Task An_upload_at_another_host_goes_without_credentials()
    {
        await using var other = new FakeRegistry(_ => new FakeResponse { Status = 201 });
        var basic = "Basic " + Convert.ToBase64String("user:s3cret-pass"u8);
        _store.Before = r => r.Authorization != basic ? FakeResponse.Json(401, "{}", ("WWW-Authenticate", "Basic realm=\"x\""))
            : r.Method == "POST" ? new FakeResponse { Status = 202, Headers = new() { ["Location"] = $"http://{other.Authority}/signed?key=not-for-others" } }
            : null;
        Assert.Equal(BlobArrival.Sent, await PushAsync(credentials: FixedCredentials.User(_store.Authority)));
        var request = Assert.Single(other.Requests);
        Assert.Null(request.Authorization);
        Assert.Equal("not-for-others", request.Query("key"));
        Assert.Equal(FakeStore.DigestOf(_blob), request.Query("digest"));
        Assert.DoesNotContain(_log, l => l.Contains("not-for-others", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData(307, true)]
    [InlineData(302, false)]
    public async Task A_redirect_of_what_is_written_goes_without_credentials_or_not_at_all(int status, bool isFollowed)
    {
        await using var other = new FakeRegistry(_ => new FakeResponse { Status = 201 });
        var basic = "Basic " + Convert.ToBase64String("user:s3cret-pass"u8);
        _store.Before = r => r.Authorization != basic ? FakeResponse.Json(401, "{}", ("WWW-Authenticate", "Basic realm=\"x\""))
            : r.Method == "PUT" ? FakeResponse.Json(status, "", ("Location", $"http://{other.Authority}/elsewhere"))
            : null;
        if (isFollowed)
        {
            Assert.Equal(BlobArrival.Sent, await PushAsync(credentials: FixedCredentials.User(_store.Authority)));
            Assert.Null(Assert.Single(other.Requests).Authorization);
            Assert.Equal(_blob, Assert.Single(other.Requests).Content);
            return;
        }

        var error = await Assert.ThrowsAnyAsync<BuildxException>(() => PushAsync(credentials: FixedCredentials.User(_store.Authority)));
        Assert.Contains("would lose what is sent", error.Message, StringComparison.Ordinal);
        Assert.Empty(other.Requests);
    }

    [Theory]
    [InlineData("http://other.example/upload", "over plain http")]
    [InlineData("ftp://other.example/upload", "not an address")]
    [InlineData("https://user:pass@other.example/upload", "not an address")]
    [InlineData(null, "does not say where")]
    public async Task An_upload_at_an_unsafe_address_is_refused(string? location, string expected)
    {
        using var certificate = FakeCertificates.Create();
        await using var fake = new FakeRegistry(r => r.Method == "HEAD" ? FakeResponse.Json(404, "") : new FakeResponse
        {
            Status = 202,
            Headers = location is null ? [] : new() { ["Location"] = location },
        }, certificate);
        using var client = TestClients.Create(new RegistryTrust { SkipTlsVerifyHosts = [fake.Authority] });
        var error = await Assert.ThrowsAnyAsync<BuildxException>(() => client.PushBlobAsync(
            ImageReference.Parse($"{fake.Authority}/app"), FakeStore.Describe(_blob), Source(), TestContext.Current.CancellationToken)).WaitAsync(TimeSpan.FromMinutes(2), TestContext.Current.CancellationToken);
        Assert.Equal(BuildxFailure.RegistryError, error.Failure);
        Assert.Contains(expected, error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_registry_that_takes_itself_for_one_on_plain_http_is_still_asked_over_https()
    {
        using var certificate = FakeCertificates.Create();
        FakeRegistry? fake = null;
        fake = new FakeRegistry(r => r.Method switch
        {
            "HEAD" => FakeResponse.Json(404, ""),
            "POST" => new FakeResponse { Status = 202, Headers = new() { ["Location"] = "http://127.0.0.1/v2/app/blobs/uploads/1?x=y" } },
            _ => new FakeResponse { Status = 201 },
        }, certificate);
        await using (fake)
        {
            using var client = TestClients.Create(new RegistryTrust { SkipTlsVerifyHosts = [fake.Authority] });
            await client.PushBlobAsync(ImageReference.Parse($"{fake.Authority}/app"), FakeStore.Describe(_blob), Source(), TestContext.Current.CancellationToken);
            Assert.StartsWith("/v2/app/blobs/uploads/1?x=y&digest=", fake.Requests.Last().Target, StringComparison.Ordinal);
        }
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_blob_that_cannot_be_mounted_is_sent(bool isDenied)
    {
        _store.AddBlob("base", _blob);
        _store.Mounts = false;
        _store.Before = r => isDenied && r.Query("from") is not null ? FakeResponse.Json(403, """{"errors":[{"code":"DENIED"}]}""") : null;
        Assert.Equal(BlobArrival.Sent, await PushAsync(Source() with { MountFrom = ImageReference.Parse($"{_store.Authority}/base") }));
        Assert.Equal(_blob, _store.Blobs[Stored]);
        Assert.Equal(isDenied ? 2 : 1, _store.Sent("POST", "uploads").Count());
    }

    [Fact]
    public async Task A_mount_asks_for_a_token_that_may_read_the_other_repository()
    {
        _store.AddBlob("base", _blob);
        _store.Before = r => r.Path == "/token" ? FakeResponse.Json(200, """{"token":"t"}""")
            : r.Authorization is null ? FakeResponse.Json(401, "{}", ("WWW-Authenticate", $"Bearer realm=\"http://{_store.Authority}/token\",service=\"s\",scope=\"repository:app:pull,push\""))
            : null;
        Assert.Equal(BlobArrival.Mounted, await PushAsync(Source() with { MountFrom = ImageReference.Parse($"{_store.Authority}/base") }));
        Assert.Equal("repository:app:pull,push,repository:base:pull", _store.Sent("GET", "/token").Last().Query("scope"));
    }

    [Fact]
    public async Task A_registry_that_stops_reading_ends_in_time()
    {
        _store.Fake.Stalls = r => r.Method == "PUT";
        var large = new byte[64 * 1024 * 1024];
        using var client = TestClients.Create(limits: TestClients.Limits with { Idle = TimeSpan.FromMilliseconds(300) });
        var source = new BlobSource { OpenAsync = (offset, _) => Task.FromResult<Stream>(new MemoryStream(large, (int)offset, large.Length - (int)offset)) };
        var error = await Assert.ThrowsAnyAsync<BuildxException>(() => client.PushBlobAsync(
            ImageReference.Parse($"{_store.Authority}/app"), FakeStore.Describe(large), source, TestContext.Current.CancellationToken)).WaitAsync(TimeSpan.FromMinutes(2), TestContext.Current.CancellationToken);
        Assert.Equal(BuildxFailure.TimedOut, error.Failure);
    }

    [Fact]
    public async Task A_registry_that_stops_reading_once_gets_the_rest_over_another_connection()
    {
        var stalls = 1;
        _store.Fake.Stalls = r => r.Method == "PUT" && Interlocked.Decrement(ref stalls) >= 0;
        var large = new byte[32 * 1024 * 1024];
        using var client = TestClients.Create(limits: TestClients.Limits with { Idle = TimeSpan.FromSeconds(8) });
        var source = new BlobSource { OpenAsync = (offset, _) => Task.FromResult<Stream>(new MemoryStream(large, (int)offset, large.Length - (int)offset)) };
        Assert.Equal(BlobArrival.Sent, await client.PushBlobAsync(
            ImageReference.Parse($"{_store.Authority}/app"), FakeStore.Describe(large), source, TestContext.Current.CancellationToken).WaitAsync(TimeSpan.FromMinutes(2), TestContext.Current.CancellationToken));
        Assert.Contains($"app@{FakeStore.DigestOf(large)}", _store.Blobs.Keys);
    }

    [Fact]
    public async Task A_source_is_let_alone_before_it_is_read_again()
    {
        var breaks = 1;
        _store.Fake.Cuts = r => r.Method == "PUT" && Interlocked.Decrement(ref breaks) >= 0 ? 0 : null;
        var slow = new SlowOnce();
        var source = new BlobSource { OpenAsync = (offset, _) => Task.FromResult<Stream>(new SlowStream(_blob, (int)offset, slow)) };
        Assert.Equal(BlobArrival.Sent, await PushAsync(source));
        Assert.Equal(_blob, _store.Blobs[Stored]);
        Assert.Equal(1, slow.MostReads);
    }

    [Fact]
    public async Task An_upload_whose_last_answer_is_lost_is_not_sent_again()
    {
        _store.RemembersUploads = false;
        _store.Fake.Cuts = r => r.Method == "PUT" ? r.Length : null;
        Assert.Equal(BlobArrival.Sent, await PushAsync());
        Assert.Equal(_blob, _store.Blobs[Stored]);
        Assert.Single(_store.Sent("PUT", "uploads"));
        Assert.Single(_store.Sent("POST", "uploads"));
    }

    [Fact]
    public async Task A_registry_that_says_a_blob_is_there_before_it_came_is_not_believed()
    {
        _store.Before = r => r.Method == "POST" ? new FakeResponse { Status = 201, Headers = new() { ["Location"] = "/v2/app/blobs/x" } } : null;
        var error = await Assert.ThrowsAnyAsync<BuildxException>(() => PushAsync());
        Assert.Equal(BuildxFailure.RegistryError, error.Failure);
        Assert.Contains("does not say where", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Nothing_is_sent_to_another_host_over_plain_http_unless_it_is_trusted_so()
    {
        _store.Before = r => r.Method == "POST" ? new FakeResponse { Status = 202, Headers = new() { ["Location"] = "http://other.example/upload?key=abc" } } : null;
        var error = await Assert.ThrowsAnyAsync<BuildxException>(() => PushAsync());
        Assert.Equal(BuildxFailure.RegistryError, error.Failure);
        Assert.Contains("another host over plain http (http://other.example/upload)", error.Message, StringComparison.Ordinal);
        Assert.Contains("other.example", error.Advice, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_registry_that_takes_a_part_of_a_piece_gets_the_rest()
    {
        var taken = new List<byte>();
        _store.Before = r => r.Method switch
        {
            "POST" => new FakeResponse { Status = 202, Headers = new() { ["Location"] = "/v2/app/blobs/uploads/x" } },
            "PATCH" => Take(r),
            "PUT" => new FakeResponse { Status = 201 },
            _ => null,
        };
        await PushAsync(limits: TestClients.Limits with { FirstChunk = 1_000_000 });
        Assert.Equal(_blob, taken.ToArray());

        FakeResponse Take(FakeRequest request)
        {
            taken.AddRange(request.Content[..Math.Min(request.Content.Length, 700_000)]);
            return new FakeResponse { Status = 202, Headers = new() { ["Location"] = "/v2/app/blobs/uploads/x", ["Range"] = $"0-{taken.Count - 1}" } };
        }
    }

    [Fact]
    public async Task A_registry_that_stands_elsewhere_is_asked_where()
    {
        var refusals = 1;
        _store.Before = r => r.Method == "PATCH" && Interlocked.Decrement(ref refusals) >= 0 ? FakeResponse.Json(416, "{}") : null;
        Assert.Equal(BlobArrival.Sent, await PushAsync(limits: TestClients.Limits with { FirstChunk = 1_000_000 }));
        Assert.Equal(_blob, _store.Blobs[Stored]);
        Assert.Single(_store.Sent("GET", "uploads"));
    }

    [Fact]
    public async Task A_registry_that_never_says_that_it_stored_a_blob_ends_in_time()
    {
        _store.Fake.Stalls = r => r.Method == "PUT";
        using var client = TestClients.Create(limits: TestClients.Limits with { Commit = TimeSpan.FromMilliseconds(300) });
        var small = "small"u8.ToArray();
        var source = new BlobSource { OpenAsync = (_, _) => Task.FromResult<Stream>(new MemoryStream(small)) };
        var error = await Assert.ThrowsAnyAsync<BuildxException>(() => client.PushBlobAsync(
            ImageReference.Parse($"{_store.Authority}/app"), FakeStore.Describe(small), source, TestContext.Current.CancellationToken)).WaitAsync(TimeSpan.FromMinutes(2), TestContext.Current.CancellationToken);
        Assert.Equal(BuildxFailure.TimedOut, error.Failure);
    }

    [Fact]
    public async Task A_source_that_is_not_what_was_promised_ends_the_upload_before_its_last_bytes()
    {
        var promised = FakeStore.Describe(_blob);
        var forged = (byte[])_blob.Clone();
        forged[5] ^= 1;
        await using var source = new FakeRegistry(_ => new FakeResponse { Body = forged });
        using var client = TestClients.Create();
        var origin = new BlobSource { OpenAsync = (_, token) => client.OpenBlobAsync(ImageReference.Parse($"{source.Authority}/x"), promised, token) };
        var error = await Assert.ThrowsAnyAsync<BuildxException>(() => PushAsync(origin));
        Assert.Equal(BuildxFailure.DigestMismatch, error.Failure);
        Assert.Empty(_store.Blobs);
    }

    [Fact]
    public async Task A_registry_that_stored_something_else_is_not_believed()
    {
        _store.Before = r => r.Method == "PUT" ? new FakeResponse { Status = 201, Headers = new() { ["Docker-Content-Digest"] = FakeStore.DigestOf([1]) } } : null;
        Assert.Equal(BuildxFailure.DigestMismatch, (await Assert.ThrowsAnyAsync<BuildxException>(() => PushAsync())).Failure);
    }

    [Fact]
    public async Task A_registry_that_is_only_read_from_is_said_so()
    {
        _store.Before = r => r.Method == "POST" ? FakeResponse.Json(405, """{"errors":[{"code":"UNSUPPORTED"}]}""") : null;
        var error = await Assert.ThrowsAnyAsync<BuildxException>(() => PushAsync());
        Assert.Contains("takes no images", error.Message, StringComparison.Ordinal);
        Assert.Contains("mirror", error.Advice, StringComparison.Ordinal);
    }

    private BlobSource Source() => new()
    {
        OpenAsync = (offset, _) => Task.FromResult<Stream>(new MemoryStream(_blob, (int)offset, _blob.Length - (int)offset)),
    };

    private async Task<BlobArrival> PushAsync(BlobSource? source = null, FixedCredentials? credentials = null, RegistryLimits? limits = null)
    {
        using var client = TestClients.Create(credentials: credentials, log: line => { lock (_log) { _log.Add(line); } }, limits: limits);
        return await client.PushBlobAsync(ImageReference.Parse($"{_store.Authority}/app"), FakeStore.Describe(_blob), source ?? Source(), TestContext.Current.CancellationToken)
            .WaitAsync(TimeSpan.FromMinutes(2), TestContext.Current.CancellationToken);
    }

    /// <summary>Counts who reads at once, and lets the first read wait until it is given up.</summary>
    private sealed class SlowOnce
    {
        private int _reads;
        private int _isFirst = 1;

        public int MostReads { get; private set; }

        public async Task RunAsync(CancellationToken cancellationToken)
        {
            MostReads = Math.Max(MostReads, Interlocked.Increment(ref _reads));
            try
            {
                await Task.Delay(Interlocked.Exchange(ref _isFirst, 0) == 1 ? Timeout.Infinite : 0, cancellationToken);
            }
            finally
            {
                Interlocked.Decrement(ref _reads);
            }
        }
    }

    private sealed class SlowStream(byte[] blob, int offset, SlowOnce slow) : MemoryStream(blob, offset, blob.Length - offset)
    {
        public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
        {
            await slow.RunAsync(cancellationToken);
            return Read(buffer.Span);
        }
    }
}
