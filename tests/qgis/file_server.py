"""A file server on localhost that hands out ranges of bytes, as cloud stores do, to those who may have them."""

from __future__ import annotations

import base64
import re
from pathlib import Path
from urllib.parse import unquote

from local_server import Answer, LocalServer


class FileServer(LocalServer):
    """Serves the files of a folder.

    Args:
        folder: what is served.
        login: "user:password" that is asked for; empty for none.
        token: value that the parameter ``token`` of an address must have; empty for none.
    """

    def __init__(self, folder, login="", token=""):
        self._folder, self._token = Path(folder), token
        self.login = "Basic " + base64.b64encode(login.encode()).decode() if login else ""
        super().__init__(self._answer)

    @property
    def bytes_asked(self):
        """How many bytes were asked for; None where a whole file was."""
        ranges = [re.fullmatch(r"bytes=(\d+)-(\d+)", each.headers.get("Range", "")) for each in self.asked]
        of_content = [found for found, each in zip(ranges, self.asked, strict=True) if each.method == "GET"]
        if any(found is None for found in of_content):
            return None
        return sum(int(found.group(2)) - int(found.group(1)) + 1 for found in of_content)

    def _answer(self, question):
        if self.login and question.headers.get("Authorization") != self.login:
            return Answer(status=401, headers=(("WWW-Authenticate", 'Basic realm="rasters"'),))
        if self._token and question.query.get("TOKEN") != self._token:
            return Answer(status=403)
        path = self._folder / unquote(question.path).lstrip("/")
        if not path.is_file():
            return Answer(status=404)
        content = path.read_bytes()
        wanted = re.fullmatch(r"bytes=(\d+)-(\d*)", question.headers.get("Range", ""))
        accepts = ("Accept-Ranges", "bytes")
        if wanted is None:
            return Answer(content, "image/tiff", headers=(accepts,))
        start, stop = int(wanted.group(1)), min(int(wanted.group(2) or len(content)) + 1, len(content))
        span = ("Content-Range", f"bytes {start}-{stop - 1}/{len(content)}")
        return Answer(content[start:stop], "image/tiff", 206, (accepts, span))
