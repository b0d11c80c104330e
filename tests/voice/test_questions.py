"""What is answered: the figures are the book's and the meters', and said as people say them."""

from homeassistant.auth.const import GROUP_ID_USER
from homeassistant.auth.models import User
from homeassistant.core import HomeAssistant
import pytest

from custom_components.compere_prepaid.site import CompereSite
from simulator.faults import Fault, FaultKind
from simulator.mall import Mall
from tests.site_fixtures import account_entity, read_again, silence, use
from tests.stories.telling import ask, burn
from tests.voice.talking import CHINESE, say

DAY_WH = 150_000


async def spoken(hass: HomeAssistant, text: str, language: str = "en") -> str:
    """Return the answer to a question that there is one to."""
    reply = await say(hass, text, language=language)
    assert reply.kind == "query_answer", reply
    return reply.speech


async def test_a_shop_is_asked_about(hass: HomeAssistant, site: CompereSite, mall: Mall) -> None:
    """Balance, days left, warning, cut and last top-up of a shop, through its life."""
    assert "has 200 yuan. How long that lasts is not known yet." in await spoken(
        hass, "what is A-101's balance"
    )
    await burn(mall, site, "A-101", 3_600)
    english = await spoken(hass, "how much money does noodle house have left")
    assert english == "A-101 Noodle House has 196 yuan 40. That lasts about 9 hours."
    chinese = await spoken(hass, "A一零一还剩多少钱", CHINESE)
    assert chinese == "A-101 Noodle House余额196元4角。还能用大约9小时。"
    lasting = await spoken(hass, "how many days does a one oh one have left")
    assert lasting == "The credit of A-101 Noodle House lasts about 9 hours."

    await ask(hass, "top_up", account="A-101", amount="5000.05", reference="one")
    lasting = await spoken(hass, "when will A-101 run out of credit")
    assert lasting.startswith("The credit of A-101 Noodle House lasts about 10 days, ")
    assert lasting.endswith(", until Friday, 13 March.")
    assert (await spoken(hass, "A-101还能用多久", CHINESE)).endswith("大约10天，到3月13日。")
    paid = await spoken(hass, "what was the last top-up of Noodle House")
    assert paid.startswith("A-101 Noodle House was last topped up with 5000 yuan 05 today at 12:")
    await ask(hass, "reverse_top_up", account="A-101", reference="one", reason="other shop")
    assert "was never topped up" in await spoken(hass, "when did A-101 last pay")

    await burn(mall, site, "A-103", DAY_WH)
    warned = await spoken(hass, "how many shops are low on credit")
    assert warned == "One shop is warned: A-103 Dumpling Garden."
    await burn(mall, site, "A-103", DAY_WH)
    await ask(hass, "place_hold", account="A-102", kind="manual", reason="rebuilding")
    off = await spoken(hass, "which shops are off")
    second = "A-102 Bubble Tea (switched off by the management)"
    assert off == f"2 shops are off: {second} and A-103 Dumpling Garden."
    assert await spoken(hass, "A-103余额", CHINESE) == (
        "A-103 Dumpling Garden欠费100元。目前已断电：余额不足。"
    )
    assert "no credit" in await spoken(hass, "how long does the money of dumpling garden last")

    use(mall, "A-101", 0, 86_400)
    await read_again(site, mall.meter("A-102").serial)
    idle = await spoken(hass, "how many days are left for bubble tea")
    assert "A-102 Bubble Tea has no end in sight at its present use." in idle


async def test_a_place_is_asked_about(hass: HomeAssistant, site: CompereSite, mall: Mall) -> None:
    """The load of an area, a floor, the mall; meters that are silent are named, not guessed."""
    for name, watts in (("A-101", 2_000), ("A-102", 1_240), ("A-103", 700)):
        mall.meter(name).set_load(watts)
        await read_again(site, mall.meter(name).serial)
    readings = [meter.coordinator.data for meter in site.meters.values()]
    told_mw = sum(reading.power_mw or 0 for reading in readings if reading is not None)
    expected = f"{round(told_mw / 1_000_000, 1)} kilowatts"
    for question in ("the food court", "upstairs", "Riverside Mall", "the whole mall"):
        said = await spoken(hass, f"what is the load of {question}")
        assert said.endswith(f" draws {expected}."), said
    assert (await spoken(hass, "美食广场的负荷是多少", CHINESE)).startswith("美食广场当前功率")
    mall.meter("A-103").fail(Fault(kind=FaultKind.SILENT))
    await silence(site, mall.meter("A-103").serial)
    said = await spoken(hass, "what is the total load")
    assert said.endswith("One meter does not answer and is not counted.")


@pytest.mark.parametrize(
    ("question", "language", "answer"),
    [
        ("what is the balance of pizza palace", "en", "I know no shop called pizza palace."),
        ("nodle howse's balance", "en", "Did you mean A-101 Noodle House?"),
        ("what is the balance of the food court", "en", "3 shops fit food court: "),
        ("what is the load of the moon", "en", "I know no place called moon."),
        ("what is the load of food cord", "en", "Did you mean Food court?"),
        ("Nodle House余额", CHINESE, "您是指A-101 Noodle House吗？"),
    ],
)
async def test_who_is_meant_is_asked_back(
    hass: HomeAssistant, site: CompereSite, question: str, language: str, answer: str
) -> None:
    """An unknown or ambiguous name gets an answer that helps."""
    text = f"what is {question}" if question.startswith("nodle") else question
    reply = await say(hass, text, language=language)
    assert reply.code == "no_valid_targets"
    assert answer in reply.speech


async def test_nobody_hears_what_they_may_not_see(
    hass: HomeAssistant, boss: str, site: CompereSite
) -> None:
    """A user whose access was narrowed to one shop hears of that shop only."""
    entity_id = account_entity(hass, "number", "A-102", "balance")
    policy = {"entities": {"entity_ids": {entity_id: True}}}
    user: User = await hass.auth.async_create_user("Guard", group_ids=[GROUP_ID_USER])
    assert "200 yuan" in (await say(hass, "what is A-101's balance", user=user.id)).speech
    user.groups[0].policy = policy  # as a group of its own would have it
    user.invalidate_cache()
    assert "200 yuan" in (await say(hass, "what is A-102's balance", user=user.id)).speech
    refused = await say(hass, "what is A-101's balance", user=user.id)
    assert refused.code == "no_valid_targets"
    await hass.auth.async_update_user(user, is_active=False)
    refused = await say(hass, "what is A-102's balance", user=user.id)
    assert refused.speech == "No mall is running that you may ask about."


async def test_no_site_no_answer(hass: HomeAssistant, site: CompereSite) -> None:
    """While the site is stopped that is said."""
    await hass.config_entries.async_unload(site.entry.entry_id)
    for question in ("who is off", "who is warned", "what is the total load", "A-101's balance"):
        text = f"what is {question}" if question.startswith("A") else question
        assert "No mall is running" in (await say(hass, text)).speech
