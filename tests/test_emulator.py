"""The emulator's contract: recorded traffic replays, published shapes hold, and whatever it does not know is loud."""

from __future__ import annotations

import json
import os
import shlex
import socket
import ssl
import subprocess
import sys
import threading
import time
import urllib.error
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import jsonschema
import jwt
import pytest
import requests
import sandbox
from azure.core.exceptions import ClientAuthenticationError
from azure.identity import ClientAssertionCredential, ClientSecretCredential
from azure.mgmt.managementpartner import ACEProvisioningManagementPartnerAPI
from conftest import AZ, ME, need, token
from cryptography import x509
from cryptography.hazmat.primitives import serialization
from emulator import browser, samples
from emulator.entra import THUMBPRINTS, audience, base64url
from emulator.harness import ROOT, Reader
from emulator.transport import Fault, Proxy, Response
from emulator.world import (
    ENTRA_AUDIENCE,
    GLOBAL_ACCOUNT_ID,
    OTHER_CUSTOMER,
    Application,
    FederatedCredential,
    Link,
    World,
)
from principals import key_pair

DATA = Path(__file__).parent / "data"
RECORDED = json.loads((DATA / "recorded-exchanges.json").read_text())["exchanges"]
API = json.loads((DATA / "managementpartner-api.json").read_text())
PARTNERS = "https://management.azure.com/providers/Microsoft.ManagementPartner/partners"
VERSION = "?api-version=2018-02-01"


# --- recorded traffic ---


def arrange(world: World, recorded: dict) -> tuple[str, str]:
    """Put the world where it must have been just before this answer, and return who asked."""
    body = recorded["body"] or {}
    link = body.get("properties") or {"tenantId": ME[0], "objectId": ME[1]}
    who = (link["tenantId"], link["objectId"])
    if "version" in link:
        world.partners[link["partnerId"]] = ""
        # a write found the version before it; a read found this one
        version = link["version"] - (recorded["method"] != "GET")
        state = "Deleted" if recorded["method"] == "PUT" else "Active"
        world.links[who] = Link(link["partnerId"], *who, version, link["createdTime"], link["updatedTime"], state)
        world.now = lambda: link["updatedTime"]
    return who


@pytest.mark.parametrize("recorded", RECORDED, ids=[r["id"] for r in RECORDED])
def test_recorded_exchange_replays(recorded: dict, world: World, session: requests.Session) -> None:
    who = arrange(world, recorded)
    session.headers["Authorization"] = f"Bearer {token(world, *who)}"
    answer = session.request(recorded["method"], recorded["url"])
    assert answer.status_code == recorded["status"]
    body = answer.json() if answer.content else None
    if body and "properties" in body:
        body["properties"].pop("partnerName")  # the service sends it only since mid 2018 (reported)
        assert list(body["properties"]) == list(recorded["body"]["properties"]), "key order on the wire"
    assert body == recorded["body"]
    headers = recorded["headers"] | ({} if answer.status_code >= 400 else {"content-length": None})
    for name, value in headers.items():
        assert value is None or answer.headers[name] == value


def test_counters_and_created_time_survive_delete(world: World, session: requests.Session) -> None:
    """Every write counts, delete included; the first createdTime stays for ever (recorded: 57, 59, 61, 63, 64)."""
    first = session.put(f"{PARTNERS}/1234567{VERSION}").json()
    assert session.delete(f"{PARTNERS}/1234567{VERSION}").status_code == 200
    again = session.put(f"{PARTNERS}/7654321{VERSION}").json()
    changed = session.patch(f"{PARTNERS}/1234567{VERSION}").json()
    assert [r["etag"] for r in (first, again, changed)] == [1, 3, 4]
    assert {r["properties"]["createdTime"] for r in (first, again, changed)} == {first["properties"]["createdTime"]}
    assert changed["id"].endswith("/1234567")
    assert session.get(f"{PARTNERS}{VERSION}").json()["etag"] == 4, "reading counts nothing"


# --- published shapes ---


@pytest.mark.parametrize(("method", "path", "operation"), API["operations"], ids=[o[2] for o in API["operations"]])
def test_answers_have_the_published_shape(method: str, path: str, operation: str, world, session) -> None:
    if operation != "Partner_Create":
        world.create_link(*ME, samples.PARTNER_ID)
    url = f"https://management.azure.com{path}{VERSION}".replace("{partnerId}", samples.PARTNER_ID)
    answer = session.request(method, url)
    assert answer.status_code == 200
    if operation == "Partner_Delete":
        assert answer.content == b""
        return
    shape = "OperationList" if operation == "Operation_List" else "PartnerResponse"
    validate(answer.json(), shape)
    refusal = session.request(method, url.replace(VERSION, ""))
    assert refusal.status_code == 400
    validate(refusal.json(), "Error")


