"""A receiver of webhooks: SECRET=whsec_… python examples/receive_webhook.py, behind an https proxy."""

import json
import os
from http.server import BaseHTTPRequestHandler, HTTPServer

from argus_client import is_signed

SECRET = os.environ["SECRET"]
seen: set[str] = set()


class Handler(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        if not is_signed(self.headers.get("Argus-Signature", ""), SECRET, body):
            self.send_error(400)
            return
        message = json.loads(body)
        if message["id"] not in seen:  # a message may come twice
            seen.add(message["id"])
            print(message["event"], message["data"])
        self.send_response(204)
        self.end_headers()


if __name__ == "__main__":
    HTTPServer(("127.0.0.1", 8080), Handler).serve_forever()
