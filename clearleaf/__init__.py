"""The door for people: command line, Python client, demo."""

from clearleaf.client import Client
from clearleaf.job_handle import JobHandle
from clearleaf.client_errors import ClientError

__all__ = ["Client", "ClientError", "JobHandle"]
