using System.Reflection;
using System.Runtime.Loader;

namespace BuildxPS.Hosting;

/// <summary>
/// Where the engine and every third-party assembly live: away from PowerShell's own context, so that the versions this
/// module brings and those of another module never meet.
/// </summary>
/// <remarks>Never unloaded: a module that is imported again goes on with the engine that is already there.</remarks>
internal sealed class EngineLoadContext() : AssemblyLoadContext("BuildxPS", isCollectible: false)
{
    internal const string EngineName = "BuildxPS.Engine";

    private static readonly Assembly s_model = typeof(BuildxException).Assembly;

    private static readonly string s_folder =
        Path.Combine(Path.GetDirectoryName(typeof(EngineLoadContext).Assembly.Location)!, "lib");

    internal Assembly LoadEngine() => LoadFromAssemblyPath(Path.Combine(s_folder, EngineName + ".dll"));

    protected override Assembly? Load(AssemblyName assemblyName)
    {
        // The model is the one thing both sides share. A second copy would give each of its types a second identity.
        if (assemblyName.Name == s_model.GetName().Name)
        {
            return s_model;
        }

        // What is not in lib belongs to .NET: null hands the question on to the default context.
        var path = Path.Combine(s_folder, assemblyName.Name + ".dll");
        return File.Exists(path) ? LoadFromAssemblyPath(path) : null;
    }
}
