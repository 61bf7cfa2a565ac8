import type { ResultCounter } from '@postel/queue';
import type { PublishedPolicy, TlsFailure } from '@postel/tls-policy';

/** What came of one session, or of what goes before it. */
interface SeenResult {
  readonly policy: PublishedPolicy;
  readonly failure: TlsFailure | null;
  readonly host: string | null;
  readonly address: string | null;
}

/** Counts what came of TLS with other domains. */
export class TlsResults {
  readonly #counter: Pick<ResultCounter, 'count' | 'flush'>;

  constructor(counter: Pick<ResultCounter, 'count' | 'flush'>) {
    this.#counter = counter;
  }

  count(domain: string, { policy, failure, host, address }: SeenResult): void {
    const told = failure === null ? null : { type: failure.type, reason: failure.reason, host, address };
    this.#counter.count(domain, JSON.stringify({ policy, failure: told }));
  }

  flush(): Promise<void> {
    return this.#counter.flush();
  }
}
