"""login.microsoftonline.com: sign-in of people and applications.

Endpoints and fields are those the real clients need, found by running azure-identity, MSAL, Azure CLI and Azure PowerShell against it.
Error numbers and texts come from public reports listed in tests/data/token-errors.json; HTTP status and wording marked there as not
confirmed are modelled. Tokens are signed by the emulated world; nobody outside it accepts them.
"""

from __future__ import annotations

import base64
import hashlib
import json
import re
import secrets
import uuid
from collections.abc import Callable
from datetime import UTC, datetime
from html import escape
from pathlib import Path
from urllib.parse import urlencode

import jwt
from cryptography import x509
from cryptography.hazmat.primitives import hashes

from .arm import not_emulated
from .transport import Request, Response
from .world import Application, Person, World

HOST = "https://login.microsoftonline.com"
ERRORS = json.loads((Path(__file__).parent.parent / "data/token-errors.json").read_text())["errors"]
RESOURCE_MANAGER = "797f4846-ba00-4fd7-ba43-dac1f8f63013"  # how refusals call it (reported: azure-cli issue 6962)
CLIENT_CREDENTIALS, DEVICE_CODE = "client_credentials", "urn:ietf:params:oauth:grant-type:device_code"


class SignInError(Exception):
    """A refusal of the token service by AADSTS number, with the values its published text needs; `case` tells texts of one number apart."""

    def __init__(self, number: int, case: str = "", **values: str):
        self.number, self.case, self.values = number, case, values

    def body(self) -> tuple[int, dict]:
        known = ERRORS[f"{self.number}{self.case}"]
        now = datetime.now(UTC)
        trail = f" Trace ID: {uuid.uuid4()} Correlation ID: {uuid.uuid4()} Timestamp: {now:%Y-%m-%d %H:%M:%SZ}"
        text = f"AADSTS{self.number}: {known['text'].format(**self.values)}{trail}"
        return known["status"], {"error": known["error"], "error_description": text, "error_codes": [self.number]}


