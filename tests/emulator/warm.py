"""Programs of one Python environment, started by fork from a process that has its imports behind it.

Azure CLI and the Azure SDKs spend most of a short run on imports, and the suite starts them a thousand times. A child has the arguments,
environment, folder and open files of the client (warm_client.py); it ends as any program does, and the client with its exit status.
The modules must be third-party ones that read nothing of a reader's environment when imported.
PAL_COLD=1 starts everything from nothing instead; the results are the same.

    python warm.py SOCKET MODULE...    import the modules, then start what clients ask for, until standard input ends
"""

from __future__ import annotations

import atexit
import functools
import gc
import os
import runpy
import select
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import types
from pathlib import Path

VENV = Path(__file__).parent.parent.parent / ".venv"
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
def python(environment: str) -> list[str]:
    """What to write for `python` to have a program of `.venv/<environment>` start warm. Its server starts with the first use."""
    interpreter = sys.executable if environment == "main" else str(VENV / environment / "bin/python")
    if environment not in MODULES or not hasattr(os, "fork") or os.environ.get("PAL_COLD"):
        return [interpreter]
    address = Path(tempfile.mkdtemp(prefix="warm-")) / "socket"
    server = subprocess.Popen(
        [interpreter, "-X", "utf8", __file__, str(address), *MODULES[environment]],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    assert server.stdout.readline() == b"ready\n", f"{interpreter} cannot import all of {MODULES[environment]}"
    atexit.register(_stop, server, address)
    return [interpreter, "-I", "-S", str(Path(__file__).with_name("warm_client.py")), str(address)]


def _stop(server: subprocess.Popen, address: Path) -> None:
    server.stdin.close()
    server.wait()
    server.stdout.close()
    address.unlink()
    address.parent.rmdir()


# --- the server ---


def serve(address: str, modules: list[str]) -> None:
    del sys.path[0]  # this file's folder
    for module in modules:
        __import__(module)
    gc.freeze()
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(address)
        listener.listen(64)
        print("ready", flush=True)
        while listener in select.select([listener, sys.stdin], [], [])[0]:
            client, _ = listener.accept()
            if os.fork() == 0:
                listener.close()
                attend(client)
            client.close()


def attend(client: socket.socket) -> None:
    """Start the program in a child of its own and tell the client how it ended."""
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    size, [*files, folder], _, _ = socket.recv_fds(client, 4, 4)
    with client.makefile("rb") as rest:
        count, *texts = os.fsdecode(rest.read(int.from_bytes(size, "big"))).split("\0")
    if child := os.fork():
        code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        client.sendall(bytes([code if code >= 0 else 128 - code]))
        os._exit(0)
    client.close()
    os.fchdir(folder)
    os.environ.clear()
    os.environ.update(variable.split("=", 1) for variable in texts[int(count) :])
    for number, (file, name, mode) in enumerate(zip(files, ("stdin", "stdout", "stderr"), "rww", strict=True)):
        os.dup2(file, number)
        lines = 1 if number == 2 or os.isatty(number) else -1
        setattr(sys, name, open(number, mode, buffering=lines, closefd=False))  # noqa: SIM115
    for file in (*files, folder):
        os.close(file)
    run(*texts[: int(count)])


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
