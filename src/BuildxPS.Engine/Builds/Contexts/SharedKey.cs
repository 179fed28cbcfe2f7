using System.Security.Cryptography;
using System.Text;
using BuildxPS.Engine.Configuration;

namespace BuildxPS.Engine.Builds.Contexts;

/// <summary>
/// The key under which an engine keeps its copy of a context, so that the next build sends changed files only. It is
/// made as buildx makes it: whoever builds the same folder with both shares the copy.
/// </summary>
internal static class SharedKey
{
    private const int MaxIdLength = 128;

    /// <summary>Makes the key of a context.</summary>
    /// <param name="contextPath">The context's folder.</param>
    /// <param name="environment">The client's surroundings.</param>
    /// <returns>The folder's name and this client's id.</returns>
    public static string Create(string contextPath, ClientEnvironment environment)
    {
        var name = Path.GetFileName(Path.TrimEndingDirectorySeparator(Path.GetFullPath(contextPath)));
        return (name.Length == 0 ? "/" : name) + ":" + ClientId(environment);
    }

    private static string ClientId(ClientEnvironment environment)
    {
        var folder = environment["BUILDX_CONFIG"]
            ?? Path.Join(environment["DOCKER_CONFIG"] ?? Path.Join(environment.HomeDirectory, ".docker"), "buildx");
        try
        {
            var id = File.ReadAllText(Path.Join(folder, ".buildNodeID")).Trim();
            if (id.Length is > 0 and <= MaxIdLength)
            {
                return id;
            }
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // buildx has never run here. A build leaves no file behind for a mere key, so it is derived.
        }

        var seed = Environment.MachineName + "\n" + environment.HomeDirectory;
        return Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(seed)).AsSpan(0, 8));
    }
}
