using System.Security;
using System.Text;
using BuildxPS.Engine.Configuration;
using BuildxPS.Engine.Sessions.Secrets;
using BuildxPS.Engine.Tests.Environment;

namespace BuildxPS.Engine.Tests.Sessions.Secrets;

public sealed class LocalSecretSourceTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly Dictionary<string, string> _variables = [];

    public void Dispose() => _folder.Dispose();

    private LocalSecretSource Open(params SecretSpec[] secrets)
        => LocalSecretSource.Open(secrets, new ClientEnvironment { Variables = _variables, HomeDirectory = "/" });

    private SecretSpec FromFile(string text) => new() { Id = "x", Source = _folder.Write("secret", text) };

    private static SecretSpec FromValue(string text) => new() { Id = "x", Value = SecretSpec.Protect(text, "x") };

    private static async Task<string?> ReadAsync(LocalSecretSource source, string id = "x")
    {
        using var value = await source.GetAsync(id, TestContext.Current.CancellationToken);
        return value is null ? null : Encoding.UTF8.GetString(value.Bytes.Span);
    }

    private static BuildxException Refused(BuildxFailure failure, Action open)
    {
        var error = Assert.Throws<BuildxException>(open);
        Assert.Equal(failure, error.Failure);
        Assert.Contains("'x'", error.Message, StringComparison.Ordinal);
        Assert.NotEmpty(error.Advice);
        return error;
    }

    [Fact]
    public async Task A_secret_is_read_from_where_it_is()
    {
        _variables["X"] = "from é variable";
        Assert.Equal("from é file\n", await ReadAsync(Open(FromFile("from é file\n"))));
        Assert.Equal("from é variable", await ReadAsync(Open(new SecretSpec { Id = "x", Environment = "X" })));
        Assert.Equal("from é value 😀", await ReadAsync(Open(FromValue("from é value 😀"))));
        Assert.Null(await ReadAsync(Open(FromValue("a")), "y"));
    }

    [Fact]
    public async Task A_file_is_read_when_it_is_asked_for_and_every_time()
    {
        var source = Open(FromFile("before"));
        File.WriteAllText(Path.Join(_folder.Path, "secret"), new string('a', 70_000));
        Assert.Equal(new string('a', 70_000), await ReadAsync(source));
        File.WriteAllText(Path.Join(_folder.Path, "secret"), "after");
        Assert.Equal("after", await ReadAsync(source));
    }

    [Fact]
    public async Task Of_equal_ids_the_last_counts()
        => Assert.Equal("b", await ReadAsync(Open(FromValue("a"), FromValue("b"))));

    [Fact]
    public void What_is_not_there_is_refused_before_the_build()
    {
        var file = Refused(BuildxFailure.SecretNotFound, () => Open(new SecretSpec { Id = "x", Source = Path.Join(_folder.Path, "nothere") }));
        Assert.Contains("nothere", file.Message, StringComparison.Ordinal);
        var variable = Refused(BuildxFailure.SecretNotFound, () => Open(new SecretSpec { Id = "x", Environment = "NOTHERE" }));
        Assert.Contains("NOTHERE", variable.Message, StringComparison.Ordinal);
        Refused(BuildxFailure.SecretUnreadable, () => Open(new SecretSpec { Id = "x", Source = _folder.Path }));
    }

    [Fact]
    public async Task A_file_that_vanished_meanwhile_fails_the_read()
    {
        var source = Open(FromFile("a"));
        File.Delete(Path.Join(_folder.Path, "secret"));
        Assert.Equal(BuildxFailure.SecretNotFound, (await Assert.ThrowsAsync<BuildxException>(() => ReadAsync(source))).Failure);
    }

    [Fact]
    public async Task Five_hundred_kibibytes_are_taken_and_not_one_byte_more()
    {
        const int Most = 500 * 1024;
        _variables["MOST"] = new string('a', Most);
        _variables["MORE"] = new string('a', Most - 1) + "é";
        Assert.Equal(Most, (await ReadAsync(Open(FromFile(_variables["MOST"]))))!.Length);
        Assert.Equal(Most, (await ReadAsync(Open(new SecretSpec { Id = "x", Environment = "MOST" })))!.Length);
        Refused(BuildxFailure.SecretTooLarge, () => Open(FromFile(_variables["MORE"])));
        Refused(BuildxFailure.SecretTooLarge, () => Open(new SecretSpec { Id = "x", Environment = "MORE" }));

        var grown = Open(FromFile("a"));
        File.WriteAllText(Path.Join(_folder.Path, "secret"), _variables["MORE"]);
        Assert.Equal(BuildxFailure.SecretTooLarge, (await Assert.ThrowsAsync<BuildxException>(() => ReadAsync(grown))).Failure);
    }

    [Fact]
    public void An_empty_secret_is_said()
    {
        _variables["EMPTY"] = "";
        Assert.Contains("EMPTY", Assert.Single(Open(new SecretSpec { Id = "x", Environment = "EMPTY" }).Warnings), StringComparison.Ordinal);
        Assert.Contains("secret'", Assert.Single(Open(FromFile("")).Warnings), StringComparison.Ordinal);
        Assert.Contains("'x'", Assert.Single(Open(FromValue("")).Warnings), StringComparison.Ordinal);
        Assert.Empty(Open(FromValue("a")).Warnings);
    }

    [Fact]
    public void A_value_that_is_no_text_is_refused_without_a_trace_of_it()
    {
        var error = Refused(BuildxFailure.SecretUnreadable, () => Open(FromValue("secr\ud83det")));
        Assert.DoesNotContain("D83D", error.ToString(), StringComparison.OrdinalIgnoreCase);
    }

    [Fact]
    public async Task A_value_that_was_disposed_is_said_to_be()
    {
        using var value = new SecureString();
        value.AppendChar('a');
        var source = Open(new SecretSpec { Id = "x", Value = value });
        value.Dispose();
        Assert.Equal(BuildxFailure.SecretUnreadable, (await Assert.ThrowsAsync<BuildxException>(() => ReadAsync(source))).Failure);
    }
}
