"""Moves a key to its account's new name within the deployment's secret."""

from __future__ import annotations

from balance_poller.credentials.reference import SecretReference
from balancectl.cli.errors import CliError
from balancectl.deployment.target import Target
from balancectl.keys.document import Change, format_document, parse_document, rename
from balancectl.keys.secret_writer import SecretWriter


def rename_key(
    target: Target, location: SecretReference, new: str, *, keep_old: bool, replace: bool
) -> Change:
    """Store the key at ``location`` under the name ``new``; with ``keep_old``, copy it.

    Raises:
        CliError: When there is no key, or a different one under the new name.
    """
    old = location.json_key or ""
    writer = SecretWriter(target.secretsmanager, location.secret_id)
    change = Change.UNCHANGED

    def edit(text: str | None) -> str | None:
        nonlocal change
        document = parse_document(text, location.secret_id)
        if old not in document:
            raise CliError(f"there is no key of '{old}' in {location.secret_id}")
        if document.get(new) not in (None, document[old]) and not replace:
            raise CliError(f"'{new}' has another key already; pass --force to replace it")
        renamed, change = rename(document, old, new, keep_old=keep_old)
        return None if renamed == document else format_document(renamed)

    writer.update(edit)
    return change
