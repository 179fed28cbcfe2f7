using System.Buffers;
using BuildxPS.Engine.Engines;

namespace BuildxPS.Engine.Sessions.Files.Packets;

/// <summary>What a packet is for.</summary>
internal enum PacketKind
{
    /// <summary>An entry, or without one the end of the list.</summary>
    Stat = 0,

    /// <summary>The receiver wants a file's bytes.</summary>
    Request = 1,

    /// <summary>Bytes of a file; none at its end.</summary>
    Data = 2,

    /// <summary>The receiver has everything; the sender answers alike.</summary>
    Finish = 3,

    /// <summary>Something failed: the text says what.</summary>
    Error = 4,
}

/// <summary>One message of the file transfer protocol (fsutil's <c>Packet</c>). Its bytes are valid as long as the buffer they came from.</summary>
internal readonly struct Packet
{
    /// <summary>What it is for.</summary>
    public PacketKind Kind { get; private init; }

    /// <summary>The entry's message, if there is one.</summary>
    public ReadOnlySequence<byte>? Stat { get; private init; }

    /// <summary>Number of the entry that a request or data are about.</summary>
    public uint Id { get; private init; }

    /// <summary>Data of a file, or the text of an error.</summary>
    public ReadOnlySequence<byte> Data { get; private init; }

    /// <summary>Reads a packet.</summary>
    /// <param name="message">The message.</param>
    /// <returns>The packet.</returns>
    /// <exception cref="BuildxException"><see cref="BuildxFailure.ProtocolViolation"/>.</exception>
    public static Packet Read(ReadOnlySequence<byte> message)
    {
        var kind = 0ul;
        ReadOnlySequence<byte>? stat = null;
        var id = 0ul;
        ReadOnlySequence<byte> data = default;
        var reader = new WireReader(message);
        while (reader.Next())
        {
            switch (reader.Field)
            {
                case 1:
                    kind = reader.Number();
                    break;
                case 2:
                    stat = reader.Bytes();
                    break;
                case 3:
                    id = reader.Number();
                    break;
                case 4:
                    data = reader.Bytes();
                    break;
                default:
                    reader.Skip();
                    break;
            }
        }

        if (kind > (ulong)PacketKind.Error)
        {
            throw WireReader.Violation($"a packet is of the unknown kind {kind}");
        }

        return new Packet { Kind = (PacketKind)kind, Stat = stat, Id = (uint)id, Data = data };
    }

    /// <summary>Reads the entry that a packet brings.</summary>
    /// <param name="message">The entry's message.</param>
    /// <returns>The entry; nothing in it has been checked but that it is text and numbers.</returns>
    /// <exception cref="BuildxException"><see cref="BuildxFailure.ProtocolViolation"/>.</exception>
    public static FileEntry ReadEntry(ReadOnlySequence<byte> message)
    {
        var (path, link, mode, user, group) = ("", "", 0u, 0u, 0u);
        var (size, modified, major, minor) = (0L, 0L, 0L, 0L);
        Dictionary<string, ReadOnlyMemory<byte>>? attributes = null;
        var reader = new WireReader(message);
        while (reader.Next())
        {
            switch (reader.Field)
            {
                case 1:
                    path = reader.Name();
                    break;
                case 2:
                    mode = (uint)reader.Number();
                    break;
                case 3:
                    user = (uint)reader.Number();
                    break;
                case 4:
                    group = (uint)reader.Number();
                    break;
                case 5:
                    size = (long)reader.Number();
                    break;
                case 6:
                    modified = (long)reader.Number();
                    break;
                case 7:
                    link = reader.Name();
                    break;
                case 8:
                    major = (long)reader.Number();
                    break;
                case 9:
                    minor = (long)reader.Number();
                    break;
                case 10:
                    ReadAttribute(reader.Bytes(), attributes ??= []);
                    break;
                default:
                    reader.Skip();
                    break;
            }
        }

        return new FileEntry
        {
            Path = path,
            Mode = (FileEntryMode)mode,
            UserId = user,
            GroupId = group,
            Size = size,
            ModifiedNanoseconds = modified,
            LinkName = link,
            DeviceMajor = major,
            DeviceMinor = minor,
            ExtendedAttributes = attributes,
        };
    }

    private static void ReadAttribute(ReadOnlySequence<byte> message, Dictionary<string, ReadOnlyMemory<byte>> attributes)
    {
        var name = "";
        ReadOnlyMemory<byte> value = default;
        var reader = new WireReader(message);
        while (reader.Next())
        {
            switch (reader.Field)
            {
                case 1:
                    name = reader.Text();
                    break;
                case 2:
                    value = reader.Bytes().ToArray();
                    break;
                default:
                    reader.Skip();
                    break;
            }
        }

        if (name.Length == 0 || name.Contains('\0'))
        {
            throw WireReader.Violation("an extended attribute has an invalid name");
        }

        attributes[name] = value;
    }
}
