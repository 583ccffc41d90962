namespace MagAlloc.Sharing;

/// <summary>A quota that a request would have exceeded.</summary>
/// <param name="Quota">Which.</param>
/// <param name="Used">What is used of it.</param>
/// <param name="Limit">What is allowed.</param>
/// <param name="Requested">What was asked for beyond.</param>
public readonly record struct QuotaRefusal(BufferQuota Quota, long Used, long Limit, long Requested);
