"""The shell around the machine, in virtual time: what is done in which order, and what when something breaks."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field, replace

import pytest
import structlog

from callrouter import switchboard
from callrouter.core import commands as cm, events as ev, legs
from callrouter.core.call import Call, Phase
from callrouter.core.facts import Arrival
from callrouter.core.recorded import PickedUp
from callrouter.core.words import CallId, LegId, PersonId, Release, Result
from callrouter.switchboard import Switchboard
from tests import virtual
from tests.core.calls import ANNA, BORIS, DEPARTMENT, ID, OWNER, RESPONSIBLE, VERA, arrived, free, leg

ARRIVAL = Arrival(ID, 0.0, "caller", "+74951234567", "89161234567", "PJSIP/trunk")


@dataclass
class Office:
    """Phones, a journal and a directory in one: everybody is free, and what is done is kept with its instant."""

    done: list[tuple[float, str]] = field(default_factory=list)
    takes: dict[type, float] = field(default_factory=dict)
    """Seconds a command takes."""
    results: dict[type, ev.Event] = field(default_factory=dict)
    """What a command comes to."""
    during: dict[type, Callable[[], None]] = field(default_factory=dict)
    """What happens while it is performed."""
    breaks: Exception | None = None
    """What the next writing raises."""
    forgotten: list[str] = field(default_factory=list)
    ladder: ev.CallArrived = field(default_factory=arrived)
    looks_up: Awaitable[None] | None = None
    in_touch: asyncio.Event = field(default_factory=asyncio.Event)
    board: Switchboard = field(init=False)

    def __post_init__(self) -> None:
        self.in_touch.set()
        self.board = Switchboard(self, self, self, self._receive, lambda _: BORIS, virtual.clock, self.in_touch.wait)

    async def _receive(self, arrival: Arrival) -> ev.CallArrived:
        if self.looks_up is not None:
            await self.looks_up
        return replace(self.ladder, at=virtual.clock(), arrived_at=arrival.at)

    async def perform(self, call: CallId, command: cm.Command) -> ev.Event | None:
        """Do as if."""
        self._keep(_word(command))
        if happens := self.during.pop(type(command), None):
            happens()
        await asyncio.sleep(self.takes.get(type(command), 0))
        if isinstance(command, cm.LetGo):
            self.board.deliver(call, ev.CallerGone(virtual.clock()))
        if isinstance(command, cm.HangUp):
            self.board.deliver(call, ev.LegEnded(virtual.clock(), command.leg, ev.End.REFUSED))
        return self.results.get(type(command))

    def write(self, call: CallId, event: ev.Event, commands: tuple[cm.Command, ...]) -> None:
        """Keep it, or break."""
        self._keep(f"write {type(event).__name__}")
        if self.breaks is not None:
            failure, self.breaks = self.breaks, None
            raise failure

    async def ask(self, call: Call, ask: cm.Ask) -> tuple[ev.Presence, ...]:
        """Everybody is free."""
        self._keep("ask")
        await asyncio.sleep(self.takes.get(cm.Ask, 0))
        return tuple(free(person.id) for person in ask.people)

    def observe(self, call: Call) -> None:
        """Nobody needs to know."""

    def forget(self, call: CallId) -> None:
        """Keep it."""
        self.forgotten.append(call)

    async def over(self) -> None:
        """Wait until no call is left."""
        await self.board.nobody_waits()
        assert len(self.board) == 0

    def _keep(self, what: str) -> None:
        self.done.append((round(virtual.clock(), 3), what))

    def says(self, word: str) -> list[float]:
        """Return when that was done."""
        return [at for at, what in self.done if what == word]


def _word(command: cm.Command) -> str:
    if isinstance(command, cm.Ring):
        return f"ring {command.person}"
    if isinstance(command, cm.HangUp):
        return f"hang up {command.leg.rpartition('.')[2]}"
    if isinstance(command, cm.LetGo):
        return f"let go {command.release.value}"
    return type(command).__name__


def test_written_down_then_done() -> None:
    """Each event and what follows from it is in the journal before the phone hears of it."""

    async def story() -> list[str]:
        office = Office(ladder=arrived(RESPONSIBLE))
        office.board.arrive(ARRIVAL)
        await office.over()
        return [what for _, what in office.done]

    assert virtual.run(story()) == [
        "write CallArrived", "ask", "write Found", "ring anna", "write Elapsed", "hang up anna", "let go no_answer",
        "write LegEnded", "write CallerGone",
    ]  # fmt: skip


def test_a_step_ends_on_the_dot() -> None:
    """Deadlines are facts of the call: its ten seconds are ten seconds, whatever came in between."""

    async def story() -> Office:
        office = Office(ladder=arrived(RESPONSIBLE, DEPARTMENT, OWNER))
        office.board.arrive(ARRIVAL)
        for _ in range(9):
            await asyncio.sleep(1)
            office.board.changed(ID, VERA)
        await office.over()
        return office

    office = virtual.run(story())
    assert (office.says("ring anna"), office.says("ring boris"), office.says("ring irina")) == ([0], [10], [20])
    assert office.says("let go no_answer") == [60]


def test_no_step_ends_while_nobody_could_be_rung() -> None:
    """What was missed is told first; then the step that was due begins, and lasts its own ten seconds."""

    async def story() -> Office:
        office = Office(ladder=arrived(RESPONSIBLE, DEPARTMENT))
        office.board.arrive(ARRIVAL)
        await asyncio.sleep(5)
        office.in_touch.clear()
        await asyncio.sleep(60)
        office.board.deliver(ID, ev.LegRinging(virtual.clock(), leg(1, 1, ANNA)))
        office.in_touch.set()
        await office.over()
        return office

    office = virtual.run(story())
    assert (office.says("write LegRinging"), office.says("ring boris")) == ([65], [65])
    assert office.says("let go no_answer") == [75]


def test_phones_of_one_step_begin_together() -> None:
    """Three phones that take a second each to be rung take one second, not three."""

    async def story() -> Office:
        office = Office(ladder=arrived(DEPARTMENT), takes={cm.Ring: 1.0})
        office.board.arrive(ARRIVAL)
        await asyncio.sleep(0.5)
        office.board.deliver(ID, ev.CallerGone(virtual.clock()))
        await office.over()
        return office

    office = virtual.run(story())
    assert [office.says(f"ring {person}") for person in (ANNA, BORIS, VERA)] == [[0], [0], [0]]
    assert office.says("hang up anna") == [1]


def test_who_leaves_while_something_is_being_asked_has_left() -> None:
    """A caller who is gone before the answer to a question is not lost because of the answer."""

    async def story() -> list[str]:
        office = Office(ladder=arrived(RESPONSIBLE), takes={cm.Ask: 0.2})
        office.board.arrive(ARRIVAL)
        await asyncio.sleep(0.1)
        office.board.deliver(ID, ev.CallerGone(virtual.clock()))
        await office.over()
        return [what for _, what in office.done]

    assert virtual.run(story()) == ["write CallArrived", "ask", "write CallerGone"]


def test_what_comes_of_a_command_goes_before_other_news() -> None:
    """What a question reserved is a leg before anything else is heard of."""

    async def story() -> list[str]:
        office = Office(ladder=arrived(DEPARTMENT), takes={cm.Ask: 0.2})
        office.board.arrive(ARRIVAL)
        await asyncio.sleep(0.1)
        office.board.changed(ID, VERA)
        await asyncio.sleep(1)
        office.board.deliver(ID, ev.CallerGone(virtual.clock()))
        await office.over()
        return [what for _, what in office.done if what.startswith("write")]

    assert virtual.run(story())[:3] == ["write CallArrived", "write Found", "write PersonChanged"]


def test_who_leaves_during_reception_is_one_row_and_rings_nobody() -> None:
    """A caller who is gone before his card is found begins no ladder."""

    async def story() -> list[str]:
        office = Office(looks_up=asyncio.sleep(0.3))
        office.board.arrive(ARRIVAL)
        await asyncio.sleep(0.1)
        office.board.deliver(ID, ev.CallerGone(virtual.clock()))
        await office.over()
        assert office.forgotten == [ID, ID]
        return [what for _, what in office.done]

    found = virtual.run(story())
    assert found[0] == "write CallArrived"
    assert not [what for what in found if what.startswith(("ring", "ask", "let go"))]


def test_a_result_of_a_command_is_news_like_any_other() -> None:
    """A phone that cannot be rung has ended its leg: the next step begins at once."""

    async def story() -> Office:
        office = Office(ladder=arrived(RESPONSIBLE, OWNER))
        office.results[cm.Ring] = ev.LegEnded(0.0, leg(1, 1, ANNA), ev.End.REFUSED)
        office.board.arrive(ARRIVAL)
        await asyncio.sleep(1)
        assert office.says("ring irina") == [0]
        office.board.deliver(ID, ev.CallerGone(virtual.clock()))
        await office.over()
        return office

    virtual.run(story())


def test_a_reception_that_breaks_strands_nobody() -> None:
    """Whatever fails before the ladder, the caller goes to the dialplan's fallback."""

    async def breaks() -> None:
        raise ValueError("a defect")

    async def story() -> Office:
        office = Office(looks_up=breaks())
        with structlog.testing.capture_logs() as logged:
            office.board.arrive(ARRIVAL)
            await office.over()
        assert [one["event"] for one in logged] == ["a defect in one call; its caller goes to the fallback"]
        return office

    office = virtual.run(story())
    assert [what for _, what in office.done] == ["let go fallback"]
    assert office.forgotten == [ID, ID]


