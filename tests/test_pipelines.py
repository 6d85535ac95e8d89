"""The published pipelines, run: GitHub's and GitLab's in real engines, Azure DevOps' in our harness; and what may be said without running.

See tests/pipelines.py for what each of them does and does not prove.
"""

from __future__ import annotations

import copy
import itertools
import re
import shutil
import subprocess
from pathlib import Path

import pipelines
import pytest
from bystanders import bring_in
from conftest import AZ, IN_CI, need
from emulator import samples
from emulator.ci_tokens import GITHUB, AzureDevOpsJob, GitHubJob, GitLabJob
from emulator.harness import ROOT, VENV, Reader
from emulator.transport import Fault, Response
from emulator.world import ENTRA_AUDIENCE, OTHER_CUSTOMER, Application, FederatedCredential, World
from grades import CHECKED, record, reference_of
from pipelines import ACT, GITLAB_CI_LOCAL, NODE, Run, load, scripts
from powershell import Judge, versions
from scenarios import RUNNABLE as RUNNABLE_TOOLS

CICD = ROOT / "snippets/cicd"
GATES = sorted(CICD.glob("gate-*.yml"))  # jobs that must be refused, for readers to see their gate hold
ALL = sorted({*CICD.glob("*.yml")} - {*GATES})
RUNNABLE = [p for p in ALL if "powershell" not in p.name]
ON_GITHUB = [p for p in ALL if p.name.startswith("github-")]
OUR_OWN = sorted((ROOT / ".github/workflows").glob("*.yml"))
PIPELINE = (samples.CUSTOMER_TENANT, samples.SERVICE_PRINCIPAL)
ENGINES = {"github": (ACT, "curl", "jq"), "gitlab": (NODE, GITLAB_CI_LOCAL, "rsync"), "azure-devops": ()}
SUBJECTS = [(job.claims("")["iss"], job.subject) for job in (GitHubJob(), AzureDevOpsJob(), GitLabJob())]
OTHERS = samples.NEW_PARTNER_ID
RECORD = "No matching federated identity record found for presented assertion"

# Commits of release tags, as found in several public sources on 2026-11-23 (azure/login's tags are annotated: these are peeled).
PINS = {
    "azure/login": ("a641126d1b8aa4d1fa005f4f92df94a3a4c4c906", "v3.1.0"),
    "actions/setup-python": ("5fda3b95a4ea91299a34e894583c3862153e4b97", "v7.0.0"),
    # of our own workflows
    "actions/attest": ("1e69f48acb82d1966a394da916b4c1698aa569d6", "v4.2.2"),
    "actions/checkout": ("3d3c42e5aac5ba805825da76410c181273ba90b1", "v7.0.1"),
    "actions/configure-pages": ("45bfe0192ca1faeb007ade9deae92b16b8254a0d", "v6.0.0"),
    "actions/deploy-pages": ("368f82528645a54fb793d4d04e342629a3f51346", "v5.0.1"),
    "actions/upload-pages-artifact": ("fc324d3547104276b827a68afc52ff2a11cc49c9", "v5.0.0"),
    "astral-sh/setup-uv": ("c18668ad3cf93ea998bef934396af7bb5c839dc7", "v10.2.0"),
}

# Nothing of this is a partner ID, and all of it is meant to do harm; `touch` makes the file PWNED where anything is executed.
HOSTILE = {
    "empty": "",
    "letters": "abcdefg",
    "too long": "12345678901",
    "GUID": samples.CLIENT_ID,
    "command after a semicolon": "1; rm -rf ~; touch PWNED",
    "command substitution": "$(touch PWNED)",
    "backquotes": "`touch PWNED`",
    "double quote": '1"; touch PWNED; "',
    "single quote": "1'; touch PWNED; '",
    "second line": "1234567\ntouch PWNED",
    "trailing newline": "1234567\n",
    "template expression": "${{ github.token }}",
    "macro of Azure Pipelines": "$(System.AccessToken)",
    "logging command": "##vso[task.setvariable variable=PATH]/tmp",
    "workflow command": "::add-path::/tmp",
    "path": "../../subscriptions?x=",
    "other digits": "١٢٣٤٥٦٧",
    "option": "-1",
}


def name(pipeline: Path) -> str:
    return pipeline.stem


@pytest.fixture(name="world")
def _world(world: World) -> World:
    """The world with a service principal in the customer's tenant that trusts one job of each platform."""
    trusted = [FederatedCredential(issuer, subject) for issuer, subject in SUBJECTS]
    ours = {samples.CUSTOMER_TENANT: samples.SERVICE_PRINCIPAL}
    world.applications[samples.CLIENT_ID] = Application(samples.CLIENT_ID, "pipeline", ours, federated=trusted)
    return world


