"""The emulator serves its own user only: no browser, no other user, no guessed credentials."""

from __future__ import annotations

import hashlib
import http.client
import json
import os
import stat
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from botocore.auth import SigV4Auth, SigV4QueryAuth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from botocore.exceptions import ClientError

from balancectl.localcloud.emulator.emulator import ACCOUNT, REGION, Emulator
from balancectl.localcloud.emulator.process import start_emulator

SECRET = "canary-of-the-front-door"
ROLE = f"arn:aws:iam::{ACCOUNT}:role/function"
FUNCTION = f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:function"
REFUSED = r"UnrecognizedClient|InvalidClientTokenId|SignatureDoesNotMatch|InvalidSignature"
CALLS = {
    "secretsmanager": lambda client: client.get_secret_value(SecretId="key"),
    "sns": lambda client: client.list_topics(),
    "lambda": lambda client: client.list_functions(),
    "cloudwatch": lambda client: client.describe_alarms(),
    "sts": lambda client: client.get_caller_identity(),
}


@pytest.fixture(scope="module")
def emulator() -> Iterator[Emulator]:
    """An emulator with a secret in it, in a folder whose parent every user may enter."""
    with tempfile.TemporaryDirectory() as parent:
        Path(parent).chmod(0o755)
        running = start_emulator(Path(parent) / "cloud")
        try:
            running.client("secretsmanager").create_secret(Name="key", SecretString=SECRET)
            yield running
        finally:
            running.stop()


def send(
    emulator: Emulator, method: str, path: str, headers: Mapping[str, str], body: str = ""
) -> tuple[int, dict[str, str], str]:
    connection = http.client.HTTPConnection("127.0.0.1", emulator.port, timeout=10)
    connection.request(method, path, body=body, headers=dict(headers))
    response = connection.getresponse()
    found = {name.lower(): value for name, value in response.getheaders()}
    text = response.read().decode()
    connection.close()
    return response.status, found, text


def signed(emulator: Emulator, target: str, body: str) -> dict[str, str]:
    """Return the headers of a valid Secrets Manager request."""
    request = AWSRequest(
        "POST",
        f"{emulator.url}/",
        headers={"X-Amz-Target": target, "Content-Type": "application/x-amz-json-1.1"},
        data=body,
    )
    credentials = emulator.credentials
    signer = Credentials(credentials.access_key, credentials.secret_key)
    SigV4Auth(signer, "secretsmanager", REGION).add_auth(request)
    return dict(request.headers)


@pytest.mark.parametrize("service", CALLS)
@pytest.mark.parametrize(
    "credentials",
    [
        {"access_key": "test", "secret_key": "test"},
        {"access_key": ACCOUNT, "secret_key": "test"},
        {"access_key": "AKIAQQQQQQQQQQQQQQQQ", "secret_key": "test"},
        {"secret_key": "test"},
        {"token": "made up"},
    ],
    ids=["MiniStack's root", "account number", "unknown key", "wrong secret", "wrong token"],
)
def test_wrong_credentials_are_refused(
    emulator: Emulator, service: str, credentials: dict[str, str]
) -> None:
    client = emulator.client(service, **credentials)

    with pytest.raises(ClientError, match=REFUSED):
        CALLS[service](client)


def test_credentials_that_ministack_derives_for_a_function_are_refused(emulator: Emulator) -> None:
    """Without the patch, anyone who knows a function's name can act as its role."""
    digest = hashlib.sha256(f"{FUNCTION}:{ROLE}".encode()).hexdigest()
    client = emulator.client(
        "secretsmanager",
        access_key=f"ASIA{digest[:16].upper()}",
        secret_key=hashlib.sha256(f"secret:{digest}".encode()).hexdigest(),
        token=hashlib.sha256(f"token:{digest}".encode()).hexdigest(),
    )

    with pytest.raises(ClientError, match=REFUSED):
        client.get_secret_value(SecretId="key")


@pytest.mark.parametrize(
    "path", ["/", "/_ministack/health", "/_ministack/ready", "/_local/activity", "/bucket/object"]
)
@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "OPTIONS"])
def test_unsigned_request_is_refused_on_every_path(
    emulator: Emulator, method: str, path: str
) -> None:
    status, headers, text = send(emulator, method, path, {})

    assert status in (400, 403)
    assert [name for name in headers if name.startswith("access-control-")] == []
    assert SECRET not in text


