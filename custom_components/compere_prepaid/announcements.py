"""Announcements of a site: for whom they are in Home Assistant's terms, and on their way to people.

Areas, floors and labels are asked anew what they mean each time: who moves in later is meant, too.
"""

from collections.abc import Collection
from typing import TYPE_CHECKING

from .action_targets import accounts_named
from .const import CONF_LANGUAGE
from .core.announcement.board import NoticeBoard
from .core.announcement.notice import Audience, NoticeText
from .core.errors import InvalidInputError
from .core.events import Announced
from .core.ids import AccountNumber

if TYPE_CHECKING:
    from .site import CompereSite


class Announcements:
    """The notice board of one site, as Home Assistant sees it."""

    def __init__(self, site: CompereSite) -> None:
        """Serve this site; `board.load` comes first."""
        self._site = site
        self.board = NoticeBoard(site.book, self.accounts_of)

    def accounts_of(self, audience: Audience) -> Collection[AccountNumber]:
        """Return the open accounts that an audience means now; the owner's only if it is named."""
        accounts = self._site.book.accounts
        if audience.everybody:
            numbers = [str(number) for number in accounts]
        else:
            data = {
                "account": list(audience.accounts),
                "with_policy": list(audience.policies),
                **{kind: list(ids) for kind, ids in audience.target.items()},
            }
            try:
                numbers = accounts_named(self._site.hass, self._site, data)
            except InvalidInputError:
                return frozenset()  # nobody is there any more
        found = (accounts.get(AccountNumber(number)) for number in numbers)
        return frozenset(
            each.number
            for each in found
            if each is not None
            and each.is_open
            and (not each.owner or each.number in audience.accounts)
        )

    def text_for(
        self, number: AccountNumber, announcement: str, language: str | None = None
    ) -> NoticeText:
        """Return what an account's tenant reads, in a language or in the tenant's own.

        Raises `InvalidInputError` (`announcement_unknown`).
        """
        notice = self.board.find(announcement).notice
        account = self._site.book.accounts.get(number)
        policy = account.policy.name if account else ""
        return notice.text(language or self.language_of(number), policy)

    def language_of(self, number: AccountNumber) -> str:
        """Return the language in which an account's tenant is told things."""
        runtime = self._site.accounts.get(number)
        configured = str(runtime.data.get(CONF_LANGUAGE) or "") if runtime else ""
        chosen = self._site.tenants.choice(number).language
        return chosen or configured or self._site.hass.config.language

    def tell(self, event: Announced) -> None:
        """Send an announcement on its way to a tenant."""
        text = self.text_for(event.account, event.announcement)
        self._site.notifier.start(
            self._send(event.account, text, f"announcement-{event.announcement}")
        )

    async def _send(self, number: AccountNumber, text: NoticeText, tag: str) -> None:
        title = text.title or self._site.name
        await self._site.notifier.async_message(number, title, text.message, tag)
