/** What nobody's account pays for: corridors, lifts, car parks. Their load, their energy, day by day. */
import { heading, section, tile } from "../cards.ts";
import type { Card, SectionsView } from "../home_assistant.ts";
import type { Labels } from "../labels.ts";
import type { Meter, Site } from "../site_model.ts";

const HOURS_OF_LOAD = 24;
const DAYS_OF_ENERGY = 14;

export function commonAreasView(site: Site, labels: Labels): SectionsView {
  const sections = [section(sharesAndDays(site.commonMeters, labels)), ...site.commonMeters.map((meter) => meterSection(meter, labels))];
  return { type: "sections", max_columns: 3, dense_section_placement: true, sections };
}

function meterSection(meter: Meter, labels: Labels): ReturnType<typeof section> {
  return section([
    heading(meter.name, "mdi:meter-electric"),
    tile(meter.entities["power"], labels.load, 12, {
      features: [{ type: "trend-graph", hours_to_show: HOURS_OF_LOAD }],
      grid_options: { columns: 12, rows: 2 },
    }),
    tile(meter.entities["energy"], labels.energy, 6),
    tile(meter.entities["connectivity"], labels.connection, 6, { color: "green" }),
  ]);
}

function sharesAndDays(meters: readonly Meter[], labels: Labels): Card[] {
  const named = (key: string): { entity: string; name: string }[] =>
    meters.flatMap((meter) => {
      const entity = meter.entities[key];
      return entity === undefined ? [] : [{ entity, name: meter.name }];
    });
  const cards: Card[] = [];
  if (named("power").length > 0) {
    cards.push(heading(labels.shareOfLoad, "mdi:chart-donut"), { type: "distribution", entities: named("power") });
  }
  if (named("energy").length > 0) {
    cards.push(heading(labels.energyPerDay, "mdi:chart-bar-stacked"), {
      type: "statistics-graph",
      entities: named("energy"),
      chart_type: "bar",
      period: "day",
      stat_types: ["change"],
      days_to_show: DAYS_OF_ENERGY,
    });
  }
  return cards;
}
