namespace MagAlloc.Bench.Contenders;

/// <summary>Makes the contenders of a native allocator.</summary>
internal static class NativeContender
{
    public static Contender Untransitioned(string name, NativeExports exports) =>
        new HeapContender<SharedSession<UntransitionedSession>, UntransitionedSession>(
            name, new SharedSession<UntransitionedSession>(new UntransitionedSession(exports)));

    public static Contender Transitioned(string name, NativeExports exports) =>
        new HeapContender<SharedSession<TransitionedSession>, TransitionedSession>(
            name, new SharedSession<TransitionedSession>(new TransitionedSession(exports)));
}
