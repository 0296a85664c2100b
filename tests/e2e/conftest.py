"""What tests of whole jobs share: pages of the documentation, typed as they stand."""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from itertools import groupby
from pathlib import Path

import pytest

DOCS = Path(__file__).parents[2] / "docs"
BLOCK = re.compile(r"^(<!-- not run: .+? -->\n)?```(sh|python)\n(.*?)^```$", re.DOTALL | re.MULTILINE)


def script_of(page: str) -> str:
    """The blocks of a page as one script of bash; blocks of Python with nothing but prose between them are one program.

    Blocks that say above that they are not run, and why, are left out.
    """
    blocks = [(language, code) for unrun, language, code in BLOCK.findall((DOCS / page).read_text()) if not unrun]
    script = ["set -euo pipefail"]
    for language, group in groupby(blocks, key=lambda block: block[0]):
        code = "\n".join(code for _, code in group)
        script.append(code if language == "sh" else f"python3 - <<'END OF PYTHON'\n{code}\nEND OF PYTHON\n")
    return "\n".join(script)


@pytest.fixture
def typed(tmp_path) -> Callable[[str, str], str]:
    """Return what a page's blocks print, typed one after the other in a folder, at the service of a URL."""
    if shutil.which("curl") is None:
        pytest.skip("curl is not installed")

    def run(page: str, url: str) -> str:
        places = {"CLEARLEAF_URL": url, "no_proxy": "127.0.0.1"}
        path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
        command = ["bash", "-c", script_of(page)]
        environment = os.environ | places | {"PATH": path}
        done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    return run
