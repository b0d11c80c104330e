"""What Home Assistant and HACS read about the integration before they run it.

Their own checkers live in containers and need a network; these tests hold the same rules, so that
they are checked wherever the tests run.
"""

import ast
from collections.abc import Iterator
from importlib import metadata
import json
from pathlib import Path
import re
import struct
import sys
from typing import Any

from awesomeversion import AwesomeVersion, AwesomeVersionStrategy
import hass_frontend
import homeassistant
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
import pytest
import yaml

from tests.raised_keys import Raised, raised_keys, translation_keys

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "custom_components" / "compere_prepaid"
LANGUAGES = sorted(path.stem for path in (PACKAGE / "translations").glob("*.json"))
PLACEHOLDER = re.compile(r"\{(\w+)\}")

_QUALITY_RULES = """
action-setup appropriate-polling brands common-modules config-flow config-flow-test-coverage
dependency-transparency docs-actions docs-conditions docs-high-level-description
docs-installation-instructions docs-removal-instructions docs-triggers entity-event-setup
entity-unique-id has-entity-name runtime-data test-before-configure test-before-setup
unique-config-entry
action-exceptions config-entry-unloading docs-configuration-parameters docs-installation-parameters
entity-unavailable integration-owner log-when-unavailable parallel-updates reauthentication-flow
test-coverage
devices diagnostics discovery discovery-update-info docs-data-update docs-examples
docs-known-limitations docs-supported-devices docs-supported-functions docs-troubleshooting
docs-use-cases dynamic-devices entity-category entity-device-class entity-disabled-by-default
entity-translations exception-translations icon-translations reconfiguration-flow repair-issues
stale-devices
async-dependency inject-websession strict-typing
"""

HACS_KEYS = {
    "name",
    "content_in_root",
    "country",
    "filename",
    "hacs",
    "hide_default_branch",
    "homeassistant",
    "persistent_directory",
    "render_readme",
    "zip_release",
}


def read_json(path: Path) -> Any:
    """Read a JSON file; a key that stands twice is a fault."""

    def unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        keys = [key for key, _ in pairs]
        assert len(keys) == len(set(keys)), f"a key stands twice in {path.name}: {keys}"
        return dict(pairs)

    return json.loads(path.read_text("utf-8"), object_pairs_hook=unique)


def strings(language: str) -> dict[str, str]:
    """Return all texts of a language by their path."""

    def flat(node: Any, path: str) -> Iterator[tuple[str, str]]:
        if isinstance(node, str):
            yield path, node
            return
        for key, value in node.items():
            yield from flat(value, f"{path}.{key}" if path else key)

    return dict(flat(read_json(PACKAGE / "translations" / f"{language}.json"), ""))


# The manifest and HACS


def test_manifest() -> None:
    """The manifest has all keys that a custom integration needs, in the order that is asked for."""
    manifest = read_json(PACKAGE / "manifest.json")
    keys = list(manifest)
    assert keys[:2] == ["domain", "name"]
    assert keys[2:] == sorted(keys[2:])
    needed = {"domain", "name", "codeowners", "config_flow", "dependencies", "documentation"}
    needed |= {"integration_type", "iot_class", "issue_tracker", "requirements", "version"}
    assert needed <= set(keys)
    assert manifest["domain"] == PACKAGE.name
    assert manifest["integration_type"] == "hub"
    assert manifest["iot_class"] == "local_polling"
    assert all(owner.startswith("@") for owner in manifest["codeowners"])
    assert manifest["documentation"].startswith("https://")
    assert manifest["issue_tracker"].startswith("https://")
    AwesomeVersion(manifest["version"], ensure_strategy=AwesomeVersionStrategy.SEMVER)


def test_manifest_depends_on_integrations_that_exist() -> None:
    """Home Assistant knows every integration that must be set up before this one."""
    manifest = read_json(PACKAGE / "manifest.json")
    components = Path(homeassistant.__file__).parent / "components"
    for domain in manifest["dependencies"] + manifest["after_dependencies"]:
        assert (components / domain / "manifest.json").is_file(), domain


def test_requirements_can_be_installed_beside_home_assistant() -> None:
    """No requirement contradicts what Home Assistant pins."""
    constraints = Path(homeassistant.__file__).with_name("package_constraints.txt")
    pinned = {}
    for line in constraints.read_text("utf-8").splitlines():
        name, separator, version = line.partition("==")
        if separator:
            pinned[name.lower()] = version
    for text in read_json(PACKAGE / "manifest.json")["requirements"]:
        requirement = Requirement(text)
        pin = pinned.get(requirement.name.lower())
        assert pin is None or requirement.specifier.contains(pin), text


