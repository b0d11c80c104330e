/** The tenants' page says everything in all its languages. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { TEXTS, languageFor, sayer, wordFor } from "../src/portal/texts/index.ts";
import type { LanguageTag } from "../src/portal/contract.ts";

const placeholders = (text: string): string[] => [...text.matchAll(/\{(\w+)\}/g)].map((found) => found[1]!).sort();

for (const language of ["zh-Hans", "ms"] as LanguageTag[]) {
  test(`${language} has the keys and placeholders of English, and says something for each`, () => {
    const [english, other] = [TEXTS.en, TEXTS[language]] as Record<string, string>[];
    assert.deepEqual(Object.keys(other!).sort(), Object.keys(english!).sort());
    for (const [key, text] of Object.entries(english!)) {
      assert.deepEqual(placeholders(other![key]!), placeholders(text), key);
      assert.notEqual(other![key]!.trim(), "", key);
    }
  });
}

test("every text of the Chinese page is Chinese", () => {
  const others = Object.entries(TEXTS["zh-Hans"]).filter(([, text]) => !/\p{Script=Han}/u.test(text));
  assert.deepEqual(others, []);
});

test("a placeholder without a value stays visible, so that it is noticed", () => {
  const say = sayer("en");
  assert.equal(say("pay", { amount: "¥5" }), "Pay ¥5");
  assert.equal(say("pay"), "Pay {amount}");
});

test("the browser's first language that the page speaks is taken", () => {
  assert.equal(languageFor(["fr-FR", "zh-TW", "en"]), "zh-Hans");
  assert.equal(languageFor(["ms-MY"]), "ms");
  assert.equal(languageFor([]), "en");
});

test("an owner's own word is shown as it is", () => {
  assert.equal(wordFor(sayer("ms"), "period", "peak"), "puncak");
  assert.equal(wordFor(sayer("ms"), "period", "happy hour"), "happy hour");
});