def test_a_call_that_breaks_is_ended_in_order_and_the_others_go_on() -> None:
    """A defect in the middle stops that call's phones and gives its caller back; another call rings on."""

    async def story() -> Office:
        office = Office(ladder=arrived(DEPARTMENT))
        other = replace(ARRIVAL, call=CallId("other"), asterisk_id="other")
        office.board.arrive(ARRIVAL)
        office.board.arrive(other)
        await asyncio.sleep(1)
        office.breaks = ValueError("a defect")
        with structlog.testing.capture_logs():
            office.board.deliver(ID, ev.LegRinging(virtual.clock(), leg(1, 1, ANNA)))
            await asyncio.sleep(1)
        assert [call.id for call in office.board.live()] == ["other"]
        assert (office.says("let go fallback"), len(office.says("hang up anna"))) == ([1], 1)
        office.board.deliver(CallId("other"), ev.CallerGone(virtual.clock()))
        await office.over()
        return office

    virtual.run(story())


def test_a_defect_of_the_machine_itself_strands_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    """Even where the call can no longer be advanced its caller is given back."""

    def broken(*_: object) -> tuple[Call, tuple[cm.Command, ...]]:
        raise ZeroDivisionError

    async def story() -> Office:
        office = Office(ladder=arrived(DEPARTMENT))
        office.board.arrive(ARRIVAL)
        await asyncio.sleep(1)
        monkeypatch.setattr(switchboard, "advance", broken)
        with structlog.testing.capture_logs():
            office.board.changed(ID, VERA)
            await office.over()
        return office

    assert virtual.run(story()).says("let go fallback") == [1]


