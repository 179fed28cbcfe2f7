using System.Management.Automation;
using System.Management.Automation.Runspaces;
using System.Runtime.CompilerServices;

namespace BuildxPS.Formatting;

/// <summary>What <c>Export-Clixml</c> keeps of objects whose views show more than the two levels that it looks at by itself.</summary>
internal static class KeptDepth
{
    private static readonly Dictionary<Type, uint> s_depths = new() { [typeof(ImageManifest)] = 3, [typeof(ImageAttestation)] = 4 };

    // By its class: a name would be looked for among the user's commands, and what is not found be found in $Error.
    private static readonly Type? s_command = Type.GetType("Microsoft.PowerShell.Commands.UpdateTypeDataCommand, Microsoft.PowerShell.Commands.Utility");

    private static readonly ConditionalWeakTable<Runspace, object> s_told = [];

    /// <summary>
    /// Tells it to the session that is about to be given such an object, once, on the pipeline's thread. Not in a file of types, for
    /// which every import would pay. What the user has set stays.
    /// </summary>
    /// <param name="written">What it is about to be given.</param>
    internal static void TellFor(params IEnumerable<object> written)
    {
        if (s_command is null || !written.Any(w => s_depths.ContainsKey(w.GetType()))
            || Runspace.DefaultRunspace is not { } runspace || s_told.TryGetValue(runspace, out _))
        {
            return;
        }

        foreach (var (type, depth) in s_depths)
        {
            Tell(s_command, type, depth);
        }

        s_told.TryAdd(runspace, s_depths);
    }

    private static void Tell(Type command, Type type, uint depth)
    {
        using var shell = PowerShell.Create(RunspaceMode.CurrentRunspace);
        // The session's preferences are for what the user calls.
        shell.AddCommand(new CmdletInfo("Update-TypeData", command))
            .AddParameter("TypeName", type.FullName)
            .AddParameter("SerializationDepth", depth)
            .AddParameter("ErrorAction", ActionPreference.Ignore)
            .AddParameter("WhatIf", false)
            .AddParameter("Confirm", false)
            .AddParameter("Verbose", false);
        try
        {
            shell.Invoke();
        }
        catch (RuntimeException e) when (e is not PipelineStoppedException)
        {
            // A session whose types are shared with others and stay as they are: there Export-Clixml keeps less.
        }
    }
}
