/** The energy balance: what the main meter counted, what those behind it did, what is missing, and where to look. */
import { LedgerCard, field, value } from "./base.ts";
import type { EnergyBalance } from "./contract.ts";
import { columns } from "./columns.ts";
import type { Column } from "./columns.ts";
import { el, row, table } from "./dom.ts";
import type { Child } from "./dom.ts";
import { shifted } from "./format.ts";
import { meterName } from "./tables.ts";
import { filled, findingText } from "./texts.ts";

const DAYS = 7;
const LONGEST_BY_HOUR = 7;

export class BalanceCard extends LedgerCard {
  private found: EnergyBalance | undefined;
  private feeder = "";
  private days: readonly [since: string, until: string] | undefined;
  private by: "hour" | "day" = "hour";

  protected async load(): Promise<void> {
    this.days = [shifted(this.today, 1 - DAYS), this.today];
    await this.look();
  }

  private look(): Promise<void> {
    const [since, until] = this.days ?? ["", ""];
    return this.work(this.texts.loading, async () => {
      this.found = await this.ask<EnergyBalance>("get_energy_balance", { since, until, by: this.by });
      const names = Object.keys(this.found.feeders);
      if (!names.includes(this.feeder)) this.feeder = names[0] ?? "";
    });
  }

  protected content(): Child[] {
    const { found, texts } = this;
    const balance = found?.feeders[this.feeder];
    return [
      this.asking(),
      found !== undefined && balance === undefined ? el("p", { class: "muted" }, texts.noFeeders) : null,
      balance === undefined ? null : this.balance(balance),
      found === undefined ? null : this.findings(found),
      found === undefined ? null : this.nights(found),
    ];
  }

  private asking(): HTMLElement {
    const { texts } = this;
    const [since, until] = this.days ?? [this.today, this.today];
    const from = el("input", { type: "date", value: since });
    const to = el("input", { type: "date", value: until });
    const names = Object.keys(this.found?.feeders ?? {});
    const which = el("select", {}, names.map((name) => el("option", { value: name, selected: name === this.feeder }, name)));
    const by = el("select", {}, (["hour", "day"] as const).map((one) => el("option", { value: one, selected: one === this.by }, texts[one])));
    const show = (): void => {
      const [since, until] = [value(from), value(to)];
      this.feeder = value(which);
      this.days = [since, until];
      if (since === "" || until === "") return void this.tell(new Error(texts.chooseDays));
      this.by = value(by) === "day" || until > shifted(since, LONGEST_BY_HOUR - 1) ? "day" : "hour";
      void this.look();
    };
    return el(
      "div",
      { class: "fields" },
      names.length > 1 ? field(texts.feeder, which) : null,
      field(texts.from, from),
      field(texts.to, to),
      field(texts.by, by),
      this.button(texts.show, show, { kind: "primary" }),
    );
  }

  private balance(balance: EnergyBalance["feeders"][string]): Child[] {
    const { texts, format } = this;
    const kwh = (text: string): string => format.kwh(1000 * Number(text));
    const percent = (text: string | null): string => (text === null ? "" : ` (${format.number(Number(text), 1)} %)`);
    const figure = (label: string, text: string, more = ""): HTMLElement => el("div", {}, el("span", { class: "muted small" }, label), el("b", {}, text), el("span", { class: "muted small" }, more));
    const expected = filled(texts.expected, { percent: format.number(Number(balance.expected_percent), 1) });
    const chart = columns(this.columns(balance), { energy: texts.metersBehind, loss: texts.loss }, `${this.feeder}: ${texts.loss}`);
    return [
      balance.alarm_since === null ? null : el("div", { class: "banner error" }, filled(texts.alarm, { day: format.day(balance.alarm_since) })),
      el(
        "div",
        { class: "figures" },
        figure(texts.mainMeters, kwh(balance.main_kwh)),
        figure(texts.metersBehind, kwh(balance.meters_kwh)),
        figure(texts.loss, kwh(balance.loss_kwh) + percent(balance.loss_percent), expected),
        figure(texts.unexplained, kwh(balance.unexplained_kwh) + percent(balance.unexplained_percent)),
      ),
      chart ?? el("p", { class: "muted" }, texts.nothingKnown),
      balance.hours_unknown > 0 ? el("p", { class: "muted small" }, filled(texts.unknownHours, { count: balance.hours_unknown }), this.missing(balance.meters_missing)) : null,
    ];
  }

  private missing(meters: Readonly<Record<string, number>>): string {
    const most = Object.entries(meters).sort(([, one], [, other]) => other - one).slice(0, 5);
    return most.length === 0 ? "" : ` ${most.map(([serial, hours]) => `${meterName(this.site, serial)} (${hours})`).join(", ")}`;
  }

  private columns(balance: EnergyBalance["feeders"][string]): Column[] {
    const { format } = this;
    const column = (at: string, meters: string | null, loss: string | null): Column =>
      meters === null || loss === null
        ? { at, label: at }
        : { at, label: `${at}: ${format.number(Number(meters), 1)} + ${format.number(Number(loss), 1)} kWh`, energy: Number(meters), loss: Number(loss) };
    if (balance.hours) return balance.hours.map((hour) => column(format.moment(hour.at), hour.meters_kwh, hour.loss_kwh));
    return (balance.days ?? []).map((day) => (day.hours_known === 0 ? column(format.day(day.day), null, null) : column(format.day(day.day), day.meters_kwh, day.loss_kwh)));
  }

  private findings({ findings }: EnergyBalance): Child[] {
    const { texts, format } = this;
    const title = el("h3", {}, texts.findings);
    if (findings.length === 0) return [title, el("p", { class: "muted" }, texts.noFindings)];
    return [
      title,
      findings.map((finding) =>
        el(
          "div",
          { class: "banner warning" },
          el("h4", {}, `${findingText(texts, finding.kind)}: ${finding.meter_name ?? finding.meter ?? finding.feeder ?? ""}`),
          el("p", { class: "small muted" }, `${format.moment(finding.since)} – ${format.moment(finding.until)} · ${finding.energy_kwh} kWh`),
          el("p", {}, finding.advice),
        ),
      ),
    ];
  }

  private nights({ night_base_loads: loads }: EnergyBalance): Child[] {
    const { texts, format } = this;
    if (loads.length === 0) return [];
    const rows = loads.map((load) =>
      row(
        [
          load.meter_name ?? load.meter,
          format.watts(load.usual_w),
          format.watts(load.last_night_w),
          load.growth_percent === null ? "–" : `${format.number(Number(load.growth_percent), 0)} %`,
          format.kwh(1000 * Number(load.kwh_a_year)),
        ],
        { numbers: 1 },
      ),
    );
    return [el("h3", {}, texts.nightLoads), table([texts.meter, texts.usual, texts.lastNight, texts.growth, texts.aYear], rows, { label: texts.nightLoads, numbers: 1 })];
  }
}
