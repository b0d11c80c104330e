/** The whole dashboard as configuration: up to eight pages for each site, and a page for each shop. */
import { shopPath } from "./cards.ts";
import type { Dashboard, DashboardView, HomeAssistant, PanelView } from "./home_assistant.ts";
import { isOtherMall } from "./known_sites.ts";
import { labelsFor } from "./labels.ts";
import type { Labels } from "./labels.ts";
import { readSites } from "./site_model.ts";
import type { Site } from "./site_model.ts";
import { commonAreasView } from "./views/common_areas.ts";
import { equipmentView } from "./views/equipment.ts";
import { overviewView } from "./views/overview.ts";
import { rulesView } from "./views/rules.ts";
import { energyBalanceView, sharedCostsView } from "./views/shared_costs.ts";
import { shopsView } from "./views/shops.ts";
import { paymentsView } from "./views/payments.ts";
import { shopView } from "./views/shop.ts";

export const SHOP_STRATEGY = "compere-prepaid-shop";

export function generateDashboard(hass: HomeAssistant): Dashboard {
  const labels = labelsFor(hass.language);
  const sites = readSites(hass);
  if (sites.length === 0) {
    return { title: labels.dashboard, views: [{ ...nothingYetView(hass, labels), title: labels.overview, path: "overview" }] };
  }
  const views = sites.flatMap((site, index) => siteViews(hass, site, labels, sites.length > 1 ? `${index + 1}-` : ""));
  return { title: labels.dashboard, views };
}

export function generateShop(hass: HomeAssistant, deviceId: string): ReturnType<typeof shopView> {
  const shops = readSites(hass).flatMap((site) => site.shops);
  const shop = shops.find((found) => found.deviceId === deviceId);
  return shopView(shop, labelsFor(hass.language), hass.user?.is_admin ?? false);
}

/**
 * Whether something else would be written now. Home Assistant then builds every card anew, which closes an open question
 * and empties a form; so entities that are not on the page (a pool's, those of other integrations) do not count.
 */
export function mustRegenerate(before: HomeAssistant, now: HomeAssistant, write: (hass: HomeAssistant) => unknown): boolean {
  if (before.language !== now.language) return true;
  return isOtherMall(before, now) && JSON.stringify(write(before)) !== JSON.stringify(write(now));
}

function siteViews(hass: HomeAssistant, site: Site, labels: Labels, prefix: string): DashboardView[] {
  const title = (page: string): string => (prefix ? `${site.name} · ${page}` : page);
  const paths = { shops: `${prefix}shops`, equipment: `${prefix}equipment` };
  const views: DashboardView[] = [
    {
      ...overviewView(hass, site, labels, paths),
      title: title(labels.overview),
      path: `${prefix}overview`,
    },
  ];
  if (site.shops.length > 0) {
    views.push({ ...shopsView(hass, site, labels), title: title(labels.shops), path: paths.shops });
    views.push({ ...rulesView(hass, site, labels, paths.shops), title: title(labels.rules), path: `${prefix}rules` });
  }
  if (site.shops.length > 0) {
    views.push({ ...sharedCostsView(site, labels), title: title(labels.sharedCosts), path: `${prefix}shared-costs` });
  }
  if (site.providers.length > 0) {
    const path = `${prefix}payments`;
    views.push({ ...paymentsView(site, labels, path), title: title(labels.payments), path });
  }
  if (site.meters.length + site.lines.length > 0) {
    views.push({ ...equipmentView(hass, site, labels), title: title(labels.equipment), path: paths.equipment });
  }
  if (site.commonMeters.length > 0) {
    views.push({ ...commonAreasView(site, labels), title: title(labels.commonAreas), path: `${prefix}common-areas` });
  }
  if (site.meters.length > 0) {
    views.push({ ...energyBalanceView(site, labels), title: title(labels.energyBalance), path: `${prefix}energy-balance` });
  }
  for (const shop of site.shops) {
    const strategy = { type: `custom:${SHOP_STRATEGY}`, device: shop.deviceId };
    views.push({ strategy, title: shop.name, path: shopPath(shop), subview: true });
  }
  return views;
}

function nothingYetView(hass: HomeAssistant, labels: Labels): PanelView {
  const open = {
    text: labels.openIntegrations,
    appearance: "filled",
    variant: "brand",
    tap_action: { action: "navigate", navigation_path: "/config/integrations/dashboard" },
  };
  const card = {
    type: "empty-state",
    icon: "mdi:storefront-outline",
    content_only: true,
    title: labels.nothingYet,
    content: labels.nothingYetHelp,
    ...(hass.user?.is_admin ? { buttons: [open] } : {}),
  };
  return { type: "panel", cards: [card] };
}
