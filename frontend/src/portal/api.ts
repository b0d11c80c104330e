/** Asks the portal's server. Every refusal, and a network that fails, is a `Fault`. */
import type { LanguageTag, Session } from "./contract.ts";

export type FaultKind = "network" | "slow_down" | "busy" | "refused";

export class Fault extends Error {
  constructor(
    readonly kind: FaultKind,
    readonly status: number,
    readonly code: string,
    message: string,
    readonly retryAfterS: number | null,
  ) {
    super(message);
  }
}

const PATIENCE_MS = 20_000;

export class Api {
  /** The language that the page shows; the server words its answers in it. */
  language: LanguageTag | null = null;
  /** Told of each answer that came, and of each time that none came. */
  reached: (reachable: boolean) => void = () => undefined;
  /** How far the server's clock is ahead of this device's. */
  aheadMs = 0;
  private _csrf = "";

  /** Take over what a session says; every later request carries its token. */
  use(session: Session): Session {
    this._csrf = session.csrf;
    return session;
  }

  async session(): Promise<Session> {
    return this.use(await this.get<Session>("/api/session"));
  }

  get<T>(path: string): Promise<T> {
    return this._ask<T>(path, { headers: this._headers() });
  }

  post<T>(path: string, body: object = {}): Promise<T> {
    const headers = { ...this._headers(), "Content-Type": "application/json", "X-CP-CSRF": this._csrf };
    return this._ask<T>(path, { method: "POST", headers, body: JSON.stringify(body) });
  }

  private _headers(): Record<string, string> {
    return this.language ? { Accept: "application/json", "Accept-Language": this.language } : { Accept: "application/json" };
  }

  private async _ask<T>(path: string, how: RequestInit): Promise<T> {
    const stop = new AbortController();
    const timer = setTimeout(() => stop.abort(), PATIENCE_MS);
    try {
      const answer = await fetch(path, { ...how, credentials: "same-origin", cache: "no-store", signal: stop.signal });
      const body: unknown = await answer.json().catch(() => null);
      this.aheadMs = (Date.parse(answer.headers.get("Date") ?? "") || Date.now()) - Date.now();
      this.reached(true);
      if (!answer.ok) throw faultOf(answer, body);
      return body as T;
    } catch (error) {
      if (error instanceof Fault) throw error;
      this.reached(false);
      throw new Fault("network", 0, "network", "", null);
    } finally {
      clearTimeout(timer);
    }
  }
}

/** The one form that the server's refusals have; what a proxy says has none. */
interface Refusal {
  error?: { code?: string; message?: string; retry_after?: number };
}

function faultOf(answer: Response, body: unknown): Fault {
  const { code = "", message = "", retry_after } = (body as Refusal | null)?.error ?? {};
  const kind = answer.status === 429 ? "slow_down" : answer.status >= 500 ? "busy" : "refused";
  const after = retry_after ?? Number(answer.headers.get("Retry-After") ?? NaN);
  return new Fault(kind, answer.status, code, message, Number.isFinite(after) ? Math.ceil(after) : null);
}

/** Return the fault behind whatever was thrown; what is none is a mistake of this page and goes on. */
export function asFault(error: unknown): Fault {
  if (error instanceof Fault) return error;
  throw error;
}