def run(
    reader: Reader, world: World, pipeline: Path, action: str, partner_id: str = samples.PARTNER_ID, **where
) -> Run:
    """Run one of the pipelines, if what it needs is here."""
    for tool in ENGINES[pipelines.platform_of(pipeline)]:
        need(tool)
    need(AZ)
    others_are_untouched = bring_in(world)
    done = pipelines.run(reader, world, pipeline, partner_id, action, **where)
    others_are_untouched()
    return done


def altered(pipeline: Path, folder: Path, old: str, new: str) -> Path:
    """A copy of a pipeline with something changed in it."""
    text = pipeline.read_text(encoding="utf-8")
    assert old in text
    (copy_ := folder / pipeline.name).write_text(text.replace(old, new), encoding="utf-8")
    return copy_


def partner_requests(done: Run) -> list[str]:
    return [e.request.method for e in done.exchanges if "managementpartner" in e.request.path.lower()]


# --- what they are for: action, linked before -> linked after (None: it must fail and change nothing) ---

OUTCOMES = {
    ("ensure", None): samples.PARTNER_ID,
    ("ensure", samples.PARTNER_ID): samples.PARTNER_ID,
    ("ensure", OTHERS): samples.PARTNER_ID,
    ("show", samples.PARTNER_ID): samples.PARTNER_ID,
    ("show", None): "fails",
    ("show", OTHERS): "fails",
    ("remove", samples.PARTNER_ID): None,
    ("remove", None): None,
    ("remove", OTHERS): "fails",
}
# The platforms share one script a tool (test_platforms_share_one_script), so the whole table is run on GitHub; outside CI with Azure CLI.
ELSEWHERE = {("ensure", None), ("remove", OTHERS)}
# Each platform and each tool, for what costs a whole run.
EACH_ONCE = [CICD / f"{name}.yml" for name in ("github-cli", "github-python", "azure-devops-cli", "gitlab-python")]


def outcomes() -> list:
    return [
        pytest.param(pipeline, action, before, after, id=f"{name(pipeline)}-{action}-linked_to_{before or 'nothing'}")
        for pipeline in RUNNABLE
        for (action, before), after in OUTCOMES.items()
        if pipeline in (ON_GITHUB if IN_CI else ON_GITHUB[:1]) or (action, before) in ELSEWHERE
    ]


@pytest.mark.parametrize(("pipeline", "action", "before", "after"), outcomes())
def test_outcome(
    pipeline: Path, action: str, before: str | None, after: str | None, reader: Reader, world: World
) -> None:
    if before:
        world.create_link(*PIPELINE, before)
    links = copy.deepcopy(world.links)
    done = run(reader, world, pipeline, action)
    assert f"### Partner Admin Link: {action} {samples.PARTNER_ID}\n" in done.summary, done.log
    if after == "fails":
        assert done.code != 0, done.log
        assert f"Linked now: {before or 'nothing'}. Wanted:" in done.log
        assert world.links == links
    else:
        assert done.code == 0, done.log
        assert f"Linked before: {before or 'nothing'}. Linked now: {after or 'nothing'}." in done.summary
        assert world.active_links() == ({PIPELINE: after} if after else {})


# --- what must never happen ---


@pytest.mark.parametrize("value", HOSTILE.values(), ids=HOSTILE)
@pytest.mark.parametrize("pipeline", ALL, ids=name)
def test_partner_id_that_is_none_is_refused_before_any_request(
    pipeline: Path, value: str, reader: Reader, world: World
) -> None:
    assert_refused(reader, world, run(reader, world, pipeline, "ensure", value), value, pipeline)


@pytest.mark.parametrize("value", ["", "ENSURE", "delete", "ensure; touch PWNED", "$(touch PWNED)", "show\nremove"])
@pytest.mark.parametrize("pipeline", ALL, ids=name)
def test_action_that_is_none_is_refused_before_any_request(
    pipeline: Path, value: str, reader: Reader, world: World
) -> None:
    assert_refused(reader, world, run(reader, world, pipeline, value), value, pipeline)


def assert_refused(reader: Reader, world: World, done: Run, value: str, pipeline: Path) -> None:
    assert done.code != 0
    assert "Refused: the " in done.log, done.log
    assert not done.exchanges, "a request was sent before the input was checked"
    assert not list(reader.home.rglob("PWNED")), "the input was executed"
    assert world.links == {}
    plain = (
        not set(value) & {"\n", "'"} and "${{" not in value
    )  # act evaluates an expression in an input, GitHub does not
    if pipeline in ON_GITHUB and plain:
        assert f"not '{value}'" in done.log, "the log does not show the input as it was given"
    if pipeline.name.startswith("azure-devops-"):
        assert "##vso" not in done.log, "the agent would take this for a command"
        assert not any(token in done.log for token in world.pipeline_jobs), "a macro was expanded into the log"


def test_pasted_input_would_be_executed(reader: Reader, world: World, tmp_path: Path) -> None:
    """That the test above can fail: the same workflow with the input pasted into the script runs what it is given."""
    careless = altered(CICD / "github-cli.yml", tmp_path, '"$PARTNER_ID" =~', '"${{ inputs.partner-id }}" =~')
    run(reader, world, careless, "ensure", "$(touch $HOME/PWNED)")
    assert (reader.home / "PWNED").exists()


