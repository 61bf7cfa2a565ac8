import { getHeapStatistics } from 'node:v8';
import type { Logger } from 'pino';

/** Of what the engine may have. A process that reaches its limit is ended by the engine, with all its connections. */
const MOST = 0.8;

/** Keeps memory for the connections there are: who would be one more is turned away before the engine has no more. */
export class HeapReserve {
  readonly #log: Logger;
  #isTouched = false;

  constructor(log: Logger) {
    this.#log = log;
  }

  /** Asks the engine, which takes a few microseconds. */
  get isTouched(): boolean {
    const { used_heap_size: used, heap_size_limit: limit } = getHeapStatistics();
    const isTouched = used > MOST * limit;
    if (isTouched !== this.#isTouched) {
      this.#isTouched = isTouched;
      if (isTouched) this.#log.error({ used, limit }, 'memory is short: new connections are turned away');
      else this.#log.info({ used, limit }, 'there is memory again: new connections are taken');
    }
    return isTouched;
  }
}
