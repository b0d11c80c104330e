"""Everything that the gateway can be made to do wrong. All is off where nothing is said."""

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(slots=True, kw_only=True)
class Faults:
    """Switches, which may be moved at any time; the numbers count down by use."""

    silent: bool = False
    """Send no notices by itself."""
    copies: int = 1
    """Send each notice so many times at once."""
    notice_first: bool = False
    """Have an order paid, and its notice answered, before the answer to its creation leaves."""
    probes: int = 0
    """So many next messages bear a signature that is wrong on purpose."""
    serial: str = ""
    """Name this key instead of the one that signed."""
    strange_key: bool = False
    """Sign with a key that is nobody's."""
    by_certificate: bool = False
    """Sign notices by the certificate."""
    mixed_keys: bool = False
    """Sign with either key, at random, as during a move."""
    age_s: int = 0
    """Messages are so old (below zero: from the future)."""
    told: Mapping[str, object] = field(default_factory=dict)
    """What is said of a payment instead of the truth, e.g. `{"amount.total": 1}`."""
    ciphertext: str = ""
    """`truncated` or `flipped`."""
    associated_data: str | None = "transaction"
    """Of notices; None leaves it out."""
    lost_answers: int = 0
    """So many next requests are carried out, and their connections cut."""
    statuses: list[int] = field(default_factory=list)
    """Answer the next requests with these, and carry nothing out."""
    user_paying: bool = False
    """Payers seem to be entering their passwords all the time."""
    pay_while_closing: bool = False
    """Have an order paid at the moment in which it is to be closed."""
    refund_state: str = "SUCCESS"
    """What becomes of refunds: `SUCCESS`, `ABNORMAL`, `CLOSED` or `PROCESSING`."""
    bill_extra: list[tuple[str, int]] = field(default_factory=list)
    """Order numbers and amounts of payments that stand on bills and never were."""
    bill_missing: set[str] = field(default_factory=set)
    """Order numbers that do not stand on bills."""
    bill_hash_wrong: bool = False
    slow_answers_s: float = 0.0
    """Trickle answers over so many seconds."""
    slow_notices_s: float = 0.0
    """Trickle notices over so many seconds."""
    notice_size: int = 0
    """Blow notices up to so many bytes."""

    def takes_probe(self) -> bool:
        """Tell whether the next message is a probe; counts it."""
        if self.probes <= 0:
            return False
        self.probes -= 1
        return True

    def loses_answer(self) -> bool:
        """Tell whether the next answer is lost; counts it."""
        if self.lost_answers <= 0:
            return False
        self.lost_answers -= 1
        return True
