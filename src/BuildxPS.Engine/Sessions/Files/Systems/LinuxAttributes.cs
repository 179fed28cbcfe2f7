using System.Runtime.InteropServices;

namespace BuildxPS.Engine.Sessions.Files.Systems;

/// <summary>Extended attributes of what lies in an open folder.</summary>
/// <param name="calls">What can be called.</param>
/// <param name="folder">The folder's descriptor.</param>
internal readonly unsafe struct LinuxAttributes(LinuxCalls calls, int folder)
{
    private const int StackBytes = 1024;

    /// <summary>Reads an entry's attributes, without those that only mean something to one Mac.</summary>
    /// <param name="name">The entry's name and a zero.</param>
    /// <returns>The attributes, or null if there are none or the file system has none.</returns>
    public Dictionary<string, ReadOnlyMemory<byte>>? Read(ReadOnlySpan<byte> name)
    {
        Span<byte> names = stackalloc byte[StackBytes];
        var length = List(name, names, out var error);
        if (error == LinuxNative.RangeExceeded)
        {
            // The kernel's own limit for a list of names.
            names = new byte[LinuxNative.AttributeBytes];
            length = List(name, names, out error);
        }

        return error switch
        {
            0 => length == 0 ? null : ReadValues(name, names[..length]),
            LinuxNative.NotSupported or LinuxNative.NoSystemCall or LinuxNative.NoEntry => null,
            _ => throw LinuxFileSystem.Failure(error),
        };
    }

    private Dictionary<string, ReadOnlyMemory<byte>>? ReadValues(ReadOnlySpan<byte> name, ReadOnlySpan<byte> names)
    {
        Dictionary<string, ReadOnlyMemory<byte>>? attributes = null;
        while (names.IndexOf((byte)0) is >= 0 and var end)
        {
            var attribute = names[..(end + 1)];
            names = names[(end + 1)..];

            // One that went away or may not be read is left out, as the reference does.
            if (!attribute.StartsWith("com.apple."u8) && Value(name, attribute) is { } value)
            {
                (attributes ??= [])[NameBytes.Decode(attribute[..^1])] = value;
            }
        }

        return attributes;
    }

    private byte[]? Value(ReadOnlySpan<byte> name, ReadOnlySpan<byte> attribute)
    {
        Span<byte> value = stackalloc byte[StackBytes];
        var length = Get(name, attribute, value, out var error);
        if (error == LinuxNative.RangeExceeded)
        {
            // The kernel's own limit for a value.
            value = new byte[LinuxNative.AttributeBytes];
            length = Get(name, attribute, value, out error);
        }

        return error == 0 ? value[..length].ToArray() : null;
    }

    private int List(ReadOnlySpan<byte> name, Span<byte> names, out int error)
    {
        fixed (byte* entry = name, pointer = names)
        {
            if (!calls.LacksAttributesByFolder)
            {
                var length = LinuxNative.ListAttributesAt(LinuxNative.ListAttributesAtCall, folder, entry, LinuxNative.NoFollow, pointer, names.Length);
                error = length < 0 ? Marshal.GetLastPInvokeError() : 0;
                if (error is not (LinuxNative.NoSystemCall or LinuxNative.NotPermitted))
                {
                    return (int)length;
                }
            }

            // Some sandboxes answer that a call they do not know is not permitted.
            var byPath = LinuxNative.ListAttributes(Full(name), pointer, (nuint)names.Length);
            error = byPath < 0 ? Marshal.GetLastPInvokeError() : 0;
            calls.LacksAttributesByFolder |= error == 0;
            return (int)byPath;
        }
    }

    private int Get(ReadOnlySpan<byte> name, ReadOnlySpan<byte> attribute, Span<byte> value, out int error)
    {
        nint length;
        fixed (byte* entry = name, key = attribute, pointer = value)
        {
            if (calls.LacksAttributesByFolder)
            {
                length = LinuxNative.GetAttributeOf(Full(name), key, pointer, (nuint)value.Length);
            }
            else
            {
                var arguments = new LinuxNative.AttributeArguments { Value = (ulong)pointer, Size = (uint)value.Length };
                length = LinuxNative.GetAttributeAt(
                    LinuxNative.GetAttributeAtCall, folder, entry, LinuxNative.NoFollow, key, &arguments, sizeof(LinuxNative.AttributeArguments));
            }
        }

        error = length < 0 ? Marshal.GetLastPInvokeError() : 0;
        return (int)length;
    }

    // Its own path may be longer than the system takes, or lead elsewhere by now.
    private string Full(ReadOnlySpan<byte> name) => $"/proc/self/fd/{folder}/{NameBytes.Decode(name[..^1])}";
}
