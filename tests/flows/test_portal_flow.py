"""Switching the tenants' page on: what is asked, refused and kept."""

import socket
from typing import Any

from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType
from homeassistant.setup import async_setup_component
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from tests.flows.played import add_part, form_of, page, suggestions

OFF = {
    "enabled": False,
    "host": "127.0.0.1",
    "port": 8125,
    "public_url": "",
    "trusted_proxies": [],
    "amounts": [],
    "open_mode": False,
    "wechat_oauth": "",
}
WANTED = OFF | {
    "public_url": "https://pay.mall.example",
    "trusted_proxies": ["127.0.0.1/32", "172.30.32.0/23"],
    "amounts": ["20", "50.5", "100"],
}


def typed(**changes: Any) -> dict[str, Any]:
    """Return what somebody types who wants the page, and something else."""
    form = {
        "enabled": False,
        "host": " 127.0.0.1 ",
        "port": 8125,
        "public_url": " https://pay.mall.example/ ",
        "trusted_proxies": ["127.0.0.1", " 172.30.32.0/23", ""],
        "amounts": ["100", "20", "50.5", "100"],
        "open_mode": False,
    }
    return form | changes


def free_port() -> int:
    """Return a port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


async def test_page_is_described(hass: HomeAssistant, entry: MockConfigEntry) -> None:
    """It is off unless somebody wants it; what is kept is what was meant; other options stay."""
    hass.config_entries.async_update_entry(entry, options={"cashiers": ["anna"]})
    result = await page(hass, entry, "portal")
    form = form_of(result)
    assert suggestions(form)["amounts"] == ["50", "100", "200", "500"]
    assert form["wechat_oauth"][1].config["options"] == []
    result = await hass.config_entries.options.async_configure(result["flow_id"], typed())
    assert result["type"] is FlowResultType.CREATE_ENTRY
    assert entry.options == {"cashiers": ["anna"], "portal": WANTED}
    shown = suggestions(form_of(await page(hass, entry, "portal")))
    assert shown == {name: value for name, value in WANTED.items() if value != ""}


async def test_application_of_wechat_is_chosen(hass: HomeAssistant, entry: MockConfigEntry) -> None:
    """Only those of WeChat are offered, by title."""
    for kind in ("wechat", "stripe"):
        data = {"kind": kind, "key": kind, "name": kind.title()}
        add_part(hass, entry, "provider", data, part_id=kind)
    result = await page(hass, entry, "portal")
    (choice,) = form_of(result)["wechat_oauth"][1].config["options"]
    assert choice == {"value": "wechat", "label": "Wechat"}
    answers = typed(wechat_oauth="wechat")
    await hass.config_entries.options.async_configure(result["flow_id"], answers)
    assert entry.options["portal"] == WANTED | {"wechat_oauth": "wechat"}


@pytest.mark.usefixtures("socket_enabled")
@pytest.mark.parametrize(
    ("wrong", "field", "key"),
    [
        ({"host": "everywhere"}, "host", "host_invalid"),
        ({"public_url": "pay.mall.example"}, "public_url", "public_url_invalid"),
        ({"public_url": "https://pay mall"}, "public_url", "public_url_invalid"),
        ({"public_url": "https://pay.mall.example:99999"}, "public_url", "public_url_invalid"),
        ({"public_url": "ftp://pay.mall.example"}, "public_url", "public_url_invalid"),
        ({"public_url": "https://mall.example/pay"}, "public_url", "public_url_with_path"),
        ({"public_url": "https://me:pw@mall.example"}, "public_url", "public_url_with_path"),
        ({"public_url": "http://pay.mall.example"}, "public_url", "public_url_http"),
        ({"public_url": "http://192.168.1.5:8125"}, "public_url", "public_url_http"),
        ({"trusted_proxies": ["proxy"]}, "trusted_proxies", "proxy_invalid"),
        ({"trusted_proxies": ["172.30.32.1/23"]}, "trusted_proxies", "proxy_invalid"),
        ({"trusted_proxies": ["0.0.0.0/0"]}, "trusted_proxies", "proxy_everybody"),
        ({"amounts": ["much"]}, "amounts", "amount_not_a_number"),
        ({"amounts": ["0"]}, "amounts", "amount_not_positive"),
        ({"amounts": ["1.005"]}, "amounts", "amount_too_precise"),
        ({"amounts": ["9" * 20]}, "amounts", "amount_too_large"),
        ({"amounts": [str(one) for one in range(1, 11)]}, "amounts", "amounts_too_many"),
        ({"enabled": True, "public_url": ""}, "public_url", "public_url_missing"),
        ({"enabled": True, "host": "192.0.2.1"}, "host", "host_not_here"),
    ],
)
async def test_what_cannot_work_is_explained(
    hass: HomeAssistant, entry: MockConfigEntry, wrong: dict[str, Any], field: str, key: str
) -> None:
    """Every refusal names the field; the corrected form is accepted."""
    result = await page(hass, entry, "portal")
    result = await hass.config_entries.options.async_configure(result["flow_id"], typed(**wrong))
    assert result["errors"] == {field: key}
    assert entry.options == {}
    result = await hass.config_entries.options.async_configure(result["flow_id"], typed())
    assert result["type"] is FlowResultType.CREATE_ENTRY


@pytest.mark.parametrize(
    ("kind", "url"),
    [
        ("real", "http://127.0.0.1:8125"),
        ("real", "http://localhost:8125"),
        ("sandbox", "http://192.168.1.5:8125"),
    ],
)
async def test_plain_http_where_nobody_listens_in(
    hass: HomeAssistant, entry: MockConfigEntry, kind: str, url: str
) -> None:
    """On the machine itself, and for a trial in its own network, no certificate is needed."""
    hass.config_entries.async_update_entry(entry, data={**entry.data, "book_kind": kind})
    result = await page(hass, entry, "portal")
    answers = typed(public_url=url)
    result = await hass.config_entries.options.async_configure(result["flow_id"], answers)
    assert result["type"] is FlowResultType.CREATE_ENTRY
    assert entry.options["portal"]["public_url"] == url


@pytest.mark.usefixtures("socket_enabled")
async def test_port_must_be_free(hass: HomeAssistant, entry: MockConfigEntry) -> None:
    """Home Assistant's own port and another program's are refused; the page's own is not."""
    assert await async_setup_component(hass, "http", {})
    result = await page(hass, entry, "portal")
    own = typed(enabled=True, port=hass.http.server_port)
    result = await hass.config_entries.options.async_configure(result["flow_id"], own)
    assert result["errors"] == {"port": "port_of_home_assistant"}
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        taken = typed(enabled=True, port=other.getsockname()[1])
        result = await hass.config_entries.options.async_configure(result["flow_id"], taken)
        assert result["errors"] == {"port": "port_taken"}
        free = typed(enabled=True, port=free_port())
        result = await hass.config_entries.options.async_configure(result["flow_id"], free)
        assert result["type"] is FlowResultType.CREATE_ENTRY
    with socket.socket() as portal:  # as the page itself listens there
        portal.bind(("127.0.0.1", free["port"]))
        portal.listen()
        result = await page(hass, entry, "portal")
        again = free | {"open_mode": True}
        result = await hass.config_entries.options.async_configure(result["flow_id"], again)
        assert result["type"] is FlowResultType.CREATE_ENTRY
    assert entry.options["portal"]["open_mode"] is True
