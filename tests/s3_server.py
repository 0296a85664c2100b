"""A moto server with users and buckets, which checks every signature; run as `s3_server.py PORT` until its input ends.

moto checks the signature of a header. Of a presigned URL it checks nothing, so that the front does: it computes the
signature anew for the method that was really used, and hands the request on with a header of its own.
"""

import json
import sys
import threading
from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qs, quote, urlencode

import boto3
from botocore.auth import S3SigV4Auth, S3SigV4QueryAuth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from moto import settings
from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app
from werkzeug.serving import make_server

RIGHTS = {"worker": ["s3:*"], "reader": ["s3:Get*", "s3:List*"]}
"""What each user may do."""
ACCOUNT_WORK = 3 * len(RIGHTS)
"""Requests that make the users: the only ones that nobody signs."""
FORM = "%Y%m%dT%H%M%SZ"


class Front:
    """WSGI application before moto's own."""

    def __init__(self, application, keys) -> None:
        self.application, self.keys = application, keys

    def __call__(self, environ, start_response):
        query = {name: values[0] for name, values in parse_qs(environ["QUERY_STRING"], keep_blank_values=True).items()}
        if "X-Amz-Signature" in query and not self._opens(environ, query):
            start_response("403 Forbidden", [("Content-Type", "text/plain"), ("Content-Length", "0")])
            return []
        return self.application(environ, start_response)

    def _opens(self, environ, query) -> bool:
        """Return whether a presigned URL holds for this method now; such a request goes on with a header."""
        access_key, _, region, service, _ = query["X-Amz-Credential"].split("/")
        if access_key not in self.keys:
            return False
        signed = query.pop("X-Amz-Signature")
        signer = S3SigV4QueryAuth(Credentials(access_key, self.keys[access_key]), service, region, expires=0)
        url = f"http://{environ['HTTP_HOST']}{quote(environ['PATH_INFO'])}"
        request = AWSRequest(environ["REQUEST_METHOD"], url, {"host": environ["HTTP_HOST"]}, params=query)
        request.context["timestamp"] = query["X-Amz-Date"]
        text = signer.string_to_sign(request, signer.canonical_request(request))
        begun = datetime.strptime(query["X-Amz-Date"], FORM).replace(tzinfo=UTC)
        late = datetime.now(UTC) > begun + timedelta(seconds=int(query["X-Amz-Expires"]))
        if late or signer.signature(text, request) != signed:
            return False
        own = {name: value for name, value in query.items() if not name.startswith("X-Amz-")}
        environ["QUERY_STRING"] = urlencode(own)
        again = AWSRequest(environ["REQUEST_METHOD"], url, params=own)
        S3SigV4Auth(signer.credentials, service, region).add_auth(again)
        for name, value in again.headers.items():
            environ["HTTP_" + name.upper().replace("-", "_")] = value
        return True


def make_users(url) -> dict[str, tuple[str, str]]:
    """Return the access key and the secret key of each user."""
    nobody = {"aws_access_key_id": "x", "aws_secret_access_key": "x"}
    iam = boto3.client("iam", endpoint_url=url, region_name="us-east-1", **nobody)
    made = {}
    for name, actions in RIGHTS.items():
        iam.create_user(UserName=name)
        allow = {"Effect": "Allow", "Action": actions, "Resource": "*"}
        policy = json.dumps({"Version": "2012-10-17", "Statement": [allow]})
        iam.put_user_policy(UserName=name, PolicyName="all", PolicyDocument=policy)
        key = iam.create_access_key(UserName=name)["AccessKey"]
        made[name] = (key["AccessKeyId"], key["SecretAccessKey"])
    return made


def main() -> None:
    settings.INITIAL_NO_AUTH_ACTION_COUNT = ACCOUNT_WORK
    front = Front(DomainDispatcherApplication(create_backend_app), {})
    server = make_server("127.0.0.1", 0, front, threaded=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    url = f"http://127.0.0.1:{server.port}"
    users = make_users(url)
    front.keys.update(users.values())
    print(json.dumps({"url": url, "users": users}), flush=True)
    sys.stdin.read()  # whoever started us has ended, or wants us to
    server.shutdown()


main()
