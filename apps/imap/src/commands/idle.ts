import { Abandoned, Bad, type Command, ok } from '../command.ts';

/** IDLE: RFC 2177, RFC 9051 §6.3.13. Changes are told as they come, until the client says DONE. */
export const idle: Command<null> = {
  name: 'IDLE',
  state: 'authenticated',
  parse: () => null,
  async run(session) {
    const { transport } = session;
    const view = session.selected;
    session.out.text('+ idling').crlf();
    await session.sync({ ask: 'database', expunges: true });
    await transport.flush();

    let wake: () => void = () => {};
    let hasNews = false;
    if (view !== null) {
      view.onChange = () => {
        hasNews = true;
        wake();
      };
    }
    const answer: { line: string | null; isRead: boolean } = { line: null, isRead: false };
    const reading = transport
      .readLine()
      .then((text) => {
        answer.line = text;
      })
      .finally(() => {
        answer.isRead = true;
        wake();
      });
    try {
      while (!answer.isRead) {
        if (hasNews) {
          hasNews = false;
          await session.tell({ expunges: true });
          await transport.flush();
          if (session.isLoggedOut) throw new Abandoned('the mailbox is gone');
        } else {
          await new Promise<void>((resolve) => {
            wake = resolve;
          });
        }
      }
      await reading;
    } finally {
      if (view !== null) view.onChange = null;
      reading.catch(() => {}); // when we leave for another reason, its failure is no news
    }
    const { line } = answer;
    if (line === null) throw new Abandoned('the client is gone');
    if (line.toUpperCase() !== 'DONE') throw new Bad('DONE is expected');
    return ok('Idled');
  },
};
