/** The dashboard as a whole: which pages there are, what follows the states by itself, when it is made anew. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { generateDashboard, generateShop, mustRegenerate } from "../src/dashboard.ts";
import type { Card, Condition, HomeAssistant, SectionsView } from "../src/home_assistant.ts";
import { labelsFor } from "../src/labels.ts";
import { Mall } from "./mall.ts";

function cardsOf(view: unknown): Card[] {
  return (view as SectionsView).sections.flatMap((section) => section.cards);
}

function overviewOf(mall: Mall): Card[] {
  return cardsOf(generateDashboard(mall).views[0]);
}

function rulesOf(mall: Mall): unknown {
  return generateDashboard(mall).views.find((view) => view.path === "rules");
}

/** Which cards Home Assistant would show now, by the conditions that the dashboard uses. */
function visible(mall: Mall, card: Card): boolean {
  const met = (condition: Condition): boolean => {
    if (condition.condition === "not") return !condition.conditions.some(met);
    const state = mall.states[condition.entity]?.state ?? "unavailable";
    if (condition.condition === "numeric_state") return Number(state) > (condition.above ?? -Infinity);
    return "state" in condition ? [condition.state].flat().includes(state) : ![condition.state_not].flat().includes(state);
  };
  return (card.visibility ?? []).every(met);
}

function namesAfter(mall: Mall, heading: string, next: string): unknown[] {
  const shown = overviewOf(mall).filter((card) => visible(mall, card));
  const titles = shown.map((card) => card["heading"]);
  return shown.slice(titles.indexOf(heading) + 1, titles.indexOf(next)).map((card) => card["name"] ?? card["content"]);
}

test("without a site the dashboard says what to do, and offers the button to administrators only", () => {
  const view = generateDashboard(new Mall({ shops: 0 })).views[0] as unknown as { cards: Card[] };
  assert.equal(view.cards[0]?.type, "empty-state");
  assert.ok("buttons" in (view.cards[0] ?? {}));
  const forGuests = generateDashboard(new Mall({ shops: 0, admin: false })).views[0] as unknown as { cards: Card[] };
  assert.ok(!("buttons" in (forGuests.cards[0] ?? {})));
});

test("a site without accounts says what comes next", () => {
  const mall = new Mall({ shops: 0 });
  mall.addSite("one", 0, () => undefined);
  const contents = overviewOf(mall).map((card) => card["content"]);
  assert.ok(contents.includes(labelsFor("en").noShopsYet));
});

test("seven pages, and a page for each shop that is no tab", () => {
  const views = generateDashboard(new Mall({ shops: 2 })).views;
  assert.deepEqual(views.filter((view) => !view.subview).map((view) => view.path), ["overview", "shops", "rules", "shared-costs", "equipment", "common-areas", "energy-balance"]);
  assert.deepEqual(views.filter((view) => view.subview).map((view) => view.path), ["shop-one-shop-1", "shop-one-shop-2"]);
});

test("the energy balance has its page also where the only meter of nobody is the main one; common areas then have none", () => {
  const mall = new Mall({ shops: 1 });
  mall.setState("x.one-site_total_power", "1000", { main_meters: ["COMMON"] });
  const paths = generateDashboard(mall).views.map((view) => view.path);
  assert.ok(paths.includes("energy-balance"));
  assert.ok(!paths.includes("common-areas"));
});

test("a site that takes payments has a page for them, which says what to look at only where there is something", () => {
  const mall = new Mall({ shops: 1 });
  const page = (): Card[] => cardsOf(generateDashboard(mall).views.find((view) => view.path === "payments"));
  mall.addProvider("one", "WeChat Pay");
  mall.addProvider("one", "Stripe");
  const labels = labelsFor("en");
  const names = page().map((card) => card["name"]);
  assert.deepEqual(names.slice(-2), ["Stripe", "WeChat Pay"]);
  mall.setState("x.one-site_suspense", "31.00");
  mall.setState("x.one-site_unexplained", "0.00");
  const told = page().filter((card) => visible(mall, card)).map((card) => card["content"]).filter((text) => text !== undefined);
  assert.deepEqual(told, [labels.suspenseHelp, labels.allExplained]);
});

test("with two malls the pages carry the mall's name, and no two share a path", () => {
  const mall = new Mall({ shops: 1, site: "b" });
  mall.addSite("a", 1, () => undefined);
  const views = generateDashboard(mall).views;
  assert.equal(views[0]?.title, "Mall a · Overview");
  assert.equal(new Set(views.map((view) => view.path)).size, views.length);
});

