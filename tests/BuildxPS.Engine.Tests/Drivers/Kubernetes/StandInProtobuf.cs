using System.Globalization;
using System.Text.Json.Nodes;
using Google.Protobuf;

namespace BuildxPS.Engine.Tests.Drivers.Kubernetes;

/// <summary>Reads objects in kubernetes' protobuf form, in which docker's buildx sends them, as the JSON that they would be.</summary>
internal static class StandInProtobuf
{
    public const string ContentType = "application/vnd.kubernetes.protobuf";

    /// <summary>Reads an object: behind a mark, a message with its type, which holds the object's own message.</summary>
    public static JsonObject Read(byte[] body)
    {
        if (!body.AsSpan().StartsWith("k8s\0"u8))
        {
            throw StandInRefusal.Bad("provided data does not appear to be a protobuf message");
        }

        var envelope = Values(body[4..]).ToLookup(v => v.Number, v => v.Bytes);
        var type = Values(envelope[1].Single()).ToDictionary(v => v.Number, v => ByteString.CopyFrom(v.Bytes).ToStringUtf8());
        var item = Message(type[2], envelope[2].Single());
        (item["apiVersion"], item["kind"]) = (type[1], type[2]);

        // Numbers become those of JSON, which are of no size.
        return JsonNode.Parse(item.ToJsonString())!.AsObject();
    }

    private static JsonObject Message(string type, byte[] bytes)
    {
        var item = new JsonObject();
        Fill(item, type, "", bytes);
        return item;
    }

    // Numbers of messages that JSON does not show as such are paths.
    private static void Fill(JsonObject item, string type, string prefix, byte[] bytes)
    {
        var fields = StandInSchema.Types[type];
        foreach (var (number, value, amount) in Values(bytes))
        {
            var path = prefix + number.ToString(CultureInfo.InvariantCulture);
            if (Array.Find(fields, f => f.Number == path) is { } field)
            {
                Put(item, field, value, amount);
            }
            else if (Array.Exists(fields, f => f.Number?.StartsWith(path + ".", StringComparison.Ordinal) == true))
            {
                Fill(item, type, path + ".", value);
            }
            else if (!IsNothing(value, amount))
            {
                throw StandInRefusal.Bad($"{type} has no field {path}");
            }
        }
    }

    private static void Put(JsonObject item, StandInField field, byte[] value, ulong amount)
    {
        if (field.Type[0] == '[')
        {
            item[field.Name] ??= new JsonArray();
            item[field.Name]!.AsArray().Add(One(field.Type[1..^1], value, amount));
        }
        else if (field.Type is "map" or "amounts")
        {
            var pair = Values(value).ToDictionary(v => v.Number, v => v.Bytes);
            item[field.Name] ??= new JsonObject();
            item[field.Name]![Text(pair[1])] = One(field.Type == "map" ? "string" : "amount", pair[2], 0);
        }
        else if (field.Type is not ("string" or "int" or "bool") || value.Length > 0 || amount != 0)
        {
            item[field.Name] = One(field.Type, value, amount);
        }
    }

    private static JsonNode One(string type, byte[] value, ulong amount) => type switch
    {
        "string" => Text(value),
        "int" => (long)amount,
        "bool" => amount != 0,
        "amount" => Text(Values(value).Single().Bytes),
        _ => Message(type, value),
    };

    // What is empty is written all the same, messages too: a state that there is none of yet, and times.
    private static bool IsNothing(byte[] value, ulong amount) => amount == 0 && (value.Length == 0 || TryValues(value) is { } values && values.TrueForAll(v => IsNothing(v.Bytes, v.Amount)));

    private static string Text(byte[] value) => System.Text.Encoding.UTF8.GetString(value);

    private static List<(int Number, byte[] Bytes, ulong Amount)>? TryValues(byte[] bytes)
    {
        try
        {
            return Values(bytes);
        }
        catch (Exception e) when (e is InvalidProtocolBufferException or StandInRefusal)
        {
            return null;
        }
    }

    private static List<(int Number, byte[] Bytes, ulong Amount)> Values(byte[] bytes)
    {
        var values = new List<(int, byte[], ulong)>();
        var input = new CodedInputStream(bytes);
        while (input.ReadTag() is not 0 and var tag)
        {
            var number = WireFormat.GetTagFieldNumber(tag);
            values.Add(WireFormat.GetTagWireType(tag) switch
            {
                WireFormat.WireType.Varint => (number, [], input.ReadUInt64()),
                WireFormat.WireType.LengthDelimited => (number, input.ReadBytes().ToByteArray(), 0),
                _ => throw StandInRefusal.Bad("a wire type that no object has"),
            });
        }

        return values;
    }
}