def needs(text: str, found: set[str]) -> None:
    """Add a requirement and all that it needs in turn, by distribution name."""
    requirement = Requirement(text)
    name = canonicalize_name(requirement.name)
    if (key := f"{name}[{','.join(sorted(requirement.extras))}]") in found:
        return
    found |= {key, name}
    for other in metadata.requires(name) or ():
        marker = Requirement(other).marker
        extras = requirement.extras or {""}
        if marker is None or any(marker.evaluate({"extra": extra}) for extra in extras):
            needs(other, found)


def test_everything_imported_is_provided() -> None:
    """What is imported comes with Python, Home Assistant, our requirements or our dependencies'.

    SQLAlchemy, PyYAML and probatio are Home Assistant's own; tmodbus and serialx come with its
    Modbus integration, in the versions that it pins.
    """
    manifest = read_json(PACKAGE / "manifest.json")
    components = Path(homeassistant.__file__).parent / "components"
    requirements = ["homeassistant", *manifest["requirements"]]
    for domain in manifest["dependencies"]:
        requirements += read_json(components / domain / "manifest.json").get("requirements", [])
    provided: set[str] = set()
    for requirement in requirements:
        needs(requirement, provided)
    distributions = metadata.packages_distributions()
    for path in PACKAGE.rglob("*.py"):
        for top in imported(path) - sys.stdlib_module_names:
            names = {canonicalize_name(name) for name in distributions[top]}
            assert names & provided, f"{path.name}: {top}"


