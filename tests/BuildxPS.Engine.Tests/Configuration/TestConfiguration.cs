using System.Security.Cryptography;
using System.Text;
using BuildxPS.Engine.Configuration;
using BuildxPS.Engine.Tests.Environment;

namespace BuildxPS.Engine.Tests.Configuration;

/// <summary>A docker configuration folder made by hand, in a home folder of its own.</summary>
internal sealed class TestConfiguration : IDisposable
{
    private readonly TemporaryFolder _home = new();

    public string Home => _home.Path;

    public static string FolderName(string context) => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(context)));

    public string Config(string json) => _home.Write(".docker/config.json", json);

    public void Context(string name, string host, string description = "", bool skipTlsVerify = false)
        => Meta(FolderName(name),
            $$$"""{"Name":"{{{name}}}","Metadata":{"Description":"{{{description}}}","Other":[1]},"Endpoints":{"docker":{"Host":"{{{host}}}","SkipTLSVerify":{{{(skipTlsVerify ? "true" : "false")}}} } } }""");

    public string Meta(string folder, string json) => _home.Write($".docker/contexts/meta/{folder}/meta.json", json);

    public string Tls(string context, string file, string text) => _home.Write($".docker/contexts/tls/{FolderName(context)}/docker/{file}", text);

    public string File(string relativePath, string text) => _home.Write(relativePath, text);

    public ClientEnvironment Environment(params (string Name, string Value)[] variables) => new()
    {
        HomeDirectory = Home,
        Variables = variables.ToDictionary(pair => pair.Name, pair => pair.Value, StringComparer.Ordinal),
    };

    public void Dispose() => _home.Dispose();
}