class Entra:
    """Callable host. `codes` holds what was handed out and not yet redeemed: each code and device code works once."""

    def __init__(self, world: World):
        self.world = world
        self.codes: dict[str, dict] = {}
        self.grants: dict[str, Callable[[str, dict], Response]] = {
            CLIENT_CREDENTIALS: self.grant_to_application,
            "authorization_code": self.grant_by_code,
            DEVICE_CODE: self.grant_by_device_code,
            "device_code": self.grant_by_device_code,  # the older name, which MSAL for .NET sends (seen with Az.Accounts 4.0.2)
            "refresh_token": self.grant_by_refresh_token,
        }

    def __call__(self, request: Request) -> Response:
        tenant, _, route = request.path.strip("/").partition("/")
        try:
            if route == "discovery/instance":
                return Response(200, instance_discovery())
            tenant = self.tenant(tenant)
            if route == "v2.0/.well-known/openid-configuration":
                return Response(200, openid_configuration(tenant))
            if route == "oauth2/v2.0/authorize":
                return self.authorize(tenant, request.query)
            if route == "oauth2/v2.0/devicecode":
                return self.start_device_code(tenant, request.form)
            if route == "oauth2/v2.0/token":
                form = request.form
                return self.grants[form["grant_type"]](tenant, form)
            return not_emulated(request)
        except SignInError as error:
            return Response(*error.body())

    def tenant(self, name: str) -> str:
        """A tenant ID, or the home tenant of whoever sits at the browser for `organizations` and `common`."""
        if name in {"organizations", "common"}:
            return name
        for tenant in self.world.tenants.values():
            if name.lower() in {tenant.id, tenant.domain}:
                return tenant.id
        raise SignInError(90002, tenant=name)

    # --- people ---

    def authorize(self, tenant: str, query: dict) -> Response:
        """The sign-in page: whoever is at the browser consents at once. Answers as the client asked, by form or redirect.

        An error goes back to the client here (modelled): the real page shows AADSTS50020 to the person and waits.
        """
        answer = {"state": query["state"]}
        try:
            person = self.member(tenant, self.world.at_the_browser)
            answer["code"] = self.hand_out(person, tenant, query)
        except SignInError as error:
            answer |= {k: v for k, v in error.body()[1].items() if k != "error_codes"}
        if query.get("response_mode") == "form_post":
            fields = "".join(f'<input type="hidden" name="{k}" value="{escape(v)}">' for k, v in answer.items())
            page = f'<form method="post" action="{escape(query["redirect_uri"])}">{fields}</form>'
            return Response(200, page.encode(), {"Content-Type": "text/html"})
        return Response(302, None, {"Location": f"{query['redirect_uri']}?{urlencode(answer)}"})

    def member(self, tenant: str, person: Person | None) -> Person:
        """Whoever signs in to `tenant`. SignInError 65004 when nobody does, 50020 for a stranger there (documented codes)."""
        if person is None:  # nobody signs in: the page was closed or cancelled
            raise SignInError(65004)
        if tenant in self.world.tenants and tenant not in person.objects:
            raise SignInError(
                50020,
                upn=person.upn,
                idp=f"https://sts.windows.net/{person.home}/",
                tenant=self.world.tenants[tenant].name,
                client_id="the client's ID",
            )
        return person

    def hand_out(self, person: Person, tenant: str, asked: dict) -> str:
        """A new code that stands for the sign-in until a client redeems it, once."""
        code = secrets.token_urlsafe(24)
        self.codes[code] = {"person": person, "tenant": tenant, "asked": asked}
        return code

    def start_device_code(self, tenant: str, form: dict) -> Response:
        """A device code that the person at the browser enters while the client waits for its first poll."""
        code = self.hand_out(self.world.at_the_browser, tenant, form)
        uri = "https://microsoft.com/devicelogin"
        message = f"To sign in, use a web browser to open the page {uri} and enter the code EMULATOR to authenticate."
        body = {"user_code": "EMULATOR", "device_code": code, "verification_uri": uri, "message": message}
        return Response(200, body | {"expires_in": 900, "interval": 1})

    def grant_by_device_code(self, tenant: str, form: dict) -> Response:
        grant = self.codes.pop(form["device_code"])
        factors = asked_factors(grant["asked"]) or asked_factors(form)  # a client may ask at either end
        return self.user_tokens(tenant, grant["person"], form | {"scope": grant["asked"]["scope"]}, factors)

    def grant_by_code(self, tenant: str, form: dict) -> Response:
        """Redeem a code once; the PKCE verifier must hash to the challenge that came with it (RFC 7636)."""
        grant = self.codes.pop(form["code"])
        digest = hashlib.sha256(form["code_verifier"].encode()).digest()
        assert grant["asked"]["code_challenge"] == base64url(digest), "PKCE verifier does not match its challenge"
        return self.user_tokens(
            tenant, grant["person"], form, asked_factors(grant["asked"]), grant["asked"].get("nonce")
        )

    def grant_by_refresh_token(self, tenant: str, form: dict) -> Response:
        """New tokens without the person. SignInError 50076 when they must prove more than their sign-in did (reported)."""
        signed_in = self.world.claims(form["refresh_token"])
        person = next(p for p in self.world.people if p.upn == signed_in["upn"])
        if not set(asked_factors(form)) <= set(signed_in["acrs"]):
            raise SignInError(50076, resource=RESOURCE_MANAGER)
        return self.user_tokens(tenant, person, form, signed_in["acrs"])

    def user_tokens(
        self, tenant: str, person: Person, form: dict, factors: list[str], nonce: str | None = None
    ) -> Response:
        """Access, ID and refresh token of `person` as the object they are in `tenant`.

        The access token carries the `factors` that the sign-in was asked for; whoever is at the browser has them all.
        """
        tenant = self.member(tenant, person).home if tenant in {"organizations", "common"} else tenant
        self.member(tenant, person)
        who = {
            "tid": tenant,
            "oid": person.objects[tenant],
            "sub": person.objects[tenant],
            "iss": f"{HOST}/{tenant}/v2.0",
        }
        id_claims = who | {"aud": form["client_id"], "preferred_username": person.upn, "name": person.upn}
        scope = form["scope"]
        return Response(
            200,
            {
                "token_type": "Bearer",
                "scope": scope,
                "expires_in": 3600,
                "ext_expires_in": 3600,
                "access_token": self.world.sign(
                    who
                    | {"aud": audience(scope), "upn": person.upn, "idtyp": "user", "appid": form["client_id"]}
                    | {"acrs": factors}
                ),
                "refresh_token": self.world.sign({"upn": person.upn, "acrs": factors}),
                "id_token": self.world.sign(id_claims | ({"nonce": nonce} if nonce else {})),
                "client_info": base64url(
                    json.dumps({"uid": person.objects[person.home], "utid": person.home}).encode()
                ),
            },
        )

    # --- applications ---

    def grant_to_application(self, tenant: str, form: dict) -> Response:
        """Client credentials by secret, certificate or federated token; the token names the service principal."""
        application = self.world.applications.get(form["client_id"])
        if application is None or tenant not in application.service_principals:
            # Reported: at home the application is known and its service principal is missed; elsewhere it is not even known.
            if application and tenant == application.home:
                raise SignInError(7000229, client_id=application.client_id, tenant=tenant)
            raise SignInError(700016, client_id=form["client_id"], tenant=self.world.tenants[tenant].name)
        if "client_secret" in form:
            if form["client_secret"] not in application.secrets:
                raise SignInError(7000215, client_id=form["client_id"])
            made = next((p for p in application.keys.values() if p.secret == form["client_secret"]), None)
            if made and self.world.clock() < made.known_from:  # not known everywhere yet (reported: the same number)
                raise SignInError(7000215, client_id=form["client_id"])
            if form["client_secret"] in application.expired or (made and self.world.clock() >= made.end):
                raise SignInError(7000222, client_id=form["client_id"])
        elif "client_assertion" in form:
            self.check_assertion(application, tenant, form["client_assertion"])
        else:
            raise SignInError(7000216)
        object_id = application.service_principals[tenant]
        claims = {"tid": tenant, "oid": object_id, "sub": object_id, "appid": application.client_id, "idtyp": "app"}
        token = self.world.sign(claims | {"aud": audience(form["scope"]), "iss": f"{HOST}/{tenant}/v2.0"})
        return Response(
            200, {"token_type": "Bearer", "expires_in": 3600, "ext_expires_in": 3600, "access_token": token}
        )

    def check_assertion(self, application: Application, tenant: str, assertion: str) -> None:
        """A JWT signed with the app's certificate, or one of a trusted issuer that matches a federated credential."""
        if not re.fullmatch(r"[\w-]+\.[\w-]+\.[\w-]+", assertion):  # RFC 7515; a line feed is none of it
            raise SignInError(50027)
        claimed = jwt.decode(assertion, options={"verify_signature": False})
        if claimed.get("iss") == application.client_id:
            check_certificate(application, tenant, assertion)
            return
        self.check_federated(application, claimed, assertion)

    def check_federated(self, application: Application, claimed: dict, assertion: str) -> None:
        """A token of another issuer must match one credential in issuer, audience and subject: SignInError says which differs.

        That each field has a number of its own is reported (data/token-errors.json). Which comes first when several differ is
        modelled: issuer, audience, subject, as the numbers count. A pair of issuer and subject is unique in an application
        (documented), so the audience is compared with that of the credential whose subject fits, if one does.
        """
        if not application.federated:
            raise SignInError(70025, client_id=application.client_id, name=application.name)
        trusted = [c for c in application.federated if c.issuer == claimed.get("iss")]
        if not trusted:
            raise SignInError(700211, issuer=claimed.get("iss", ""))
        if claimed["iss"] in self.world.unreachable_issuers:
            raise SignInError(501661)
        if claimed["iss"].startswith(HOST) and len(application.service_principals) > 1:  # multi-tenant (documented)
            raise SignInError(70052)
        issued = self.world.claims(assertion)
        if issued is None:
            raise SignInError(50013)
        meant = [c for c in trusted if c.subject == issued["sub"]]
        if issued["aud"] not in {c.audience for c in meant or trusted}:
            raise SignInError(700212, audience=issued["aud"])
        if not meant:
            same_but_case = issued["sub"].lower() in {c.subject.lower() for c in trusted}
            raise SignInError(7002138 if same_but_case else 700213, subject=issued["sub"])


