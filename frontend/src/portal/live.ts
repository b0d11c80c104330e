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

  private _follow(): void {
    this._pause();
    if (!this._running || document.hidden) return;
    this._listen();
    void this._poll();
  }

  private _pause(): void {
    this._stream?.close();
    this._stream = null;
    if (this._timer !== null) clearTimeout(this._timer);
    this._timer = null;
  }

  private _listen(): void {
    if (typeof EventSource === "undefined") return;
    const stream = new EventSource("/api/live");
    this._stream = stream;
    stream.addEventListener("state", (event) => this.heard(JSON.parse((event as MessageEvent<string>).data) as Partial<Overview>));
    stream.addEventListener("error", () => this.heard({}));
    stream.addEventListener("open", () => this.heard({}));
  }

  /** Ask once, then again and again for as long as the stream is not there. */
  private async _poll(): Promise<void> {
    const mine = this._stream;
    try {
      if (!this.streaming) this.heard(await this.api.get<Overview>("/api/overview"));
    } catch (error) {
      this.failed(error);
    }
    if (!this._running || document.hidden || mine !== this._stream) return;
    this._polls += 1;
    const closed = this._stream === null || this._stream.readyState === 2;
    if (closed && this._polls % STREAM_AGAIN_AFTER_POLLS === 0) this._listen();
    this._timer = setTimeout(() => void this._poll(), POLL_MS);
  }
}
