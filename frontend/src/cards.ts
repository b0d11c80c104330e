/**
 * Home Assistant's own cards, as this dashboard uses them.
 *
 * A card's colour is fixed when it is written. What must follow a state while the page is open is therefore written
 * once per tone, each with the condition under which it is seen: Home Assistant shows the one that is true now.
 */
import type { Badge, Card, Condition, Section } from "./home_assistant.ts";
import type { Labels } from "./labels.ts";
import type { Shop } from "./site_model.ts";

export interface Tone {
  readonly states: string[];
  readonly color: string;
  readonly icon: string;
}

const OFF: Tone = { states: ["off"], color: "red", icon: "mdi:flash-off" };
const OUT_OF_CREDIT: Tone = { states: ["exhausted", "emergency"], color: "deep-orange", icon: "mdi:flash-alert" };
const WARNING: Tone = { states: ["warning"], color: "amber", icon: "mdi:flash-alert" };
const IN_CREDIT: Tone = { states: ["in_credit"], color: "green", icon: "mdi:flash" };
const UNKNOWN: Tone = { states: ["unknown", "unavailable"], color: "grey", icon: "mdi:help-circle-outline" };

export const OFF_TONES: readonly Tone[] = [OFF];
export const LOW_TONES: readonly Tone[] = [OUT_OF_CREDIT, WARNING];
export const ALL_TONES: readonly Tone[] = [OFF, OUT_OF_CREDIT, WARNING, IN_CREDIT, UNKNOWN];

export function shopPath(shop: Shop): string {
  return `shop-${shop.deviceId}`;
}

export function navigate(path: string): Record<string, unknown> {
  return { action: "navigate", navigation_path: path };
}

export function section(cards: readonly (Card | undefined)[], options: Partial<Section> = {}): Section {
  return { type: "grid", cards: cards.filter((card) => card !== undefined), ...options };
}

/** A list longer than this is cut into sections of this length, so that they share the columns of a wide screen. */
const LINES_PER_SECTION = 30;

/** A list of lines under a title, as one section or several. */
export function sectionsOf(title: Card, lines: readonly Card[]): Section[] {
  const sections: Section[] = [];
  for (let start = 0; start < lines.length; start += LINES_PER_SECTION) {
    const some = lines.slice(start, start + LINES_PER_SECTION);
    sections.push(section(start === 0 ? [title, ...some] : some));
  }
  return sections;
}

export function heading(text: string, icon?: string, options: Record<string, unknown> = {}): Card {
  return { type: "heading", heading: text, heading_style: "title", ...(icon ? { icon } : {}), ...options };
}

/** A tile, or nothing where the entity does not exist (disabled, or not of this profile). */
export function tile(
  entity: string | undefined,
  name: string,
  columns: number,
  options: Record<string, unknown> = {},
): Card | undefined {
  if (entity === undefined) return undefined;
  return { type: "tile", entity, name, grid_options: { columns }, ...options };
}

export function text(content: string, visibility?: Condition[]): Card {
  return { type: "markdown", content, text_only: true, ...(visibility ? { visibility } : {}) };
}

export function anyOf(entity: string): Condition {
  return { condition: "numeric_state", entity, above: 0 };
}

export function noneOf(entity: string): Condition {
  return { condition: "not", conditions: [anyOf(entity)] };
}

/** How many of something that should be none: quiet at 0, coloured from 1 on. */
export function countTiles(entity: string | undefined, name: string, icon: string, color: string, path: string): Card[] {
  if (entity === undefined) return [];
  const base = { type: "tile", entity, name, icon, grid_options: { columns: 6 }, tap_action: navigate(path) };
  return [
    { ...base, color, visibility: [anyOf(entity)] },
    { ...base, color: "green", visibility: [noneOf(entity)] },
  ];
}

/**
 * A shop as one tile: its balance, in the colour of its supply. Touching it leads to the shop's own page.
 *
 * The tile stands on the balance, not on the supply state: Home Assistant gives no colour to a state called off.
 */
export function shopTiles(shop: Shop, tones: readonly Tone[], columns: number): Card[] {
  const { balance, supply_state: supply } = shop.entities;
  if (balance === undefined || supply === undefined) return [];
  return tones.map((tone) => ({
    type: "tile",
    entity: balance,
    name: shop.name,
    icon: tone.icon,
    color: tone.color,
    tap_action: navigate(shopPath(shop)),
    icon_tap_action: navigate(shopPath(shop)),
    grid_options: { columns },
    visibility: [{ condition: "state", entity: supply, state: tone.states }],
  }));
}

/** A shop as one line of a list: name, then balance in the colour of its supply, days left and load. */
export function shopLine(shop: Shop, labels: Labels): Card {
  const { balance, supply_state: supply, days_left: daysLeft } = shop.entities;
  const badges: Badge[] = [];
  if (balance !== undefined && supply !== undefined) {
    for (const tone of ALL_TONES) {
      badges.push({
        type: "entity",
        entity: balance,
        name: labels.balance,
        icon: tone.icon,
        color: tone.color,
        show_icon: true,
        show_state: true,
        visibility: [{ condition: "state", entity: supply, state: tone.states }],
      });
    }
  }
  badges.push(...plainBadges([[daysLeft, labels.daysLeft]]));
  badges.push(...plainBadges(shop.meters.map((meter) => [meter.entities["power"], labels.load])));
  return {
    type: "heading",
    heading: shop.name,
    heading_style: "subtitle",
    badges,
    tap_action: navigate(shopPath(shop)),
  };
}

/** Values without colour; their units say what they are, so an icon would only take a phone's width. */
export function plainBadges(wanted: readonly (readonly [entity: string | undefined, name: string])[]): Badge[] {
  const badges: Badge[] = [];
  for (const [entity, name] of wanted) {
    if (entity !== undefined) badges.push({ type: "entity", entity, name, show_icon: false, show_state: true });
  }
  return badges;
}
