import { CONNECTION_MS, IDLE_MS, IDLE_SESSIONS, MESSAGES_A_CONNECTION } from './limits.ts';
import type { MailSession } from './mail-session.ts';

interface Idle {
  readonly key: string;
  readonly session: MailSession;
  readonly timer: NodeJS.Timeout;
}

/**
 * Connections that have done what they were opened for, for a moment: the next message for the same host, under the same demands, goes by
 * one of them.
 */
export class SessionPool {
  /** The one that waits longest first. */
  readonly #idle = new Set<Idle>();
  #isClosed = false;

  /** @param key of all that has to be the same @returns null if there is none */
  take(key: string): MailSession | null {
    for (const idle of [...this.#idle].reverse()) {
      if (idle.key !== key) continue;
      this.#remove(idle);
      if (idle.session.connection.isQuiet) return idle.session;
      // It has said goodbye meanwhile.
      idle.session[Symbol.dispose]();
    }
    return null;
  }

  /** Keeps a connection for the next message, or says goodbye. */
  put(key: string, session: MailSession): void {
    const most = Math.min(MESSAGES_A_CONNECTION, session.mostMessages);
    const isWornOut = session.messages >= most || session.ageMs >= CONNECTION_MS;
    if (this.#isClosed || isWornOut || !session.connection.isQuiet) return void session.close();
    const [first] = this.#idle;
    if (this.#idle.size >= IDLE_SESSIONS && first !== undefined) this.#end(first);
    const idle: Idle = {
      key,
      session,
      timer: setTimeout(() => this.#end(idle), IDLE_MS).unref(),
    };
    this.#idle.add(idle);
  }

  close(): void {
    this.#isClosed = true;
    for (const idle of this.#idle) this.#end(idle);
  }

  #end(idle: Idle): void {
    this.#remove(idle);
    void idle.session.close();
  }

  #remove(idle: Idle): void {
    clearTimeout(idle.timer);
    this.#idle.delete(idle);
  }
}
