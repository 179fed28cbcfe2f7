using System.Numerics;
using BuildxPS.Engine.Engines;
using BuildxPS.Engine.Sessions.Files.Systems;

namespace BuildxPS.Engine.Sessions.Files.Packets;

/// <summary>
/// Packets as protobuf writes them, without a message object in between. A length is counted first and the bytes are written
/// after; zero and empty values are left out, as proto3 does.
/// </summary>
internal static class PacketEncoder
{
    private const byte NumberField = 0;
    private const byte BytesField = 2;
    private const int KindLength = 2;

    /// <summary>Length of a packet that brings an entry.</summary>
    /// <param name="entry">The entry.</param>
    /// <returns>A count of bytes.</returns>
    public static int EntryPacketLength(FileEntry entry)
    {
        var length = EntryLength(entry);
        return 1 + VarintLength((uint)length) + length;
    }

    /// <summary>Writes a packet that brings an entry.</summary>
    /// <param name="span">Room for it, exactly.</param>
    /// <param name="entry">The entry.</param>
    public static void WriteEntryPacket(Span<byte> span, FileEntry entry)
    {
        var at = WriteTag(span, 0, 2, BytesField);
        at = WriteVarint(span, at, (uint)EntryLength(entry));
        at = WriteName(span, at, 1, entry.Path);
        at = WriteNumber(span, at, 2, (uint)entry.Mode);
        at = WriteNumber(span, at, 3, entry.UserId);
        at = WriteNumber(span, at, 4, entry.GroupId);
        at = WriteNumber(span, at, 5, (ulong)entry.Size);
        at = WriteNumber(span, at, 6, (ulong)entry.ModifiedNanoseconds);
        at = WriteName(span, at, 7, entry.LinkName);
        at = WriteNumber(span, at, 8, (ulong)entry.DeviceMajor);
        at = WriteNumber(span, at, 9, (ulong)entry.DeviceMinor);
        foreach (var (name, value) in entry.ExtendedAttributes ?? NoAttributes)
        {
            at = WriteTag(span, at, 10, BytesField);
            at = WriteVarint(span, at, (uint)AttributeLength(name, value));
            at = WriteName(span, at, 1, name);
            at = value.IsEmpty ? at : WriteBytes(span, at, 2, value.Span);
        }
    }

    /// <summary>Length of a request's packet.</summary>
    /// <param name="id">The entry's number.</param>
    /// <returns>A count of bytes.</returns>
    public static int RequestLength(uint id) => KindLength + NumberLength(id);

    /// <summary>Writes a request.</summary>
    /// <param name="span">Room for it.</param>
    /// <param name="id">The entry's number.</param>
    public static void WriteRequest(Span<byte> span, uint id) =>
        _ = WriteNumber(span, WriteKind(span, PacketKind.Request), 3, id);

    /// <summary>Length of what stands before the bytes of a file in a packet; all of the packet where there are none.</summary>
    /// <param name="id">The entry's number.</param>
    /// <param name="length">How many bytes follow.</param>
    /// <returns>A count of bytes.</returns>
    public static int DataPrefixLength(uint id, int length) =>
        KindLength + NumberLength(id) + (length == 0 ? 0 : 1 + VarintLength((uint)length));

    /// <summary>Writes what stands before the bytes of a file.</summary>
    /// <param name="span">Room for it.</param>
    /// <param name="id">The entry's number.</param>
    /// <param name="length">How many bytes follow; none means that the file ends.</param>
    public static void WriteDataPrefix(Span<byte> span, uint id, int length)
    {
        var at = WriteNumber(span, WriteKind(span, PacketKind.Data), 3, id);
        if (length > 0)
        {
            _ = WriteVarint(span, WriteTag(span, at, 4, BytesField), (uint)length);
        }
    }

    /// <summary>Writes a finish.</summary>
    /// <param name="span">Room of <see cref="FinishLength"/>.</param>
    public static void WriteFinish(Span<byte> span) => _ = WriteKind(span, PacketKind.Finish);

    /// <summary>Length of a finish.</summary>
    public static int FinishLength => KindLength;

    /// <summary>Length of an error's packet.</summary>
    /// <param name="text">Length of its text, in bytes.</param>
    /// <returns>A count of bytes.</returns>
    public static int ErrorLength(int text) => KindLength + BytesLength(text);

    /// <summary>Writes an error.</summary>
    /// <param name="span">Room for it.</param>
    /// <param name="text">What failed.</param>
    public static void WriteError(Span<byte> span, ReadOnlySpan<byte> text) =>
        _ = WriteBytes(span, WriteKind(span, PacketKind.Error), 4, text);

    private static Dictionary<string, ReadOnlyMemory<byte>> NoAttributes { get; } = [];

    private static int EntryLength(FileEntry entry)
    {
        var length = NameLength(entry.Path)
            + NumberLength((uint)entry.Mode) + NumberLength(entry.UserId) + NumberLength(entry.GroupId)
            + NumberLength((ulong)entry.Size) + NumberLength((ulong)entry.ModifiedNanoseconds)
            + NameLength(entry.LinkName)
            + NumberLength((ulong)entry.DeviceMajor) + NumberLength((ulong)entry.DeviceMinor);
        foreach (var (name, value) in entry.ExtendedAttributes ?? NoAttributes)
        {
            length += BytesLength(AttributeLength(name, value));
        }

        return length;
    }

    private static int AttributeLength(string name, ReadOnlyMemory<byte> value) => NameLength(name) + BytesLength(value.Length);

    private static int NameLength(string name) => BytesLength(NameBytes.Count(name));

    private static int NumberLength(ulong value) => value == 0 ? 0 : 1 + VarintLength(value);

    private static int BytesLength(int length) => length == 0 ? 0 : 1 + VarintLength((uint)length) + length;

    private static int VarintLength(ulong value) => (BitOperations.Log2(value | 1) / 7) + 1;

    private static int WriteKind(Span<byte> span, PacketKind kind)
    {
        span[WriteTag(span, 0, 1, NumberField)] = (byte)kind;
        return KindLength;
    }

    private static int WriteTag(Span<byte> span, int at, int field, byte wireType)
    {
        span[at] = (byte)((field << 3) | wireType);
        return at + 1;
    }

    private static int WriteVarint(Span<byte> span, int at, ulong value)
    {
        while (value >= 0x80)
        {
            span[at++] = (byte)(value | 0x80);
            value >>= 7;
        }

        span[at++] = (byte)value;
        return at;
    }

    private static int WriteNumber(Span<byte> span, int at, int field, ulong value) =>
        value == 0 ? at : WriteVarint(span, WriteTag(span, at, field, NumberField), value);

    // Paths, links and the names of attributes go out as the bytes that the file system has, as the reference sends them,
    // also where they are no UTF-8.
    private static int WriteName(Span<byte> span, int at, int field, string name)
    {
        if (name.Length == 0)
        {
            return at;
        }

        at = WriteTag(span, at, field, BytesField);
        at = WriteVarint(span, at, (uint)NameBytes.Count(name));
        return at + NameBytes.Encode(name, span[at..]);
    }

    private static int WriteBytes(Span<byte> span, int at, int field, ReadOnlySpan<byte> bytes)
    {
        at = WriteTag(span, at, field, BytesField);
        at = WriteVarint(span, at, (uint)bytes.Length);
        bytes.CopyTo(span[at..]);
        return at + bytes.Length;
    }
}
