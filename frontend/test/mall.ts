/** A small mall as Home Assistant's frontend would hold it, for the tests. */
import type { DeviceEntry, EntityEntry, EntityState, HomeAssistant } from "../src/home_assistant.ts";

export interface MallOptions {
  shops?: number;
  language?: string;
  site?: string;
  admin?: boolean;
  area?: (index: number) => string | undefined;
}

const SHOP_KEYS = ["balance", "supply_state", "days_left", "available_credit", "reconnect", "account_event", "policy"];
const METER_KEYS = ["relay", "power", "energy", "connectivity", "success_rate", "voltage_a", "voltage_b", "voltage_c"];
const LINE_KEYS = ["connectivity", "sweep_time", "utilisation", "success_rate"];
const SITE_KEYS = ["total_power", "total_balance", "accounts_warned", "accounts_off", "meters_offline", "ledger_ok"];
const PAYMENT_KEYS = ["payments_today", "payment_count_today", "suspense", "unexplained"];

export class Mall implements HomeAssistant {
  language: string;
  states: Record<string, EntityState | undefined> = {};
  entities: Record<string, EntityEntry> = {};
  devices: Record<string, DeviceEntry> = {};
  areas: Record<string, { area_id: string; name: string }> = {
    food: { area_id: "food", name: "Food court" },
    anchor: { area_id: "anchor", name: "Anchor stores" },
  };
  user: { is_admin: boolean };

  constructor(options: MallOptions = {}) {
    this.language = options.language ?? "en";
    this.user = { is_admin: options.admin ?? true };
    const shops = options.shops ?? 3;
    if (shops > 0) this.addSite(options.site ?? "one", shops, options.area ?? ((index) => (index % 2 ? "anchor" : "food")));
  }

  addSite(site: string, shops: number, area: (index: number) => string | undefined): void {
    this.addDevice(`${site}-site`, `Mall ${site}`, site, SITE_KEYS);
    this.addDevice(`${site}-line`, "East riser", site, LINE_KEYS);
    for (let index = 1; index <= shops; index += 1) {
      const [meter, account] = [`${site}-meter-${index}`, `${site}-shop-${index}`];
      this.addDevice(meter, `A-${index}`, site, METER_KEYS, { serial_number: `S${index}`, area_id: area(index) ?? null });
      this.addDevice(account, `A-${index} Shop`, site, SHOP_KEYS);
      this.setState(`x.${account}_supply_state`, "in_credit", { meters: [`S${index}`] });
      this.setState(`x.${account}_days_left`, String(index));
    }
    this.addDevice(`${site}-common`, "Lift", site, METER_KEYS, { serial_number: "COMMON" });
  }

  /** Let a site take payments. */
  addProvider(site: string, name: string): void {
    this.addDevice(`${site}-site`, `Mall ${site}`, site, PAYMENT_KEYS);
    this.addDevice(`${site}-provider-${name}`, name, site, ["clearing_balance"]);
  }

  addDevice(id: string, name: string, site: string, keys: readonly string[], more: Partial<DeviceEntry> = {}): void {
    this.devices[id] = { id, name, primary_config_entry: site, ...more };
    for (const key of keys) {
      const entityId = `x.${id}_${key}`;
      this.entities[entityId] = { entity_id: entityId, device_id: id, platform: "compere_prepaid", translation_key: key };
    }
  }

  setState(entityId: string, state: string, attributes: Record<string, unknown> = {}): void {
    this.states = { ...this.states, [entityId]: { state, attributes } };
  }

  /** A copy that shares its registries, as each new state of Home Assistant does. */
  later(change: (mall: Mall) => void): Mall {
    const copy = Object.assign(Object.create(Mall.prototype) as Mall, this);
    change(copy);
    return copy;
  }
}
