/** What is read from Home Assistant's registries is kept until they, or what accounts link to, change. */
import type { HomeAssistant } from "./home_assistant.ts";
import { linkingEntities, readSites } from "./site_model.ts";
import type { Site } from "./site_model.ts";

/** Home Assistant asks at every change of any state, and makes a new registry object when the registry changes. */
const linkingEntitiesByRegistry = new WeakMap<object, (readonly [entity: string, attribute: string])[]>();

function linkingEntitiesOf(hass: HomeAssistant): (readonly [entity: string, attribute: string])[] {
  const known = linkingEntitiesByRegistry.get(hass.entities) ?? linkingEntities(hass);
  linkingEntitiesByRegistry.set(hass.entities, known);
  return known;
}

/**
 * The registries say what there is; the accounts' states say which meters are whose, and which policies there are.
 * Nothing else is built in.
 */
export function isOtherMall(before: HomeAssistant, now: HomeAssistant): boolean {
  if (before.entities !== now.entities || before.devices !== now.devices || before.areas !== now.areas) return true;
  return linkingEntitiesOf(now).some(([entityId, attribute]) => {
    const [old, current] = [before.states[entityId], now.states[entityId]];
    return old !== current && JSON.stringify(old?.attributes[attribute]) !== JSON.stringify(current?.attributes[attribute]);
  });
}

/** The sites as they were read, which takes long in a large mall, as long as they are the same. */
export class KnownSites {
  private seen: HomeAssistant | undefined;
  private sites: readonly Site[] = [];

  of(hass: HomeAssistant): readonly Site[] {
    if (hass === this.seen) return this.sites;
    if (this.seen === undefined || isOtherMall(this.seen, hass)) this.sites = readSites(hass);
    this.seen = hass;
    return this.sites;
  }
}
