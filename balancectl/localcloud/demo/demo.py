"""``make demo``: starts a local cloud, plays the story in it, and checks every message."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from balancectl.localcloud.cloud import LocalCloud, Step, local_cloud
from balancectl.localcloud.demo import story
from balancectl.localcloud.demo.screen import Screen
from balancectl.localcloud.deploy.repository import LOCAL, build_packages
from balancectl.localcloud.emulator.credentials import private_folder
from balancectl.localcloud.inbox import Message

_STAGES = {
    "packages": "Building dist/*.zip",
    "emulator": "Starting an emulated AWS with IAM enforced",
    "providers": "Starting simulated providers",
    "terraform": "Applying infra/terraform unchanged",
    "keys": "Storing the accounts' keys with balancectl keys import",
}


class Demo:
    """One run of the story."""

    def __init__(self, screen: Screen, folder: Path = LOCAL / "demo") -> None:
        self._screen = screen
        self._folder = folder
        self._messages: list[Message] = []
        self._differences: list[str] = []

    def run(self) -> bool:
        """Play the story; return whether everything went as expected."""
        screen = self._screen
        screen.print("Balance Monitor: the real Terraform and both functions, on this machine.")
        screen.print(f"All files are written to {_short(self._folder)}.", "dim")
        screen.heading("Setting up")
        with screen.stages(_STAGES) as on_stage:
            on_stage("packages", None)
            private_folder(LOCAL)
            build_packages()
            with local_cloud(self._folder, story.PLAN, on_stage) as cloud:
                self._play_chapters(cloud)
                self._check_keys(cloud)
        return self._close()

    def _play_chapters(self, cloud: LocalCloud) -> None:
        """Play the chapters."""
        screen = self._screen
        screen.heading("Subscribers")
        for subscriber, what in story.SUBSCRIBERS.items():
            screen.print(f"{subscriber:<22}{what}")
        screen.heading("Polling")
        step = cloud.start_schedules()
        screen.beat(step.at, "The schedule fires for the first time.")
        screen.balances(cloud.latest())
        self._check_messages(step, story.Beat("the first poll", why_no_message="All is well."))
        for chapter in story.CHAPTERS:
            screen.heading(chapter.title)
            for beat in chapter.beats:
                self._play(cloud, beat)
        screen.heading("Result")
        screen.balances(cloud.latest())

    def _play(self, cloud: LocalCloud, beat: story.Beat) -> None:
        """Play one beat."""
        step = beat.play(cloud)
        self._screen.beat(step.at, beat.text)
        self._check_messages(step, beat)

    def _check_messages(self, step: Step, beat: story.Beat) -> None:
        """Show a step's messages, and compare them with the expected ones."""
        self._screen.transitions(step.transitions)
        for message in step.messages:
            self._screen.message(message)
        if not step.messages:
            self._screen.no_message(beat.why_no_message)
        self._messages += step.messages
        for difference in story.differences(beat.expected, step.messages):
            self._screen.print(f"           Not as expected: {difference}", "bold red")
            self._differences.append(f"{beat.text} {difference}")

    def _check_keys(self, cloud: LocalCloud) -> None:
        """Search every file written for the accounts' keys."""
        keys = cloud.providers.keys().values()
        for file in files_with(self._folder, keys):
            self._differences.append(f"a key is in {_short(file)}")

    def _close(self) -> bool:
        """Print the messages per subscriber, the verdict, and next steps."""
        screen = self._screen
        screen.print()
        screen.table("Messages sent", ("To", "Messages", "Subjects"), self._by_subscriber())
        if self._differences:
            screen.print("The story did not go as expected:", "bold red")
            for difference in self._differences:
                screen.print(f"  - {difference}", "red")
            screen.print(f"See {_short(self._folder)}/emulator.log.")
            return False
        screen.print("One account ran low: one warning, one critical, one reminder, one recovery.")
        screen.print("A revoked key was reported. Four warnings made one digest.")
        screen.print("No key is in any log, record, message or Terraform state.")
        screen.print(f"All as expected, in {screen.elapsed}; nothing is left running.", "green")
        screen.print()
        screen.print("Next:", "bold")
        screen.print("  make up      keep this cloud running, with your own accounts and keys")
        screen.print("  README.md    deploy to AWS in three steps")
        return True

    def _by_subscriber(self) -> list[tuple[str, str, str]]:
        """Return one row for each subscriber."""
        rows = []
        for subscriber in story.SUBSCRIBERS:
            received = [message for message in self._messages if message.endpoint == subscriber]
            rows.append(
                (subscriber, str(len(received)), "\n".join(_headline(m) for m in received) or "-")
            )
        return rows


def files_with(folder: Path, keys: Iterable[str]) -> list[Path]:
    """Return the files under ``folder`` that contain one of ``keys``."""
    needles = [key.encode() for key in keys]
    files = (file for file in sorted(folder.rglob("*")) if file.is_file())
    return [file for file in files if any(needle in file.read_bytes() for needle in needles)]


def _headline(message: Message) -> str:
    """Return a message's first line or subject."""
    return message.body.splitlines()[0] if message.is_sms else message.subject


def _short(path: Path) -> str:
    """Return a path relative to the repository."""
    return str(path.relative_to(LOCAL.parent)) if path.is_relative_to(LOCAL.parent) else str(path)