def test_at_the_end_who_waits_is_handed_over_and_who_talks_goes_on() -> None:
    """Stopping waits for the ringing calls, then gives them to the fallback; a conversation is left alone."""

    async def story() -> Office:
        office = Office(ladder=arrived(DEPARTMENT))
        office.board.arrive(ARRIVAL)
        talks = CallId("talks")
        office.board.arrive(replace(ARRIVAL, call=talks, asterisk_id="talks"))
        await asyncio.sleep(1)
        his = f"talks.1.1.{ANNA}"
        winner = next(one.id for call in office.board.live() for one in call.legs if one.id == his)
        for event in (ev.LegAnswered(1.0, winner), ev.Joined(1.0, None), ev.Joined(1.0, winner)):
            office.board.deliver(talks, event)
        await asyncio.sleep(1)
        waiting = asyncio.create_task(office.board.nobody_waits())
        await asyncio.sleep(1)
        assert not waiting.done()
        office.board.hand_over()
        await waiting
        assert [(call.id, call.phase) for call in office.board.live()] == [("talks", Phase.TALKING)]
        assert office.says(f"let go {Release.FALLBACK.value}") == [3]
        office.board.deliver(talks, ev.CallerGone(virtual.clock()))
        await asyncio.sleep(1)
        return office

    virtual.run(story())


def test_news_of_nobody_is_passed_over() -> None:
    """An event of a call that is over, or was never ours, changes nothing."""

    async def story() -> None:
        office = Office()
        office.board.deliver(CallId("nobody"), ev.CallerGone(0.0))
        office.board.changed(CallId("nobody"), PersonId("anna"))
        await office.over()
        assert not office.done

    virtual.run(story())


def test_a_pickup_is_told_with_the_person_whose_phone_it_was() -> None:
    """Who picked up is found by his phone, and the leg that rang is `elsewhere`."""

    async def story() -> None:
        office = Office(ladder=arrived(RESPONSIBLE))
        office.board.arrive(ARRIVAL)
        await asyncio.sleep(1)
        taken = ev.LegReplaced(1.0, leg(1, 1, ANNA), leg(9, 9, BORIS), "PJSIP/102", None)
        office.board.deliver(ID, taken)
        await asyncio.sleep(0)
        (call,) = office.board.live()
        assert [(one.person, one.result) for one in call.legs] == [(ANNA, Result.ELSEWHERE), (BORIS, None)]
        office.board.deliver(ID, ev.CallerGone(virtual.clock()))
        await office.over()

    virtual.run(story())


def talking(office: Office, call: CallId = ID) -> None:
    """Anna has picked up and talks; then a channel that leads to 600 stands in her place."""
    rung = LegId(f"{call}.1.1.anna")
    for event in (ev.LegAnswered(1.0, rung), ev.Joined(1.0, rung), ev.Joined(1.0, None)):
        office.board.deliver(call, event)
    office.board.deliver(call, ev.LegReplaced(1.0, rung, WAY, "Local/600@phones", None, is_up=False))


