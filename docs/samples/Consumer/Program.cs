// Looks at the pictures that Producer makes, where they lie.
//
//   dotnet run --project docs/samples/Consumer -- frames.sock
using MagAlloc.Sharing;

if (!OperatingSystem.IsLinux())
    return 2;

using BufferImporter importer = BufferImporter.Connect(args.Length > 0 ? args[0] : "@frames");
long frames = 0;
double brightness = 0;
while (importer.TryReceive(out BufferFrame frame, TimeSpan.FromSeconds(5)))
{
    long sum = 0;
    foreach (byte pixel in frame.Span)
        sum += pixel;

    // The owner may take a buffer back while it is read. It says so first: what was read before is good if this is false now.
    if (!frame.Buffer.IsRevoked)
    {
        frames++;
        brightness += (double)sum / frame.BytesUsed;
    }

    importer.Acknowledge(in frame);
    if (frame.IsLast)
        break;
}

Console.WriteLine($"saw {frames} frames, mean brightness {brightness / Math.Max(frames, 1):0.0}");
return frames > 0 ? 0 : 1;
