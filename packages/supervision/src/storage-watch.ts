import type { Logger } from 'pino';
import { Counter, Gauge } from 'prom-client';
import type { AppContext } from './run-app.ts';

interface WatchedStorage {
  readonly database: { isUp(): boolean };
  readonly reserve: { readonly refusals: number; freeOctets(): Promise<number> };
}

/** What every app tells of the database and the disk: a line in the log when one is away, and one when it is back. */
export class StorageWatch {
  readonly #log: Logger;
  #downSince = 0;

  constructor(log: Logger) {
    this.#log = log;
  }

  readonly onDown = (error: unknown): void => {
    this.#downSince = performance.now();
    this.#log.error({ err: error }, 'the database does not answer: clients are told to try again later');
  };

  readonly onUp = (): void => {
    const seconds = (performance.now() - this.#downSince) / 1_000;
    this.#log.info({ seconds }, 'the database answers again');
  };

  readonly onReserveChange = (isWhole: boolean, freeOctets: number): void => {
    if (isWhole) this.#log.info({ freeOctets }, 'there is room on the disk again: new mail is taken');
    else this.#log.error({ freeOctets }, 'the disk is nearly full: no new mail is taken until there is room');
  };

  /** Registers metrics, which are measured when somebody asks for them. */
  readonly measure = ({ database, reserve }: WatchedStorage, register: AppContext['metrics']): void => {
    const registers = [register];
    new Gauge({
      name: 'postel_database_up',
      help: 'Whether the database answered when it was last asked: 1 or 0.',
      registers,
      collect() {
        this.set(database.isUp() ? 1 : 0);
      },
    });
    new Gauge({
      name: 'postel_disk_free_octets',
      help: 'Free on the fullest of the file systems that mail goes to.',
      registers,
      async collect() {
        const octets = await reserve.freeOctets();
        if (Number.isFinite(octets)) this.set(octets);
        else this.remove(); // a file system that does not say
      },
    });
    new Counter({
      name: 'postel_disk_refusals_total',
      help: 'How often new mail or a mailbox was refused for want of room on the disk.',
      registers,
      collect() {
        this.reset();
        this.inc(reserve.refusals);
      },
    });
  };
}
