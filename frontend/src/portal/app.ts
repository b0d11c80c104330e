/** The page as a whole: who is here, which page is shown, what has to be told. Pages ask it for everything. */
import { html, nothing, render, type TemplateResult } from "lit-html";
import { Api, Fault } from "./api.ts";
import type { LanguageTag, Ordered, Overview, Session } from "./contract.ts";
import { Format } from "./format.ts";
import { Live } from "./live.ts";
import { chosenLanguage, keepLanguage, keepMeter, lastMeter } from "./remembered.ts";
import { addressOf, arrivalOf, routeOf, type Arrival, type Route } from "./router.ts";
import { shell } from "./shell.ts";
import { isLanguage, languageFor, sayer, type Say } from "./texts/index.ts";
import { pageFor } from "./pages/index.ts";

/** One page. It is made when it is gone to, and forgotten when it is left. */
export interface Page {
  /** The page's heading, also the window's title. */
  title(): string;
  view(): TemplateResult;
  /** Called once, after the page is shown. */
  entered?(): void;
  left?(): void;
  /** Called when there is a new overview. */
  heard?(): void;
}

const WARN_BEFORE_MS = 2 * 60_000;
const LOOK_AT_CLOCK_MS = 10_000;

export class App {
  readonly api = new Api();
  session: Session | null = null;
  overview: Overview | null = null;
  overviewAt: Date | null = null;
  language: LanguageTag;
  say: Say;
  format: Format;
  /** The order that was made last, until the page is loaded anew. */
  ordered: Ordered | null = null;
  /** Whether the page that is shown is the one that was loaded, or loaded again. */
  isFirstPage = true;
  /** Set while the server cannot be reached. */
  offline = false;
  /** Said at the top of the page until another page is shown. */
  note = "";
  expiring = false;
  readonly live: Live;
  private _page: Page | null = null;
  private _route: Route = { name: "", id: "" };
  private _spoken = "";
  private _touchedAt = Date.now();

  constructor(private readonly root: HTMLElement) {
    this.language = chosenLanguage() ?? languageFor(navigator.languages ?? [navigator.language]);
    this.say = sayer(this.language);
    this.format = new Format(this.language, "CNY", 2);
    this.live = new Live(this.api, (news) => this._heard(news), (error) => this._liveFailed(error));
    this.api.reached = (reachable) => {
      if (this.offline !== reachable) return;
      this.offline = !reachable;
      this.changed();
    };
  }

  async start(): Promise<void> {
    this._speak(this.language);
    const arrival = arrivalOf(location);
    const clean = arrival.kind === "returned" ? addressOf("pay", arrival.order) : "/#/";
    if (arrival.kind !== "plain") history.replaceState(null, "", clean); // no secret stays in the address
    this.changed();
    await this._arrive(arrival);
    addEventListener("hashchange", () => this._show(routeOf(location.hash)));
    addEventListener("online", () => void this.reload());
    addEventListener("offline", () => this.api.reached(false));
    for (const kind of ["pointerdown", "keydown"]) addEventListener(kind, () => (this._touchedAt = Date.now()), { passive: true });
    setInterval(() => this._lookAtClock(), LOOK_AT_CLOCK_MS);
    this._show(routeOf(location.hash));
  }

  get route(): Route {
    return this._route;
  }

  get level(): number {
    return this.session?.meter ? this.session.level : -1;
  }

  /** Draw the page anew; whoever changes something calls this. What had the focus may be gone then. */
  changed(): void {
    document.title = [this._page?.title(), this.session?.site.name].filter(Boolean).join(" · ");
    const focused = document.activeElement;
    render(shell(this, this._page, this._spoken), this.root);
    if (focused?.isConnected === false) document.getElementById("title")?.focus();
  }

  go(name: string, id = "", { replace = false } = {}): void {
    const address = addressOf(name, id);
    if (replace) {
      history.replaceState(null, "", address);
      this._show(routeOf(location.hash));
    } else if (location.hash === address.slice(1)) this._show(routeOf(location.hash));
    else location.hash = address.slice(1);
  }

  /** Have a screen reader say something; what is seen changes by itself. */
  announce(text: string): void {
    this._spoken = text === this._spoken ? `${text}\u200b` : text;
    this.changed();
  }

  /** Word a fault for people. */
  worded(fault: Fault): string {
    if (fault.kind === "network") return this.say("offline");
    if (fault.kind === "slow_down") return this.say("slow_down", { seconds: fault.retryAfterS ?? 30 });
    return fault.message || this.say(fault.kind === "busy" ? "busy" : "failed");
  }

  /** Take over a new session; the pages of another meter or level are forgotten. */
  enter(session: Session): void {
    const before = this.session?.meter?.reference;
    this.session = this.api.use(session);
    if (session.meter) keepMeter(session.meter.reference);
    if (before !== session.meter?.reference || session.level < 1) this.overview = null;
    // a tenant's choice is for all their devices; who is nobody in particular has their own
    if (isLanguage(session.language) && (session.level >= 1 || chosenLanguage() === null)) this._speak(session.language);
    this.format = new Format(this.language, session.site.currency, session.site.digits);
    this.expiring = false;
    if (this.level >= 1) this.live.start();
    else this.live.stop();
  }

  /** Ask who is here; tells whether it is still who it was. */
  async reload(): Promise<boolean> {
    const before = this.session;
    try {
      this.enter(await this.api.session());
    } catch (error) {
      if (error instanceof Fault) return false;
      throw error;
    }
    const now = this.session;
    const same = before === null || (before.meter?.reference === now?.meter?.reference && before.level <= (now?.level ?? 0));
    if (!same) {
      this.note = this.say(now?.meter ? (before.meter?.reference === now.meter.reference ? "signed_out" : "meter_changed") : "signed_out");
      this.go("", "", { replace: true });
    }
    this.changed();
    return same;
  }