@pytest.mark.parametrize("pipeline", EACH_ONCE, ids=name)
def test_link_that_did_not_take_fails_the_run(pipeline: Path, reader: Reader, world: World) -> None:
    """The service says yes, and nothing is linked afterwards: only reading back can tell."""
    accepted = Response(200, {"name": samples.PARTNER_ID, "properties": {"partnerId": samples.PARTNER_ID}})
    reader.proxy.faults.append(Fault(lambda r: r.method == "PUT", accepted))
    done = run(reader, world, pipeline, "ensure")
    assert done.code != 0
    assert "Linked now: nothing. Wanted: 1234567." in done.log
    assert "Linked now: nothing." in done.summary


@pytest.mark.parametrize("pipeline", EACH_ONCE, ids=name)
def test_unreadable_link_is_not_taken_for_none(pipeline: Path, reader: Reader, world: World) -> None:
    """Also where the platform's Bash goes on after a failed command, as on Azure Pipelines."""
    refusal = Response(403, {"error": {"code": "AuthorizationFailed", "message": "Reading is not allowed."}})
    reader.proxy.faults.append(Fault(lambda r: "managementpartner" in r.path.lower(), refusal, times=100))
    done = run(reader, world, pipeline, "ensure")
    assert done.code != 0
    assert "Reading is not allowed" in done.log
    assert set(partner_requests(done)) == {"GET"}


@pytest.mark.parametrize("pipeline", ON_GITHUB[:1] + ON_GITHUB[2:], ids=name)
def test_partner_id_that_nobody_has(pipeline: Path, reader: Reader, world: World) -> None:
    done = run(reader, world, pipeline, "ensure", "9999999")
    assert done.code != 0
    assert "The Partner ID is not valid" in done.log
    assert world.links == {}


TROUBLE = {
    "429 with Retry-After": (
        Response(429, {"error": {"code": "TooManyRequests", "message": "Slow down."}}, {"Retry-After": "1"}),
        False,
    ),
    "429": (Response(429, {"error": {"code": "TooManyRequests", "message": "Slow down."}}), False),
    "500": (Response(500, {"error": {"code": "InternalServerError", "message": "Sorry."}}), False),
    "dropped": (None, False),
    "done, then dropped": (None, True),
}


@pytest.mark.parametrize("trouble", TROUBLE)
@pytest.mark.parametrize("pipeline", [CICD / "github-cli.yml", CICD / "github-python.yml"], ids=name)
def test_trouble_while_creating_ends_linked_once_or_with_an_error(
    pipeline: Path, trouble: str, reader: Reader, world: World
) -> None:
    response, apply = TROUBLE[trouble]
    reader.proxy.faults.append(Fault(lambda r: r.method == "PUT", response, apply=apply))
    done = run(reader, world, pipeline, "ensure")
    tries_again = pipeline.stem.endswith("-python")  # `az rest` sends a request once
    linked = apply or tries_again
    assert (done.code == 0) == (tries_again and not apply), (
        done.log
    )  # a second try meets the link that the first one made
    assert done.code == 0 or re.search("(?i)error", done.log), f"it failed and did not say so: {done.log}"
    assert world.active_links() == ({PIPELINE: samples.PARTNER_ID} if linked else {})
    assert all(link.version == 1 for link in world.links.values()), "linked more than once"


# --- who may sign in ---


def assert_no_sign_in(done: Run, world: World, message: str) -> None:
    assert done.code != 0
    assert message in done.log, done.log
    assert not partner_requests(done)
    assert world.links == {}


@pytest.mark.parametrize("pipeline", [CICD / "github-cli.yml", CICD / "github-python.yml"], ids=name)
def test_job_without_the_permission_gets_no_token(pipeline: Path, reader: Reader, world: World, tmp_path: Path) -> None:
    lacking = altered(pipeline, tmp_path, "id-token: write # lets", "contents: read # lets")
    assert_no_sign_in(run(reader, world, lacking, "ensure"), world, "ACTIONS_ID_TOKEN_REQUEST_URL")


@pytest.mark.parametrize("pipeline", [CICD / "github-cli.yml", CICD / "github-python.yml"], ids=name)
def test_job_without_the_environment_has_another_subject(
    pipeline: Path, reader: Reader, world: World, tmp_path: Path
) -> None:
    """So nobody gets around the environment's approval by leaving it out."""
    lacking = altered(pipeline, tmp_path, "    environment: partner-admin-link", "    #")
    assert_no_sign_in(run(reader, world, lacking, "ensure"), world, "AADSTS700213")


