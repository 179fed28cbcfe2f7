namespace BuildxPS.Engine.Sessions.Files.Systems;

/// <summary>One name for the C library, in memory that is used again for the next one.</summary>
internal sealed unsafe class LinuxName
{
    private byte[] _bytes = Allocate(512);

    /// <summary>The bytes of the last name, ended by a zero; valid until the next one, and as long as this lives.</summary>
    public byte* Bytes => (byte*)System.Runtime.CompilerServices.Unsafe.AsPointer(ref _bytes[0]);

    /// <summary>Takes a name or a path.</summary>
    /// <param name="name">The name, without NUL.</param>
    /// <returns>Its bytes.</returns>
    public byte* Set(ReadOnlySpan<char> name)
    {
        var needed = NameBytes.MaxBytes(name.Length) + 1;
        if (needed > _bytes.Length)
        {
            _bytes = Allocate(needed);
        }

        _bytes[NameBytes.Encode(name, _bytes)] = 0;
        return Bytes;
    }

    private static byte[] Allocate(int length) => GC.AllocateUninitializedArray<byte>(length, pinned: true);
}
