/** Is everything on the lines well: the lines themselves, the meters that do not answer, and how well the others do. */
import { anyOf, heading, noneOf, plainBadges, section, text, tile } from "../cards.ts";
import type { Card, HomeAssistant, Section, SectionsView } from "../home_assistant.ts";
import type { Labels } from "../labels.ts";
import { byArea } from "../site_model.ts";
import type { Line, Meter, Site } from "../site_model.ts";

export function equipmentView(hass: HomeAssistant, site: Site, labels: Labels): SectionsView {
  const sections: Section[] = [section([...offlineCards(site, labels)])];
  for (const line of site.lines) sections.push(lineSection(line, labels));
  for (const area of byArea(hass, site.meters)) {
    const title = heading(area.name ?? labels.noArea, area.icon ?? "mdi:map-marker");
    sections.push(section([title, ...area.members.map((meter) => meterLine(meter, labels))]));
  }
  return { type: "sections", max_columns: 3, dense_section_placement: true, sections };
}

function offlineCards(site: Site, labels: Labels): Card[] {
  const offline = site.entities["meters_offline"];
  const answering = site.meters.flatMap((meter) => {
    const entity = meter.entities["connectivity"];
    return entity === undefined ? [] : [{ entity, name: meter.name, secondary_info: "last-changed" }];
  });
  const cards: Card[] = [heading(labels.offlineMeters, "mdi:lan-disconnect")];
  if (offline !== undefined) cards.push(text(labels.noMeterOffline, [noneOf(offline)]));
  if (answering.length > 0) {
    cards.push({
      type: "entity-filter",
      entities: answering,
      conditions: [{ condition: "state", state: ["off", "unavailable"] }],
      show_empty: false,
      card: { type: "entities" },
      ...(offline === undefined ? {} : { visibility: [anyOf(offline)] }),
    });
  }
  return cards;
}

function lineSection(line: Line, labels: Labels): Section {
  const entities = line.entities;
  return section([
    heading(line.name, "mdi:transit-connection-variant"),
    tile(entities["connectivity"], labels.connection, 6, { color: "green" }),
    tile(entities["success_rate"], labels.answered, 6, { icon: "mdi:check-network" }),
    tile(entities["sweep_time"], labels.sweepTime, 6, { icon: "mdi:timer-sync" }),
    tile(entities["utilisation"], labels.utilisation, 6, { icon: "mdi:percent" }),
  ]);
}

function meterLine(meter: Meter, labels: Labels): Card {
  const { connectivity, success_rate: successRate, answer_time: answerTime } = meter.entities;
  return {
    type: "heading",
    heading: meter.name,
    heading_style: "subtitle",
    badges: [
      ...(connectivity === undefined
        ? []
        : [{ type: "entity" as const, entity: connectivity, name: labels.connection, show_icon: true, show_state: true, color: "green" }]),
      ...plainBadges([
        [successRate, labels.answered],
        [answerTime, labels.answerTime],
      ]),
    ],
    tap_action: { action: "navigate", navigation_path: `/config/devices/device/${meter.deviceId}` },
  };
}
