"""Programs of one Python environment, started by fork from a process that has its imports behind it.

Azure CLI and the Azure SDKs spend most of a short run on imports, and the suite starts them a thousand times. A child has the arguments,
environment, folder and open files of the client (warm_client.py); it ends as any program does, and the client with its exit status.
The modules must be third-party ones that read nothing of a reader's environment when imported.
PAL_COLD=1 starts everything from nothing instead; the results are the same.

    python warm.py SOCKET MODULE...    import the modules, then start what clients ask for, until the run ends
"""

from __future__ import annotations

import atexit
import contextlib
import functools
import gc
import os
import runpy
import select
import shutil
import signal
import socket
import sys
import tempfile
import threading
import types
from pathlib import Path

VENV = Path(__file__).parent.parent.parent / ".venv"
CAN_FORK = hasattr(os, "fork")  # not on Windows, where everything starts from nothing
# Environment -> what its programs import before their own work.
CLI = (
    "requests",
    "msal",
    "msal_extensions",
    "argcomplete",
    "jmespath",
    "yaml",
    "psutil",
    "distro",
    "pkginfo",
    "webbrowser",
)
CLI += ("knack.cli", "azure.mgmt.core.polling.arm_polling", "azure.core.pipeline.transport._requests_basic", "pickle")
CLI += (
    "azure.core.rest._requests_basic",
    "msrest.authentication",
    "applicationinsights",
    "packaging.version",
    "pprint",
)
PARTS = (
    "features.v2021_07_01",
    "managedapplications.v2019_07_01",
    "subscriptions.v2022_12_01",
    "links",
    "locks",
    "policy",
)
MODULES = {
    "az": (*CLI, "azure.mgmt.managementpartner", *(f"azure.mgmt.resource.{part}" for part in PARTS)),
    "az-genuine": CLI,
    "main": (
        *("urllib.request", "requests", "azure.identity", "azure.mgmt.managementpartner", "azure.mgmt.managedservices"),
        *("azure.mgmt.resource.deployments", "azure.mgmt.resource.subscriptions", "pip._internal.commands.install"),
    ),
}


@functools.cache
def run_folder() -> Path:
    """Where the servers of this run listen: they live as long as the process that asks first, with xdist the controller."""
    if folder := os.environ.get("PAL_WARM"):
        return Path(folder)
    folder = Path(os.environ.setdefault("PAL_WARM", tempfile.mkdtemp(prefix="warm-")))
    os.mkfifo(folder / "alive")
    os.open(folder / "alive", os.O_RDWR)  # kept until this process ends, and with it the servers
    atexit.register(shutil.rmtree, folder)
    return folder


@functools.cache
def python(environment: str) -> list[str]:
    """What to write for `python` to have a program of `.venv/<environment>` start warm. Its server starts with the first use."""
    interpreter = sys.executable if environment == "main" else str(VENV / environment / "bin/python")
    if environment not in MODULES or not CAN_FORK or os.environ.get("PAL_COLD"):
        return [interpreter]
    from filelock import FileLock  # a server has none

    address = run_folder() / environment
    with FileLock(f"{address}.lock"):
        if not address.exists():
            start_server(interpreter, address, MODULES[environment])
    client = str(Path(__file__).with_name("warm_client.py"))
    return [sys._base_executable, "-I", "-S", client, str(address), interpreter]


def start_server(interpreter: str, address: Path, modules: tuple[str, ...]) -> None:
    """Start it and wait until it listens. It is no child to wait for: it ends with the run, not with this process."""
    command = [interpreter, "-X", "utf8", __file__, str(address), *modules]
    # PYTHONUNBUFFERED would hide what is not flushed.
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONUNBUFFERED"}
    told, tell = os.pipe()
    with (run_folder() / "alive").open("rb") as alive, os.fdopen(told, "rb") as output:
        files = [(os.POSIX_SPAWN_DUP2, alive.fileno(), 0), (os.POSIX_SPAWN_DUP2, tell, 1)]
        os.posix_spawn(interpreter, command, environment, file_actions=files, setpgroup=0)
        os.close(tell)
        assert output.readline() == b"ready\n", f"{interpreter} cannot import all of {modules}"


# --- the server ---


