using System.Collections;
using System.Management.Automation;
using System.Net;
using System.Security;

namespace BuildxPS.Pipeline;

/// <summary>Reads what users give for caches: docker's text form, hashtables and <see cref="CacheSpec"/> objects.</summary>
internal static class CacheArguments
{
    /// <summary>Reads the arguments.</summary>
    /// <param name="arguments">What the user gave.</param>
    /// <returns>The caches, their folders as written.</returns>
    /// <exception cref="BuildxException"><see cref="BuildxFailure.CacheInvalid"/>, naming the part.</exception>
    public static IReadOnlyList<CacheSpec> Read(IEnumerable<object?> arguments) => [.. SpecArguments.Rejoin(arguments).SelectMany(ReadOne)];

    /// <summary>What the user gave, as an error may keep it: without tokens and keys.</summary>
    /// <param name="arguments">What the user gave.</param>
    /// <returns>As many words; null for nothing.</returns>
    public static object? Show(IEnumerable<object?>? arguments) => arguments?.Select(PairArguments.Unwrap).Select(object? (a) => a switch
    {
        CacheSpec spec => spec.SafeText,
        string text => CacheSecrets.ShowText(text),
        IDictionary table => Describe(table),
        var other => other,
    }).ToArray();

    private static IReadOnlyList<CacheSpec> ReadOne(object? argument) => argument switch
    {
        CacheSpec spec => [spec],
        string text => CacheSpec.ParseAll(text),
        ImageReference reference => CacheSpec.ParseAll(reference.ToString()),
        IDictionary table => [CacheSpec.From(SpecArguments.PairsOf(Opened(table), "cache attribute"), Describe(table))],
        var other => throw new BuildxException(
            BuildxFailure.CacheInvalid,
            $"A value of type {other?.GetType().Name ?? "null"} is not a cache.",
            "Write a cache as text ('type=local,dest=folder', or just an image reference), or as a hashtable (@{ Type = 'local'; Dest = 'folder' })."),
    };

    /// <summary>A hashtable whose tokens and keys are text, as the engine gets them.</summary>
    private static Hashtable Opened(IDictionary table)
    {
        var opened = new Hashtable(StringComparer.Ordinal);
        foreach (DictionaryEntry entry in table)
        {
            var key = entry.Key.ToString() ?? "";
            var value = PairArguments.Unwrap(entry.Value);
            opened[key] = CacheSecrets.IsSecret(key) ? Text(value) : value;
        }

        return opened;
    }

    private static object? Text(object? value) => value switch
    {
        SecureString secret => new NetworkCredential("", secret).Password,
        PSCredential credential => credential.GetNetworkCredential().Password,
        var other => other,
    };

    private static string Describe(IDictionary table)
        => "@{ " + string.Join("; ", table.Keys.Cast<object>().Select(k => $"{k} = {CacheSecrets.Show(k.ToString() ?? "", table[k]?.ToString() ?? "")}")) + " }";
}
