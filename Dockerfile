# Kith as an image: locked packages, no compiler, no root. `make run` and .ci use the same lock files; scripts/docker_steps
# performs these very lines without a daemon, so that they stay true.

FROM python:3.13-slim AS pages
WORKDIR /srv/kith
COPY requirements/node.txt requirements/
RUN python -m venv /opt/node && /opt/node/bin/pip install --no-cache-dir --quiet --require-hashes -r requirements/node.txt
COPY package.json package-lock.json .npmrc ./
RUN PATH="/opt/node/bin:$PATH" npm ci --omit=dev --ignore-scripts --no-audit --no-fund --loglevel=error

FROM python:3.13-slim AS server
WORKDIR /srv/kith
COPY requirements/runtime.txt requirements/
RUN python -m venv .venv && .venv/bin/pip install --no-cache-dir --quiet --require-hashes -r requirements/runtime.txt
COPY . .
RUN .venv/bin/pip install --no-cache-dir --quiet --no-deps --no-build-isolation --editable . \
    && .venv/bin/python -m compileall -q core plugins
COPY --from=pages /srv/kith/node_modules node_modules
RUN mkdir -p /instance

FROM python:3.13-slim
ENV PATH="/srv/kith/.venv/bin:$PATH" PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1
ENV KITH_INSTANCE=/instance KITH_SERVER__HOST=0.0.0.0 PORT=8080
WORKDIR /srv/kith
COPY --from=server /srv/kith ./
COPY --from=server --chown=10001:10001 /instance /instance
USER 10001:10001
VOLUME /instance
EXPOSE 8080
HEALTHCHECK --interval=30s --timeout=5s --start-period=60s \
    CMD ["python", "-c", "import os, urllib.request as web; web.urlopen(f'http://127.0.0.1:{os.environ[\"PORT\"]}/healthz', timeout=4)"]
ENTRYPOINT ["kith"]
CMD ["serve"]
