"""Home Assistant's configuration folder, as the demonstration wants to find it.

Three things in here are less obvious than they look:

* Where Home Assistant listens is no longer configuration but state. An `http:` block in YAML is
  only tried: unless somebody confirms it in the UI within five minutes, Home Assistant goes back to
  port 8123 of all addresses and ends itself for a restart. So the confirmed slot is written here.
* `default_config` brings integrations that look for devices on the network or ask the internet.
  The list below is what the interface needs.
* The step `core_config` of the onboarding starts more of those; only the user is left to be made.
"""

from collections.abc import Mapping
from dataclasses import dataclass
import json
from pathlib import Path
import secrets

DASHBOARD = "riverside-mall"
USER = "demo"

CONFIGURATION = """\
# Written anew by script/run at every start.
homeassistant:
  name: {name}
  latitude: 31.2304
  longitude: 121.4737
  elevation: 4
  unit_system: metric
  currency: {currency}
  country: CN
  language: en
  time_zone: {time_zone}

api:
config:
energy:
frontend:
history:
logbook:
  exclude:
    entity_globs: ["number.*_balance"]  # what happened drowns in it
recorder:
  commit_interval: 5
logger:
  default: warning
  logs:
    custom_components.compere_prepaid: info
    haffmpeg: critical  # a base of other integrations looks for ffmpeg; nothing here needs it
lovelace:
  dashboards:
    {dashboard}:
      mode: yaml
      title: {name}
      icon: mdi:storefront
      filename: dashboard.yaml
automation: !include automations.yaml
script: !include scripts.yaml
scene: !include scenes.yaml
"""
INCLUDED = {
    "automations.yaml": "[]\n",
    "scripts.yaml": "{}\n",
    "scenes.yaml": "[]\n",
    "dashboard.yaml": "strategy:\n  type: custom:compere-prepaid\n",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Folders:
    """Where the demonstration keeps what outlives it."""

    state: Path

    @property
    def config(self) -> Path:
        """Home Assistant's configuration folder."""
        return self.state / "config"

    @property
    def mall(self) -> Path:
        """What the simulated mall remembers."""
        return self.state / "mall"

    @property
    def meters_file(self) -> Path:
        """What the simulated meters keep."""
        return self.mall / "meters.json"

    @property
    def password_file(self) -> Path:
        """The demo user's password."""
        return self.state / "password"

    @property
    def imported_file(self) -> Path:
        """The site file that was imported last."""
        return self.state / "imported-site.yaml"


def seed(folders: Folders, *, port: int, site: Mapping[str, str], integration: Path) -> None:
    """Make the folder ready for a start on `port` for the site of the given header."""
    config = folders.config
    storage = config / ".storage"
    storage.mkdir(parents=True, exist_ok=True)
    text = CONFIGURATION.format(dashboard=DASHBOARD, **site)
    (config / "configuration.yaml").write_text(text, encoding="utf-8")
    for name, content in INCLUDED.items():
        if not (config / name).exists():
            (config / name).write_text(content, encoding="utf-8")
    _link(config / "custom_components" / integration.name, integration)
    _store(
        storage / "http",
        2,
        {"stable": _listener(port), "pending": None, "yaml_migration_done": True},
    )
    if not (storage / "onboarding").exists():
        _store(storage / "onboarding", 4, {"done": ["core_config", "analytics", "integration"]})
    if not (storage / "frontend.system_data").exists():
        _store(storage / "frontend.system_data", 1, {"core": {"default_panel": DASHBOARD}})


def password(folders: Folders) -> str:
    """Return the demo user's password, made up at the first start."""
    file = folders.password_file
    if not file.exists():
        file.parent.mkdir(parents=True, exist_ok=True)
        file.touch(mode=0o600)
        file.write_text(secrets.token_hex(4), encoding="utf-8")
    return file.read_text(encoding="utf-8")


def _listener(port: int) -> dict[str, object]:
    return {
        "server_host": ["127.0.0.1"],
        "server_port": port,
        "cors_allowed_origins": [],
        "ip_ban_enabled": False,
        "login_attempts_threshold": -1,
        "ssl_profile": "modern",
        "use_x_frame_options": True,
    }


def _store(path: Path, version: int, data: Mapping[str, object]) -> None:
    """Write one of Home Assistant's storage files; it migrates minor versions itself."""
    record = {"version": version, "minor_version": 1, "key": path.name, "data": data}
    path.write_text(json.dumps(record, indent=2), encoding="utf-8")


def _link(link: Path, target: Path) -> None:
    link.parent.mkdir(parents=True, exist_ok=True)
    link.unlink(missing_ok=True)
    link.symlink_to(target, target_is_directory=True)
