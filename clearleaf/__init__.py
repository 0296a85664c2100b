"""The door for people: command line, Python client, demo."""

from clearleaf.client import Client, JobHandle
from clearleaf.client_errors import ClientError

__all__ = ["Client", "ClientError", "JobHandle"]
