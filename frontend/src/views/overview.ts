/** The first page: how the mall stands now, who has no power, who is running low, and every shop by area. */
import { ALL_TONES, LOW_TONES, OFF_TONES, countTiles, heading, navigate, noneOf, section, shopTiles, text, tile } from "../cards.ts";
import type { Tone } from "../cards.ts";
import type { Card, HomeAssistant, Section, SectionsView } from "../home_assistant.ts";
import type { Labels } from "../labels.ts";
import { byArea, mostUrgentFirst } from "../site_model.ts";
import type { Shop, Site } from "../site_model.ts";
import { runsOutCard } from "./runs_out.ts";

/** Above this an area's tiles would bury the page: it shows its most urgent shops and leads to the list of all. */
const SHOPS_PER_AREA = 24;
const HOURS_OF_LOAD = 24;

export interface Paths {
  readonly shops: string;
  readonly equipment: string;
}

export function overviewView(hass: HomeAssistant, site: Site, labels: Labels, paths: Paths): SectionsView {
  const sections: Section[] = [statusSection(site, labels, paths)];
  if (site.shops.length === 0) {
    sections.push(section([text(labels.noShopsYet)]));
  } else {
    const { accounts_off: off, accounts_warned: warned } = site.entities;
    sections.push(
      section([
        ...alarmCards(site.shops, OFF_TONES, heading(labels.offNow, "mdi:flash-off"), off, labels.noShopOff),
        ...alarmCards(site.shops, LOW_TONES, heading(labels.warned, "mdi:flash-alert"), warned, labels.noShopWarned),
      ]),
      section([heading(labels.runsOutNext, "mdi:calendar-clock"), runsOutCard(site.shops, labels)]),
    );
  }
  for (const area of byArea(hass, site.shops)) {
    sections.push(areaSection(hass, area.name ?? labels.noArea, area.icon, area.members, labels, paths));
  }
  return { type: "sections", max_columns: 3, dense_section_placement: true, sections };
}

function statusSection(site: Site, labels: Labels, paths: Paths): Section {
  const { total_power: power, total_balance: balance, ledger_ok: ledger, ...counts } = site.entities;
  return section([
    heading(site.name || labels.overview, "mdi:storefront"),
    ...(ledger === undefined ? [] : [text(alert(labels.ledgerFault), [{ condition: "state", entity: ledger, state: "on" }])]),
    tile(power, labels.loadNow, 6, { icon: "mdi:gauge", color: "blue" }),
    tile(balance, labels.balanceHeld, 6, { icon: "mdi:wallet", color: "blue" }),
    ...countTiles(counts["accounts_off"], labels.shopsOff, "mdi:flash-off", "red", paths.shops),
    ...countTiles(counts["accounts_warned"], labels.shopsWarned, "mdi:flash-alert", "amber", paths.shops),
    ...countTiles(counts["meters_offline"], labels.metersOffline, "mdi:lan-disconnect", "orange", paths.equipment),
    tile(ledger, labels.ledger, 6, { color: "red" }),
    ...loadCards(power, labels),
  ]);
}

function alert(message: string): string {
  return `<ha-alert alert-type="error">${message}</ha-alert>`;
}

function loadCards(power: string | undefined, labels: Labels): Card[] {
  if (power === undefined) return [];
  const graph = {
    type: "history-graph",
    entities: [{ entity: power, name: labels.load }],
    hours_to_show: HOURS_OF_LOAD,
    show_names: false,
    min_y_axis: 0,
  };
  return [heading(labels.loadToday, "mdi:chart-line"), graph];
}

/** The shops in these states now, as tiles that come and go; or a line that says that there is none. */
function alarmCards(
  shops: readonly Shop[],
  tones: readonly Tone[],
  title: Card,
  count: string | undefined,
  none: string,
): Card[] {
  return [
    title,
    ...(count === undefined ? [] : [text(none, [noneOf(count)])]),
    ...shops.flatMap((shop) => shopTiles(shop, tones, 12)),
  ];
}

function areaSection(
  hass: HomeAssistant,
  name: string,
  icon: string | undefined,
  shops: readonly Shop[],
  labels: Labels,
  paths: Paths,
): Section {
  const tooMany = shops.length > SHOPS_PER_AREA;
  const shown = tooMany ? mostUrgentFirst(hass, shops).slice(0, SHOPS_PER_AREA) : shops;
  const more = labels.allShops.replace("{count}", String(shops.length));
  return section([
    heading(name, icon ?? "mdi:map-marker", { tap_action: navigate(paths.shops) }),
    ...shown.flatMap((shop) => shopTiles(shop, ALL_TONES, 6)),
    ...(tooMany ? [text(`[${more}](${paths.shops})`)] : []),
  ]);
}

