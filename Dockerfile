# syntax=docker/dockerfile:1
# docker build --target web .      pages and API: no torch, small
# docker build --target worker .   pipeline and GPU work: with torch
# docker-compose.yml uses both.

FROM python:3.12-slim-bookworm AS base
ENV PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    PIP_NO_CACHE_DIR=1 \
    PIP_DISABLE_PIP_VERSION_CHECK=1 \
    PATH=/opt/venv/bin:$PATH \
    DJANGO_SETTINGS_MODULE=webapp.settings.base \
    ARGUS_VAR=/srv/argus/var \
    ARGUS_DATA_DIR=/data \
    ARGUS_MODELS_DIR=/data/models
RUN useradd --system --uid 10001 --create-home --home-dir /home/argus argus \
    && install -d -o argus -g argus /data \
    && python -m venv /opt/venv
WORKDIR /srv/argus
COPY pyproject.toml constraints.txt ./
COPY scripts/requirements.py scripts/requirements.py
RUN python scripts/requirements.py > /tmp/requirements.txt \
    && pip install -c constraints.txt -r /tmp/requirements.txt

FROM base AS web
COPY . .
# The key of this one command: the image holds none, and the server refuses to start without its own.
RUN SECRET_KEY=only-for-collecting-static-files python manage.py collectstatic --noinput --verbosity 0 \
    && python -m compileall -q annotation verification webapp
USER argus
ENV WEB_HOST=0.0.0.0 PORT=8000
EXPOSE 8000
HEALTHCHECK --interval=10s --timeout=6s --start-period=30s \
    CMD ["python", "-c", "import os, urllib.request as r; r.urlopen(f\"http://localhost:{os.environ['PORT']}/healthz\", timeout=5)"]
CMD ["gunicorn", "-c", "python:webapp.gunicorn", "webapp.wsgi:application"]

FROM base AS worker
RUN python scripts/requirements.py worker models > /tmp/requirements.txt \
    && pip install -c constraints.txt -r /tmp/requirements.txt
COPY . .
RUN python -m compileall -q annotation ml verification webapp workers
USER argus
# A stop then gives a running task a few seconds and puts its message back (webapp/celery.py).
ENV REMAP_SIGTERM=SIGQUIT
CMD ["celery", "--quiet", "-A", "webapp.celery", "worker", "--without-gossip", "--without-mingle", "-Q", "cpu", "-n", "cpu@%h"]
