"""A cold start loads little: no client, no socket, and no definition that is not used."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

FUNCTIONS = Path(__file__).resolve().parents[3] / "functions"

IMPORT_ALONE = """
import json, sys

opened, sockets = [], []

def note(event, args):
    if event == "open":
        opened.append(str(args[0]))
    elif event.startswith("socket."):
        sockets.append(event)

sys.addaudithook(note)
import balance_poller.handler
definitions = [name for name in opened if name.endswith(".json") and "/providers/" in name]
heavy = {"boto3", "botocore.session", "httpx", "anyio", "jsonschema"} & sys.modules.keys()
print(json.dumps({"definitions": definitions, "heavy": sorted(heavy), "sockets": sockets}))
"""

LOAD_ONE = """
import json, os, sys

opened = []
sys.addaudithook(lambda event, args: opened.append(str(args[0])) if event == "open" else None)
from balance_poller.event import parse_account
from balance_poller.fetching.plan import load_providers
accounts = [parse_account({"id": "one", "provider": "openrouter", "secret": "s"})]
load_providers(accounts, {})
print(json.dumps([os.path.basename(name) for name in opened if "/providers/" in name]))
"""


def run(code: str) -> str:
    environment = {name: text for name, text in os.environ.items() if not name.startswith("AWS_")}
    done = subprocess.run(
        [sys.executable, "-c", code],
        env=environment | {"PYTHONPATH": str(FUNCTIONS)},
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout


def test_the_handler_when_imported_then_makes_no_client_and_no_call() -> None:
    assert json.loads(run(IMPORT_ALONE)) == {"definitions": [], "heavy": [], "sockets": []}


def test_definitions_when_one_provider_is_used_then_only_its_file_is_read() -> None:
    assert json.loads(run(LOAD_ONE)) == ["openrouter.json"]
