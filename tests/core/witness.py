"""The promises of the core, held against every event of a call, whoever makes the events up."""

from __future__ import annotations

from itertools import groupby

from callrouter.core import closing, commands as cm, connect, events as ev, legs, machine, outcome
from callrouter.core.call import Call, LegState, Phase
from callrouter.core.words import Action, CallId, Instant, LegId, PersonId, Result

PUNCTUAL = 0.001


class Witness:
    """Lets a call live and sees that no promise is broken; keeps accounts of its own, from events and commands."""

    def __init__(self, arrived: ev.CallArrived, *, punctual: bool) -> None:
        self.arrived = arrived
        self.punctual = punctual
        self.rung: dict[LegId, cm.Ring] = {}
        self.rung_in: set[tuple[PersonId, int]] = set()
        self.ringing: set[LegId] = set()
        self.quiet: set[LegId] = set()
        """Told to hang up, or replaced: what they say counts no more."""
        self.gone: set[LegId] = set()
        self.asked: set[LegId] = set()
        """Picked up, and asked for "1"."""
        self.announced: set[str] = set()
        """What plays to the caller."""
        self.refused: set[PersonId] = set()
        self.accepted: set[LegId] = set()
        self.bridge: str | None = None
        self.connects = 0
        self.let_go = 0
        self.unasked = 0
        """The latest step that had to wait for its `Found`, so that its phones rang on unplanned."""
        self.gone_at: Instant | None = arrived.left_at
        self.call, commands = machine.arrive(CallId("c"), arrived)
        self._check(arrived, self.call, commands)

    def saw(self, event: ev.Event) -> tuple[cm.Command, ...]:
        """Let the event happen and check everything."""
        before = self.call
        after, commands = machine.advance(before, event)
        if before.phase is Phase.OVER:
            assert after is before
            assert commands == ()
            return commands
        if before.phase is Phase.CLIMBING and not before.steps[-1].settled:
            late = event.at > before.steps[-1].started_at + 0.5
            self.unasked = before.steps[-1].step if late else self.unasked
        self._note(event, before, after)
        self.call = after
        if before.answered_at is not None:
            told = (before.answered_at, before.answered_by, before.answered_step)
            assert told == (after.answered_at, after.answered_by, after.answered_step)
        self._check(event, after, commands)
        return commands

    def _note(self, event: ev.Event, before: Call, after: Call) -> None:
        match event:
            case ev.LegRinging(leg=leg) if leg in self.rung and leg not in self.quiet | self.asked:
                self.ringing.add(leg)
            case ev.LegAnswered(leg=leg):
                self.ringing.discard(leg)
            case ev.KeyPressed(leg=leg, key="1") if leg in self.asked:
                self.accepted.add(leg)
            case ev.KeyPressed(leg=leg, key="2") if leg in self.asked - self.accepted - self.quiet - self.gone:
                self.refused.add(self.rung[leg].person)
            case ev.AnnouncementEnded(announcement=announcement):
                self.announced.discard(announcement)
            case ev.LegReplaced(leg=leg) if len(after.legs) > len(before.legs):
                self.quiet.add(leg)
            case ev.LegEnded(leg=leg) if legs.find(before, leg) is not None:
                self._ended(event)
            case ev.CallerGone() if self.gone_at is None:
                self.gone_at = event.at
            case ev.Elapsed() if self.gone_at is None and after.ended_at is not None:
                self.gone_at = event.at

    def _ended(self, event: ev.LegEnded) -> None:
        leg = event.leg
        ring = self.rung.get(leg)
        told = leg in self.quiet or leg in self.gone or event.end in {ev.End.FAILED, ev.End.TAKEN}
        if ring is not None and event.end is ev.End.TAKEN:  # it did not ring: he may ring in this step yet
            self.rung_in.discard((ring.person, ring.step))
        if ring is not None and leg in self.ringing and not told and event.at < ring.until - 1:
            self.refused.add(ring.person)
        self.gone.add(leg)

    def _check(self, event: ev.Event, call: Call, commands: tuple[cm.Command, ...]) -> None:
        for rung, some in groupby(commands, lambda command: isinstance(command, cm.Ring)):
            if rung:
                self._rings([one for one in some if isinstance(one, cm.Ring)], event, call)
            else:
                for command in some:
                    self._does(command, call)
        self._talks(call)
        left = {self.rung[leg].person for leg in self.rung.keys() - self.quiet - self.gone}
        assert not left & self.refused, "the other phones of one who refused stop"
        if self.punctual:
            self._in_time(event, call)
        if call.phase is Phase.OVER:
            self._over(event, call)

    def _rings(self, rings: list[cm.Ring], event: ev.Event, call: Call) -> None:
        assert self.gone_at is None, "nobody is rung for a caller who is gone"
        assert call.phase is Phase.CLIMBING
        talking = {self.rung[leg].person for leg in self.rung.keys() - self.quiet - self.gone}
        for ring in rings:
            assert ring.leg not in self.rung, "each leg has a name of its own"
            assert ring.person not in self.refused, "who refused is left in peace"
            assert ring.person not in talking, "a phone that rings already rings on in the same leg"
            assert ring.person in call.plan.ladder[ring.step - 1].people
            assert ring.step == call.steps[-1].step
            assert ring.until > event.at
        for key in {(ring.person, ring.step) for ring in rings}:
            assert key not in self.rung_in, "a person rings once in a step"
            self.rung_in.add(key)
        self.rung |= {ring.leg: ring for ring in rings}
        if rings and (at_once := call.plan.ladder[rings[0].step - 1].at_once) is not None:
            live = [ring for leg, ring in self.rung.items() if leg not in self.quiet | self.gone]
            together = {ring.person for ring in live if ring.step == rings[0].step}
            assert len(together) <= at_once, "no more ring at once than the step allows"

    def _does(self, command: cm.Command, call: Call) -> None:
        match command:
            case cm.HangUp(leg=leg):
                assert leg not in self.quiet, "nobody is hung up twice"
                assert leg not in self.gone, "nobody is hung up who is gone"
                assert self.connects == call.bridges or self.bridge is None, "losers stop before a bridge is touched"
                self.quiet.add(leg)
                self._stops(command, call)
            case cm.Confirm(leg=leg):
                assert leg not in self.asked | self.quiet | self.gone
                self.asked.add(leg)
            case cm.Announce(announcement=announcement):
                assert self.gone_at is None
                assert announcement not in self.announced
                self.announced.add(announcement)
            case cm.Hush(announcements=announcements):
                assert self.announced == set(announcements), "all that plays is stopped, and nothing else"
                self.announced.clear()
            case cm.Connect(leg=leg, bridge=bridge):
                assert not self.announced, "nobody is connected behind an announcement"
                assert self.gone_at is None
                assert leg not in self.quiet | self.gone
                assert self.bridge is None, "never two conversations"
                assert self.quiet | self.gone >= self.rung.keys() - {leg}, "the others have been stopped"
                self.bridge = bridge
                self.connects += 1
            case cm.CloseBridge(bridge=bridge):
                assert self.bridge == bridge
                self.bridge = None
            case cm.LetGo():
                assert not self.announced, "nobody is let go behind an announcement"
                self.let_go += 1
                assert self.let_go == 1
            case cm.Ask(step=step, people=people):
                assert call.phase is Phase.CLIMBING
                assert step == call.steps[-1].step
                assert not self.refused & {one.id for one in people}

    def _stops(self, command: cm.HangUp, call: Call) -> None:
        """In a ladder that goes on, a step stops only who is not in it, and `add` nobody, but for who refused."""
        ring = self.rung.get(command.leg)
        in_vain = command.result in {Result.NO_ANSWER, Result.UNREACHABLE}
        if ring is None or not in_vain or call.phase is not Phase.CLIMBING or ring.person in self.refused:
            return
        step = call.plan.ladder[call.steps[-1].step - 1]
        if step.each is not None and step.at_once is not None and ring.person in step.people:
            return  # his turn is over
        assert step.action is Action.RING
        assert ring.person not in step.people

    def _talks(self, call: Call) -> None:
        now = sum(talk.ended_at is None for talk in call.talk)
        assert now == (1 if call.phase is Phase.TALKING and call.sent_at is None else 0)
        assert bool(call.talk) == (call.answered_at is not None)

    def _in_time(self, event: ev.Event, call: Call) -> None:
        """With a punctual clock no phone rings longer than the ladder, nor than its dead man's switch."""
        if call.phase is not Phase.CLIMBING:
            return
        arrived = call.plan
        end = arrived.at + self.connects * connect.CONNECT_AT_MOST
        end += sum(step.seconds or 0.0 for step in arrived.ladder)
        assert event.at <= max(end, arrived.arrived_at + arrived.ring_at_most) + PUNCTUAL
        for leg in legs.live(call):
            assert event.at <= leg.until or leg.step < self.unasked
            assert leg.state in {LegState.DIALLED, LegState.RINGING, LegState.ASKED}

    def _over(self, event: ev.Event, call: Call) -> None:
        assert self.gone_at is not None
        assert self.bridge is None
        assert machine.deadline(call) is None
        for leg in call.legs:
            assert leg.state is LegState.GONE
            assert leg.result is not None
            late = leg.id in self.quiet and event.at >= self.gone_at + closing.LEGS_AT_MOST
            assert leg.id in self.gone or late, "every leg is gone, or its time has run out"
        row = outcome.row(call)
        assert row.outcome == ("lost" if row.answered_at is None else "answered")
        assert (row.lost_reason is None) == (row.outcome == "answered")
        assert row.ended_at == self.gone_at
        assert [leg.result for leg in row.legs].count(Result.ANSWERED) == len(row.talk)
        assert all(run.ended_at is not None for run in row.steps)
        assert [run.step for run in row.steps] == list(range(1, len(row.steps) + 1))
        assert not row.is_dropped or (row.outcome == "answered" and row.ended_with is None)
        assert row.is_dropped or row.ended_with == (row.talk[-1].person if row.talk else None)
