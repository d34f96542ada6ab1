"""How alarms change an incident: which state counts, since when, and what it is called."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from alert_router.events.alarm import AlarmChange, AlarmState, Datapoint
from alert_router.incidents.foreign_text import clean_record
from alert_router.incidents.incident import (
    AlarmStatus,
    Incident,
    IncidentKey,
    Scope,
    is_one_cause,
    is_series,
)
from alert_router.incidents.lifecycle import series
from alert_router.incidents.lifecycle.transitions import (
    apply,
    dismiss,
    identify,
    mark_deleted,
    with_lease,
)
from shared.records import Wallet
from tests.unit.router.builders import NAME, NOW, alarm, foreign, latest, minutes
from tests.unit.router.decided import told

OK, ALARM, NO_DATA = AlarmState.OK, AlarmState.ALARM, AlarmState.INSUFFICIENT_DATA
SECOND = timedelta(seconds=1)
OURS = Incident(IncidentKey(Scope.ACCOUNT, "openrouter-main"))
THEIRS = Incident(IncidentKey(Scope.FOREIGN, "arn:api-errors"))


def fired(at: datetime = NOW, **changes: Any) -> AlarmStatus:
    return AlarmStatus(True, at, **changes)


def over(at: datetime = NOW, **changes: Any) -> AlarmStatus:
    return AlarmStatus(False, at, **changes)


def applied(
    known: AlarmStatus | None, change: AlarmChange, kind: str = "warning", to: Incident = OURS
) -> AlarmStatus | None:
    """Return the status of an alarm after a change."""
    alarms = {kind: known} if known is not None else {}
    return apply(replace(to, alarms=alarms), kind, change).alarms.get(kind)


@pytest.mark.parametrize("seconds", [-1, 0, 1])
@pytest.mark.parametrize("state", [ALARM, OK])
def test_transition_when_it_is_older_than_the_known_one_then_changes_nothing(
    state: AlarmState, seconds: int
) -> None:
    known = fired() if state is OK else over()
    change = alarm(state=state, at=NOW + seconds * SECOND)

    found = applied(known, change)

    assert found is not None
    assert (found == known) is (seconds < 0)
    assert found.firing is (known.firing if seconds < 0 else not known.firing)


def test_transition_when_it_is_repeated_then_changes_nothing() -> None:
    known = apply(OURS, "warning", alarm(value="3"))

    assert apply(known, "warning", alarm(value="3")) is known


def test_alarm_when_it_fires_again_while_it_fires_then_is_known_from_then() -> None:
    """Its end in between was lost: for how long it held before is not known."""
    found = applied(fired(NOW - minutes(9)), alarm(at=NOW))

    assert found == fired(NOW)
    assert applied(over(NOW - minutes(9)), alarm(state=OK, at=NOW)) == over(
        NOW, since=NOW - minutes(9)
    )


def test_alarm_when_it_is_read_as_it_is_known_then_nothing_is_new() -> None:
    known = fired(NOW - minutes(9))
    read = alarm(at=NOW - minutes(5))._replace(observed_at=NOW)

    assert applied(known, read) == known


@pytest.mark.parametrize("began", [-5, -10, -20])
def test_alarm_when_it_is_read_in_another_state_then_counts_from_when_it_began(
    began: int,
) -> None:
    """Older than what is known, it is ordered by when it was read, or an old transition wins."""
    known = over(NOW - minutes(10))
    read = alarm(at=NOW + minutes(began))._replace(observed_at=NOW)

    found = applied(known, read)

    assert found is not None
    assert (found.firing, found.began_at) == (True, NOW + minutes(began))
    assert found.at == (NOW if began < -10 else NOW + minutes(began))
    assert found.since == (NOW + minutes(began) if began < -10 else None)


@pytest.mark.parametrize("known", [fired(NOW - minutes(5)), over(NOW - minutes(5)), None])
def test_account_alarm_when_it_lacks_data_then_keeps_its_state(known: AlarmStatus | None) -> None:
    assert applied(known, alarm(state=NO_DATA)) == known


@pytest.mark.parametrize("known", [fired(NOW - minutes(5)), over(NOW - minutes(5)), None])
def test_foreign_alarm_when_it_lacks_data_then_that_is_its_state(known: AlarmStatus | None) -> None:
    found = applied(known, foreign(NO_DATA), "alarm", THEIRS)

    assert found is not None
    assert (found.firing, found.lacks_data, found.at) == (False, True, NOW)
    again = applied(found, foreign(OK, at=NOW + SECOND), "alarm", THEIRS)
    assert again is not None
    assert (again.firing, again.lacks_data, again.since) == (False, False, None)


@pytest.mark.parametrize("seconds", [0, 1])
def test_alarm_when_its_incident_was_closed_then_counts_once_it_fires_again(seconds: int) -> None:
    known = over(is_dismissed=True)

    found = applied(known, alarm(at=NOW + seconds * SECOND))

    assert found == (fired(NOW + SECOND) if seconds else known)
    assert applied(known, alarm(state=OK, at=NOW)) == over()


def test_alarm_when_it_was_deleted_and_made_again_then_counts() -> None:
    assert applied(over(is_gone=True), alarm(state=OK, at=NOW)) == over()
    assert applied(over(is_gone=True), alarm(at=NOW)) == fired()


@pytest.mark.parametrize(
    ("known", "state", "threshold", "old"),
    [
        (fired(threshold=Decimal(20)), OK, "10", "20"),
        (fired(threshold=Decimal(20)), OK, "20", None),
        (fired(threshold=Decimal(20)), OK, None, None),
        (over(threshold=Decimal(20)), OK, "10", None),
        (over(threshold=Decimal(20)), ALARM, "10", None),
        (fired(threshold=Decimal(20)), ALARM, "10", None),
        (None, OK, "10", None),
    ],
)
def test_threshold_when_it_changed_while_the_alarm_fired_then_the_old_one_is_kept(
    known: AlarmStatus | None, state: AlarmState, threshold: str | None, old: str | None
) -> None:
    found = applied(known, alarm(state=state, at=NOW + SECOND, threshold=threshold))

    assert found is not None
    assert found.old_threshold == (Decimal(old) if old else None)


@pytest.mark.parametrize(
    ("known", "new", "expected"),
    [(None, None, None), (3, None, 3), (None, 2, 2), (3, 2, 2), (1, 2, 1)],
)
def test_datapoint_when_several_are_known_then_the_newest_is_kept(
    known: int | None, new: int | None, expected: int | None
) -> None:
    points = {age: Datapoint(Decimal(age), NOW - minutes(age)) for age in (1, 2, 3)}
    before = fired(NOW - minutes(9), latest=points.get(known or 0))

    found = applied(before, alarm(state=OK)._replace(latest=points.get(new or 0)))

    assert found is not None
    assert found.latest == points.get(expected or 0)


@pytest.mark.parametrize(
    ("opened", "firing", "is_told", "at", "expected"),
    [
        (None, False, False, 0, 0),
        (-9, False, False, 0, 0),
        (-9, True, False, 0, -9),
        (-9, False, True, 0, -9),
        (-9, True, False, -15, -15),
        (-9, False, True, -15, -15),
        (None, True, True, 0, 0),
    ],
)
def test_beginning_when_an_alarm_fires_then_is_the_earliest_of_this_incident(
    opened: int | None, firing: bool, is_told: bool, at: int, expected: int
) -> None:
    before = replace(
        OURS,
        opened_at=NOW + minutes(opened) if opened else None,
        alarms={"stale": AlarmStatus(firing, NOW - minutes(9))},
        last_notification=told() if is_told else None,
    )

    found = apply(before, "warning", alarm(at=NOW + minutes(at)))

    assert found.opened_at == NOW + minutes(expected)
    assert apply(before, "warning", alarm(state=OK)).opened_at == before.opened_at


def test_closing_when_an_alarm_fires_then_is_undone() -> None:
    before = replace(OURS, closed_by="ada")

    assert apply(before, "warning", alarm()).closed_by == ""
    assert apply(before, "warning", alarm(state=OK)).closed_by == "ada"


def test_provider_when_a_change_names_none_then_is_the_known_one() -> None:
    before = replace(OURS, provider="fal")

    assert apply(before, "warning", alarm()).provider == "openrouter"
    assert apply(before, "warning", alarm(provider="")).provider == "fal"


# --- foreign alarms and their series ---------------------------------------------------------


def of_series(
    state: AlarmState = ALARM, *, text: str = "series", at: datetime = NOW
) -> AlarmChange:
    return foreign(state, at=at)._replace(contributor="id-1", description=text)


def whole(state: AlarmState = ALARM, *, text: str = "whole", at: datetime = NOW) -> AlarmChange:
    return foreign(state, at=at)._replace(description=text)


@pytest.mark.parametrize(
    ("first", "second", "text"),
    [
        (("alarm", whole()), ("alarm#id-1", of_series()), "series"),
        (("alarm#id-1", of_series()), ("alarm", whole()), "series"),
        (("alarm", whole(text="old", at=NOW - SECOND)), ("alarm", whole(NO_DATA)), "whole"),
        (("alarm", whole(text="old", at=NOW - SECOND)), ("alarm", whole(OK)), "old"),
        (("alarm", whole(OK, text="old", at=NOW - SECOND)), ("alarm", whole()), "whole"),
        (("alarm", whole(OK, text="first")), ("alarm", whole(OK, at=NOW - SECOND)), "first"),
    ],
)
def test_texts_when_an_alarm_and_its_series_report_then_are_those_that_say_more(
    first: tuple[str, AlarmChange], second: tuple[str, AlarmChange], text: str
) -> None:
    found = apply(apply(THEIRS, *first), *second)

    assert found.foreign_alarm is not None
    assert found.foreign_alarm.description == text


def test_account_when_its_alarm_changes_then_has_no_foreign_texts() -> None:
    assert apply(OURS, "warning", alarm()).foreign_alarm is None


@pytest.mark.parametrize("seconds", [-1, 0, 1])
@pytest.mark.parametrize("state", [OK, NO_DATA, ALARM])
def test_series_when_the_whole_alarm_ends_then_end_with_it(state: AlarmState, seconds: int) -> None:
    before = apply(THEIRS, "alarm#id-1", of_series(at=NOW))

    found = apply(before, "alarm", whole(state, at=NOW + seconds * SECOND))

    ends = state is not ALARM and seconds >= 0
    assert found.alarms["alarm#id-1"].firing is not ends
    if ends:
        assert found.alarms["alarm#id-1"] == over(NOW + seconds * SECOND, threshold=Decimal(10))


def test_series_when_another_of_them_ends_then_stay() -> None:
    before = apply(THEIRS, "alarm#id-2", of_series(at=NOW))

    found = apply(before, "alarm#id-1", of_series(OK, at=NOW + SECOND))

    assert series.firing_series(found) == {"alarm#id-2"}


def test_kinds_when_named_then_are_the_alarm_or_one_of_its_series() -> None:
    assert (series.kind_of(""), series.kind_of("id-1")) == ("alarm", "alarm#id-1")
    assert (is_series("alarm"), is_series("alarm#id-1"), is_series("warning")) == (
        False,
        True,
        False,
    )
    assert (is_one_cause("stale/fal/transient"), is_one_cause("warning")) == (True, False)


@pytest.mark.parametrize(
    ("name", "contributor", "expected"),
    [
        (f"{NAME}/acc/critical", "", (Scope.ACCOUNT, "acc", "critical")),
        (f"{NAME}/acc/critical", "id-1", (Scope.FOREIGN, "arn:x", "alarm#id-1")),
        (f"{NAME}/acc/other", "", (Scope.FOREIGN, "arn:x", "alarm")),
        ("api-errors", "", (Scope.FOREIGN, "arn:x", "alarm")),
    ],
)
def test_alarm_when_its_name_is_ours_then_is_about_an_account(
    name: str, contributor: str, expected: tuple[Scope, str, str]
) -> None:
    change = alarm()._replace(alarm_name=name, alarm_arn="arn:x", contributor=contributor)

    key, kind = identify(change, NAME)

    assert (key.scope, key.id, kind) == expected


@pytest.mark.parametrize(
    ("arn", "is_kept"), [("a" * 1000, True), ("a" * 1001, False), ("ä" * 501, False)]
)
def test_alarm_when_its_name_is_longer_than_a_key_then_is_known_by_its_hash(
    arn: str, is_kept: bool
) -> None:
    key, _ = identify(foreign()._replace(alarm_arn=arn), NAME)

    assert (key.id == arn) is is_kept
    assert len(key.id.encode()) in {64, 1000}


def test_foreign_alarm_when_its_texts_are_long_then_they_are_cut() -> None:
    attributes = {"b": "x" * 400, "a": "1"}
    change = foreign()._replace(
        reason="r" * 2000, description="d" * 2000, contributor="id", attributes=attributes
    )
    change = change._replace(metric=change.metric._replace(label="m" * 2000))

    found = apply(THEIRS, "alarm#id", change).foreign_alarm

    assert found is not None
    assert (found.reason, found.description) == ("r" * 1000, "d" * 1000)
    assert found.contributor == f"a=1, b={'x' * 293}"
    assert (len(found.contributor), len(found.watching)) == (300, 500)
    assert len(found.brief) <= 200
    assert found.has_data
    plain = apply(THEIRS, "alarm#id", change._replace(attributes={})).foreign_alarm
    assert plain is not None
    assert plain.contributor == "id"
    assert not apply(THEIRS, "alarm", whole(NO_DATA)).foreign_alarm.has_data  # type: ignore[union-attr]


# --- deletions, closings and leases ----------------------------------------------------------


def deleted(kind: str = "warning", *, to: Incident, at: datetime = NOW) -> Incident:
    change = alarm(kind) if to.key.scope is Scope.ACCOUNT else foreign()
    return apply(to, kind, change._replace(is_deletion=True, changed_at=at))


def test_alarm_when_it_is_deleted_then_only_it_is_gone() -> None:
    before = replace(OURS, alarms={"warning": fired(threshold=Decimal(20)), "stale": fired()})

    assert deleted(to=before).alarms == {
        "warning": over(threshold=Decimal(20), is_gone=True),
        "stale": fired(),
    }
    assert deleted("critical", to=before) is before


def test_foreign_alarm_when_it_is_deleted_then_all_its_series_are_gone() -> None:
    before = replace(THEIRS, alarms={"alarm": over(), "alarm#1": fired(), "alarm#2": fired()})

    found = deleted("alarm", to=before)

    assert {kind: status.is_gone for kind, status in found.alarms.items()} == dict.fromkeys(
        ("alarm", "alarm#1", "alarm#2"), True
    )


def test_alarm_when_its_deletion_is_repeated_then_nothing_changes() -> None:
    before = replace(OURS, alarms={"warning": over(is_gone=True)})

    assert deleted(to=before, at=NOW + minutes(5)) is before


@pytest.mark.parametrize("is_watched", [True, False])
def test_alarm_when_it_is_missing_then_it_is_known_whether_others_are_left(
    is_watched: bool,
) -> None:
    before = replace(OURS, alarms={"warning": fired(threshold=Decimal(20))})

    found = mark_deleted(before, frozenset({"warning", "drain"}), NOW, is_watched=is_watched)

    gone = over(is_gone=True, is_watched=is_watched)
    assert found.alarms == {"warning": gone._replace(threshold=Decimal(20)), "drain": gone}


@pytest.mark.parametrize("seconds", [-1, 1])
def test_incident_when_it_is_closed_then_what_fires_counts_no_more(seconds: int) -> None:
    """Until it fires anew: a transition of before, or of the same moment, is none."""
    at = NOW + seconds * SECOND
    alarms = {"warning": fired(at, since=NOW - minutes(5)), "drain": over(NOW - minutes(3))}
    before = replace(OURS, alarms=alarms, opened_at=NOW - minutes(5))

    found = dismiss(before, "ada: paid", NOW)

    assert found.alarms == {
        "warning": over(max(at, NOW), is_dismissed=True),
        "drain": over(NOW - minutes(3)),
    }
    assert found.closed_by == "ada: paid"


def test_incident_when_nothing_is_open_then_there_is_nothing_to_close() -> None:
    quiet = replace(OURS, alarms={"warning": over()})

    assert dismiss(quiet, "ada", NOW) is quiet
    assert dismiss(replace(quiet, last_notification=told()), "ada", NOW).closed_by == "ada"


def test_lease_when_nothing_is_pending_then_there_is_none() -> None:
    assert with_lease(OURS, NOW) is OURS


# --- texts of records ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("link", "is_kept"),
    [
        ("https://" + "a" * 492, True),
        ("https://" + "a" * 493, False),
        ("https://a.example/ b", False),
        ("https://a.example/\u00a0b", False),
        ("http://a.example", False),
        ("HTTPS://a.example", False),
        (None, False),
    ],
)
def test_link_when_it_is_absolute_and_in_one_piece_then_is_kept(
    link: str | None, is_kept: bool
) -> None:
    assert clean_record(latest(top_up_url=link)).top_up_url == (link if is_kept else None)


def test_record_when_its_texts_are_long_then_they_are_cut() -> None:
    others = {"w" * 200: Wallet(Decimal(1), "u" * 50)}
    record = latest(provider_title="t" * 200, unit="u" * 50, others=others, reason="a\nb")

    found = clean_record(record)

    ((name, wallet),) = found.good.others.items()
    lengths = [len(text) for text in (found.provider_title, name, found.good.unit, wallet.unit)]  # type: ignore[arg-type]
    assert lengths == [100, 100, 20, 20]
    assert found.reason == "a b"
    assert clean_record(latest(unit=None, reason=None)).good.unit is None
