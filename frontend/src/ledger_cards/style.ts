/** How the cards look: in Home Assistant's own colours, light and dark. */
export const STYLE = `
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
