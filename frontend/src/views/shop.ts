/** One shop's own page: its credit, its supply, its meters and what happened to it. */
import { ALL_TONES, heading, plainBadges, section, shopTiles, text, tile } from "../cards.ts";
import type { Card, Section, SectionsView } from "../home_assistant.ts";
import type { Labels } from "../labels.ts";
import type { Entities, Meter, Shop } from "../site_model.ts";

const DAYS_OF_BALANCE = 7;
const HOURS_OF_LOAD = 24;
const DAYS_OF_SPENDING = 42;

export function shopView(shop: Shop | undefined, labels: Labels, isAdmin: boolean): SectionsView {
  if (shop === undefined) {
    return { type: "sections", max_columns: 1, sections: [section([text(labels.shopGone)])] };
  }
  const sections = [creditSection(shop, labels, isAdmin), forecastSection(shop, labels), ...shop.meters.map((meter) => meterSection(meter, labels))];
  const history = historySection(shop, labels);
  if (history) sections.push(history);
  return { type: "sections", max_columns: 3, sections };
}

function creditSection(shop: Shop, labels: Labels, isAdmin: boolean): Section {
  const entities = shop.entities;
  const stay = { tap_action: { action: "more-info" }, icon_tap_action: { action: "more-info" } };
  return section([
    heading(shop.name, "mdi:store"),
    ...shopTiles(shop, ALL_TONES, 6).map((card) => ({ ...card, name: labels.balance, ...stay })),
    tile(entities["supply_state"], labels.supply, 6),
    tile(entities["available_credit"], labels.creditLeft, 6),
    tile(entities["price"], labels.price, 6),
    tile(entities["period"], labels.period, 6),
    tile(entities["credit_limit"], labels.creditLimit, 6),
    policyTile(entities, labels, isAdmin),
    reconnectTile(entities, labels),
  ]);
}

/** Administrators choose the policy here; for others it would only refuse. */
function policyTile(entities: Entities, labels: Labels, isAdmin: boolean): Card | undefined {
  if (!isAdmin) return tile(entities["policy"], labels.policy, 12);
  return tile(entities["policy"], labels.policy, 12, {
    features: [{ type: "select-options" }],
    features_position: "inline",
  });
}

/** How long the credit lasts, and what was spent beside the weeks before. */
function forecastSection(shop: Shop, labels: Labels): Section {
  const entities = shop.entities;
  const { days_left: daysLeft, cost_week: costWeek } = entities;
  const perWeek = {
    type: "statistics-graph",
    entities: [{ entity: costWeek, name: labels.costWeek }],
    chart_type: "bar",
    period: "week",
    stat_types: ["change"],
    days_to_show: DAYS_OF_SPENDING,
    hide_legend: true,
  };
  return section([
    heading(labels.nextDays, "mdi:calendar-clock"),
    tile(daysLeft, labels.daysLeft, 6),
    tile(entities["expected_zero"], labels.endsOn, 6),
    daysLeft === undefined ? undefined : bandText(daysLeft, labels),
    tile(entities["cost_today"], labels.costToday, 6),
    tile(costWeek, labels.costWeek, 6),
    tile(entities["cost_week_change"], labels.weekChange, 6),
    tile(entities["cost_month"], labels.costMonth, 6),
    tile(entities["cost_month_change"], labels.monthChange, 6),
    ...(costWeek === undefined ? [] : [heading(labels.costPerWeek, "mdi:chart-bar"), perWeek]),
  ]);
}

/** Nothing where there is no band: a shop that uses nothing has none, one that is known for hours a very small one. */
function bandText(daysLeft: string, labels: Labels): Card {
  const value = (attribute: string): string => `state_attr("${daysLeft}", "${attribute}")`;
  const shown = (attribute: string): string => `{{ ${value(attribute)} | round(1) }}`;
  const isNumber = (attribute: string): string => `is_number(${value(attribute)})`;
  const wide = `${value("low")} | round(1) != ${value("high")} | round(1)`;
  const band = labels.band.replace("{low}", shown("low")).replace("{high}", shown("high"));
  const content = `{% if ${isNumber("low")} and ${isNumber("high")} and ${wide} %}${band}{% endif %}`;
  return text(content, [{ condition: "state", entity: daysLeft, state_not: ["unknown", "unavailable"] }]);
}

/** Only where there is something to reconnect, and never by a stray touch. */
function reconnectTile(entities: Entities, labels: Labels): Card | undefined {
  const { reconnect, supply_state: supply } = entities;
  if (reconnect === undefined || supply === undefined) return undefined;
  const press = { action: "perform-action", perform_action: "button.press", target: { entity_id: reconnect }, confirmation: true };
  return tile(reconnect, labels.reconnect, 12, {
    hide_state: true,
    tap_action: press,
    icon_tap_action: press,
    visibility: [{ condition: "state", entity: supply, state: "off" }],
  });
}

function meterSection(meter: Meter, labels: Labels): Section {
  const entities = meter.entities;
  const phases = (key: string): (string | undefined)[] =>
    ["a", "b", "c"].map((phase) => entities[`${key}_${phase}`] ?? entities[`${key}_l${phase}`]);
  const threePhases = (key: string, name: string): (Card | undefined)[] =>
    phases(key).map((entity, index) => tile(entity, `${name} L${index + 1}`, 4, { vertical: true }));
  return section([
    heading(`${labels.meter} ${meter.name}`, "mdi:meter-electric", {
      badges: plainBadges([[entities["connectivity"], labels.connection]]),
    }),
    tile(entities["power"], labels.load, 12, {
      features: [{ type: "trend-graph", hours_to_show: HOURS_OF_LOAD }],
      grid_options: { columns: 12, rows: 2 },
    }),
    tile(entities["energy"], labels.energy, 6),
    tile(entities["relay"], labels.relay, 6, {
      icon_tap_action: { action: "more-info" },
    }),
    tile(entities["power_factor"], labels.powerFactor, 6),
    tile(entities["frequency"], labels.frequency, 6),
    ...threePhases("voltage", labels.voltage),
    ...threePhases("current", labels.current),
  ]);
}

function historySection(shop: Shop, labels: Labels): Section | undefined {
  const { balance, account_event: event } = shop.entities;
  const cards: Card[] = [];
  if (balance !== undefined) {
    cards.push(heading(labels.balanceHistory, "mdi:chart-line"), {
      type: "history-graph",
      entities: [{ entity: balance, name: labels.balance }],
      hours_to_show: DAYS_OF_BALANCE * 24,
      show_names: false,
    });
  }
  if (event !== undefined) {
    const hours = DAYS_OF_BALANCE * 24;
    cards.push(heading(labels.whatHappened, "mdi:history"), { type: "logbook", target: { entity_id: [event] }, hours_to_show: hours });
  }
  return cards.length > 0 ? section(cards) : undefined;
}
