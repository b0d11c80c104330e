// Built from frontend/src by `npm run build`: change the source, not this file.

// src/cards.ts
var OFF = { states: ["off"], color: "red", icon: "mdi:flash-off" };
var OUT_OF_CREDIT = { states: ["exhausted", "emergency"], color: "deep-orange", icon: "mdi:flash-alert" };
var WARNING = { states: ["warning"], color: "amber", icon: "mdi:flash-alert" };
var IN_CREDIT = { states: ["in_credit"], color: "green", icon: "mdi:flash" };
var UNKNOWN = { states: ["unknown", "unavailable"], color: "grey", icon: "mdi:help-circle-outline" };
var OFF_TONES = [OFF];
var LOW_TONES = [OUT_OF_CREDIT, WARNING];
var ALL_TONES = [OFF, OUT_OF_CREDIT, WARNING, IN_CREDIT, UNKNOWN];
function shopPath(shop) {
  return `shop-${shop.deviceId}`;
}
function navigate(path) {
  return { action: "navigate", navigation_path: path };
}
function section(cards, options = {}) {
  return { type: "grid", cards: cards.filter((card) => card !== void 0), ...options };
}
var LINES_PER_SECTION = 30;
function sectionsOf(title, lines) {
  const sections = [];
  for (let start = 0; start < lines.length; start += LINES_PER_SECTION) {
    const some = lines.slice(start, start + LINES_PER_SECTION);
    sections.push(section(start === 0 ? [title, ...some] : some));
  }
  return sections;
}
function heading(text2, icon, options = {}) {
  return { type: "heading", heading: text2, heading_style: "title", ...icon ? { icon } : {}, ...options };
}
function tile(entity, name, columns2, options = {}) {
  if (entity === void 0) return void 0;
  return { type: "tile", entity, name, grid_options: { columns: columns2 }, ...options };
}
function text(content, visibility) {
  return { type: "markdown", content, text_only: true, ...visibility ? { visibility } : {} };
}
function anyOf(entity) {
  return { condition: "numeric_state", entity, above: 0 };
}
function noneOf(entity) {
  return { condition: "not", conditions: [anyOf(entity)] };
}
function countTiles(entity, name, icon, color, path) {
  if (entity === void 0) return [];
  const base = { type: "tile", entity, name, icon, grid_options: { columns: 6 }, tap_action: navigate(path) };
  return [
    { ...base, color, visibility: [anyOf(entity)] },
    { ...base, color: "green", visibility: [noneOf(entity)] }
  ];
}
function shopTiles(shop, tones, columns2) {
  const { balance, supply_state: supply } = shop.entities;
  if (balance === void 0 || supply === void 0) return [];
  return tones.map((tone) => ({
    type: "tile",
    entity: balance,
    name: shop.name,
    icon: tone.icon,
    color: tone.color,
    tap_action: navigate(shopPath(shop)),
    icon_tap_action: navigate(shopPath(shop)),
    grid_options: { columns: columns2 },
    visibility: [{ condition: "state", entity: supply, state: tone.states }]
  }));
}
function shopLine(shop, labels) {
  const { balance, supply_state: supply, days_left: daysLeft } = shop.entities;
  const badges = [];
  if (balance !== void 0 && supply !== void 0) {
    for (const tone of ALL_TONES) {
      badges.push({
        type: "entity",
        entity: balance,
        name: labels.balance,
        icon: tone.icon,
        color: tone.color,
        show_icon: true,
        show_state: true,
        visibility: [{ condition: "state", entity: supply, state: tone.states }]
      });
    }
  }
  badges.push(...plainBadges([[daysLeft, labels.daysLeft]]));
  badges.push(...plainBadges(shop.meters.map((meter) => [meter.entities["power"], labels.load])));
  return {
    type: "heading",
    heading: shop.name,
    heading_style: "subtitle",
    badges,
    tap_action: navigate(shopPath(shop))
  };
}
function plainBadges(wanted) {
  const badges = [];
  for (const [entity, name] of wanted) {
    if (entity !== void 0) badges.push({ type: "entity", entity, name, show_icon: false, show_state: true });
  }
  return badges;
}

// src/site_model.ts
var PLATFORM = "compere_prepaid";
var KIND_BY_KEY = [
  ["supply_state", "shop"],
  ["balance", "shop"],
  ["total_power", "site"],
  ["total_balance", "site"],
  ["ledger_ok", "site"],
  ["clearing_balance", "provider"],
  ["sweep_time", "line"],
  ["utilisation", "line"],
  ["relay", "meter"],
  ["energy", "meter"],
  ["power", "meter"]
];
function readSites(hass) {
  const devices = ourDevices(hass);
  const siteIds = [...new Set(devices.map((device) => siteIdOf(device.entry)))];
  return siteIds.map((id) => readSite(hass, id, devices.filter((device) => siteIdOf(device.entry) === id))).sort((one, other) => compareNames(one.name, other.name));
}
var LINKING = { supply_state: "meters", policy: "options", total_power: "main_meters" };
function linkingEntities(hass) {
  return Object.values(hass.entities).flatMap((entry) => {
    const attribute = entry.platform === PLATFORM ? LINKING[entry.translation_key ?? ""] : void 0;
    return attribute === void 0 ? [] : [[entry.entity_id, attribute]];
  });
}
function metersAttribute(hass, entityId, attribute = "meters") {
  const serials = entityId === void 0 ? void 0 : hass.states[entityId]?.attributes[attribute];
  return Array.isArray(serials) ? serials.map(String) : [];
}
function byArea(hass, members) {
  const groups = /* @__PURE__ */ new Map();
  for (const member of members) {
    const known = member.areaId !== void 0 && hass.areas[member.areaId] ? member.areaId : void 0;
    groups.set(known, [...groups.get(known) ?? [], member]);
  }
  return [...groups].map(([areaId, found2]) => {
    const area = areaId === void 0 ? void 0 : hass.areas[areaId];
    return { id: area?.area_id, name: area?.name, icon: area?.icon ?? void 0, members: found2 };
  }).sort((one, other) => {
    if (one.name === void 0 || other.name === void 0) return one.name === void 0 ? 1 : -1;
    return compareNames(one.name, other.name);
  });
}
var URGENCY = { off: 0, exhausted: 1, emergency: 2, warning: 3, in_credit: 5 };
var URGENCY_UNKNOWN = 4;
function mostUrgentFirst(hass, shops) {
  const rank = (shop) => URGENCY[stateOf(hass, shop.entities["supply_state"])] ?? URGENCY_UNKNOWN;
  const days = (shop) => {
    const left = Number.parseFloat(stateOf(hass, shop.entities["days_left"]));
    return Number.isNaN(left) ? Number.MAX_VALUE : left;
  };
  return [...shops].sort(
    (one, other) => rank(one) - rank(other) || days(one) - days(other) || compareNames(one.name, other.name)
  );
}
function compareNames(one, other) {
  return one.localeCompare(other, void 0, { numeric: true, sensitivity: "base" });
}
function stateOf(hass, entityId) {
  return (entityId === void 0 ? void 0 : hass.states[entityId]?.state) ?? "unknown";
}
function ourDevices(hass) {
  const entriesByDevice = /* @__PURE__ */ new Map();
  for (const entry of Object.values(hass.entities)) {
    if (entry.platform !== PLATFORM || !entry.device_id || !entry.translation_key || entry.hidden) continue;
    entriesByDevice.set(entry.device_id, [...entriesByDevice.get(entry.device_id) ?? [], entry]);
  }
  const devices = [];
  for (const [deviceId, entries] of entriesByDevice) {
    const entry = hass.devices[deviceId];
    const keys = new Map(entries.map((found2) => [found2.translation_key ?? "", found2.entity_id]));
    const kind = KIND_BY_KEY.find(([key]) => keys.has(key))?.[1];
    if (!entry || !kind) continue;
    const parent = entry.parent_device_id ? hass.devices[entry.parent_device_id] : void 0;
    const areaId = entry.area_id ?? entries.find((found2) => found2.area_id)?.area_id ?? parent?.area_id ?? void 0;
    devices.push({ entry, kind, entities: Object.fromEntries(keys), areaId });
  }
  return devices;
}
function readSite(hass, id, devices) {
  const ofKind = (kind) => devices.filter((device) => device.kind === kind).sort((one, other) => compareNames(nameOf(one.entry), nameOf(other.entry)));
  const meters = ofKind("meter").map(
    (device) => ({
      deviceId: device.entry.id,
      serial: serialOf(device.entry),
      name: nameOf(device.entry),
      areaId: device.areaId,
      entities: device.entities
    })
  );
  const shops = ofKind("shop").map((device) => {
    const serials = metersAttribute(hass, device.entities["supply_state"]);
    const own = meters.filter((meter) => serials.includes(meter.serial));
    return {
      deviceId: device.entry.id,
      name: nameOf(device.entry),
      areaId: device.areaId ?? own.find((meter) => meter.areaId)?.areaId,
      entities: device.entities,
      meters: own
    };
  });
  const supplied = new Set(shops.flatMap((shop) => shop.meters));
  const site = ofKind("site")[0];
  const mains = new Set(metersAttribute(hass, site?.entities["total_power"], "main_meters"));
  return {
    id,
    name: site ? nameOf(site.entry) : "",
    entities: site?.entities ?? {},
    shops,
    meters,
    commonMeters: meters.filter((meter) => !supplied.has(meter) && !mains.has(meter.serial)),
    lines: ofKind("line").map(plain),
    providers: ofKind("provider").map(plain)
  };
}
function plain(device) {
  return { deviceId: device.entry.id, name: nameOf(device.entry), entities: device.entities };
}
function serialOf(entry) {
  const known = entry.identifiers?.find(([domain]) => domain === PLATFORM)?.[1];
  return (entry.parent_device_id ? known : entry.serial_number) ?? known ?? "";
}
function siteIdOf(entry) {
  return entry.config_entry_id ?? entry.primary_config_entry ?? entry.config_entries?.[0] ?? "";
}
function nameOf(entry) {
  return entry.name_by_user ?? entry.name ?? entry.id;
}

// src/known_sites.ts
var linkingEntitiesByRegistry = /* @__PURE__ */ new WeakMap();
function linkingEntitiesOf(hass) {
  const known = linkingEntitiesByRegistry.get(hass.entities) ?? linkingEntities(hass);
  linkingEntitiesByRegistry.set(hass.entities, known);
  return known;
}
function isOtherMall(before, now) {
  if (before.entities !== now.entities || before.devices !== now.devices || before.areas !== now.areas) return true;
  return linkingEntitiesOf(now).some(([entityId, attribute]) => {
    const [old, current] = [before.states[entityId], now.states[entityId]];
    return old !== current && JSON.stringify(old?.attributes[attribute]) !== JSON.stringify(current?.attributes[attribute]);
  });
}
var KnownSites = class {
  seen;
  sites = [];
  of(hass) {
    if (hass === this.seen) return this.sites;
    if (this.seen === void 0 || isOtherMall(this.seen, hass)) this.sites = readSites(hass);
    this.seen = hass;
    return this.sites;
  }
};

