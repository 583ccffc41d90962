namespace MagAlloc.Events;

/// <summary>A call of an owner into its user's code: a source's methods, a pool's constructor. It lies on the caller's stack.</summary>
/// <remarks>
/// Whatever runs it, an operation, a pass, the worker, a disposal: from inside, the owner must not be disposed, which would wait for that very call, or unmap what it
/// works on. Other owners may.
/// </remarks>
internal unsafe struct UserCall
{
    [ThreadStatic]
    private static UserCall* t_innermost;

    private long _owner;
    private UserCall* _outer;

    /// <param name="call">A local of the caller's, whose frame ends behind <see cref="End"/>.</param>
    /// <param name="owner">The owner's number.</param>
    public static void Begin(UserCall* call, long owner)
    {
        call->_owner = owner;
        call->_outer = t_innermost;
        t_innermost = call;
    }

    public static void End(UserCall* call) => t_innermost = call->_outer;

    /// <exception cref="InvalidOperationException">This thread is inside a call of that owner's.</exception>
    public static void RequireOutside(long owner, string message)
    {
        for (UserCall* call = t_innermost; call != null; call = call->_outer)
        {
            if (call->_owner == owner)
            {
                throw new InvalidOperationException(message);
            }
        }
    }
}
