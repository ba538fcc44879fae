# Two commands matter: `make run` (the product at http://127.0.0.1:8050) and `make test`. Both install what they need into .venv.
SHELL := /bin/bash
.DEFAULT_GOAL := run
.DELETE_ON_ERROR:
.PHONY: run test test-all lint bench lock clean chromium servers

PYTHON ?= python3
UV ?= uv
VENV := .venv
BIN := $(VENV)/bin
PIP := PIP_DISABLE_PIP_VERSION_CHECK=1 $(BIN)/python -m pip --quiet

# $(call apt,PACKAGES): installs Debian packages as root, or with sudo (which may ask for a password only at a terminal).
# It fails without a word when that is not possible; whoever calls it says what to do then. An update that fails (no network) is
# not the end: the packages may be at hand.
define apt
( command -v apt-get >/dev/null || exit 1; as=; \
  if [ "$$(id -u)" -ne 0 ]; then command -v sudo >/dev/null || exit 1; as='sudo -n'; [ -n "$$CI" ] || [ ! -t 0 ] || as=sudo; fi; \
  $$as env DEBIAN_FRONTEND=noninteractive apt-get -qq update >/dev/null 2>&1; \
  $$as env DEBIAN_FRONTEND=noninteractive apt-get -qq install -y --no-install-recommends $(1) </dev/null >/dev/null )
endef

# The search for the robust scatter has a compiled core; without a C compiler numpy takes the same steps, more slowly.
kernel := command -v cc >/dev/null && sh scripts/kernel.sh \
  || echo 'No C compiler here: fits will take a little longer. Cure, if you mind: sudo apt-get install gcc libc6-dev, then make clean'

run: $(VENV)/.run
	@exec $(BIN)/python app.py

# A file stays on one core: what its tests share is made once. Servers that are killed take their own time and want the machine alone;
# browsers wait a good deal for each other, and come last, when nothing else runs.
ON_EVERY_CORE := -n auto --dist loadfile --ignore=tests/faults --ignore=tests/ui
ALONE := tests/faults
BROWSERS := -n auto --dist loadfile tests/ui

test: $(VENV)/.dev lint chromium servers
	$(BIN)/python -m pytest $(ON_EVERY_CORE) -m "not slow"
	$(BIN)/python -m pytest $(ALONE) -m "not slow"
	$(BIN)/python -m pytest $(BROWSERS) -m "not slow"

test-all: $(VENV)/.dev lint chromium servers
	$(BIN)/python -m pytest $(ON_EVERY_CORE)
	$(BIN)/python -m pytest $(ALONE)
	$(BIN)/python -m pytest $(BROWSERS)

lint: $(VENV)/.dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy spc $(wildcard app.py)
	$(BIN)/lint-imports --no-logo

bench: $(VENV)/.dev
	$(BIN)/python -m benchmarks

# The stamps: a second `make run` finds .run newer than the lock and starts at once.
$(VENV)/.run: requirements-run.lock pyproject.toml $(wildcard spc/scatter/kernel*.[ch]) | $(BIN)/pip
	@echo 'Installing what the program needs into $(VENV); this is done once.'
	$(PIP) install --require-hashes -r requirements-run.lock
	$(PIP) install --no-index --no-build-isolation --no-deps --editable .
	@$(kernel)
	@touch $@

$(VENV)/.dev: requirements.lock pyproject.toml $(wildcard spc/scatter/kernel*.[ch]) | $(BIN)/pip
	@echo 'Installing what the program and its tests need into $(VENV); this is done once.'
	$(PIP) install --require-hashes -r requirements.lock
	$(PIP) install --no-index --no-build-isolation --no-deps --editable .
	@$(kernel)
	@touch $@ $(VENV)/.run

# A bare Debian has Python without venv (ensurepip); other systems have it.
$(BIN)/pip:
	@$(PYTHON) -c 'import ensurepip' 2>/dev/null || $(call apt,python3 python3-venv) || true
	@$(PYTHON) -c 'import ensurepip' 2>/dev/null || \
	  { echo 'Python cannot make a virtual environment here. Cure: sudo apt-get install python3 python3-venv' >&2; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo 'This needs Python 3.11 or newer; $(PYTHON) is' "$$($(PYTHON) --version)." 'Cure: make PYTHON=/path/to/python3.11' >&2; exit 1; }
	@$(PYTHON) -m venv --clear $(VENV)

# The browser tests drive Debian's Chromium; without it they are skipped and say so. The fonts are for what they look at.
chromium:
	@command -v chromium >/dev/null || [ -n "$$SPC_CHROMIUM" ] || { echo 'Installing chromium for the browser tests.'; \
	  $(call apt,chromium fonts-dejavu-core) || \
	  echo 'No chromium here and no way to install it: the browser tests will be skipped. Cure: sudo apt-get install chromium' >&2; }

# Tests run against real servers, which they start themselves, each with its data in a folder of its own; without them they are skipped
# and say so. Debian's packages would leave one running: no cluster of PostgreSQL is made (create_main_cluster), Mosquitto is switched off.
# nft and ip are for cutting networks. Many of these programs are in sbin, which is on root's PATH only.
servers:
	@PATH="$$PATH:/usr/sbin:/sbin"; missing=; as=; [ "$$(id -u)" -eq 0 ] || as='sudo -n'; \
	ls /usr/lib/postgresql/*/bin/postgres >/dev/null 2>&1 || command -v postgres >/dev/null || missing=postgresql; \
	for one in mosquitto:mosquitto nft:nftables ip:iproute2; do command -v "$${one%:*}" >/dev/null || missing="$$missing $${one#*:}"; done; \
	missing=$$(echo $$missing); [ -n "$$missing" ] || exit 0; \
	echo "Installing for tests against real servers: $$missing"; \
	case "$$missing" in postgresql*) $(call apt,postgresql-common) && \
	  $$as sed -ri 's/^#?(create_main_cluster) .*/\1 = false/' /etc/postgresql-common/createcluster.conf;; esac; \
	if $(call apt,$$missing); then \
	  case "$$missing" in *mosquitto*) ! command -v systemctl >/dev/null || $$as systemctl --quiet disable --now mosquitto;; esac; \
	else echo "No way to install $$missing here: tests that need them will be skipped. Cure: sudo apt-get install $$missing" >&2; fi; true

# Every version and hash, the same on every platform, no index named: installable from any mirror.
# requirements-site.lock is for an installation that may use every source and every ledger: the image has it.
EXTRAS := sklearn mqtt opcua postgres archive
LOCK := $(UV) pip compile --quiet --universal --fork-strategy fewest --python-version 3.11 --generate-hashes \
  --no-header --no-annotate --no-emit-index-url --no-emit-find-links $(LOCKFLAGS)
lock:
	$(LOCK) --extra build --extra dev pyproject.toml -o requirements.lock
	$(LOCK) --extra build --constraint requirements.lock pyproject.toml -o requirements-run.lock
	$(LOCK) --extra build $(EXTRAS:%=--extra %) --constraint requirements.lock pyproject.toml -o requirements-site.lock

# The ledger of the demo (var/) is left alone: it is data.
clean:
	rm -rf $(VENV) spc/scatter/_kernel.so build dist *.egg-info .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
