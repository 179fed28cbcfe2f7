using BuildxPS.Engine.Builds.Caches;
using BuildxPS.Engine.Configuration;

namespace BuildxPS.Engine.Tests.Builds.Caches;

public sealed class GitHubCacheTests
{
    private static Dictionary<string, string> Pairs(string text)
        => text.Split(' ', StringSplitOptions.RemoveEmptyEntries).Select(v => v.Split('=', 2)).ToDictionary(p => p[0], p => p[1], StringComparer.Ordinal);

    [Theory]
    [InlineData("", "ACTIONS_RUNTIME_TOKEN=t ACTIONS_CACHE_URL=c", "token=t url=c")]
    [InlineData("", "ACTIONS_RUNTIME_TOKEN=t ACTIONS_RESULTS_URL=r", "token=t url=r")]
    [InlineData("", "ACTIONS_RUNTIME_TOKEN=t ACTIONS_CACHE_URL=c ACTIONS_RESULTS_URL=r", "token=t url=c")]
    [InlineData("", "ACTIONS_RUNTIME_TOKEN=t ACTIONS_CACHE_URL=c ACTIONS_RESULTS_URL=r ACTIONS_CACHE_SERVICE_V2=True", "token=t url=c url_v2=r")]
    [InlineData("", "ACTIONS_RUNTIME_TOKEN=t ACTIONS_RESULTS_URL=r ACTIONS_CACHE_SERVICE_V2=yes", "token=t url=r")]
    [InlineData("version=2", "ACTIONS_RUNTIME_TOKEN=t ACTIONS_RESULTS_URL=r", "token=t url=r url_v2=r version=2")]
    [InlineData("version=1", "ACTIONS_RUNTIME_TOKEN=t ACTIONS_RESULTS_URL=r ACTIONS_CACHE_SERVICE_V2=true", "token=t url=r version=1")]
    [InlineData("token=x url=y url_v2=z", "ACTIONS_RUNTIME_TOKEN=t ACTIONS_CACHE_URL=c ACTIONS_RESULTS_URL=r ACTIONS_CACHE_SERVICE_V2=true", "token=x url=y url_v2=z")]
    [InlineData("token=x url_v2=z", "", "token=x url_v2=z")]
    public void What_the_runner_says_is_added_where_the_user_said_nothing(string given, string variables, string expected)
    {
        var attributes = Pairs(given);
        Assert.Null(GitHubCache.Complete(attributes, new ClientEnvironment { HomeDirectory = "/", Variables = Pairs(variables) }));
        Assert.Equal(expected, string.Join(' ', attributes.OrderBy(a => a.Key, StringComparer.Ordinal).Select(a => $"{a.Key}={a.Value}")));
    }

    [Theory]
    [InlineData("", "", "ACTIONS_RUNTIME_TOKEN is not set")]
    [InlineData("", "ACTIONS_RUNTIME_TOKEN= ACTIONS_CACHE_URL=c", "ACTIONS_RUNTIME_TOKEN is not set")]
    [InlineData("", "ACTIONS_RUNTIME_TOKEN=t", "ACTIONS_RESULTS_URL is set")]
    [InlineData("", "ACTIONS_RUNTIME_TOKEN=t ACTIONS_CACHE_URL= ACTIONS_RESULTS_URL=r", "ACTIONS_RESULTS_URL is set")]
    [InlineData("url=c", "", "ACTIONS_RUNTIME_TOKEN is not set")]
    public void What_is_missing_is_said(string given, string variables, string expected)
        => Assert.Contains(expected, GitHubCache.Complete(Pairs(given), new ClientEnvironment { HomeDirectory = "/", Variables = Pairs(variables) }), StringComparison.Ordinal);
}
