"""`make sandbox`: the emulated Azure, running until Ctrl+C, with every request shown as it happens.

Try commands without a tenant: paste the printed lines into another terminal and go on as a reader would.
"""

from __future__ import annotations

import shlex
import shutil
import sys
import tempfile
import threading
from pathlib import Path

import emulator
from emulator import samples
from emulator.harness import Reader
from emulator.transport import Exchange, Proxy
from emulator.world import sample_world


def show(exchange: Exchange) -> None:
    request, response = exchange.request, exchange.response
    status = response.status if response else "dropped"
    print(f"{request.method:6} https://{request.host}{request.target.partition('&')[0]} → {status}", flush=True)


def exports(reader: Reader, shell: str) -> str:
    """The lines that turn a terminal into this reader's, for `bash` or `pwsh`."""
    names = ("HTTP_PROXY", "NO_PROXY", "CA", "BROWSER", "AZURE", "REQUESTS", "SSL", "CURL")
    chosen = {k: v for k, v in reader.env.items() if k.isupper() and any(n in k for n in names)}
    chosen["HTTPS_PROXY"] = reader.proxy.url
    if shell == "bash":
        lines = [f"export {name}={shlex.quote(value)}" for name, value in chosen.items()]
        return "\n".join([*lines, f'export PATH={shlex.quote(str(reader.bin))}:"$PATH"'])
    lines = [f"$env:{name} = {in_powershell(value)}" for name, value in chosen.items()]
    return "\n".join([*lines, f"$env:PATH = {in_powershell(f'{reader.bin}:')} + $env:PATH"])


def in_powershell(value: str) -> str:
    """A text as PowerShell takes it literally."""
    return "'" + value.replace("'", "''") + "'"


def main() -> None:
    folder = Path(tempfile.mkdtemp(prefix="pal-sandbox-"))
    try:
        with Proxy(folder / "ca", on_exchange=show) as proxy:
            emulator.serve(proxy, sample_world())
            reader = Reader(proxy, folder / "home")
            print(f"# Emulated Azure. Customer's tenant {samples.CUSTOMER_TENANT}, partner ID {samples.PARTNER_ID}.")
            print("# Nothing reaches Microsoft; sign-ins succeed by themselves. Stop with Ctrl+C.\n")
            print("# Bash or Zsh:\n" + exports(reader, "bash"))
            print("\n# PowerShell:\n" + exports(reader, "pwsh") + "\n", flush=True)
            threading.Event().wait()
    except KeyboardInterrupt:
        print("\nStopped.")
    finally:
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    sys.exit(main())
