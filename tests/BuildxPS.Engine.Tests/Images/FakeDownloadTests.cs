using System.Globalization;
using System.Security.Cryptography;

namespace BuildxPS.Engine.Tests.Images;

public sealed class FakeDownloadTests
{
    private readonly byte[] _blob = RandomNumberGenerator.GetBytes(2_000_000);
    private int _answers;

    [Fact]
    public async Task A_download_that_breaks_goes_on_with_the_rest()
    {
        await using var fake = new FakeRegistry(r => Answer(r, cuts: 2, takesRange: true));
        Assert.Equal(_blob, await ReadAsync(fake));
        Assert.Equal([null, "bytes=700000-", "bytes=1400000-"], fake.Requests.Select(r => r.Headers.GetValueOrDefault("Range")));
    }

    [Fact]
    public async Task A_registry_that_gives_all_again_is_passed_over_to_where_it_broke()
    {
        await using var fake = new FakeRegistry(r => Answer(r, cuts: 1, takesRange: false));
        Assert.Equal(_blob, await ReadAsync(fake));
    }

    [Fact]
    public async Task A_rest_that_begins_elsewhere_is_refused()
    {
        await using var fake = new FakeRegistry(r => r.Headers.ContainsKey("Range")
            ? new FakeResponse { Status = 206, Body = _blob[1..], Headers = new() { ["Content-Range"] = $"bytes 1-{_blob.Length - 1}/{_blob.Length}" } }
            : Answer(r, cuts: 1, takesRange: true));
        var error = await Assert.ThrowsAnyAsync<BuildxException>(() => ReadAsync(fake));
        Assert.Equal(BuildxFailure.RegistryError, error.Failure);
        Assert.Contains("from byte 700000 on, and gave it from 1 on", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_rest_with_other_bytes_is_found_by_its_digest()
    {
        await using var fake = new FakeRegistry(r => r.Headers.ContainsKey("Range")
            ? new FakeResponse { Status = 206, Body = new byte[_blob.Length - 700_000], Headers = new() { ["Content-Range"] = $"bytes 700000-{_blob.Length - 1}/{_blob.Length}" } }
            : Answer(r, cuts: 1, takesRange: true));
        Assert.Equal(BuildxFailure.DigestMismatch, (await Assert.ThrowsAnyAsync<BuildxException>(() => ReadAsync(fake))).Failure);
    }

    [Fact]
    public async Task A_connection_that_always_breaks_ends_after_a_few_times()
    {
        await using var fake = new FakeRegistry(r => Cut(r, 100));
        var error = await Assert.ThrowsAnyAsync<BuildxException>(() => ReadAsync(fake));
        Assert.Equal(BuildxFailure.RegistryUnreachable, error.Failure);
        Assert.True(error.IsTransient);
        Assert.Equal(4, fake.Requests.Count);
    }

    [Fact]
    public async Task A_blob_that_stalls_ends_in_time()
    {
        await using var fake = new FakeRegistry(_ => new FakeResponse
        {
            Headers = new() { ["Content-Length"] = _blob.Length.ToString(CultureInfo.InvariantCulture) },
            Body = _blob[..1000],
            Stream = (_, token) => Task.Delay(Timeout.Infinite, token),
        });
        var error = await Assert.ThrowsAnyAsync<BuildxException>(() => ReadAsync(fake, idle: TimeSpan.FromSeconds(3)));
        Assert.Equal(BuildxFailure.TimedOut, error.Failure);
        Assert.True(error.IsTransient);
    }

    [Fact]
    public async Task A_blob_that_stalls_once_goes_on_over_another_connection()
    {
        await using var fake = new FakeRegistry(r => r.Headers.ContainsKey("Range") ? Answer(r, cuts: 0, takesRange: true) : new FakeResponse
        {
            Headers = new() { ["Content-Length"] = _blob.Length.ToString(CultureInfo.InvariantCulture) },
            Body = _blob[..1000],
            Stream = (_, token) => Task.Delay(Timeout.Infinite, token),
        });
        Assert.Equal(_blob, await ReadAsync(fake, idle: TimeSpan.FromSeconds(3)));
    }

    [Fact]
    public async Task A_download_that_breaks_before_it_is_where_it_should_begin_is_tried_again()
    {
        await using var fake = new FakeRegistry(r => Answer(r, cuts: 2, takesRange: false));
        using var client = TestClients.Create();
        using var copy = new MemoryStream();
        await using var blob = await client.OpenBlobAsync(ImageReference.Parse($"{fake.Authority}/app"), FakeStore.Describe(_blob), 1_000_000, TestContext.Current.CancellationToken);
        await blob.CopyToAsync(copy, TestContext.Current.CancellationToken);
        Assert.Equal(_blob[1_000_000..], copy.ToArray());
        Assert.Equal(3, fake.Requests.Count);
    }

    [Fact]
    public async Task Blobs_that_wait_for_a_connection_do_not_time_out()
    {
        await using var fake = new FakeRegistry(_ => new FakeResponse { Body = _blob });
        var answer = TimeSpan.FromSeconds(8);
        using var client = TestClients.Create(limits: TestClients.Limits with { Answer = answer });
        var image = ImageReference.Parse($"{fake.Authority}/app");
        await Task.WhenAll(Enumerable.Range(0, 12).Select(async _ =>
        {
            // What takes it is slow: its connection is held longer than an answer may take.
            await using var blob = await client.OpenBlobAsync(image, FakeStore.Describe(_blob), TestContext.Current.CancellationToken);
            await Task.Delay(answer * 1.5, TestContext.Current.CancellationToken);
        })).WaitAsync(TimeSpan.FromMinutes(3), TestContext.Current.CancellationToken);
        Assert.Equal(12, fake.Requests.Count);
    }

    [Fact]
    public async Task Nothing_is_fetched_from_another_host_over_plain_http_unless_it_is_trusted_so()
    {
        await using var fake = new FakeRegistry(_ => FakeResponse.Json(307, "", ("Location", "http://other.example/blob?key=abc")));
        var error = await Assert.ThrowsAnyAsync<BuildxException>(() => ReadAsync(fake));
        Assert.Equal(BuildxFailure.RegistryError, error.Failure);
        Assert.Contains("another host over plain http (http://other.example/blob)", error.Message, StringComparison.Ordinal);
        Assert.Contains("-InsecureRegistry", error.Advice, StringComparison.Ordinal);
        Assert.Single(fake.Requests);
    }

    [Fact]
    public async Task A_blob_at_another_host_is_fetched_without_credentials()
    {
        await using var storage = new FakeRegistry(_ => new FakeResponse { Body = _blob });
        await using var fake = new FakeRegistry(r => r.Authorization is null
            ? FakeResponse.Json(401, "{}", ("WWW-Authenticate", "Basic realm=\"x\""))
            : FakeResponse.Json(307, "", ("Location", $"http://{storage.Authority}/signed?key=abc")));
        Assert.Equal(_blob, await ReadAsync(fake, FixedCredentials.User(fake.Authority)));
        Assert.Null(Assert.Single(storage.Requests).Authorization);
    }

    [Fact]
    public async Task A_loop_of_redirects_ends()
    {
        FakeRegistry? fake = null;
        fake = new FakeRegistry(_ => FakeResponse.Json(307, "", ("Location", $"http://{fake!.Authority}/v2/again")));
        await using (fake)
        {
            var error = await Assert.ThrowsAnyAsync<BuildxException>(() => ReadAsync(fake));
            Assert.Contains("redirects more than", error.Message, StringComparison.Ordinal);
            Assert.InRange(fake.Requests.Count, 2, 10);
        }
    }

    private FakeResponse Answer(FakeRequest request, int cuts, bool takesRange)
    {
        var from = takesRange && request.Headers.TryGetValue("Range", out var range) ? int.Parse(range.Split('=', '-')[1], CultureInfo.InvariantCulture) : 0;
        var whole = from == 0
            ? new FakeResponse { Body = _blob }
            : new FakeResponse { Status = 206, Body = _blob[from..], Headers = new() { ["Content-Range"] = $"bytes {from}-{_blob.Length - 1}/{_blob.Length}" } };
        return Interlocked.Increment(ref _answers) > cuts ? whole : whole with
        {
            Body = whole.Body[..700_000],
            Headers = new(whole.Headers) { ["Content-Length"] = whole.Body.Length.ToString(CultureInfo.InvariantCulture) },
            Closes = true,
        };
    }

    private FakeResponse Cut(FakeRequest request, int length) => Answer(request, 0, takesRange: true) is var whole
        ? whole with { Body = whole.Body[..length], Headers = new(whole.Headers) { ["Content-Length"] = whole.Body.Length.ToString(CultureInfo.InvariantCulture) }, Closes = true }
        : whole;

    private async Task<byte[]> ReadAsync(FakeRegistry fake, FixedCredentials? credentials = null, TimeSpan? idle = null)
    {
        using var client = TestClients.Create(credentials: credentials, limits: TestClients.Limits with { Idle = idle ?? TestClients.Limits.Idle });
        using var copy = new MemoryStream();
        await using var blob = await client.OpenBlobAsync(ImageReference.Parse($"{fake.Authority}/app"), FakeStore.Describe(_blob), TestContext.Current.CancellationToken);
        await blob.CopyToAsync(copy, TestContext.Current.CancellationToken).WaitAsync(TimeSpan.FromMinutes(2), TestContext.Current.CancellationToken);
        return copy.ToArray();
    }
}
