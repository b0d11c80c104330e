/** What tenants paid today, what providers hold, and the money that waits for somebody to look at it. */
import { anyOf, countTiles, heading, noneOf, section, text, tile } from "../cards.ts";
import type { Card, Section, SectionsView } from "../home_assistant.ts";
import type { Labels } from "../labels.ts";
import type { Site } from "../site_model.ts";

const DAYS_SHOWN = 14;

export function paymentsView(site: Site, labels: Labels, path: string): SectionsView {
  const { payments_today: today, payment_count_today: count, suspense, unexplained } = site.entities;
  const sections: Section[] = [
    section([
      heading(labels.paidToday, "mdi:cash-check"),
      tile(today, labels.paidToday, 6, { color: "green" }),
      tile(count, labels.paymentsToday, 6, { color: "green" }),
      ...perDay(today, labels),
    ]),
    section([
      heading(labels.toLookAt, "mdi:cash-clock"),
      ...countTiles(suspense, labels.inSuspense, "mdi:cash-clock", "orange", path),
      ...countTiles(unexplained, labels.unexplained, "mdi:help-circle-outline", "red", path),
      ...help(suspense, labels.suspenseHelp, labels.noSuspense),
      ...help(unexplained, labels.unexplainedHelp, labels.allExplained),
    ]),
  ];
  sections.push(
    section([
      heading(labels.notSettled, "mdi:bank-transfer"),
      ...site.providers.map((provider) => tile(provider.entities["clearing_balance"], provider.name, 12)),
    ]),
  );
  return { type: "sections", max_columns: 3, dense_section_placement: true, sections };
}

/** What to do where there is something, and that there is nothing where there is not. */
function help(entity: string | undefined, todo: string, done: string): Card[] {
  return entity === undefined ? [] : [text(todo, [anyOf(entity)]), text(done, [noneOf(entity)])];
}

function perDay(today: string | undefined, labels: Labels): Card[] {
  if (today === undefined) return [];
  const graph = {
    type: "statistics-graph",
    entities: [{ entity: today, name: labels.paidToday }],
    days_to_show: DAYS_SHOWN,
    period: "day",
    stat_types: ["change"],
    chart_type: "bar",
    hide_legend: true,
  };
  return [heading(labels.paidPerDay, "mdi:chart-bar"), graph];
}
