/** Which page an address means, and what somebody may see who has not proven enough. */
import { html, type TemplateResult } from "lit-html";
import type { App, Page } from "../app.ts";
import type { Route } from "../router.ts";
import { EmergencyPage, ReconnectPage } from "./confirm.ts";
import { FindPage } from "./find.ts";
import { HistoryPage } from "./history.ts";
import { MeterPage } from "./meter.ts";
import { OverviewPage } from "./overview.ts";
import { PaymentPage } from "./payment.ts";
import { ReceiptPage } from "./receipt.ts";
import { SettingsPage } from "./settings.ts";
import { StatementPage, StatementsPage } from "./statements.ts";
import { TopUpPage } from "./top_up.ts";

interface Place {
  /** The least level for it; below that the first page is shown. */
  level: number;
  page: (app: App, id: string) => Page;
}

const PLACES: Record<string, Place> = {
  "top-up": { level: 0, page: (app) => new TopUpPage(app) },
  pay: { level: -1, page: (app, id) => new PaymentPage(app, id) },
  receipt: { level: -1, page: (app, id) => new ReceiptPage(app, id) },
  history: { level: 1, page: (app) => new HistoryPage(app) },
  statements: { level: 1, page: (app) => new StatementsPage(app) },
  statement: { level: 2, page: (app, id) => new StatementPage(app, id) },
  settings: { level: 1, page: (app) => new SettingsPage(app) },
  reconnect: { level: 1, page: (app) => new ReconnectPage(app) },
  emergency: { level: 1, page: (app) => new EmergencyPage(app) },
};

export function pageFor(app: App, route: Route): Page {
  if (app.session === null) return new NobodyPage(app);
  const place = PLACES[route.name];
  if (place && app.level >= place.level) return place.page(app, route.id);
  if (route.name && !place) app.note = app.say("not_found_page");
  if (app.level >= 1) return new OverviewPage(app);
  return app.level === 0 ? new MeterPage(app) : new FindPage(app);
}

/** Shown while the server has not said yet who is here: it could not be reached. */
class NobodyPage implements Page {
  constructor(private readonly app: App) {}

  title(): string {
    return this.app.say("loading");
  }

  view(): TemplateResult {
    return html`<h1 id="title" tabindex="-1">${this.title()}</h1>`;
  }
}
