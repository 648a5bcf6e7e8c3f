# Carries frames between two wires, each a while after it came: what `tc netem delay` does, for kernels without it.
# Arguments: the two interfaces and the delay each way in milliseconds. Says "ready" once it carries.
import collections, select, socket, sys, time

OUTGOING = 4
SOL_PACKET, PACKET_VNET_HDR = 263, 15

def end(name):
    wire = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0)
    # With their headers, so that what the kernel has not cut or summed up yet goes on as it is.
    wire.setsockopt(SOL_PACKET, PACKET_VNET_HDR, 1)
    wire.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 16 << 20)
    wire.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 16 << 20)
    wire.bind((name, 3))
    wire.setblocking(False)
    return wire

one, other = end(sys.argv[1]), end(sys.argv[2])
delay = float(sys.argv[3]) / 1000
across = {one: other, other: one}
held = collections.deque()
print("ready", flush=True)
while True:
    wait = max(0, held[0][0] - time.monotonic()) if held else None
    for wire in select.select([one, other], [], [], wait)[0]:
        for _ in range(64):
            try:
                frame, (_, _, kind, *_) = wire.recvfrom(1 << 17)
            except BlockingIOError:
                break
            if kind != OUTGOING:
                held.append((time.monotonic() + delay, across[wire], frame))
    while held and held[0][0] <= time.monotonic():
        _, wire, frame = held.popleft()
        try:
            wire.send(frame)
        except OSError:
            pass  # A queue that is full, or a wire that is down: lost, as on any network.
