/**
 * Keeps the overview up to date: by the server's stream, or by asking every few seconds where streams do not get
 * through. Nothing runs while the page is hidden.
 */
import type { Api } from "./api.ts";
import type { Overview } from "./contract.ts";

const POLL_MS = 10_000;
const STREAM_AGAIN_AFTER_POLLS = 6;

export class Live {
  private _stream: EventSource | null = null;
  private _timer: ReturnType<typeof setTimeout> | null = null;
  private _polls = 0;
  private _running = false;

  constructor(
    private readonly api: Api,
    private readonly heard: (news: Partial<Overview>) => void,
    private readonly failed: (error: unknown) => void,
  ) {
    document.addEventListener("visibilitychange", () => this._follow());
  }

  /** Whether values come by the stream now. */
  get streaming(): boolean {
    return this._stream?.readyState === 1;
  }

  start(): void {
    this._running = true;
    this._follow();
  }

  stop(): void {
    this._running = false;
    this._pause();
  }

  /** Ask for all of it now: the stream tells no announcements and messages. */
  async refresh(): Promise<void> {
    try {
      this.heard(await this.api.get<Overview>("/api/overview"));
    } catch (error) {
      this.failed(error);
    }
  }

  private _follow(): void {
    this._pause();
    if (!this._running || document.hidden) return;
    this._listen();
    void this.refresh();
    this._pollLater();
  }

  private _pollLater(): void {
    this._timer = setTimeout(() => void this._poll(), POLL_MS);
  }

  private _pause(): void {
    this._stream?.close();
    this._stream = null;
    if (this._timer !== null) clearTimeout(this._timer);
    this._timer = null;
  }

  private _listen(): void {
    if (typeof EventSource === "undefined") return;
    const stream = new EventSource(`/api/live?language=${this.api.language ?? ""}`);
    this._stream = stream;
    stream.addEventListener("state", (event) => this.heard(JSON.parse((event as MessageEvent<string>).data) as Partial<Overview>));
    stream.addEventListener("error", () => this.heard({}));
    stream.addEventListener("open", () => this.heard({}));
  }

  /** Ask again and again for as long as the stream is not there, and try the stream again now and then. */
  private async _poll(): Promise<void> {
    const mine = this._timer;
    if (!this.streaming) await this.refresh();
    if (mine !== this._timer) return; // stopped or begun anew meanwhile
    this._polls += 1;
    const closed = this._stream === null || this._stream.readyState === 2;
    if (closed && this._polls % STREAM_AGAIN_AFTER_POLLS === 0) this._listen();
    this._pollLater();
  }
}
