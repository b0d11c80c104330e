"""What to look at first, for who has started the demonstration."""

from simulator.site_file import OFF, TRIPS_AFTER_S, TRIPS_SOON, WARNED, WARNS_AFTER_S, WARNS_SOON

TEXT = """
  {url}
  user      {user}
  password  {password}

The mall's dashboard opens after the login. In it:
  {warned}  is warned already
  {off}  is off already: its account is empty
  {warns}  falls to a warning level about {warns_after} minutes after the first start
  {trips}  runs out of credit about {trips_after} minutes after the first start, and is cut off
On its page Shared costs the costs of last month are worked out and wait for your approval; the
page Energy balance shows every hour since.

{portal}Or take cash for a shop that is off: Settings > Tools > Actions, or
  {url}/config/tools/action
Choose "Top up" of Compere Prepaid, account {trips}, amount 50 and any reference. The shop
is back in the dashboard as soon as its meter says that the relay is closed.

Play with the mall, in another terminal in this folder:
  {control} COMMAND
with one of these as COMMAND:
  status                 what every meter does
  load {trips} 20000       the shop draws 20 kW
  silent {warns}           the meter stops answering; heal {warns} ends that
  unplug "East riser"    a gateway is gone; plug-in "East riser" brings it back

Ctrl-C stops all of it; the next start goes on from there, script/run --fresh starts over.
"""


PORTAL = """Pay as the tenant of {off}, in the sandbox: the light comes back.
The code on its meter leads here, and no password is needed:
  {shop}

"""


def guide(url: str, user: str, password: str, control_port: int, shop: str) -> str:
    """Return the text for the terminal; `shop` is where the code of the shop that is off leads."""
    return TEXT.format(
        url=url,
        user=user,
        password=password,
        warned=WARNED,
        off=OFF,
        portal=PORTAL.format(off=OFF, shop=shop) if shop else "",
        warns=WARNS_SOON,
        warns_after=f"{WARNS_AFTER_S / 60:g}",
        trips=TRIPS_SOON,
        trips_after=f"{TRIPS_AFTER_S / 60:g}",
        control=f".venv/bin/python -m simulator.control --port {control_port}",
    )
