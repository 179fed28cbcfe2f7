using System.Reflection;
using System.Runtime.CompilerServices;

namespace BuildxPS.Engine.Tests;

public sealed class ModelListTests
{
    private static readonly Type[] s_notEmitted = [typeof(BuildRequest), typeof(RegistryTrust)];

    public static TheoryData<string, string> Lists => [.. typeof(Builder).Assembly.GetExportedTypes()
        .Where(type => type is { IsClass: true, IsAbstract: false } && !s_notEmitted.Contains(type))
        .SelectMany(type => type.GetProperties(BindingFlags.Public | BindingFlags.Instance | BindingFlags.DeclaredOnly))
        .Where(p => p.CanWrite && p.PropertyType.IsGenericType && p.PropertyType.GetGenericTypeDefinition() == typeof(IReadOnlyList<>))
        .Select(p => (p.DeclaringType!.FullName!, p.Name))];

    [Theory]
    [MemberData(nameof(Lists))]
    public void A_list_that_users_see_can_be_indexed_in_PowerShell(string type, string name)
    {
        var property = typeof(Builder).Assembly.GetType(type, throwOnError: true)!.GetProperty(name)!;
        var element = property.PropertyType.GetGenericArguments()[0];
        var hidden = GetType().GetMethod(nameof(CompilersOwn), BindingFlags.NonPublic | BindingFlags.Static)!.MakeGenericMethod(element).Invoke(null, null);
        var owner = RuntimeHelpers.GetUninitializedObject(property.DeclaringType!);
        property.SetValue(owner, hidden);
        Assert.IsType(typeof(ShownList<>).MakeGenericType(element), property.GetValue(owner));
    }

    private static IReadOnlyList<T?> CompilersOwn<T>()
        where T : class => [default, default];
}