STRANGERS = {
    "github-cli-fork": GitHubJob(repository="stranger/partner-admin-link", owner_id="666", repository_id="667"),
    "github-cli-same_name_made_anew": GitHubJob(repository_id="2003"),
    "github-cli-names_only": GitHubJob(immutable=False),
    "github-python-fork": GitHubJob(repository="stranger/partner-admin-link", owner_id="666", repository_id="667"),
    "azure-devops-cli-other_connection": AzureDevOpsJob(subject="/eid1/c/pub/t/copy-it/a/from-the/sc/other-one"),
    "azure-devops-python-other_connection": AzureDevOpsJob(subject="/eid1/c/pub/t/copy-it/a/from-the/sc/other-one"),
    "gitlab-cli-other_branch": GitLabJob(branch="topic", default_branch="topic"),
    "gitlab-cli-fork": GitLabJob(project="stranger/partner-admin-link"),
    "gitlab-python-fork": GitLabJob(project="stranger/partner-admin-link"),
}


@pytest.mark.parametrize("case", STRANGERS)
def test_subject_that_is_not_trusted(case: str, reader: Reader, world: World) -> None:
    pipeline = CICD / f"{case.rpartition('-')[0]}.yml"
    assert_no_sign_in(run(reader, world, pipeline, "ensure", job=STRANGERS[case]), world, "AADSTS700213")


def test_issuer_that_is_not_trusted(reader: Reader, world: World) -> None:
    """A connection with the retiring issuer and an app that knows only the new one."""
    done = run(reader, world, CICD / "azure-devops-cli.yml", "ensure", job=AzureDevOpsJob.retiring())
    assert_no_sign_in(done, world, "AADSTS700211")


@pytest.mark.parametrize(
    ("pipeline", "job"),
    [
        ("github-cli", GitHubJob(immutable=False)),
        ("azure-devops-python", AzureDevOpsJob.retiring()),
        ("gitlab-python", GitLabJob(components=("project_id", "ref_type", "ref"))),
        ("github-cli", GitHubJob(issuer=f"{GITHUB}/fabrikam")),
    ],
)
def test_other_form_of_subject_signs_in_when_it_is_trusted(
    pipeline: str, job: GitHubJob, reader: Reader, world: World
) -> None:
    known = FederatedCredential(job.claims("")["iss"], job.subject)
    world.applications[samples.CLIENT_ID].federated = [known]
    done = run(reader, world, CICD / f"{pipeline}.yml", "ensure", job=job)
    assert done.code == 0, done.log
    assert world.active_links() == {PIPELINE: samples.PARTNER_ID}


@pytest.mark.parametrize("pipeline", RUNNABLE, ids=name)
def test_audience_that_is_not_trusted(pipeline: Path, reader: Reader, world: World) -> None:
    """The credential names another audience, as GitLab's tutorial has it: the refusal says so, and blames no subject."""
    for credential in world.applications[samples.CLIENT_ID].federated:
        credential.audience = "https://gitlab.com"
    done = run(reader, world, pipeline, "ensure")
    assert_no_sign_in(done, world, f"AADSTS700212: {RECORD} audience '{ENTRA_AUDIENCE}'")


@pytest.mark.parametrize("pipeline", RUNNABLE, ids=name)
def test_issuer_whose_keys_cannot_be_read(pipeline: Path, reader: Reader, world: World) -> None:
    world.unreachable_issuers = {issuer for issuer, _ in SUBJECTS}
    assert_no_sign_in(run(reader, world, pipeline, "ensure"), world, "AADSTS501661")


def test_issuer_of_an_enterprise_is_another(reader: Reader, world: World) -> None:
    done = run(reader, world, CICD / "github-cli.yml", "ensure", job=GitHubJob(issuer=f"{GITHUB}/fabrikam"))
    assert_no_sign_in(done, world, f"AADSTS700211: {RECORD} issuer '{GITHUB}/fabrikam'")


# --- what an approval hangs on ---


def templates() -> list:
    """The rows of the page's table of templates: keys, verdict, subject with the environment, subject without."""
    section = (ROOT / "docs/pal/cicd/github.md").read_text(encoding="utf-8").split("{ #template }")[1].split("\n## ")[0]
    rows = re.findall(r"^\| (`.+?) \| (\S+|\*\*let in\*\*) \| `(\S+)` \| (.+?) \|$", section, re.MULTILINE)
    return [
        pytest.param(tuple(re.findall(r"`(\w+)`", keys)), *told, id=re.sub(r"\W+", "-", keys).strip("-"))
        for keys, *told in rows
    ]


def test_templates_let_in_refuse_and_need_an_environment() -> None:
    assert [row.values[1] for row in templates()] == ["refused", "refused", "refused", "**let in**"]


