"""The token issuers of pipelines: GitHub Actions, Azure DevOps and GitLab.

A job object is what the platform knows of one running job. `variables(world)` gives the environment that the platform sets for it, and
registers the job, so that its bearer token can ask for an ID token. Claims that Entra ID compares (issuer, subject, audience) and the
subject formats follow the vendors' published pages (spec); host and path of the GitHub request address and all other values are modelled.
Tokens are signed by the emulated world.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass

from . import samples
from .arm import not_emulated
from .transport import Request, Response
from .world import ENTRA_AUDIENCE, World

GITHUB, GITLAB = "https://token.actions.githubusercontent.com", "https://gitlab.com"
AZURE_DEVOPS_COLLECTION = "https://dev.azure.com/fabrikam/"
SERVICE_CONNECTION = "d0d0d0d0-0000-4000-8000-000000000001"
ORGANISATION = "d0d0d0d0-0000-4000-8000-000000000002"
LIFETIME = 600


@dataclass(frozen=True)
class GitHubJob:
    """A GitHub Actions job. `id_token` is the permission `id-token: write`: without it the request variables do not exist (spec).

    `template` is what the organisation or repository set as `include_claim_keys`. `issuer` may be an enterprise's own (spec).
    """

    environment: str | None = "partner-admin-link"
    template: tuple[str, ...] = ("repo", "context")
    issuer: str = GITHUB
    repository: str = "fabrikam/partner-admin-link"
    owner_id: str = "1001"
    repository_id: str = "2002"
    ref: str = "refs/heads/main"
    event: str = "workflow_dispatch"
    immutable: bool = True
    id_token: bool = True

    @property
    def subject(self) -> str:
        """The keys of the template with their values, joined by colons; a colon in a value is %3A (spec)."""
        owner, name = self.repository.split("/")
        # With IDs for repositories created after 15 July 2026, also in a template (spec).
        who = f"{owner}@{self.owner_id}/{name}@{self.repository_id}" if self.immutable else self.repository
        parts = {"repo": f"repo:{who}", "context": self.context}
        return ":".join(parts.get(key) or f"{key}:{self.facts[key].replace(':', '%3A')}" for key in self.template)

    @property
    def context(self) -> str:
        """What follows the repository in the default form. First match wins: environment, pull request, ref (spec)."""
        if self.environment:
            return f"environment:{self.environment.replace(':', '%3A')}"
        return "pull_request" if self.event == "pull_request" else f"ref:{self.ref}"

    @property
    def lacks_environment(self) -> bool:
        """Whether the template has `environment`, which makes one required (spec), and the job names none."""
        return "environment" in self.template and not self.environment

    def claims(self, audience: str) -> dict[str, object]:
        return {"iss": self.issuer, "sub": self.subject, "aud": audience} | self.facts

    @property
    def facts(self) -> dict[str, str]:
        """The claims that tell of the job, by the name that a template's key has."""
        workflow = f"{self.repository}/.github/workflows/partner-admin-link.yml@{self.ref}"
        return {
            "ref": self.ref,
            "ref_type": "branch",
            "repository": self.repository,
            "repository_id": self.repository_id,
            "repository_owner": self.repository.split("/")[0],
            "repository_owner_id": self.owner_id,
            "repository_visibility": "private",
            "workflow": "Partner Admin Link",
            "workflow_ref": workflow,
            "job_workflow_ref": workflow,
            "event_name": self.event,
            "actor": "engineer",
            "run_id": "1",
            "run_number": "1",
            "run_attempt": "1",
            "runner_environment": "github-hosted",
        } | ({"environment": self.environment} if self.environment else {})

    def variables(self, world: World) -> dict[str, str]:
        if not self.id_token:
            return {}
        return {
            "ACTIONS_ID_TOKEN_REQUEST_URL": f"{GITHUB}/idtoken?api-version=2.0",
            "ACTIONS_ID_TOKEN_REQUEST_TOKEN": register(world, self),
        }


