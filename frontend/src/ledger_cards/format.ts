/** How money, energy and days read in the language of whoever looks. */

const PER_KWH_DIGITS = 4;

export class Format {
  constructor(
    private readonly language: string,
    readonly currency = "",
  ) {}

  /** `1204.5` as `¥1,204.50`; without a currency as a number with two digits. */
  money(amount: string, digits?: number): string {
    const value = Number(amount);
    if (this.currency === "") return this.number(value, digits ?? 2);
    const fixed = digits === undefined ? {} : { minimumFractionDigits: digits, maximumFractionDigits: digits };
    return new Intl.NumberFormat(this.language, { style: "currency", currency: this.currency, ...fixed }).format(value);
  }

  price(amount: string): string {
    return `${this.money(amount, PER_KWH_DIGITS)}/kWh`;
  }

  kwh(energyWh: number): string {
    return `${this.number(energyWh / 1000, 1)} kWh`;
  }

  watts(power: number): string {
    return power < 1000 ? `${this.number(power, 0)} W` : `${this.number(power / 1000, 1)} kW`;
  }

  percent(part: number): string {
    return `${this.number(100 * part, 1)} %`;
  }

  number(value: number, digits: number): string {
    return new Intl.NumberFormat(this.language, { minimumFractionDigits: digits, maximumFractionDigits: digits, signDisplay: "negative" }).format(value);
  }

  day(iso: string): string {
    const [year, month, day] = iso.slice(0, 10).split("-").map(Number);
    const at = new Date(Date.UTC(year ?? 0, (month ?? 1) - 1, day ?? 1));
    return new Intl.DateTimeFormat(this.language, { dateStyle: "medium", timeZone: "UTC" }).format(at);
  }

  /** A moment of the site's clock, as it was written: `2026-10-31T14:05:00+08:00` is five past two. */
  moment(iso: string): string {
    return `${this.day(iso)} ${iso.slice(11, 16)}`;
  }

  /** From a day to before another, in words: a whole month by its name. */
  days(since: string, until: string): string {
    if (since.endsWith("-01") && until === nextMonth(since)) {
      const at = new Date(`${since}T00:00:00Z`);
      return new Intl.DateTimeFormat(this.language, { year: "numeric", month: "long", timeZone: "UTC" }).format(at);
    }
    const last = shifted(until, -1);
    return since === last ? this.day(since) : `${this.day(since)} – ${this.day(last)}`;
  }
}

/** A day some days later or earlier. */
export function shifted(iso: string, days: number): string {
  const at = new Date(`${iso}T00:00:00Z`);
  at.setUTCDate(at.getUTCDate() + days);
  return at.toISOString().slice(0, 10);
}

export function nextMonth(iso: string): string {
  const [year = 0, month = 1] = iso.split("-").map(Number);
  return new Date(Date.UTC(year, month, 1)).toISOString().slice(0, 10);
}

/** First and last day of the month before the one of a day. */
export function lastMonth(today: string): readonly [first: string, last: string] {
  const last = shifted(`${today.slice(0, 8)}01`, -1);
  return [`${last.slice(0, 8)}01`, last];
}

/** Today by the site's clock if Home Assistant's zone is known, as an ISO day. */
export function today(zone?: string): string {
  return new Intl.DateTimeFormat("sv-SE", { dateStyle: "short", ...(zone === undefined ? {} : { timeZone: zone }) }).format(new Date());
}