@pytest.mark.parametrize(("keys", "verdict", "approved", "unapproved"), templates())
def test_page_tells_what_a_template_lets_in(
    keys: tuple[str, ...], verdict: str, approved: str, unapproved: str, reader: Reader, world: World, tmp_path: Path
) -> None:
    """The workflow with its environment signs in. The same without it, and the page's negative test, fare as the page says."""
    job = GitHubJob(template=keys)
    world.applications[samples.CLIENT_ID].federated = [FederatedCredential(GITHUB, approved)]
    lacking = altered(CICD / "github-python.yml", tmp_path, "    environment: partner-admin-link", "    #")
    tried = run(reader, world, CICD / "gate-github-cli.yml", "", job=job)
    assert not partner_requests(tried) and world.links == {}
    again(reader)
    done = run(reader, world, lacking, "ensure", job=job)
    if verdict == "refused":
        assert done.code != 0 and world.links == {}
        said = "Refused, as it must be." if unapproved.startswith("`") else "GitHub gave no token: "
        assert said in tried.log, tried.log
        assert f"subject '{unapproved.strip('`')}'" in tried.log or not unapproved.startswith("`")
        assert (tried.code == 0) == unapproved.startswith("`")
    else:
        assert tried.code != 0 and "NOT REFUSED" in tried.log, tried.log
        assert done.code == 0 and world.active_links() == {PIPELINE: samples.PARTNER_ID}, "the danger is gone"
    again(reader)
    assert run(reader, world, CICD / "github-python.yml", "ensure", job=job).code == 0
    assert world.active_links() == {PIPELINE: samples.PARTNER_ID}


def again(reader: Reader) -> None:
    """An empty workspace, as each run of a platform has it."""
    shutil.rmtree(reader.work)
    reader.work.mkdir()


@pytest.mark.parametrize(
    ("branch", "components", "refused"),
    [
        ("topic", ("project_path", "ref_type", "ref"), True),
        ("topic", ("project_id", "ref_type", "ref"), True),
        ("main", ("project_path", "ref_type", "ref"), False),  # trusted, and not the default branch
        ("topic", ("project_path",), False),
    ],
    ids=["other_branch", "other_branch-by_number", "trusted_branch", "subject_without_branch"],
)
def test_gitlab_lets_the_branch_in_that_its_subject_names(
    branch: str, components: tuple[str, ...], refused: bool, reader: Reader, world: World
) -> None:
    """The page's negative test: another branch is refused, unless the subject names none."""
    trusted = FederatedCredential(SUBJECTS[2][0], GitLabJob(components=components).subject)
    world.applications[samples.CLIENT_ID].federated = [trusted]
    job = GitLabJob(branch=branch, default_branch="trunk", components=components)
    done = run(reader, world, CICD / "gate-gitlab-cli.yml", "", job=job)
    assert (done.code == 0) == refused, done.log
    assert ("Refused, as it must be." if refused else "NOT REFUSED") in done.log
    assert not partner_requests(done)


@pytest.mark.parametrize(
    ("pipeline", "job"),
    [
        ("gitlab-cli", GitLabJob(branch="topic")),
        ("gitlab-python", GitLabJob(source="push")),
        ("gitlab-powershell", GitLabJob(source="merge_request_event")),
        ("gate-gitlab-cli", GitLabJob()),
        ("gate-gitlab-cli", GitLabJob(branch="gate", source="push")),
    ],
    ids=["other_branch", "push", "merge_request", "gate-default_branch", "gate-push"],
)
def test_gitlab_starts_nothing_that_the_rules_do_not_name(
    pipeline: str, job: GitLabJob, reader: Reader, world: World
) -> None:
    """By hand only; the job on the default branch, the gate on any other."""
    done = run(reader, world, CICD / f"{pipeline}.yml", "ensure", job=job)
    assert "pipeline finished" in done.log and "starting" not in done.log, done.log
    assert not done.exchanges
    reader.ran.clear()  # nothing of the file did


@pytest.mark.parametrize("gate", GATES, ids=name)
def test_refusal_for_another_reason_proves_nothing(gate: Path, reader: Reader, world: World) -> None:
    """A wrong client ID, or capitals only: the reader must not take it for the gate."""
    del world.applications[samples.CLIENT_ID]
    where = {"job": GitLabJob(branch="gate")} if "gitlab" in gate.name else {}
    done = run(reader, world, gate, "", **where)
    assert done.code != 0 and "AADSTS700016" in done.log and "this proves nothing" in done.log


@pytest.mark.parametrize("pipeline", [p for p in RUNNABLE if "gitlab" in p.name], ids=name)
def test_gitlab_job_without_the_environment_gets_in(
    pipeline: Path, reader: Reader, world: World, tmp_path: Path
) -> None:
    """So an approval on the environment alone guards nothing: the page says to protect the branch."""
    lacking = altered(pipeline, tmp_path, "  environment: partner-admin-link #", "  #")
    assert run(reader, world, lacking, "ensure").code == 0
    assert world.active_links() == {PIPELINE: samples.PARTNER_ID}


