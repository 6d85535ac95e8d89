"""`python warm_client.py SOCKET ARGUMENT...` does what `python ARGUMENT...` does, in a child of the server in warm.py."""

import os
import socket
import sys

address, *arguments = sys.argv[1:]
if "PYTHONPATH" in os.environ:  # what stands there must be imported before anything else
    os.execv(sys.executable, [sys.executable, *arguments])  # noqa: S606

with socket.socket(socket.AF_UNIX) as server:
    server.connect(address)
    texts = [str(len(arguments)), *arguments, *(f"{name}={value}" for name, value in os.environ.items())]
    message = os.fsencode("\0".join(texts))
    socket.send_fds(server, [len(message).to_bytes(4, "big")], [0, 1, 2, os.open(".", os.O_RDONLY)])
    server.sendall(message)
    sys.exit((server.recv(1) or b"\1")[0])