def validate(body: dict, shape: str) -> None:
    schema = {"$ref": f"#/definitions/{shape}", "definitions": API["definitions"]}
    jsonschema.Draft7Validator(schema, format_checker=jsonschema.FormatChecker()).validate(body)


# --- what every client relies on ---


@pytest.mark.parametrize("path", ["/partners", "/partners/", "/PARTNERS/1234567"])
def test_link_is_found_whatever_the_slash_or_case(path: str, world: World, session: requests.Session) -> None:
    world.create_link(*ME, samples.PARTNER_ID)
    answer = session.get(f"https://management.azure.com/providers/microsoft.managementpartner{path}{VERSION}")
    assert answer.json()["name"] == samples.PARTNER_ID


@pytest.mark.parametrize("partner_id", ["9999999", GLOBAL_ACCOUNT_ID, "abc", "1234567%20"])
def test_only_location_account_ids_are_partner_ids(partner_id: str, world: World, session: requests.Session) -> None:
    answer = session.put(f"{PARTNERS}/{partner_id}{VERSION}")
    assert (answer.status_code, answer.json()["code"]) == (400, "PartnerIdInvalid")
    assert world.links == {}


def test_each_tenant_keeps_its_own_link(world: World, session: requests.Session) -> None:
    session.put(f"{PARTNERS}/1234567{VERSION}")
    session.headers["Authorization"] = f"Bearer {token(world, OTHER_CUSTOMER, world.people[0].objects[OTHER_CUSTOMER])}"
    assert session.get(f"{PARTNERS}{VERSION}").status_code == 404


@pytest.mark.parametrize(
    "header",
    [None, "Basic x", "Bearer x.y.z", "expired", "graph"],
    ids=["none", "not-bearer", "forged", "expired", "other-audience"],
)
def test_no_usable_token_is_401(header: str | None, world: World, session: requests.Session) -> None:
    made = {
        "expired": f"Bearer {token(world, exp=1)}",
        "graph": f"Bearer {token(world, aud='https://graph.microsoft.com')}",
    }
    session.headers["Authorization"] = made.get(header, header) if header else None
    answer = session.put(f"{PARTNERS}/1234567{VERSION}")
    assert answer.status_code == 401
    assert world.links == {}


def test_put_without_content_length_is_refused(world: World, reader: Reader) -> None:
    need("curl")
    url = f"{PARTNERS}/1234567{VERSION}"
    config = f'header = "Authorization: Bearer {token(world)}"'
    result = reader.command("curl", "-sS", "-X", "PUT", "-w", "%{http_code}", "-K", "-", url, stdin=config)
    assert result.stdout.endswith("411")
    assert world.links == {}


# --- loud where it knows nothing ---


def test_unknown_route_is_501_and_fails_the_reader(session: requests.Session, proxy: Proxy, tmp_path: Path) -> None:
    answer = session.get("https://management.azure.com/providers/Microsoft.Nothing?api-version=1")
    assert answer.status_code == 501
    with pytest.raises(AssertionError, match="routes the emulator lacks"):
        Reader(proxy, tmp_path / "r").check()


def test_unknown_host_is_refused_and_fails_the_reader(session: requests.Session, proxy: Proxy, tmp_path: Path) -> None:
    with pytest.raises(requests.exceptions.ProxyError):
        session.get("https://example.com/")
    with pytest.raises(AssertionError, match=r"outside the emulator: \['example.com'\]"):
        Reader(proxy, tmp_path / "r").check()


def test_failure_inside_the_emulator_fails_the_reader(
    session: requests.Session, world: World, proxy: Proxy, tmp_path: Path
) -> None:
    world.read_link = None  # type: ignore[assignment, method-assign]
    assert session.get(f"{PARTNERS}{VERSION}").status_code == 500
    with pytest.raises(AssertionError, match="NoneType"):
        Reader(proxy, tmp_path / "r").check()
    proxy.errors.clear()


def test_client_without_our_ca_is_recorded(proxy: Proxy, world: World) -> None:
    host, _, port = proxy.url.removeprefix("http://").partition(":")
    with socket.create_connection((host, int(port))) as connection:
        connection.sendall(b"CONNECT management.azure.com:443 HTTP/1.1\r\n\r\n")
        assert b"200" in connection.recv(1024)
        with pytest.raises(ssl.SSLCertVerificationError):
            ssl.create_default_context().wrap_socket(connection.dup(), server_hostname="management.azure.com")
        while connection.recv(1024):
            pass  # until the emulator has closed its side, after writing its record
    assert any("TLS failed" in refusal for refusal in proxy.refused)


