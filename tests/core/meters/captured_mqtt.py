"""Messages of real KPM33B meters over Wi-Fi, as captured by rhoerbe/kpm33b_proxy (Apache-2.0).

Three neighbours, whose codes follow each other.
"""

FIRST, SECOND, THIRD, FOURTH = (f"33B12259500{number}" for number in (27, 28, 29, 30))

LIVE = (
    b'{"id":"33B1225950027","ia":9.735,"ib":9.658,"ic":9.655,"ua":229.097,"ub":231.567,'
    b'"uc":232.529,"uab":398.949,"ubc":401.920,"uca":399.784,"pa":2.2229,"pb":2.2293,"pc":2.2382,'
    b'"zyggl":6.6905,"zwggl":-0.4930,"sa":2.2304,"zszgl":6.7122,"pfa":0.996,"pfb":0.996,'
    b'"pfc":0.996,"zglys":0.996,"f":49.959,"uxja":0.000,"time":"20260112163900","isend":"1"}'
)
ZEROS_OF_SECOND = (
    b'{"id":"33B1225950028","zygsz":0.000,"fygsz":0.000,"zyjsz":0.000,"zyfsz":0.000,"zypsz":0.000,'
    b'"zyvsz":0.000,"zydvsz":0.000,"time":"20260112170000","isend":"1"}'
)


def energy(code: str, total: str, rates: tuple[str, str, str, str], time: str) -> bytes:
    """Return an energy record in the shape of the captured ones."""
    sharp, peak, flat, valley = rates
    return (
        f'{{"id":"{code}","zygsz":{total},"fygsz":0.000,"zwgsz":0.000,"zyjsz":{sharp},'
        f'"zyfsz":{peak},"zypsz":{flat},"zyvsz":{valley},"zydvsz":0.000,'
        f'"time":"{time}","isend":"1"}}'
    ).encode()


ENERGY_OF_FIRST = energy(FIRST, "56.331", ("8.578", "12.547", "34.918", "0.286"), "20260112170000")
ENERGY_OF_SECOND = energy(
    SECOND, "31.057", ("3.119", "10.341", "12.656", "4.940"), "20260112170000"
)
ENERGY_OF_THIRD = energy(
    THIRD, "117.607", ("8.006", "32.173", "53.794", "23.632"), "20050113170000"
)
"""Its clock stands in 2005."""

_NONE = ("0.000", "0.000", "0.000", "0.000")

HALF_HOUR = [
    energy(SECOND, "31.057", ("3.119", "10.341", "12.656", "4.940"), "20260112170000"),
    energy(THIRD, "0.000", _NONE, "20260112170000"),
    energy(FIRST, "56.331", ("8.578", "12.547", "34.918", "0.286"), "20260112170000"),
    energy(SECOND, "0.000", _NONE, "20260112170000"),
    energy(SECOND, "31.057", ("3.119", "10.341", "12.656", "4.940"), "20260112170000"),
    energy(THIRD, "0.000", _NONE, "20260112170000"),
    energy(THIRD, "117.607", ("8.006", "32.173", "53.794", "23.632"), "20050113170000"),
    energy(FOURTH, "0.000", _NONE, "20050113170000"),
    energy(THIRD, "117.607", ("8.006", "32.173", "53.794", "23.632"), "20050113170000"),
    energy(FOURTH, "0.000", _NONE, "20050113170000"),
    energy(SECOND, "31.057", ("3.119", "10.341", "12.656", "4.940"), "20260112171500"),
    energy(THIRD, "0.000", _NONE, "20260112171500"),
    energy(FIRST, "57.799", ("8.578", "14.016", "34.918", "0.286"), "20260112171500"),
    energy(SECOND, "0.000", _NONE, "20260112171500"),
    energy(SECOND, "31.057", ("3.119", "10.341", "12.656", "4.940"), "20260112171500"),
    energy(THIRD, "0.000", _NONE, "20260112171500"),
    energy(THIRD, "117.612", ("8.006", "32.178", "53.794", "23.632"), "20050113171500"),
    energy(FOURTH, "0.000", _NONE, "20050113171500"),
    energy(THIRD, "117.612", ("8.006", "32.178", "53.794", "23.632"), "20050113171500"),
    energy(FOURTH, "0.000", _NONE, "20050113171500"),
    energy(SECOND, "31.057", ("3.119", "10.341", "12.656", "4.940"), "20260112173000"),
    energy(THIRD, "0.000", _NONE, "20260112173000"),
    energy(FIRST, "57.805", ("8.578", "14.021", "34.918", "0.286"), "20260112173000"),
    energy(SECOND, "0.000", _NONE, "20260112173000"),
]
"""Everything that the three sent on one topic in half an hour, in order: also zeros, also twice."""
