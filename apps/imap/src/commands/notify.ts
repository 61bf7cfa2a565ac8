import { Bad, type Command, ok } from '../command.ts';
import { type EventGroups, parseEventGroups } from '../event-groups.ts';
import { Notifications } from '../notifications.ts';

interface NotifyArgs {
  /** Null: nothing is to be told. */
  readonly groups: EventGroups | null;
  readonly tellsStatus: boolean;
}

/** NOTIFY: RFC 5465 §3.1. What has come so far is told behind SET, whatever is to be told from then on. */
export const notify: Command<NotifyArgs> = {
  name: 'NOTIFY',
  state: 'authenticated',
  parse(args) {
    const form = args.sp().atom().toUpperCase();
    if (form === 'NONE') return { groups: null, tellsStatus: false };
    if (form !== 'SET') throw new Bad('SET or NONE is expected');
    const tellsStatus = !args.sp().peek('(');
    if (tellsStatus) args.expect('STATUS').sp();
    return { groups: parseEventGroups(args), tellsStatus };
  },
  async run(session, { groups, tellsStatus }) {
    const notifications = await Notifications.begin(session, groups);
    const before = session.notify(notifications);
    try {
      if (groups !== null) await session.sync({ ask: 'database', expunges: true, isSnapshot: true });
    } catch (error) {
      session.notify(before); // who is told NO goes on as before
      notifications.close();
      throw error;
    }
    before?.close();
    if (groups === null) return ok('Nothing is told');
    await notifications.tellInaccessible();
    if (tellsStatus) await notifications.tellStatus();
    return ok('Told as it comes');
  },
};
