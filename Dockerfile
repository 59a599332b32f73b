# One image, several commands: api, scheduler, worker, worker --queue jobs, migrate.
# See docker-compose.yml for how they belong together.
FROM python:3.12-slim

ENV PYTHONUTF8=1 PYTHONUNBUFFERED=1 PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1 \
    CAMPANILE_DATA_DIR=/data

# Dependencies first: they change less often than the code.
WORKDIR /app
COPY requirements.lock requirements-build.lock ./
RUN pip install --no-deps --only-binary :all: --require-hashes -r requirements-build.lock \
 && pip install --no-deps --only-binary :all: --require-hashes -r requirements.lock

COPY pyproject.toml README.md ./
COPY src src
COPY workers workers
COPY scheduler scheduler
RUN pip install --no-deps --no-build-isolation --no-index .

RUN useradd --system --uid 10001 --home-dir /data campanile \
 && install -d -o campanile -g campanile /data
USER campanile
VOLUME /data
WORKDIR /data

ENTRYPOINT ["campanile"]
CMD ["--help"]
