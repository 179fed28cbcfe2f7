using System.Management.Automation;
using System.Reflection;
using System.Runtime.Loader;

namespace BuildxPS.Hosting;

/// <summary>What PowerShell runs when the module is imported: it makes the engine findable and loads nothing of it.</summary>
public sealed class ModuleInitializer : IModuleAssemblyInitializer
{
    private static int s_registered;

    /// <summary>Called once in every runspace that imports the module, while the hook is for the whole process.</summary>
    public void OnImport()
    {
        if (Interlocked.Exchange(ref s_registered, 1) == 0)
        {
            AssemblyLoadContext.Default.Resolving += ResolveEngine;
        }
    }

    // Asked for every assembly that the default context cannot find. The answer is by path: a load by name would come
    // back here for a missing file until the stack is full.
    private static Assembly? ResolveEngine(AssemblyLoadContext context, AssemblyName name)
        => name.Name == EngineLoadContext.EngineName ? Engine.Context.LoadEngine() : null;

    // Made by the first command that needs it: an import does without.
    private static class Engine
    {
        internal static readonly EngineLoadContext Context = new();
    }
}
