import { Abandoned, Bad, type Command, ok } from '../command.ts';
import type { Session } from '../session.ts';

/** IDLE: RFC 2177, RFC 9051 §6.3.13. Changes are told as they come, until the client says DONE. */
export const idle: Command<null> = {
  name: 'IDLE',
  state: 'authenticated',
  parse: () => null,
  async run(session) {
    const { transport, selected } = session;
    const news = new News();
    if (selected !== null) selected.onChange = news.come; // before the database is asked: nothing falls in between
    const unwatch = session.metadataNews?.watch(news.come);
    const unnotify = session.notifications?.watch(news.come);
    if (session.notifications?.hasNews === true) news.come();
    try {
      await session.sync({ ask: 'database', expunges: true });
      await session.metadataNews?.tell();
      session.correctModSeq();
      session.out.text('+ idling').crlf();
      await transport.flush();
      const line = transport.readLine();
      line.then(news.end, news.end);
      await tellNews(session, news);
      if ((await line).toUpperCase() !== 'DONE') throw new Bad('DONE is expected');
    } finally {
      unwatch?.();
      unnotify?.();
      session.watchSelected();
      if (news.hasCome) session.notifications?.selectedChanged(); // with DONE: nobody else will tell it
    }
    return ok('Idled');
  },
};

async function tellNews(session: Session, news: News): Promise<void> {
  while (await news.next()) {
    try {
      await session.tell({ expunges: true });
      await session.metadataNews?.tell();
      await session.notifications?.tell();
    } catch (error) {
      // The client goes on until it says DONE; what could not be read is told with what comes next.
      if (error instanceof Abandoned || session.isLoggedOut) throw error;
      session.log.error({ err: error }, 'news could not be told');
    }
    session.correctModSeq(); // the end of the command may be far, and the connection's near
    await session.transport.flush();
  }
}

/** Wakes whoever waits for something to tell. What comes while nobody waits is not lost. */
class News {
  #hasCome = false;
  #hasEnded = false;
  #wake: (() => void) | null = null;

  readonly come = (): void => {
    this.#hasCome = true;
    this.#wake?.();
  };

  readonly end = (): void => {
    this.#hasEnded = true;
    this.#wake?.();
  };

  /** Whether something came behind the last `next` that was true. */
  get hasCome(): boolean {
    return this.#hasCome;
  }

  /** Waits; false when there will be no more. */
  async next(): Promise<boolean> {
    if (!this.#hasCome && !this.#hasEnded) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
      this.#wake = null;
    }
    if (this.#hasEnded) return false;
    this.#hasCome = false;
    return true;
  }
}
