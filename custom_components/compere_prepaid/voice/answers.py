"""The answers to what may be asked, each as one or a few spoken sentences."""

from typing import NamedTuple

from ..account_view import AccountView
from .finding import Asked, Shops, called
from .knowing import ends_at, is_use_known, is_warned, last_top_ups, load_of, off_because
from .saying import DAYS_FROM, Speech


class Answer(NamedTuple):
    """What is said, and whether it is about what was asked for."""

    speech: str
    found: bool = True


class Answering:
    """Answers one who asks, in one language."""

    def __init__(self, asked: Asked, speech: Speech) -> None:
        """Know what may be heard, and how to say it."""
        self._asked = asked
        self._speech = speech

    def balance(self, heard: str) -> Answer:
        """Say what a shop has, how long that lasts, and why its power is off if it is."""
        if (shop := self._one_shop(heard)) is None:
            return self._which(heard)
        say, balance = self._speech.say, shop.balance
        money = self._speech.money(shop.site.currency, balance)
        which = "balance_owed" if balance < 0 else "balance"
        return Answer(
            self._speech.sentences(
                say(which, shop=called(shop), money=money), self._lasts(shop), self._power(shop)
            )
        )

    def days_left(self, heard: str) -> Answer:
        """Say how long a shop's credit lasts."""
        if (shop := self._one_shop(heard)) is None:
            return self._which(heard)
        say, end, days = self._speech.say, ends_at(shop), shop.days_left
        if days is not None and not days:
            text = say("runs_out_now", shop=called(shop))
        elif days is None or end is None:
            which = "runs_out_never" if is_use_known(shop) else "runs_out_unknown"
            text = say(which, shop=called(shop))
        else:
            which = "runs_out" if days >= DAYS_FROM else "runs_out_soon"
            duration, day = self._speech.duration(days), self._speech.day(end)
            text = say(which, shop=called(shop), duration=duration, day=day)
        return Answer(self._speech.sentences(text, self._band(shop), self._power(shop)))

    async def last_top_up(self, heard: str) -> Answer:
        """Say when a shop was topped up last, and with how much."""
        if (shop := self._one_shop(heard)) is None:
            return self._which(heard)
        site, say = shop.site, self._speech.say
        if not (found := await last_top_ups(shop)):
            return Answer(say("top_up_never", shop=called(shop)))
        money = self._speech.money(site.currency, site.currency.rounded(found[0].amount))
        at = found[0].effective_at.astimezone(site.zone)
        time = self._speech.moment(at, site.clock.now().astimezone(site.zone))
        return Answer(say("top_up", shop=called(shop), money=money, time=time))

    def off(self) -> Answer:
        """Say which shops are off; where it isn't for credit, also why."""
        if not self._asked.sites:
            return self._nothing()
        names = [
            called(shop)
            if reasons == ["no_credit"]
            else self._speech.say("reason", shop=called(shop), reason=self._speech.reasons(reasons))
            for shop in self._asked.shops
            if (reasons := off_because(shop))
        ]
        return Answer(self._speech.counted("off", names))

    def warned(self) -> Answer:
        """Say how many shops are warned, and which."""
        if not self._asked.sites:
            return self._nothing()
        names = [called(shop) for shop in self._asked.shops if is_warned(shop)]
        return Answer(self._speech.counted("warned", names))

    def load(self, heard: str | None) -> Answer:
        """Say what a place draws; without one, everything."""
        if not self._asked.sites:
            return self._nothing()
        say = self._speech.say
        place = self._asked.everywhere() if heard is None else self._asked.find_place(heard)
        if place is None:
            near = self._speech.near(self._asked.places_like(heard or ""))
            unknown = say("unknown_place", heard=heard)
            return Answer(self._speech.sentences(unknown, near), found=False)
        of_all, load = "_of_all" if place.name is None else "", load_of(place.meters)
        if not load.meters and place.name is not None:
            return Answer(say("no_meter", place=place.name), found=False)
        if load.power_mw is None:
            return Answer(say(f"load_unknown{of_all}", place=place.name))
        drawn = say(f"load{of_all}", place=place.name, power=self._speech.power(load.power_mw))
        return Answer(self._speech.sentences(drawn, self._silent(load.silent)))

    def _silent(self, count: int) -> str | None:
        if not count:
            return None
        return self._speech.say(f"load_silent_{'one' if count == 1 else 'several'}", count=count)

    def _lasts(self, shop: AccountView) -> str | None:
        """Say how long the credit lasts; of a shop that is off only its money matters."""
        if off_because(shop):
            return None
        days = shop.days_left
        if days is None:
            return self._speech.say("no_end" if is_use_known(shop) else "use_unknown")
        if not days:
            return self._speech.say("used_up")
        return self._speech.say("lasts", duration=self._speech.duration(days))

    def _band(self, shop: AccountView) -> str | None:
        """Say how sure the forecast is, in whole days, where that says something."""
        low, high = shop.forecast.low, shop.forecast.high
        if low is None or high is None or low // 1000 == high // 1000:
            return None
        return self._speech.say("band", low=low // 1000, high=high // 1000)

    def _power(self, shop: AccountView) -> str | None:
        if not (reasons := off_because(shop)):
            return None
        return self._speech.say("is_off", reason=self._speech.reasons(reasons))

    def _one_shop(self, heard: str) -> AccountView | None:
        found = self._asked.find_shops(heard).views
        return found[0] if len(found) == 1 else None

    def _which(self, heard: str) -> Answer:
        """Say that no shop is called so, or that several are."""
        if not self._asked.sites:
            return self._nothing()
        found: Shops = self._asked.find_shops(heard)
        if found.views:
            names = self._speech.listed([called(shop) for shop in found.views])
            count = len(found.views)
            text = self._speech.say("several_shops", count=count, heard=heard, names=names)
            return Answer(text, found=False)
        unknown = self._speech.say("unknown_shop", heard=heard)
        return Answer(self._speech.sentences(unknown, self._speech.near(found.near)), found=False)

    def _nothing(self) -> Answer:
        return Answer(self._speech.say("no_site"), found=False)
