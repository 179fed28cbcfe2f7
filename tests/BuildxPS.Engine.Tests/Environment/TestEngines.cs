using System.Text.Json;

namespace BuildxPS.Engine.Tests.Environment;

/// <summary>
/// The real engines that tests may use, from the file that <c>BUILDXPS_TEST_ENGINES</c> names. A test asks for what it
/// needs and is skipped, with the reason, where that is not there.
/// </summary>
internal static class TestEngines
{
    private const string Variable = "BUILDXPS_TEST_ENGINES";

    private static readonly Lazy<JsonElement?> s_description = new(Read);

    /// <summary>An engine's address on its unix socket: <c>d20</c>, <c>d28</c>, <c>d28c</c> or <c>bkd</c>.</summary>
    public static string Require(string engine) => RequireText("engines", engine, "host");

    /// <summary>An engine's address over TCP, where it asks for a client certificate.</summary>
    public static string RequireTcp(string engine) => RequireText("engines", engine, "tcp");

    /// <summary>An engine's address over ssh.</summary>
    public static string RequireSsh(string engine) => RequireText("engines", engine, "ssh");

    /// <summary>What ssh needs to get in: <c>identity</c> or <c>knownHosts</c>.</summary>
    public static string Ssh(string name) => RequireText("ssh", name);

    /// <summary>A registry's host and port: <c>plain</c>, <c>https</c> (own authority, password) or <c>token</c>.</summary>
    public static string Registry(string name) => RequireText("registries", name);

    /// <summary>A user of a registry.</summary>
    public static (string Name, string Password) User(string registry)
        => (RequireText("users", registry, "name"), RequireText("users", registry, "password"));

    /// <summary>A certificate or key in PEM: <c>ca</c>, <c>clientCertificate</c> or <c>clientKey</c>.</summary>
    public static string Certificate(string name) => RequireText("certificates", name);

    /// <summary>The path of a program to compare with: <c>docker</c>, <c>dockerConfig</c>, <c>skopeo</c> or <c>libraryPath</c>.</summary>
    public static string Tool(string name) => RequireText("tools", name);

    private static string RequireText(params string[] path)
    {
        if (s_description.Value is not { } element)
        {
            Assert.Skip($"{Variable} is not set, so there are no engines to test against; build.ps1 Engine starts them.");
            return "";
        }

        foreach (var name in path)
        {
            if (element.ValueKind != JsonValueKind.Object || !element.TryGetProperty(name, out element))
            {
                Assert.Skip($"{Variable} describes no {string.Join('/', path)}.");
            }
        }

        return element.GetString()!;
    }

    private static JsonElement? Read()
    {
        // A file that is named and cannot be read must fail the tests: skipping them all would look like success.
        if (System.Environment.GetEnvironmentVariable(Variable) is not { Length: > 0 } file)
        {
            return null;
        }

        using var document = JsonDocument.Parse(File.ReadAllBytes(file));
        return document.RootElement.Clone();
    }
}
