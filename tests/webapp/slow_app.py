"""The Celery application with one slow task, for workers that tests start and stop."""

import sys
import time

from webapp.celery import app


@app.task(name="tests.slow")
def slow(seconds: float) -> None:
    print(f"slow task of {seconds} s begins", file=sys.stderr, flush=True)
    time.sleep(seconds)
    print("slow task done", file=sys.stderr, flush=True)