// src/labels.ts
var ENGLISH = {
  dashboard: "Prepaid electricity",
  dashboardDescription: "Shops, balances, meters and lines of a mall with prepaid electricity",
  overview: "Overview",
  shops: "Shops",
  equipment: "Meters & lines",
  commonAreas: "Common areas",
  rules: "Rules",
  payments: "Payments",
  sharedCosts: "Shared costs",
  whatIsShared: "What is shared",
  statements: "Statements",
  suppliersBills: "Suppliers' bills",
  energyBalance: "Energy balance",
  paidToday: "Paid today",
  paymentsToday: "Payments today",
  paidPerDay: "Paid per day",
  toLookAt: "To look at",
  inSuspense: "In suspense",
  suspenseHelp: "Payments that belong to nobody yet. Find out whose they are with the action List payments, then use Assign suspense.",
  noSuspense: "Every payment was credited.",
  unexplained: "Unexplained",
  unexplainedHelp: "A provider's bill and what was credited differ. See which days with the action Get reconciliation.",
  allExplained: "Every bill agrees with what was credited.",
  notSettled: "Not settled yet",
  underRules: "Who is treated how",
  standing: "Standing",
  stateOff: "off",
  stateExhausted: "out of credit",
  stateEmergency: "on emergency credit",
  stateWarning: "warned",
  adapting: "adapting",
  disputed: "disputed",
  reconnectAwaited: "waits for its reconnection to be confirmed",
  graceUntil: "grace until",
  cutWaits: "cut waits",
  protectedTime: "protected time",
  noticePeriod: "notice period",
  grace: "grace",
  wouldBeOff: "would be off",
  adaptsUntil: "adapts until",
  noShopUnderRules: "Every shop is in credit, and none has a rule of its own at present.",
  applyPolicy: "Give all {count} shops in {area} the policy “{policy}”?",
  policyHint: "The buttons beside an area give all shops in it another policy.",
  cutsWaiting: "Cuts that wait",
  shopsAdapting: "Shops adapting",
  shopsDisputed: "Shops in dispute",
  endsOn: "Ends about",
  costWeek: "This week",
  nextDays: "Forecast",
  band: "Between {low} and {high} days, as spending was on such days.",
  weekChange: "Than last week",
  monthChange: "Than last month",
  costPerWeek: "Spending per week",
  loadNow: "Load now",
  balanceHeld: "Balances held",
  shopsWarned: "Shops warned",
  shopsOff: "Shops off",
  metersOffline: "Meters offline",
  ledger: "Ledger",
  ledgerFault: "The ledger failed its check. Nothing is charged and every relay stays as it is: see Settings → Repairs.",
  offNow: "Off now",
  noShopOff: "Every shop has power.",
  warned: "Running low",
  noShopWarned: "No shop is running low.",
  runsOutNext: "Runs out next",
  shop: "Shop",
  balance: "Balance",
  daysLeft: "Days left",
  load: "Load",
  loadToday: "Load, last 24 hours",
  noArea: "Other places",
  allShops: "All {count} shops",
  supply: "Supply",
  credit: "Credit",
  creditLeft: "Available credit",
  creditLimit: "Credit limit",
  costToday: "Today",
  costMonth: "This month",
  price: "Price now",
  period: "Period",
  policy: "Policy",
  reconnect: "Reconnect",
  balanceHistory: "Balance, last 7 days",
  meter: "Meter",
  relay: "Relay",
  energy: "Energy",
  voltage: "Voltage",
  current: "Current",
  powerFactor: "Power factor",
  frequency: "Frequency",
  connection: "Connection",
  answered: "Answered",
  answerTime: "Answer time",
  sweepTime: "Sweep",
  utilisation: "Line in use",
  whatHappened: "What happened",
  offlineMeters: "Offline",
  noMeterOffline: "Every meter answers.",
  meters: "Meters",
  shareOfLoad: "Where the load goes",
  energyPerDay: "Energy per day",
  shopGone: "This shop is no longer there.",
  nothingYet: "No mall yet",
  nothingYetHelp: "Add the integration Compere Prepaid under Settings → Devices & services, then its lines, meters and accounts; or import a whole site from one file with the action compere_prepaid.import_site.",
  openIntegrations: "Open Devices & services",
  noShopsYet: "**No accounts yet.** Add a bus, then its meters, then an account for each shop under Settings → Devices & services → Compere Prepaid, or import all of them with the action `compere_prepaid.import_site`."
};
var SIMPLIFIED_CHINESE = {
  dashboard: "预付费电力",
  dashboardDescription: "商场预付费用电：商铺、余额、电表与线路",
  overview: "总览",
  shops: "商铺",
  equipment: "电表与线路",
  commonAreas: "公共区域",
  rules: "规则",
  payments: "付款",
  sharedCosts: "公摊费用",
  whatIsShared: "公摊构成",
  statements: "对账单",
  suppliersBills: "供应商账单",
  energyBalance: "电量平衡",
  paidToday: "今日付款",
  paymentsToday: "今日笔数",
  paidPerDay: "每日付款",
  toLookAt: "待处理",
  inSuspense: "待认领款项",
  suspenseHelp: "有付款尚未归属。请用操作“列出付款”查明归属，再用“认领款项”入账。",
  noSuspense: "所有付款均已入账。",
  unexplained: "无法解释",
  unexplainedHelp: "服务商账单与已入账金额不一致。请用操作“查询对账”查看相关日期。",
  allExplained: "所有账单均与入账一致。",
  notSettled: "待结算",
  underRules: "各商铺现状",
  standing: "状态",
  stateOff: "断电",
  stateExhausted: "余额用尽",
  stateEmergency: "使用应急额度",
  stateWarning: "预警",
  adapting: "适应期",
  disputed: "有争议",
  reconnectAwaited: "等待确认恢复供电",
  graceUntil: "宽限至",
  cutWaits: "断电推迟",
  protectedTime: "保护时段",
  noticePeriod: "通知期",
  grace: "宽限",
  wouldBeOff: "正式运行时已断电",
  adaptsUntil: "适应期至",
  noShopUnderRules: "所有商铺余额充足，目前没有商铺适用特殊规则。",
  applyPolicy: "将{area}全部 {count} 家商铺改为策略“{policy}”？",
  policyHint: "区域旁的按钮可将该区域所有商铺改为另一策略。",
  cutsWaiting: "推迟断电",
  shopsAdapting: "适应期商铺",
  shopsDisputed: "争议商铺",
  endsOn: "预计用完",
  costWeek: "本周",
  nextDays: "预测",
  band: "按同类日期的用量，可用 {low} 至 {high} 天。",
  weekChange: "较上周同期",
  monthChange: "较上月同期",
  costPerWeek: "每周费用",
  loadNow: "当前负荷",
  balanceHeld: "余额合计",
  shopsWarned: "预警商铺",
  shopsOff: "断电商铺",
  metersOffline: "离线电表",
  ledger: "账本",
  ledgerFault: "账本校验失败：停止计费，所有继电器保持现状。请查看“设置 → 维修”。",
  offNow: "当前断电",
  noShopOff: "所有商铺供电正常。",
  warned: "余额不足",
  noShopWarned: "没有余额不足的商铺。",
  runsOutNext: "即将用完",
  shop: "商铺",
  balance: "余额",
  daysLeft: "剩余天数",
  load: "负荷",
  loadToday: "近 24 小时负荷",
  noArea: "其他位置",
  allShops: "全部 {count} 家商铺",
  supply: "供电",
  credit: "余额与费用",
  creditLeft: "可用额度",
  creditLimit: "信用额度",
  costToday: "今日",
  costMonth: "本月",
  price: "当前电价",
  period: "时段",
  policy: "策略",
  reconnect: "恢复供电",
  balanceHistory: "近 7 天余额",
  meter: "电表",
  relay: "继电器",
  energy: "电量",
  voltage: "电压",
  current: "电流",
  powerFactor: "功率因数",
  frequency: "频率",
  connection: "通信",
  answered: "应答率",
  answerTime: "应答时间",
  sweepTime: "轮询时间",
  utilisation: "线路占用",
  whatHappened: "事件记录",
  offlineMeters: "离线",
  noMeterOffline: "所有电表均有应答。",
  meters: "电表",
  shareOfLoad: "负荷分布",
  energyPerDay: "每日电量",
  shopGone: "该商铺已不存在。",
  nothingYet: "尚无商场",
  nothingYetHelp: "请在“设置 → 设备与服务”中添加 Compere Prepaid 集成，然后添加线路、电表和账户；也可以用动作 compere_prepaid.import_site 从一个文件导入整个商场。",
  openIntegrations: "打开设备与服务",
  noShopsYet: "**尚无账户。** 请在“设置 → 设备与服务 → Compere Prepaid”中添加总线、电表，再为每家商铺添加账户；也可以用动作 `compere_prepaid.import_site` 一次导入。"
};
function labelsFor(language) {
  return isSimplifiedChinese(language) ? SIMPLIFIED_CHINESE : ENGLISH;
}
function isSimplifiedChinese(language) {
  const tag = language.toLowerCase();
  return tag === "zh" || tag.startsWith("zh-hans") || tag === "zh-cn" || tag === "zh-sg";
}

// src/views/common_areas.ts
var HOURS_OF_LOAD = 24;
var DAYS_OF_ENERGY = 14;
function commonAreasView(site, labels) {
  const sections = [section(sharesAndDays(site.commonMeters, labels)), ...site.commonMeters.map((meter) => meterSection(meter, labels))];
  return { type: "sections", max_columns: 3, dense_section_placement: true, sections };
}
function meterSection(meter, labels) {
  return section([
    heading(meter.name, "mdi:meter-electric"),
    tile(meter.entities["power"], labels.load, 12, {
      features: [{ type: "trend-graph", hours_to_show: HOURS_OF_LOAD }],
      grid_options: { columns: 12, rows: 2 }
    }),
    tile(meter.entities["energy"], labels.energy, 6),
    tile(meter.entities["connectivity"], labels.connection, 6, { color: "green" })
  ]);
}
function sharesAndDays(meters, labels) {
  const named = (key) => meters.flatMap((meter) => {
    const entity = meter.entities[key];
    return entity === void 0 ? [] : [{ entity, name: meter.name }];
  });
  const cards = [];
  if (named("power").length > 0) {
    cards.push(heading(labels.shareOfLoad, "mdi:chart-donut"), { type: "distribution", entities: named("power") });
  }
  if (named("energy").length > 0) {
    cards.push(heading(labels.energyPerDay, "mdi:chart-bar-stacked"), {
      type: "statistics-graph",
      entities: named("energy"),
      chart_type: "bar",
      period: "day",
      stat_types: ["change"],
      days_to_show: DAYS_OF_ENERGY
    });
  }
  return cards;
}

// src/views/equipment.ts
function equipmentView(hass, site, labels) {
  const sections = [section([...offlineCards(site, labels)])];
  for (const line of site.lines) sections.push(lineSection(line, labels));
  for (const area of byArea(hass, site.meters)) {
    const title = heading(area.name ?? labels.noArea, area.icon ?? "mdi:map-marker");
    sections.push(section([title, ...area.members.map((meter) => meterLine(meter, labels))]));
  }
  return { type: "sections", max_columns: 3, dense_section_placement: true, sections };
}
function offlineCards(site, labels) {
  const offline = site.entities["meters_offline"];
  const answering = site.meters.flatMap((meter) => {
    const entity = meter.entities["connectivity"];
    return entity === void 0 ? [] : [{ entity, name: meter.name, secondary_info: "last-changed" }];
  });
  const cards = [heading(labels.offlineMeters, "mdi:lan-disconnect")];
  if (offline !== void 0) cards.push(text(labels.noMeterOffline, [noneOf(offline)]));
  if (answering.length > 0) {
    cards.push({
      type: "entity-filter",
      entities: answering,
      conditions: [{ condition: "state", state: ["off", "unavailable"] }],
      show_empty: false,
      card: { type: "entities" },
      ...offline === void 0 ? {} : { visibility: [anyOf(offline)] }
    });
  }
  return cards;
}
function lineSection(line, labels) {
  const entities = line.entities;
  return section([
    heading(line.name, "mdi:transit-connection-variant"),
    tile(entities["connectivity"], labels.connection, 6, { color: "green" }),
    tile(entities["success_rate"], labels.answered, 6, { icon: "mdi:check-network" }),
    tile(entities["sweep_time"], labels.sweepTime, 6, { icon: "mdi:timer-sync" }),
    tile(entities["utilisation"], labels.utilisation, 6, { icon: "mdi:percent" })
  ]);
}
function meterLine(meter, labels) {
  const { connectivity, success_rate: successRate, answer_time: answerTime } = meter.entities;
  return {
    type: "heading",
    heading: meter.name,
    heading_style: "subtitle",
    badges: [
      ...connectivity === void 0 ? [] : [{ type: "entity", entity: connectivity, name: labels.connection, show_icon: true, show_state: true, color: "green" }],
      ...plainBadges([
        [successRate, labels.answered],
        [answerTime, labels.answerTime]
      ])
    ],
    tap_action: { action: "navigate", navigation_path: `/config/devices/device/${meter.deviceId}` }
  };
}

// src/views/templates.ts
function escapedName(device) {
  const typed = `(device_attr(${device}, "name_by_user") or device_attr(${device}, "name"))`;
  return `${typed} | e | replace("|", "&#124;") | replace("[", "&#91;") | replace("]", "&#93;")`;
}
function money(balance) {
  const digits = `(0 if state_attr(${balance}, "step") | float(0) >= 1 else 2)`;
  return `{{ "%.*f" | format(${digits}, states(${balance}) | float(0)) }}&nbsp;{{ state_attr(${balance}, "unit_of_measurement") }}`;
}
var MOMENT_MACRO = `{% macro moment(at) %}{{ (as_datetime(at) | as_local).strftime("%m‑%d&nbsp;%H:%M") }}{% endmacro -%}`;

// src/views/runs_out.ts
var ROWS = 8;
var NEVER = 1e6;
function runsOutCard(shops, labels) {
  const rows = shops.flatMap((shop) => {
    const { balance, days_left: daysLeft, supply_state: supply, expected_zero: zero } = shop.entities;
    return balance && daysLeft && supply ? [[shop.deviceId, balance, daysLeft, supply, zero ?? "", shopPath(shop)]] : [];
  });
  const content = `{% set found = namespace(rows=[]) -%}
{% for device, balance, days, supply, zero, path in ${JSON.stringify(rows)} -%}
{% if not is_state(supply, "off") and is_number(states(balance)) -%}
{% set left = states(days) | float(${NEVER}) -%}
{% set found.rows = found.rows + [(left, states(balance) | float, device, balance, days, zero, path)] -%}
{% endif -%}
{% endfor -%}
| ${labels.shop} | ${labels.daysLeft} | ${labels.endsOn} | ${labels.balance} |
|:---|---:|---:|---:|
{% for left, _, device, balance, days, zero, path in (found.rows | sort)[:${ROWS}] -%}
{% set low, high = state_attr(days, "low"), state_attr(days, "high") -%}
{% set wide = is_number(low) and is_number(high) and low | round(1) != high | round(1) -%}
{% set band = "&nbsp;(" ~ low | round(1) ~ "–" ~ high | round(1) ~ ")" if wide else "" -%}
{% set shown = "—" if left >= ${NEVER} else left | round(1) ~ band -%}
{% set end = as_datetime(states(zero), none) if zero else none -%}
{% set day = (end | as_local).strftime("%m‑%d") if end else "—" -%}
| [{{ ${escapedName("device")} }}]({{ path }}) | {{ shown }} | {{ day }} | ${money("balance")} |
{% endfor -%}`;
  return { type: "markdown", content };
}

