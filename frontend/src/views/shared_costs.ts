/** Shared costs: what pools are made of, runs, bills and statements; and the energy balance of the main meters. */
import { heading, section } from "../cards.ts";
import type { Card, Section, SectionsView } from "../home_assistant.ts";
import type { Labels } from "../labels.ts";
import type { Site } from "../site_model.ts";

/** By the names under which the cards are known to Home Assistant. */
export const LEDGER_CARDS = {
  runs: "compere-prepaid-runs",
  pools: "compere-prepaid-pools",
  bills: "compere-prepaid-bills",
  statements: "compere-prepaid-statements",
  balance: "compere-prepaid-balance",
} as const;

const COLUMNS = 4;

export function sharedCostsView(site: Site, labels: Labels): SectionsView {
  return wide([
    wideSection(site, LEDGER_CARDS.runs, labels.sharedCosts, "mdi:chart-pie"),
    wideSection(site, LEDGER_CARDS.pools, labels.whatIsShared, "mdi:sitemap"),
    wideSection(site, LEDGER_CARDS.bills, labels.suppliersBills, "mdi:receipt-text-outline"),
    wideSection(site, LEDGER_CARDS.statements, labels.statements, "mdi:file-document-multiple-outline"),
  ]);
}

export function energyBalanceView(site: Site, labels: Labels): SectionsView {
  return wide([wideSection(site, LEDGER_CARDS.balance, labels.energyBalance, "mdi:scale-balance")]);
}

function wide(sections: Section[]): SectionsView {
  return { type: "sections", max_columns: COLUMNS, sections };
}

function wideSection(site: Site, kind: string, title: string, icon: string): Section {
  const card: Card = { type: `custom:${kind}`, site: site.id, grid_options: { columns: "full" } };
  return section([heading(title, icon), card], { column_span: COLUMNS });
}
