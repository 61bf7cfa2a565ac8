import { AnswerCache } from './answer-cache.ts';
import { askServer } from './ask-server.ts';
import type { DnsAnswer, Resolver } from './dns-answer.ts';
import {
  CNAME_CHAIN,
  FAILURE_TTL,
  LOOK_UP_MS,
  OPEN_QUESTIONS,
  PROBE_MS,
  RECORDS,
  ROUNDS,
  UNANSWERED_QUESTIONS,
} from './limits.ts';
import { lookUpLocalName } from './local-names.ts';
import { queryName } from './query-name.ts';
import { type ReadResponse, type Response, readResponse } from './read-response.ts';
import { type RecordData, type RecordType, recordReaders } from './records.ts';
import type { DnsServer } from './system-servers.ts';

export interface StubResolverOptions {
  /** Asked in this order. */
  readonly servers: () => readonly DnsServer[];
  /** How long a question may take. */
  readonly lookUpMs?: number;
  /** Milliseconds, of a clock that only goes forward. */
  readonly now?: () => number;
  /** No server answers any more, or one does again. */
  readonly onChange?: (isAnswered: boolean) => void;
}

/** What was asked for, how long it is true and how large it was. */
interface Outcome {
  readonly response: Response;
  readonly ttlSeconds: number;
  readonly octets: number;
}

const NO_ANSWER: Response = { kind: 'temporary', reason: 'no DNS server answers' };
const NO_ROOM: Response = { kind: 'temporary', reason: 'too many questions at the same time' };
const CIRCLE: Response = { kind: 'temporary', reason: 'too many aliases' };

/** Leaves the work to recursive resolvers (a stub resolver, RFC 1034 §5.3.1), has a cache, and knows whom not to trust. */
export class StubResolver implements Resolver {
  readonly #servers: () => readonly DnsServer[];
  readonly #lookUpMs: number;
  readonly #now: () => number;
  readonly #onChange: (isAnswered: boolean) => void;
  readonly #cache: AnswerCache;
  readonly #open = new Map<string, Promise<Response>>();
  /** Questions in a row that no server has answered. */
  #unanswered = 0;
  #answeredMs = 0;
  #probedMs = 0;

  constructor({ servers, lookUpMs = LOOK_UP_MS, now = () => performance.now(), onChange }: StubResolverOptions) {
    this.#servers = servers;
    this.#lookUpMs = lookUpMs;
    this.#now = now;
    this.#onChange = onChange ?? (() => undefined);
    this.#cache = new AnswerCache(now);
  }

  async lookUp<T extends RecordType>(name: string, type: T): Promise<DnsAnswer<RecordData[T]>> {
    const asked = queryName(name);
    if (asked === null) return { kind: 'nxdomain', authentic: false };
    const response = lookUpLocalName(asked, type) ?? (await this.#find(asked, type));
    if (response.kind !== 'found') return response;
    const { answers, authentic } = response;
    const records = answers
      .slice(0, RECORDS)
      .map(recordReaders[type])
      .filter((record) => record !== null);
    return records.length === 0 ? { kind: 'nodata', authentic } : { kind: 'found', records, authentic };
  }

  /** From the cache, or by one question for all who have it at the same time. */
  async #find(name: string, type: RecordType): Promise<Response> {
    const key = `${type} ${name}`;
    const known = this.#cache.get(key) ?? this.#open.get(key);
    if (known !== undefined) return await known;
    if (this.#open.size >= OPEN_QUESTIONS) return NO_ROOM;
    if (this.#unanswered < UNANSWERED_QUESTIONS) return await this.#ask(key, name, type);
    // Where nobody answers there is nothing to wait for. A question now and then shows when that has changed.
    if (this.#now() - this.#probedMs >= PROBE_MS) {
      this.#probedMs = this.#now();
      void this.#ask(key, name, type);
    }
    return NO_ANSWER;
  }

  async #ask(key: string, name: string, type: RecordType): Promise<Response> {
    const asking = this.#follow(name, type)
      .then(({ response, ttlSeconds, octets }) => {
        this.#cache.set(key, response, ttlSeconds, octets);
        return response;
      })
      .finally(() => this.#open.delete(key));
    this.#open.set(key, asking);
    return await asking;
  }

  /** Goes on with the name that an alias leads to, where the server did not. */
  async #follow(name: string, type: RecordType): Promise<Outcome> {
    const deadline = this.#now() + this.#lookUpMs;
    let target = name;
    let isAuthentic = true;
    let leastTtl = Number.POSITIVE_INFINITY;
    for (let hops = 0; hops <= CNAME_CHAIN; hops++) {
      const asked = await this.#askServers(target, type, deadline);
      if (asked === null) return { response: NO_ANSWER, ttlSeconds: FAILURE_TTL, octets: 0 };
      const { read, octets } = asked;
      leastTtl = Math.min(leastTtl, read.ttlSeconds);
      if (read.type === 'response') {
        return { response: isAuthentic ? read.response : unsigned(read.response), ttlSeconds: leastTtl, octets };
      }
      isAuthentic &&= read.authentic;
      target = read.name;
    }
    return { response: CIRCLE, ttlSeconds: FAILURE_TTL, octets: 0 };
  }

  /** Asks one server after the other, until one knows. Null if none has answered at all. */
  async #askServers(
    name: string,
    type: RecordType,
    deadline: number,
  ): Promise<{ readonly read: ReadResponse; readonly octets: number } | null> {
    const servers = this.#servers();
    const startMs = this.#now();
    let failure: { readonly read: ReadResponse; readonly octets: number } | null = null;
    for (let round = 0; round < ROUNDS; round++) {
      for (const server of servers) {
        const leftMs = deadline - this.#now();
        if (leftMs <= 0) break;
        // An answer of which no sense can be made is none.
        const answer = await askServer(server, name, type, leftMs)
          .then(({ packet, octets }) => ({ read: readResponse(packet, name, type, server.isTrusted), octets }))
          .catch(() => null);
        if (answer === null) continue;
        this.#answered();
        const { read } = answer;
        if (read.type !== 'response' || read.response.kind !== 'temporary') return answer;
        failure ??= answer;
      }
      if (failure !== null) return failure;
    }
    this.#notAnswered(startMs);
    return null;
  }

  #answered(): void {
    const wasSilent = this.#unanswered >= UNANSWERED_QUESTIONS;
    this.#answeredMs = this.#now();
    this.#unanswered = 0;
    if (wasSilent) this.#onChange(true);
  }

  /** A server that has told something else meanwhile is there: it is the question that nobody knows an answer to. */
  #notAnswered(sinceMs: number): void {
    if (this.#answeredMs > sinceMs) return;
    this.#probedMs = this.#now();
    if (++this.#unanswered === UNANSWERED_QUESTIONS) this.#onChange(false);
  }
}

function unsigned(response: Response): Response {
  return 'authentic' in response ? { ...response, authentic: false } : response;
}
