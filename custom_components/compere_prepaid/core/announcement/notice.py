"""What an announcement is: texts in languages, for whom, from when to when.

It is an immutable document. Whom it is for is kept as it was chosen (areas, labels, accounts,
policies), so that who comes later sees it, too. The text of a template depends on the account's
policy and is kept for each policy that there was.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
import json
import re
from typing import Any, NamedTuple

from ..errors import InvalidInputError

TITLE_LENGTH = 120
MESSAGE_LENGTH = 4000
"""So long may a text be: it is read on a telephone."""

_LANGUAGE = re.compile(r"[a-z]{2,3}(-[A-Za-z0-9]{2,8})*")


class Urgency(StrEnum):
    """How it is shown."""

    INFO = "info"
    IMPORTANT = "important"
    URGENT = "urgent"


class NoticeText(NamedTuple):
    """What is read in one language; the title may be empty."""

    title: str
    message: str


type Texts = Mapping[str, NoticeText]
"""By language, as in `zh-Hans`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Audience:
    """For whom an announcement is: all of these together.

    `target` is the program's around us: ids by kind, as they were chosen. What they mean is asked
    anew each time.
    """

    accounts: tuple[str, ...] = ()
    policies: tuple[str, ...] = ()
    target: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    everybody: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class PublicNotice:
    """An announcement. Times are UTC; without `until` it stays until it is withdrawn."""

    id: str
    texts: Texts
    by_policy: Mapping[str, Texts] = field(default_factory=dict)
    """The texts of a template, by policy; `texts` are for accounts with any other."""
    template: str = ""
    audience: Audience
    since: datetime
    until: datetime | None = None
    urgency: Urgency = Urgency.INFO
    written_at: datetime
    user: str = ""

    def __post_init__(self) -> None:
        """Refuse what nobody could read, or never."""
        if not self.texts:
            raise InvalidInputError("announcement_without_text")
        for language, text in self.texts.items():
            _check(language, text)
        if self.until is not None and self.until <= self.since:
            raise InvalidInputError("announcement_times_wrong")

    def text(self, language: str, policy: str = "") -> NoticeText:
        """Return what an account with a policy reads in a language, or the nearest that there is.

        Nearest is one with the same first part (`zh` for `zh-Hans`), then English, then the first.
        """
        texts = self.by_policy.get(policy, self.texts)
        base = language.split("-", maxsplit=1)[0]
        for wanted in (language, base):
            if wanted in texts:
                return texts[wanted]
        alike = (text for name, text in texts.items() if name.split("-", maxsplit=1)[0] == base)
        first = next(iter(texts.values()))
        return next(alike, texts.get("en", first))

    def runs(self, at: datetime) -> bool:
        """Tell whether it is to be read at an instant."""
        return self.since <= at and (self.until is None or at < self.until)

    def asks_the_same(self, other: PublicNotice) -> bool:
        """Tell whether another one says the same to the same, whoever wrote it and when."""
        mine, others = _asked(self), _asked(other)
        return all(mine[key] == others[key] for key in mine if key != "since")


def _check(language: str, text: NoticeText) -> None:
    if not _LANGUAGE.fullmatch(language):
        raise InvalidInputError("announcement_language_wrong", language=language[:40])
    if not text.message.strip():
        raise InvalidInputError("announcement_without_text")
    for part, most in ((text.title, TITLE_LENGTH), (text.message, MESSAGE_LENGTH)):
        if len(part) > most:
            raise InvalidInputError("announcement_too_long", length=len(part), most=most)


def notice_content(notice: PublicNotice) -> str:
    """Return an announcement as the ledger keeps it: canonical JSON."""
    data = _asked(notice) | {"written_at": notice.written_at.isoformat(), "user": notice.user}
    return json.dumps(data, ensure_ascii=False, sort_keys=True, separators=(",", ":"))


def notice_of(notice_id: str, content: str) -> PublicNotice:
    """Return the announcement that the ledger keeps."""
    data: dict[str, Any] = json.loads(content)
    audience = data["audience"]
    until = data["until"]
    return PublicNotice(
        id=notice_id,
        texts=_texts_of(data["texts"]),
        by_policy={policy: _texts_of(texts) for policy, texts in data["by_policy"].items()},
        template=data["template"],
        audience=Audience(
            accounts=tuple(audience["accounts"]),
            policies=tuple(audience["policies"]),
            target={kind: tuple(ids) for kind, ids in audience["target"].items()},
            everybody=audience["everybody"],
        ),
        since=datetime.fromisoformat(data["since"]),
        until=None if until is None else datetime.fromisoformat(until),
        urgency=Urgency(data["urgency"]),
        written_at=datetime.fromisoformat(data["written_at"]),
        user=data["user"],
    )


def _asked(notice: PublicNotice) -> dict[str, Any]:
    audience = notice.audience
    return {
        "texts": _texts_data(notice.texts),
        "by_policy": {policy: _texts_data(texts) for policy, texts in notice.by_policy.items()},
        "template": notice.template,
        "audience": {
            "accounts": list(audience.accounts),
            "policies": list(audience.policies),
            "target": {kind: list(ids) for kind, ids in audience.target.items()},
            "everybody": audience.everybody,
        },
        "since": notice.since.isoformat(),
        "until": None if notice.until is None else notice.until.isoformat(),
        "urgency": notice.urgency.value,
    }


def _texts_data(texts: Texts) -> dict[str, dict[str, str]]:
    return {language: text._asdict() for language, text in texts.items()}


def _texts_of(data: Mapping[str, Mapping[str, str]]) -> dict[str, NoticeText]:
    return {language: NoticeText(**text) for language, text in data.items()}
