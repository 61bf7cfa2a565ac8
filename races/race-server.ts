import { readFileSync } from 'node:fs';
import type { RunningPostel, TestAccount } from '@postel/testkit';
import { type ImapProcess, startImapProcess } from '../apps/imap/src/testing/imap-process.ts';

/** A server with two IMAP processes on its database. */
export class RaceServer implements AsyncDisposable {
  readonly postel: RunningPostel;
  #second: ImapProcess;

  private constructor(postel: RunningPostel, second: ImapProcess) {
    this.postel = postel;
    this.#second = second;
  }

  /** @param postel runs already, with one IMAP process; it is not stopped here */
  static async start(postel: RunningPostel): Promise<RaceServer> {
    return new RaceServer(postel, await startImapProcess(postel, {}));
  }

  addAccount(): Promise<TestAccount> {
    return this.postel.addAccount('race');
  }

  /** The IMAP port for the client of that number: half of them speak to each process. */
  imapPort(client: number): number {
    return client % 2 === 0 ? this.postel.ports.imap : this.#second.port;
  }

  /** Puts a fresh process, which remembers nothing, in the place of the second one. */
  async renewSecond(): Promise<void> {
    await this.#second.stop();
    this.#second = await startImapProcess(this.postel, {});
  }

  /** What each IMAP process holds in memory, in octets. */
  residentOctets(): readonly number[] {
    const { imap = 0 } = this.postel.pids.apps;
    return [imap, this.#second.app.pid ?? 0].map((pid) => {
      const status = readFileSync(`/proc/${pid}/status`, 'latin1');
      return Number(/^VmRSS:\s+(\d+) kB/m.exec(status)?.[1]) * 1024;
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#second.stop();
  }
}
