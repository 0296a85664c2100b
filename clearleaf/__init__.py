"""The door for people: command line, Python client, demo."""

from clearleaf.client import Client
from clearleaf.client_errors import ClientError
from clearleaf.estimates import Estimate
from clearleaf.job_handle import JobHandle

__all__ = ["Client", "ClientError", "Estimate", "JobHandle"]
