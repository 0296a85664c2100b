"""Make the passwords of a compose installation, once: nothing secret stands in the tree, and nothing must be prepared.

Runs in the image of the API as `passwords.py /volumes`. Each folder there is a volume that only those mount who need
it. The files belong to the user of all containers and are closed to others.
"""

import json
import os
import secrets
import sys
from pathlib import Path
from typing import Any

RIGHTS = ["Read:clearleaf", "List:clearleaf", "Tagging:clearleaf", "Write:clearleaf"]
"""Of the service, on its bucket; another identity makes the bucket."""


def write(folder: Path, files: dict[str, str]) -> None:
    """Write files, each whole or not at all."""
    for name, content in files.items():
        unfinished = folder / f".{name}"
        unfinished.write_text(content)
        unfinished.rename(folder / name)


def kept(file: Path, new: str) -> str:
    """Return what a file holds already, or what is new."""
    return file.read_text() if file.exists() else new


def identity(name: str, rights: list[str]) -> dict[str, Any]:
    """Return somebody new whom the S3 server knows."""
    keys = {"accessKey": secrets.token_hex(20), "secretKey": secrets.token_hex(20)}
    return {"name": name, "credentials": [keys], "actions": rights}


def aws_credentials(whose: dict[str, Any]) -> str:
    """Return a file as of `~/.aws/credentials`."""
    (keys,) = whose["credentials"]
    return f"[default]\naws_access_key_id = {keys['accessKey']}\naws_secret_access_key = {keys['secretKey']}\n"


def main(volumes: Path) -> None:
    """Fill the volumes of secrets, and mark every volume as used: an empty one would take another image's owner."""
    os.umask(0o077)
    for volume in volumes.iterdir():
        (volume / ".volume").touch()
    done = volumes / "api-secrets" / "aws_credentials"  # written last
    if done.exists():
        print("the passwords are there already")
        return
    database, broker = secrets.token_hex(20), secrets.token_hex(20)
    write(volumes / "database-secret", {"password": database})
    write(volumes / "broker-secret", {"valkey.conf": f"requirepass {broker}\n"})
    maker, user = identity("maker", ["Admin"]), identity("clearleaf", RIGHTS)
    write(volumes / "storage-secret", {"s3.json": json.dumps({"identities": [maker, user]})})
    write(volumes / "bucket-secret", {"aws_credentials": aws_credentials(maker)})
    settings = {
        "clearleaf_database_url": f"postgresql://clearleaf:{database}@database/clearleaf",
        "clearleaf_broker_url": f"redis://:{broker}@broker:6379/0",
        "aws_credentials": aws_credentials(user),
    }
    write(volumes / "secrets", settings)
    # Other passwords are no reason to break the links that customers have.
    signing = kept(volumes / "api-secrets" / "clearleaf_signing_key", secrets.token_hex(32))
    write(volumes / "api-secrets", {"clearleaf_signing_key": signing, **settings})
    print("made new passwords")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
