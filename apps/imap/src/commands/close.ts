import { rangesOf } from '@postel/storage';
import { type Command, ok } from '../command.ts';

/** CLOSE: RFC 9051 §6.4.2. Expunges without a word, unless the mailbox was opened read-only or the right is missing (RFC 4314 §4). */
export const close: Command<null> = {
  name: 'CLOSE',
  state: 'selected',
  parse: () => null,
  async run(session) {
    const { view, store } = session;
    if (!view.isReadOnly && view.rights.has('e'))
      await store.expunge(view.mailbox.account, view.mailbox.id, rangesOf(view.uids()));
    session.unselect();
    return ok('Closed');
  },
};