test("Off now and Running low follow the states without being made anew", () => {
  const mall = new Mall({ shops: 3 });
  mall.setState("x.one-site_accounts_off", "0");
  mall.setState("x.one-site_accounts_warned", "0");
  assert.deepEqual(namesAfter(mall, "Off now", "Running low"), [labelsFor("en").noShopOff]);
  mall.setState("x.one-shop-2_supply_state", "off", { meters: ["S2"] });
  mall.setState("x.one-site_accounts_off", "1");
  assert.deepEqual(namesAfter(mall, "Off now", "Running low"), ["A-2 Shop"]);
  mall.setState("x.one-shop-1_supply_state", "exhausted", { meters: ["S1"] });
  mall.setState("x.one-site_accounts_warned", "1");
  assert.deepEqual(namesAfter(mall, "Running low", "Runs out next"), ["A-1 Shop"]);
});

test("in every supply state a shop has one tile in its area, in that state's colour", () => {
  const mall = new Mall({ shops: 1, area: () => "food" });
  const colours: Record<string, string> = {};
  for (const state of ["in_credit", "warning", "emergency", "exhausted", "off", "unknown", "unavailable"]) {
    mall.setState("x.one-shop-1_supply_state", state, { meters: ["S1"] });
    const cards = overviewOf(mall);
    const inArea = cards.slice(cards.findIndex((card) => card["heading"] === "Food court") + 1);
    const shown = inArea.filter((card) => visible(mall, card));
    assert.equal(shown.length, 1, state);
    colours[state] = String(shown[0]?.["color"]);
  }
  assert.deepEqual(colours, {
    in_credit: "green",
    warning: "amber",
    emergency: "deep-orange",
    exhausted: "deep-orange",
    off: "red",
    unknown: "grey",
    unavailable: "grey",
  });
});

test("an area with hundreds of shops shows the most urgent ones and leads to all", () => {
  const mall = new Mall({ shops: 300, area: () => "food" });
  mall.setState("x.one-shop-299_supply_state", "off", { meters: ["S299"] });
  const cards = overviewOf(mall);
  const inArea = cards.slice(cards.findIndex((card) => card["heading"] === "Food court") + 1);
  assert.equal(new Set(inArea.map((card) => card["name"]).filter(Boolean)).size, 24);
  assert.equal(inArea[0]?.["name"], "A-299 Shop");
  assert.equal(inArea.at(-1)?.["content"], "[All 300 shops](shops)");
  const lines = cardsOf(generateDashboard(mall).views[1]).filter((card) => card["heading_style"] === "subtitle");
  assert.equal(lines.length, 300);
});

test("the list of who runs out next holds ids only: what people type cannot become a template", () => {
  const mall = new Mall({ shops: 1 });
  mall.devices["one-shop-1"] = { id: "one-shop-1", name: "{{ 1 / 0 }} | x", primary_config_entry: "one" };
  const markdown = overviewOf(mall).find((card) => card.type === "markdown" && String(card["content"]).includes("{% for"));
  assert.ok(markdown);
  assert.ok(!String(markdown["content"]).includes("1 / 0"));
  assert.ok(String(markdown["content"]).includes("one-shop-1"));
});

test("entities that are disabled leave no broken card", () => {
  const mall = new Mall({ shops: 1 });
  for (const [id, entry] of Object.entries(mall.entities)) {
    if (!["supply_state", "relay", "sweep_time", "total_power"].includes(entry.translation_key ?? "")) delete mall.entities[id];
  }
  const { views } = generateDashboard(mall);
  const written = JSON.stringify([...views, generateShop(mall, "one-shop-1")]);
  const named = new Set(written.match(/x\.[a-z0-9_-]+/g));
  for (const id of named) assert.ok(id in mall.entities, id);
  for (const card of views.slice(0, 1).flatMap(cardsOf)) assert.ok(card.type !== "tile" || card["entity"]);
});

test("a shop's page shows its meters; a shop that is gone says so", () => {
  const cards = cardsOf(generateShop(new Mall(), "one-shop-1"));
  assert.ok(cards.some((card) => card["entity"] === "x.one-meter-1_voltage_c"));
  assert.equal(cardsOf(generateShop(new Mall(), "nobody"))[0]?.["content"], labelsFor("en").shopGone);
});

test("reconnecting asks first and is offered only while the power is off", () => {
  const card = cardsOf(generateShop(new Mall(), "one-shop-1")).find((found) => found["entity"] === "x.one-shop-1_reconnect");
  assert.deepEqual(card?.visibility, [{ condition: "state", entity: "x.one-shop-1_supply_state", state: "off" }]);
  assert.equal((card?.["tap_action"] as { confirmation: boolean }).confirmation, true);
});

