"""What to think about before a pool is allocated, in the languages that we have."""

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from .commissioning.wording import language_for
from .core.allocation.pool import WHOLE_PPM, Basis, Pool
from .core.document_section import number_text
from .core.tariff.percent import percent

if TYPE_CHECKING:
    from .site import CompereSite

TEXTS: Mapping[str, Mapping[str, str]] = {
    "en": {
        "meter_charged": (
            "The meter {meter} supplies the account {account}, which pays for what it counts: "
            "in the pool {pool} it is paid for a second time."
        ),
        "meter_gone": (
            "The pool {pool} names the meter {meter}, which the site has no more. "
            "If it was replaced, set a version with the new meter from that day on."
        ),
        "nobody_there": (
            "No unit has the {kind} {name}, which the pool {pool} names. "
            "Look at the areas, floors and labels of the meters' devices."
        ),
        "owner_bears": (
            "The fixed percentages of the pool {pool} make {percent} %: the owner bears the rest."
        ),
        "area": "area",
        "floor": "floor",
        "label": "label",
    },
    "zh-Hans": {
        "meter_charged": (
            "电表 {meter} 为账户 {account} 供电，其用电已由该账户支付，"
            "计入公摊项目 {pool} 会重复收费。"
        ),
        "meter_gone": (
            "公摊项目 {pool} 中的电表 {meter} 已不在本站点。"
            "如已更换，请自更换之日起用新电表设置新版本。"
        ),
        "nobody_there": (
            "公摊项目 {pool} 中的{kind} {name} 没有对应的单元。请检查电表设备的区域、楼层和标签。"
        ),
        "owner_bears": "公摊项目 {pool} 的固定比例合计 {percent} %，其余由业主承担。",
        "area": "区域",
        "floor": "楼层",
        "label": "标签",
    },
}


def warnings(site: CompereSite, pool: Pool) -> list[dict[str, str]]:
    """Return what is allowed and hardly meant."""
    texts = TEXTS[language_for(site.hass.config.language)]
    return [
        {
            "pool": pool.name,
            "warning": key,
            "message": texts[key].format(**said, pool=pool.name, kind=texts.get(kind or "", "")),
        }
        for key, kind, said in _advice(site, pool)
    ]


def _advice(site: CompereSite, pool: Pool) -> Iterator[tuple[str, str | None, Mapping[str, str]]]:
    """Yield what is to be said, of what kind of place, and what it says."""
    owner = site.book.owner
    for serial in sorted({serial for cost in pool.costs for serial in cost.meters}):
        meter = site.book.meters.get(serial)
        if meter is None:
            yield "meter_gone", None, {"meter": serial}
        elif meter.account and (owner is None or meter.account != owner.number):
            yield "meter_charged", None, {"meter": serial, "account": meter.account}
    places = site.premises.places()
    for members in (pool.members, pool.left_out):
        for kind, named in (
            ("area", members.areas),
            ("floor", members.floors),
            ("label", members.labels),
        ):
            for name in sorted(named - places[kind]):
                yield "nobody_there", kind, {"name": name}
    for split in pool.splits:
        whole = sum(split.percentages.values())
        if split.basis is Basis.PERCENT and whole < WHOLE_PPM:
            yield "owner_bears", None, {"percent": number_text(percent(whole))}