// src/views/overview.ts
var SHOPS_PER_AREA = 24;
var HOURS_OF_LOAD2 = 24;
function overviewView(hass, site, labels, paths) {
  const sections = [statusSection(site, labels, paths)];
  if (site.shops.length === 0) {
    sections.push(section([text(labels.noShopsYet)]));
  } else {
    const { accounts_off: off, accounts_warned: warned } = site.entities;
    sections.push(
      section([
        ...alarmCards(site.shops, OFF_TONES, heading(labels.offNow, "mdi:flash-off"), off, labels.noShopOff),
        ...alarmCards(site.shops, LOW_TONES, heading(labels.warned, "mdi:flash-alert"), warned, labels.noShopWarned)
      ]),
      section([heading(labels.runsOutNext, "mdi:calendar-clock"), runsOutCard(site.shops, labels)])
    );
  }
  for (const area of byArea(hass, site.shops)) {
    sections.push(areaSection(hass, area.name ?? labels.noArea, area.icon, area.members, labels, paths));
  }
  return { type: "sections", max_columns: 3, dense_section_placement: true, sections };
}
function statusSection(site, labels, paths) {
  const { total_power: power, total_balance: balance, ledger_ok: ledger, ...counts2 } = site.entities;
  return section([
    heading(site.name || labels.overview, "mdi:storefront"),
    ...ledger === void 0 ? [] : [text(alert(labels.ledgerFault), [{ condition: "state", entity: ledger, state: "on" }])],
    tile(power, labels.loadNow, 6, { icon: "mdi:gauge", color: "blue" }),
    tile(balance, labels.balanceHeld, 6, { icon: "mdi:wallet", color: "blue" }),
    ...countTiles(counts2["accounts_off"], labels.shopsOff, "mdi:flash-off", "red", paths.shops),
    ...countTiles(counts2["accounts_warned"], labels.shopsWarned, "mdi:flash-alert", "amber", paths.shops),
    ...countTiles(counts2["meters_offline"], labels.metersOffline, "mdi:lan-disconnect", "orange", paths.equipment),
    tile(ledger, labels.ledger, 6, { color: "red" }),
    ...loadCards(power, labels)
  ]);
}
function alert(message) {
  return `<ha-alert alert-type="error">${message}</ha-alert>`;
}
function loadCards(power, labels) {
  if (power === void 0) return [];
  const graph = {
    type: "history-graph",
    entities: [{ entity: power, name: labels.load }],
    hours_to_show: HOURS_OF_LOAD2,
    show_names: false,
    min_y_axis: 0
  };
  return [heading(labels.loadToday, "mdi:chart-line"), graph];
}
function alarmCards(shops, tones, title, count, none) {
  return [
    title,
    ...count === void 0 ? [] : [text(none, [noneOf(count)])],
    ...shops.flatMap((shop) => shopTiles(shop, tones, 12))
  ];
}
function areaSection(hass, name, icon, shops, labels, paths) {
  const tooMany = shops.length > SHOPS_PER_AREA;
  const shown = tooMany ? mostUrgentFirst(hass, shops).slice(0, SHOPS_PER_AREA) : shops;
  const more = labels.allShops.replace("{count}", String(shops.length));
  return section([
    heading(name, icon ?? "mdi:map-marker", { tap_action: navigate(paths.shops) }),
    ...shown.flatMap((shop) => shopTiles(shop, ALL_TONES, 6)),
    ...tooMany ? [text(`[${more}](${paths.shops})`)] : []
  ]);
}

// src/views/rules.ts
var ROWS2 = 60;
var POLICIES = 6;
function rulesView(hass, site, labels, path) {
  const sections = [
    section([heading(labels.underRules, "mdi:gavel"), ...counts(site, labels, path), standingCard(site.shops, labels), ...policyHint(hass, site, labels)]),
    section([heading(labels.runsOutNext, "mdi:calendar-clock"), runsOutCard(site.shops, labels)]),
    ...byArea(hass, site.shops).flatMap((area) => policiesSections(hass, area, labels))
  ];
  return { type: "sections", max_columns: 3, dense_section_placement: true, sections };
}
function policiesOf(hass, shops) {
  const select = shops.map((shop) => shop.entities["policy"]).find((entity) => entity !== void 0);
  const options = select === void 0 ? void 0 : hass.states[select]?.attributes["options"];
  return Array.isArray(options) ? options.map(String) : [];
}
function policiesSections(hass, area, labels) {
  const badges = policyButtons(hass, area, labels);
  const title = heading(area.name ?? labels.noArea, area.icon ?? "mdi:map-marker", { badges });
  return sectionsOf(title, area.members.flatMap((shop) => policyLine(shop, labels)));
}
function policyButtons(hass, area, labels) {
  const policies = policiesOf(hass, area.members);
  if (!hass.user?.is_admin || area.id === void 0 || policies.length < 2 || policies.length > POLICIES) return [];
  return policies.map((policy) => ({
    type: "button",
    text: `→ ${policy}`,
    tap_action: {
      action: "perform-action",
      perform_action: "compere_prepaid.apply_policy",
      data: { policy },
      target: { area_id: area.id },
      confirmation: {
        text: labels.applyPolicy.replace("{policy}", () => policy).replace("{count}", String(area.members.length)).replace("{area}", () => area.name ?? "")
      }
    }
  }));
}
function policyHint(hass, site, labels) {
  const seen = byArea(hass, site.shops).some((area) => policyButtons(hass, area, labels).length > 0);
  return seen ? [text(labels.policyHint)] : [];
}
function policyLine(shop, labels) {
  const policy = shop.entities["policy"];
  if (policy === void 0) return [];
  const badge = { type: "entity", entity: policy, name: labels.policy, show_icon: false, show_state: true };
  return [
    {
      type: "heading",
      heading: shop.name,
      heading_style: "subtitle",
      badges: [{ ...badge, tap_action: { action: "more-info" } }],
      tap_action: { action: "navigate", navigation_path: shopPath(shop) }
    }
  ];
}
function counts(site, labels, path) {
  const entities = site.entities;
  return [
    ...countTiles(entities["accounts_off"], labels.shopsOff, "mdi:flash-off", "red", path),
    ...countTiles(entities["accounts_warned"], labels.shopsWarned, "mdi:flash-alert", "amber", path),
    ...countTiles(entities["accounts_put_off"], labels.cutsWaiting, "mdi:timer-sand", "deep-orange", path),
    ...countTiles(entities["accounts_adapting"], labels.shopsAdapting, "mdi:school", "blue", path),
    ...countTiles(entities["accounts_disputed"], labels.shopsDisputed, "mdi:scale-balance", "purple", path)
  ];
}
function rowsOf(shops) {
  return shops.flatMap((shop) => {
    const { supply_state: supply, balance } = shop.entities;
    return supply && balance ? [[shop.deviceId, supply, balance, shopPath(shop)]] : [];
  });
}
function standingCard(shops, labels) {
  const standings = {
    off: [0, labels.stateOff, "mdi:flash-off", "red"],
    exhausted: [1, labels.stateExhausted, "mdi:flash-alert", "orangered"],
    emergency: [2, labels.stateEmergency, "mdi:flash-alert", "orangered"],
    warning: [3, labels.stateWarning, "mdi:flash-alert", "orange"]
  };
  const reasons = {
    protected: labels.protectedTime,
    notice: labels.noticePeriod,
    grace: labels.grace,
    dispute: labels.disputed,
    adaptation: labels.adapting
  };
  const content = `{% set standings = ${JSON.stringify(standings)} -%}
{% set reasons = ${JSON.stringify(reasons)} -%}
${MOMENT_MACRO}
{% set found = namespace(rows=[]) -%}
{% for device, supply, balance, path in ${JSON.stringify(rowsOf(shops))} -%}
{% set rank, label, icon, color = standings.get(states(supply), [9, "", "", ""]) -%}
{% set said = namespace(list=['<font color="' ~ color ~ '"><ha-icon icon="' ~ icon ~ '"></ha-icon></font> ' ~ label] if label else []) -%}
${note("reconnect_awaited", labels.reconnectAwaited)}
${note("disputed", labels.disputed)}
{% set why = state_attr(supply, "put_off_why") -%}
{% if why != "grace" -%}
${noteUntil("grace_until", labels.graceUntil)}
{% endif -%}
{% if why -%}
{% set until = state_attr(supply, "put_off_until") -%}
{% set said.list = said.list + [${JSON.stringify(labels.cutWaits)} ~ (" " ~ moment(until) if until else "") ~ " (" ~ reasons.get(why, why) ~ ")"] -%}
{% endif -%}
${note("shadow_cut", labels.wouldBeOff)}
${noteUntil("adapts_until", labels.adaptsUntil)}
{% if said.list -%}
{% set found.rows = found.rows + [(rank, states(balance) | float(0), device, balance, path, said.list | join("<br>"))] -%}
{% endif -%}
{% endfor -%}
{% if found.rows -%}
| ${labels.shop} | ${labels.balance} | ${labels.standing} |
|:---|---:|:---|
{% for _, _, device, balance, path, standing in (found.rows | sort)[:${ROWS2}] -%}
| [{{ ${escapedName("device")} }}]({{ path }}) | ${money("balance")} | {{ standing }} |
{% endfor -%}
{% if found.rows | count > ${ROWS2} %}
+ {{ found.rows | count - ${ROWS2} }}
{% endif -%}
{% else -%}
${labels.noShopUnderRules}
{% endif -%}`;
  return { type: "markdown", content };
}
function note(attribute, label) {
  return `{% if state_attr(supply, "${attribute}") %}{% set said.list = said.list + [${JSON.stringify(label)}] %}{% endif -%}`;
}
function noteUntil(attribute, label) {
  return `{% set until = state_attr(supply, "${attribute}") -%}
{% if until %}{% set said.list = said.list + [${JSON.stringify(label)} ~ " " ~ moment(until)] %}{% endif -%}`;
}

// src/views/shared_costs.ts
var LEDGER_CARDS = {
  runs: "compere-prepaid-runs",
  pools: "compere-prepaid-pools",
  bills: "compere-prepaid-bills",
  statements: "compere-prepaid-statements",
  balance: "compere-prepaid-balance"
};
var COLUMNS = 4;
function sharedCostsView(site, labels) {
  return wide([
    wideSection(site, LEDGER_CARDS.runs, labels.sharedCosts, "mdi:chart-pie"),
    wideSection(site, LEDGER_CARDS.pools, labels.whatIsShared, "mdi:sitemap"),
    wideSection(site, LEDGER_CARDS.bills, labels.suppliersBills, "mdi:receipt-text-outline"),
    wideSection(site, LEDGER_CARDS.statements, labels.statements, "mdi:file-document-multiple-outline")
  ]);
}
function energyBalanceView(site, labels) {
  return wide([wideSection(site, LEDGER_CARDS.balance, labels.energyBalance, "mdi:scale-balance")]);
}
function wide(sections) {
  return { type: "sections", max_columns: COLUMNS, sections };
}
function wideSection(site, kind, title, icon) {
  const card = { type: `custom:${kind}`, site: site.id, grid_options: { columns: "full" } };
  return section([heading(title, icon), card], { column_span: COLUMNS });
}

// src/views/shops.ts
function shopsView(hass, site, labels) {
  const sections = byArea(hass, site.shops).flatMap((area) => {
    const title = heading(area.name ?? labels.noArea, area.icon ?? "mdi:map-marker");
    const lines = area.members.map((shop) => shopLine(shop, labels));
    return sectionsOf(title, lines);
  });
  return { type: "sections", max_columns: 3, sections };
}

// src/views/payments.ts
var DAYS_SHOWN = 14;
function paymentsView(site, labels, path) {
  const { payments_today: today2, payment_count_today: count, suspense, unexplained } = site.entities;
  const sections = [
    section([
      heading(labels.paidToday, "mdi:cash-check"),
      tile(today2, labels.paidToday, 6, { color: "green" }),
      tile(count, labels.paymentsToday, 6, { color: "green" }),
      ...perDay(today2, labels)
    ]),
    section([
      heading(labels.toLookAt, "mdi:cash-clock"),
      ...countTiles(suspense, labels.inSuspense, "mdi:cash-clock", "orange", path),
      ...countTiles(unexplained, labels.unexplained, "mdi:help-circle-outline", "red", path),
      ...help(suspense, labels.suspenseHelp, labels.noSuspense),
      ...help(unexplained, labels.unexplainedHelp, labels.allExplained)
    ])
  ];
  sections.push(
    section([
      heading(labels.notSettled, "mdi:bank-transfer"),
      ...site.providers.map((provider) => tile(provider.entities["clearing_balance"], provider.name, 12))
    ])
  );
  return { type: "sections", max_columns: 3, dense_section_placement: true, sections };
}
function help(entity, todo, done) {
  return entity === void 0 ? [] : [text(todo, [anyOf(entity)]), text(done, [noneOf(entity)])];
}
function perDay(today2, labels) {
  if (today2 === void 0) return [];
  const graph = {
    type: "statistics-graph",
    entities: [{ entity: today2, name: labels.paidToday }],
    days_to_show: DAYS_SHOWN,
    period: "day",
    stat_types: ["change"],
    chart_type: "bar",
    hide_legend: true
  };
  return [heading(labels.paidPerDay, "mdi:chart-bar"), graph];
}

