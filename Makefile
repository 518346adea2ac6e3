# Everything is set up by the first target that needs it; see CONTRIBUTING.md.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
PERIOD := 2026-Q3
SAMPLE := snapshots/sample/2026-09-30.json
PYTEST_WORKERS ?= 3

.PHONY: report test lab lint messages notebooks lock spark clean
.DELETE_ON_ERROR:

report: $(SAMPLE)
	$(BIN)/salesops report parameters/$(PERIOD).yaml

# The notebooks are tested too, on the sample company.
test: $(SAMPLE)
	$(BIN)/python -m pytest -n $(PYTEST_WORKERS) --dist loadscope

lab: $(SAMPLE)
	$(BIN)/jupyter lab notebooks

lint: $(READY)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

# Brings the catalogues in step with the texts in the sources; see docs/languages.md.
messages: $(READY)
	$(BIN)/python -m salesops_lib.languages.extraction $(BEGIN)

# Writes the built-in sample company's CRM export and ingests it.
$(SAMPLE): $(READY)
	$(BIN)/salesops sample --out exports/sample
	$(BIN)/salesops ingest exports/sample --mapping parameters/mappings/sample.yaml \
	  --as-of 2026-09-30 --store snapshots/sample

$(READY): requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
	  || { echo "Python 3.11 or newer is needed; name one with: make PYTHON=python3.12"; exit 2; }
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $(READY)

# Runs the notebooks on the sample company and stores the outputs that tests compare.
notebooks: $(SAMPLE)
	$(BIN)/jupyter nbconvert --to notebook --execute --inplace notebooks/*.ipynb
	$(BIN)/python -m salesops_lib.notebook.storage notebooks/*.ipynb

# Needs uv on the path. No registry is named in the lock.
lock:
	uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --extra dev \
	  --no-emit-index-url --no-header pyproject.toml -o requirements.lock
	$(PYTHON) -c 'import tomllib; \
	  project = tomllib.load(open("pyproject.toml", "rb"))["project"]; \
	  print(*project["optional-dependencies"]["spark"], sep="\n")' \
	  | uv pip compile --quiet --universal --python-version 3.11 --generate-hashes \
	  --no-emit-index-url --no-header --no-annotate - -o requirements-spark.lock

# Spark, too large for the usual set; it also needs Java 17 or newer.
spark: $(READY)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes \
	  -r requirements-spark.lock

clean:
	rm -rf $(VENV) .cache snapshots exports
