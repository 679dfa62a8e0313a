"""Configuration of the web server: `gunicorn -c python:webapp.gunicorn webapp.wsgi:application`.

Environment: PORT (8000), WEB_HOST (127.0.0.1), WEB_WORKERS (2), WEB_THREADS (4), WEB_STOP_SECONDS (30),
ACCESS_LOG (no).
"""

from pathlib import Path

from webapp.settings import env

bind = f"{env.text('WEB_HOST', '127.0.0.1')}:{env.integer('PORT', 8000)}"
worker_class = "gthread"
workers = env.integer("WEB_WORKERS", 2)
threads = env.integer("WEB_THREADS", 4)
preload_app = True  # the code is loaded once and shared; connections are opened by the workers, after the fork
timeout = 60
graceful_timeout = env.integer("WEB_STOP_SECONDS", 30)
keepalive = 15
accesslog = "-" if env.flag("ACCESS_LOG", False) else None
errorlog = "-"
loglevel = "warning"
control_socket_disable = True  # it would lie in the home folder; Argus is stopped by signals
# The workers' heartbeat file: on a disk it stalls with the disk.
worker_tmp_dir = "/dev/shm" if Path("/dev/shm").is_dir() else None  # noqa: S108
