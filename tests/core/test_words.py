"""What a story says of each event and each command, and what else the core only names."""

from __future__ import annotations

import pytest

from callrouter.core import commands as cm, events as ev, story
from callrouter.core.errors import AwayError, CallrouterError
from callrouter.core.facts import Arrival, PhoneState
from callrouter.core.recorded import Ending, PickedUp
from callrouter.core.words import CallId, LegId, LostReason, PersonId, Release, Result, Why
from tests.core.calls import ANNA, BORIS, PERSON, T, arrived, leg, ring

ONE = leg(1, 1, ANNA)
EVENTS: list[tuple[ev.Event, str]] = [
    (arrived(), "Ромашка (client of anna) calls +74951234567"),
    (arrived(client=None, responsible=None), "+79161234567 calls +74951234567"),
    (arrived(is_remembered=True), "Ромашка (client of anna) calls +74951234567, the database is away"),
    (
        arrived(client=None, caller=None, responsible=None, refusal=LostReason.CLOSED),
        "a number that is withheld calls +74951234567, refused: closed",
    ),
    (
        ev.Found(T, 1, (ev.Free(ANNA, ()), ev.Busy(BORIS), ev.Away(PersonId("vera"), Why.PAUSED))),
        "anna free, boris busy, vera away (paused)",
    ),
    (ev.PersonChanged(T, ANNA), "anna is perhaps free"),
    (ev.Elapsed(T), "elapsed"),
    (ev.LegRinging(T, ONE), "anna rings"),
    (ev.LegAnswered(T, ONE), "anna picks up"),
    (ev.KeyPressed(T, ONE, "1"), "anna presses 1"),
    (ev.LegEnded(T, ONE, ev.End.REFUSED), "anna is gone"),
    (ev.LegEnded(T, ONE, ev.End.REFUSED, 603), "anna ended (refused 603)"),
    (ev.LegEnded(T, ONE, ev.End.FAILED), "anna ended (failed)"),
    (ev.LegReplaced(T, ONE, LegId("1.2"), "PJSIP/102", BORIS), "boris takes the place of anna"),
    (ev.LegReplaced(T, ONE, LegId("1.2"), "PJSIP/109", None), "PJSIP/109 takes the place of anna"),
    (ev.Joined(T, None), "the caller is in the bridge"),
    (ev.Joined(T, ONE), "anna is in the bridge"),
    (ev.ConnectFailed(T, ONE), "anna could not be connected"),
    (ev.PromptEnded(T), "the prompt has ended"),
    (ev.AnnouncementEnded(T, "c.announcement1"), "the announcement has ended"),
    (ev.CallerReplaced(T, "1.3"), "the caller goes on in channel 1.3"),
    (ev.CallerGone(T), "the caller is gone"),
    (ev.RouterFailed(T, "a defect"), "the router failed: a defect"),
    (ev.LegProgressed(T, LegId("call.1.1.anna")), "sound comes from anna"),
    (ev.LegDelayed(T, ONE, 4.2), "anna is called 4.2 s late"),
    (ev.Reported(T), "the dialplan tells how it went: nobody was dialled"),
    (
        ev.Reported(T, (ev.Dialled(1, T, T, "BUSY"), ev.Dialled(2, T, T, "")), has_run_out=True),
        "the dialplan tells how it went: busy, no word; the ladder ran out",
    ),
    (ev.Recovered(T, T - 3.0), "the router is back after 3.0 s"),
    (
        ev.Recovered(T, T - 3.0, picked_up=PickedUp(leg(1, 1, ANNA), ANNA, "PJSIP/101", 1, T - 9.0, T - 3.5)),
        "the router is back after 3.0 s; by Asterisk's record anna picked up 3.5 s ago",
    ),
    (
        ev.Recovered(T, T - 3.0, is_caller_gone=True),
        "the router is back after 3.0 s; the caller left meanwhile, taken as gone when the router was last there",
    ),
    (
        ev.Recovered(T, T - 3.0, is_caller_gone=True, ending=Ending(T - 1.0, None)),
        "the router is back after 3.0 s; by Asterisk's record the caller left 1.0 s ago",
    ),
    (
        ev.Recovered(T, T - 3.0, is_caller_gone=True, ending=Ending(T - 1.0, T - 2.0, "PJSIP/101")),
        "the router is back after 3.0 s; by Asterisk's record the caller left 1.0 s ago and talked to PJSIP/101",
    ),
]
COMMANDS: list[tuple[cm.Command, str]] = [
    (cm.Ask(1, (PERSON[ANNA], PERSON[BORIS])), "who is free: anna, boris?"),
    (ring(1, 1, ANNA, 10), "ring anna"),
    (cm.HangUp(ONE, Result.NO_ANSWER), "hang up anna (no answer)"),
    (cm.Connect("caller", ONE, "bridge"), "connect anna"),
    (cm.Confirm(ONE, "+79161234567", "ru", T), "ask anna for 1"),
    (cm.SendRinging("caller"), "the caller hears ringing"),
    (cm.PlayMusic("caller", "default"), "the caller hears music (default)"),
    (cm.Announce("caller", "c.announcement1", "sound:away", None), "announce sound:away"),
    (cm.Hush(("c.announcement1",)), "stop announcing"),
    (cm.Guard("caller", 30), "guard for 30 s"),
    (cm.Play("caller", "sound:sorry"), "play sound:sorry"),
    (cm.LetGo("caller", Release.NO_ANSWER, "line"), "let the caller go (no answer)"),
    (cm.LetGo("caller", Release.GOES_ON, "line", place="voicemail,1,1"), "let the caller go on to voicemail,1,1"),
    (cm.CloseBridge("bridge"), "close the bridge"),
]


@pytest.mark.parametrize(("event", "words"), EVENTS)
def test_event(event: ev.Event, words: str) -> None:
    """Every event has its words."""
    assert story.heard(event) == words


@pytest.mark.parametrize(("command", "words"), COMMANDS)
def test_command(command: cm.Command, words: str) -> None:
    """Every command has its words."""
    assert story.tell(ev.Elapsed(T + 10), (command,), T) == f"10.0 elapsed -> {words}"


def test_line() -> None:
    """A line says when, what, and what was done; two contacts of one person are one word."""
    commands = (cm.HangUp(ONE, Result.NO_ANSWER), ring(2, 2, BORIS, 20), ring(2, 3, BORIS, 20, of=2))
    assert story.tell(ev.Elapsed(T + 10), commands, T) == "10.0 elapsed -> hang up anna (no answer); ring boris"
    assert story.tell(ev.Elapsed(T), (), T) == "0.0 elapsed"


def test_errors() -> None:
    """Wrong input exits 2; a server that is away exits 3 and is one of ours, too."""
    assert (CallrouterError.exit_code, AwayError.exit_code) == (2, 3)
    assert issubclass(AwayError, CallrouterError)


def test_facts() -> None:
    """A phone without contacts is not registered; a call from a trunk is not local."""
    assert PhoneState(()).channels == ()
    assert not Arrival(CallId("c"), T, "1.1", "+7495", "8916", "PJSIP/trunk").is_local
