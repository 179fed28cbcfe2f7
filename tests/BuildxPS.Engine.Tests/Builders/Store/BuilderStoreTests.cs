using System.Text;
using BuildxPS.Engine.Builders.Store;
using BuildxPS.Engine.Configuration;
using BuildxPS.Engine.Tests.Environment;

namespace BuildxPS.Engine.Tests.Builders.Store;

public sealed class BuilderStoreTests : IDisposable
{
    private const string Real = """
        {"Name":"B","Driver":"docker-container","Nodes":[{"Name":"b0","Endpoint":"kubernetes:///b?deployment=x\u0026kubeconfig=","Platforms":[{"architecture":"arm","os":"linux","variant":"v7"}],"DriverOpts":{"a":"\u003c\u003eé","image":"x"},"Flags":["--debug"],"Files":{"buildkitd.toml":"//79+w=="}},{"Name":"b1","Endpoint":"unix:///x.sock","Platforms":null,"DriverOpts":null,"Flags":null,"Files":null}],"Dynamic":false}
        """;

    private readonly TemporaryFolder _folder = new();
    private readonly BuilderStore _store;

    public BuilderStoreTests() => _store = new BuilderStore(new ClientEnvironment
    {
        HomeDirectory = _folder.Path,
        Variables = new Dictionary<string, string> { ["BUILDX_CONFIG"] = _folder.Path },
    });

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public void Dispose() => _folder.Dispose();

    private string Read(string file) => File.ReadAllText(Path.Join(_folder.Path, file));

    [Fact]
    public async Task Rewritten_file_is_the_same_byte_for_byte()
    {
        _folder.Write("instances/b", Real);
        var builder = _store.Find("B")!.Instance!;
        Assert.Equal("linux/arm/v7", builder.Nodes![0].Platforms![0].ToPlatform()!.ToString());

        using (var turn = await _store.LockAsync(Token))
        {
            turn.Save(builder);
        }

        Assert.Equal(Real, Read("instances/b"));
        Assert.Matches(@"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$", Read("activity/B"));
        Assert.NotNull(_store.Find("b")!.LastActivity);
        Assert.Equal(["b"], new DirectoryInfo(Path.Join(_folder.Path, "instances")).GetFiles().Select(f => f.Name));
    }

