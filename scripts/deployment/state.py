"""Where Terraform keeps its state: the backend of infra/deploy, and state of the previous layout.

Until 0.1 the root module was infra/terraform. Terraform's files there (state, choice of backend,
variables loaded by default) move to infra/deploy once; the resources' addresses move with the
`moved` blocks there.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
DEPLOY = ROOT / "infra" / "deploy"
FORMER = ROOT / "infra" / "terraform"

STATE = "terraform.tfstate"
OVERRIDE = "backend_override.tf"
RELEASED = "released_subscriptions.tf"
#: Until 0.1, one resource held the subscriptions of all forms.
SUBSCRIPTIONS = "aws_sns_topic_subscription.notifications"
#: Names of one deployment's state files; the second keeps a remote backend's settings.
KEPT = (STATE, f".terraform/{STATE}", f"{STATE}.backup", OVERRIDE, "terraform.tfvars")


class StateError(Exception):
    """It is unclear which state is meant; the text says what to do."""


def take_over(former: Path = FORMER, folder: Path = DEPLOY) -> list[Path]:
    """Move Terraform's files from ``former`` to ``folder``; return those moved.

    Raises:
        StateError: when both have state, and one would be lost.
    """
    names = [*KEPT, *(path.name for path in former.glob("*.auto.tfvars"))]
    found = [name for name in names if (former / name).is_file()]
    clash = [name for name in found if (folder / name).exists()]
    if clash:
        raise StateError(
            f"{former / clash[0]} and {folder / clash[0]} both exist: keep the one of the "
            "deployment that runs, and move the other elsewhere"
        )
    for name in found:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (former / name).replace(folder / name)
    return [folder / name for name in found]


def release_subscriptions(addresses: Iterable[str], folder: Path = DEPLOY) -> None:
    """Make Terraform forget subscriptions in the state that are not e-mail, if there are any.

    Since 0.2, each form has a topic of its own. Terraform would unsubscribe from the former topic
    before the router publishes to the new one; forgotten subscriptions stay until it does.
    """
    keys = [json.loads(address.split(SUBSCRIPTIONS)[1][1:-1]) for address in addresses]
    former = "module.balance_monitor.aws_sns_topic_subscription.former"
    blocks = [
        f"moved {{\n  from = module.balance_monitor.{SUBSCRIPTIONS}[{text}]\n"
        f"  to   = {former}[{text}]\n}}\n"
        for text in (json.dumps(key).replace("${", "$${") for key in keys)
        if not text.startswith('"email ')
    ]
    if blocks:
        removed = (
            f"removed {{\n  from = {former}\n\n  lifecycle {{\n    destroy = false\n  }}\n}}\n"
        )
        (folder / RELEASED).write_text("\n".join([*blocks, removed]), encoding="utf-8")


def choose_backend(config: Path, folder: Path = DEPLOY) -> None:
    """Write the partial backend of the kind in the file's name, NAME.KIND.tfbackend, else S3.

    Raises:
        StateError: when the file does not exist.
    """
    if not config.is_file():
        raise StateError(f"there is no {config}; copy infra/deploy/examples/backend.s3.tfbackend")
    kind = Path(config.stem).suffix.removeprefix(".") or "s3"
    text = f'terraform {{\n  backend "{kind}" {{}}\n}}\n'
    (folder / OVERRIDE).write_text(text, encoding="utf-8")


def protect(folder: Path = DEPLOY) -> None:
    """Make state and plans readable by their owner only: they contain people's addresses."""
    for pattern in ("*.tfstate", "*.tfstate.*", "*.tfplan"):
        for file in folder.glob(pattern):
            file.chmod(0o600)