# What a header may name a certificate by; SHA-1 finds it here and protects nothing.
THUMBPRINTS = {"x5t": hashes.SHA1(), "x5t#S256": hashes.SHA256()}  # noqa: S303


def check_certificate(application: Application, tenant: str, assertion: str) -> None:
    """The header names the certificate, and that one decides: registered or not (reported), whoever signed. SignInError otherwise.

    x5t#S256 is what Microsoft's page describes (certificate-credentials, 4 January 2025); x5t is what azure-identity and Azure CLI send.
    """
    header = jwt.get_unverified_header(assertion)
    kind = next((kind for kind in ("x5t#S256", "x5t") if kind in header), None)
    if kind is None:
        raise SignInError(50027)
    named = header[kind].rstrip("=")
    registered = [x509.load_pem_x509_certificate(pem.encode()) for pem in application.certificates]
    certificate = next((c for c in registered if base64url(c.fingerprint(THUMBPRINTS[kind])) == named), None)
    if certificate is None:
        thumbprint = base64.urlsafe_b64decode(f"{named}==").hex().upper()
        raise SignInError(700027, client_id=application.client_id, thumbprint=thumbprint)
    if not signed_with(certificate, assertion, tenant):
        raise SignInError(700027, "-signature", client_id=application.client_id)