    [Fact]
    public async Task Fields_of_a_newer_buildx_survive_a_rewrite()
    {
        _folder.Write("instances/n", """{"name":"n","driver":"docker-container","Nodes":[{"Name":"n0","Endpoint":"x","New":{"a":[1]}}],"Newer":"y<"}""");
        using (var turn = await _store.LockAsync(Token))
        {
            turn.Save(_store.Find("n")!.Instance!);
        }

        Assert.Contains("""
            "New":{"a":[1]}
            """, Read("instances/n"), StringComparison.Ordinal);
        Assert.EndsWith("""
            "Newer":"y\u003c"}
            """, Read("instances/n"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Files_and_folders_are_the_owners_only()
    {
        if (OperatingSystem.IsWindows())
        {
            Assert.Skip("Windows has no such modes.");
            return;
        }

        using (var turn = await _store.LockAsync(Token))
        {
            turn.Save(new BuilderInstance { Name = "x", Driver = "docker-container" });
            turn.SetCurrent("key", "x", isGlobal: true, isDefault: true);
        }

        const UnixFileMode Mode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        foreach (var file in (string[])[".lock", "instances/x", "current", "activity/x", "defaults/" + Path.GetFileName(_store.DefaultFile("key"))])
        {
            Assert.Equal((file, Mode), (file, File.GetUnixFileMode(Path.Join(_folder.Path, file))));
        }

        Assert.Equal(Mode | UnixFileMode.UserExecute, File.GetUnixFileMode(Path.Join(_folder.Path, "instances")));
    }

    [Theory]
    [InlineData("unix:///var/run/docker.sock", "13c4025c96f36e94b348")]
    [InlineData("npipe:////./pipe/docker_engine", "9f79e88dea954be7b430")]
    public void Default_of_a_context_lies_where_buildx_looks_for_it(string key, string file)
        => Assert.Equal(file, Path.GetFileName(_store.DefaultFile(key)));

    [Theory]
    [InlineData("{", "line 1")]
    [InlineData("", "line 1")]
    [InlineData("null", "null")]
    [InlineData("""{"Name":"other"}""", "'other'")]
    [InlineData("""{"Name":"bad","Nodes":[{"Name":"../x"}]}""", "'../x'")]
    [InlineData("""{"Name":"bad","Nodes":[null]}""", "node's name")]
    [InlineData("""{"Name":"bad","Nodes":[{"Name":"b","Files":{"../../x":""}}]}""", "../../x")]
    [InlineData("""{"Name":"bad","Nodes":[{"Name":"b","Files":{"/x":""}}]}""", "/x")]
    [InlineData("""{"Name":"bad","Nodes":[{"Name":"b","Files":{"x":"not base64!"}}]}""", "line 1")]
    [InlineData("""{"Name":"bad","Nodes":[{"Name":"b","Flags":[null]}]}""", "null in a list")]
    [InlineData("""{"Name":"bad","Nodes":{"a":1}}""", "line 1")]
    public async Task Damaged_file_is_said_for_that_builder_alone(string content, string expected)
    {
        _folder.Write("instances/bad", content);
        _folder.Write("instances/good", """{"Name":"good"}""");
        _folder.Write("instances/.tmp-good123", "half");

        var builders = _store.List();

        Assert.Equal(["bad", "good"], builders.Select(b => b.Name));
        Assert.Equal(BuildxFailure.StoreInvalid, builders[0].Failure!.Failure);
        Assert.Contains(expected, builders[0].Failure!.Message, StringComparison.Ordinal);
        Assert.Contains(Path.Join(_folder.Path, "instances", "bad"), builders[0].Failure!.Message, StringComparison.Ordinal);
        Assert.Null(builders[1].Failure);
        using var turn = await _store.LockAsync(Token);
        Assert.Equal(content, Read("instances/bad"));
    }

    [Theory]
    [InlineData("../instances/x")]
    [InlineData("")]
    [InlineData(".x")]
    [InlineData("x y")]
    [InlineData("x\n")]
    public void Text_that_is_no_name_finds_nothing(string name)
    {
        _folder.Write("instances/x", """{"Name":"x"}""");
        Assert.Null(_store.Find(name));
    }

    [Fact]
    public async Task Link_is_not_written_through()
    {
        var victim = _folder.Write("victim", "untouched");
        Directory.CreateDirectory(Path.Join(_folder.Path, "instances"));
        File.CreateSymbolicLink(Path.Join(_folder.Path, "instances", "x"), victim);
        using var turn = await _store.LockAsync(Token);

        var failure = Assert.Throws<BuildxException>(() => turn.Save(new BuilderInstance { Name = "x" }));

        Assert.Equal(BuildxFailure.StoreInvalid, failure.Failure);
        Assert.Equal("untouched", Read("victim"));
    }

    [Fact]
    public async Task Turn_waits_for_the_one_before()
    {
        var first = await _store.LockAsync(Token);
        var second = _store.LockAsync(Token);
        Assert.False(second.IsCompleted);
        first.Dispose();
        (await second.WaitAsync(TimeSpan.FromSeconds(30), Token)).Dispose();
    }

    [Fact]
    public async Task Wait_for_a_turn_has_an_end()
    {
        using var held = await _store.LockAsync(Token);

        var failure = await Assert.ThrowsAsync<BuildxException>(() => StoreLock.TakeAsync(Path.Join(_folder.Path, ".lock"), TimeSpan.FromMilliseconds(50), Token));

        Assert.Equal((BuildxFailure.TimedOut, true), (failure.Failure, failure.IsTransient));
        Assert.Contains(".lock", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Many_writers_and_readers_never_see_a_torn_file()
    {
        var writers = Enumerable.Range(0, 8).Select(w => Task.Run(async () =>
        {
            for (var i = 0; i < 20; i++)
            {
                using var turn = await _store.LockAsync(Token);
                turn.Save(new BuilderInstance { Name = "own" + w, Driver = new string('x', 100 * i) });
                turn.Save(new BuilderInstance { Name = "shared", Driver = new string('y', 5000 / (i + 1)) });
            }
        }, Token)).ToList();
        var all = Task.WhenAll(writers);
        while (!all.IsCompleted)
        {
            Assert.All(_store.List(), b => Assert.Null(b.Failure));
        }

        await all;
        Assert.Equal(9, _store.List().Count);
    }

    [Theory]
    [InlineData("""{"Key":"a","Name":"x","Global":false}""", "a", "x")]
    [InlineData("""{"Key":"a","Name":"x","Global":false}""", "b", null)]
    [InlineData("""{"Key":"a","Name":"x","Global":true}""", "b", "x")]
    [InlineData("""{"Key":"a","Name":"gone","Global":true}""", "a", null)]
    [InlineData("""{"Key":"a","Name":"gone","Global":false}""", "with-default", "x")]
    [InlineData("""{"Key":"with-default","Name":"gone","Global":false}""", "with-default", null)]
    [InlineData("""{"Key":"with-default","Name":"","Global":false}""", "with-default", "x")]
    [InlineData(null, "with-default", "x")]
    [InlineData(null, "a", null)]
    public void Current_builder_is_the_one_that_buildx_would_take(string? current, string key, string? expected)
    {
        _folder.Write("instances/x", """{"Name":"x"}""");
        _folder.Write("defaults/" + Path.GetFileName(_store.DefaultFile("with-default")), "x");
        if (current is not null)
        {
            _folder.Write("current", current);
        }

        Assert.Equal(expected, _store.Current(key)?.Name);
        Assert.Equal(current, File.Exists(Path.Join(_folder.Path, "current")) ? Read("current") : null);
    }

    [Fact]
    public async Task Removed_builder_leaves_nothing_but_the_choice_of_it()
    {
        using var turn = await _store.LockAsync(Token);
        turn.Save(new BuilderInstance { Name = "Foo" });
        turn.SetCurrent("k", "Foo", isGlobal: false, isDefault: true);
        _folder.Write("refs/Foo/foo0/ref", "{}");
        _folder.Write("refs/foo/foo0/ref", "{}");

        turn.Delete("foo");
        turn.Delete("Foo");

        Assert.Empty(Directory.GetFiles(Path.Join(_folder.Path, "instances")));
        Assert.Empty(Directory.GetFiles(Path.Join(_folder.Path, "activity")));
        Assert.Empty(Directory.GetDirectories(Path.Join(_folder.Path, "refs")));
        Assert.Equal("""{"Key":"k","Name":"Foo","Global":false}""", Read("current"));
        Assert.Null(_store.Current("k"));
    }

    [Fact]
    public void Random_bytes_never_do_more_than_fail()
    {
        var random = new Random(1);
        for (var i = 0; i < 500; i++)
        {
            var bytes = Encoding.UTF8.GetBytes(Real);
            for (var n = 0; n < 1 + (i % 5); n++)
            {
                bytes[random.Next(bytes.Length)] = (byte)random.Next(256);
            }

            Directory.CreateDirectory(Path.Join(_folder.Path, "instances"));
            File.WriteAllBytes(Path.Join(_folder.Path, "instances", "b"), bytes);
            Assert.Single(_store.List());
        }
    }
}