def test_refusal_of_a_client_that_is_gone_is_waited_for(proxy: Proxy, world: World, monkeypatch) -> None:
    """The client leaves before the emulator has looked at its handshake: `settle` returns after the record, not before."""
    go_on, context = threading.Event(), proxy.context
    monkeypatch.setattr(proxy, "context", lambda name: go_on.wait(30) and context(name))
    host, _, port = proxy.url.removeprefix("http://").partition(":")
    with socket.create_connection((host, int(port))) as connection:
        connection.sendall(b"CONNECT management.azure.com:443 HTTP/1.1\r\n\r\n")
        assert b"200" in connection.recv(1024)
        connection.sendall(b"no TLS")
    (waiting := threading.Thread(target=proxy.settle, args=(30,))).start()
    waiting.join(0.2)
    assert waiting.is_alive() and not proxy.refused
    go_on.set()
    waiting.join()
    assert any("TLS failed" in refusal for refusal in proxy.refused)


def test_fault_can_lose_the_answer_after_the_write(world: World, session: requests.Session, proxy: Proxy) -> None:
    """The retry of a create whose answer was lost meets its own link."""
    proxy.faults.append(Fault(lambda r: r.method == "PUT", None, apply=True))
    with pytest.raises(requests.exceptions.ConnectionError):
        session.put(f"{PARTNERS}/1234567{VERSION}")
    assert world.active_links() == {ME: samples.PARTNER_ID}


def test_throttling_is_survived_by_the_real_client(world: World, proxy: Proxy, online: None) -> None:
    application(world)
    throttled = Response(429, {"error": {"code": "TooManyRequests", "message": "x"}}, {"Retry-After": "0"})
    proxy.faults.append(Fault(lambda r: r.method == "PUT", throttled, times=2))
    credential = ClientSecretCredential(samples.CUSTOMER_TENANT, samples.CLIENT_ID, "sesame")
    ACEProvisioningManagementPartnerAPI(credential).partner.create(samples.PARTNER_ID)
    assert [e.response.status for e in proxy.exchanges if e.request.method == "PUT"] == [429, 429, 200]


# --- sign-in, with the real azure-identity ---


@pytest.fixture(name="online")
def _online(proxy: Proxy, world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """This very process reaches the emulator as a client does: by environment."""
    for name in ("HTTPS_PROXY", "HTTP_PROXY"):
        monkeypatch.setenv(name, proxy.url)
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(proxy.ca_file))


def application(world: World) -> Application:
    app = Application(samples.CLIENT_ID, "pal", {samples.CUSTOMER_TENANT: samples.SERVICE_PRINCIPAL}, {"sesame"})
    app.federated.append(FederatedCredential("https://issuer.example", "repo:contoso/app:environment:azure"))
    world.applications[app.client_id] = app
    return app


def claims_of(world: World, credential) -> dict:
    return world.claims(credential.get_token("https://management.azure.com/.default").token) or {}


def test_secret_signs_the_service_principal_in(world: World, online: None) -> None:
    application(world)
    claims = claims_of(world, ClientSecretCredential(samples.CUSTOMER_TENANT, samples.CLIENT_ID, "sesame"))
    assert (claims["tid"], claims["oid"]) == (samples.CUSTOMER_TENANT, samples.SERVICE_PRINCIPAL)


@pytest.mark.parametrize(
    ("tenant", "client_id", "secret", "message"),
    [
        (samples.CUSTOMER_TENANT, samples.CLIENT_ID, "wrong", "AADSTS7000215"),
        (samples.HOME_TENANT, samples.CLIENT_ID, "sesame", "AADSTS700016"),
        (samples.CUSTOMER_TENANT, samples.SUBSCRIPTION, "sesame", "AADSTS700016"),
    ],
    ids=["wrong-secret", "app-not-in-tenant", "no-such-app"],
)
def test_wrong_application_sign_in(world, online, tenant: str, client_id: str, secret: str, message: str) -> None:
    application(world)
    with pytest.raises(ClientAuthenticationError, match=message):
        claims_of(world, ClientSecretCredential(tenant, client_id, secret))


def test_application_without_service_principal_at_home_is_not_one_of_another_tenant(world: World, online: None) -> None:
    application(world).service_principals.clear()
    for tenant, message in {samples.CUSTOMER_TENANT: "AADSTS7000229", samples.HOME_TENANT: "AADSTS700016"}.items():
        with pytest.raises(ClientAuthenticationError, match=f"{message}: "):
            claims_of(world, ClientSecretCredential(tenant, samples.CLIENT_ID, "sesame"))


