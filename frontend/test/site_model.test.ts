/** What the mall consists of is found by platform and translation key, and by the serial numbers of meters. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { KnownSites } from "../src/known_sites.ts";
import { byArea, mostUrgentFirst, readSites } from "../src/site_model.ts";
import type { Site } from "../src/site_model.ts";
import { Mall } from "./mall.ts";

function onlySite(mall: Mall): Site {
  const sites = readSites(mall);
  assert.equal(sites.length, 1);
  return sites[0] as Site;
}

test("devices become shops, meters, lines and the site by the entities that they have", () => {
  const site = onlySite(new Mall({ shops: 3 }));
  assert.equal(site.name, "Mall one");
  assert.deepEqual(site.shops.map((shop) => shop.name), ["A-1 Shop", "A-2 Shop", "A-3 Shop"]);
  assert.deepEqual(site.lines.map((line) => line.name), ["East riser"]);
  assert.equal(site.meters.length, 4);
  assert.equal(site.entities["total_power"], "x.one-site_total_power");
});

test("a shop gets its meters by serial number, and their area where it has none of its own", () => {
  const [first] = onlySite(new Mall()).shops;
  assert.deepEqual(first?.meters.map((meter) => meter.serial), ["S1"]);
  assert.equal(first?.areaId, "anchor");
});

test("a shop with two meters has both", () => {
  const mall = new Mall();
  mall.setState("x.one-shop-1_supply_state", "in_credit", { meters: ["S1", "COMMON"] });
  assert.deepEqual(onlySite(mall).shops[0]?.meters.map((meter) => meter.name), ["A-1", "Lift"]);
  assert.deepEqual(onlySite(mall).commonMeters, []);
});

test("a meter that no account lists belongs to the common areas", () => {
  assert.deepEqual(onlySite(new Mall()).commonMeters.map((meter) => meter.name), ["Lift"]);
});

test("a main meter is not of the common areas: the others are measured behind it", () => {
  const mall = new Mall();
  mall.addDevice("main", "Main", "one", ["energy", "power"], { serial_number: "MAIN" });
  mall.setState("x.one-site_total_power", "1000", { main_meters: ["MAIN"] });
  assert.deepEqual(onlySite(mall).commonMeters.map((meter) => meter.name), ["Lift"]);
  assert.ok(onlySite(mall).meters.some((meter) => meter.name === "Main"));
});

test("entities of other integrations, hidden ones and those without a device are left alone", () => {
  const mall = new Mall({ shops: 0 });
  mall.addDevice("theirs", "Theirs", "two", ["power"]);
  mall.entities["x.theirs_power"] = { ...mall.entities["x.theirs_power"], entity_id: "x.theirs_power", platform: "other" };
  mall.addDevice("hidden", "Hidden", "two", ["power"]);
  mall.entities["x.hidden_power"] = { ...mall.entities["x.hidden_power"], entity_id: "x.hidden_power", hidden: true };
  mall.entities["x.loose"] = { entity_id: "x.loose", platform: "compere_prepaid", translation_key: "power" };
  assert.deepEqual(readSites(mall), []);
});

test("a name that the user gave wins", () => {
  const mall = new Mall({ shops: 1 });
  mall.devices["one-shop-1"] = { id: "one-shop-1", name: "A-1 Shop", name_by_user: "Corner shop", primary_config_entry: "one" };
  assert.equal(onlySite(mall).shops[0]?.name, "Corner shop");
});

test("each config entry is a site of its own", () => {
  const mall = new Mall({ shops: 1, site: "b" });
  mall.addSite("a", 2, () => undefined);
  const sites = readSites(mall);
  assert.deepEqual(sites.map((site) => [site.name, site.shops.length]), [["Mall a", 2], ["Mall b", 1]]);
});

test("areas come by name, and last those that stand nowhere", () => {
  const mall = new Mall({ shops: 4, area: (index) => ["food", "anchor", undefined, "gone"][index - 1] });
  const groups = byArea(mall, onlySite(mall).shops);
  assert.deepEqual(groups.map((group) => [group.name, group.members.length]), [["Anchor stores", 1], ["Food court", 1], [undefined, 2]]);
});

test("numbers in names sort as numbers", () => {
  const site = onlySite(new Mall({ shops: 11 }));
  assert.deepEqual(site.shops.slice(0, 3).map((shop) => shop.name), ["A-1 Shop", "A-2 Shop", "A-3 Shop"]);
});

test("urgent first: off, no credit, warned, unknown, then by days left", () => {
  const mall = new Mall({ shops: 6 });
  const meters = { meters: [] };
  mall.setState("x.one-shop-2_supply_state", "warning", meters);
  mall.setState("x.one-shop-3_supply_state", "unavailable", meters);
  mall.setState("x.one-shop-4_supply_state", "exhausted", meters);
  mall.setState("x.one-shop-5_supply_state", "off", meters);
  mall.setState("x.one-shop-1_days_left", "unknown");
  const order = mostUrgentFirst(mall, onlySite(mall).shops).map((shop) => shop.name.charAt(2));
  assert.deepEqual(order, ["5", "4", "2", "3", "6", "1"]);
});

test("the circuits of a meter are meters, known by their own serial numbers, in the area of the device", () => {
  const mall = new Mall({ shops: 1 });
  mall.devices["box"] = { id: "box", name: "Cooling", primary_config_entry: "one", serial_number: "MAP1", area_id: "food" };
  const circuit = { serial_number: "MAP1", identifiers: [["compere_prepaid", "MAP1-2"]] as const, parent_device_id: "box" };
  mall.addDevice("circuit", "Cooling 2", "one", ["energy", "power"], circuit);
  const meter = readSites(mall)[0]?.commonMeters.find(({ name }) => name === "Cooling 2");
  assert.deepEqual([meter?.serial, meter?.areaId], ["MAP1-2", "food"]);
});

test("what was read is kept while states change that it does not depend on", () => {
  const mall = new Mall({ shops: 3 });
  const known = new KnownSites();
  const first = known.of(mall);
  const used = mall.later((copy) => copy.setState("x.one-meter-1_power", "1250"));
  assert.equal(known.of(used), first);
  const swapped = used.later((copy) => copy.setState("x.one-shop-1_supply_state", "in_credit", { meters: ["S2"] }));
  assert.notEqual(known.of(swapped), first);
  assert.deepEqual(known.of(swapped), readSites(swapped));
  const joined = swapped.later((copy) => {
    copy.devices = { ...copy.devices, "one-common": { ...copy.devices["one-common"], id: "one-common", name: "Escalator" } };
  });
  assert.deepEqual(known.of(joined)[0]?.commonMeters.map(({ name }) => name), ["A-1", "Escalator"]);
});
