"""`python -I -S warm_client.py SOCKET PYTHON ARGUMENT...` does what `PYTHON ARGUMENT...` does, in a child of the server in warm.py.

Imports what is built in only: `socket` and `os` would take as long as the rest of it.
"""

import _socket
import posix
import sys

address, python, *arguments = sys.argv[1:]
if b"PYTHONPATH" in posix.environ:  # what stands there must be imported before anything else
    posix.execv(python, [python, *arguments])

server = _socket.socket(_socket.AF_UNIX)
server.connect(address)
variables = [name + b"=" + value for name, value in posix.environ.items()]
message = b"\0".join(
    [b"%d" % len(arguments), *(text.encode(errors="surrogateescape") for text in arguments), *variables]
)
files = b"".join(file.to_bytes(4, sys.byteorder) for file in (0, 1, 2, posix.open(".", posix.O_RDONLY)))
server.sendmsg([len(message).to_bytes(4, "big")], [(_socket.SOL_SOCKET, _socket.SCM_RIGHTS, files)])
server.sendall(message)
sys.exit((server.recv(1) or b"\1")[0])