def signed_with(certificate: x509.Certificate, assertion: str, tenant: str) -> bool:
    """Whether a client assertion was signed with this certificate's key for this tenant's token endpoint (RFC 7523)."""
    key = certificate.public_key()
    audiences = [f"{HOST}/{tenant}/oauth2/v2.0/token", f"{HOST}/{tenant}/v2.0"]
    try:
        jwt.decode(assertion, key, ["RS256", "PS256"], audience=audiences)
    except jwt.InvalidTokenError:
        return False
    return True


def asked_factors(request: dict) -> list[str]:
    """The values of `acrs` that the `claims` of a request want in the access token (OpenID Connect Core 5.5)."""
    wanted = json.loads(request.get("claims") or "{}").get("access_token", {})
    return wanted.get("acrs", {}).get("values", [])


def base64url(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def audience(scope: str) -> str:
    """The resource of the first `…/.default` in a scope string; the Azure CLI writes it with two slashes."""
    resource = next(s for s in scope.split() if s.startswith("http"))
    return resource.removesuffix(".default").rstrip("/")


def openid_configuration(tenant: str) -> dict:
    base = f"{HOST}/{tenant}"
    return {
        "issuer": f"{base}/v2.0",
        "authorization_endpoint": f"{base}/oauth2/v2.0/authorize",
        "token_endpoint": f"{base}/oauth2/v2.0/token",
        "device_authorization_endpoint": f"{base}/oauth2/v2.0/devicecode",
        "jwks_uri": f"{base}/discovery/v2.0/keys",
    }


# Names of one cloud (published answer of the service). MSAL for .NET keeps accounts under preferred_cache and finds them by these.
ALIASES = ["login.microsoftonline.com", "login.windows.net", "login.microsoft.com", "sts.windows.net"]


def instance_discovery() -> dict:
    host = HOST.removeprefix("https://")
    metadata = [{"preferred_network": host, "preferred_cache": "login.windows.net", "aliases": ALIASES}]
    return {
        "tenant_discovery_endpoint": f"{HOST}/common/v2.0/.well-known/openid-configuration",
        "api-version": "1.1",
        "metadata": metadata,
    }
