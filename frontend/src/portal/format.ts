/** How money, energy and times read in a language. Times are shown by the mall's clock, not the phone's. */
import type { LanguageTag } from "./contract.ts";

const LOCALES: Record<LanguageTag, string> = { en: "en-GB", "zh-Hans": "zh-CN", ms: "ms-MY" };
const ISO = /^(\d{4})-(\d\d)-(\d\d)(?:T(\d\d):(\d\d))?/;

export interface MoneyParts {
  sign: string;
  symbol: string;
  number: string;
}

export class Format {
  private readonly _locale: string;

  constructor(
    language: LanguageTag,
    private readonly currency: string,
    private readonly digits: number,
  ) {
    this._locale = LOCALES[language];
  }

  /** Return an amount with its currency: `¥1,204.50`. */
  money(amount: string, digits = this.digits): string {
    const { sign, symbol, number } = this.moneyParts(amount, digits);
    return sign + symbol + number;
  }

  /** Return a price per kWh with as many digits as it needs. */
  price(amount: string): string {
    const needed = amount.split(".")[1]?.replace(/0+$/, "").length ?? 0;
    return this.money(amount, Math.max(this.digits, Math.min(6, needed)));
  }

  moneyParts(amount: string, digits = this.digits): MoneyParts {
    const value = Number(amount);
    const number = new Intl.NumberFormat(this._locale, { minimumFractionDigits: digits, maximumFractionDigits: digits });
    return { sign: value < 0 ? "−" : "", symbol: this.symbol(), number: number.format(Math.abs(value)) };
  }

  symbol(): string {
    for (const currencyDisplay of ["narrowSymbol", "symbol"] as const) {
      try {
        const format = new Intl.NumberFormat(this._locale, { style: "currency", currency: this.currency, currencyDisplay });
        const symbol = format.formatToParts(0).find((part) => part.type === "currency")?.value ?? this.currency;
        return /[A-Za-z]$/.test(symbol) ? `${symbol}\u00a0` : symbol;
      } catch {
        continue; // an older browser does not know narrow symbols
      }
    }
    return `${this.currency}\u00a0`;
  }

  number(value: number | string, digits: number): string {
    return new Intl.NumberFormat(this._locale, { minimumFractionDigits: digits, maximumFractionDigits: digits }).format(Number(value));
  }

  /** Return energy: `12.3 kWh`. */
  energy(kwh: string): string {
    return `${this.number(kwh, 1)}\u00a0kWh`;
  }

  /** Return power: below 1 kW in watts. */
  power(watts: number): string {
    return Math.abs(watts) < 1000 ? `${this.number(watts, 0)}\u00a0W` : `${this.number(watts / 1000, 2)}\u00a0kW`;
  }

  /** Return a day: `Thu 26 Nov`. */
  day(iso: string): string {
    return this._shown(iso, { weekday: "short", day: "numeric", month: "short" });
  }

  shortDay(iso: string): string {
    return this._shown(iso, { day: "numeric", month: "short" });
  }

  time(iso: string): string {
    return this._shown(iso, { hour: "2-digit", minute: "2-digit", hourCycle: "h23" });
  }

  moment(iso: string): string {
    return this._shown(iso, { day: "numeric", month: "short", year: "numeric", hour: "2-digit", minute: "2-digit", hourCycle: "h23" });
  }

  private _shown(iso: string, how: Intl.DateTimeFormatOptions): string {
    const at = wallClock(iso);
    return at === null ? iso : new Intl.DateTimeFormat(this._locale, { ...how, timeZone: "UTC" }).format(at);
  }
}

/** Return what the mall's clock showed, as if it were UTC: the offset of a time is the mall's. */
function wallClock(iso: string): Date | null {
  const found = ISO.exec(iso);
  if (!found) return null;
  const [, year, month, day, hour = "0", minute = "0"] = found;
  return new Date(Date.UTC(Number(year), Number(month) - 1, Number(day), Number(hour), Number(minute)));
}

const AMOUNT = /^\d{1,9}(?:\.\d+)?$/;

/** Return what somebody typed as an amount in the form that the server takes, or null if it is none. */
export function amountTyped(text: string, digits: number): string | null {
  const plain = text
    .normalize("NFKC") // full-width digits become plain ones
    .replace(/\s/g, "")
    .replace(/,(?=\d{3}(?:\D|$))/g, "")
    .replace(/[,。]/, ".");
  if (!AMOUNT.test(plain) || Number(plain) <= 0) return null;
  return (plain.split(".")[1] ?? "").length > digits ? null : plain;
}
