namespace MagAlloc.Sharing;

/// <summary>What a release does with buffers that importers still hold.</summary>
public enum ReleaseMode
{
    /// <summary>They become orphans, which count until they are let go. As <c>VIDIOC_REQBUFS(0)</c> since Linux 4.20; always succeeds.</summary>
    Orphan,

    /// <summary>If there are any nothing is released, and the error names the holders. As the kernel did before.</summary>
    Strict,

    /// <summary>Their pages are dropped, now or at a deadline, although they are held.</summary>
    Revoke,
}
