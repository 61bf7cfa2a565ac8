import { hash } from 'node:crypto';
import { prefixesOf } from '@postel/directory';
import type { NewTransaction, TransactionOutcome } from '@postel/storage';
import { HOURLY_RECORDS } from '../limits.ts';
import { uuidV7 } from './uuid-v7.ts';

const HOUR_MS = 3_600_000;

/** What keeps refused mail from filling the disk: rows that a process makes in an hour. What is more is counted, by network. */
interface HourlyRecords {
  /** Of one /21 or IPv6 /32. */
  readonly ofRegion: number;
  readonly ofAll: number;
}

/** Of what concerns an account, or was a message; and of all else, which costs a stranger nothing. */
export type HourlyLimits = Readonly<Record<'concerning' | 'idle', HourlyRecords>> & {
  /** Networks that are counted apart; what is more is counted together. */
  readonly networks: number;
};

/** They take room elsewhere too, or come from who may send. */
const ACCEPTED: ReadonlySet<TransactionOutcome> = new Set([
  'delivered',
  'junk',
  'waiting',
  'held',
  'queued',
  'left-out',
]);

/** Counts the rows of an hour, and makes many into one where there are too many. */
export class RowBudget {
  readonly #limits: HourlyLimits;
  #hour = 0;
  readonly #ofRegion = { concerning: new Map<string, number>(), idle: new Map<string, number>() };
  readonly #ofAll = { concerning: 0, idle: 0 };
  readonly #networks = new Set<string>();

  constructor(limits: HourlyLimits = HOURLY_RECORDS) {
    this.#limits = limits;
  }

  fit(row: NewTransaction): NewTransaction {
    if (ACCEPTED.has(row.outcome)) return row;
    this.#enter(Math.floor(row.settledAt / HOUR_MS));
    const kind = row.accountId !== null || row.stage === 'message' ? 'concerning' : 'idle';
    const region = prefixesOf(row.clientAddress ?? '').region;
    const rows = this.#ofRegion[kind].get(region) ?? 0;
    const { ofRegion, ofAll } = this.#limits[kind];
    if (rows >= ofRegion || this.#ofAll[kind] >= ofAll) return this.#folded(row, region);
    this.#ofRegion[kind].set(region, rows + 1);
    this.#ofAll[kind]++;
    return row;
  }

  #enter(hour: number): void {
    if (hour <= this.#hour) return;
    this.#hour = hour;
    this.#ofRegion.concerning.clear();
    this.#ofRegion.idle.clear();
    this.#ofAll.concerning = 0;
    this.#ofAll.idle = 0;
    this.#networks.clear();
  }

  /** Its id is the same in every process, so that they add up in one row. */
  #folded({ listener, stage, outcome, settledAt }: NewTransaction, region: string): NewTransaction {
    const isKnown = this.#networks.has(region) || this.#networks.size < this.#limits.networks;
    if (isKnown) this.#networks.add(region);
    const clientAddress = isKnown ? region : null;
    const hourMs = this.#hour * HOUR_MS;
    const key = hash('sha256', JSON.stringify([clientAddress, listener, stage, outcome]), 'buffer');
    return {
      transactionId: uuidV7(hourMs, key),
      recipientNo: 1,
      settledAt,
      folded: 1,
      listener,
      protocol: null,
      connectionId: null,
      messageNo: null,
      clientAddress,
      clientName: null,
      tlsVersion: null,
      senderAccountId: null,
      reversePath: null,
      recipient: null,
      destination: null,
      accountId: null,
      messageId: null,
      sizeOctets: null,
      checks: null,
      stage,
      outcome,
      replyCode: null,
      replyStatus: null,
      replyText: null,
      uidvalidity: null,
      uid: null,
      releaseAt: null,
    };
  }
}
