/**
 * The door to Home Assistant: two dashboard strategies, the cards of our own that they use where Home Assistant has
 * none for it, and the entry in its list of community dashboards.
 *
 * Home Assistant calls `generate` in the browser of whoever opens the dashboard, and again when `shouldRegenerate`
 * says that what is there has changed.
 */
import { SHOP_STRATEGY, generateDashboard, generateShop, mustRegenerate } from "./dashboard.ts";
import type { Dashboard, HomeAssistant, SectionsView } from "./home_assistant.ts";
import { labelsFor } from "./labels.ts";
import { BalanceCard } from "./ledger_cards/balance_card.ts";
import { BillsCard } from "./ledger_cards/bills_card.ts";
import { PoolsCard } from "./ledger_cards/pools_card.ts";
import { RunsCard } from "./ledger_cards/runs_card.ts";
import { StatementsCard } from "./ledger_cards/statements_card.ts";
import { LEDGER_CARDS } from "./views/shared_costs.ts";

const DASHBOARD_STRATEGY = "compere-prepaid";

class CompereDashboardStrategy extends HTMLElement {
  static readonly noEditor = true;
  static readonly registryDependencies = ["entities", "devices", "areas"];

  static shouldRegenerate(_config: unknown, before: HomeAssistant, now: HomeAssistant): boolean {
    return mustRegenerate(before, now, generateDashboard);
  }

  static generate(_config: unknown, hass: HomeAssistant): Promise<Dashboard> {
    return Promise.resolve(generateDashboard(hass));
  }
}

class CompereShopStrategy extends HTMLElement {
  static readonly registryDependencies = ["entities", "devices", "areas"];

  static shouldRegenerate(config: { device?: string }, before: HomeAssistant, now: HomeAssistant): boolean {
    return mustRegenerate(before, now, (hass) => generateShop(hass, config.device ?? ""));
  }

  static generate(config: { device?: string }, hass: HomeAssistant): Promise<SectionsView> {
    return Promise.resolve(generateShop(hass, config.device ?? ""));
  }
}

interface CustomStrategy {
  type: string;
  strategyType: "dashboard";
  name: string;
  description: string;
}

declare global {
  interface Window {
    customStrategies?: CustomStrategy[];
  }
}

/**
 * Home Assistant's app replaces the browser's registry of elements while it starts; what was put into the old one it
 * never finds. So this waits for the app's own first element. A page may also load two versions of this module.
 */
async function register(): Promise<void> {
  await customElements.whenDefined("home-assistant");
  if (customElements.get(`ll-strategy-dashboard-${DASHBOARD_STRATEGY}`)) return;
  customElements.define(`ll-strategy-dashboard-${DASHBOARD_STRATEGY}`, CompereDashboardStrategy);
  customElements.define(`ll-strategy-view-${SHOP_STRATEGY}`, CompereShopStrategy);
  customElements.define(LEDGER_CARDS.runs, RunsCard);
  customElements.define(LEDGER_CARDS.pools, PoolsCard);
  customElements.define(LEDGER_CARDS.bills, BillsCard);
  customElements.define(LEDGER_CARDS.statements, StatementsCard);
  customElements.define(LEDGER_CARDS.balance, BalanceCard);
  const labels = labelsFor(document.documentElement.lang || navigator.language);
  window.customStrategies = window.customStrategies ?? [];
  window.customStrategies.push({
    type: DASHBOARD_STRATEGY,
    strategyType: "dashboard",
    name: labels.dashboard,
    description: labels.dashboardDescription,
  });
}

await register();
