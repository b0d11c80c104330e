/** Statements: issued for a month or since the last ones, printed and sent, with progress, and the files to take. */
import type { HomeAssistant } from "../home_assistant.ts";
import { byArea } from "../site_model.ts";
import { LedgerCard, field, value } from "./base.ts";
import type { Papers } from "./contract.ts";
import { bar, el, row, table } from "./dom.ts";
import type { Child } from "./dom.ts";
import { accountName, found } from "./tables.ts";
import { filled } from "./texts.ts";

const FORMS = ["pdf", "html", "csv", "xlsx"] as const;
const LINKS_SHOWN = 200;

export class StatementsCard extends LedgerCard {
  private papers: Papers | undefined;
  private form: HTMLElement | undefined;

  protected load(): Promise<void> {
    return Promise.resolve();
  }

  protected override concerns(before: HomeAssistant, now: HomeAssistant): boolean {
    const entity = this.site?.entities["statements_printed"];
    return entity !== undefined && before.states[entity]?.state !== now.states[entity]?.state;
  }

  protected content(): Child[] {
    this.form ??= this.issuing();
    return [this.kept(this.form), this.progress(), this.files()];
  }

  private issuing(): HTMLElement {
    const { texts } = this;
    const shops = this.site?.shops ?? [];
    const areas = byArea(this.home, shops).filter(({ id }) => id !== undefined);
    const month = el("input", { type: "month", value: "" });
    const which = el(
      "select",
      {},
      el("option", { value: "" }, filled(texts.everyShop, { count: shops.length })),
      areas.map(({ id, name, members }) => el("option", { value: id }, `${name ?? ""} (${members.length})`)),
    );
    const forms = FORMS.map((form) => el("input", { type: "checkbox", value: form, checked: form === "pdf" }) as HTMLInputElement);
    const email = el("input", { type: "checkbox" }) as HTMLInputElement;
    const issue = (): void => {
      const area = areas.find(({ id }) => id === value(which));
      const target = area === undefined ? { device_id: shops.map(({ deviceId }) => deviceId) } : { area_id: area.id };
      const data = {
        ...target,
        ...(value(month) === "" ? {} : { month: value(month) }),
        formats: forms.filter(({ checked }) => checked).map((form) => form.value),
        email: email.checked,
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
      el("button", { type: "button", class: "primary", onclick: issue }, texts.issue),
    );
  }

  private issue(data: Record<string, unknown>, all: number): void {
    void this.work(this.texts.issuing, async () => {
      this.papers = await this.ask<Papers>("issue_statement", data);
      const count = Object.keys(this.papers.accounts).length;
      this.notice = filled(this.papers.cancelled ? this.texts.wasStopped : this.texts.wasIssued, { count, all });
    });
  }

  private progress(): Child {
    const entity = this.site?.entities["statements_printed"];
    const percent = Number.parseFloat((entity === undefined ? undefined : this.home.states[entity]?.state) ?? "");
    if (Number.isNaN(percent)) return null;
    const text = filled(this.texts.printed, { percent });
    const stop = (): void => void this.ask("cancel_statements").catch((error: unknown) => this.tell(error));
    return el("div", { class: "fields" }, text, bar(percent / 100, "", text), el("button", { type: "button", class: "plain", onclick: stop }, this.texts.stop));
  }

  private files(): Child {
    const { papers, texts, site } = this;
    if (papers === undefined) return null;
    const nameOf = (number: string): string => accountName(site, number);
    const links = (files: Readonly<Record<string, { link: string }>> | undefined): Child[] =>
      Object.entries(files ?? {}).map(([form, { link }]) => [el("a", { href: link, target: "_blank", rel: "noopener" }, form.toUpperCase()), " "]);
    const rows = found(Object.keys(papers.accounts), "", nameOf).slice(0, LINKS_SHOWN).map((number) => {
      const paper = papers.accounts[number];
      return row([nameOf(number), String(paper?.number ?? ""), paper?.error ?? links(paper?.files)], { numbers: 3 });
    });
    const together = links(papers.files);
    return [
      together.length > 0 ? el("p", {}, texts.allTogether, ": ", together) : null,
      rows.length > 0 ? table([texts.account, texts.number, texts.forms], rows, { label: texts.forms, numbers: 3 }) : null,
    ];
  }
}
