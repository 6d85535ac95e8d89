"""Service principals for the pages "sp" and "tag": what surrounds their files, and what must hold afterwards."""

from __future__ import annotations

import functools

import trustme
from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.serialization import pkcs12
from emulator import samples
from emulator.authorization import PROVIDER, ROLES
from emulator.harness import Reader
from emulator.world import ENTRA_AUDIENCE, Application, FederatedCredential, ManagedIdentity, RoleAssignment, World

PRINCIPAL = (samples.CUSTOMER_TENANT, samples.SERVICE_PRINCIPAL)
NAME = f"Partner Admin Link {samples.PARTNER_ID}"
SECRET = '-8Q~it\'s "a" $(secret) & more+%'  # characters that careless quoting or encoding would lose
ISSUER, SUBJECT = "https://oidc.example/cluster", "system:serviceaccount:pal:linker"
SYSTEM_ASSIGNED = "b1b1b1b1-0000-4000-8000-000000000001"
CHOSEN = (samples.SUBSCRIPTION, samples.SECOND_SUBSCRIPTION)
NOT_CHOSEN = "b1b1b1b1-0000-4000-8000-000000000002"


@functools.cache
def key_pair(name: str = "pal.example") -> tuple[bytes, str, bytes]:
    """A new RSA key with its certificate: as PEM with both, the certificate alone, and as PFX with password "pfx"."""
    made = trustme.CA(key_type=trustme.KeyType.RSA).issue_cert(name, key_type=trustme.KeyType.RSA)
    certificate = made.cert_chain_pems[0].bytes()
    return (
        made.private_key_pem.bytes() + certificate,
        certificate.decode(),
        as_pfx(made.private_key_pem.bytes() + certificate),
    )


LOCKED = serialization.BestAvailableEncryption(b"pfx")


def as_pfx(pem: bytes, *others: str, password: bool = True) -> bytes:
    """A PEM file's key and certificate as PFX, with password "pfx" or with none; `others` are further certificates in it."""
    key, certificate = serialization.load_pem_private_key(pem, None), x509.load_pem_x509_certificate(pem)
    chain = [x509.load_pem_x509_certificate(other.encode()) for other in others]
    return pkcs12.serialize_key_and_certificates(
        b"pal", key, certificate, chain, LOCKED if password else serialization.NoEncryption()
    )


def as_locked_pem(pem: bytes) -> bytes:
    """A PEM file with its key under password "pfx"."""
    key, certificate = serialization.load_pem_private_key(pem, None), x509.load_pem_x509_certificate(pem)
    kinds = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8
    return key.private_bytes(*kinds, LOCKED) + certificate.public_bytes(kinds[0])


def every_credential(world: World, reader: Reader) -> None:
    """One principal with every kind of credential, and a reader who has them all in files and variables."""
    pem, certificate, pfx = key_pair()
    world.applications[samples.CLIENT_ID] = Application(
        samples.CLIENT_ID, NAME, dict([PRINCIPAL]), {SECRET}, [certificate], [FederatedCredential(ISSUER, SUBJECT)]
    )
    world.machine_identities += [
        ManagedIdentity(SYSTEM_ASSIGNED, samples.SERVICE_PRINCIPAL, samples.CUSTOMER_TENANT),
        ManagedIdentity(
            samples.MANAGED_IDENTITY_CLIENT_ID,
            samples.SERVICE_PRINCIPAL,
            samples.CUSTOMER_TENANT,
            system_assigned=False,
        ),
    ]
    for name, content in {"pal.pem": pem, "pal.pfx": pfx, "token": federated_token(world).encode()}.items():
        (reader.home / name).write_bytes(content)
    reader.extra |= {
        "AZURE_CLIENT_SECRET": SECRET,
        "AZURE_CLIENT_CERTIFICATE_PATH": str(reader.home / "pal.pem"),
        "AZURE_CLIENT_PFX_PATH": str(reader.home / "pal.pfx"),
        "AZURE_CLIENT_PFX_PASSWORD": "pfx",
        "AZURE_FEDERATED_TOKEN_FILE": str(reader.home / "token"),
    }


def federated_token(world: World, **claims: str) -> str:
    """A token that the application trusts, unless `claims` (iss, sub, aud) say otherwise."""
    return world.sign({"iss": ISSUER, "sub": SUBJECT, "aud": ENTRA_AUDIENCE} | claims)


# --- a principal only for PAL ---


def three_subscriptions(world: World, reader: Reader) -> None:
    """The customer has three subscriptions and chose two of them."""
    names = {samples.SECOND_SUBSCRIPTION: "Contoso Test", NOT_CHOSEN: "Contoso Payroll"}
    world.tenants[samples.CUSTOMER_TENANT].subscriptions |= names


def with_link(world: World, who: tuple[str, str], role: bool = False) -> None:
    """The principal as `tag/create` leaves it: linked, without credential; with `role` also as `tag/assign` does."""
    world.applications[samples.CLIENT_ID] = Application(samples.CLIENT_ID, NAME, dict([PRINCIPAL]))
    world.create_link(*who, samples.PARTNER_ID)
    for subscription in CHOSEN if role else ():
        (role_id,), scope = ROLES, f"/subscriptions/{subscription}"
        world.role_assignments.append(
            RoleAssignment(
                f"{scope}{PROVIDER}/roleAssignments/{subscription}",
                scope,
                f"{scope}{PROVIDER}/roleDefinitions/{role_id}",
                who[1],
                "ServicePrincipal",
                world.now(),
                who[1],
            )
        )


def one_principal_without_credential(world: World) -> None:
    (application,) = world.applications.values()
    assert (application.name, application.service_principals) == (NAME, dict([PRINCIPAL]))
    assert application.audience == "AzureADMyOrg", "other tenants could sign in to it"
    assert not (application.secrets or application.keys or application.certificates or application.federated)


def nothing_assigned(world: World) -> None:
    assert world.role_assignments == []


def role_in_both_chosen_subscriptions(world: World) -> None:
    grants = [
        (a.scope, a.role_definition_id.rpartition("/")[2], a.principal_id, a.principal_type)
        for a in world.role_assignments
    ]
    (role_id,) = ROLES
    who = (role_id, samples.SERVICE_PRINCIPAL, "ServicePrincipal")
    assert grants == [(f"/subscriptions/{s}", *who) for s in CHOSEN]


def nothing_left(world: World) -> None:
    assert (world.applications, world.role_assignments) == ({}, [])
