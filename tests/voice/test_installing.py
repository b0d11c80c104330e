"""Our sentences in Home Assistant's folder: written, renewed, kept where somebody changed them."""

from pathlib import Path

from homeassistant.core import HomeAssistant
import pytest

from custom_components.compere_prepaid.core.errors import OperationFailedError
from custom_components.compere_prepaid.installed_files import Written
from custom_components.compere_prepaid.site import CompereSite
from custom_components.compere_prepaid.voice import installing
from custom_components.compere_prepaid.voice.installing import install, languages
from tests.actions.asking import refused
from tests.stories.telling import ask
from tests.voice.talking import say

ENGLISH, CHINESE = (
    "custom_sentences/en/compere_prepaid.yaml",
    "custom_sentences/zh-CN/compere_prepaid.yaml",
)


def test_files_that_somebody_changed_are_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A file of ours is renewed by a later version; one that was touched only if that is asked."""
    both = languages()
    assert both == ("en", "zh-CN")
    assert install(tmp_path, both, overwrite=False) == {
        ENGLISH: Written.WRITTEN,
        CHINESE: Written.WRITTEN,
    }
    assert install(tmp_path, both, overwrite=True) == {
        ENGLISH: Written.CURRENT,
        CHINESE: Written.CURRENT,
    }
    path = tmp_path / ENGLISH
    original = path.read_text("utf-8")
    for changed in (original + "# mine\n", "intents: {}\n", "", original.partition("\n")[2]):
        path.write_text(changed, "utf-8")
        assert install(tmp_path, ("en",), overwrite=False) == {ENGLISH: Written.KEPT}
        assert path.read_text("utf-8") == changed
    path.write_bytes(b"\xff\xfe")
    assert install(tmp_path, ("en",), overwrite=False) == {ENGLISH: Written.KEPT}
    assert install(tmp_path, ("en",), overwrite=True) == {ENGLISH: Written.WRITTEN}
    assert path.read_text("utf-8") == original

    later = tmp_path / "later"
    (later / "en").mkdir(parents=True)
    (later / "en" / installing.NAME).write_text("language: en\n", "utf-8")
    monkeypatch.setattr(installing, "SENTENCES", later)
    assert install(tmp_path, ("en",), overwrite=False) == {ENGLISH: Written.WRITTEN}
    assert path.read_text("utf-8").endswith("language: en\n")
    assert list(path.parent.iterdir()) == [path]


def test_a_folder_that_cannot_be_written(tmp_path: Path) -> None:
    """Where the folder cannot be made that is said, with its path."""
    (tmp_path / "custom_sentences").touch()
    with pytest.raises(OperationFailedError) as failure:
        install(tmp_path, ("en",), overwrite=False)
    assert failure.value.key == "sentences_not_written"
    assert failure.value.placeholders["path"] == ENGLISH


async def test_the_action(
    hass: HomeAssistant, anna: str, site: CompereSite, tmp_path: Path
) -> None:
    """An administrator installs; the agent understands at once; what is wrong is refused."""
    again = await ask(hass, "install_voice_sentences")
    assert again == {"files": {ENGLISH: "current", CHINESE: "current"}, "reloaded": False}
    (tmp_path / ENGLISH).unlink()
    await hass.services.async_call("conversation", "reload", {}, blocking=True)
    assert "A-101" not in (await say(hass, "how much credit does A-101 have left")).speech
    english = await ask(hass, "install_voice_sentences", language="en")
    assert english == {"files": {ENGLISH: "written"}, "reloaded": True}
    assert "200 yuan" in (await say(hass, "how much credit does A-101 have left")).speech
    async with refused(site, "language_unknown", language="fr"):
        await ask(hass, "install_voice_sentences", language=["en", "fr"])
    async with refused(site, "not_allowed", user="Anna"):
        await ask(hass, "install_voice_sentences", user=anna)


async def test_a_broken_configuration_is_no_loss(
    hass: HomeAssistant, site: CompereSite, tmp_path: Path
) -> None:
    """The sentences are written; that the agent could not read them anew is in the answer."""
    (tmp_path / "configuration.yaml").write_text("a: [", "utf-8")
    (tmp_path / ENGLISH).unlink()
    answer = await ask(hass, "install_voice_sentences")
    assert answer == {"files": {ENGLISH: "written", CHINESE: "current"}, "reloaded": False}
