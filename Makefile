# Two commands: `make serve` shows the site, `make test` runs the tests. Both install what they need below .venv.
PYTHON ?= python3
# More workers than cores: most of the time they wait for a client that they started.
WORKERS ?= 6
MAIN := .venv/main
RUN := $(MAIN)/bin/python
UV := .venv/uv/bin/uv
NPM := $(CURDIR)/.venv/pipelines/bin/npm
# Hundreds of short programs: their modules are compiled once, also where the outer environment says otherwise.
unexport PYTHONDONTWRITEBYTECODE
export NO_MKDOCS_2_WARNING := 1
export DISABLE_MKDOCS_2_WARNING := true

.PHONY: help serve test build programs lint format faq modules links mutants act bench wire errors tested check-offer pyz sandbox extension exits care lock clean
LOCK ?= --upgrade
ENVS := main az pipelines az-genuine exits care
LOCKS := uv $(ENVS) az-genuine-extension
# az-genuine is an Azure CLI of 2024, which only ever meets the emulator: its vulnerabilities are no news.
AUDITED := $(filter-out az-genuine%,$(LOCKS))
.DEFAULT_GOAL := test

help: ## this list
	@awk -F ':.* ## ' '/^[a-z-]+:.* ## / { printf "%-13s %s\n", $$1, $$2 }' $(firstword $(MAKEFILE_LIST)) | sort

serve: $(MAIN)/.ready ## the site at http://127.0.0.1:8000/, rebuilt on every change
	SITE_URL=http://127.0.0.1:8000/ $(RUN) -m mkdocs serve

build: $(MAIN)/.ready ## the site as published, in site/; with OFFLINE=1 it opens without a server
	OFFLINE=$(if $(filter-out 0 false no,$(OFFLINE)),true,false) $(RUN) -m mkdocs build
	$(RUN) docs/.publish/slim.py site
	$(RUN) docs/.publish/for_machines.py site

test: $(MAIN)/.ready .venv/az/.ready .venv/npm/.ready $(if $(CI),.venv/az-genuine/.ready .venv/exits/.ready) lint programs ## the tests; with CI=true all of them, as CI does
	$(RUN) -m pytest -n $(WORKERS) --dist worksteal $(TESTS)

programs: ## PowerShell and the Bicep compiler out of their archives, where they are not on the PATH
	@$(PYTHON) tests/programs.py

lint: $(MAIN)/.ready ## ruff: mistakes and style
	$(RUN) -m ruff check --quiet .
	$(RUN) -m ruff format --quiet --check . || { echo "→ run: make format"; exit 1; }

format: $(MAIN)/.ready ## mend what ruff can mend
	$(RUN) -m ruff check --quiet --fix .
	$(RUN) -m ruff format --quiet .

faq: $(MAIN)/.ready ## check the FAQ entries: every mistake at once, with what to write instead; one only: make faq FILE=docs/pal/faq/….md
	@$(RUN) tests/faq.py $(if $(GITHUB_ACTIONS),--github) $(if $(FILE),"$(FILE)")

# Of the versions that tests/data/powershell-reference.json describes; a name alone means the newest.
MODULES := Az.Accounts:5.5.2 Az.ManagedServiceIdentity Az.ManagedServices:4.0.0 Az.ManagementPartner:0.8.0 Az.Resources:10.1.0
modules: ## Azure PowerShell, for: PSModulePath=$PWD/.venv/modules PAL_PWSH=required make test TESTS="-k ps1"
	rm -rf .venv/modules && mkdir -p .venv/modules
	pwsh -NoProfile -NonInteractive -Command '$$ErrorActionPreference = "Stop"; foreach ($$each in -split "$(MODULES)") { $$name, $$version = $$each -split ":"; $$wanted = if ($$version) { @{ Version = $$version } } else { @{} }; Save-PSResource $$name @wanted -Repository PSGallery -Path .venv/modules -TrustRepository -SkipDependencyCheck }'

links: $(MAIN)/.ready ## external links that are gone, and sources that were read more than twelve months ago
	$(RUN) tests/links.py

mutants: $(MAIN)/.ready .venv/az/.ready .venv/pipelines/.ready programs ## do the tests notice? Each fault of tests/mutants/faults.toml, in a copy; some only: make mutants KIND="3 4"
	@$(RUN) tests/mutants/run.py $(if $(KIND),--kind $(KIND))

act: $(MAIN)/.ready .venv/pipelines/.ready ## a job of our own workflows, run here: make act JOB=test.yml:linux TESTS=tests/test_words.py
	@$(RUN) tests/workflows.py $(or $(JOB),test.yml:faq) $(EVENT)

bench: $(MAIN)/.ready ## measured figures, as ratios of one run
	$(RUN) tests/bench_faq.py
	$(RUN) tests/bench.py $(BENCH)

wire: $(MAIN)/.ready ## write snippets/**/*.http from what the Python snippets send; read the difference before you commit
	$(RUN) -m pytest -q tests/test_snippets.py -k ".py-" --write-wire

errors: $(MAIN)/.ready .venv/az/.ready ## write snippets/errors/*.txt from what the clients print; read the difference before you commit
	$(RUN) -m pytest -q tests/test_errors.py --write-errors

