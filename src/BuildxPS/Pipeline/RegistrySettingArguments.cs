using System.Collections;
using BuildxPS.Engine.Builders.Configuration;

namespace BuildxPS.Pipeline;

/// <summary>Reads what users say about the registries of a builder.</summary>
internal static class RegistrySettingArguments
{
    /// <summary>Reads the arguments.</summary>
    /// <param name="insecure">Hosts for plain http.</param>
    /// <param name="skipVerify">Hosts whose certificate is not checked.</param>
    /// <param name="mirrors">Hashtables of host and mirrors.</param>
    /// <param name="authorities">Hashtables of host and files.</param>
    /// <param name="resolve">Makes a path absolute.</param>
    /// <returns>The settings.</returns>
    /// <exception cref="BuildxException"><see cref="BuildxFailure.ArgumentInvalid"/>, naming the part.</exception>
    public static RegistrySettings Read(string[] insecure, string[] skipVerify, IDictionary[] mirrors, object[] authorities, Func<string, string> resolve)
    {
        var trust = TrustArguments.Read(insecure, skipVerify, authorities, resolve);
        if (trust.CaFiles.Count > 0)
        {
            throw new BuildxException(
                BuildxFailure.ArgumentInvalid,
                $"The authority in '{trust.CaFiles[0]}' is for no registry in particular, and a builder's config names one for each.",
                "Write -RegistryCa as a hashtable of host and file: @{ 'registry.local:5000' = 'ca.pem' }.");
        }

        var byHost = new Dictionary<string, IReadOnlyList<string>>(StringComparer.Ordinal);
        foreach (DictionaryEntry entry in mirrors.SelectMany(m => m.Cast<DictionaryEntry>()))
        {
            var host = TrustArguments.CheckHost(entry.Key.ToString() ?? "", "-RegistryMirror");
            var list = PairArguments.Unwrap(entry.Value) is IEnumerable values and not string ? values.Cast<object?>() : [entry.Value];
            byHost[host] = [.. list.Select(m => CheckMirror(PairArguments.TextOf(m, host, "mirror") ?? ""))];
        }

        return new RegistrySettings
        {
            InsecureHosts = trust.InsecureHosts,
            SkipTlsVerifyHosts = trust.SkipTlsVerifyHosts,
            Mirrors = byHost,
            CaFiles = trust.HostCaFiles,
        };
    }

    /// <summary>A mirror may have a path behind its host.</summary>
    private static string CheckMirror(string mirror)
        => ImageReference.TryParse(mirror + "/x", out var reference, out _) && reference.Tag == "latest" && mirror.Contains(reference.Registry, StringComparison.Ordinal)
            ? mirror
            : throw new BuildxException(
                BuildxFailure.ArgumentInvalid,
                $"'{DisplayText.Line(mirror)}' (-RegistryMirror) is not a mirror's host.",
                "Write -RegistryMirror as a hashtable of registry and mirrors, without schemes: @{ 'docker.io' = 'mirror.local:5000' }.");
}