// src/views/shop.ts
var DAYS_OF_BALANCE = 7;
var HOURS_OF_LOAD3 = 24;
var DAYS_OF_SPENDING = 42;
function shopView(shop, labels, isAdmin) {
  if (shop === void 0) {
    return { type: "sections", max_columns: 1, sections: [section([text(labels.shopGone)])] };
  }
  const sections = [creditSection(shop, labels, isAdmin), forecastSection(shop, labels), ...shop.meters.map((meter) => meterSection2(meter, labels))];
  const history = historySection(shop, labels);
  if (history) sections.push(history);
  return { type: "sections", max_columns: 3, sections };
}
function creditSection(shop, labels, isAdmin) {
  const entities = shop.entities;
  const stay = { tap_action: { action: "more-info" }, icon_tap_action: { action: "more-info" } };
  return section([
    heading(shop.name, "mdi:store"),
    ...shopTiles(shop, ALL_TONES, 6).map((card) => ({ ...card, name: labels.balance, ...stay })),
    tile(entities["supply_state"], labels.supply, 6),
    tile(entities["available_credit"], labels.creditLeft, 6),
    tile(entities["price"], labels.price, 6),
    tile(entities["period"], labels.period, 6),
    tile(entities["credit_limit"], labels.creditLimit, 6),
    policyTile(entities, labels, isAdmin),
    reconnectTile(entities, labels)
  ]);
}
function policyTile(entities, labels, isAdmin) {
  if (!isAdmin) return tile(entities["policy"], labels.policy, 12);
  return tile(entities["policy"], labels.policy, 12, {
    features: [{ type: "select-options" }],
    features_position: "inline"
  });
}
function forecastSection(shop, labels) {
  const entities = shop.entities;
  const { days_left: daysLeft, cost_week: costWeek } = entities;
  const perWeek = {
    type: "statistics-graph",
    entities: [{ entity: costWeek, name: labels.costWeek }],
    chart_type: "bar",
    period: "week",
    stat_types: ["change"],
    days_to_show: DAYS_OF_SPENDING,
    hide_legend: true
  };
  return section([
    heading(labels.nextDays, "mdi:calendar-clock"),
    tile(daysLeft, labels.daysLeft, 6),
    tile(entities["expected_zero"], labels.endsOn, 6),
    daysLeft === void 0 ? void 0 : bandText(daysLeft, labels),
    tile(entities["cost_today"], labels.costToday, 6),
    tile(costWeek, labels.costWeek, 6),
    tile(entities["cost_week_change"], labels.weekChange, 6),
    tile(entities["cost_month"], labels.costMonth, 6),
    tile(entities["cost_month_change"], labels.monthChange, 6),
    ...costWeek === void 0 ? [] : [heading(labels.costPerWeek, "mdi:chart-bar"), perWeek]
  ]);
}
function bandText(daysLeft, labels) {
  const value2 = (attribute) => `state_attr("${daysLeft}", "${attribute}")`;
  const shown = (attribute) => `{{ ${value2(attribute)} | round(1) }}`;
  const isNumber = (attribute) => `is_number(${value2(attribute)})`;
  const wide2 = `${value2("low")} | round(1) != ${value2("high")} | round(1)`;
  const band = labels.band.replace("{low}", shown("low")).replace("{high}", shown("high"));
  const content = `{% if ${isNumber("low")} and ${isNumber("high")} and ${wide2} %}${band}{% endif %}`;
  return text(content, [{ condition: "state", entity: daysLeft, state_not: ["unknown", "unavailable"] }]);
}
function reconnectTile(entities, labels) {
  const { reconnect, supply_state: supply } = entities;
  if (reconnect === void 0 || supply === void 0) return void 0;
  const press = { action: "perform-action", perform_action: "button.press", target: { entity_id: reconnect }, confirmation: true };
  return tile(reconnect, labels.reconnect, 12, {
    hide_state: true,
    tap_action: press,
    icon_tap_action: press,
    visibility: [{ condition: "state", entity: supply, state: "off" }]
  });
}
function meterSection2(meter, labels) {
  const entities = meter.entities;
  const phases = (key) => ["a", "b", "c"].map((phase) => entities[`${key}_${phase}`] ?? entities[`${key}_l${phase}`]);
  const threePhases = (key, name) => phases(key).map((entity, index) => tile(entity, `${name} L${index + 1}`, 4, { vertical: true }));
  return section([
    heading(`${labels.meter} ${meter.name}`, "mdi:meter-electric", {
      badges: plainBadges([[entities["connectivity"], labels.connection]])
    }),
    tile(entities["power"], labels.load, 12, {
      features: [{ type: "trend-graph", hours_to_show: HOURS_OF_LOAD3 }],
      grid_options: { columns: 12, rows: 2 }
    }),
    tile(entities["energy"], labels.energy, 6),
    tile(entities["relay"], labels.relay, 6, {
      icon_tap_action: { action: "more-info" }
    }),
    tile(entities["power_factor"], labels.powerFactor, 6),
    tile(entities["frequency"], labels.frequency, 6),
    ...threePhases("voltage", labels.voltage),
    ...threePhases("current", labels.current)
  ]);
}
function historySection(shop, labels) {
  const { balance, account_event: event } = shop.entities;
  const cards = [];
  if (balance !== void 0) {
    cards.push(heading(labels.balanceHistory, "mdi:chart-line"), {
      type: "history-graph",
      entities: [{ entity: balance, name: labels.balance }],
      hours_to_show: DAYS_OF_BALANCE * 24,
      show_names: false
    });
  }
  if (event !== void 0) {
    const hours = DAYS_OF_BALANCE * 24;
    cards.push(heading(labels.whatHappened, "mdi:history"), { type: "logbook", target: { entity_id: [event] }, hours_to_show: hours });
  }
  return cards.length > 0 ? section(cards) : void 0;
}

// src/dashboard.ts
var SHOP_STRATEGY = "compere-prepaid-shop";
function generateDashboard(hass) {
  const labels = labelsFor(hass.language);
  const sites = readSites(hass);
  if (sites.length === 0) {
    return { title: labels.dashboard, views: [{ ...nothingYetView(hass, labels), title: labels.overview, path: "overview" }] };
  }
  const views = sites.flatMap((site, index) => siteViews(hass, site, labels, sites.length > 1 ? `${index + 1}-` : ""));
  return { title: labels.dashboard, views };
}
function generateShop(hass, deviceId) {
  const shops = readSites(hass).flatMap((site) => site.shops);
  const shop = shops.find((found2) => found2.deviceId === deviceId);
  return shopView(shop, labelsFor(hass.language), hass.user?.is_admin ?? false);
}
function mustRegenerate(before, now, write) {
  if (before.language !== now.language) return true;
  return isOtherMall(before, now) && JSON.stringify(write(before)) !== JSON.stringify(write(now));
}
function siteViews(hass, site, labels, prefix) {
  const title = (page) => prefix ? `${site.name} · ${page}` : page;
  const paths = { shops: `${prefix}shops`, equipment: `${prefix}equipment` };
  const views = [
    {
      ...overviewView(hass, site, labels, paths),
      title: title(labels.overview),
      path: `${prefix}overview`
    }
  ];
  if (site.shops.length > 0) {
    views.push({ ...shopsView(hass, site, labels), title: title(labels.shops), path: paths.shops });
    views.push({ ...rulesView(hass, site, labels, paths.shops), title: title(labels.rules), path: `${prefix}rules` });
  }
  if (site.shops.length > 0) {
    views.push({ ...sharedCostsView(site, labels), title: title(labels.sharedCosts), path: `${prefix}shared-costs` });
  }
  if (site.providers.length > 0) {
    const path = `${prefix}payments`;
    views.push({ ...paymentsView(site, labels, path), title: title(labels.payments), path });
  }
  if (site.meters.length + site.lines.length > 0) {
    views.push({ ...equipmentView(hass, site, labels), title: title(labels.equipment), path: paths.equipment });
  }
  if (site.commonMeters.length > 0) {
    views.push({ ...commonAreasView(site, labels), title: title(labels.commonAreas), path: `${prefix}common-areas` });
  }
  if (site.meters.length > 0) {
    views.push({ ...energyBalanceView(site, labels), title: title(labels.energyBalance), path: `${prefix}energy-balance` });
  }
  for (const shop of site.shops) {
    const strategy = { type: `custom:${SHOP_STRATEGY}`, device: shop.deviceId };
    views.push({ strategy, title: shop.name, path: shopPath(shop), subview: true });
  }
  return views;
}
function nothingYetView(hass, labels) {
  const open = {
    text: labels.openIntegrations,
    appearance: "filled",
    variant: "brand",
    tap_action: { action: "navigate", navigation_path: "/config/integrations/dashboard" }
  };
  const card = {
    type: "empty-state",
    icon: "mdi:storefront-outline",
    content_only: true,
    title: labels.nothingYet,
    content: labels.nothingYetHelp,
    ...hass.user?.is_admin ? { buttons: [open] } : {}
  };
  return { type: "panel", cards: [card] };
}

// src/ledger_cards/actions.ts
async function ask(hass, site, action, data = {}) {
  if (hass.callWS === void 0) throw new Error("Home Assistant is not connected");
  const result = await hass.callWS({
    type: "call_service",
    domain: PLATFORM,
    service: action,
    service_data: { config_entry_id: site, ...data },
    return_response: true
  });
  return result.response;
}
async function reasonOf(hass, error) {
  const refusal = error ?? {};
  const { translation_domain: domain, translation_key: key } = refusal;
  if (domain !== void 0 && key !== void 0 && hass.loadBackendTranslation !== void 0) {
    const localize = await hass.loadBackendTranslation("exceptions", domain);
    const text2 = localize(`component.${domain}.exceptions.${key}.message`, refusal.translation_placeholders);
    if (text2) return text2;
  }
  return refusal.message ?? String(error);
}
async function upload(hass, file) {
  if (hass.fetchWithAuth === void 0) throw new Error("Home Assistant is not connected");
  const form = new FormData();
  form.append("file", file);
  const answer = await hass.fetchWithAuth("/api/file_upload", { method: "POST", body: form });
  if (!answer.ok) throw new Error(`HTTP ${answer.status}`);
  return (await answer.json()).file_id;
}

// src/ledger_cards/dom.ts
function el(name, attributes = {}, ...children) {
  const element = document.createElement(name);
  for (const [key, value2] of Object.entries(attributes)) {
    if (typeof value2 === "function") element.addEventListener(key.slice(2), value2);
    else if (value2 === true) element.setAttribute(key, "");
    else if (value2 !== false && value2 !== null && value2 !== void 0) element.setAttribute(key, String(value2));
  }
  append(element, children);
  return element;
}
function append(parent, children) {
  for (const child of children) {
    if (child === null || child === void 0 || child === false) continue;
    if (Array.isArray(child)) append(parent, child);
    else parent.append(child instanceof Node ? child : String(child));
  }
}
function table(head, rows, options) {
  const numbers = options.numbers ?? head.length;
  const cells = head.map((text2, index) => el("th", { scope: "col", class: index >= numbers ? "number" : null }, text2));
  return el("div", { class: "scroll" }, el("table", { "aria-label": options.label }, el("thead", {}, el("tr", {}, cells)), el("tbody", {}, rows)));
}
function row(cells, options = {}) {
  const numbers = options.numbers ?? cells.length;
  const built = cells.map((cell, index) => el("td", { class: index >= numbers ? "number" : null }, cell));
  return el("tr", { class: options.class, onclick: options.onclick }, built);
}
function bar(part, tone, label) {
  const width = `${(100 * Math.max(0, Math.min(1, part))).toFixed(1)}%`;
  return el("div", { class: "bar", role: "img", "aria-label": label, title: label }, el("span", { class: tone, style: `width:${width}` }));
}

// src/ledger_cards/format.ts
var PER_KWH_DIGITS = 4;
var Format = class {
  constructor(language, currency = "") {
    this.language = language;
    this.currency = currency;
  }
  language;
  currency;
  /** `1204.5` as `¥1,204.50`; without a currency as a number with two digits. */
  money(amount, digits) {
    const value2 = Number(amount);
    if (this.currency === "") return this.number(value2, digits ?? 2);
    const fixed = digits === void 0 ? {} : { minimumFractionDigits: digits, maximumFractionDigits: digits };
    return new Intl.NumberFormat(this.language, { style: "currency", currency: this.currency, ...fixed }).format(value2);
  }
  price(amount) {
    return `${this.money(amount, PER_KWH_DIGITS)}/kWh`;
  }
  kwh(energyWh) {
    return `${this.number(energyWh / 1e3, 1)} kWh`;
  }
  watts(power) {
    return power < 1e3 ? `${this.number(power, 0)} W` : `${this.number(power / 1e3, 1)} kW`;
  }
  percent(part) {
    return `${this.number(100 * part, 1)} %`;
  }
  number(value2, digits) {
    return new Intl.NumberFormat(this.language, { minimumFractionDigits: digits, maximumFractionDigits: digits, signDisplay: "negative" }).format(value2);
  }
  day(iso) {
    const [year, month, day] = iso.slice(0, 10).split("-").map(Number);
    const at = new Date(Date.UTC(year ?? 0, (month ?? 1) - 1, day ?? 1));
    return new Intl.DateTimeFormat(this.language, { dateStyle: "medium", timeZone: "UTC" }).format(at);
  }
  /** A moment of the site's clock, as it was written: `2026-10-31T14:05:00+08:00` is five past two. */
  moment(iso) {
    return `${this.day(iso)} ${iso.slice(11, 16)}`;
  }
  /** From a day to before another, in words: a whole month by its name. */
  days(since, until) {
    if (since.endsWith("-01") && until === nextMonth(since)) {
      const at = /* @__PURE__ */ new Date(`${since}T00:00:00Z`);
      return new Intl.DateTimeFormat(this.language, { year: "numeric", month: "long", timeZone: "UTC" }).format(at);
    }
    const last = shifted(until, -1);
    return since === last ? this.day(since) : `${this.day(since)} – ${this.day(last)}`;
  }
};
function shifted(iso, days) {
  const at = /* @__PURE__ */ new Date(`${iso}T00:00:00Z`);
  at.setUTCDate(at.getUTCDate() + days);
  return at.toISOString().slice(0, 10);
}
function nextMonth(iso) {
  const [year = 0, month = 1] = iso.split("-").map(Number);
  return new Date(Date.UTC(year, month, 1)).toISOString().slice(0, 10);
}
function lastMonth(today2) {
  const last = shifted(`${today2.slice(0, 8)}01`, -1);
  return [`${last.slice(0, 8)}01`, last];
}
function today(zone) {
  return new Intl.DateTimeFormat("sv-SE", { dateStyle: "short", ...zone === void 0 ? {} : { timeZone: zone } }).format(/* @__PURE__ */ new Date());
}

