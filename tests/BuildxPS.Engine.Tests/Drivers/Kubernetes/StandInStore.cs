using System.Globalization;
using System.Text.Json.Nodes;

namespace BuildxPS.Engine.Tests.Drivers.Kubernetes;

/// <summary>The objects of the stand-in, with one version for all and the changes that a watch goes on from. What comes out is a copy.</summary>
internal sealed class StandInStore
{
    private readonly Lock _lock = new();
    private readonly Dictionary<(string Resource, string Space, string Name), JsonObject> _objects = [];
    private readonly List<StandInChange> _changes = [];
    private TaskCompletionSource _changed = New();
    private long _version = 1000;
    private long _oldest = 1000;

    public static string NameOf(JsonObject item) => (string)item["metadata"]!["name"]!;

    public JsonObject Add(string resource, string space, JsonObject item)
    {
        lock (_lock)
        {
            var metadata = item["metadata"]!;
            var key = (resource, space, NameOf(item));
            if (_objects.ContainsKey(key))
            {
                throw new StandInRefusal(409, "AlreadyExists", $"{resource} \"{key.Item3}\" already exists");
            }

            metadata["namespace"] = space;
            metadata["uid"] = Guid.NewGuid().ToString();
            metadata["creationTimestamp"] = DateTime.UtcNow.ToString("yyyy-MM-ddTHH:mm:ssZ", CultureInfo.InvariantCulture);
            _objects[key] = item;
            return Note("ADDED", key, item);
        }
    }

    public JsonObject? Find(string resource, string space, string name)
    {
        lock (_lock)
        {
            return _objects.TryGetValue((resource, space, name), out var item) ? Copy(item) : null;
        }
    }

    /// <summary>Changes an object, where it is there.</summary>
    public JsonObject? Change(string resource, string space, string name, Action<JsonObject> change)
    {
        lock (_lock)
        {
            if (!_objects.TryGetValue((resource, space, name), out var item))
            {
                return null;
            }

            change(item);
            return Note("MODIFIED", (resource, space, name), item);
        }
    }

    public bool Remove(string resource, string space, string name)
    {
        lock (_lock)
        {
            if (!_objects.Remove((resource, space, name), out var item))
            {
                return false;
            }

            Note("DELETED", (resource, space, name), item);
            return true;
        }
    }

    public (List<JsonObject> Items, long Version) List(string resource, string space, Func<JsonObject, bool> isWanted)
    {
        lock (_lock)
        {
            return ([.. _objects.Where(o => o.Key.Resource == resource && o.Key.Space == space && isWanted(o.Value)).Select(o => Copy(o.Value))], _version);
        }
    }

    /// <summary>Everything that is there, for tests that ask what is left.</summary>
    public List<string> Names(params string[] resources)
    {
        lock (_lock)
        {
            return [.. _objects.Keys.Where(k => resources.Length == 0 || resources.Contains(k.Resource)).Select(k => $"{k.Resource}/{k.Name}").Order(StringComparer.Ordinal)];
        }
    }

    /// <summary>What became of a resource's objects since a version, and what tells that there is more.</summary>
    public (List<StandInChange> Changes, long Version, Task More) Since(long version, string resource, string space)
    {
        lock (_lock)
        {
            return version < _oldest
                ? throw new StandInRefusal(410, "Expired", $"too old resource version: {version} ({_oldest})")
                : ([.. _changes.Where(c => c.Version > version && c.Resource == resource && c.Space == space).Select(c => c with { Object = Copy(c.Object) })], _version, _changed.Task);
        }
    }

    /// <summary>Forgets all versions but the newest, and one more, so that whoever watches must list again.</summary>
    public void Compact()
    {
        lock (_lock)
        {
            _oldest = ++_version;
            _changes.Clear();
            Wake();
        }
    }

    private JsonObject Note(string type, (string Resource, string Space, string Name) key, JsonObject item)
    {
        item["metadata"]!["resourceVersion"] = (++_version).ToString(CultureInfo.InvariantCulture);
        _changes.Add(new StandInChange(_version, type, key.Resource, key.Space, Copy(item)));
        Wake();
        return Copy(item);
    }

    private void Wake()
    {
        _changed.SetResult();
        _changed = New();
    }

    private static JsonObject Copy(JsonObject item) => (JsonObject)item.DeepClone();

    private static TaskCompletionSource New() => new(TaskCreationOptions.RunContinuationsAsynchronously);
}

/// <summary>A change, as a watch tells it.</summary>
internal sealed record StandInChange(long Version, string Type, string Resource, string Space, JsonObject Object);
