"""A local web server that answers byte ranges, as cloud stores do."""

import http.server
import re
import threading
from contextlib import contextmanager
from pathlib import Path


class _Handler(http.server.SimpleHTTPRequestHandler):
    folder = Path()
    served = 0
    log: list

    def do_HEAD(self):
        self._answer(body=False)

    def do_GET(self):
        self._answer(body=True)

    def _answer(self, *, body):
        path = self.server.folder / self.path.lstrip("/").split("?")[0]
        if self.path.startswith("/secret"):
            self.send_error(403)
            return
        if not path.is_file():
            self.send_error(404)
            return
        content = path.read_bytes()
        wanted = re.match(r"bytes=(\d+)-(\d*)", self.headers.get("Range", ""))
        start, stop = 0, len(content)
        if wanted:
            start = int(wanted.group(1))
            stop = min(stop, int(wanted.group(2)) + 1) if wanted.group(2) else stop
        part = content[start:stop]
        self.send_response(206 if wanted else 200)
        self.send_header("Accept-Ranges", "bytes")
        self.send_header("Content-Length", str(len(part)))
        if wanted:
            self.send_header("Content-Range", f"bytes {start}-{stop - 1}/{len(content)}")
        self.end_headers()
        if body:
            self.server.bytes_served += len(part)
            self.wfile.write(part)

    def log_message(self, *_):
        pass


@contextmanager
def range_server(folder):
    """Serve a folder on localhost; gives the server with `.address` and `.bytes_served`."""
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
    server.folder, server.bytes_served = Path(folder), 0
    server.address = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