@pytest.mark.parametrize(
    "extra",
    [
        {},
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Host": "evil.example"},
    ],
    ids=["none", "origin", "null origin", "fetch metadata", "foreign host"],
)
def test_valid_signature_does_not_help_a_browser(emulator: Emulator, extra: dict[str, str]) -> None:
    """The signature covers none of these headers, except the host."""
    body = json.dumps({"SecretId": "key"})
    headers = signed(emulator, "secretsmanager.GetSecretValue", body)

    status, found, text = send(emulator, "POST", "/", headers | extra, body)

    assert (status == 200, SECRET in text) == (not extra, not extra)
    assert [name for name in found if name.startswith("access-control-")] == []


def test_signature_in_the_query_is_refused(emulator: Emulator) -> None:
    """An image's address could carry it, past every rule for pages."""
    request = AWSRequest("GET", f"{emulator.url}/?Action=CreateTopic&Name=evil")
    credentials = emulator.credentials
    signer = Credentials(credentials.access_key, credentials.secret_key)
    SigV4QueryAuth(signer, "sns", REGION).add_auth(request)

    status, _, _ = send(emulator, "GET", str(request.url).removeprefix(emulator.url), {})

    assert status == 403
    assert emulator.client("sns").list_topics()["Topics"] == []


def test_body_that_was_changed_on_the_way_is_refused(emulator: Emulator) -> None:
    headers = signed(emulator, "secretsmanager.GetSecretValue", json.dumps({"SecretId": "other"}))

    status, _, text = send(emulator, "POST", "/", headers, json.dumps({"SecretId": "key"}))

    assert status in (400, 403)
    assert SECRET not in text


def test_credentials_differ_with_each_start_and_only_their_owner_reads_them(
    emulator: Emulator, tmp_path: Path
) -> None:
    other = start_emulator(tmp_path / "other")
    other.stop()
    file = emulator.folder / "credentials.json"

    assert other.credentials != emulator.credentials
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert stat.S_IMODE(emulator.folder.stat().st_mode) == 0o700
    assert emulator.credentials.secret_key not in repr(emulator.credentials)


#: Run as another user: everything that can be tried without the credentials.
ATTEMPTS = """
import json, os, sys, urllib.error, urllib.request
folder, url = sys.argv[1:]
"127.0.0.1".encode("idna")  # loads what urllib loads: the interpreter may be root's alone
os.setgroups([])
os.setgid(65534)
os.setuid(65534)
done = []
for name in ("credentials.json", "mailbox.jsonl", "emulator.log", "."):
    try:
        open(f"{folder}/{name}").close()
        done.append(name)
    except PermissionError:
        pass
    except OSError as error:
        done.append(f"{name}: {error}")
credential = "Credential=%s/20261126/eu-central-1/secretsmanager/aws4_request"
headers = {"X-Amz-Target": "secretsmanager.GetSecretValue", "X-Amz-Date": "20261126T120000Z"}
for key in (None, "test", "123456789012", ""):
    if key is not None:
        headers["Authorization"] = (
            f"AWS4-HMAC-SHA256 {credential % key}, SignedHeaders=host;x-amz-date, Signature=00"
        )
    request = urllib.request.Request(url, b'{"SecretId": "key"}', headers)
    try:
        done.append(urllib.request.urlopen(request, timeout=10).read().decode())
    except urllib.error.HTTPError as error:
        assert error.code in (400, 403), error.code
print(json.dumps({"user": os.geteuid(), "done": done}))
"""


def test_another_user_of_the_machine_gets_nothing(emulator: Emulator) -> None:
    """As root, a process of another user tries; otherwise, the file modes must suffice.

    The first lines of pytest's output say which.
    """
    if os.geteuid() != 0:
        assert all(
            stat.S_IMODE(path.stat().st_mode) & 0o077 == 0
            for path in (emulator.folder, emulator.folder / "credentials.json")
        )
        return
    tried: dict[str, Any] = json.loads(
        subprocess.run(
            [sys.executable, "-I", "-c", ATTEMPTS, str(emulator.folder), emulator.url],
            cwd="/",
            capture_output=True,
            text=True,
            check=True,
        ).stdout
    )

    assert tried == {"user": 65534, "done": []}