@pytest.mark.parametrize("pipeline", [p for p in RUNNABLE if "azure-devops" in p.name], ids=name)
def test_another_service_connection_is_refused(pipeline: Path, reader: Reader, world: World, tmp_path: Path) -> None:
    """The page's negative test, step by step: the line that it says to write, in place of the one that it says is there."""
    before, after = "azureSubscription: partner-admin-link", "azureSubscription: partner-admin-link-gate"
    page = (ROOT / "docs/pal/cicd/azure-devops.md").read_text(encoding="utf-8")
    assert f"`{before}`" in page and f"`{after}`" in page
    other = altered(pipeline, tmp_path, f"{before} #", f"{after} #")
    done = run(reader, world, other, "show")
    assert_no_sign_in(done, world, f"AADSTS700213: {RECORD} subject '/eid1/")
    assert "partner-admin-link-gate'" in done.log


@pytest.mark.parametrize("pipeline", [p for p in RUNNABLE if "azure-devops" in p.name], ids=name)
def test_newer_issuer_of_azure_devops_wants_a_single_tenant(pipeline: Path, reader: Reader, world: World) -> None:
    application = world.applications[samples.CLIENT_ID]
    application.service_principals[OTHER_CUSTOMER] = "the same application elsewhere"
    assert_no_sign_in(run(reader, world, pipeline, "ensure"), world, "AADSTS70052")


def test_older_issuer_of_azure_devops_takes_a_multi_tenant_application(reader: Reader, world: World) -> None:
    job, application = AzureDevOpsJob.retiring(), world.applications[samples.CLIENT_ID]
    application.service_principals[OTHER_CUSTOMER] = "the same application elsewhere"
    application.federated = [FederatedCredential(job.issuer, job.subject)]
    assert run(reader, world, CICD / "azure-devops-cli.yml", "ensure", job=job).code == 0


@pytest.mark.parametrize("pipeline", [p for p in RUNNABLE if "azure-devops" in p.name], ids=name)
def test_subscription_of_the_connection_that_the_identity_cannot_see(
    pipeline: Path, reader: Reader, world: World
) -> None:
    """The task stops before the script, in the words that the page shows."""
    done = run(reader, world, pipeline, "ensure", job=AzureDevOpsJob(subscription=samples.SECOND_SUBSCRIPTION))
    words = (ROOT / "snippets/errors/subscription.azure-cli.txt").read_text(encoding="utf-8").strip()
    assert_no_sign_in(done, world, words)


def test_token_request_of_another_job_is_refused(world: World, reader: Reader) -> None:
    """The emulated issuer looks at the request token: an invented one gets nothing."""
    url = f"{GITHUB}/idtoken?audience=api%3A%2F%2FAzureADTokenExchange"
    done = reader.command("curl", "--silent", "--header", "Authorization: bearer invented", url)
    assert "may not ask" in done.stdout


# --- the trust itself: what the "federate" snippets make lets the pipelines in ---

BY_IDENTITY = sorted(p for p in CICD.glob("federate-identity.*") if p.suffix in RUNNABLE_TOOLS)
FEDERATE = sorted({p for p in CICD.glob("federate-*") if p.suffix in RUNNABLE_TOOLS} - {*BY_IDENTITY})
TRUSTED_BY = {
    "federate-github": "github-python",
    "federate-azure-devops": "azure-devops-python",
    "federate-gitlab": "gitlab-python",
}


@pytest.mark.parametrize("snippet", FEDERATE, ids=lambda p: p.name)
def test_federated_credential_lets_the_pipeline_in(snippet: Path, reader: Reader, world: World) -> None:
    application = world.applications[samples.CLIENT_ID]
    application.federated = []
    done = reader.run(snippet)
    assert done.code == 0, done.output
    (made,) = application.federated
    assert (made.issuer, made.subject, made.audience) in {(*s, ENTRA_AUDIENCE) for s in SUBJECTS}
    assert made.name == f"{snippet.stem.removeprefix('federate-')}-partner-admin-link"
    ran = run(reader, world, CICD / f"{TRUSTED_BY[snippet.stem]}.yml", "ensure")
    assert ran.code == 0, ran.log
    assert world.active_links() == {PIPELINE: samples.PARTNER_ID}


@pytest.mark.parametrize("snippet", FEDERATE, ids=lambda p: p.name)
def test_federated_credential_for_another_audience_lets_nobody_in(snippet: Path, reader: Reader, world: World) -> None:
    """A reader who follows a tutorial with another audience in half of the places."""
    world.applications[samples.CLIENT_ID].federated = []
    assert reader.run(snippet, {ENTRA_AUDIENCE: "https://gitlab.com"}).code == 0
    again(reader)
    ran = run(reader, world, CICD / f"{TRUSTED_BY[snippet.stem]}.yml", "ensure")
    assert_no_sign_in(ran, world, "AADSTS700212")


@pytest.mark.parametrize("snippet", FEDERATE, ids=lambda p: p.name)
def test_federated_credential_is_not_made_twice(snippet: Path, reader: Reader, world: World) -> None:
    """The sample world's application has it already: a refusal, and one credential for each platform as before."""
    done = reader.run(snippet)
    assert done.code != 0
    assert len(world.applications[samples.CLIENT_ID].federated) == len(SUBJECTS)


