# The register as an image: the code and what requirements-runtime.lock names, nothing else, run by nobody special.
FROM python:3.13-slim AS build
ENV PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1
WORKDIR /srv/workplan
RUN python -m venv .venv
COPY requirements-runtime.lock ./
RUN .venv/bin/pip install --require-hashes --requirement requirements-runtime.lock
COPY pyproject.toml README.md LICENSE alembic.ini ./
COPY app ./app
COPY migrations ./migrations
COPY seed ./seed
RUN .venv/bin/pip install --no-deps --no-build-isolation --editable . \
 && .venv/bin/python -m compileall -q app migrations

FROM python:3.13-slim
RUN groupadd --system --gid 10001 workplan \
 && useradd --system --uid 10001 --gid workplan --home-dir /var/lib/workplan --shell /usr/sbin/nologin workplan \
 && install --directory --owner workplan --group workplan --mode 0700 /var/lib/workplan
COPY --from=build /srv/workplan /srv/workplan
COPY --chmod=0755 docker/entrypoint /usr/local/bin/workplan-entrypoint
ENV PATH=/srv/workplan/.venv/bin:$PATH \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    WORKPLAN_DATA_DIR=/var/lib/workplan
WORKDIR /srv/workplan
USER 10001:10001
EXPOSE 8000
HEALTHCHECK --interval=10s --timeout=3s --start-period=20s --retries=3 \
    CMD ["python", "-c", "import urllib.request as u; u.urlopen('http://127.0.0.1:8000/livez', timeout=2)"]
ENTRYPOINT ["workplan-entrypoint"]
CMD ["workplan", "serve", "--host", "0.0.0.0", "--port", "8000"]
