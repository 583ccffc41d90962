using System.Runtime.CompilerServices;

// Every P/Invoke passes blittable arguments only: the runtime needs no marshalling stubs, and a signature that would need
// one fails to compile instead of paying for it at run time.
[assembly: DisableRuntimeMarshalling]