@dataclass(frozen=True)
class AzureDevOpsJob:
    """An Azure Pipelines job that may use one service connection; `issuer` and `subject` are those that the connection shows.

    The default is the form of connections made since about November 2025; `retiring` gives the older one. `subscription` is that of
    the connection, if it holds one.
    """

    issuer: str = f"https://login.microsoftonline.com/{samples.CUSTOMER_TENANT}/v2.0"
    subject: str = "/eid1/c/pub/t/copy-it/a/from-the/sc/service-connection"  # opaque: no source tells what is in it
    connection: str = SERVICE_CONNECTION
    subscription: str | None = None

    @classmethod
    def through(cls, name: str) -> AzureDevOpsJob:
        """A job that uses the service connection called `name`: each has a subject of its own (spec)."""
        trusted = cls()
        return trusted if name == "partner-admin-link" else cls(subject=f"{trusted.subject.rpartition('/')[0]}/{name}")

    @classmethod
    def retiring(cls) -> AzureDevOpsJob:
        """A connection with the issuer of Azure DevOps, which retires on 1 July 2027 (spec)."""
        return cls(
            f"https://vstoken.dev.azure.com/{ORGANISATION}", "sc://fabrikam/partner-admin-link/partner-admin-link"
        )

    def claims(self, audience: str = ENTRA_AUDIENCE) -> dict[str, object]:
        return {"iss": self.issuer, "sub": self.subject, "aud": audience}

    def variables(self, world: World) -> dict[str, str]:
        """`System.AccessToken` is a macro, not an environment variable, until a step maps it (spec)."""
        return {
            "SYSTEM_OIDCREQUESTURI": f"{AZURE_DEVOPS_COLLECTION}pal/_apis/distributedtask/hubs/build/plans/1/jobs/1/oidctoken",
            "System.AccessToken": register(world, self),
        }


@dataclass(frozen=True)
class GitLabJob:
    """A GitLab job on a branch. `components` is the project's `ci_id_token_sub_claim_components` (spec).

    `source` is how the pipeline was started: "web" is the New pipeline page (spec).
    """

    project: str = "fabrikam/partner-admin-link"
    project_id: str = "3003"
    branch: str = "main"
    default_branch: str = "main"
    source: str = "web"
    components: tuple[str, ...] = ("project_path", "ref_type", "ref")

    @property
    def subject(self) -> str:
        known = {"project_path": self.project, "project_id": self.project_id, "ref_type": "branch", "ref": self.branch}
        return ":".join(f"{component}:{known[component]}" for component in self.components)

    def claims(self, audience: str) -> dict[str, object]:
        return {
            "iss": GITLAB,
            "sub": self.subject,
            "aud": audience,
            "project_id": self.project_id,
            "project_path": self.project,
            "namespace_path": self.project.split("/")[0],
            "ref": self.branch,
            "ref_type": "branch",
            "ref_protected": "true",
            "environment": "partner-admin-link",
            "pipeline_source": self.source,
        }

    def variables(self, world: World, id_tokens: dict[str, dict]) -> dict[str, str]:
        """One variable for each entry of the job's `id_tokens`; `aud` is required (spec)."""
        return {name: world.sign(self.claims(asked["aud"]), LIFETIME) for name, asked in id_tokens.items()}


Job = GitHubJob | AzureDevOpsJob


def register(world: World, job: Job) -> str:
    """A fresh bearer token with which this job, and no other, asks for its ID token."""
    token = secrets.token_urlsafe(24)
    world.pipeline_jobs[token] = job
    return token


def asking(world: World, request: Request, kind: type) -> GitHubJob | AzureDevOpsJob | None:
    """The job whose bearer token came with the request."""
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    job = world.pipeline_jobs.get(token)
    return job if scheme.lower() == "bearer" and isinstance(job, kind) else None


REFUSED = Response(401, {"message": "[modelled] This job may not ask for an ID token."})


class GitHubTokens:
    """token.actions.githubusercontent.com: GET with the request token; `audience` is the owner's address unless asked for (spec)."""

    def __init__(self, world: World):
        self.world = world

    def __call__(self, request: Request) -> Response:
        if (request.method, request.path) != ("GET", "/idtoken"):
            return not_emulated(request)
        job = asking(self.world, request, GitHubJob)
        if job is None:
            return REFUSED
        if job.lacks_environment:
            return Response(403, {"message": "[modelled] The subject's template requires an environment."})
        audience = request.query.get("audience") or f"https://github.com/{job.repository.split('/')[0]}"
        return Response(200, {"value": self.world.sign(job.claims(audience), LIFETIME)})


class AzureDevOpsTokens:
    """dev.azure.com: POST to SYSTEM_OIDCREQUESTURI with System.AccessToken and the service connection's ID.

    As azure-identity sends it (observed): api-version=7.1, X-TFS-FedAuthRedirect: Suppress, empty body; the answer holds `oidcToken`.
    """

    def __init__(self, world: World):
        self.world = world

    def __call__(self, request: Request) -> Response:
        if request.method != "POST" or not request.path.endswith("/oidctoken"):
            return not_emulated(request)
        job = asking(self.world, request, AzureDevOpsJob)
        if job is None or request.query.get("serviceConnectionId") != job.connection:
            return REFUSED
        return Response(200, {"oidcToken": self.world.sign(job.claims(), LIFETIME)})