def imported(path: Path) -> set[str]:
    """Return the top-level packages that a module imports absolutely."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.level == 0:
            found.add((node.module or "").partition(".")[0])
    return found


def test_hacs_file() -> None:
    """HACS accepts its file: only keys that it knows, and a minimum version in three parts."""
    hacs = read_json(ROOT / "hacs.json")
    assert set(hacs) <= HACS_KEYS
    assert hacs["name"]
    assert re.fullmatch(r"\d{4}\.\d{1,2}\.\d+", hacs["homeassistant"])
    assert AwesomeVersion(hacs["homeassistant"]) <= AwesomeVersion("2026.10.4")
    assert ("filename" in hacs) == bool(hacs.get("zip_release"))


@pytest.mark.parametrize(
    ("name", "sizes"),
    [
        ("icon.png", {(256, 256)}),
        ("icon@2x.png", {(512, 512)}),
    ],
)
def test_brand_icon(name: str, sizes: set[tuple[int, int]]) -> None:
    """The icon is a square PNG of the two sizes that are asked for."""
    head = (PACKAGE / "brand" / name).read_bytes()[:24]
    assert head[:8] == b"\x89PNG\r\n\x1a\n"
    assert struct.unpack(">II", head[16:24]) in sizes


def test_quality_scale_judges_every_rule() -> None:
    """All rules are there, none is made up, and what is exempt says why."""
    rules = yaml.safe_load((PACKAGE / "quality_scale.yaml").read_text("utf-8"))["rules"]
    assert set(rules) == set(_QUALITY_RULES.split())
    for rule, state in rules.items():
        if isinstance(state, str):
            assert state in {"done", "todo"}, rule
        else:
            assert state["status"] in {"done", "todo", "exempt"}, rule
            assert state["comment"].strip(), rule


# Texts


def test_there_are_english_and_chinese() -> None:
    """English is what all others fall back to."""
    assert {"en", "zh-Hans"} <= set(LANGUAGES)
    assert not (PACKAGE / "strings.json").exists(), "only Home Assistant's own integrations have it"


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_language_says_the_same(language: str) -> None:
    """Every text is in every language, with the same placeholders, and none is empty."""
    english, other = strings("en"), strings(language)
    assert set(other) == set(english)
    for path, text in other.items():
        assert text == text.strip(), path
        assert text, path
        assert set(PLACEHOLDER.findall(text)) == set(PLACEHOLDER.findall(english[path])), path
        assert "'{" not in text, f"{path}: a quote before a brace hides the placeholder"
        assert text.count("{") == text.count("}") == len(PLACEHOLDER.findall(text)), path
        assert "[%key:" not in text, f"{path}: references are not resolved at run time"


@pytest.mark.parametrize("language", LANGUAGES)
def test_keys_are_well_formed(language: str) -> None:
    """States and options are lower case, as the frontend looks them up."""
    for path in strings(language):
        assert re.fullmatch(r"[a-z0-9_.-]+", path), path


PASSED_ON = {"apart.py"}
"""Where an error is raised again that another process raised: its key is followed there."""

FROM_CORE = tuple(
    raised
    for raised in raised_keys(PACKAGE)
    if raised.key or raised.place.partition(":")[0] not in PASSED_ON
)
TRANSLATED = sorted(
    (*FROM_CORE, *translation_keys(PACKAGE)), key=lambda raised: (raised.key, raised.place)
)


def test_every_error_key_can_be_followed() -> None:
    """No error is raised with a key that the tests cannot see."""
    assert not [raised.place for raised in FROM_CORE if not raised.key]
    assert len({raised.key for raised in FROM_CORE}) > 20, "the search itself is broken"


@pytest.mark.parametrize("raised", TRANSLATED, ids=lambda raised: raised.key)
def test_every_error_has_a_text(raised: Raised) -> None:
    """The text exists, and where it is raised everything is given that the text speaks of."""
    text = strings("en").get(f"exceptions.{raised.key}.message")
    assert text is not None
    asked, given = set(PLACEHOLDER.findall(text)), raised.placeholders
    assert asked <= given or "**" in given, raised.place  # passed on whole: seen where it was made


def test_no_error_text_is_orphaned() -> None:
    """Every text belongs to an error that is raised somewhere."""
    exceptions = read_json(PACKAGE / "translations/en.json")["exceptions"]
    assert set(exceptions) == {raised.key for raised in TRANSLATED}


@pytest.mark.parametrize(
    ("part", "module"),
    [
        ("config", "config_flow.py"),
        ("options", "flows/options.py"),
        ("config_subentries.bus", "flows/bus.py"),
        ("config_subentries.meter", "flows/meter.py"),
        ("config_subentries.account", "flows/account.py"),
        ("config_subentries.provider", "flows/provider.py"),
        ("config_subentries.scan", "flows/scan.py"),
    ],
)
def test_no_text_of_a_dialog_is_orphaned(part: str, module: str) -> None:
    """Every step is a method, and every error and abort is named in the code of the dialogs.

    That nothing is missing the dialogs' own tests see, in everything that a dialog answers.
    """
    shared = (
        "flows/air_meter.py",
        "flows/broker.py",
        "flows/cash_desk.py",
        "flows/cashiers.py",
        "flows/form_errors.py",
        "flows/line_errors.py",
        "flows/meter_probe.py",
        "flows/month_end.py",
        "flows/notifications.py",
        "flows/portal.py",
        "flows/reconnection.py",
        "flows/relay_section.py",
    )
    source = "".join((PACKAGE / name).read_text("utf-8") for name in (module, *shared))
    texts = read_json(PACKAGE / "translations/en.json")
    for key in part.split("."):
        texts = texts[key]
    for step in texts["step"]:
        assert f"async_step_{step}(" in source, step
    for key in [*texts.get("error", {}), *texts.get("abort", {})]:
        assert f'"{key}"' in source, key


# Icons


def icons(node: Any) -> Iterator[str]:
    """Yield all icons in a part of the icons' file."""
    if isinstance(node, str):
        yield node
    else:
        for value in node.values():
            yield from icons(value)


def test_icons_exist() -> None:
    """Every icon is one that the frontend has."""
    known: set[str] = set()
    for path in (Path(hass_frontend.where()) / "static/mdi").glob("*.json"):
        if isinstance(icons_of_file := json.loads(path.read_text("utf-8")), dict):
            known |= set(icons_of_file)
    for icon in icons(read_json(PACKAGE / "icons.json")):
        assert icon.removeprefix("mdi:") in known, icon


def test_icons_belong_to_something() -> None:
    """Every icon belongs to an entity, a state or an action that has a name."""
    texts = read_json(PACKAGE / "translations/en.json")
    drawn = read_json(PACKAGE / "icons.json")
    for kind in ("services", "triggers", "conditions"):
        assert set(drawn[kind]) == set(texts[kind])
    for platform, entities in drawn["entity"].items():
        for key, icon in entities.items():
            named = texts["entity"][platform][key]
            assert "default" in icon, key
            if platform == "sensor" and "state" in icon:
                assert set(icon["state"]) <= set(named["state"]), key
            bounds = [float(bound) for bound in icon.get("range", {})]
            assert bounds == sorted(bounds), key


# The core


def test_core_imports_no_framework() -> None:
    """The core is plain Python: what it imports is the standard library, itself, YAML, a schema."""
    for path in (PACKAGE / "core").rglob("*.py"):
        assert imported(path) <= sys.stdlib_module_names | {"yaml", "jsonschema"}, path.name
