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
from ..core.ledger.account_rows import IssuedStatement
from ..notifications import channels
from ..notifications.memory import Told
from ..notifications.messages import Message
from .press import Paper, async_issued
from .sent import SENDING, SENT, SentMemory

if TYPE_CHECKING:
    from ..site import CompereSite

TOGETHER = 50
"""So many statements are under way at once; it is these of which nobody knows after a crash."""

NOT_TRIED = "not_tried"


class Letter(NamedTuple):
    """A statement that is on its way through a channel."""

    row: IssuedStatement
    channel: str
    message: Message
    before: str | None
    """What became of it before."""


class Mailing:
    """Sends the statements of a site."""

    def __init__(self, site: CompereSite) -> None:
        """Send with this site's notifier."""
        self._site = site
        self._sent = SentMemory(site.hass, site.entry.entry_id)
        self._turn = asyncio.Lock()
        """Two at once would both find that something is not sent yet."""
        self._under_way: list[asyncio.Event] = []
        """Of each that was begun: set, it sends no more letters."""

    def stop(self) -> bool:
        """Let no more letters be sent; tell whether any were being sent."""
        for stopped in self._under_way:
            stopped.set()
        return bool(self._under_way)

    async def async_stop(self) -> None:
        """Let no more letters be sent, and wait for the one that is on its way."""
        self.stop()
        async with self._turn:
            pass

    async def async_send(
        self,
        papers: Mapping[Paper, Path | None],
        *,
        language: str = "",
        again: bool = False,
    ) -> dict[Paper, dict[str, str]]:
        """Send statements, each with its PDF; return what became of each, by channel.

        That is `sent`, `failed`, `sent_before`, `unknown` for what was on its way when Home
        Assistant ended (`again` sends these too), or `not_tried` if it was stopped before.
        """
        stopped = asyncio.Event()
        self._under_way.append(stopped)
        try:
            async with self._turn:
                return await self._send(papers, language, stopped, again=again)
        finally:
            self._under_way.remove(stopped)

    async def _send(
        self,
        papers: Mapping[Paper, Path | None],
        language: str,
        stopped: asyncio.Event,
        *,
        again: bool,
    ) -> dict[Paper, dict[str, str]]:
        answers: dict[Paper, dict[str, str]] = {}
        for some in batched(papers.items(), TOGETHER, strict=False):
            if stopped.is_set():
                for paper, _ in some:
                    names = self._site.notifier.channels_of(paper.account)
                    answers[paper] = dict.fromkeys(names, NOT_TRIED)
                continue
            letters: list[Letter] = []
            for paper, file in some:
                row = await async_issued(self._site, paper)
                if row is None:
                    answers[paper] = {}
                    continue
                before = await self._sent.async_states(row)
                if before is None:
                    before = dict.fromkeys(self._site.notifier.channels_of(paper.account), "")
                answers[paper] = {
                    channel: "sent_before" if state == SENT else "unknown"
                    for channel, state in before.items()
                    if not again
                }
                letters += await self._letters(row, file, before, language, again=again)
            if letters:
                await self._sent.async_mark((one.row, one.channel, SENDING) for one in letters)
                await self._deliver(letters, answers, stopped)
        return answers

    async def _deliver(
        self,
        letters: Sequence[Letter],
        answers: Mapping[Paper, dict[str, str]],
        stopped: asyncio.Event,
    ) -> None:
        marks = []
        for row, channel, message, before in letters:
            answer = answers[Paper(row.account, row.number)]
            if stopped.is_set():
                answer[channel] = NOT_TRIED
                marks.append((row, channel, before))
                continue
            took = await self._site.notifier.outbox.async_send([channel], message)
            answer[channel] = "sent" if took else "failed"
            marks.append((row, channel, SENT if took else None))
            told = Told(
                at=self._site.clock.now().astimezone(UTC),
                title=message.title,
                text=message.text,
                channels=took,
            )
            self._site.notifier.memory.keep_message(row.account, told)
        await self._sent.async_mark(marks)

    async def _letters(
        self,
        row: IssuedStatement,
        file: Path | None,
        before: Mapping[str, str],
        language: str,
        *,
        again: bool,
    ) -> list[Letter]:
        site = self._site
        names = site.notifier.channels_of(row.account)
        wanted = [name for name in names if again or name not in before]
        if not wanted:
            return []
        spoken = language or site.press.language_of(row.account)
        content = json.loads(row.content)
        words = await site.hass.async_add_executor_job(words_of, spoken, content["currency"])
        return [
            Letter(
                *(row, name),
                self._message(row, content, words, channel=name, file=file),
                before.get(name) or None,
            )
            for name in wanted
        ]

    def _message(
        self,
        row: IssuedStatement,
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
            "number": row.number,
            "account": row.account,
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
            account=row.account,
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
