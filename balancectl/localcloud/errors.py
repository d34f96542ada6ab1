"""Errors of the local cloud; ``cli`` prints their texts."""

from __future__ import annotations


class LocalCloudError(Exception):
    """Base class of the local cloud's errors."""


class RepositoryError(LocalCloudError):
    """The local cloud needs a checkout of the repository, and this is not one."""


class EmulatorError(LocalCloudError):
    """The emulator did not start, or has stopped."""


class DeploymentError(LocalCloudError):
    """Terraform or balancectl failed; the text is its error output."""


class CloudError(LocalCloudError):
    """The local cloud did not behave as expected; the text says how."""


class RunningCloudError(LocalCloudError):
    """No local cloud is running, or it failed to start."""
