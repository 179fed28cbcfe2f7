using System.Buffers.Binary;

namespace BuildxPS.Engine.Emulation;

/// <summary>What the headers of an ELF program tell. The file may be anything.</summary>
internal sealed record ElfProgram
{
    private const int MaxHeaders = 1024;
    private const int Executable = 2;
    private const int Shared = 3;
    private const uint Interpreter = 3;

    /// <summary>The processor that it is for; null for one that is not known here.</summary>
    public EmulatedArchitecture? Architecture { get; init; }

    /// <summary>Whether it needs a loader and libraries (PT_INTERP).</summary>
    public bool IsDynamic { get; init; }

    /// <summary>Reads a program.</summary>
    /// <param name="stream">Its bytes; it can be sought in.</param>
    /// <returns>What it is.</returns>
    /// <exception cref="InvalidDataException">It is no program; the message says why, as the end of a sentence.</exception>
    public static ElfProgram Read(Stream stream)
    {
        Span<byte> head = stackalloc byte[64];
        var length = stream.ReadAtLeast(head, head.Length, throwOnEndOfStream: false);
        head = head[..length];
        if (!EmulatedArchitecture.IsElf(head))
        {
            throw new InvalidDataException("it is not an ELF file");
        }

        var fields = new Fields(head[4] == 2, head[5] == 1);
        if (head[4] is not (1 or 2) || head[5] is not (1 or 2) || length < fields.HeadLength)
        {
            throw new InvalidDataException("its ELF header is damaged");
        }

        if (fields.Half(head[16..]) is not (Executable or Shared))
        {
            throw new InvalidDataException("it is an ELF file, but not a program");
        }

        // A static program that can be moved is also ET_DYN, but a library starts nowhere.
        if ((fields.Is64Bit ? fields.Double(head[24..]) : fields.Word(head[24..])) == 0)
        {
            throw new InvalidDataException("it is an ELF file without a place to start at, but not a program");
        }

        return new ElfProgram { Architecture = EmulatedArchitecture.Find(head), IsDynamic = NamesLoader(stream, head, fields) };
    }

    private static bool NamesLoader(Stream stream, ReadOnlySpan<byte> head, Fields fields)
    {
        var offset = fields.Is64Bit ? fields.Double(head[32..]) : fields.Word(head[28..]);
        var size = fields.Half(head[(fields.Is64Bit ? 54 : 42)..]);
        var count = fields.Half(head[(fields.Is64Bit ? 56 : 44)..]);
        if (count is 0 or > MaxHeaders || size < sizeof(uint) || size > 256 || offset > (ulong)stream.Length || (ulong)(size * count) > (ulong)stream.Length - offset)
        {
            throw new InvalidDataException("its ELF program headers are damaged");
        }

        stream.Position = (long)offset;
        var entry = new byte[size];
        for (var i = 0; i < count; i++)
        {
            stream.ReadExactly(entry);
            if (fields.Word(entry) == Interpreter)
            {
                return true;
            }
        }

        return false;
    }

    private readonly record struct Fields(bool Is64Bit, bool IsLittleEndian)
    {
        public int HeadLength => Is64Bit ? 64 : 52;

        public ushort Half(ReadOnlySpan<byte> at) => IsLittleEndian ? BinaryPrimitives.ReadUInt16LittleEndian(at) : BinaryPrimitives.ReadUInt16BigEndian(at);

        public uint Word(ReadOnlySpan<byte> at) => IsLittleEndian ? BinaryPrimitives.ReadUInt32LittleEndian(at) : BinaryPrimitives.ReadUInt32BigEndian(at);

        public ulong Double(ReadOnlySpan<byte> at) => IsLittleEndian ? BinaryPrimitives.ReadUInt64LittleEndian(at) : BinaryPrimitives.ReadUInt64BigEndian(at);
    }
}
