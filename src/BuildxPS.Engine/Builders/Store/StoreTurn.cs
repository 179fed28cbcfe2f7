using System.Text;

namespace BuildxPS.Engine.Builders.Store;

/// <summary>The turn to change the store: nobody else, buildx included, changes it meanwhile.</summary>
internal sealed class StoreTurn(BuilderStore store, IDisposable held) : IDisposable
{
    /// <summary>Writes a builder, and notes it as used now.</summary>
    /// <param name="instance">The builder.</param>
    public void Save(BuilderInstance instance)
    {
        store.WriteActivity(instance.Name);
        AtomicFile.Write(store.InstanceFile(BuilderName.Check(instance.Name, "builder")), InstanceJson.Write(instance, StoreJson.Default.BuilderInstance));
    }

    /// <summary>Deletes a builder with all that is noted of it. A choice of it as the current one stays, and then means nothing.</summary>
    /// <param name="name">Its name.</param>
    public void Delete(string name)
    {
        BuilderName.Check(name, "builder");
        foreach (var typed in (string[])[name, name.ToLowerInvariant()])
        {
            AtomicFile.Delete(store.ActivityFile(typed));
            DeleteFolder(Path.Combine(store.Folder, "refs", typed));
        }

        AtomicFile.Delete(store.InstanceFile(name));
    }

    /// <summary>Makes a builder the current one.</summary>
    /// <param name="key">The context under which it is current.</param>
    /// <param name="name">The builder as typed; empty for the context's own.</param>
    /// <param name="isGlobal">Whether it is current under every context.</param>
    /// <param name="isDefault">Whether it becomes current again whenever its context does.</param>
    public void SetCurrent(string key, string name, bool isGlobal, bool isDefault)
    {
        var current = new CurrentBuilder { Key = key, Name = name, Global = isGlobal };
        AtomicFile.Write(Path.Combine(store.Folder, "current"), InstanceJson.Write(current, StoreJson.Default.CurrentBuilder));
        if (isDefault)
        {
            AtomicFile.Write(store.DefaultFile(key), Encoding.UTF8.GetBytes(name));
        }
        else
        {
            AtomicFile.Delete(store.DefaultFile(key));
        }
    }

    /// <inheritdoc/>
    public void Dispose() => held.Dispose();

    private static void DeleteFolder(string folder)
    {
        try
        {
            // Of a link only the link goes.
            Directory.Delete(folder, recursive: new DirectoryInfo(folder).LinkTarget is null);
        }
        catch (DirectoryNotFoundException)
        {
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw StoreFailures.NotWritable(folder, e);
        }
    }
}
