# Two commands: `make serve` shows the site, `make test` runs everything. Both install what they need below .venv.
PYTHON ?= python3
WORKERS ?= 4
MAIN := .venv/main
RUN := $(MAIN)/bin/python
UV := .venv/uv/bin/uv
export VIRTUAL_ENV_DISABLE_PROMPT := 1
export NO_MKDOCS_2_WARNING := 1
export DISABLE_MKDOCS_2_WARNING := true

.PHONY: serve test build lint format faq check-offer bench wire errors tested lock sandbox extension clean
.DEFAULT_GOAL := test

serve: $(MAIN)/.ready ## the site at http://127.0.0.1:8000/, rebuilt on every change
	SITE_URL=http://127.0.0.1:8000/ $(RUN) -m mkdocs serve $(SERVE)

build: $(MAIN)/.ready ## the site as published, in site/; with OFFLINE=1 it opens without a server
	OFFLINE=$(if $(OFFLINE),true,false) $(RUN) -m mkdocs build
	$(RUN) docs/.theme/slim.py site
	$(RUN) docs/.theme/for_machines.py site

test: $(MAIN)/.ready .venv/az/.ready .venv/pipelines/.ready $(if $(CI),.venv/az-genuine/.ready) lint ## everything; CI also runs Microsoft's own extension
	$(RUN) -m pytest -n $(WORKERS) $(TESTS)

lint: $(MAIN)/.ready
	$(RUN) -m ruff check --quiet .
	$(RUN) -m ruff format --quiet --check . || { echo "→ run: make format"; exit 1; }

format: $(MAIN)/.ready
	$(RUN) -m ruff check --quiet --fix .
	$(RUN) -m ruff format --quiet .

faq: $(MAIN)/.ready ## check the FAQ entries: every mistake at once, with what to write instead
	@$(RUN) tests/faq.py $(FILE)

bench: $(MAIN)/.ready ## measured figures, as ratios of one run
	$(RUN) tests/bench_faq.py
	$(RUN) tests/bench.py $(BENCH)

wire: $(MAIN)/.ready ## write snippets/**/*.http from what the Python snippets send; read the difference before you commit
	$(RUN) -m pytest -q tests/test_snippets.py -k ".py-" --write-wire

errors: $(MAIN)/.ready .venv/az/.ready ## write snippets/errors/*.txt from what the clients print; read the difference before you commit
	$(RUN) -m pytest -q tests/test_errors.py --write-errors

tested: $(MAIN)/.ready .venv/az/.ready .venv/az-genuine/.ready ## write docs/pal/tested.md from a full run, as CI does it
	CI=true $(RUN) -m pytest -n $(WORKERS) --write-tested

check-offer: ## a Lighthouse offer of yours: make check-offer FILE=my-offer.json [PARAMETERS=my-offer.parameters.json]
	@$(PYTHON) tests/offers.py $(if $(FILE),"$(FILE)") $(if $(PARAMETERS),"$(PARAMETERS)")

sandbox: $(MAIN)/.ready .venv/az/.ready ## the emulated Azure, to try any command without a tenant
	$(RUN) tests/sandbox.py

extension: .venv/az/.ready ## Microsoft's published extension, for: PAL_EXTENSION=published make test
	AZURE_EXTENSION_DIR=$(CURDIR)/.venv/extensions .venv/az/bin/az extension add --name managementpartner --upgrade

lock: $(UV) ## newest versions into requirements/*.txt, with hashes
	for group in uv main az pipelines az-genuine az-genuine-extension; do \
	  $(UV) pip compile --quiet --universal --python-version 3.11 --generate-hashes --upgrade $(LOCK) \
	    --custom-compile-command "make lock" --group pyproject.toml:$$group --output-file requirements/$$group.txt || exit 1; \
	done

clean:
	rm -rf .venv site

# --- environments: uv installs in seconds what pip needs a minute for ---

NO_NETWORK = { echo "The packages could not be fetched. Is the network there? (Behind a proxy: set HTTPS_PROXY and SSL_CERT_FILE.)" >&2; exit 1; }
INSTALL = $(UV) pip install --quiet --require-hashes

$(UV): requirements/uv.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || { \
	  echo "Python 3.11 or newer is needed; '$(PYTHON)' is $$($(PYTHON) --version 2>/dev/null || echo missing). Try: make PYTHON=python3.12" >&2; exit 1; }
	@$(PYTHON) -m venv --clear .venv/uv || { \
	  echo "Python cannot make a virtual environment (on Debian and Ubuntu: apt install python3-venv)." >&2; exit 1; }
	@.venv/uv/bin/python -m pip install --quiet --retries 1 --require-hashes -r requirements/uv.txt || $(NO_NETWORK)
	@touch $@

.venv/%/.ready: requirements/%.txt $(UV)
	@$(UV) venv --quiet --clear --python .venv/uv/bin/python .venv/$*
	@$(INSTALL) --python .venv/$* -r $< || $(NO_NETWORK)
	@touch $@

.venv/az-genuine/.ready: requirements/az-genuine.txt requirements/az-genuine-extension.txt $(UV)
	@$(UV) venv --quiet --clear --python .venv/uv/bin/python .venv/az-genuine
	@$(INSTALL) --python .venv/az-genuine -r $< || $(NO_NETWORK)
	@$(INSTALL) --no-deps --target .venv/az-genuine/extensions/managementpartner -r requirements/az-genuine-extension.txt || $(NO_NETWORK)
	@touch $@
