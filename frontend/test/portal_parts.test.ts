/** What the tenants' page works out by itself: numbers of meters, amounts, times, addresses, ways to pay. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { asPrinted, fitsTogether } from "../src/portal/check_character.ts";
import { Format, amountTyped } from "../src/portal/format.ts";
import { addressOf, arrivalOf, routeOf } from "../src/portal/router.ts";
import { waysOf } from "../src/portal/ways.ts";
import type { Provider, Terms } from "../src/portal/contract.ts";

const REFERENCE = "33B0250100001-S";

test("a meter's reference fits together however it is typed", () => {
  for (const typed of [REFERENCE, "33b0250100001s", " 33B0 2501 00001 S ", "３３B0250100001－S"]) {
    assert.ok(fitsTogether(asPrinted(typed)), typed);
    assert.equal(asPrinted(typed).toUpperCase(), REFERENCE);
  }
  // the example of ISO 7064 for MOD 37,36
  assert.ok(fitsTogether("A12425GABC1234002M"));
});

test("each single wrong character, and each swap of neighbours that differ, is noticed", () => {
  const characters = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ";
  const plain = REFERENCE.replace("-", "");
  for (let at = 0; at < plain.length; at += 1) {
    for (const other of characters) {
      if (other !== plain[at]) assert.ok(!fitsTogether(plain.slice(0, at) + other + plain.slice(at + 1)), `${at} ${other}`);
    }
    const swapped = plain.slice(0, at) + (plain[at + 1] ?? "") + plain[at]! + plain.slice(at + 2);
    if (swapped !== plain && swapped.length === plain.length) assert.ok(!fitsTogether(swapped), swapped);
  }
  assert.ok(!fitsTogether("S"));
  assert.ok(!fitsTogether(""));
});

test("amounts are taken as people type them, and nothing else is", () => {
  assert.equal(amountTyped("88.5", 2), "88.5");
  assert.equal(amountTyped(" 1,000.50 ", 2), "1000.50");
  assert.equal(amountTyped("88,5", 2), "88.5");
  assert.equal(amountTyped("１００", 2), "100");
  assert.equal(amountTyped("100。5", 2), "100.5");
  for (const wrong of ["", "0", "-5", "1e3", "0x10", "5.123", "12.", "..", "1 0 0 x", "9".repeat(12)]) {
    assert.equal(amountTyped(wrong, 2), null, wrong);
  }
  assert.equal(amountTyped("5.5", 0), null);
});

test("money and times read as in the language; times are the mall's", () => {
  const english = new Format("en", "CNY", 2);
  assert.equal(english.money("1204.5"), "¥1,204.50");
  assert.equal(english.money("-2.30"), "−¥2.30");
  assert.equal(english.price("0.9876"), "¥0.9876");
  assert.equal(english.price("1.200000"), "¥1.20");
  assert.equal(english.power(243), "243\u00a0W");
  assert.equal(english.power(1243), "1.24\u00a0kW");
  assert.equal(english.time("2026-11-26T23:05:00+08:00"), "23:05");
  assert.equal(new Format("ms", "MYR", 2).money("5"), "RM\u00a05.00");
  assert.equal(new Format("zh-Hans", "CNY", 2).day("2026-11-26T23:05:00+08:00"), "11月26日周四");
});

test("addresses lead to pages and back, also with characters that mean something", () => {
  assert.deepEqual(routeOf(new URL(addressOf("receipt", "pay:x/1#2 ä"), "http://h").hash), { name: "receipt", id: "pay:x/1#2 ä" });
  assert.deepEqual(routeOf(""), { name: "", id: "" });
  assert.deepEqual(routeOf("#/pay/%E0%A4%A"), { name: "pay", id: "%E0%A4%A" });
});

test("whoever comes is told apart by the address", () => {
  const at = (url: string): unknown => arrivalOf(new URL(url, "http://h"));
  assert.deepEqual(at(`/m/${REFERENCE}#tag`), { kind: "meter", reference: REFERENCE, tag: "tag" });
  assert.deepEqual(at(`/m/${REFERENCE}`), { kind: "meter", reference: REFERENCE, tag: "" });
  assert.deepEqual(at("/l#token"), { kind: "link", token: "token" });
  assert.deepEqual(at("/l"), { kind: "plain" });
  assert.deepEqual(at("/pay/key1"), { kind: "returned", order: "key1" });
  assert.deepEqual(at("/#/top-up"), { kind: "plain" });
});

test("WeChat is reached in the one way that works in this browser; others in each of theirs", () => {
  const provider = (key: string, methods: Provider["methods"]): Provider => {
    return { key, title: key, kind: key, methods, sandbox: false, automatic: false };
  };
  const providers = [
    provider("wechat", ["jsapi", "qr", "redirect"]),
    provider("stripe", ["redirect", "automatic"]),
    provider("paynow", ["cashier"]),
  ];
  const ways = (browser: { bridge: boolean; touch: boolean }): string[] => {
    return waysOf({ providers } as Terms, browser).map((way) => `${way.provider.key} ${way.method}`);
  };
  const others = ["stripe redirect", "paynow cashier"];
  assert.deepEqual(ways({ bridge: true, touch: true }), ["wechat jsapi", ...others]);
  assert.deepEqual(ways({ bridge: false, touch: true }), ["wechat redirect", ...others]);
  assert.deepEqual(ways({ bridge: false, touch: false }), ["wechat qr", ...others]);
});
