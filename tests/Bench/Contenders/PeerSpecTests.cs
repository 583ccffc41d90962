using MagAlloc.Bench.Contenders;

namespace MagAlloc.Tests.Bench.Contenders;

public sealed class PeerSpecTests
{
    [TestCase("mimalloc3=/opt/lib/libmimalloc.so:mi_", "mimalloc3", "/opt/lib/libmimalloc.so", "mi_")]
    [TestCase("rp-malloc=librpmalloc.so:rp", "rp-malloc", "librpmalloc.so", "rp")]
    [TestCase("plain=/opt/lib/libmalloc.so", "plain", "/opt/lib/libmalloc.so", "")]
    [TestCase("plain=/opt/lib/libmalloc.so:", "plain", "/opt/lib/libmalloc.so", "")]
    [TestCase("a1=/opt/a:b/lib=x.so", "a1", "/opt/a:b/lib=x.so", "")]
    [TestCase("a1=/opt/a:b/lib.so:p_", "a1", "/opt/a:b/lib.so", "p_")]
    public void A_peer_is_parsed_and_written_back(string text, string name, string path, string prefix)
    {
        Assert.That(PeerSpec.TryParse(text, out PeerSpec? spec), Is.True);
        Assert.That(spec, Is.EqualTo(new PeerSpec(name, path, prefix)));
        Assert.That(PeerSpec.TryParse(spec!.ToString(), out PeerSpec? again), Is.True);
        Assert.That(again, Is.EqualTo(spec));
    }

    [TestCase("")]
    [TestCase("mimalloc3")]
    [TestCase("=/opt/lib/libmimalloc.so")]
    [TestCase("mimalloc3=")]
    [TestCase("mimalloc3=:mi_")]
    [TestCase("Mimalloc=/opt/lib.so")]
    [TestCase("mi malloc=/opt/lib.so")]
    [TestCase("mi_malloc=/opt/lib.so")]
    [TestCase("-mi=/opt/lib.so")]
    [TestCase("mi-=/opt/lib.so")]
    [TestCase("3mi=/opt/lib.so")]
    public void Nonsense_is_refused(string text) => Assert.That(PeerSpec.TryParse(text, out _), Is.False);
}