def thumbprint(pem: str, kind: str) -> str:
    certificate = x509.load_pem_x509_certificate(pem.encode())
    return base64url(certificate.fingerprint(THUMBPRINTS[kind]))


@pytest.mark.parametrize("kind", ["x5t", "x5t#S256"])
@pytest.mark.parametrize(
    ("named", "signed", "message"),
    [
        ("ours", "ours", None),
        ("other", "ours", "AADSTS700027.*Thumbprint of key used by client: '[0-9A-F]+'"),
        ("ours", "other", "AADSTS700027"),
        ("other", "other", "AADSTS700027"),
        (None, "ours", "AADSTS50027"),
    ],
)
def test_the_certificate_that_the_header_names_decides(
    named: str | None, signed: str, message: str | None, kind: str, world: World, online: None
) -> None:
    pairs = {name: key_pair(f"{name}.example") for name in ("ours", "other")}
    application(world).certificates.append(pairs["ours"][1])
    base = f"https://login.microsoftonline.com/{samples.CUSTOMER_TENANT}/oauth2/v2.0/token"
    claims = {"aud": base, "iss": samples.CLIENT_ID, "sub": samples.CLIENT_ID, "exp": int(time.time()) + 600}
    header = {kind: thumbprint(pairs[named][1], kind)} if named else {}
    key = serialization.load_pem_private_key(pairs[signed][0], None)
    assertion = jwt.encode(claims, key, "RS256", headers=header)
    credential = ClientAssertionCredential(samples.CUSTOMER_TENANT, samples.CLIENT_ID, lambda: assertion)
    if message is None:
        assert claims_of(world, credential)["oid"] == samples.SERVICE_PRINCIPAL
    else:
        with pytest.raises(ClientAuthenticationError, match=message):
            claims_of(world, credential)


@pytest.mark.parametrize(
    ("claims", "message"),
    [
        ({}, None),
        ({"sub": "repo:contoso/app:environment:AZURE"}, "AADSTS7002138"),
        ({"sub": "repo:fork/app:environment:azure"}, "AADSTS700213"),
        ({"aud": "https://github.com/contoso"}, "AADSTS700212: .* audience 'https://github.com/contoso'"),
        ({"aud": "https://github.com/contoso", "sub": "another"}, "AADSTS700212"),
        ({"iss": "https://evil.example"}, "AADSTS700211: .* issuer 'https://evil.example'"),
        ({"iss": "https://evil.example", "aud": "another", "sub": "another"}, "AADSTS700211"),
        ({"iss": "https://issuer.example/"}, "AADSTS700211"),
        ({"exp": 1}, "AADSTS50013"),
    ],
    ids=["match", "case", "fork", "audience", "audience-first", "issuer", "issuer-first", "slash", "expired"],
)
def test_federated_credential_is_compared_exactly(world, online, claims: dict, message: str | None) -> None:
    application(world)
    good = {"iss": "https://issuer.example", "sub": "repo:contoso/app:environment:azure"}
    assertion = world.sign(good | {"aud": ENTRA_AUDIENCE} | claims)
    credential = ClientAssertionCredential(samples.CUSTOMER_TENANT, samples.CLIENT_ID, lambda: assertion)
    if message is None:
        assert claims_of(world, credential)["oid"] == samples.SERVICE_PRINCIPAL
    else:
        with pytest.raises(ClientAuthenticationError, match=message):
            claims_of(world, credential)


def test_audience_is_that_of_the_credential_whose_subject_fits(world: World, online: None) -> None:
    """Another credential of the same issuer must not hide that this one names another audience."""
    known = [
        FederatedCredential("https://issuer.example", "a"),
        FederatedCredential("https://issuer.example", "b", "x"),
    ]
    application(world).federated = known
    assertion = world.sign({"iss": "https://issuer.example", "sub": "b", "aud": ENTRA_AUDIENCE})
    with pytest.raises(ClientAuthenticationError, match="AADSTS700212"):
        claims_of(world, ClientAssertionCredential(samples.CUSTOMER_TENANT, samples.CLIENT_ID, lambda: assertion))


@pytest.mark.parametrize(("reason", "message"), [("no credential", "AADSTS70025"), ("no keys", "AADSTS501661")])
def test_federated_sign_in_that_cannot_be_judged(reason: str, message: str, world: World, online: None) -> None:
    if reason == "no credential":
        application(world).federated = []
    else:
        application(world)
        world.unreachable_issuers.add("https://issuer.example")
    who = {"iss": "https://issuer.example", "sub": "repo:contoso/app:environment:azure", "aud": ENTRA_AUDIENCE}
    assertion = world.sign(who)
    with pytest.raises(ClientAuthenticationError, match=message):
        claims_of(world, ClientAssertionCredential(samples.CUSTOMER_TENANT, samples.CLIENT_ID, lambda: assertion))


