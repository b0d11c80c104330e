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
function tile(entity, name, columns, options = {}) {
  if (entity === void 0) return void 0;
  return { type: "tile", entity, name, grid_options: { columns }, ...options };
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
function shopTiles(shop, tones, columns) {
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
    grid_options: { columns },
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
  const tag = language.toLowerCase();
  const simplified = tag === "zh" || tag.startsWith("zh-hans") || tag === "zh-cn" || tag === "zh-sg";
  return simplified ? SIMPLIFIED_CHINESE : ENGLISH;
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
var LINKING = { supply_state: "meters", policy: "options" };
function linkingEntities(hass) {
  return Object.values(hass.entities).flatMap((entry) => {
    const attribute = entry.platform === PLATFORM ? LINKING[entry.translation_key ?? ""] : void 0;
    return attribute === void 0 ? [] : [[entry.entity_id, attribute]];
  });
}
function metersAttribute(hass, entityId) {
  const serials = entityId === void 0 ? void 0 : hass.states[entityId]?.attributes["meters"];
  return Array.isArray(serials) ? serials.map(String) : [];
}
function byArea(hass, members) {
  const groups = /* @__PURE__ */ new Map();
  for (const member of members) {
    const known = member.areaId !== void 0 && hass.areas[member.areaId] ? member.areaId : void 0;
    groups.set(known, [...groups.get(known) ?? [], member]);
  }
  return [...groups].map(([areaId, found]) => {
    const area = areaId === void 0 ? void 0 : hass.areas[areaId];
    return { id: area?.area_id, name: area?.name, icon: area?.icon ?? void 0, members: found };
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
    const keys = new Map(entries.map((found) => [found.translation_key ?? "", found.entity_id]));
    const kind = KIND_BY_KEY.find(([key]) => keys.has(key))?.[1];
    if (!entry || !kind) continue;
    const areaId = entry.area_id ?? entries.find((found) => found.area_id)?.area_id ?? void 0;
    devices.push({ entry, kind, entities: Object.fromEntries(keys), areaId });
  }
  return devices;
}
function readSite(hass, id, devices) {
  const ofKind = (kind) => devices.filter((device) => device.kind === kind).sort((one, other) => compareNames(nameOf(one.entry), nameOf(other.entry)));
  const meters = ofKind("meter").map(
    (device) => ({
      deviceId: device.entry.id,
      serial: device.entry.serial_number ?? "",
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
  return {
    id,
    name: site ? nameOf(site.entry) : "",
    entities: site?.entities ?? {},
    shops,
    meters,
    commonMeters: meters.filter((meter) => !supplied.has(meter)),
    lines: ofKind("line").map(plain),
    providers: ofKind("provider").map(plain)
  };
}
function plain(device) {
  return { deviceId: device.entry.id, name: nameOf(device.entry), entities: device.entities };
}
function siteIdOf(entry) {
  return entry.config_entry_id ?? entry.primary_config_entry ?? entry.config_entries?.[0] ?? "";
}
function nameOf(entry) {
  return entry.name_by_user ?? entry.name ?? entry.id;
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
  const { payments_today: today, payment_count_today: count, suspense, unexplained } = site.entities;
  const sections = [
    section([
      heading(labels.paidToday, "mdi:cash-check"),
      tile(today, labels.paidToday, 6, { color: "green" }),
      tile(count, labels.paymentsToday, 6, { color: "green" }),
      ...perDay(today, labels)
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
function perDay(today, labels) {
  if (today === void 0) return [];
  const graph = {
    type: "statistics-graph",
    entities: [{ entity: today, name: labels.paidToday }],
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
  const value = (attribute) => `state_attr("${daysLeft}", "${attribute}")`;
  const shown = (attribute) => `{{ ${value(attribute)} | round(1) }}`;
  const isNumber = (attribute) => `is_number(${value(attribute)})`;
  const wide = `${value("low")} | round(1) != ${value("high")} | round(1)`;
  const band = labels.band.replace("{low}", shown("low")).replace("{high}", shown("high"));
  const content = `{% if ${isNumber("low")} and ${isNumber("high")} and ${wide} %}${band}{% endif %}`;
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
  const shop = shops.find((found) => found.deviceId === deviceId);
  return shopView(shop, labelsFor(hass.language), hass.user?.is_admin ?? false);
}
function mustRegenerate(before, now) {
  if (before.language !== now.language) return true;
  if (before.entities !== now.entities || before.devices !== now.devices || before.areas !== now.areas) return true;
  return linkingEntitiesOf(now).some(([entityId, attribute]) => {
    const [old, current] = [before.states[entityId], now.states[entityId]];
    return old !== current && JSON.stringify(old?.attributes[attribute]) !== JSON.stringify(current?.attributes[attribute]);
  });
}
var linkingEntitiesByRegistry = /* @__PURE__ */ new WeakMap();
function linkingEntitiesOf(hass) {
  const known = linkingEntitiesByRegistry.get(hass.entities) ?? linkingEntities(hass);
  linkingEntitiesByRegistry.set(hass.entities, known);
  return known;
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

// src/dashboard_strategy.ts
var DASHBOARD_STRATEGY = "compere-prepaid";
var CompereDashboardStrategy = class extends HTMLElement {
  static noEditor = true;
  static registryDependencies = ["entities", "devices", "areas"];
  static shouldRegenerate(_config, before, now) {
    return mustRegenerate(before, now);
  }
  static generate(_config, hass) {
    return Promise.resolve(generateDashboard(hass));
  }
};
var CompereShopStrategy = class extends HTMLElement {
  static registryDependencies = ["entities", "devices", "areas"];
  static shouldRegenerate(_config, before, now) {
    return mustRegenerate(before, now);
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
