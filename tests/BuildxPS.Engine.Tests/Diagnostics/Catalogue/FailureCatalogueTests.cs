using System.Text.RegularExpressions;
using BuildxPS.Engine.Diagnostics.Catalogue;

namespace BuildxPS.Engine.Tests.Diagnostics.Catalogue;

public sealed partial class FailureCatalogueTests
{
    public static TheoryData<BuildxFailure> Failures => [.. Enum.GetValues<BuildxFailure>()];

    /// <summary>The failures that the module promises to explain, each with an entry of its own.</summary>
    public static TheoryData<string, BuildxFailure> Promised => new()
    {
        { "no engine reachable", BuildxFailure.EngineUnreachable },
        { "builder not found", BuildxFailure.BuilderNotFound },
        { "builder not bootstrapped", BuildxFailure.BuilderNotRunning },
        { "builder cannot be bootstrapped", BuildxFailure.BuilderNotBootable },
        { "node lost during a build", BuildxFailure.EngineLost },
        { "registry answers http to https", BuildxFailure.RegistryPlainHttp },
        { "registry answers https to http", BuildxFailure.RegistryHttpsRequired },
        { "certificate not trusted", BuildxFailure.RegistryCertificateInvalid },
        { "401 and insufficient_scope", BuildxFailure.RegistryUnauthorized },
        { "401 while committing a blob", BuildxFailure.RegistryLoginExpired },
        { "415 on an index", BuildxFailure.RegistryIndexRefused },
        { "exporting manifest lists", BuildxFailure.EngineUnsupported },
        { "no matching platform in a base image", BuildxFailure.PlatformNotAvailable },
        { "exec format error", BuildxFailure.EmulatorMissing },
        { "emulator without the flag F", BuildxFailure.EmulatorUnusable },
        { "name not resolved", BuildxFailure.NameNotResolved },
        { "toml invalid", BuildxFailure.ConfigFileInvalid },
        { "frontends' own errors", BuildxFailure.DockerfileInvalid },
        { "disk full", BuildxFailure.DiskFull },
        { "entitlement refused", BuildxFailure.EntitlementRefused },
    };

    [Theory]
    [MemberData(nameof(Failures))]
    public void Every_failure_has_an_entry_that_says_what_it_is_and_what_to_do(BuildxFailure failure)
    {
        var entry = FailureCatalogue.Of(failure);

        Assert.Equal(failure, entry.Failure);
        Assert.False(entry.Title.EndsWith('.'), entry.Title);
        Assert.All([entry.Meaning, entry.Advice], text => Assert.EndsWith(".", text, StringComparison.Ordinal));
        Assert.All(entry.Cases, c => Assert.NotEmpty(c.Summary));
        Assert.All(entry.Cases, c => Assert.EndsWith(".", c.Advice, StringComparison.Ordinal));
        Assert.All(entry.Cases, c => Assert.Equal(c.BuilderAdvice is null, c.DaemonAdvice is null || c.RemoteAdvice is null));
    }

    [Theory]
    [MemberData(nameof(Promised))]
    public void What_was_promised_is_explained_by_an_entry_of_its_own(string what, BuildxFailure failure)
    {
        Assert.NotEmpty(what);
        Assert.Single(FailureCatalogue.All, e => e.Failure == failure);
        Assert.Single(Promised, p => p.Data.Item2 == failure);
    }

    [Fact]
    public void Entries_are_told_apart() => Assert.Equal(FailureCatalogue.All.Count, FailureCatalogue.All.Select(e => e.Title).Distinct().Count());

    [Fact]
    public void A_case_is_recognised_by_its_own_texts()
    {
        foreach (var entry in FailureCatalogue.All)
        {
            foreach (var (known, text) in entry.Cases.SelectMany(c => c.Texts, (c, t) => (c, t.Replace("*", "x", StringComparison.Ordinal))))
            {
                var (failure, found) = FailureCatalogue.Find(text)!.Value;
                Assert.True(found == known, $"'{text}' should be {entry.Failure}, and is {failure}");
            }
        }
    }

    [Theory]
    [InlineData("docker-container", "Set-BuildxBuilder mine -RegistryCa @{ 'reg.example:5000' = 'FILE' }")]
    [InlineData("kubernetes", "Set-BuildxBuilder mine -RegistryCa @{ 'reg.example:5000' = 'FILE' }")]
    [InlineData("docker", "/etc/docker/certs.d/reg.example:5000/ca.crt")]
    [InlineData("remote", "[registry.\"reg.example:5000\"]")]
    public void An_advice_fits_the_builder_and_names_what_is_known(string driver, string expected)
    {
        var known = FailureCatalogue.Of(BuildxFailure.RegistryCertificateInvalid).Cases[0];
        var error = new BuildxException(BuildxFailure.RegistryCertificateInvalid, "failed to push reg.example:5000/a/b: x509: unknown authority", known.Advice);

        var advice = FailureCatalogue.AdviceFor(error, driver, "mine");

        Assert.Contains(expected, advice, StringComparison.Ordinal);
        Assert.DoesNotMatch(Placeholder(), advice);
    }

    [Fact]
    public void An_advice_that_knows_more_is_left_alone()
        => Assert.Equal("Do this.", FailureCatalogue.AdviceFor(new BuildxException(BuildxFailure.DiskFull, "x", "Do this."), "docker", "mine"));

    [Theory]
    [InlineData("failed to push reg.example/a:1: denied", "reg.example")]
    [InlineData("failed to push 10.0.0.1:5000/a:1: denied", "10.0.0.1:5000")]
    [InlineData("failed to push localhost/a:1: denied", "localhost")]
    [InlineData("failed to push [::1]:5000/a:1: denied", "[::1]:5000")]
    [InlineData("failed to push vm:5000/a: failed to do request: Head \"https://mirror:1/v2/a/blobs/x\": EOF", "mirror:1")]
    [InlineData("x: failed to resolve source metadata for docker.io/library/x:1: not found", "docker.io")]
    [InlineData("failed to push a/b:1: denied", null)]
    [InlineData("something else", null)]
    public void The_registry_of_an_error_is_found(string text, string? expected) => Assert.Equal(expected, RegistryNames.Find(text));

    [GeneratedRegex("HOST:PORT|BUILDER")]
    private static partial Regex Placeholder();
}
