using System.Text;
using BuildxPS.Engine.Engines;
using BuildxPS.Engine.Sessions.Files.Systems;

namespace BuildxPS.Engine.Sessions.Files.Outputs;

/// <summary>
/// The steps of a merge, written down before the first is done. So a merge of any size holds nothing in memory, and can be taken
/// back: by this process, or if it was killed by the next export to the same folder.
/// </summary>
internal static class MergeJournal
{
    private const int Version = 1;
    private const byte End = 0;

    /// <summary>Writes a journal.</summary>
    /// <param name="file">Its path; what is there is overwritten.</param>
    /// <param name="target">The folder that is merged into.</param>
    /// <param name="staged">The name of the folder that is merged into it.</param>
    /// <param name="identity">The former.</param>
    /// <param name="steps">The steps.</param>
    public static void Write(string file, string target, string staged, FileStatus identity, IEnumerable<MergeStep> steps)
    {
        using var writer = new BinaryWriter(new FileStream(file, FileMode.Create, FileAccess.Write), Encoding.UTF8);
        writer.Write(Version);
        Write(writer, target);
        Write(writer, staged);
        Write(writer, identity);
        foreach (var step in steps)
        {
            writer.Write((byte)step.Kind);
            Write(writer, step.Path);
            Write(writer, step.Incoming);
            Write(writer, step.Existing);
        }

        writer.Write(End);
    }

    /// <summary>Reads for which folder a journal was written.</summary>
    /// <param name="file">Its path.</param>
    /// <returns>The folder's path, the name of the folder that is merged into it, and the former as it was.</returns>
    public static (string Target, string Staged, FileStatus Identity) ReadTarget(string file)
    {
        using var reader = Open(file);
        return ReadTarget(reader);
    }

    /// <summary>Reads the steps.</summary>
    /// <param name="file">Its path.</param>
    /// <returns>The steps, read while they are taken.</returns>
    public static IEnumerable<MergeStep> Read(string file)
    {
        using var reader = Open(file);
        _ = ReadTarget(reader);
        for (var number = 0; reader.ReadByte() is not End and var kind; number++)
        {
            yield return new MergeStep(number, (MergeStepKind)kind, ReadPath(reader), ReadStatus(reader), ReadStatus(reader));
        }
    }

    private static BinaryReader Open(string file) => new(new FileStream(file, FileMode.Open, FileAccess.Read), Encoding.UTF8);

    private static (string Target, string Staged, FileStatus Identity) ReadTarget(BinaryReader reader) =>
        reader.ReadInt32() == Version
            ? (ReadPath(reader), ReadPath(reader), ReadStatus(reader))
            : throw new IOException("The journal was written by another version.");

    // As a writer does it with text, but names that are not UTF-8 stay what they are.
    private static void Write(BinaryWriter writer, string path)
    {
        var bytes = new byte[NameBytes.Count(path)];
        _ = NameBytes.Encode(path, bytes);
        writer.Write7BitEncodedInt(bytes.Length);
        writer.Write(bytes);
    }

    private static string ReadPath(BinaryReader reader) => NameBytes.Decode(reader.ReadBytes(reader.Read7BitEncodedInt()));

    private static void Write(BinaryWriter writer, FileStatus status)
    {
        writer.Write((uint)status.Mode);
        writer.Write(status.Size);
        writer.Write(status.ModifiedNanoseconds);
        writer.Write(status.BornNanoseconds);
        writer.Write(status.Inode);
        writer.Write(status.UserId);
        writer.Write(status.GroupId);
    }

    private static FileStatus ReadStatus(BinaryReader reader) => new()
    {
        Mode = (FileEntryMode)reader.ReadUInt32(),
        Size = reader.ReadInt64(),
        ModifiedNanoseconds = reader.ReadInt64(),
        BornNanoseconds = reader.ReadInt64(),
        Inode = reader.ReadUInt64(),
        UserId = reader.ReadUInt32(),
        GroupId = reader.ReadUInt32(),
    };
}