// src/ledger_cards/style.ts
var STYLE = `
:host { display: block; }
.card { position: relative; padding: 16px; border: 1px solid var(--ha-card-border-color, var(--divider-color)); border-radius: var(--ha-card-border-radius, 12px); background: var(--ha-card-background, var(--card-background-color)); color: var(--primary-text-color); font-family: var(--ha-font-family-body, inherit); font-size: 14px; line-height: 1.45; }
.content > * + * { margin-top: 12px; }
h3 { margin: 20px 0 8px; font-size: 16px; font-weight: 500; }
h4 { margin: 0 0 4px; font-size: 14px; font-weight: 500; }
p { margin: 0; }
.muted { color: var(--secondary-text-color); }
.small { font-size: 12px; }
.fields, .buttons { display: flex; flex-wrap: wrap; gap: 12px; align-items: end; }
.buttons { gap: 8px; }
.end { justify-content: flex-end; margin-top: 16px; }
.field { display: flex; flex-direction: column; gap: 4px; color: var(--secondary-text-color); font-size: 12px; min-width: 0; }
.field.check { flex-direction: row; align-items: center; min-height: 40px; gap: 6px; font-size: 14px; color: var(--primary-text-color); }
input:not([type=checkbox]), select { box-sizing: border-box; min-height: 40px; max-width: 100%; padding: 6px 10px; border: 1px solid var(--outline-color, var(--divider-color)); border-radius: 8px; background: var(--secondary-background-color); color: var(--primary-text-color); font: inherit; font-size: 14px; }
button { min-height: 40px; padding: 6px 16px; border: 0; border-radius: 20px; background: transparent; color: var(--primary-color); font: inherit; font-weight: 500; cursor: pointer; }
button.primary { background: var(--primary-color); color: var(--text-primary-color, #fff); }
button.danger { background: var(--error-color); color: #fff; }
button.plain { border: 1px solid var(--outline-color, var(--divider-color)); }
button.link { min-height: 0; padding: 0; border-radius: 4px; text-align: start; }
button:disabled { opacity: .5; cursor: default; }
:focus-visible { outline: 2px solid var(--primary-color); outline-offset: 2px; }
a { color: var(--primary-color); }
.scroll { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums; }
th, td { padding: 6px 10px; border-bottom: 1px solid var(--divider-color); text-align: start; vertical-align: top; }
th { color: var(--secondary-text-color); font-weight: 500; font-size: 12px; vertical-align: bottom; }
th:first-child, td:first-child { padding-inline-start: 0; }
.number { text-align: end; white-space: nowrap; }
tr.sum td { font-weight: 500; border-bottom: 0; }
tr.detail td { background: var(--secondary-background-color); padding: 8px 12px; white-space: normal; }
tr.detail td.number { text-align: end; white-space: nowrap; }
tr.chosen td { background: var(--secondary-background-color); }
.chip { display: inline-block; padding: 1px 10px; border-radius: 10px; font-size: 12px; background: var(--secondary-background-color); border: 1px solid var(--divider-color); }
.chip.posted { border-color: var(--success-color); color: var(--success-color); }
.chip.proposed { border-color: var(--warning-color); color: var(--primary-text-color); }
.chip.reversed, .chip.rejected { color: var(--secondary-text-color); text-decoration: line-through; }
.bar { height: 10px; min-width: 80px; border-radius: 5px; background: var(--secondary-background-color); overflow: hidden; display: flex; }
.bar span { display: block; height: 100%; background: var(--primary-color); }
.bar .owner { background: var(--secondary-text-color); }
.bar .energy { background: var(--energy-grid-consumption-color, #488fc2); }
.bar .loss { background: var(--error-color); }
.key { display: inline-block; width: 10px; height: 10px; border-radius: 3px; margin-inline-end: 6px; background: var(--primary-color); }
.key.owner { background: var(--secondary-text-color); }
.key.energy { background: var(--energy-grid-consumption-color, #488fc2); }
.key.loss { background: var(--error-color); }
.legend { display: flex; flex-wrap: wrap; gap: 4px 16px; font-size: 12px; color: var(--secondary-text-color); }
.pools { columns: 340px; column-gap: 16px; }
.pool { break-inside: avoid; margin-bottom: 16px; padding: 12px; border: 1px solid var(--divider-color); border-radius: 8px; }
.parts { display: grid; grid-template-columns: minmax(0, 1fr) auto; gap: 2px 12px; margin-top: 8px; font-variant-numeric: tabular-nums; }
.parts .bar { grid-column: 1 / -1; margin-bottom: 6px; height: 8px; }
.chart { display: flex; align-items: flex-end; gap: 1px; height: 160px; overflow-x: auto; border-bottom: 1px solid var(--divider-color); }
.chart .column { flex: 1 0 6px; display: flex; flex-direction: column; justify-content: flex-end; height: 100%; }
.chart .loss { background: var(--error-color); }
.chart .energy { background: var(--energy-grid-consumption-color, #488fc2); }
.chart .unknown { background: repeating-linear-gradient(45deg, var(--divider-color) 0 3px, transparent 3px 6px); height: 100%; }
.figures { display: flex; flex-wrap: wrap; gap: 8px 32px; }
.figures b { display: block; font-size: 20px; font-weight: 500; }
.banner { padding: 8px 12px; border-radius: 8px; border-inline-start: 4px solid var(--info-color); background: var(--secondary-background-color); }
.banner.error { border-color: var(--error-color); }
.banner.notice { border-color: var(--success-color); }
.banner.warning { border-color: var(--warning-color); }
.spinner { display: inline-block; width: 12px; height: 12px; margin-inline-end: 8px; border: 2px solid var(--primary-color); border-top-color: transparent; border-radius: 50%; animation: turn 1s linear infinite; }
@keyframes turn { to { transform: rotate(1turn); } }
@media (prefers-reduced-motion: reduce) { .spinner { animation: none; } }
dialog { width: min(440px, 90vw); padding: 20px; border: 0; border-radius: 16px; background: var(--card-background-color); color: var(--primary-text-color); }
dialog .field { margin-top: 12px; }
dialog::backdrop { background: rgb(0 0 0 / .5); }
`;

// src/ledger_cards/texts.ts
var ENGLISH2 = {
  reason: "Reason",
  back: "Back",
  from: "From",
  to: "To (last day)",
  chooseDays: "Choose the first and the last day.",
  preview: "Preview",
  workOut: "Work out and keep",
  workingOut: "Working out what each shop bears …",
  loading: "Loading …",
  runs: "Runs",
  run: "Run",
  state: "State",
  madeBy: "By",
  noRuns: "No run yet. Choose the days, look at a preview, keep it, then approve it: only then it is charged.",
  proposed: "waits for approval",
  posted: "posted",
  rejected: "rejected",
  reversed: "taken back",
  previewOnly: "preview, not kept",
  approve: "Approve and post",
  reject: "Reject",
  reverse: "Take back",
  approveQuestion: "Charge {count} shops {total} for {days} to their service funds? It can be taken back by a counter-booking.",
  rejectQuestion: "Lay the run {run} aside? Nothing was charged by it.",
  reverseQuestion: "Take back the run {run}? Every shop gets back what it was charged.",
  wasPosted: "Posted: {count} shops were charged {total}.",
  wasRejected: "The run was laid aside.",
  wasReversed: "Taken back: every shop got its money back.",
  pool: "Shared cost",
  cost: "Cost",
  tenants: "Tenants",
  owner: "Owner",
  together: "Together",
  account: "Account",
  tax: "Tax",
  total: "Total",
  findShop: "Find a shop",
  showArithmetic: "Choose a shop to see the arithmetic of its share.",
  more: "{count} more: type what to look for.",
  markup: "Electricity is sold at {sold} and was bought at {bought}: {difference} more was charged than paid.",
  markupUnder: "Electricity is sold at {sold} and was bought at {bought}: {difference} less was charged than paid.",
  noPurchase: "Electricity is sold at {sold}. There is no bill of its purchase, so no comparison.",
  notes: "To know",
  noPools: "No shared costs yet. Set one with the action Set pool, or write them into the site file.",
  kindEnergy: "energy",
  kindService: "service fund",
  ofRun: "Cost and energy of {days}, load at this moment.",
  loadOnly: "The load at this moment. What it cost is shown once there is a run.",
  enterBill: "Enter bill",
  supplier: "Supplier",
  number: "Number",
  billName: "What it is for",
  amount: "Amount",
  ofThatTax: "Tax",
  energyKwh: "Energy, kWh",
  fixedCost: "Fixed: does not follow the occupancy",
  document: "Document",
  bills: "Bills",
  noBills: "No bill was entered yet.",
  period: "Time",
  wasEntered: "The bill was entered.",
  wasKnown: "This very bill had been entered before: nothing was changed.",
  cancel: "Cancel",
  cancelled: "cancelled",
  cancelBill: "Cancel bill",
  cancelQuestion: "Cancel bill {number} of {supplier}? It no longer counts in runs to come.",
  entering: "Entering the bill …",
  month: "Month",
  sinceLast: "Since the last statement",
  which: "Shops",
  everyShop: "All {count} shops",
  forms: "Files",
  byEmail: "Send by e-mail",
  issue: "Issue statements",
  issueQuestion: "Issue statements of {count} shops? An issued statement stays as it is.",
  issuing: "Issuing and printing …",
  printed: "{percent} % printed",
  stop: "Stop",
  wasIssued: "{count} statements were issued.",
  wasStopped: "Stopped: {count} of {all} statements are issued. Those that are not printed can be, with Print statements.",
  allTogether: "All in one file",
  feeder: "Main meter",
  by: "By",
  hour: "hour",
  day: "day",
  show: "Show",
  mainMeters: "Main meter",
  metersBehind: "Meters behind it",
  loss: "Loss",
  expected: "expected {percent} %",
  unexplained: "Unexplained",
  unknownHours: "{count} hours are not known, because not every meter was read: they are no loss.",
  noFeeders: "No main meter is known yet. Set one with the action Set feeder, or write it into the site file.",
  nothingKnown: "Nothing is known of these days yet. Registers are kept from hour to hour.",
  alarm: "More gets lost than expected since {day}.",
  findings: "What was found",
  noFindings: "Nothing that needs a look.",
  nightLoads: "Base load at night",
  lastNight: "Last night",
  usual: "Usual",
  aYear: "A year of it",
  meter: "Meter",
  growth: "Growth",
  unexplained_loss: "Unexplained loss",
  negative_loss: "Main meter counts too little",
  stands_still: "Stands still",
  likely_bypass: "Likely bypass",
  suspect_register: "Reading not believed",
  basis_floor_area: "floor area",
  basis_rated_power: "rated power",
  basis_energy: "metered energy",
  basis_demand: "demand at the peak",
  basis_equal: "equal parts",
  basis_persons: "persons",
  basis_occupied_days: "occupied days",
  basis_opening_hours: "opening hours",
  basis_percent: "fixed percentages"
};
var SIMPLIFIED_CHINESE2 = {
  reason: "原因",
  back: "返回",
  from: "自",
  to: "至（最后一天）",
  chooseDays: "请选择首日和末日。",
  preview: "预览",
  workOut: "计算并保存",
  workingOut: "正在计算各商铺的分摊 …",
  loading: "正在加载 …",
  runs: "分摊批次",
  run: "批次",
  state: "状态",
  madeBy: "操作人",
  noRuns: "尚无分摊批次。请选择日期，先预览，再保存，最后批准：批准后才会收费。",
  proposed: "待批准",
  posted: "已入账",
  rejected: "已否决",
  reversed: "已冲回",
  previewOnly: "预览，未保存",
  approve: "批准并入账",
  reject: "否决",
  reverse: "冲回",
  approveQuestion: "从 {count} 家商铺的服务资金中收取{days}的 {total}？之后可用冲销记录冲回。",
  rejectQuestion: "搁置批次 {run}？它没有收取任何费用。",
  reverseQuestion: "冲回批次 {run}？每家商铺都会退回已收的金额。",
  wasPosted: "已入账：向 {count} 家商铺收取 {total}。",
  wasRejected: "该批次已搁置。",
  wasReversed: "已冲回：已退还每家商铺的金额。",
  pool: "公摊费用",
  cost: "成本",
  tenants: "商户",
  owner: "业主",
  together: "合计",
  account: "账户",
  tax: "税",
  total: "总计",
  findShop: "查找商铺",
  showArithmetic: "选择一家商铺可查看其分摊的算法。",
  more: "还有 {count} 家：请输入要查找的内容。",
  markup: "售电均价 {sold}，购电均价 {bought}：多收 {difference}。",
  markupUnder: "售电均价 {sold}，购电均价 {bought}：少收 {difference}。",
  noPurchase: "售电均价 {sold}。没有购电账单，无法比较。",
  notes: "提示",
  noPools: "尚无公摊费用。请用操作“设置公摊项目”添加，或写入站点文件。",
  kindEnergy: "电费",
  kindService: "服务资金",
  ofRun: "{days}的费用与电量，以及当前负荷。",
  loadOnly: "当前负荷。有分摊批次后显示费用。",
  enterBill: "录入账单",
  supplier: "供应商",
  number: "编号",
  billName: "用途",
  amount: "金额",
  ofThatTax: "税额",
  energyKwh: "电量 kWh",
  fixedCost: "固定：不随出租率变化",
  document: "文件",
  bills: "账单",
  noBills: "尚未录入账单。",
  period: "期间",
  wasEntered: "账单已录入。",
  wasKnown: "同一账单之前已录入：未作更改。",
  cancel: "作废",
  cancelled: "已作废",
  cancelBill: "作废账单",
  cancelQuestion: "作废 {supplier} 的账单 {number}？今后的分摊不再计入。",
  entering: "正在录入账单 …",
  month: "月份",
  sinceLast: "自上次对账单起",
  which: "商铺",
  everyShop: "全部 {count} 家商铺",
  forms: "文件格式",
  byEmail: "用电子邮件发送",
  issue: "出具对账单",
  issueQuestion: "为 {count} 家商铺出具对账单？已出具的对账单不再改变。",
  issuing: "正在出具并打印 …",
  printed: "已打印 {percent} %",
  stop: "停止",
  wasIssued: "已出具 {count} 份对账单。",
  wasStopped: "已停止：{all} 份对账单中已出具 {count} 份。其中未打印的可用“打印对账单”打印。",
  allTogether: "全部合并文件",
  feeder: "总表",
  by: "按",
  hour: "小时",
  day: "天",
  show: "显示",
  mainMeters: "总表",
  metersBehind: "分表合计",
  loss: "损耗",
  expected: "预期 {percent} %",
  unexplained: "无法解释",
  unknownHours: "有 {count} 小时因电表未全部抄到而未知：不算作损耗。",
  noFeeders: "尚无总表。请用操作“设置馈线”添加，或写入站点文件。",
  nothingKnown: "这些天还没有数据。读数按小时保存。",
  alarm: "自{day}起，损耗高于预期。",
  findings: "发现的问题",
  noFindings: "没有需要查看的问题。",
  nightLoads: "夜间基础负荷",
  lastNight: "昨夜",
  usual: "平时",
  aYear: "一年合计",
  meter: "电表",
  growth: "增长",
  unexplained_loss: "无法解释的损耗",
  negative_loss: "总表计量偏少",
  stands_still: "停走",
  likely_bypass: "疑似绕表",
  suspect_register: "读数可疑",
  basis_floor_area: "面积",
  basis_rated_power: "额定功率",
  basis_energy: "用电量",
  basis_demand: "高峰需量",
  basis_equal: "均摊",
  basis_persons: "人数",
  basis_occupied_days: "占用天数",
  basis_opening_hours: "营业时间",
  basis_percent: "固定比例"
};
function textsFor(language) {
  return isSimplifiedChinese(language) ? SIMPLIFIED_CHINESE2 : ENGLISH2;
}
function filled(text2, values) {
  return text2.replace(/\{(\w+)\}/g, (whole, key) => String(values[key] ?? whole));
}
function findingText(texts, kind) {
  return kind in texts ? texts[kind] : kind;
}

