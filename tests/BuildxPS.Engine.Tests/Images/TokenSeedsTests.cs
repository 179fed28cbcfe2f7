using BuildxPS.Engine.Configuration;
using BuildxPS.Engine.Images.Credentials;
using BuildxPS.Engine.Tests.Environment;

namespace BuildxPS.Engine.Tests.Images;

public sealed class TokenSeedsTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task A_seed_stays_and_each_registry_has_its_own()
    {
        var first = await FindAsync("a.local");
        Assert.Equal(16, first.Length);
        Assert.NotEqual(first, await FindAsync("b.local"));
        Assert.Equal(first, await FindAsync("a.local"));
    }

    [Fact]
    public async Task Those_of_buildx_are_used_and_stay()
    {
        var file = _folder.Write(".token_seed", """
            {
              "reg.local:5000": {
                "Seed": "AAECAwQFBgcICQoLDA0ODw=="
              }
            }
            """);
        byte[] seed = [.. Enumerable.Range(0, 16).Select(i => (byte)i)];
        Assert.Equal(seed, await FindAsync("reg.local:5000"));
        await FindAsync("new.local");
        Assert.Contains("AAECAwQFBgcICQoLDA0ODw==", await File.ReadAllTextAsync(file, TestContext.Current.CancellationToken), StringComparison.Ordinal);
        Assert.Contains("new.local", await File.ReadAllTextAsync(file, TestContext.Current.CancellationToken), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Nobody_else_may_read_them()
    {
        await FindAsync("a.local");
        if (!OperatingSystem.IsWindows())
        {
            Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(Path.Combine(_folder.Path, ".token_seed")));
        }
    }

    [Theory]
    [InlineData("{\"a.local\":{\"Seed\":\"AAEC")]
    [InlineData("[]")]
    [InlineData("{\"a.local\":{\"Seed\":7}}")]
    [InlineData("")]
    public async Task What_a_killed_program_left_is_replaced(string text)
    {
        _folder.Write(".token_seed", text);
        var seed = await FindAsync("a.local");
        Assert.Equal(seed, await FindAsync("a.local"));
    }

    [Fact]
    public async Task Without_a_place_to_keep_it_a_seed_lasts_as_long_as_the_build()
    {
        _folder.Write("file", "");
        var seeds = new TokenSeeds(Environment(Path.Combine(_folder.Path, "file", "below")));
        var seed = await seeds.FindAsync("a.local", TestContext.Current.CancellationToken);
        Assert.Equal(seed, await seeds.FindAsync("a.local", TestContext.Current.CancellationToken));
    }

    [Fact]
    public async Task Many_at_once_agree()
    {
        var seeds = await Task.WhenAll(Enumerable.Range(0, 20).Select(_ => Task.Run(() => FindAsync("a.local"))));
        Assert.All(seeds, s => Assert.Equal(seeds[0], s));
    }

    private Task<byte[]> FindAsync(string host) => new TokenSeeds(Environment(_folder.Path)).FindAsync(host, TestContext.Current.CancellationToken);

    private static ClientEnvironment Environment(string folder)
        => TestClients.Bare with { Variables = new Dictionary<string, string> { ["DOCKER_CONFIG"] = folder } };
}
