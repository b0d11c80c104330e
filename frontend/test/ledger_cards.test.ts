/** What the cards about shared costs show, worked out of answers of the actions. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { ask, reasonOf } from "../src/ledger_cards/actions.ts";
import { heights } from "../src/ledger_cards/columns.ts";
import type { CostLine, PoolResult, Pools, Run } from "../src/ledger_cards/contract.ts";
import { Format, lastMonth, nextMonth, shifted } from "../src/ledger_cards/format.ts";
import { accountName, billNames, costParts, found, metersOf, sharesByPool, totals } from "../src/ledger_cards/tables.ts";
import { filled, findingText, textsFor } from "../src/ledger_cards/texts.ts";
import { readSites } from "../src/site_model.ts";
import { Mall } from "./mall.ts";

const LINES: readonly CostLine[] = [
  { name: "ESC1", meter: "ESC1", amount: "30.10", energy_wh: 50_000, fixed: false },
  { name: "ESC1", meter: "ESC1", amount: "29.90", energy_wh: 49_000, fixed: false },
  { name: "LIFT", meter: "LIFT", amount: "20.00", energy_wh: 33_000, fixed: false },
  { name: "Lift maintenance", amount: "120.00", fixed: true, supplier: "Otis" },
  { name: "GONE", amount: "0.00", fixed: false, missing: "register" },
];

function pool(name: string, cost: string, tenants: string, owner: string): PoolResult {
  return { pool: name, kind: "service", cost, tenants, owner, tax: { percent: "0", included: false }, gross_up: "", costs: [] };
}

const RUN: Run = {
  run: "2026-10",
  since: "2026-10-01",
  until: "2026-11-01",
  state: "proposed",
  owner: null,
  currency: "CNY",
  pools: [pool("Lifts", "200.00", "150.00", "50.00"), pool("Cooling", "90.00", "90.00", "0.00")],
  accounts: {
    "A-2": { amount: "60.00", tax: "0.00", total: "60.00", lines: [{ pool: "Lifts", amount: "70.00", explanation: "a" }, { pool: "Lifts", amount: "-10.00", explanation: "b" }] },
    "A-10": { amount: "180.00", tax: "0.00", total: "180.00", lines: [{ pool: "Cooling", amount: "90.00", explanation: "c" }, { pool: "Lifts", amount: "90.00", explanation: "d" }] },
  },
  notes: [],
};

test("the cost of a pool by circuit and bill: generations of a register together, unknown ones not as nothing", () => {
  const parts = costParts(LINES, (serial) => (serial === "ESC1" ? "Escalator 1" : serial));
  assert.deepEqual(parts.map(({ name, amount, energyWh }) => [name, amount, energyWh]), [
    ["Lift maintenance", 120, undefined],
    ["Escalator 1", 60, 99_000],
    ["LIFT", 20, 33_000],
  ]);
  assert.ok(Math.abs(parts.reduce((sum, { part }) => sum + part, 0) - 1) < 1e-9);
  assert.deepEqual(costParts([], String), []);
});

test("what an account bears of each pool, in the order of the pools; nothing where it has no part", () => {
  assert.deepEqual(sharesByPool(RUN, "A-2"), [60, undefined]);
  assert.deepEqual(sharesByPool(RUN, "A-10"), [90, 90]);
  assert.deepEqual(sharesByPool(RUN, "nobody"), [undefined, undefined]);
  assert.deepEqual(totals(RUN.pools), { cost: 290, tenants: 240, owner: 50 });
});

test("accounts are found by number and name, in the order that people count in", () => {
  const site = readSites(new Mall({ shops: 10 }))[0];
  const nameOf = (number: string): string => accountName(site, number);
  assert.deepEqual(found(Object.keys(RUN.accounts), "", nameOf), ["A-2", "A-10"]);
  assert.deepEqual(found(Object.keys(RUN.accounts), "10 sh", nameOf), ["A-10"]);
  assert.equal(nameOf("A-1"), "A-1 Shop");
  assert.equal(nameOf("Z-9"), "Z-9");
});

test("the bills and meters that pools ask for", () => {
  const pools: Pools = {
    currency: "CNY",
    pools: [
      { name: "Lifts", warnings: [], content: { kind: "service", costs: [{ meters: ["M1", "M2"] }, { bill: "Maintenance" }] } },
      { name: "Cooling", warnings: [], content: { kind: "energy", costs: [{ bill: "Chillers" }, { bill: "Maintenance" }] } },
      { name: "Ended", warnings: [], content: null },
    ],
  };
  assert.deepEqual(billNames(pools), ["Chillers", "Maintenance"]);
  assert.deepEqual(pools.pools.map(metersOf), [["M1", "M2"], [], []]);
  assert.deepEqual(billNames(undefined), []);
});

test("days: a month by its name, other days by both ends, and none is lost over months and years", () => {
  const format = new Format("en", "CNY");
  assert.equal(format.days("2026-10-01", "2026-11-01"), "October 2026");
  assert.equal(format.days("2026-12-01", "2027-01-01"), "December 2026");
  assert.equal(format.days("2026-10-05", "2026-10-06"), "Oct 5, 2026");
  assert.equal(format.days("2026-10-05", "2026-10-08"), "Oct 5, 2026 – Oct 7, 2026");
  assert.equal(format.moment("2026-10-31T23:05:00+08:00"), "Oct 31, 2026 23:05");
  assert.deepEqual(lastMonth("2026-03-31"), ["2026-02-01", "2026-02-28"]);
  assert.deepEqual(lastMonth("2027-01-01"), ["2026-12-01", "2026-12-31"]);
  assert.equal(nextMonth("2026-12-01"), "2027-01-01");
  assert.equal(shifted("2028-02-29", 1), "2028-03-01");
});

test("money, power and energy as they are read", () => {
  const format = new Format("en", "CNY");
  assert.equal(format.money("-1204.5"), "-CN¥1,204.50");
  assert.equal(format.price("0.612"), "CN¥0.6120/kWh");
  assert.equal(new Format("en").money("12"), "12.00");
  assert.deepEqual([-0.4, 0, -0.6].map((growth) => format.number(growth, 0)), ["0", "0", "-1"]);
  assert.equal(format.watts(999), "999 W");
  assert.equal(format.watts(16_540), "16.5 kW");
  assert.equal(format.kwh(1_234_560), "1,234.6 kWh");
});

test("columns: the highest fills the chart, what is not known has no height, a gain is not drawn as a loss", () => {
  const drawn = heights([{ at: "a", label: "", energy: 90, loss: 10 }, { at: "b", label: "" }, { at: "c", label: "", energy: 50, loss: -5 }]);
  assert.deepEqual(drawn, [{ energy: 90, loss: 10 }, undefined, { energy: 50, loss: 0 }]);
});

test("actions are asked of the one site, with an answer; a refusal is told in the user's language", async () => {
  const sent: unknown[] = [];
  const mall = Object.assign(new Mall(), {
    callWS: (message: unknown) => {
      sent.push(message);
      return Promise.resolve({ response: { runs: [] } });
    },
    loadBackendTranslation: () => Promise.resolve((key: string, placeholders?: Record<string, string>) => (key.endsWith(".allocation_unknown.message") ? `没有 ${placeholders?.["run"]}` : "")),
  }) as unknown as Parameters<typeof ask>[0];
  assert.deepEqual(await ask(mall, "one", "list_allocations", { since: "2026-01-01" }), { runs: [] });
  assert.deepEqual(sent, [{ type: "call_service", domain: "compere_prepaid", service: "list_allocations", service_data: { config_entry_id: "one", since: "2026-01-01" }, return_response: true }]);
  const refusal = { message: "No run", translation_domain: "compere_prepaid", translation_key: "allocation_unknown", translation_placeholders: { run: "x" } };
  assert.equal(await reasonOf(mall, refusal), "没有 x");
  assert.equal(await reasonOf(mall, { ...refusal, translation_key: "other" }), "No run");
  await assert.rejects(ask(new Mall(), "one", "list_allocations"));
});

test("every text of the cards is in both languages, with the same places to fill", () => {
  const [english, chinese] = [textsFor("en"), textsFor("zh-Hans")];
  const places = (text: string): string[] => [...text.matchAll(/\{\w+\}/g)].map(([place]) => place).sort();
  for (const key of Object.keys(english) as (keyof typeof english)[]) {
    assert.notEqual(chinese[key].trim(), "", key);
    assert.deepEqual(places(chinese[key]), places(english[key]), key);
  }
  assert.equal(filled("{a} of {b}", { a: 1, b: "{a}" }), "1 of {a}");
  assert.equal(findingText(english, "stands_still"), english.stands_still);
  assert.equal(findingText(english, "something_new"), "something_new");
});
