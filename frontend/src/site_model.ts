/**
 * What the mall consists of, read from Home Assistant's registries.
 *
 * Nothing is found by an entity's id or name, both of which a user may change. An entity of ours is known by its
 * platform and its translation key; a device is what its entities make it: one with a supply state is a shop's
 * account, one with a clearing balance a payment provider, one with a sweep time a line, one with a total load the
 * site, and one with a relay or an energy register a meter. A shop and its meters are different devices; the account's supply state lists the serial numbers of its
 * meters, and a meter that no account lists measures a common area.
 */
import type { DeviceEntry, EntityEntry, HomeAssistant } from "./home_assistant.ts";

export const PLATFORM = "compere_prepaid";

/** Entity ids of one device by translation key. */
export type Entities = Readonly<Record<string, string | undefined>>;

export interface Meter {
  readonly deviceId: string;
  readonly serial: string;
  readonly name: string;
  readonly areaId: string | undefined;
  readonly entities: Entities;
}

export interface Shop {
  readonly deviceId: string;
  readonly name: string;
  readonly areaId: string | undefined;
  readonly entities: Entities;
  readonly meters: readonly Meter[];
}

export interface Line {
  readonly deviceId: string;
  readonly name: string;
  readonly entities: Entities;
}

/** Somebody who takes payments. */
export interface Provider {
  readonly deviceId: string;
  readonly name: string;
  readonly entities: Entities;
}

export interface Site {
  readonly id: string;
  readonly name: string;
  readonly entities: Entities;
  readonly shops: readonly Shop[];
  readonly meters: readonly Meter[];
  readonly commonMeters: readonly Meter[];
  readonly lines: readonly Line[];
  readonly providers: readonly Provider[];
}

export interface AreaGroup<Member> {
  readonly id: string | undefined;
  /** Undefined for the members that stand in no area. */
  readonly name: string | undefined;
  readonly icon: string | undefined;
  readonly members: readonly Member[];
}

type Kind = "shop" | "line" | "site" | "meter" | "provider";

/** The first key that a device has says what it is; keys that several kinds have (success_rate) say nothing. */
const KIND_BY_KEY: readonly (readonly [string, Kind])[] = [
  ["supply_state", "shop"],
  ["balance", "shop"],
  ["total_power", "site"],
  ["total_balance", "site"],
  ["ledger_ok", "site"],
  ["clearing_balance", "provider"],
  ["sweep_time", "line"],
  ["utilisation", "line"],
  ["relay", "meter"],
  ["energy", "meter"],
  ["power", "meter"],
];

interface Device {
  readonly entry: DeviceEntry;
  readonly kind: Kind;
  readonly entities: Entities;
  readonly areaId: string | undefined;
}

export function readSites(hass: HomeAssistant): Site[] {
  const devices = ourDevices(hass);
  const siteIds = [...new Set(devices.map((device) => siteIdOf(device.entry)))];
  return siteIds
    .map((id) => readSite(hass, id, devices.filter((device) => siteIdOf(device.entry) === id)))
    .sort((one, other) => compareNames(one.name, other.name));
}

/** By translation key, the attribute of an entity that the dashboard is written from. */
const LINKING: Readonly<Record<string, string>> = { supply_state: "meters", policy: "options", total_power: "main_meters" };

/** The entities with attributes that the dashboard is written from: it is made anew when they change. */
export function linkingEntities(hass: HomeAssistant): (readonly [entity: string, attribute: string])[] {
  return Object.values(hass.entities).flatMap((entry) => {
    const attribute = entry.platform === PLATFORM ? LINKING[entry.translation_key ?? ""] : undefined;
    return attribute === undefined ? [] : [[entry.entity_id, attribute] as const];
  });
}

export function metersAttribute(hass: HomeAssistant, entityId: string | undefined, attribute = "meters"): string[] {
  const serials = entityId === undefined ? undefined : hass.states[entityId]?.attributes[attribute];
  return Array.isArray(serials) ? serials.map(String) : [];
}

/** Members by area, areas by name, members as they come; whoever has no area comes last. */
export function byArea<Member extends { readonly areaId: string | undefined }>(
  hass: HomeAssistant,
  members: readonly Member[],
): AreaGroup<Member>[] {
  const groups = new Map<string | undefined, Member[]>();
  for (const member of members) {
    const known = member.areaId !== undefined && hass.areas[member.areaId] ? member.areaId : undefined;
    groups.set(known, [...(groups.get(known) ?? []), member]);
  }
  return [...groups]
    .map(([areaId, found]) => {
      const area = areaId === undefined ? undefined : hass.areas[areaId];
      return { id: area?.area_id, name: area?.name, icon: area?.icon ?? undefined, members: found };
    })
    .sort((one, other) => {
      if (one.name === undefined || other.name === undefined) return one.name === undefined ? 1 : -1;
      return compareNames(one.name, other.name);
    });
}