// src/ledger_cards/base.ts
var LedgerCard = class extends HTMLElement {
  config = { site: "" };
  currency = "";
  busy = "";
  error = "";
  notice = "";
  current;
  sites = new KnownSites();
  page = el("div", { class: "card" });
  constructor() {
    super();
    const style = document.createElement("style");
    style.textContent = STYLE;
    this.attachShadow({ mode: "open" }).append(style, this.page);
  }
  setConfig(config) {
    this.config = config;
  }
  set hass(hass) {
    const before = this.current;
    this.current = hass;
    if (before === void 0) {
      this.refresh();
      void this.load();
    } else if (before.language !== hass.language || this.concerns(before, hass)) {
      this.refresh();
    }
  }
  getCardSize() {
    return 8;
  }
  getGridOptions() {
    return { columns: "full", rows: "auto" };
  }
  get home() {
    if (this.current === void 0) throw new Error("no state yet");
    return this.current;
  }
  get texts() {
    return textsFor(this.home.language);
  }
  get format() {
    return new Format(this.home.locale?.language ?? this.home.language, this.currency);
  }
  get site() {
    return this.sites.of(this.home).find(({ id }) => id === this.config.site);
  }
  get today() {
    return today(this.home.config?.time_zone);
  }
  /** Whether a change of states changes what is shown; most cards show what they asked for. */
  concerns(_before, _now) {
    return false;
  }
  ask(action, data = {}) {
    return ask(this.home, this.config.site, action, data);
  }
  /** Do something that takes a while; a refusal is shown, and leaves everything as it was. */
  async work(doing, work) {
    if (this.busy !== "") return;
    [this.busy, this.error, this.notice] = [doing, "", ""];
    this.refresh();
    try {
      await work();
    } catch (error) {
      await this.tell(error);
    }
    this.busy = "";
    this.refresh();
  }
  /** Show why something was refused. */
  async tell(error) {
    [this.error, this.notice] = [await reasonOf(this.home, error), ""];
    this.refresh();
  }
  refresh() {
    const banners = [
      this.error === "" ? null : el("div", { class: "banner error", role: "alert" }, this.error),
      this.notice === "" ? null : el("div", { class: "banner notice", role: "status" }, this.notice),
      this.busy === "" ? null : el("div", { class: "banner busy", role: "status" }, el("span", { class: "spinner" }), this.busy)
    ];
    this.page.replaceChildren(el("div", { class: "content" }, banners, this.content()));
  }
  /** A button that does something at once, and is dead while something else is being done. */
  button(label, onclick, options = {}) {
    const disabled = this.busy !== "" || options.disabled === true;
    return el("button", { type: "button", class: options.kind ?? "plain", disabled, onclick }, label);
  }
  /** A form that is built once, so that what somebody typed stays; it is sent only while nothing else is being done. */
  kept(form) {
    for (const button of form.querySelectorAll("button")) button.disabled = this.busy !== "";
    return form;
  }
  /** Ask before something that moves money; calls back with the reason that was given, if one was. */
  confirm(question, confirmed) {
    const input = question.reason ? el("input", { type: "text", maxlength: 200, required: true }) : void 0;
    const dialog = el(
      "dialog",
      { "aria-label": question.button },
      el("p", {}, question.text),
      input ? el("label", { class: "field" }, this.texts.reason, input) : null,
      el(
        "div",
        { class: "buttons end" },
        el("button", { type: "button", class: "plain", onclick: () => dialog.close() }, this.texts.back),
        el("button", { type: "button", class: question.danger ? "danger" : "primary", onclick: () => {
          const reason = input?.value.trim() ?? "";
          if (input !== void 0 && reason === "") return void input.focus();
          dialog.close();
          confirmed(reason);
        } }, question.button)
      )
    );
    dialog.addEventListener("close", () => dialog.remove());
    this.shadowRoot?.append(dialog);
    dialog.showModal();
  }
};
function field(label, input) {
  return el("label", { class: "field" }, label, input);
}
function value(input) {
  return input.value.trim();
}

// src/ledger_cards/columns.ts
function heights(columns2) {
  const most = Math.max(0, ...columns2.map(({ energy = 0, loss = 0 }) => energy + Math.max(0, loss)));
  return columns2.map(({ energy, loss }) => {
    if (energy === void 0 || loss === void 0) return void 0;
    const part = (amount) => most > 0 ? 100 * Math.max(0, amount) / most : 0;
    return { energy: part(energy), loss: part(loss) };
  });
}
function columns(all, names, label) {
  const drawn = heights(all);
  if (drawn.every((one) => one === void 0)) return void 0;
  const bars = all.map((column, index) => {
    const one = drawn[index];
    const part = (kind, height) => el("span", { class: kind, style: `height:${height.toFixed(1)}%` });
    return el("div", { class: "column", title: column.label }, one === void 0 ? el("span", { class: "unknown" }) : [part("loss", one.loss), part("energy", one.energy)]);
  });
  const key = (kind) => el("span", {}, el("span", { class: `key ${kind}` }), names[kind]);
  return el("div", {}, el("div", { class: "chart", role: "img", "aria-label": label }, bars), el("div", { class: "legend" }, key("energy"), key("loss"), el("span", {}, `${all[0]?.at ?? ""} – ${all.at(-1)?.at ?? ""}`)));
}

// src/ledger_cards/tables.ts
function costParts(costs, meterName2) {
  const parts = /* @__PURE__ */ new Map();
  for (const line of costs) {
    if (line.missing !== void 0) continue;
    const key = line.meter ?? line.name;
    const known = parts.get(key);
    const energyWh = line.energy_wh === void 0 ? known?.energyWh : (known?.energyWh ?? 0) + line.energy_wh;
    const name = line.meter === void 0 ? line.name : meterName2(line.meter);
    parts.set(key, { name, serial: line.meter, energyWh, amount: (known?.amount ?? 0) + Number(line.amount) });
  }
  const whole = [...parts.values()].reduce((sum, part) => sum + Math.max(0, part.amount), 0);
  return [...parts.values()].map((part) => ({ ...part, part: whole > 0 ? part.amount / whole : 0 })).sort((one, other) => other.amount - one.amount || compareNames(one.name, other.name));
}
function metersOf(pool) {
  return (pool.content?.costs ?? []).flatMap((cost) => (cost.meters ?? []).map(String));
}
function billNames(pools) {
  const names = (pools?.pools ?? []).flatMap((pool) => (pool.content?.costs ?? []).flatMap((cost) => cost.bill === void 0 ? [] : [cost.bill]));
  return [...new Set(names)].sort(compareNames);
}
function sharesByPool(run, account) {
  const lines = run.accounts[account]?.lines ?? [];
  return run.pools.map(({ pool }) => {
    const own = lines.filter((line) => line.pool === pool);
    return own.length === 0 ? void 0 : own.reduce((sum, line) => sum + Number(line.amount), 0);
  });
}
function totals(pools) {
  const sum = (key) => pools.reduce((all, pool) => all + Number(pool[key]), 0);
  return { cost: sum("cost"), tenants: sum("tenants"), owner: sum("owner") };
}
function found(numbers, typed, nameOf2) {
  const wanted = typed.trim().toLowerCase();
  const sorted = [...numbers].sort(compareNames);
  return wanted === "" ? sorted : sorted.filter((number) => `${number} ${nameOf2(number)}`.toLowerCase().includes(wanted));
}
function accountName(site, number) {
  const shop = site?.shops.find(({ name }) => name === number || name.startsWith(`${number} `));
  return shop?.name ?? number;
}
function meterName(site, serial) {
  return site?.meters.find((meter) => meter.serial === serial)?.name ?? serial;
}

