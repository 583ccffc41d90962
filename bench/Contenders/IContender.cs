namespace MagAlloc.Bench.Contenders;

/// <summary>An allocator under test, as a struct: workloads are compiled anew for each.</summary>
internal interface IContender<TSession>
    where TSession : struct, allows ref struct
{
    /// <summary>Opens a session of the calling thread.</summary>
    TSession Open();
}
