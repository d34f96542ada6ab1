"""State of the previous layout is taken over, and only its owner can read it."""

from __future__ import annotations

from pathlib import Path

import pytest

from deployment.state import StateError, choose_backend, protect, release_subscriptions, take_over


@pytest.fixture
def folders(tmp_path: Path) -> tuple[Path, Path]:
    """The former root module's folder and the present one's."""
    former, folder = tmp_path / "terraform", tmp_path / "deploy"
    former.mkdir()
    folder.mkdir()
    return former, folder


def test_take_over_moves_state_backend_and_variables(folders: tuple[Path, Path]) -> None:
    former, folder = folders
    (former / ".terraform").mkdir()
    names = [
        "terraform.tfstate", "terraform.tfstate.backup", ".terraform/terraform.tfstate",
        "backend_override.tf", "terraform.tfvars", "mine.auto.tfvars",
    ]  # fmt: skip
    for name in names:
        (former / name).write_text(name)
    (former / "main.tf").touch()

    moved = take_over(former, folder)

    assert {path.relative_to(folder).as_posix() for path in moved} == set(names)
    assert all((folder / name).read_text() == name for name in names)
    assert [path.name for path in former.rglob("*") if path.is_file()] == ["main.tf"]
    assert take_over(former, folder) == []


def test_take_over_when_both_have_state_moves_nothing(folders: tuple[Path, Path]) -> None:
    former, folder = folders
    for place in folders:
        (place / "terraform.tfstate").touch()
    (former / "backend_override.tf").touch()

    with pytest.raises(StateError, match="keep the one of the deployment that runs"):
        take_over(former, folder)

    assert (former / "terraform.tfstate").exists()
    assert not (folder / "backend_override.tf").exists()


@pytest.mark.parametrize(
    ("name", "kind"),
    [("backend.s3.tfbackend", "s3"), ("state.gcs.tfbackend", "gcs"), ("mine.tfbackend", "s3")],
)
def test_choose_backend_takes_the_kind_from_the_files_name(
    tmp_path: Path, name: str, kind: str
) -> None:
    (tmp_path / name).touch()

    choose_backend(tmp_path / name, tmp_path)

    assert f'backend "{kind}" {{}}' in (tmp_path / "backend_override.tf").read_text()


def test_choose_backend_without_the_file_is_an_error_with_the_example(tmp_path: Path) -> None:
    with pytest.raises(StateError, match=r"backend\.s3\.tfbackend"):
        choose_backend(tmp_path / "missing.tfbackend", tmp_path)


def test_protect_leaves_state_and_plans_to_their_owner(tmp_path: Path) -> None:
    names = ["terraform.tfstate", "terraform.tfstate.1.backup", "a.tfplan", "main.tf"]
    for name in names:
        (tmp_path / name).touch(0o644)

    protect(tmp_path)

    modes = {name: (tmp_path / name).stat().st_mode & 0o777 for name in names}
    assert modes == {**dict.fromkeys(names[:3], 0o600), "main.tf": 0o644}


def test_subscriptions_that_are_not_email_are_forgotten_not_destroyed(tmp_path: Path) -> None:
    address = "module.balance_monitor.aws_sns_topic_subscription.notifications"
    listed = [f'{address}["{key}"]' for key in ("email a@b.example", "sms +49151", "https x/${y}")]

    release_subscriptions(listed, tmp_path)

    text = (tmp_path / "released_subscriptions.tf").read_text()
    assert "email" not in text
    assert text.count("  to   = ") == 2
    assert f'from = {address}["sms +49151"]' in text
    assert '["https x/$${y}"]' in text
    assert "destroy = false" in text


@pytest.mark.parametrize("listed", [[], ['aws_sns_topic_subscription.notifications["email a@b"]']])
def test_subscriptions_when_none_leaves_then_nothing_is_written(
    tmp_path: Path, listed: list[str]
) -> None:
    release_subscriptions(listed, tmp_path)

    assert list(tmp_path.iterdir()) == []
