"""The real side of test_tap: a process in a network namespace of its own, with a TAP interface and plain sockets.

Started with the number of a Unix socket's descriptor.  First the interface's descriptor goes out over it, then each
line that comes in is a JSON command, answered by one line of JSON.  Of the model it takes nothing but the ioctl that
makes the interface: what answers is this machine's kernel.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import socket
import struct
import sys
import time
from typing import Any

from xref.stack.tap import open_tap

ADDRESS = "192.168.7.1"
_SIOCSIFADDR, _SIOCSIFNETMASK, _SIOCGIFFLAGS, _SIOCSIFFLAGS = 0x8916, 0x891C, 0x8913, 0x8914
_IFF_UP = 1
_NAME = b"tap0"


def _interface() -> int:
    fd = open_tap(_NAME.decode())
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
        for request, ip in ((_SIOCSIFADDR, ADDRESS), (_SIOCSIFNETMASK, "255.255.255.0")):
            address = struct.pack("HH4s8x", socket.AF_INET, 0, socket.inet_aton(ip))
            fcntl.ioctl(any_socket, request, struct.pack("16s16s", _NAME, address))
        flags = struct.unpack("16sH", fcntl.ioctl(any_socket, _SIOCGIFFLAGS, struct.pack("16sH14x", _NAME, 0))[:18])[1]
        fcntl.ioctl(any_socket, _SIOCSIFFLAGS, struct.pack("16sH14x", _NAME, flags | _IFF_UP))
    return fd


def _payload(size: int) -> bytes:
    return bytes(n * 13 % 251 for n in range(251)) * (size // 251 + 1)


def _stream(listener: socket.socket, send: int, rcvbuf: int, pause: float) -> dict[str, Any]:
    """Take a connection, read to its end (after a pause, if any), send, close."""
    if rcvbuf:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, rcvbuf)
    connection, _ = listener.accept()
    got, count = hashlib.sha256(), 0
    time.sleep(pause)
    while data := connection.recv(65536):
        got.update(data)
        count += len(data)
    connection.sendall(_payload(send)[:send])
    connection.close()
    listener.close()
    return {"bytes": count, "sha256": got.hexdigest()}


def _echo(udp: socket.socket, count: int) -> dict[str, Any]:
    """Send so many datagrams back to where they came from."""
    sizes = []
    udp.settimeout(20)
    for _ in range(count):
        data, address = udp.recvfrom(65536)
        sizes.append(len(data))
        udp.sendto(data, address)
    udp.close()
    return {"sizes": sizes}


def main() -> None:
    """Serve commands until there are none."""
    control = socket.socket(fileno=int(sys.argv[1]))
    socket.send_fds(control, [b"tap\n"], [_interface()])
    lines = control.makefile("rw")
    for line in lines:
        command = json.loads(line)
        kind = socket.SOCK_STREAM if command["kind"] == "stream" else socket.SOCK_DGRAM
        sock = socket.socket(socket.AF_INET, kind)
        sock.bind((ADDRESS, command["port"]))
        if kind == socket.SOCK_STREAM:
            sock.listen(1)
        print(json.dumps({"ready": True}), file=lines, flush=True)
        if kind == socket.SOCK_STREAM:
            answer = _stream(sock, command["send"], command.get("rcvbuf", 0), command.get("pause", 0.0))
        else:
            answer = _echo(sock, command["count"])
        print(json.dumps(answer), file=lines, flush=True)


if __name__ == "__main__":
    main()
