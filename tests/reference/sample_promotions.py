"""Sample promotions for the sample sessions: campaigns of every kind, codes, counters, redemptions and evaluations.

The rows are inserted as they are. They are consistent as the foreign keys demand, and otherwise random.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from itertools import product
from random import Random
from typing import Any

from sqlalchemy import Connection, insert, select, update

from db import tables
from db.domain.lifecycle import SessionState
from db.domain.promotions.campaign import Stacking
from db.domain.promotions.campaign_result import CAMPAIGN_MESSAGES, CampaignOutcome
from db.domain.promotions.campaign_state import CampaignState
from db.domain.promotions.code import CampaignRequirement, CodeKind
from db.domain.promotions.code_outcome import CODE_MESSAGES, CodeStatus
from db.domain.promotions.limit import LimitMeasure, LimitPeriod, LimitSubject, WhenShort
from db.repository.core import table

CAMPAIGNS = ("Hello", "Summer", "Summer 2", "漢字", 'a "quoted" \\ word', "😀", "e\u0301", "Last")
BATCHES = ("summer", "Summer", "漢字")
CODES = ("HELLO", "hello-2", "SUMMER-1", "Summer 3", "s%_1", "S'; --", "~", "!")
LINES = {"categories": ["fruit"], "price": {"min": "1.00"}, "not": {"skus": ["漢字"]}}


class SamplePromotions:
    """The promotions of one application; the same in every run."""

    def __init__(
        self, connection: Connection, application_id: int, start: datetime, names: Sequence[str] = CAMPAIGNS
    ) -> None:
        self.connection = connection
        self.application_id = application_id
        self.start = start
        self.names = names
        self.random = Random(-application_id)  # noqa: S311 (reproducible, not for security)
        self.campaigns = range(1, len(names) + 1)

    def fill(self) -> None:
        """Insert campaigns with their limits and codes. The first one requires a coupon, the second a referral."""
        for number, name in enumerate(self.names, start=1):
            self.add_campaign(number, name)
        self.add_limits()
        self.add_codes()

    def fill_sessions(self) -> None:
        """Give redemptions, discounts of campaigns and evaluations to the sessions."""
        sessions = table(tables.CustomerSessionRow)
        found = select(sessions.c.id, sessions.c.state, sessions.c.closed, sessions.c.cancelled)
        for row in self.connection.execute(found.where(sessions.c.application_id == self.application_id)).all():
            self.add_to_session(*row)

    def insert(self, row: type[tables.Row], **values: Any) -> None:
        """Insert one row."""
        self.connection.execute(insert(table(row)), {"application_id": self.application_id, **values})

    def add_campaign(self, number: int, name: str) -> None:
        """Insert a campaign with its revisions."""
        revision = self.random.choice((1, 1, 3))
        self.insert(
            tables.CampaignRow,
            id=number,
            name=name,
            notes=self.random.choice((None, "", "漢字\n")),
            starts=self.random.choice((None, self.start)),
            ends=self.random.choice((None, self.start + timedelta(days=1))),
            rank=self.random.choice((-5, 100, 100, 2**31 - 1)),
            stacking=self.random.choice(list(Stacking)),
            best_of=self.random.choice((None, "group", "漢字")),
            requires=list(CampaignRequirement)[number % 3],
            state=self.random.choice(list(CampaignState)),
            revision=revision,
            created=self.start,
            updated=self.start + timedelta(minutes=number % 2),
        )
        for each in range(1, revision + 1):
            content = {"name": name, "rules": list(self.rules()), "limits": []}
            revised = {"revision": each, "content": content, "created": self.start}
            self.insert(tables.CampaignRevisionRow, campaign_id=number, **revised)

    def rules(self) -> Iterator[Mapping[str, Any]]:
        """Yield up to four rules of a campaign."""
        for number, reward in enumerate(self.random.sample(self.rewards(), self.random.randint(0, 4))):
            rule: dict[str, Any] = {"label": self.random.choice(("rule ", "漢字 ")) + str(number), "reward": reward}
            if self.flip_coin():
                rule["when"] = {"anyOf": [{"firstSession": True}, {"cart": [{"lines": LINES}]}]}
            if self.flip_coin():
                rule["lines"] = LINES
            if self.flip_coin():
                rule["maxAmount"] = self.random.choice(("100", "7.0000", 5))
            yield rule

    def rewards(self) -> list[dict[str, Any]]:
        """Return rewards of every type."""
        buy_get = {"buy": 2, "get": 1, "percentOff": "50.50", "times": 3, "getLines": LINES}
        return [
            {"percentOff": {"percent": "12.50"}},
            {"percentOff": {"percent": 100}},
            {"amountOff": {"amount": "3.0"}},
            {"amountOffEach": {"amount": "99999999999999"}},
            {"fixedPrice": {"price": "0"}},
            {"buyGet": buy_get},
            {"buyGet": {"buy": 1, "get": 1, "percentOff": 100}},
            {"offer": {"sku": "漢字", "quantity": 2}},
            {"message": {"text": 'Say "hi"\n😀'}},
        ]

    def add_limits(self) -> None:
        """Insert limits with counters; some limits are no longer in their campaign."""
        kinds = list(product(LimitMeasure, LimitSubject, LimitPeriod))
        number = 0
        for campaign in self.campaigns:
            for position, (measure, per, period) in enumerate(self.random.sample(kinds, self.random.randint(0, 4))):
                number += 1
                limit = {"id": number, "campaign_id": campaign, "measure": measure, "per": per, "period": period}
                limit |= {"position": self.random.choice((position, position, None)), "when_short": WhenShort.SKIP}
                self.insert(tables.CampaignLimitRow, **limit, max=Decimal(self.random.choice((0, 5, 500))))
                subjects = ("",) if per is LimitSubject.CAMPAIGN else ("ada", "Ada", "漢字", "😀-1")
                starts = ("",) if period is LimitPeriod.EVER else ("2026-03-01", "2026-03-02", "2027-01-01")
                for subject, start in product(subjects, starts):
                    if self.random.random() < 0.8:
                        used = Decimal(self.random.choice((0, 1, 5, 77)))
                        key = {"limit_id": number, "subject": subject, "starts": start}
                        self.insert(tables.LimitCounterRow, **key, used=used)

    def add_codes(self) -> None:
        """Insert codes of the campaigns that require them."""
        kinds = {CampaignRequirement.COUPON: CodeKind.COUPON, CampaignRequirement.REFERRAL: CodeKind.REFERRAL}
        campaigns = [(number, kinds.get(list(CampaignRequirement)[number % 3])) for number in self.campaigns]
        self.codes: dict[int, list[int]] = {}
        number = 0
        for campaign, kind in campaigns:
            for code in CODES if kind else ():
                number += 1
                shown = f"{code}{campaign}"
                self.codes.setdefault(campaign, []).append(number)
                coupon = kind is CodeKind.COUPON
                self.insert(
                    tables.CodeRow,
                    id=number,
                    kind=kind,
                    code=shown,
                    normalized=shown.upper(),
                    campaign_id=campaign,
                    recipient_id=self.random.choice((None, "ada", "漢字")) if coupon else None,
                    advocate_id=None if coupon else self.random.choice(("ada", "nobody")),
                    friend_id=None if coupon else self.random.choice((None, "zoë")),
                    starts=self.random.choice((None, self.start)),
                    ends=self.random.choice((None, self.start + timedelta(days=1))),
                    usage_limit=self.random.choice((None, 1)),
                    used=self.random.choice((0, 0, 1, 3)),
                    batch=self.random.choice((None, *BATCHES)) if coupon else None,
                    created=self.start,
                )

    def add_to_session(
        self, session_id: int, state: SessionState, closed: datetime | None, cancelled: datetime | None
    ) -> None:
        """Insert the redemptions of a closed session, and change its discounts and its evaluation."""
        if closed:
            for campaign in self.random.sample(self.campaigns, self.random.choice((0, 1, 2))):
                self.add_redemption(session_id, campaign, closed, cancelled)
        if self.flip_coin():
            self.set_evaluation(session_id, self.evaluation())
        if self.flip_coin():
            discounts = table(tables.DiscountRow)
            own = discounts.c.application_id == self.application_id, discounts.c.session_id == session_id
            given = {"campaign_id": self.random.choice((None, 1, 2)), "campaign_name": "Hello", "revision": 1}
            self.connection.execute(update(discounts).where(*own).values(**given, shares=[[0, 10_000], [2, 20_000]]))

    def add_redemption(
        self, session_id: int, campaign: int, created: datetime, cancelled: datetime | None = None
    ) -> None:
        """Insert a redemption."""
        amount = Decimal(self.random.randint(1, 9))
        self.insert(
            tables.RedemptionRow,
            session_id=session_id,
            campaign_id=campaign,
            revision=1,
            code_id=self.random.choice((None, *self.codes.get(campaign, ()))),
            amount=amount,
            returned_amount=amount if self.flip_coin() else Decimal(0),
            shares=[],
            created=created,
            reversed=cancelled,
        )

    def set_evaluation(self, session_id: int, evaluation: dict[str, Any]) -> None:
        """Store an evaluation with a session."""
        sessions = table(tables.CustomerSessionRow)
        own = sessions.c.application_id == self.application_id, sessions.c.id == session_id
        self.connection.execute(update(sessions).where(*own).values(evaluation=evaluation))

    def evaluation(self) -> dict[str, Any]:
        """Return a random evaluation in the form in which it is stored."""
        return {
            "at": "2026-03-01T10:00:00.000Z",
            "coupon": self.outcome(),
            "referral": self.outcome(),
            "campaigns": [self.result() for _ in range(self.random.randint(0, 3))],
            "offers": [
                {"campaign_id": self.random.choice((1, 99)), "label": "gift", "sku": "漢字", "quantity": 2}
                for _ in range(self.random.randint(0, 2))
            ],
            "messages": [
                {"campaign_id": 2, "label": "words", "text": 'Say "hi"\n😀'} for _ in range(self.random.randint(0, 2))
            ],
        }

    def outcome(self) -> dict[str, Any] | None:
        """Return the outcome of a code, or None."""
        status = self.random.choice((None, *CodeStatus))
        if status is None:
            return None
        campaign = self.random.choice((None, *self.campaigns, 99))
        message = CODE_MESSAGES[status]
        return {"code": ' hé"llo ', "status": status.value, "campaign_id": campaign, "message": message}

    def result(self) -> dict[str, Any]:
        """Return the outcome of a rule or a campaign."""
        outcome = self.random.choice(list(CampaignOutcome))
        return {
            "campaign_id": self.random.choice((*self.campaigns, 99)),
            "revision": 1,
            "label": self.random.choice((None, "漢字")),
            "outcome": outcome.value,
            "amount": self.random.choice((0, 125, 10_000, 33_300)),
            "message": CAMPAIGN_MESSAGES[outcome],
            "path": self.random.choice(([], ["rules", "0", "when"])),
            "needed": self.random.choice((None, '"漢字", ...')),
            "actual": self.random.choice((None, "1")),
        }

    def flip_coin(self) -> bool:
        """Return True with probability 1/2."""
        return self.random.random() < 0.5
