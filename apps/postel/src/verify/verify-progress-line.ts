import type { NamedAccount, VerifyProgress } from '@postel/storage';

/** On a terminal the line is drawn anew so often; elsewhere it is a line of its own each time. */
const DRAW_MS = 500;
const LINE_MS = 10_000;
/** What looking at a message's row costs, as octets of a content: for the share that is done. */
const ROW_OCTETS = 500;

interface Screen {
  readonly isTTY?: boolean;
  write(text: string): unknown;
}

/** How far a verification is: accounts, messages, octets, their rate and the time left. */
export class VerifyProgressLine implements Disposable {
  readonly #screen: Screen;
  readonly #accounts: readonly NamedAccount[];
  readonly #whole: number;
  readonly #startedAt = performance.now();
  readonly #timer: NodeJS.Timeout;
  #begun = 0;
  #name = '';
  #messages = 0;
  #octets = 0;
  #isDrawn = false;

  constructor(
    screen: Screen,
    accounts: readonly NamedAccount[],
    { readsContents }: { readonly readsContents: boolean },
  ) {
    this.#screen = screen;
    this.#accounts = accounts;
    this.#whole = accounts.reduce(
      (sum, { messages, octets }) => sum + messages * ROW_OCTETS + (readsContents ? octets : 0),
      0,
    );
    this.#timer = setInterval(() => this.#draw(), screen.isTTY === true ? DRAW_MS : LINE_MS).unref();
  }

  begin(account: NamedAccount): void {
    this.#begun++;
    this.#name = account.name;
  }

  readonly add = ({ messages = 0, contentOctets = 0 }: VerifyProgress): void => {
    this.#messages += messages;
    this.#octets += contentOctets;
  };

  /** Takes the line off the terminal, so that something else can be said. */
  clear(): void {
    if (this.#isDrawn) this.#screen.write('\r\x1b[2K');
    this.#isDrawn = false;
  }

  /** `2 accounts, 1,234 messages and 5.6 MB of contents in 3 s` */
  summary(): string {
    const accounts = `${this.#begun} ${this.#begun === 1 ? 'account' : 'accounts'}`;
    const octets = this.#octets === 0 ? '' : ` and ${megabytes(this.#octets)} of contents`;
    return `${accounts}, ${thousands(this.#messages)} messages${octets} in ${duration(this.#elapsedS())}`;
  }

  [Symbol.dispose](): void {
    clearInterval(this.#timer);
    this.clear();
  }

  #draw(): void {
    const seconds = this.#elapsedS();
    const done = this.#messages * ROW_OCTETS + this.#octets;
    // What copies and removed messages make of it is not known before: never more than nearly done.
    const share = Math.min(done / Math.max(this.#whole, 1), 0.99);
    const line = [
      `verifying ${this.#name} (account ${this.#begun} of ${this.#accounts.length})`,
      `${thousands(this.#messages)} messages`,
      `${megabytes(this.#octets)}, ${megabytes(this.#octets / seconds)}/s`,
      `${Math.floor(share * 100)} %`,
      ...(share > 0.01 ? [`about ${duration((seconds / share) * (1 - share))} left`] : []),
    ].join(', ');
    if (this.#screen.isTTY !== true) this.#screen.write(`${line}\n`);
    else {
      this.#screen.write(`\r\x1b[2K${line}`);
      this.#isDrawn = true;
    }
  }

  #elapsedS(): number {
    return Math.max((performance.now() - this.#startedAt) / 1_000, 0.001);
  }
}

const thousands = (count: number): string => count.toLocaleString('en');
const megabytes = (octets: number): string => `${(octets / 1_000_000).toFixed(1)} MB`;

function duration(seconds: number): string {
  if (seconds < 90) return `${Math.ceil(seconds)} s`;
  if (seconds < 5_400) return `${Math.round(seconds / 60)} min`;
  return `${(seconds / 3_600).toFixed(1)} h`;
}