def serve(address: str, modules: list[str]) -> None:
    """Listen at `address` with `modules` imported, and fork a child for each client, until the run ends."""
    del sys.path[0]  # this file's folder
    for module in modules:
        __import__(module)
    gc.freeze()
    gc.set_threshold(50_000)  # short programs: collecting costs more than it frees
    clients: dict[int, socket.socket] = {}
    ended, end = socket.socketpair()  # a byte for each child that has ended
    end.setblocking(False)
    signal.set_wakeup_fd(end.fileno())
    signal.signal(signal.SIGCHLD, lambda *_: None)
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(address)
        listener.listen(64)
        print("ready", flush=True)
        while sys.stdin not in (ready := select.select([listener, ended, sys.stdin], [], [])[0]):
            if ended in ready:
                ended.recv(64)
                report(clients)
            if listener in ready:
                answer(listener, clients, ended, end)


def answer(listener: socket.socket, clients: dict[int, socket.socket], *ours: socket.socket) -> None:
    """Take one client. The child has none of the server's sockets, and does not come back."""
    client, _ = listener.accept()
    files, texts = receive(client)
    if child := os.fork():
        clients[child] = client
        for file in files:
            os.close(file)
        return
    signal.set_wakeup_fd(-1)
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    for each in (listener, client, *clients.values(), *ours):
        each.close()
    attend(files, texts)


def report(clients: dict[int, socket.socket]) -> None:
    """Tell the clients of children that have ended how they did."""
    while clients and (child := os.waitpid(-1, os.WNOHANG))[0]:
        code = os.waitstatus_to_exitcode(child[1])
        with clients.pop(child[0]) as client, contextlib.suppress(OSError):  # a client may have been stopped
            client.sendall(bytes([code if code >= 0 else 128 - code]))


def receive(client: socket.socket) -> tuple[list[int], list[str]]:
    """Open files and texts of a request: standard input, output, error and the folder; arguments and environment."""
    size, files, _, _ = socket.recv_fds(client, 4, 4)
    with client.makefile("rb") as rest:
        return files, os.fsdecode(rest.read(int.from_bytes(size, "big"))).split("\0")


def attend(files: list[int], texts: list[str]) -> None:
    """Become the program that a client asks for."""
    count = int(texts.pop(0))
    os.fchdir(files[3])
    os.environ.clear()
    os.environ.update(variable.split("=", 1) for variable in texts[count:])
    for number, file in enumerate(files[:3]):
        os.dup2(file, number)
    # The same objects as before, since imported modules may hold them (knack's default argument does).
    sys.stdout.reconfigure(line_buffering=os.isatty(1))
    for file in files:
        os.close(file)
    run(*texts[:count])


def run(*arguments: str) -> None:
    """Start the program and end the process as Python does, but without taking down, module by module, what was there before."""
    code = 0
    try:
        start(*arguments)
    except SystemExit as stop:
        code = stop.code if isinstance(stop.code, int) else bool(stop.code)
        if code is True:
            print(stop.code, file=sys.stderr)
    except BaseException:
        sys.excepthook(*sys.exc_info())
        code = 1
    threading._shutdown()
    atexit._run_exitfuncs()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code & 255)


def start(first: str, *others: str) -> None:
    """What `python -m MODULE ...`, `python FILE ...` and `python -` do."""
    if first == "-m":
        sys.path.insert(0, str(Path.cwd()))
        sys.argv = list(others)
        runpy.run_module(others[0], run_name="__main__", alter_sys=True)
        return
    sys.argv = [first, *others]
    name, text = (
        ("<stdin>", sys.stdin.read()) if first == "-" else (str(Path(first).absolute()), Path(first).read_bytes())
    )
    sys.path.insert(0, "" if first == "-" else str(Path(name).parent))
    main = sys.modules["__main__"] = types.ModuleType("__main__")
    main.__file__ = name
    try:
        exec(compile(text, name, "exec"), main.__dict__)  # noqa: S102 - that is what `python FILE` does
    except Exception as error:
        sys.excepthook(type(error), error.with_traceback(error.__traceback__.tb_next), error.__traceback__)
        sys.exit(1)


if __name__ == "__main__":
    serve(sys.argv[1], sys.argv[2:])
