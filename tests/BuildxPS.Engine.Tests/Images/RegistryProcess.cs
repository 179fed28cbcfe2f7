namespace BuildxPS.Engine.Tests.Images;

/// <summary>Registries for tests in PowerShell.</summary>
internal static class RegistryProcess
{
    public const string FakeVerb = "fake-registry";
    public const string AttachVerb = "attach";

    private static readonly byte[] s_index = """{"schemaVersion":2,"mediaType":"application/vnd.oci.image.index.v1+json","manifests":[]}"""u8.ToArray();

    /// <summary>Serves one index for every name of a repository <c>app</c> until the input ends; then says how many requests and connections there were.</summary>
    public static async Task<int> ServeFakeAsync()
    {
        await using var fake = new FakeRegistry(request =>
        {
            // Long enough for others to come in meanwhile.
            Thread.Sleep(5);
            return request.Path.StartsWith("/v2/app/", StringComparison.Ordinal) ? FakeResponse.Document(TestImages.OciIndex, s_index) : FakeResponse.Json(404, "{}");
        });
        Console.Out.WriteLine(fake.Authority);
        await Console.Out.FlushAsync();
        _ = await Console.In.ReadLineAsync();
        Console.Out.WriteLine($"{fake.Requests.Count} {fake.MostConnections}");
        return 0;
    }

    /// <summary>Pushes an image's index under a name of another repository and attaches two artifacts to it; says the index's digest.</summary>
    public static async Task<int> AttachAsync(string[] arguments)
    {
        var (name, source) = (ImageReference.Parse(arguments[0]), ImageReference.Parse(arguments[1]));
        using var images = new TestImages(name);
        var digest = await images.CopyAsync(source);
        await images.AttachAsync(digest, "application/x.first", "first");
        await images.AttachAsync(digest, "application/x.second", "second");
        Console.Out.WriteLine(digest);
        return 0;
    }
}