@pytest.mark.parametrize("snippet", [p for p in FEDERATE if p.suffix == ".sh"], ids=lambda p: p.name)
def test_federated_credential_is_not_made_with_an_older_sign_in(
    snippet: Path, reader_signed_in_at_home: Reader, world: World
) -> None:
    world.applications[samples.CLIENT_ID].federated = []
    world.applications[samples.CLIENT_ID].home = samples.HOME_TENANT
    world.at_the_browser = None
    assert reader_signed_in_at_home.run(snippet).code != 0
    assert world.applications[samples.CLIENT_ID].federated == []


IDENTITY_PATH = (
    f"/subscriptions/{samples.SUBSCRIPTION}/resourceGroups/partner-admin-link"
    "/providers/Microsoft.ManagedIdentity/userAssignedIdentities/partner-admin-link"
)


@pytest.mark.parametrize("snippet", BY_IDENTITY, ids=lambda p: p.name)
def test_managed_identity_lets_the_pipeline_in(snippet: Path, reader: Reader, world: World, tmp_path: Path) -> None:
    """A user-assigned identity instead of an application: its credential, made twice, is there once; the job links the identity."""
    client_id, ours = samples.MANAGED_IDENTITY_CLIENT_ID, {samples.CUSTOMER_TENANT: "the identity's object ID"}
    identity = world.applications[client_id] = Application(client_id, IDENTITY_PATH, ours)
    pipeline = altered(CICD / "github-python.yml", tmp_path, samples.CLIENT_ID, client_id)
    assert_no_sign_in(run(reader, world, pipeline, "ensure"), world, "AADSTS70025")
    for _ in range(2):
        done = reader.run(snippet)
        assert done.code == 0, done.output
    (made,) = identity.federated
    assert (made.issuer, made.subject, made.audience) == (*SUBJECTS[0], ENTRA_AUDIENCE)
    shutil.rmtree(reader.work)
    ran = run(reader, world, pipeline, "ensure")
    assert ran.code == 0, ran.log
    assert world.active_links() == {(samples.CUSTOMER_TENANT, "the identity's object ID"): samples.PARTNER_ID}


@pytest.mark.parametrize("snippet", BY_IDENTITY, ids=lambda p: p.name)
def test_managed_identity_that_is_not_there(snippet: Path, reader: Reader, world: World) -> None:
    done = reader.run(snippet)
    assert done.code != 0
    assert "There is no such identity" in done.output


# --- one shape ---


def without_reports(script: str) -> str:
    """A script without sign-in, summary and last message: what it does to the link."""
    kept = re.split(r"(?m)^(?=partners=|partner_id, action|\$partners =)", script, maxsplit=1)[-1]
    return re.split(r"(?m)^(?=if \[ .ACTION. = remove|with open|path =|summary|\$summary|\$lines|\{$)", kept)[0]


@pytest.mark.parametrize("language", ["cli", "python", "powershell"])
def test_platforms_share_one_script(language: str) -> None:
    texts = {}
    for pipeline in (p for p in ALL if p.stem.endswith(f"-{language}")):
        found = scripts(pipeline)[{"cli": "bash"}.get(language, language)][-1]
        texts[pipeline.stem] = without_reports(found)
    assert len(texts) == 3
    assert len(set(texts.values())) == 1, f"the {language} scripts differ: {texts}"
    assert "wanted" in next(iter(texts.values()))


def test_platforms_share_one_check() -> None:
    checks = {p.stem: re.sub(r", not \$\{\w+@Q\}", "", scripts(p)["bash"][0]) for p in ALL}
    assert len(set(checks.values())) == 1, checks


@pytest.mark.parametrize("pipeline", ALL, ids=name)
def test_inputs_reach_scripts_by_environment_only(pipeline: Path) -> None:
    for text in itertools.chain(*scripts(pipeline).values()):
        assert "${{" not in text, "an expression pasted into a script"
        assert "$[[" not in text
    if pipeline.name.startswith("azure-devops-"):  # no -e there
        assert all(t.startswith("set -euo pipefail\n") or t.count("\n") == 0 for t in scripts(pipeline)["bash"])


# --- checked without running ---


@pytest.mark.parametrize("pipeline", [p for p in ALL if "powershell" in p.name], ids=name)
def test_powershell_knows_every_command(pipeline: Path, judge: Judge, request: pytest.FixtureRequest) -> None:
    record(request, pipeline, CHECKED, reference_of(pipeline))
    (script,) = scripts(pipeline)["powershell"]
    assert not judge(script, pipeline.name).wrong


SCHEMAS = {"github": "github-workflows", "azure-devops": "azure-pipelines", "gitlab": "gitlab-ci"}


