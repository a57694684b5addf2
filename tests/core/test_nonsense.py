"""Any event at any time, found and made small by hypothesis: the promises hold."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import settings, strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from callrouter.core import events as ev, outcome
from callrouter.core.call import Phase
from callrouter.core.ladder import Step
from callrouter.core.words import Action, IfBusy, LegId, LostReason, Why
from tests.core.calls import ANNA, BORIS, GLEB, IRINA, PEOPLE, VERA, T, arrived
from tests.core.witness import Witness

INSTANTS = st.floats(T - 10, T + 200) | st.just(0.0) | st.floats(allow_nan=False)
PERSONS = st.sampled_from((ANNA, BORIS, VERA, GLEB, IRINA, "stranger"))
CONTACTS = st.lists(st.builds(ev.Contact, st.just("PJSIP/101"), st.just("PJSIP/101")), max_size=2).map(tuple)
PRESENCE = st.one_of(
    st.builds(ev.Free, PERSONS, CONTACTS),
    st.builds(ev.Busy, PERSONS, st.sampled_from((Why.BUSY, Why.WRAP_UP))),
    st.builds(ev.Away, PERSONS, st.sampled_from(Why)),
)
STEPS = st.builds(
    Step,
    st.sampled_from(Action),
    st.just("somebody"),
    st.lists(st.sampled_from([person.id for person in PEOPLE]), unique=True, max_size=3).map(tuple),
    st.floats(0.1, 600) | st.none(),
    st.sampled_from(IfBusy),
    st.sampled_from(Why) | st.none(),
    st.sampled_from((None, None, 1, 2)),
    st.sampled_from((None, 0.5, 5.0)),
    announce=st.sampled_from((None, "sound:moment")),
    announce_away=st.sampled_from((None, "sound:away")),
    announce_busy=st.sampled_from((None, "sound:busy")),
)
OUTSIDE = tuple(replace(person, confirm=person.phones) for person in PEOPLE)
BEFORE = st.floats(T, T + 5)


class Nonsense(RuleBasedStateMachine):
    """A call that hears everything."""

    @initialize(
        ladder=st.lists(STEPS, min_size=1, max_size=8),
        prompt=st.sampled_from((None, "sound:sorry")),
        refusal=st.none() | st.none() | st.sampled_from(LostReason),
        left_at=st.none() | st.none() | BEFORE,
        more=st.fixed_dictionaries(
            {
                "is_closed": st.booleans(),
                "music": st.sampled_from((None, "default")),
                "goes_on": st.sampled_from((None, "voicemail,1,1")),
                "people": st.sampled_from((PEOPLE, OUTSIDE)),
            }
        ),
    )
    def arrives(
        self,
        ladder: list[Step],
        prompt: str | None,
        refusal: LostReason | None,
        left_at: float | None,
        more: dict[str, object],
    ) -> None:
        """A call arrives with any ladder."""
        call = arrived(*ladder, prompt=prompt, refusal=refusal, left_at=left_at, **more)
        self.witness = Witness(call, punctual=False)
        self.row: outcome.CallRow | None = None

    @rule(at=INSTANTS, people=st.lists(PRESENCE, max_size=5), offset=st.sampled_from((0, 0, 0, 0, -1, 1)))
    def asked(self, at: float, people: list[ev.Presence], offset: int) -> None:
        """Who is free, said once too often, of strangers, of another step."""
        self.witness.saw(ev.Found(at, len(self.witness.call.steps) + offset, tuple(people)))

    @rule(
        at=INSTANTS, data=st.data(), kind=st.sampled_from((ev.LegRinging, ev.LegAnswered, ev.Joined, ev.ConnectFailed))
    )
    def leg(self, at: float, data: st.DataObject, kind: type[ev.LegRinging]) -> None:
        """Something about a leg, a known one or not."""
        self.witness.saw(kind(at, self._leg(data)))

    @rule(at=INSTANTS, data=st.data(), key=st.sampled_from("125"))
    def pressed(self, at: float, data: st.DataObject, key: str) -> None:
        """Somebody presses a key, asked for it or not."""
        self.witness.saw(ev.KeyPressed(at, self._leg(data), key))

    @rule(at=INSTANTS, number=st.integers(1, 3))
    def announced(self, at: float, number: int) -> None:
        """An announcement has ended, perhaps one that never began."""
        self.witness.saw(ev.AnnouncementEnded(at, f"c.announcement{number}"))

    @rule(at=INSTANTS, data=st.data(), end=st.sampled_from(ev.End))
    def ended(self, at: float, data: st.DataObject, end: ev.End) -> None:
        """A leg is gone, perhaps again."""
        self.witness.saw(ev.LegEnded(at, self._leg(data), end, data.draw(st.none() | st.integers(200, 699))))

    @rule(at=INSTANTS, data=st.data(), person=PERSONS | st.none())
    def replaced(self, at: float, data: st.DataObject, person: object) -> None:
        """Somebody takes a leg's place, perhaps another leg of the call."""
        by = data.draw(st.sampled_from(("x1", "x2", "x3", self._leg(data))))
        is_up = data.draw(st.booleans())
        replaced = ev.LegReplaced(at, self._leg(data), LegId(by), "PJSIP/1", person, is_up)  # type: ignore[arg-type]
        self.witness.saw(replaced)

    @rule(
        at=INSTANTS,
        data=st.data(),
        ladder=st.lists(STEPS, max_size=4),
        refusal=st.none() | st.none() | st.sampled_from(LostReason),
        goes_on=st.sampled_from((None, "voicemail,1,1")),
    )
    def transferred(
        self, at: float, data: st.DataObject, ladder: list[Step], refusal: LostReason | None, goes_on: str | None
    ) -> None:
        """The caller is sent to a department, perhaps by nobody who talks to him."""
        winner = self.witness.call.winner
        leg = self._leg(data) if winner is None or data.draw(st.integers(0, 3)) == 0 else winner
        to = replace(arrived(at=at, arrived_at=at, refusal=refusal, goes_on=goes_on), ladder=tuple(ladder))
        self.witness.saw(ev.Transferred(at, leg, to))

    @rule(at=INSTANTS, data=st.data(), person=PERSONS | st.none())
    def leads(self, at: float, data: st.DataObject, person: object) -> None:
        """Somebody is heard on a channel, perhaps on one that nobody was replaced by."""
        self.witness.saw(ev.LeadsTo(at, self._leg(data), "PJSIP/1", person))  # type: ignore[arg-type]

    @rule(at=INSTANTS, person=PERSONS)
    def changed(self, at: float, person: object) -> None:
        """Somebody is perhaps free."""
        self.witness.saw(ev.PersonChanged(at, person))  # type: ignore[arg-type]

    @rule(
        at=INSTANTS,
        make=st.sampled_from(
            (
                ev.Elapsed,
                ev.PromptEnded,
                ev.CallerGone,
                lambda at: ev.Joined(at, None),
                lambda at: ev.CallerReplaced(at, "another"),
                lambda at: ev.RouterFailed(at, "x"),
            )
        ),
    )
    def else_(self, at: float, make: type[ev.Elapsed]) -> None:
        """Anything else."""
        self.witness.saw(make(at))

    @invariant()
    def outcome_stays(self) -> None:
        """There is no outcome before the end, and then it never changes."""
        row = outcome.row(self.witness.call)
        if self.row is not None:
            assert row == self.row
        assert (row.outcome is not None) == (self.witness.call.phase is Phase.OVER)
        self.row = row if row.outcome is not None else None

    def _leg(self, data: st.DataObject) -> LegId:
        known = [leg.id for leg in self.witness.call.legs]
        return LegId(data.draw(st.sampled_from([*known, *known, "stranger", "c.1.1.anna"])))


TestNonsense = Nonsense.TestCase
TestNonsense.settings = settings(max_examples=150, stateful_step_count=30, deadline=None)
