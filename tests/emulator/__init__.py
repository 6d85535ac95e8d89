"""An emulated Azure for tests: real clients, unmodified, talk to it through a proxy.

`serve` puts a world behind a running proxy. Rooms: transport (bytes), world (rules), one module per host, one per further resource
provider (authorization, deployments with template, managed_identity, managedservices), harness (run a file as a reader would) and
warm (start clients quickly).
"""

from __future__ import annotations

from .arm import Arm
from .ci_tokens import AzureDevOpsTokens, GitHubTokens
from .entra import Entra
from .extension_index import extension_index
from .graph import Graph
from .imds import Imds
from .transport import Proxy
from .world import World

HOSTS = {
    "management.azure.com": Arm,
    "login.microsoftonline.com": Entra,
    "graph.microsoft.com": Graph,
    "169.254.169.254": Imds,
    "token.actions.githubusercontent.com": GitHubTokens,
    "dev.azure.com": AzureDevOpsTokens,
    "aka.ms": extension_index,
    "azcliextensionsync.blob.core.windows.net": extension_index,
}


def serve(proxy: Proxy, world: World) -> None:
    """Let `proxy` answer for `world` from now on, and forget what it saw before."""
    proxy.hosts = {name: host(world) for name, host in HOSTS.items()}
    proxy.reset()