def tool(*argv: str | Path) -> subprocess.CompletedProcess:
    need(VENV / "pipelines/bin" / argv[0])
    return subprocess.run([str(VENV / "pipelines/bin" / argv[0]), *map(str, argv[1:])], capture_output=True, text=True)


@pytest.mark.parametrize("platform", SCHEMAS)
def test_files_fit_the_published_schema(platform: str) -> None:
    files = [p for p in [*ALL, *GATES] if pipelines.platform_of(p) == platform] + (
        OUR_OWN if platform == "github" else []
    )
    done = tool("check-jsonschema", "--builtin-schema", f"vendor.{SCHEMAS[platform]}", *files)
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize(
    "linter",
    [("zizmor", "--offline", "--persona=pedantic", "--no-progress"), ("jactionlint", "--shellcheck=", "--pyflakes=")],
    ids=lambda t: t[0],
)
def test_workflows_are_clean(linter: tuple[str, ...]) -> None:
    done = tool(*linter, *ON_GITHUB, *(p for p in GATES if "github" in p.name))
    assert done.returncode == 0, done.stdout + done.stderr


def test_linters_find_what_is_wrong(tmp_path: Path) -> None:
    """That the test above can fail."""
    careless = altered(CICD / "github-cli.yml", tmp_path, '"$PARTNER_ID" =~', '"${{ inputs.partner-id }}" =~')
    assert tool("zizmor", "--offline", careless).returncode
    assert tool("jactionlint", careless).returncode


def test_actions_are_pinned_to_known_commits() -> None:
    """All that is used is in PINS, and nothing else is: whoever updates an action looks its commit up."""
    used = set()
    for workflow in [*ON_GITHUB, *OUR_OWN]:
        text = workflow.read_text(encoding="utf-8")
        used |= set(re.findall(r"uses: ([\w./-]+)@(\S+)(?: # (\S+))?", text))
    known = {(action, *pin) for action, pin in PINS.items()}
    assert used == known, f"{sorted(used ^ known)} → look the commit up and write it into PINS, or take it out there"


def locked(package: str, group: str) -> str:
    lock = (ROOT / f"requirements/{group}.txt").read_text(encoding="utf-8")
    return re.search(rf"^{package}==(\S+)", lock, re.MULTILINE)[1]


@pytest.mark.parametrize("pipeline", [*ALL, *GATES], ids=name)
def test_versions_are_pinned_to_those_that_ran(pipeline: Path) -> None:
    text = pipeline.read_text(encoding="utf-8")
    for package, version in re.findall(r'"([\w-]+)==([\d.]+)"', text):
        assert version == locked(package, "main"), f"{package}: write {locked(package, 'main')}, which the tests run"
    for module, version in re.findall(r'-Name (Az\.\w+) -RequiredVersion "([\d.]+)"', text):
        assert version == versions()[module], f"{module}: write {versions()[module]}, whose reference checks the block"
    for version in re.findall(r"mcr.microsoft.com/azure-cli:(\S+)", text):
        assert version == locked("azure-cli", "az")
    assert "latest" not in text.lower().replace("azurepowershellversion: latestversion", "")


@pytest.mark.parametrize("pipeline", ALL, ids=name)
def test_one_shape(pipeline: Path) -> None:
    """No secret, an environment, a time limit, and nothing that starts by itself."""
    content, text = load(pipeline), pipeline.read_text(encoding="utf-8")
    assert not re.search(r"secret\w*[.:]|password|client-secret|creds:", text, re.IGNORECASE)
    assert "environment: partner-admin-link" in text
    assert re.search(r"timeout-minutes: 10|timeoutInMinutes: \"10\"|timeout: 10 minutes", text)
    if pipeline in ON_GITHUB:
        assert content["permissions"] == {}
        assert list(content["on"]) == ["workflow_dispatch"]
        assert pipelines.the_job(pipeline)["permissions"] == {"id-token": "write"}


@pytest.mark.parametrize("gate", GATES, ids=name)
def test_a_gate_signs_in_and_does_no_more(gate: Path) -> None:
    """Least permissions, a time limit, nothing that starts by itself, no environment, and no request after the sign-in."""
    content, text = load(gate), gate.read_text(encoding="utf-8")
    job = pipelines.the_job(gate)
    assert "environment" not in job and "az rest" not in text and "ManagementPartner" not in text
    assert re.search(r"timeout-minutes: 10|timeout: 10 minutes", text)
    (script,) = scripts(gate)["bash"]
    assert "${{" not in script and script.startswith("set -euo pipefail\n")
    if "github" in gate.name:
        assert content["permissions"] == {} and list(content["on"]) == ["workflow_dispatch"]
        assert job["permissions"] == {"id-token": "write"}


def test_gates_share_one_judgement() -> None:
    """What comes after the token is the same on each platform."""
    texts = {re.split(r"(?m)^token=.*\n", scripts(gate)["bash"][0])[1] for gate in GATES}
    assert len(GATES) == 2 and len(texts) == 1