// src/ledger_cards/balance_card.ts
var DAYS = 7;
var LONGEST_BY_HOUR = 7;
var BalanceCard = class extends LedgerCard {
  found;
  feeder = "";
  days;
  by = "hour";
  async load() {
    this.days = [shifted(this.today, 1 - DAYS), this.today];
    await this.look();
  }
  look() {
    const [since, until] = this.days ?? ["", ""];
    return this.work(this.texts.loading, async () => {
      this.found = await this.ask("get_energy_balance", { since, until, by: this.by });
      const names = Object.keys(this.found.feeders);
      if (!names.includes(this.feeder)) this.feeder = names[0] ?? "";
    });
  }
  content() {
    const { found: found2, texts } = this;
    const balance = found2?.feeders[this.feeder];
    return [
      this.asking(),
      found2 !== void 0 && balance === void 0 ? el("p", { class: "muted" }, texts.noFeeders) : null,
      balance === void 0 ? null : this.balance(balance),
      found2 === void 0 ? null : this.findings(found2),
      found2 === void 0 ? null : this.nights(found2)
    ];
  }
  asking() {
    const { texts } = this;
    const [since, until] = this.days ?? [this.today, this.today];
    const from = el("input", { type: "date", value: since });
    const to = el("input", { type: "date", value: until });
    const names = Object.keys(this.found?.feeders ?? {});
    const which = el("select", {}, names.map((name) => el("option", { value: name, selected: name === this.feeder }, name)));
    const by = el("select", {}, ["hour", "day"].map((one) => el("option", { value: one, selected: one === this.by }, texts[one])));
    const show = () => {
      const [since2, until2] = [value(from), value(to)];
      this.feeder = value(which);
      this.days = [since2, until2];
      if (since2 === "" || until2 === "") return void this.tell(new Error(texts.chooseDays));
      this.by = value(by) === "day" || until2 > shifted(since2, LONGEST_BY_HOUR - 1) ? "day" : "hour";
      void this.look();
    };
    return el(
      "div",
      { class: "fields" },
      names.length > 1 ? field(texts.feeder, which) : null,
      field(texts.from, from),
      field(texts.to, to),
      field(texts.by, by),
      this.button(texts.show, show, { kind: "primary" })
    );
  }
  balance(balance) {
    const { texts, format } = this;
    const kwh = (text2) => format.kwh(1e3 * Number(text2));
    const percent = (text2) => text2 === null ? "" : ` (${format.number(Number(text2), 1)} %)`;
    const figure = (label, text2, more = "") => el("div", {}, el("span", { class: "muted small" }, label), el("b", {}, text2), el("span", { class: "muted small" }, more));
    const expected = filled(texts.expected, { percent: format.number(Number(balance.expected_percent), 1) });
    const chart = columns(this.columns(balance), { energy: texts.metersBehind, loss: texts.loss }, `${this.feeder}: ${texts.loss}`);
    return [
      balance.alarm_since === null ? null : el("div", { class: "banner error" }, filled(texts.alarm, { day: format.day(balance.alarm_since) })),
      el(
        "div",
        { class: "figures" },
        figure(texts.mainMeters, kwh(balance.main_kwh)),
        figure(texts.metersBehind, kwh(balance.meters_kwh)),
        figure(texts.loss, kwh(balance.loss_kwh) + percent(balance.loss_percent), expected),
        figure(texts.unexplained, kwh(balance.unexplained_kwh) + percent(balance.unexplained_percent))
      ),
      chart ?? el("p", { class: "muted" }, texts.nothingKnown),
      balance.hours_unknown > 0 ? el("p", { class: "muted small" }, filled(texts.unknownHours, { count: balance.hours_unknown }), this.missing(balance.meters_missing)) : null
    ];
  }
  missing(meters) {
    const most = Object.entries(meters).sort(([, one], [, other]) => other - one).slice(0, 5);
    return most.length === 0 ? "" : ` ${most.map(([serial, hours]) => `${meterName(this.site, serial)} (${hours})`).join(", ")}`;
  }
  columns(balance) {
    const { format } = this;
    const column = (at, meters, loss) => meters === null || loss === null ? { at, label: at } : { at, label: `${at}: ${format.number(Number(meters), 1)} + ${format.number(Number(loss), 1)} kWh`, energy: Number(meters), loss: Number(loss) };
    if (balance.hours) return balance.hours.map((hour) => column(format.moment(hour.at), hour.meters_kwh, hour.loss_kwh));
    return (balance.days ?? []).map((day) => day.hours_known === 0 ? column(format.day(day.day), null, null) : column(format.day(day.day), day.meters_kwh, day.loss_kwh));
  }
  findings({ findings }) {
    const { texts, format } = this;
    const title = el("h3", {}, texts.findings);
    if (findings.length === 0) return [title, el("p", { class: "muted" }, texts.noFindings)];
    return [
      title,
      findings.map(
        (finding) => el(
          "div",
          { class: "banner warning" },
          el("h4", {}, `${findingText(texts, finding.kind)}: ${finding.meter_name ?? finding.meter ?? finding.feeder ?? ""}`),
          el("p", { class: "small muted" }, `${format.moment(finding.since)} – ${format.moment(finding.until)} · ${finding.energy_kwh} kWh`),
          el("p", {}, finding.advice)
        )
      )
    ];
  }
  nights({ night_base_loads: loads }) {
    const { texts, format } = this;
    if (loads.length === 0) return [];
    const rows = loads.map(
      (load) => row(
        [
          load.meter_name ?? load.meter,
          format.watts(load.usual_w),
          format.watts(load.last_night_w),
          load.growth_percent === null ? "–" : `${format.number(Number(load.growth_percent), 0)} %`,
          format.kwh(1e3 * Number(load.kwh_a_year))
        ],
        { numbers: 1 }
      )
    );
    return [el("h3", {}, texts.nightLoads), table([texts.meter, texts.usual, texts.lastNight, texts.growth, texts.aYear], rows, { label: texts.nightLoads, numbers: 1 })];
  }
};

// src/ledger_cards/bills_card.ts
var BILLS_SHOWN = 30;
var BillsCard = class extends LedgerCard {
  bills = [];
  pools;
  form;
  async load() {
    await this.work(this.texts.loading, async () => {
      this.pools = await this.ask("get_pools");
      this.currency = this.pools.currency;
      await this.list();
    });
    this.form = void 0;
    this.refresh();
  }
  async list() {
    const { bills } = await this.ask("list_bills");
    this.bills = [...bills].sort((one, other) => other.since.localeCompare(one.since));
  }
  content() {
    this.form ??= this.entering();
    return [this.kept(this.form), this.listed()];
  }
  entering() {
    const { texts } = this;
    const [first, last] = lastMonth(this.today);
    const text2 = (type, more = {}) => el("input", { type, maxlength: 120, ...more });
    const supplier = text2("text");
    const number = text2("text");
    const name = text2("text", { list: "names" });
    const from = text2("date", { value: first });
    const to = text2("date", { value: last });
    const amount = text2("text", { inputmode: "decimal", size: "10" });
    const tax = text2("text", { inputmode: "decimal", size: "8" });
    const energy = text2("text", { inputmode: "decimal", size: "10" });
    const fixed = el("input", { type: "checkbox" });
    const file = el("input", { type: "file", accept: ".pdf,.jpg,.jpeg,.png,.xml,.ofd" });
    const enter = () => void this.work(texts.entering, async () => {
      const document2 = file.files?.[0] === void 0 ? void 0 : await upload(this.home, file.files[0]);
      const optional = { tax: value(tax), energy: value(energy), document: document2 };
      const given = Object.fromEntries(Object.entries(optional).filter(([, one]) => one));
      const { bills, faults } = await this.ask("enter_bill", {
        supplier: value(supplier),
        number: value(number),
        name: value(name),
        since: value(from),
        until: value(to) === "" ? "" : shifted(value(to), 1),
        amount: value(amount),
        fixed: fixed.checked,
        ...given
      });
      if (faults.length > 0) throw new Error(faults.map(({ message }) => message).join("; "));
      await this.list();
      this.notice = bills[0]?.replayed ? texts.wasKnown : texts.wasEntered;
      this.form = void 0;
    });
    return el(
      "form",
      { class: "fields", onsubmit: (event) => {
        event.preventDefault();
        enter();
      } },
      el("datalist", { id: "names" }, billNames(this.pools).map((one) => el("option", { value: one }))),
      field(texts.billName, name),
      field(texts.supplier, supplier),
      field(texts.number, number),
      field(texts.from, from),
      field(texts.to, to),
      field(texts.amount, amount),
      field(texts.ofThatTax, tax),
      field(texts.energyKwh, energy),
      field(texts.document, file),
      el("label", { class: "field check" }, fixed, texts.fixedCost),
      el("button", { type: "submit", class: "primary" }, texts.enterBill)
    );
  }
  listed() {
    const { texts, format } = this;
    if (this.bills.length === 0) return el("p", { class: "muted" }, texts.noBills);
    const rows = this.bills.slice(0, BILLS_SHOWN).map(
      (bill) => row(
        [
          el("div", {}, el("h4", {}, bill.name), el("span", { class: "muted small" }, `${bill.supplier} · ${bill.number}`)),
          format.days(bill.since, bill.until),
          bill.cancelled ? el("span", { class: "chip rejected", title: bill.cancelled.reason }, texts.cancelled) : this.button(texts.cancel, () => this.cancel(bill), { kind: "link" }),
          bill.energy_wh > 0 ? format.kwh(bill.energy_wh) : "",
          format.money(bill.amount)
        ],
        { numbers: 3 }
      )
    );
    return table([texts.billName, texts.period, "", texts.energyKwh, texts.amount], rows, { label: texts.bills, numbers: 3 });
  }
  cancel(bill) {
    const { texts } = this;
    const text2 = filled(texts.cancelQuestion, { number: bill.number, supplier: bill.supplier });
    this.confirm({ text: text2, button: texts.cancelBill, reason: true, danger: true }, (reason) => {
      void this.work(texts.loading, async () => {
        await this.ask("cancel_bill", { supplier: bill.supplier, number: bill.number, reason });
        await this.list();
      });
    });
  }
};

// src/ledger_cards/pools_card.ts
var PoolsCard = class extends LedgerCard {
  pools;
  run;
  async load() {
    await this.work(this.texts.loading, async () => {
      this.pools = await this.ask("get_pools");
      this.currency = this.pools.currency;
      const { runs } = await this.ask("list_allocations");
      const latest = [...runs].reverse().find(({ state }) => state === "posted" || state === "proposed");
      if (latest?.run) this.run = await this.ask("get_allocation", { run: latest.run, lines: false });
    });
  }
  concerns(before, now) {
    const powers = (this.pools?.pools ?? []).flatMap(metersOf).flatMap((serial) => this.powerOf(serial) ?? []);
    return powers.some((entity) => before.states[entity]?.state !== now.states[entity]?.state);
  }
  content() {
    const inForce = (this.pools?.pools ?? []).filter(({ content }) => content !== null);
    if (this.pools === void 0) return [];
    if (inForce.length === 0) return [el("p", { class: "muted" }, this.texts.noPools)];
    const said = this.run === void 0 ? this.texts.loadOnly : filled(this.texts.ofRun, { days: this.format.days(this.run.since, this.run.until) });
    return [el("p", { class: "muted small" }, said), el("div", { class: "pools" }, inForce.map((pool) => this.pool(pool)))];
  }
  pool(pool) {
    const result = this.run?.pools.find((one) => one.pool === pool.name);
    const kind = pool.content?.kind === "energy" ? this.texts.kindEnergy : this.texts.kindService;
    const title = el("div", { class: "parts" }, el("h4", {}, pool.name), result ? el("b", {}, this.format.money(result.cost)) : null);
    const parts = result === void 0 ? this.byLoad(pool) : costParts(result.costs, (serial) => meterName(this.site, serial));
    return el(
      "div",
      { class: "pool" },
      title,
      el("p", { class: "muted small" }, `${kind} · ${basisText(pool, this.texts)}`),
      parts.map((part) => this.partRow(part)),
      pool.warnings.map((warning) => el("p", { class: "small" }, warning))
    );
  }
  partRow(part) {
    const load = part.serial === void 0 ? void 0 : this.loadOf(part.serial);
    const figures = [
      part.amount > 0 || part.energyWh !== void 0 ? this.format.money(String(part.amount)) : "",
      part.energyWh === void 0 ? "" : this.format.kwh(part.energyWh),
      load === void 0 ? "" : this.format.watts(load)
    ].filter((text2) => text2 !== "");
    const shown = this.format.percent(part.part);
    return el("div", { class: "parts" }, el("span", {}, part.name), el("span", { class: "small" }, [...figures, shown].join(" · ")), bar(part.part, part.serial === void 0 ? "owner" : "energy", `${part.name}: ${shown}`));
  }
  /** As long as there is no run, the parts are those of the load at this moment. */
  byLoad(pool) {
    const loads = metersOf(pool).map((serial) => ({ serial, load: this.loadOf(serial) ?? 0 }));
    const whole = loads.reduce((sum, { load }) => sum + load, 0);
    return loads.map(({ serial, load }) => ({ name: meterName(this.site, serial), serial, amount: 0, energyWh: void 0, part: whole > 0 ? load / whole : 0 }));
  }
  powerOf(serial) {
    return this.site?.meters.find((meter) => meter.serial === serial)?.entities["power"];
  }
  /** The power of a meter now, in W; nothing if it is not known. */
  loadOf(serial) {
    const entity = this.powerOf(serial);
    const state = entity === void 0 ? void 0 : this.home.states[entity];
    const power = Number.parseFloat(state?.state ?? "");
    if (Number.isNaN(power)) return void 0;
    return state?.attributes["unit_of_measurement"] === "kW" ? power * 1e3 : power;
  }
};
function basisText(pool, texts) {
  const basis = pool.content?.basis;
  const name = (key) => texts[`basis_${key}`] ?? key;
  if (basis === void 0) return name(pool.content?.percent === void 0 ? "floor_area" : "percent");
  if (typeof basis === "string") return name(basis);
  return Object.entries(basis).map(([key, percent]) => `${name(key)} ${percent} %`).join(", ");
}