  /**
   * Do what the server may refuse because the session ended or changed meanwhile, in this tab or another one. Where it
   * is still for the same meter it is done again; else the page says what happened, and the answer is null.
   */
  async guarded<T>(work: () => Promise<T>): Promise<T | null> {
    try {
      return await work();
    } catch (error) {
      if (!(error instanceof Fault) || error.status !== 403) throw error;
      return (await this.reload()) ? work() : null;
    }
  }

  async choose(language: LanguageTag): Promise<void> {
    keepLanguage(language);
    this._speak(language);
    if (this.session) this.format = new Format(language, this.session.site.currency, this.session.site.digits);
    this.changed();
    if (this.level < 1) return;
    try {
      await this.api.post("/api/settings", { language });
      this.live.start(); // the stream speaks the language that it began with
    } catch (error) {
      if (!(error instanceof Fault)) throw error; // the page speaks it all the same
    }
  }

  async stay(): Promise<void> {
    this.expiring = false;
    await this.reload();
  }

  async signOut(): Promise<void> {
    this.enter(await this.api.post<Session>("/api/logout"));
    keepMeter("");
    this.note = this.say("signed_out_now");
    this.go("", "", { replace: true });
  }

  private _speak(language: LanguageTag): void {
    this.language = this.api.language = language;
    this.say = sayer(language);
    document.documentElement.lang = language;
  }

  private async _arrive(arrival: Arrival): Promise<void> {
    try {
      this.enter(await this.api.session());
      if (arrival.kind === "meter") await this._arriveAtMeter(arrival.reference, arrival.tag);
      if (arrival.kind === "link") this.enter(await this.api.post<Session>("/api/link", { token: arrival.token }));
    } catch (error) {
      if (!(error instanceof Fault)) throw error;
      if (arrival.kind === "meter") keepMeter(arrival.reference);
      this.note = error.kind === "refused" && arrival.kind === "link" ? this.say("link_expired") : this.worded(error);
      if (this.session === null) setTimeout(() => void this._arriveAgain(arrival), LOOK_AT_CLOCK_MS);
    }
  }

  private async _arriveAgain(arrival: Arrival): Promise<void> {
    this.note = "";
    await this._arrive(arrival);
    this._show(this._route);
  }

  /** Whoever scanned a code that is no longer good may still pay. */
  private async _arriveAtMeter(meter: string, tag: string): Promise<void> {
    keepMeter(meter);
    if (tag) {
      try {
        this.enter(await this.api.post<Session>("/api/access", { meter, tag }));
        return;
      } catch (error) {
        if (!(error instanceof Fault) || error.kind !== "refused") throw error;
        this.note = this.say("code_expired");
      }
    }
    try {
      this.enter(await this.api.post<Session>("/api/find", { meter }));
    } catch (error) {
      if (!(error instanceof Fault) || error.status !== 404) throw error;
      this.note = this.say("number_unknown");
    }
  }

  private _show(route: Route): void {
    const first = this._page === null;
    this.isFirstPage = first;
    this._page?.left?.();
    if (!first) this.note = this._route.name === route.name ? this.note : this._keptNote(route);
    this._route = route;
    this._page = pageFor(this, route);
    this.changed();
    scrollTo(0, 0);
    if (!first) document.getElementById("title")?.focus();
    this._page.entered?.();
  }

  /** A note that sends somebody to the first page is still to be read there. */
  private _keptNote(route: Route): string {
    return route.name === "" ? this.note : "";
  }

  private _heard(news: Partial<Overview>): void {
    const mine = this.session?.meter?.reference;
    if (news.meters?.every((meter) => meter.reference !== mine)) void this._heardOfOthers(news);
    else this._take(news);
  }

  /** Another tab may have gone to another meter: then this one says so instead of showing a mixture. */
  private async _heardOfOthers(news: Partial<Overview>): Promise<void> {
    if (await this.reload()) this._take(news);
  }

  private _take(news: Partial<Overview>): void {
    if (Object.keys(news).length > 0) {
      this.overview = { announcements: [], messages: [], ...this.overview, ...news } as Overview;
      this.overviewAt = new Date();
      this._page?.heard?.();
    }
    this.changed();
  }

  private _liveFailed(error: unknown): void {
    if (!(error instanceof Fault)) throw error;
    if (error.status === 403 || error.status === 401) void this.reload();
    this.changed();
  }

  /** Shortly before the end of a session ask whoever is still there; who did something just now need not be asked. */
  private _lookAtClock(): void {
    if (!this.session || this.level < 0 || document.hidden) return;
    const left = Date.parse(this.session.expires_at) - Date.now() - this.api.aheadMs;
    if (left > WARN_BEFORE_MS) return;
    if (left <= 0 || Date.now() - this._touchedAt < LOOK_AT_CLOCK_MS * 2) void this.reload();
    else if (!this.expiring) {
      this.expiring = true;
      this.announce(this.say("expiring"));
    }
  }

  noteView(): TemplateResult | typeof nothing {
    return this.note ? html`<p class="note" role="status">${this.note}</p>` : nothing;
  }

  meterName(): string {
    return this.session?.meter ? this.say("meter", { meter: this.session.meter.shown }) : "";
  }

  get lastMeter(): string {
    return this.session?.meter?.reference ?? lastMeter();
  }
}
