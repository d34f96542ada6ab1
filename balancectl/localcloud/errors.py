"""What goes wrong with the local cloud, in words; ``cli`` prints them."""

from __future__ import annotations


class LocalCloudError(Exception):
    """The base of all."""


class RepositoryError(LocalCloudError):
    """The local cloud runs from a checkout of the repository, and this is none."""


class EmulatorError(LocalCloudError):
    """The emulator did not start, or is not there any more."""


class DeploymentError(LocalCloudError):
    """Terraform or a command of ours failed; the text is what it said."""


class CloudError(LocalCloudError):
    """The local cloud did not do what it should; the text says what."""


class StandingError(LocalCloudError):
    """The standing cloud is not there, or does not come up."""
