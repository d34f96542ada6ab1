"""``make demo``: sets the local cloud up, tells its story, and checks that it was told right."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from balancectl.localcloud.cloud import LocalCloud, Step, local_cloud
from balancectl.localcloud.demo import story
from balancectl.localcloud.demo.screen import Screen
from balancectl.localcloud.deploy.repository import LOCAL, build_packages
from balancectl.localcloud.inbox import Message

_STAGES = {
    "packages": "Building dist/*.zip",
    "emulator": "Starting an emulated AWS with IAM enforced",
    "providers": "Starting simulated providers",
    "terraform": "Applying infra/terraform, as it is",
    "keys": "Storing the accounts' keys with balancectl keys import",
}


class Demo:
    """One telling of the story."""

    def __init__(self, screen: Screen, folder: Path = LOCAL / "demo") -> None:
        self._screen = screen
        self._folder = folder
        self._messages: list[Message] = []
        self._complaints: list[str] = []

    def run(self) -> bool:
        """Tell the story; return whether everything went as it should."""
        screen = self._screen
        screen.say("Balance Monitor: the real Terraform and both functions, on this machine.")
        screen.say(f"Everything that is written lies in {_short(self._folder)}.", "dim")
        screen.heading("Setting up")
        with screen.stages(_STAGES) as on_stage:
            on_stage("packages", None)
            build_packages()
            with local_cloud(self._folder, story.PLAN, on_stage) as cloud:
                self._tell(cloud)
                self._check_keys(cloud)
        return self._close()

    def _tell(self, cloud: LocalCloud) -> None:
        """Tell the chapters."""
        screen = self._screen
        screen.heading("Who is told what")
        for person, what in story.PEOPLE.items():
            screen.say(f"{person:<22}{what}")
        screen.heading("Polling")
        step = cloud.start_schedules()
        screen.beat(step.at, "The schedule fires for the first time.")
        screen.balances(cloud.latest())
        self._take(step, story.Beat("the first poll", why_silent="All is well."))
        for chapter in story.CHAPTERS:
            screen.heading(chapter.title)
            for beat in chapter.beats:
                self._play(cloud, beat)
        screen.heading("In the end")
        screen.balances(cloud.latest())

    def _play(self, cloud: LocalCloud, beat: story.Beat) -> None:
        """Let one thing happen."""
        step = beat.play(cloud)
        self._screen.beat(step.at, beat.text)
        self._take(step, beat)

    def _take(self, step: Step, beat: story.Beat) -> None:
        """Show what a step brought, and compare it with what it should bring."""
        self._screen.transitions(step.transitions)
        for message in step.messages:
            self._screen.message(message)
        if not step.messages:
            self._screen.silence(beat.why_silent)
        self._messages += step.messages
        for complaint in story.disagreements(beat.expected, step.messages):
            self._screen.say(f"           This is not as it should be: {complaint}", "bold red")
            self._complaints.append(f"{beat.text} {complaint}")

    def _check_keys(self, cloud: LocalCloud) -> None:
        """Look for the accounts' keys in everything that was written."""
        keys = cloud.providers.keys().values()
        for file in files_with(self._folder, keys):
            self._complaints.append(f"a key is in {_short(file)}")

    def _close(self) -> bool:
        """Print who got what, whether all was right, and what to do next."""
        screen = self._screen
        screen.say()
        screen.table("Who was told", ("To", "Messages", "Subjects"), self._by_person())
        if self._complaints:
            screen.say("The story was not told as it should be:", "bold red")
            for complaint in self._complaints:
                screen.say(f"  - {complaint}", "red")
            screen.say(f"See {_short(self._folder)}/emulator.log.")
            return False
        screen.say("One account breached: one warning, one critical, one reminder, one recovery.")
        screen.say("A revoked key said why. Four warnings came as one digest. Others were silent.")
        screen.say("No key is in any log, record, message or Terraform state.")
        screen.say(f"All as it should be, in {screen.elapsed}; nothing is left running.", "green")
        screen.say()
        screen.say("Next:", "bold")
        screen.say("  make up      keep this cloud running, with your own accounts and keys")
        screen.say("  README.md    deploy to AWS in six steps")
        return True

    def _by_person(self) -> list[tuple[str, str, str]]:
        """Return one row for each subscriber."""
        rows = []
        for person in story.PEOPLE:
            got = [message for message in self._messages if message.endpoint == person]
            rows.append((person, str(len(got)), "\n".join(_headline(m) for m in got) or "-"))
        return rows


def files_with(folder: Path, keys: Iterable[str]) -> list[Path]:
    """Return the files under ``folder`` that contain one of ``keys``."""
    needles = [key.encode() for key in keys]
    files = (file for file in sorted(folder.rglob("*")) if file.is_file())
    return [file for file in files if any(needle in file.read_bytes() for needle in needles)]


def _headline(message: Message) -> str:
    """Return a message in one line."""
    return message.body.splitlines()[0] if message.is_sms else message.subject


def _short(path: Path) -> str:
    """Return a path as one types it in the repository."""
    return str(path.relative_to(LOCAL.parent)) if path.is_relative_to(LOCAL.parent) else str(path)