def test_assertion_of_nobody_is_refused(world: World, online: None) -> None:
    application(world)
    with pytest.raises(ClientAuthenticationError, match="AADSTS700211"):
        forged = token(world)[:-4] + "AAAA"
        claims_of(world, ClientAssertionCredential(samples.CUSTOMER_TENANT, samples.CLIENT_ID, lambda: forged))


@pytest.mark.parametrize("assertion", ["two.parts", "no.token.at all", "{token}\n"])
def test_malformed_assertion_is_refused_not_a_failure(assertion: str, world: World, online: None) -> None:
    application(world)
    claims = {"iss": "https://issuer.example", "sub": "repo:contoso/app:environment:azure", "aud": ENTRA_AUDIENCE}
    given = assertion.format(token=world.sign(claims))
    credential = ClientAssertionCredential(samples.CUSTOMER_TENANT, samples.CLIENT_ID, lambda: given)
    with pytest.raises(ClientAuthenticationError, match="AADSTS50027"):
        credential.get_token("https://management.azure.com/.default")


def test_codes_work_once_and_need_their_verifier(world: World, session: requests.Session, proxy: Proxy) -> None:
    base = f"https://login.microsoftonline.com/{samples.CUSTOMER_TENANT}/oauth2/v2.0"
    query = {"state": "s", "redirect_uri": "http://localhost:1", "code_challenge": "x", "client_id": "c"}
    answer = session.get(f"{base}/authorize", params=query, allow_redirects=False)
    code = answer.headers["Location"].split("code=")[1]
    form = {"grant_type": "authorization_code", "code": code, "code_verifier": "y", "client_id": "c", "scope": "x"}
    session.headers.pop("Content-Length")
    assert session.post(f"{base}/token", data=form).status_code == 500, "a wrong verifier is an error of the test"
    assert session.post(f"{base}/token", data=form).status_code == 500, "a code works once"
    verifier, used = proxy.errors
    assert isinstance(verifier, AssertionError) and "PKCE verifier" in str(verifier)
    assert isinstance(used, KeyError) and used.args == (code,)
    proxy.errors.clear()


def test_scopes_name_their_resource_whatever_the_slashes() -> None:
    asked = "https://management.core.windows.net//.default offline_access"
    assert audience(asked) == "https://management.core.windows.net"


def test_sign_in_without_tenant_reaches_every_tenant_of_a_guest(reader: Reader, world: World) -> None:
    """Azure CLI asks for the tenants and redeems its refresh token in each."""
    need(AZ)
    result = reader.command("az", "login", "--allow-no-subscriptions", "--query", "[].tenantId", "--output", "tsv")
    assert result.code == 0, result.output
    assert set(result.stdout.split()) == set(world.people[0].objects)


def test_the_browser_waits_for_a_client_that_does_not_listen_yet(monkeypatch: pytest.MonkeyPatch) -> None:
    """MSAL for .NET opens the browser before it listens for the answer."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        address = free.getsockname()
    listening: list[ThreadingHTTPServer] = []

    def listen(seconds: float) -> None:
        listening.append(server := ThreadingHTTPServer(address, BaseHTTPRequestHandler))
        threading.Thread(target=server.handle_request, daemon=True).start()

    monkeypatch.setattr(browser.time, "sleep", listen)
    with pytest.raises(urllib.error.HTTPError, match="501"):  # an answer, of a client that knows no GET
        browser.send(f"http://127.0.0.1:{address[1]}/")
    listening[0].server_close()


def test_real_clock_writes_times_as_the_service_does() -> None:
    world = World()
    moment = datetime.fromisoformat(world.now())
    assert abs(datetime.now(UTC) - moment) < timedelta(minutes=1)


def test_sandbox_lines_turn_a_terminal_into_the_readers(reader: Reader, world: World) -> None:
    """What `make sandbox` prints is enough for a terminal that knows nothing else."""
    lines = sandbox.exports(reader, "bash")
    script = f"{lines}\n{shlex.join([sys.executable, str(ROOT / 'snippets/users/link.py')])}"
    env = {"PATH": os.environ["PATH"]}
    subprocess.run(["bash", "-c", script], cwd=reader.work, env=env, check=True, capture_output=True)
    assert world.active_links() == {ME: samples.PARTNER_ID}
