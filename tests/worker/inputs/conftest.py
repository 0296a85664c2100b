"""An archive like the Planetary Computer's on loopback: files behind signatures that expire, and their endpoint."""

import json
import re
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from jobs.scenes import Scene


class Archive(ThreadingHTTPServer):
    """Files of a folder under /container, for whoever has the newest token; what it is asked is kept.

    Attributes:
        trouble: status and headers of every answer about a path that `troubled` is part of.
        silent_s: seconds of silence, in place of such an answer.
    """

    daemon_threads = True

    def __init__(self, folder: Path) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.folder = folder
        self.issued = 0
        self.accepted: set[str] = set()
        self.lives_s = 3600.0
        self.token_answers: list[tuple[int, dict[str, str], str]] = []
        self.keys: list[str | None] = []
        self.refused = 0
        self.drips = False
        self.open_to_all = False
        self.asked: list[str] = []
        self.trouble: tuple[int, dict[str, str]] | None = None
        self.troubled = ""
        self.silent_s = 0.0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"

    @property
    def endpoint(self) -> str:
        return f"{self.url}/token"

    @property
    def blobs(self) -> str:
        """What the host of its storage account "127" ends in."""
        return f".0.0.1:{self.server_port}"

    def revoke(self) -> None:
        self.accepted.clear()


class Handler(BaseHTTPRequestHandler):
    """Answers GET and HEAD, ranges too."""

    protocol_version = "HTTP/1.1"
    server: Archive

    def do_GET(self):
        path, _, query = self.path.partition("?")
        self.server.asked.append(path)
        if self.server.troubled in path and self.server.silent_s:
            time.sleep(self.server.silent_s)
            self.close_connection = True
            return
        if self.server.troubled in path and self.server.trouble is not None:
            self._answer(self.server.trouble[0], headers=self.server.trouble[1])
            return
        if path.startswith("/token/"):
            self._token()
        elif self.server.open_to_all or query in self.server.accepted:
            if self.server.drips:
                self._drip()
                return
            self._file(self.server.folder / path.removeprefix("/container/"))
        else:
            self.server.refused += 1
            self._answer(403)

    do_HEAD = do_GET

    def _token(self):
        self.server.keys.append(self.headers.get("Ocp-Apim-Subscription-Key"))
        if self.server.token_answers:
            code, headers, text = self.server.token_answers.pop(0)
            self._answer(code, text.encode(), headers)
            return
        self.server.issued += 1
        token = f"se=soon&sig=hunter{self.server.issued}"
        self.server.accepted.add(token)
        expiry = datetime.now(UTC) + timedelta(seconds=self.server.lives_s)
        self._answer(
            200, json.dumps({"msft:expiry": expiry.isoformat().replace("+00:00", "Z"), "token": token}).encode()
        )

    def _file(self, path: Path):
        if not path.is_file():
            self._answer(404)
            return
        content = path.read_bytes()
        wanted = re.fullmatch(r"bytes=(\d+)-(\d*)", self.headers.get("Range", ""))
        if wanted is None:
            self._answer(200, content, {"Accept-Ranges": "bytes"})
            return
        first, last = int(wanted[1]), min(int(wanted[2] or len(content)), len(content) - 1)
        if first > last:
            self._answer(416)
            return
        self._answer(206, content[first : last + 1], {"Content-Range": f"bytes {first}-{last}/{len(content)}"})

    def _drip(self):
        """Answer a byte now and then, each in time for its own."""
        self.send_response(200)
        self.send_header("Content-Length", "100000")
        self.end_headers()
        self.close_connection = True
        with suppress(OSError):
            for _ in range(6000):
                self.wfile.write(b" ")
                time.sleep(0.01)

    def _answer(self, code: int, content: bytes = b"", headers: dict[str, str] | None = None):
        self.send_response(code)
        for name, value in {"Content-Length": str(len(content)), **(headers or {})}.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(content)

    def log_message(self, *args):
        """Say nothing."""


@pytest.fixture
def archive(catalogue):
    with Archive(catalogue) as server:
        threading.Thread(target=partial(server.serve_forever, 0.01), daemon=True).start()
        yield server
        server.shutdown()


@pytest.fixture
def there(archive, catalogue) -> Callable[[Scene], Scene]:
    """Gives a planned scene as it would be if its files lay in the archive, open to all."""
    archive.open_to_all = True

    def moved(scene: Scene) -> Scene:
        assets = {
            name: asset.model_copy(update={"href": asset.href.replace(str(catalogue), f"{archive.url}/container")})
            for name, asset in scene.assets.items()
        }
        return scene.model_copy(update={"assets": assets})

    return moved
