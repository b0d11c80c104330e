"""Sending statements to tenants by their channels, each once.

A channel that takes files gets the PDF; the others get a summary, and where the tenant finds the
statement.
"""

import asyncio
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from itertools import batched
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from ..adapters.statement_paper.view import told_funds
from ..adapters.statement_paper.wording import Words, number, words_of
from ..notifications import channels
from ..notifications.memory import Told
from ..notifications.messages import Message
from .press import Paper, async_issued
from .sent import SENDING, SENT, SentMemory

if TYPE_CHECKING:
    from ..site import CompereSite

TOGETHER = 50
"""So many statements are under way at once; it is these of which nobody knows after a crash."""


class Letter(NamedTuple):
    """A statement that is on its way through a channel."""

    paper: Paper
    channel: str
    message: Message


class Mailing:
    """Sends the statements of a site."""

    def __init__(self, site: CompereSite) -> None:
        """Send with this site's notifier."""
        self._site = site
        self._sent = SentMemory(site.hass, site.entry.entry_id)
        self._turn = asyncio.Lock()
        """Two at once would both find that something is not sent yet."""

    async def async_send(
        self,
        papers: Mapping[Paper, Path | None],
        *,
        language: str = "",
        again: bool = False,
    ) -> dict[Paper, dict[str, str]]:
        """Send statements, each with its PDF; return what became of each, by channel.

        That is `sent`, `failed`, `sent_before`, or `unknown` for what was on its way when Home
        Assistant ended; `again` sends these too.
        """
        async with self._turn:
            return await self._send(papers, language, again=again)

    async def _send(
        self, papers: Mapping[Paper, Path | None], language: str, *, again: bool
    ) -> dict[Paper, dict[str, str]]:
        answers: dict[Paper, dict[str, str]] = {}
        for some in batched(papers.items(), TOGETHER, strict=False):
            letters: list[Letter] = []
            for paper, file in some:
                before = {} if again else await self._sent.async_states(paper)
                if before is None:
                    before = dict.fromkeys(self._site.notifier.channels_of(paper.account), "")
                answers[paper] = {
                    channel: "sent_before" if state == SENT else "unknown"
                    for channel, state in before.items()
                }
                letters += await self._letters(paper, file, set(before), language)
            if letters:
                await self._sent.async_mark((one.paper, one.channel, SENDING) for one in letters)
                await self._deliver(letters, answers)
        return answers

    async def _deliver(
        self, letters: Sequence[Letter], answers: Mapping[Paper, dict[str, str]]
    ) -> None:
        marks = []
        for paper, channel, message in letters:
            took = await self._site.notifier.outbox.async_send([channel], message)
            answers[paper][channel] = "sent" if took else "failed"
            marks.append((paper, channel, SENT if took else None))
            told = Told(
                at=self._site.clock.now().astimezone(UTC),
                title=message.title,
                text=message.text,
                channels=took,
            )
            self._site.notifier.memory.keep_message(paper.account, told)
        await self._sent.async_mark(marks)

    async def _letters(
        self, paper: Paper, file: Path | None, done: set[str], language: str
    ) -> list[Letter]:
        site = self._site
        wanted = [name for name in site.notifier.channels_of(paper.account) if name not in done]
        row = await async_issued(site, paper) if wanted else None
        if row is None:
            return []
        spoken = language or site.press.language_of(paper.account)
        content = json.loads(row.content)
        words = await site.hass.async_add_executor_job(words_of, spoken, content["currency"])
        return [
            Letter(paper, name, self._message(paper, content, words, channel=name, file=file))
            for name in wanted
        ]

    def _message(
        self,
        paper: Paper,
        content: Mapping[str, Any],
        words: Words,
        *,
        channel: str,
        file: Path | None,
    ) -> Message:
        begin, end = (datetime.fromisoformat(content[key]) for key in ("since", "until"))
        attached = file is not None and channels.takes_files(self._site.hass, channel)
        portal = self._site.portal
        url = portal.settings.public_url if portal else ""
        where = words["mail_ask"]
        if attached:
            where = words["mail_attached"]
        elif url:
            where = words.fill("mail_portal", url=url)
        values = {
            "site": self._site.name,
            "name": content["name"],
            "number": paper.number,
            "account": paper.account,
        }
        return Message(
            title=words.fill("mail_subject", **values),
            text=words.fill(
                "mail_text",
                **values,
                period=words.span(begin, end),
                summary=_summary(content, words),
                where=where,
            ),
            tag="",
            account=paper.account,
            file=file if attached else None,
        )


def _summary(content: Mapping[str, Any], words: Words) -> str:
    """Return the opening and closing balance of each fund."""
    return "\n".join(
        words.fill(
            "mail_line",
            what=f"{words[f'fund_{name}']}, {words[key]}",
            amount=number(fund[f"{key}_shown"]),
            currency=content["currency"],
        )
        for name, fund in told_funds(content).items()
        for key in ("opening", "closing")
    )
