"""A signature opens one path until it expires."""

from jobs.signing import Signer


def parted(query: str) -> tuple[int, str]:
    found = dict(part.split("=") for part in query.split("&"))
    return int(found["expires"]), found["signature"]


def test_a_signature_opens_one_path_until_it_expires():
    signer = Signer(b"key")
    expires, signature = parted(signer.sign("/files/a", 60))
    assert signer.verify("/files/a", expires, signature)
    assert not signer.verify("/files/b", expires, signature)
    assert not signer.verify("/files/a", expires + 1, signature)
    assert not Signer(b"other").verify("/files/a", expires, signature)
    assert not signer.verify("/files/a", *parted(signer.sign("/files/a", -1)))