test("it is made anew when something else would be written, not when money or a pool's entities come", () => {
  const mall = new Mall();
  const paid = mall.later((copy) => copy.setState("x.one-shop-1_balance", "12.5"));
  const warned = mall.later((copy) => copy.setState("x.one-shop-1_supply_state", "warning", { meters: ["S1"] }));
  const posted = mall.later((copy) => {
    const pool = { entity_id: "x.pool", device_id: "one-site", platform: "compere_prepaid", translation_key: "pool_cost" };
    copy.entities = { ...copy.entities, [pool.entity_id]: pool };
  });
  const swapped = mall.later((copy) => copy.setState("x.one-shop-1_supply_state", "in_credit", { meters: ["S9"] }));
  const joined = mall.later((copy) => {
    copy.entities = { ...copy.entities };
    copy.devices = { ...copy.devices };
    copy.addDevice("one-shop-9", "A-9 Shop", "one", ["balance", "supply_state"]);
  });
  const anew = [paid, warned, posted, swapped, joined].map((now) => mustRegenerate(mall, now, generateDashboard));
  assert.deepEqual(anew, [false, false, false, true, true]);
  const page = (hass: HomeAssistant): unknown => generateShop(hass, "one-shop-1");
  assert.deepEqual([posted, joined, swapped].map((now) => mustRegenerate(mall, now, page)), [false, false, true]);
});

test("Simplified Chinese where the user's language is that, English elsewhere, and no word left out", () => {
  assert.equal(generateDashboard(new Mall({ language: "zh-Hans" })).views[0]?.title, "总览");
  for (const language of ["en", "de", "zh-Hant"]) {
    assert.equal(generateDashboard(new Mall({ language })).views[0]?.title, "Overview");
  }
  const [english, chinese] = [labelsFor("en"), labelsFor("zh-Hans")];
  assert.deepEqual(Object.keys(chinese), Object.keys(english));
  assert.ok(chinese.allShops.includes("{count}"));
});

test("Rules lists who is treated how, and holds ids only", () => {
  const mall = new Mall({ shops: 2 });
  mall.devices["one-shop-1"] = { id: "one-shop-1", name: "{{ 1 / 0 }} | x", primary_config_entry: "one" };
  const rules = cardsOf(rulesOf(mall));
  const templates = rules.filter((card) => card.type === "markdown").map((card) => String(card["content"]));
  assert.equal(templates.length, 2);
  for (const template of templates) {
    assert.ok(!template.includes("1 / 0"));
    assert.ok(template.includes("one-shop-1"));
  }
  const counts = rules.filter((card) => card.type === "tile").map((card) => card["entity"]);
  assert.deepEqual([...new Set(counts)], ["x.one-site_accounts_off", "x.one-site_accounts_warned"]);
});

test("an administrator gives a whole area another policy, after a question; nobody else is offered that", () => {
  const mall = new Mall({ shops: 4 });
  mall.setState("x.one-shop-1_policy", "Standard", { options: ["Standard", "{area} $& night"] });
  mall.setState("x.one-shop-2_policy", "Standard", { options: ["Standard", "{area} $& night"] });
  const headings = cardsOf(rulesOf(mall)).filter((card) => card["heading"] === "Food court");
  const buttons = headings[0]?.["badges"] as { text: string; tap_action: Record<string, unknown> }[];
  assert.deepEqual(buttons.map((button) => button.text), ["→ Standard", "→ {area} $& night"]);
  assert.deepEqual(buttons[0]?.tap_action, {
    action: "perform-action",
    perform_action: "compere_prepaid.apply_policy",
    data: { policy: "Standard" },
    target: { area_id: "food" },
    confirmation: { text: "Give all 2 shops in Food court the policy “Standard”?" },
  });
  const guest = new Mall({ shops: 4, admin: false });
  guest.setState("x.one-shop-2_policy", "Standard", { options: ["Standard", "Night"] });
  for (const card of cardsOf(rulesOf(guest))) assert.ok(!((card["badges"] ?? []) as { type: string }[]).some((badge) => badge.type === "button"));
});

test("a new policy makes the dashboard anew", () => {
  const before = new Mall({ shops: 2 });
  before.setState("x.one-shop-1_policy", "Standard", { options: ["Standard"] });
  const anew = (state: string, options: string[]): boolean =>
    mustRegenerate(before, before.later((mall) => mall.setState("x.one-shop-1_policy", state, { options })), generateDashboard);
  assert.ok(!anew("Night", ["Standard"]));
  assert.ok(anew("Standard", ["Standard", "Night"]));
});

test("a shop's page offers the choice of its policy to administrators", () => {
  const policyOf = (mall: Mall): Card | undefined =>
    cardsOf(generateShop(mall, "one-shop-1")).find((card) => card["entity"] === "x.one-shop-1_policy");
  assert.ok("features" in (policyOf(new Mall()) ?? {}));
  assert.ok(!("features" in (policyOf(new Mall({ admin: false })) ?? { features: [] })));
});