tested: $(MAIN)/.ready .venv/az/.ready .venv/npm/.ready .venv/az-genuine/.ready .venv/exits/.ready ## write docs/pal/tested.md from a full run, as CI does it
	CI=true $(RUN) -m pytest -n $(WORKERS) --dist worksteal --write-tested

check-offer: ## a Lighthouse offer of yours: make check-offer FILE=my-offer.json [PARAMETERS=my-offer.parameters.json]
	@$(PYTHON) tests/offers.py $(if $(FILE),"$(FILE)") $(if $(PARAMETERS),"$(PARAMETERS)")

pyz: ## the check of offers as one file for readers, and its sum on the page
	@$(PYTHON) tests/offer_pyz.py

sandbox: $(MAIN)/.ready .venv/az/.ready ## the emulated Azure, to try commands and offers without a tenant
	$(RUN) tests/sandbox.py

extension: .venv/az/.ready ## Microsoft's published extension, for: PAL_EXTENSION=published make test
	AZURE_EXTENSION_DIR="$(CURDIR)/.venv/extensions" .venv/az/bin/az extension add --name managementpartner --upgrade

exits: $(MAIN)/.ready .venv/exits/.ready ## build with Zensical and ProperDocs too, compare page by page
	@$(RUN) tests/exits.py

care: $(ENVS:%=.venv/%/.ready) ## licences, a bill of materials and known vulnerabilities; the lists are written to .cache/
	@mkdir -p .cache
	@for env in uv $(ENVS); do \
	  $(MAIN)/bin/pip-licenses --with-system --format=json --python .venv/$$env/bin/python --output-file .cache/licences-$$env.json || { \
	    echo "→ read that licence: allow it in [tool.pip-licenses] of pyproject.toml, or take another package." >&2; exit 1; }; \
	done
	@PYTHONWARNINGS=ignore .venv/care/bin/cyclonedx-py environment --pyproject pyproject.toml --output-reproducible -o .cache/sbom.json $(RUN)
	@for lock in $(AUDITED); do \
	  echo "$$lock:"; .venv/care/bin/pip-audit --strict --disable-pip --progress-spinner off --requirement requirements/$$lock.txt || failed=1; \
	done; \
	echo "npm:"; (cd requirements/npm && $(NPM) audit --package-lock-only) || failed=1; \
	test -z "$$failed" || { echo \
	  "→ With a table: make lock LOCK='--upgrade-package NAME' (npm: make lock). Without: no answer from the database, nothing was checked." >&2; exit 1; }

lock: $(UV) .venv/pipelines/.ready ## newest versions into requirements/, with hashes; with LOCK= the versions stay, and so does every byte
	for lock in $(LOCKS); do \
	  $(UV) pip compile --quiet --universal --python-version 3.11 --generate-hashes $(LOCK) --custom-compile-command "make lock" \
	    $$(test $$lock != exits || echo --constraints requirements/main.txt) \
	    --group pyproject.toml:$$lock --output-file requirements/$$lock.txt || exit 1; \
	done
	cd requirements/npm && $(NPM) $(if $(filter --upgrade,$(LOCK)),update,install) --package-lock-only --silent --no-audit

clean: ## remove all that the targets above wrote: environments, the built site, measured and cached files
	rm -rf .venv site .cache .pytest_cache .ruff_cache

# --- environments: uv installs in seconds what pip needs a minute for; one that is there is changed, not begun anew ---

UNREACHED = { echo "The packages could not be fetched. Is the network there? (Behind a proxy: set HTTPS_PROXY and SSL_CERT_FILE.)" >&2; exit 1; }
INSTALL = $(UV) pip install --quiet --require-hashes
define ENVIRONMENT
@test -e $@ || $(UV) venv --quiet --clear --python .venv/uv/bin/python $(@D)
@$(INSTALL) --exact --python $(@D) -r $< || $(UNREACHED)
endef

$(UV): requirements/uv.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || { \
	  echo "Python 3.11 or newer is needed; '$(PYTHON)' is $$($(PYTHON) --version 2>/dev/null || echo missing). Try: make PYTHON=python3.12" >&2; exit 1; }
	@$(PYTHON) -m venv --clear .venv/uv || { \
	  echo "Python cannot make a virtual environment (on Debian and Ubuntu: apt install python3-venv)." >&2; exit 1; }
	@.venv/uv/bin/python -m pip install --quiet --retries 1 --require-hashes -r requirements/uv.txt || $(UNREACHED)
	@touch $@

.venv/%/.ready: requirements/%.txt $(UV)
	$(ENVIRONMENT)
	@touch $@

.venv/npm/.ready: requirements/npm/package-lock.json .venv/pipelines/.ready
	@mkdir -p $(@D) && cp requirements/npm/package.json requirements/npm/package-lock.json requirements/npm/.npmrc $(@D)
	@cd $(@D) && $(NPM) ci --silent --no-audit || $(UNREACHED)
	@touch $@

.venv/az-genuine/.ready: requirements/az-genuine.txt requirements/az-genuine-extension.txt $(UV)
	$(ENVIRONMENT)
	@$(INSTALL) --no-deps --upgrade --target .venv/az-genuine/extensions/managementpartner -r requirements/az-genuine-extension.txt || $(UNREACHED)
	@touch $@