const URGENCY: Readonly<Record<string, number>> = { off: 0, exhausted: 1, emergency: 2, warning: 3, in_credit: 5 };
const URGENCY_UNKNOWN = 4;

/** The shops that need somebody first: off, then without credit, then warned, then by how soon they run out. */
export function mostUrgentFirst(hass: HomeAssistant, shops: readonly Shop[]): Shop[] {
  const rank = (shop: Shop): number => URGENCY[stateOf(hass, shop.entities["supply_state"])] ?? URGENCY_UNKNOWN;
  const days = (shop: Shop): number => {
    const left = Number.parseFloat(stateOf(hass, shop.entities["days_left"]));
    return Number.isNaN(left) ? Number.MAX_VALUE : left;
  };
  return [...shops].sort(
    (one, other) => rank(one) - rank(other) || days(one) - days(other) || compareNames(one.name, other.name),
  );
}

export function compareNames(one: string, other: string): number {
  return one.localeCompare(other, undefined, { numeric: true, sensitivity: "base" });
}

function stateOf(hass: HomeAssistant, entityId: string | undefined): string {
  return (entityId === undefined ? undefined : hass.states[entityId]?.state) ?? "unknown";
}

function ourDevices(hass: HomeAssistant): Device[] {
  const entriesByDevice = new Map<string, EntityEntry[]>();
  for (const entry of Object.values(hass.entities)) {
    if (entry.platform !== PLATFORM || !entry.device_id || !entry.translation_key || entry.hidden) continue;
    entriesByDevice.set(entry.device_id, [...(entriesByDevice.get(entry.device_id) ?? []), entry]);
  }
  const devices: Device[] = [];
  for (const [deviceId, entries] of entriesByDevice) {
    const entry = hass.devices[deviceId];
    const keys = new Map(entries.map((found) => [found.translation_key ?? "", found.entity_id]));
    const kind = KIND_BY_KEY.find(([key]) => keys.has(key))?.[1];
    if (!entry || !kind) continue;
    const parent = entry.parent_device_id ? hass.devices[entry.parent_device_id] : undefined;
    const areaId = entry.area_id ?? entries.find((found) => found.area_id)?.area_id ?? parent?.area_id ?? undefined;
    devices.push({ entry, kind, entities: Object.fromEntries(keys), areaId });
  }
  return devices;
}

function readSite(hass: HomeAssistant, id: string, devices: readonly Device[]): Site {
  const ofKind = (kind: Kind): Device[] =>
    devices
      .filter((device) => device.kind === kind)
      .sort((one, other) => compareNames(nameOf(one.entry), nameOf(other.entry)));
  const meters = ofKind("meter").map(
    (device): Meter => ({
      deviceId: device.entry.id,
      serial: serialOf(device.entry),
      name: nameOf(device.entry),
      areaId: device.areaId,
      entities: device.entities,
    }),
  );
  const shops = ofKind("shop").map((device): Shop => {
    const serials = metersAttribute(hass, device.entities["supply_state"]);
    const own = meters.filter((meter) => serials.includes(meter.serial));
    return {
      deviceId: device.entry.id,
      name: nameOf(device.entry),
      areaId: device.areaId ?? own.find((meter) => meter.areaId)?.areaId,
      entities: device.entities,
      meters: own,
    };
  });
  const supplied = new Set(shops.flatMap((shop) => shop.meters));
  const site = ofKind("site")[0];
  const mains = new Set(metersAttribute(hass, site?.entities["total_power"], "main_meters"));
  return {
    id,
    name: site ? nameOf(site.entry) : "",
    entities: site?.entities ?? {},
    shops,
    meters,
    commonMeters: meters.filter((meter) => !supplied.has(meter) && !mains.has(meter.serial)),
    lines: ofKind("line").map(plain),
    providers: ofKind("provider").map(plain),
  };
}

function plain(device: Device): Line & Provider {
  return { deviceId: device.entry.id, name: nameOf(device.entry), entities: device.entities };
}

/** A circuit of a meter with several shows the serial number of the whole, but is known to us by one of its own. */
function serialOf(entry: DeviceEntry): string {
  const known = entry.identifiers?.find(([domain]) => domain === PLATFORM)?.[1];
  return (entry.parent_device_id ? known : entry.serial_number) ?? known ?? "";
}

function siteIdOf(entry: DeviceEntry): string {
  return entry.config_entry_id ?? entry.primary_config_entry ?? entry.config_entries?.[0] ?? "";
}

function nameOf(entry: DeviceEntry): string {
  return entry.name_by_user ?? entry.name ?? entry.id;
}
