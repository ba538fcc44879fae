# The program as an image. Run it with a read-only root file system and one volume, the ledger:
#   docker build -t spc .
#   docker run --read-only --tmpfs /tmp -v spc:/var/lib/spc -p 8050:8050 spc
# LOCK: what is installed beside it. requirements-site.lock has every source and ledger; requirements-run.lock the least:
#   docker build --build-arg LOCK=requirements-run.lock -t spc .
# BASE: any image of Debian with Python 3.11 or newer and its venv module as `python3`. pg_dump must not be older than the server it copies:
# trixie's is 17, as the server of config/compose.yaml is.
ARG BASE=python:3.11-slim-trixie

FROM ${BASE} AS build
ARG LOCK=requirements-site.lock
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1
WORKDIR /srv/spc
# The compiler of the search's core stays in this stage; what it makes goes on. A base image that has one is not asked for another.
RUN command -v cc >/dev/null || { apt-get update -qq && apt-get install -y -qq --no-install-recommends gcc libc6-dev; }
RUN python3 -m venv /opt/spc
COPY requirements-run.lock requirements-site.lock ./
RUN /opt/spc/bin/pip install --require-hashes -r "${LOCK}"
# The same tree as a checkout, and the same editable install as `make run`: pages, settings and demo data are found the same way.
COPY . ./
RUN /opt/spc/bin/pip install --no-index --no-build-isolation --no-deps --editable . \
    && sh scripts/kernel.sh \
    && /opt/spc/bin/python -m compileall -q spc app.py

FROM ${BASE}
ARG LOCK=requirements-site.lock
# For `spc backup` and `spc restore` of a ledger in PostgreSQL; the least image cannot have one.
RUN [ "${LOCK}" = requirements-run.lock ] \
    || { apt-get update -qq && apt-get install -y -qq --no-install-recommends postgresql-client && rm -rf /var/lib/apt/lists/*; }
# Numeric, so that a cluster can see that it is not root.
RUN groupadd --gid 10001 spc \
    && useradd --uid 10001 --gid 10001 --no-create-home --home-dir /tmp --shell /usr/sbin/nologin spc \
    && install -d -o 10001 -g 10001 /var/lib/spc
COPY --from=build /opt/spc /opt/spc
COPY --from=build /srv/spc /srv/spc
ENV PATH=/opt/spc/bin:$PATH \
    HOME=/tmp \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    SPC_HOST=0.0.0.0 \
    SPC_LEDGER=sqlite:////var/lib/spc/spc.db
WORKDIR /srv/spc
USER 10001:10001
VOLUME /var/lib/spc
EXPOSE 8050
HEALTHCHECK --interval=10s --timeout=5s --start-period=30s --retries=3 \
    CMD ["python", "-c", "import os, urllib.request as u; u.urlopen(f\"http://127.0.0.1:{os.environ.get('SPC_PORT', '8050')}/healthz\", timeout=4)"]
CMD ["python", "app.py"]
