namespace BuildxPS.Engine.Emulation;

/// <content>How entries are put in and replaced, so that at no moment there is none.</content>
public sealed partial class LocalEmulators
{
    // Beside the final one while that is exchanged. Of two for the same programs the kernel takes the newer one.
    private const string Provisional = "-buildxps";

    private void Add(BinfmtEntry entry, Platform platform)
    {
        try
        {
            _host.Table.Add(entry);
        }
        catch (IOException e) when (BinfmtTable.IsDuplicate(e))
        {
            throw new BuildxException(
                BuildxFailure.EmulatorExists,
                $"An emulator for {platform} is registered already: {entry.Name}.",
                $"Register-BuildxEmulator -Platform {platform.Architecture} -Force replaces it.",
                e);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw Refused(Refuses(entry), e);
        }
    }

    private void Replace(List<BinfmtEntry> former, BinfmtEntry entry)
    {
        var provisional = entry with { Name = entry.Name + Provisional };
        try
        {
            if (former.Any(e => e.Name == provisional.Name))
            {
                _host.Table.Remove(provisional.Name);
                former.RemoveAll(e => e.Name == provisional.Name);
            }

            // The kernel opens the interpreter here: what it refuses, it refuses before anything is gone.
            _host.Table.Add(provisional);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw Refused(Refuses(entry), e);
        }

        try
        {
            former.ForEach(e => _host.Table.Remove(e.Name));
            _host.Table.Add(entry);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw Refused(Refuses(entry) + Restore(former, provisional), e);
        }

        _ = TryRemove(provisional);
    }

    private static string Refuses(BinfmtEntry entry) => $"refuses the emulator {entry.Name} ({entry.Interpreter})";

    /// <summary>Puts back what was there; where that cannot be, the new one stays under its provisional name.</summary>
    /// <returns>What the user should know of it, as a part of a sentence.</returns>
    private string Restore(List<BinfmtEntry> former, BinfmtEntry provisional)
    {
        var there = _host.Table.Read().Select(e => e.Name).ToHashSet(StringComparer.Ordinal);
        var lost = former.Where(e => !there.Contains(e.Name) && !TryAdd(e)).Select(e => $"{e.Name} ({e.Interpreter})").ToList();
        if (lost.Count == 0)
        {
            return TryRemove(provisional) ? "" : $", and {provisional.Name} is left";
        }

        return $", and {DisplayText.Line(string.Join(", ", lost))} could not be registered again, so that the new one stays under the name {provisional.Name}";
    }

    private bool TryAdd(BinfmtEntry entry) => Try(() => _host.Table.Add(entry));

    private bool TryRemove(BinfmtEntry entry) => Try(() => _host.Table.Remove(entry.Name));

    private static bool Try(Action change)
    {
        try
        {
            change();
            return true;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // The first failure tells more, and the caller what it means.
            return false;
        }
    }
}
