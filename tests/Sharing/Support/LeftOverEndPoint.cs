using System.Net;
using System.Net.Sockets;

namespace MagAlloc.Tests.Sharing.Support;

/// <summary>A path to bind to. Unlike .NET's own end points it leaves the path behind, as a process that is killed does.</summary>
internal sealed class LeftOverEndPoint(string path) : EndPoint
{
    public override AddressFamily AddressFamily => AddressFamily.Unix;

    public override SocketAddress Serialize() => new UnixDomainSocketEndPoint(path).Serialize();
}