WAY = LegId("the way")
FAR_END = Arrival(ID, 0.0, "far", "600", "", "Local/600@phones", is_local=True)


def test_a_transfer_is_received_like_a_call_and_climbs_in_the_same_one() -> None:
    """Its ladder is looked up for the caller's own number, and the phones of that department ring."""

    async def story() -> None:
        office = Office(ladder=arrived(RESPONSIBLE))
        office.board.arrive(ARRIVAL)
        await asyncio.sleep(1)
        talking(office)
        await asyncio.sleep(1)
        office.ladder = arrived(DEPARTMENT, line="600")
        office.board.transfer(FAR_END, WAY)
        await asyncio.sleep(1)
        assert "write Transferred" in [what for _, what in office.done]
        (call,) = office.board.live()
        assert (call.plan.line, call.steps[-1].step, [one.person for one in legs.live(call)]) == (
            "600",
            2,
            [ANNA, BORIS, VERA],
        )
        office.board.deliver(ID, ev.CallerGone(virtual.clock()))
        await office.over()
        office.board.transfer(FAR_END, WAY)  # he has left meanwhile
        assert len(office.board) == 0

    virtual.run(story())


def test_a_transfer_that_breaks_is_the_fallbacks() -> None:
    """Whatever is wrong with us, the dialplan serves the far end, and the call is as it was."""

    async def breaks() -> None:
        raise RuntimeError("a defect")

    async def story() -> list[str]:
        office = Office(ladder=arrived(RESPONSIBLE))
        office.board.arrive(ARRIVAL)
        await asyncio.sleep(1)
        talking(office)
        office.looks_up = breaks()
        office.board.transfer(FAR_END, WAY)
        await asyncio.sleep(1)
        await office.over()
        return [what for _, what in office.done]

    assert "let go fallback" in virtual.run(story())


@pytest.mark.parametrize(("line", "is_sent"), [("600", True), ("+74951234567", False)])
def test_who_asked_a_department_and_hung_up_has_sent_his_caller_there(line: str, is_sent: bool) -> None:
    """The call that rang for him tells where; one to a line stays what it is, and so does one that nobody has."""

    async def story() -> None:
        office = Office(ladder=arrived(RESPONSIBLE))
        office.board.is_inside = {"600"}.__contains__
        asked = CallId("asked")
        office.board.arrive(ARRIVAL)
        await asyncio.sleep(1)
        talking(office)
        office.board.arrive(replace(ARRIVAL, call=asked, line=line, asterisk_id="asking"))
        await asyncio.sleep(1)
        office.board.transfer_instead(ID, WAY, asked)
        office.board.transfer_instead(ID, WAY, CallId("nobody's"))
        await asyncio.sleep(1)
        call = next(one for one in office.board.live() if one.id == ID)
        assert bool(call.transfers) == is_sent
        for one in (ID, asked):
            office.board.deliver(one, ev.CallerGone(virtual.clock()))
        await office.over()

    virtual.run(story())


def test_a_call_of_which_no_record_tells_goes_on() -> None:
    """Its arrival is written down and not acted upon; then it stands as Asterisk has it, until one leaves."""

    async def story() -> Office:
        office = Office(ladder=arrived(RESPONSIBLE))
        up = PickedUp(leg(1, 1, ANNA), None, "PJSIP/102", 1, 1.0, 2.0, "c.bridge1")
        landed = asyncio.Event()
        office.board.regain(replace(ARRIVAL, goes_on=True), ev.Recovered(5.0, 2.0, picked_up=up), landed)
        await asyncio.sleep(1)
        assert [what for _, what in office.done] == ["write CallArrived"]
        landed.set()
        await asyncio.sleep(2)
        (call,) = office.board.live()
        assert (call.phase, call.answered_by, call.steps[0].started_at) == (Phase.TALKING, BORIS, 0.0)
        office.board.deliver(ID, ev.LegEnded(virtual.clock(), up.leg, ev.End.REFUSED))
        await asyncio.sleep(1)
        await office.over()
        return office

    assert [what for _, what in virtual.run(story()).done] == [
        "write CallArrived", "write Recovered", "Connect", "write LegEnded", "let go normal", "write CallerGone",
        "CloseBridge",
    ]  # fmt: skip


def test_who_has_come_is_written_down_in_a_moment() -> None:
    """Whoever waits for that waits for the look-up, and not for those who come later."""

    async def story() -> tuple[float, list[str]]:
        office = Office(ladder=arrived(RESPONSIBLE))
        office.looks_up = asyncio.create_task(asyncio.sleep(0.25))
        office.board.arrive(ARRIVAL)
        await office.board.received()
        return virtual.clock(), [what for _, what in office.done]

    assert virtual.run(story()) == (0.25, ["write CallArrived", "ask"])
