using BuildxPS.Engine.Images;
using BuildxPS.Engine.Images.Indexes;
using BuildxPS.Engine.Tests.Builds;
using BuildxPS.Engine.Tests.Environment;

namespace BuildxPS.Engine.Tests.Images;

/// <summary>The same images and options make the same bytes here and by <c>docker buildx imagetools create</c>.</summary>
public sealed class IndexParityTests(IndexParityTests.Images images) : IClassFixture<IndexParityTests.Images>
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("oci-index")]
    [InlineData("docker-list")]
    [InlineData("old-list")]
    [InlineData("odd-index")]
    [InlineData("amd64")]
    [InlineData("amd64 --prefer-index=false")]
    [InlineData("docker-amd64")]
    [InlineData("docker-amd64 --prefer-index=false")]
    [InlineData("oci-index --prefer-index=false")]
    [InlineData("amd64 arm64v8 armhf s390x windows")]
    [InlineData("docker-amd64 docker-arm64")]
    [InlineData("amd64 docker-arm64")]
    [InlineData("oci-index docker-list")]
    [InlineData("docker-list old-list")]
    [InlineData("odd-index amd64")]
    [InlineData("old-list amd64")]
    [InlineData("amd64 oci-index amd64")]
    [InlineData("oci-index arm64v8 oci-index")]
    [InlineData("attested")]
    [InlineData("attested armhf")]
    [InlineData("digest:amd64 digest:arm64v8 -t TAG")]
    [InlineData("digest:docker-list digest:amd64 -t TAG")]
    [InlineData("{\"digest\":\"DIGEST(amd64)\",\"platform\":{\"os\":\"linux\",\"architecture\":\"riscv64\",\"variant\":\"x\",\"os.features\":[\"f\"]},\"annotations\":{\"z\":\"1\",\"a\":\"<&>\"}} -t TAG")]
    [InlineData("{\"digest\":\"DIGEST(amd64)\",\"platform\":{\"os\":\"plan9\"}} -t TAG")]
    [InlineData("{\"mediaType\":\"application/vnd.oci.image.manifest.v1+json\",\"digest\":\"DIGEST(amd64)\",\"size\":SIZE(amd64),\"platform\":{\"architecture\":\"arm\",\"os\":\"linux\",\"variant\":\"v6\"},\"annotations\":{\"k\":\"v\"},\"artifactType\":\"x/y\"} -t TAG")]
    [InlineData("{\"size\":SIZE(docker-amd64),\"digest\":\"DIGEST(docker-amd64)\",\"mediaType\":\"application/vnd.docker.distribution.manifest.v2+json\",\"platform\":{\"os\":\"linux\",\"architecture\":\"amd64\"}} -t TAG")]
    [InlineData("-f file:{\"digest\":\"DIGEST(arm64v8)\"} -f file:REF(armhf) amd64")]
    [InlineData("-t REF(oci-index) --append s390x")]
    [InlineData("-t REF(docker-list) --append docker-amd64 docker-s390x")]
    [InlineData("oci-index --annotation index:org.example.title=Ä<b>&\"\\😀\u2028 --annotation index:a=")]
    [InlineData("amd64 arm64v8 --annotation manifest-descriptor:a=1 --annotation index,manifest-descriptor:b=x=y")]
    [InlineData("amd64 armhf --annotation manifest-descriptor[linux/arm/v7]:only=arm --annotation manifest-descriptor[linux/amd64]:only=amd")]
    [InlineData("amd64 --prefer-index=false --annotation index:a=b")]
    [InlineData("docker-list --annotation index:a=b")]
    [InlineData("oci-index -p linux/amd64")]
    [InlineData("oci-index -p linux/arm64 -p linux/arm/v7,linux/s390x")]
    [InlineData("docker-list -p linux/amd64")]
    [InlineData("old-list -p linux/arm64")]
    [InlineData("odd-index -p windows/amd64")]
    [InlineData("attested -p linux/amd64")]
    [InlineData("attested -p linux/amd64,linux/arm64,linux/riscv64")]
    [InlineData("amd64 -p linux/amd64")]
    [InlineData("amd64 --prefer-index=false -p linux/amd64")]
    [InlineData("amd64 arm64v8 armhf --annotation index:a=b -p linux/arm64")]
    public async Task What_is_made_is_the_same_to_the_byte(string command)
    {
        await images.PushAsync();
        var arguments = images.Fill(command);
        var (exitCode, output, error) = await DockerCommand.RunAsync("d28", [], ["buildx", "imagetools", "create", "--dry-run", .. arguments]);
        Assert.True(exitCode == 0, error);
        var prepared = await new IndexCreator(images.Owner.Client).PrepareAsync(Request(arguments), Token);
        Assert.Equal(output, prepared.Document.RawJson + "\n");
    }

    [Theory]
    [InlineData("none", BuildxFailure.ImageNotFound)]
    [InlineData("oci-index -p linux/mips64le", BuildxFailure.PlatformNotAvailable)]
    [InlineData("amd64 --prefer-index=false -p linux/arm64", BuildxFailure.PlatformNotAvailable)]
    [InlineData("{\"digest\":\"DIGEST(amd64)\",\"size\":1} -t TAG", BuildxFailure.DigestMismatch)]
    [InlineData("digest:amd64", BuildxFailure.TagRequired)]
    [InlineData("digest:amd64 -t TAG -t OTHER", BuildxFailure.ArgumentInvalid)]
    [InlineData("amd64 --annotation a=b", BuildxFailure.AnnotationInvalid)]
    [InlineData("amd64 --annotation manifest:a=b", BuildxFailure.AnnotationInvalid)]
    [InlineData("amd64 --annotation index-descriptor:a=b", BuildxFailure.AnnotationInvalid)]
    [InlineData("sha256:12", BuildxFailure.ArgumentInvalid)]
    [InlineData("{\"digest\":1}", BuildxFailure.ArgumentInvalid)]
    [InlineData("", BuildxFailure.ArgumentInvalid)]
    public async Task What_buildx_refuses_is_refused(string command, BuildxFailure failure)
    {
        await images.PushAsync();
        var arguments = images.Fill(command);
        var (exitCode, _, _) = await DockerCommand.RunAsync("d28", [], ["buildx", "imagetools", "create", "--dry-run", .. arguments]);
        Assert.NotEqual(0, exitCode);
        var error = await Assert.ThrowsAnyAsync<BuildxException>(async () =>
        {
            var request = Request(arguments);
            request.Check(isPushed: false);
            await new IndexCreator(images.Owner.Client).PrepareAsync(request, Token);
        });
        Assert.Equal(failure, error.Failure);
        Assert.NotEmpty(error.Advice);
    }

    [Theory]
    [InlineData("oci-index")]
    [InlineData("docker-list")]
    [InlineData("old-list")]
    [InlineData("odd-index")]
    [InlineData("amd64")]
    [InlineData("docker-amd64")]
    [InlineData("attested")]
    public async Task What_is_read_is_the_same_to_the_byte(string tag)
    {
        await images.PushAsync();
        var reference = images.Owner.Tag(tag);
        var (exitCode, output, error) = await DockerCommand.RunAsync("d28", [], "buildx", "imagetools", "inspect", "--raw", reference.ToString());
        Assert.True(exitCode == 0, error);
        Assert.Equal(output, (await new ImageInspector(images.Owner.Client).InspectAsync(reference, Token)).RawJson);
    }

    [Fact]
    public async Task What_is_pushed_has_the_same_digest_under_every_name()
    {
        await images.PushAsync();
        var owner = images.Owner;
        string[] sources = [owner.Tag("oci-index").ToString(), owner.Tag("docker-s390x").ToString()];
        var (exitCode, _, error) = await DockerCommand.RunAsync("d28", [], ["buildx", "imagetools", "create", "-t", owner.Tag("theirs").ToString(), .. sources]);
        Assert.True(exitCode == 0, error);
        var request = Request(["-t", owner.Tag("ours-1").ToString(), "-t", owner.Tag("ours-2").ToString(), .. sources]);
        var prepared = await new IndexCreator(owner.Client).PrepareAsync(request, Token);
        var events = new List<BuildEvent>();
        await foreach (var e in new IndexCreator(owner.Client).PushAsync(prepared, request.Tags, null, Token))
        {
            events.Add(e);
        }

        var theirs = await owner.Client.ResolveAsync(owner.Tag("theirs"), Token);
        Assert.Equal(theirs.Digest, (await owner.Client.ResolveAsync(owner.Tag("ours-1"), Token)).Digest);
        Assert.Equal(theirs.Digest, (await owner.Client.ResolveAsync(owner.Tag("ours-2"), Token)).Digest);
        Assert.NotNull(events.OfType<VertexChanged>().Last().Completed);
    }

    /// <summary>Reads a command as buildx does.</summary>
    private static IndexRequest Request(string[] arguments)
    {
        var (files, sources, tags) = (new List<IndexSource>(), new List<IndexSource>(), new List<ImageReference>());
        var request = new IndexRequest { Sources = [] };
        for (var i = 0; i < arguments.Length; i++)
        {
            switch (arguments[i])
            {
                case "-t": tags.Add(ImageReference.Parse(arguments[++i])); break;
                case "-f": files.Add(IndexSource.Parse(File.ReadAllText(arguments[++i]))); break;
                case "-p": request = request with { Platforms = [.. request.Platforms, .. arguments[++i].Split(',').Select(Platform.Parse)] }; break;
                case "--annotation": request = request with { Annotations = [.. request.Annotations, .. AnnotationSpec.ParseAll(arguments[++i])] }; break;
                case "--append": request = request with { IsAppended = true }; break;
                case "--prefer-index=false": request = request with { PreferIndex = false }; break;
                case var source: sources.Add(IndexSource.Parse(source)); break;
            }
        }

        return request with { Sources = [.. files, .. sources], Tags = tags };
    }

    /// <summary>Images of all kinds, pushed once for all tests.</summary>
    public sealed class Images : IDisposable
    {
        private readonly Dictionary<string, Descriptor> _pushed = new(StringComparer.Ordinal);
        private readonly TemporaryFolder _folder = new();

        internal TestImages Owner { get; private set; } = null!;

        /// <summary>Pushes them, where there is a registry to push to.</summary>
        public async Task PushAsync()
        {
            if (Owner is not null)
            {
                return;
            }

            Owner = TestImages.In(TestEngines.Registry("plain"));
            foreach (var isDocker in new[] { false, true })
            {
                var prefix = isDocker ? "docker-" : "";
                await ImageAsync(prefix + "amd64", """ "os":"linux","architecture":"amd64" """, isDocker);
                await ImageAsync(prefix + "arm64", """ "os":"linux","architecture":"arm64" """, isDocker);
                await ImageAsync(prefix + "arm64v8", """ "os":"linux","architecture":"arm64","variant":"v8" """, isDocker);
                await ImageAsync(prefix + "armhf", """ "os":"linux","architecture":"arm" """, isDocker);
                await ImageAsync(prefix + "s390x", """ "os":"linux","architecture":"s390x","os.version":"1.2" """, isDocker);
                await ImageAsync(prefix + "windows", """ "os":"windows","architecture":"amd64","os.version":"10.0.1" """, isDocker);
            }

            await ImageAsync("provenance", """ "os":"unknown","architecture":"unknown" """, false);
            await DocumentAsync("oci-index", TestImages.OciIndex, $$"""
                {"schemaVersion":2,"mediaType":"{{TestImages.OciIndex}}","manifests":[{{Entry("amd64", "linux", "amd64")}},{{Entry("arm64v8", "linux", "arm64", ""","variant":"v8" """)}},{{Entry("armhf", "linux", "arm", ""","variant":"v7" """)}}]}
                """);
            await DocumentAsync("docker-list", TestImages.DockerList, $$"""
                {
                   "schemaVersion": 2,
                   "mediaType": "{{TestImages.DockerList}}",
                   "manifests": [{{Entry("docker-amd64", "linux", "amd64")}}, {{Entry("docker-arm64", "linux", "arm64", ""","variant":"v8" """)}}]
                }
                """);
            // As docker manifest and old registries write it: another order of members, and features that no one reads.
            await DocumentAsync("old-list", TestImages.DockerList, $$"""
                {"mediaType":"{{TestImages.DockerList}}","manifests":[
                  {"platform":{"features":["sse4"],"os":"linux","architecture":"amd64"},"size":{{_pushed["docker-amd64"].Size}},"digest":"{{_pushed["docker-amd64"].Digest}}","mediaType":"{{TestImages.DockerManifest}}"},
                  {{Entry("docker-arm64", "linux", "arm64")}}],"schemaVersion":2}
                """);
            // All that a descriptor may have, no media type of its own, and an annotation that Go writes in its own way.
            await DocumentAsync("odd-index", TestImages.OciIndex, $$"""
                {"schemaVersion":2,"artifactType":"application/x.y","annotations":{"z":"1","a":"\u003ca href=\"x\"\u003e\u2028\ud83d\ude00\u007f"},"manifests":[
                  {"annotations":{"b":"2","a":"é"},"platform":{"os.features":["win32k"],"os.version":"10.0.1","architecture":"amd64","os":"windows"},"data":"eyJhIjoxfQ==","urls":["https://x/?a&b"],"size":{{_pushed["windows"].Size}},"digest":"{{_pushed["windows"].Digest}}","mediaType":"{{TestImages.OciManifest}}","unknown":1},
                  {{TestImages.Json(_pushed["provenance"], ""","artifactType":"application/p","platform":{"os":"unknown","architecture":"unknown"},"annotations":{"vnd.docker.reference.type":"attestation-manifest","vnd.docker.reference.digest":"sha256:0000000000000000000000000000000000000000000000000000000000000000"}"""[1..])}},
                  {{TestImages.Json(_pushed["s390x"])}}]}
                """);
            await DocumentAsync("attested", TestImages.OciIndex, $$"""
                {"schemaVersion":2,"mediaType":"{{TestImages.OciIndex}}","manifests":[{{Entry("amd64", "linux", "amd64")}},{{Entry("arm64", "linux", "arm64")}},
                {{TestImages.Json(_pushed["provenance"], $$""" "annotations":{"vnd.docker.reference.digest":"{{_pushed["amd64"].Digest}}","vnd.docker.reference.type":"attestation-manifest"},"platform":{"architecture":"unknown","os":"unknown"}""")}}]}
                """);
        }

        public void Dispose()
        {
            Owner?.Dispose();
            _folder.Dispose();
        }

        /// <summary>Makes a command's arguments of a test's: tags become references, files are written.</summary>
        public string[] Fill(string command)
        {
            foreach (var (tag, descriptor) in _pushed)
            {
                command = command.Replace($"DIGEST({tag})", descriptor.Digest, StringComparison.Ordinal)
                    .Replace($"SIZE({tag})", $"{descriptor.Size}", StringComparison.Ordinal)
                    .Replace($"REF({tag})", Owner.Tag(tag).ToString(), StringComparison.Ordinal);
            }

            var words = command.Replace("TAG", Owner.Tag("new").ToString(), StringComparison.Ordinal)
                .Replace("OTHER", Owner.Repository.Registry + "/other/app:1", StringComparison.Ordinal)
                .Split(' ', StringSplitOptions.RemoveEmptyEntries);
            return [.. words.Select((word, i) => word.StartsWith("file:", StringComparison.Ordinal) ? _folder.Write($"{Guid.NewGuid():N}.json", word[5..])
                : word.StartsWith("digest:", StringComparison.Ordinal) ? _pushed[word[7..]].Digest
                : word.StartsWith('-') || word.Contains('{', StringComparison.Ordinal) || word.Contains('/', StringComparison.Ordinal) || word.Contains(':', StringComparison.Ordinal) || (i > 0 && words[i - 1] is "--annotation" or "-p") ? word
                : Owner.Tag(word).ToString())];
        }

        private string Entry(string tag, string os, string architecture, string more = "")
            => TestImages.Json(_pushed[tag], $$""" "platform":{"architecture":"{{architecture}}","os":"{{os}}"{{more}}}""");

        private async Task ImageAsync(string tag, string config, bool isDocker) => _pushed[tag] = await Owner.ImageAsync(tag, config, isDocker);

        private async Task DocumentAsync(string tag, string mediaType, string json) => _pushed[tag] = await Owner.DocumentAsync(tag, mediaType, json);
    }
}
