/**
 * What the browser keeps for the page. A private window may refuse to keep anything: then the page goes on without.
 *
 * An order's key is made up here and sent again after a reload: asking twice orders once.
 */
import { isLanguage } from "./texts/index.ts";
import type { LanguageTag, OrderRequest } from "./contract.ts";

export interface Pending {
  request: OrderRequest;
  /** What the provider is called. */
  title: string;
  /** The reference of the meter that it is for. */
  meter: string;
  /** The order's id; null until the server has answered. */
  id: string | null;
}

const PENDING = "cp-order";
const LANGUAGE = "cp-language";
const METER = "cp-meter";
const ASKED = "cp-wechat";

export function pendingOrder(): Pending | null {
  try {
    return JSON.parse(read(() => sessionStorage, PENDING) ?? "null") as Pending | null;
  } catch {
    return null;
  }
}

export function keepPending(pending: Pending | null): void {
  write(() => sessionStorage, PENDING, pending && JSON.stringify(pending));
}

export function chosenLanguage(): LanguageTag | null {
  const tag = read(() => localStorage, LANGUAGE);
  return isLanguage(tag) ? tag : null;
}

export function keepLanguage(language: LanguageTag): void {
  write(() => localStorage, LANGUAGE, language);
}

/** The number that was typed or scanned last in this tab, so that nobody types it twice. */
export function lastMeter(): string {
  return read(() => sessionStorage, METER) ?? "";
}

export function keepMeter(reference: string): void {
  write(() => sessionStorage, METER, reference);
}

/** Tell whether WeChat was not asked yet, in this tab, who is there; from now on it was. */
export function askWeChatOnce(): boolean {
  if (read(() => sessionStorage, ASKED) !== null) return false;
  write(() => sessionStorage, ASKED, "yes");
  return read(() => sessionStorage, ASKED) !== null;
}

/** Make up a key that nobody else has. */
export function newKey(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}

function read(storage: () => Storage, name: string): string | null {
  try {
    return storage().getItem(name);
  } catch {
    return null;
  }
}

function write(storage: () => Storage, name: string, value: string | null): void {
  try {
    if (value === null) storage().removeItem(name);
    else storage().setItem(name, value);
  } catch {
    // nothing can be kept here
  }
}
