using System.Diagnostics;
using System.Globalization;
using System.Runtime.Versioning;

namespace MagAlloc.Tests.Children;

/// <summary>A process that starts listeners: a line on its input is an order, and it answers each by a line.</summary>
[SupportedOSPlatform("linux")]
internal static class Starter
{
    public const string Part = "starter";

    /// <summary>One that listens at an address when it is told to, and answers whether it does.</summary>
    public static ProcessStartInfo At(string address) => new("dotnet", ["exec", typeof(Starter).Assembly.Location, Part, address])
    {
        RedirectStandardInput = true,
        RedirectStandardOutput = true,
    };

    /// <summary>Waits for a time without giving the processor away.</summary>
    public static void SpinUntil(long when)
    {
        while (Stopwatch.GetTimestamp() < when)
        {
            Thread.SpinWait(1);
        }
    }

    /// <summary>
    /// A time (of <see cref="Stopwatch"/>, which is the system's): listens then. <c>yes</c> or <c>no</c> is the answer. <c>end</c>: stops, and answers
    /// the same.
    /// </summary>
    public static int StartAgainAndAgain(string address)
    {
        BufferListener? listener = null;
        while (Console.ReadLine() is { } order)
        {
            if (order == "end")
            {
                listener?.Dispose();
                listener = null;
                Console.WriteLine("end");
                continue;
            }

            SpinUntil(long.Parse(order, CultureInfo.InvariantCulture));
            try
            {
                listener = new BufferListener(address);
                Console.WriteLine("yes");
            }
            catch (BufferException e) when (e.Error == BufferError.AddressInUse)
            {
                Console.WriteLine("no");
            }
        }

        return 0;
    }
}
