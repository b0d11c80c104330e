/** Which language the page speaks, and its texts. */
import type { LanguageTag } from "../contract.ts";
import { en, type TextKey, type Texts } from "./en.ts";
import { ms } from "./ms.ts";
import { zhHans } from "./zh_hans.ts";

export const TEXTS: Record<LanguageTag, Texts> = { en, "zh-Hans": zhHans, ms };
export const LANGUAGE_NAMES: Record<LanguageTag, string> = { en: "English", "zh-Hans": "中文", ms: "Bahasa Melayu" };

export type Say = (key: TextKey, values?: Record<string, string | number>) => string;

export function sayer(language: LanguageTag): Say {
  const texts = TEXTS[language];
  return (key, values = {}) => texts[key].replace(/\{(\w+)\}/g, (whole, name: string) => String(values[name] ?? whole));
}

/** Return the language of ours that comes first in what a browser prefers. */
export function languageFor(preferred: readonly string[]): LanguageTag {
  for (const tag of preferred) {
    const primary = tag.toLowerCase().split("-")[0];
    if (primary === "zh") return "zh-Hans";
    if (primary === "ms") return "ms";
    if (primary === "en") return "en";
  }
  return "en";
}

export function isLanguage(tag: string | null): tag is LanguageTag {
  return tag !== null && tag in TEXTS;
}

/** Return the text for a word of the server's, such as a tariff's period; owners may have words of their own. */
export function wordFor(say: Say, prefix: string, word: string): string {
  const key = `${prefix}_${word.replace(/ /g, "_")}`;
  return key in en ? say(key as TextKey) : word;
}