// src/ledger_cards/runs_card.ts
var ROWS3 = 60;
var SHOPS_AT_ONCE = 300;
var RUNS_SHOWN = 12;
var RunsCard = class extends LedgerCard {
  heads = [];
  run;
  opened = "";
  typed = "";
  days;
  async load() {
    await this.work(this.texts.loading, async () => {
      this.days = lastMonth(this.today);
      await this.list();
      const latest = this.heads.find(({ state }) => state === "proposed" || state === "posted") ?? this.heads[0];
      if (latest?.run) await this.open(latest.run);
    });
  }
  content() {
    return [this.asking(), this.listed(), this.run === void 0 ? null : this.detail(this.run)];
  }
  async list() {
    const { runs } = await this.ask("list_allocations");
    this.heads = [...runs].reverse();
  }
  get shown() {
    return { lines: (this.site?.shops.length ?? 0) <= SHOPS_AT_ONCE };
  }
  async open(run) {
    this.show(await this.ask("get_allocation", { run, ...this.shown }));
  }
  show(run) {
    this.run = run;
    this.currency = run.currency;
    this.opened = "";
  }
  asking() {
    const [first, last] = this.days ?? lastMonth(this.today);
    const keep = () => {
      this.days = [value(from), value(to)];
    };
    const from = el("input", { type: "date", value: first, onchange: keep });
    const to = el("input", { type: "date", value: last, onchange: keep });
    const allocate = (dryRun) => {
      const [since, end] = [value(from), value(to)];
      if (since === "" || end === "") return void this.tell(new Error(this.texts.chooseDays));
      void this.work(this.texts.workingOut, async () => {
        this.show(await this.ask("allocate", { since, until: shifted(end, 1), dry_run: dryRun, ...this.shown }));
        if (!dryRun) await this.list();
      });
    };
    return el(
      "div",
      { class: "fields" },
      field(this.texts.from, from),
      field(this.texts.to, to),
      this.button(this.texts.preview, () => allocate(true)),
      this.button(this.texts.workOut, () => allocate(false), { kind: "primary" })
    );
  }
  listed() {
    if (this.heads.length === 0) return el("p", { class: "muted" }, this.texts.noRuns);
    const rows = this.heads.slice(0, RUNS_SHOWN).map(
      (head) => row(
        [
          this.button(head.run ?? "", () => void this.work(this.texts.loading, () => this.open(head.run ?? "")), { kind: "link" }),
          this.format.days(head.since, head.until),
          this.chip(head.state),
          `${head.steps?.at(-1)?.user ?? head.user ?? ""}, ${this.format.moment(head.steps?.at(-1)?.time ?? head.time ?? "")}`
        ],
        { class: head.run === this.run?.run ? "chosen" : "" }
      )
    );
    return table([this.texts.run, this.texts.period, this.texts.state, this.texts.madeBy], rows, { label: this.texts.runs });
  }
  chip(state) {
    return el("span", { class: `chip ${state ?? ""}` }, state === null ? this.texts.previewOnly : this.texts[state]);
  }
  detail(run) {
    return [
      el("h3", {}, this.format.days(run.since, run.until), " ", this.chip(run.state)),
      this.steps(run),
      this.pools(run),
      this.markup(run),
      run.notes.length === 0 ? null : el("div", { class: "banner warning" }, el("h4", {}, this.texts.notes), run.notes.map((note2) => el("p", {}, `${note2.pool}: ${note2.text}.`))),
      this.accounts(run)
    ];
  }
  steps(run) {
    const numbers = Object.keys(run.accounts);
    const total = this.format.money(String(Object.values(run.accounts).reduce((sum, share) => sum + Number(share.total), 0)));
    const named = { run: run.run ?? "", days: this.format.days(run.since, run.until), count: numbers.length, total };
    const step = (action, text2, data) => void this.work(this.texts.loading, async () => {
      await this.ask(action, { run: run.run, ...data });
      await this.list();
      if (run.run !== null) await this.open(run.run);
      this.notice = filled(text2, named);
    });
    const { texts } = this;
    if (run.state === "proposed") {
      return el(
        "div",
        { class: "buttons" },
        this.button(texts.approve, () => this.confirm({ text: filled(texts.approveQuestion, named), button: texts.approve }, () => step("approve_allocation", texts.wasPosted, { lines: false })), { kind: "primary" }),
        this.button(texts.reject, () => this.confirm({ text: filled(texts.rejectQuestion, named), button: texts.reject, reason: true }, (reason) => step("reject_allocation", texts.wasRejected, { reason })))
      );
    }
    if (run.state !== "posted") return null;
    const question = { text: filled(texts.reverseQuestion, named), button: texts.reverse, reason: true, danger: true };
    return el("div", { class: "buttons" }, this.button(texts.reverse, () => this.confirm(question, (reason) => step("reverse_allocation", texts.wasReversed, { reason, lines: false }))));
  }
  pools(run) {
    const { texts, format } = this;
    const most = Math.max(0, ...run.pools.map((pool) => Number(pool.cost)));
    const rows = run.pools.map((pool) => {
      const [cost, tenants, owner] = [Number(pool.cost), Number(pool.tenants), Number(pool.owner)];
      const label = `${texts.tenants} ${format.money(pool.tenants)}, ${texts.owner} ${format.money(pool.owner)}`;
      const both = bar(most > 0 ? tenants / most : 0, "", label);
      both.append(el("span", { class: "owner", style: `width:${most > 0 ? Math.max(0, 100 * owner / most).toFixed(1) : 0}%` }));
      const name = el("div", {}, el("h4", {}, pool.pool), el("span", { class: "muted small" }, this.kind(pool.kind), pool.gross_up ? ` · ${pool.gross_up}` : ""));
      return row([name, both, format.money(String(cost)), format.money(pool.tenants), format.money(pool.owner)], { numbers: 2 });
    });
    const sum = totals(run.pools);
    const money2 = (amount) => format.money(String(amount));
    rows.push(row([texts.together, "", money2(sum.cost), money2(sum.tenants), money2(sum.owner)], { numbers: 2, class: "sum" }));
    const legend = el("div", { class: "legend" }, el("span", {}, el("span", { class: "key" }), texts.tenants), el("span", {}, el("span", { class: "key owner" }), texts.owner));
    return [table([texts.pool, "", texts.cost, texts.tenants, texts.owner], rows, { label: texts.pool, numbers: 2 }), legend];
  }
  kind(kind) {
    return kind === "energy" ? this.texts.kindEnergy : this.texts.kindService;
  }
  markup({ markup }) {
    if (markup === void 0 || markup.sold_price === null) return null;
    const sold = this.format.price(markup.sold_price);
    if (markup.bought_price === null || markup.difference === null) return el("p", { class: "muted" }, filled(this.texts.noPurchase, { sold }));
    const under = Number(markup.difference) < 0;
    const values = { sold, bought: this.format.price(markup.bought_price), difference: this.format.money(String(Math.abs(Number(markup.difference)))) };
    return el("p", {}, filled(under ? this.texts.markupUnder : this.texts.markup, values));
  }
  accounts(run) {
    const { texts, format, site } = this;
    const nameOf2 = (number) => accountName(site, number);
    const numbers = found(Object.keys(run.accounts), this.typed, nameOf2);
    const shownPools = this.shown["lines"] === true;
    const head = [texts.account, ...shownPools ? run.pools.map(({ pool }) => pool) : [], texts.tax, texts.total];
    const money2 = (amount) => amount === void 0 ? "–" : format.money(String(amount));
    const rows = numbers.slice(0, ROWS3).flatMap((number) => {
      const share = run.accounts[number];
      if (share === void 0) return [];
      const isOpen = this.opened === number;
      const name = el("button", { type: "button", class: "link", "aria-expanded": String(isOpen), disabled: this.busy !== "", onclick: () => this.unfold(run, number) }, nameOf2(number));
      const cells = [name, ...shownPools ? sharesByPool(run, number).map(money2) : [], format.money(share.tax), format.money(share.total)];
      const own = row(cells, { numbers: 1, class: isOpen ? "chosen" : "" });
      return isOpen ? [own, this.arithmetic(run, number, head.length)] : [own];
    });
    const search = el("input", { type: "search", value: this.typed, placeholder: texts.findShop, "aria-label": texts.findShop, onchange: (event) => {
      this.typed = event.target.value;
      this.refresh();
    } });
    const rest = numbers.length - ROWS3;
    return [
      el("div", { class: "fields" }, search, el("span", { class: "muted small" }, texts.showArithmetic)),
      table(head, rows, { label: texts.account, numbers: 1 }),
      rest > 0 ? el("p", { class: "muted small" }, filled(texts.more, { count: rest })) : null
    ];
  }
  arithmetic(run, number, columns2) {
    const lines = run.accounts[number]?.lines ?? [];
    const texts = lines.map((line) => el("tr", {}, el("td", {}, line.pool), el("td", {}, line.explanation), el("td", { class: "number" }, this.format.money(line.amount))));
    return el("tr", { class: "detail" }, el("td", { colspan: columns2 }, el("table", {}, el("tbody", {}, texts))));
  }
  /** Show or hide the arithmetic of a shop, which is asked for where the run was too large to bring it. */
  unfold(run, number) {
    this.opened = this.opened === number ? "" : number;
    if (this.opened === "" || run.accounts[number]?.lines !== void 0) return this.refresh();
    const days = run.run === null ? { since: run.since, until: run.until, dry_run: true } : { run: run.run };
    void this.work(this.texts.loading, async () => {
      const one = await this.ask(run.run === null ? "allocate" : "get_allocation", { ...days, account: [number], lines: true });
      this.run = { ...run, accounts: { ...run.accounts, ...one.accounts } };
    });
  }
};

// src/ledger_cards/statements_card.ts
var FORMS = ["pdf", "html", "csv", "xlsx"];
var LINKS_SHOWN = 200;
var StatementsCard = class extends LedgerCard {
  papers;
  form;
  load() {
    return Promise.resolve();
  }
  concerns(before, now) {
    const entity = this.site?.entities["statements_printed"];
    return entity !== void 0 && before.states[entity]?.state !== now.states[entity]?.state;
  }
  content() {
    this.form ??= this.issuing();
    return [this.kept(this.form), this.progress(), this.files()];
  }
  issuing() {
    const { texts } = this;
    const shops = this.site?.shops ?? [];
    const areas = byArea(this.home, shops).filter(({ id }) => id !== void 0);
    const month = el("input", { type: "month", value: "" });
    const which = el(
      "select",
      {},
      el("option", { value: "" }, filled(texts.everyShop, { count: shops.length })),
      areas.map(({ id, name, members }) => el("option", { value: id }, `${name ?? ""} (${members.length})`))
    );
    const forms = FORMS.map((form) => el("input", { type: "checkbox", value: form, checked: form === "pdf" }));
    const email = el("input", { type: "checkbox" });
    const issue = () => {
      const area = areas.find(({ id }) => id === value(which));
      const target = area === void 0 ? { device_id: shops.map(({ deviceId }) => deviceId) } : { area_id: area.id };
      const data = {
        ...target,
        ...value(month) === "" ? {} : { month: value(month) },
        formats: forms.filter(({ checked }) => checked).map((form) => form.value),
        email: email.checked
      };
      const count = area?.members.length ?? shops.length;
      this.confirm({ text: filled(texts.issueQuestion, { count }), button: texts.issue }, () => this.issue(data, count));
    };
    return el(
      "div",
      { class: "fields" },
      field(`${texts.month} (${texts.sinceLast})`, month),
      field(texts.which, which),
      forms.map((form) => el("label", { class: "field check" }, form, form.value.toUpperCase())),
      el("label", { class: "field check" }, email, texts.byEmail),
      el("button", { type: "button", class: "primary", onclick: issue }, texts.issue)
    );
  }
  issue(data, all) {
    void this.work(this.texts.issuing, async () => {
      this.papers = await this.ask("issue_statement", data);
      const count = Object.keys(this.papers.accounts).length;
      this.notice = filled(this.papers.cancelled ? this.texts.wasStopped : this.texts.wasIssued, { count, all });
    });
  }
  progress() {
    const entity = this.site?.entities["statements_printed"];
    const percent = Number.parseFloat((entity === void 0 ? void 0 : this.home.states[entity]?.state) ?? "");
    if (Number.isNaN(percent)) return null;
    const text2 = filled(this.texts.printed, { percent });
    const stop = () => void this.ask("cancel_statements").catch((error) => this.tell(error));
    return el("div", { class: "fields" }, text2, bar(percent / 100, "", text2), el("button", { type: "button", class: "plain", onclick: stop }, this.texts.stop));
  }
  files() {
    const { papers, texts, site } = this;
    if (papers === void 0) return null;
    const nameOf2 = (number) => accountName(site, number);
    const links = (files) => Object.entries(files ?? {}).map(([form, { link }]) => [el("a", { href: link, target: "_blank", rel: "noopener" }, form.toUpperCase()), " "]);
    const rows = found(Object.keys(papers.accounts), "", nameOf2).slice(0, LINKS_SHOWN).map((number) => {
      const paper = papers.accounts[number];
      return row([nameOf2(number), String(paper?.number ?? ""), paper?.error ?? links(paper?.files)], { numbers: 3 });
    });
    const together = links(papers.files);
    return [
      together.length > 0 ? el("p", {}, texts.allTogether, ": ", together) : null,
      rows.length > 0 ? table([texts.account, texts.number, texts.forms], rows, { label: texts.forms, numbers: 3 }) : null
    ];
  }
};

// src/dashboard_strategy.ts
var DASHBOARD_STRATEGY = "compere-prepaid";
var CompereDashboardStrategy = class extends HTMLElement {
  static noEditor = true;
  static registryDependencies = ["entities", "devices", "areas"];
  static shouldRegenerate(_config, before, now) {
    return mustRegenerate(before, now, generateDashboard);
  }
  static generate(_config, hass) {
    return Promise.resolve(generateDashboard(hass));
  }
};
var CompereShopStrategy = class extends HTMLElement {
  static registryDependencies = ["entities", "devices", "areas"];
  static shouldRegenerate(config, before, now) {
    return mustRegenerate(before, now, (hass) => generateShop(hass, config.device ?? ""));
  }
  static generate(config, hass) {
    return Promise.resolve(generateShop(hass, config.device ?? ""));
  }
};
async function register() {
  await customElements.whenDefined("home-assistant");
  if (customElements.get(`ll-strategy-dashboard-${DASHBOARD_STRATEGY}`)) return;
  customElements.define(`ll-strategy-dashboard-${DASHBOARD_STRATEGY}`, CompereDashboardStrategy);
  customElements.define(`ll-strategy-view-${SHOP_STRATEGY}`, CompereShopStrategy);
  customElements.define(LEDGER_CARDS.runs, RunsCard);
  customElements.define(LEDGER_CARDS.pools, PoolsCard);
  customElements.define(LEDGER_CARDS.bills, BillsCard);
  customElements.define(LEDGER_CARDS.statements, StatementsCard);
  customElements.define(LEDGER_CARDS.balance, BalanceCard);
  const labels = labelsFor(document.documentElement.lang || navigator.language);
  window.customStrategies = window.customStrategies ?? [];
  window.customStrategies.push({
    type: DASHBOARD_STRATEGY,
    strategyType: "dashboard",
    name: labels.dashboard,
    description: labels.dashboardDescription
  });
}
await register();
