#!/opt/moto/bin/python
"""Stand-in for SeaweedFS's `weed server -s3`: moto's S3 in memory, open to the access key of -s3.config alone.

Signatures are not checked: tests/s3_server.py does that, beside the code.
"""

from __future__ import annotations

import json
import os
import signal
import sys
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app
from werkzeug.serving import run_simple

given = dict(option.lstrip("-").partition("=")[::2] for option in sys.argv[2:])
identities = json.loads(Path(given["s3.config"]).read_text())["identities"]
known = {key["accessKey"] for identity in identities for key in identity["credentials"]}
moto = DomainDispatcherApplication(create_backend_app)


def application(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
    """Answer a request."""
    signed = environ.get("HTTP_AUTHORIZATION", "")
    if environ["PATH_INFO"] == "/healthz":
        start_response("200 OK", [("Content-Length", "0")])
        return []
    if not any(f"Credential={key}/" in signed for key in known):
        start_response("403 Forbidden", [("Content-Length", "0")])
        return []
    return moto(environ, start_response)


signal.signal(signal.SIGTERM, lambda *_: os._exit(0))  # as process 1, nobody else listens
run_simple(given["s3.ip.bind"], 8333, application, threaded=True)
