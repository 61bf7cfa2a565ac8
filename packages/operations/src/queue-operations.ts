import { type Deed, DIRECT_ROUTE, type ManagedDirectory } from '@postel/directory';
import {
  addHoldRule,
  addSuppression,
  changeQueue,
  failQueue,
  forgetTlsHosts,
  type HoldRule,
  type QueueChange,
  removeHoldRule,
  removeSuppression,
  routeQueue,
} from '@postel/queue';

/** Of a change of many recipients, as many are written down. */
const NAMED = 200;

/** What is done to the queue, each in one transaction with what is written down of it: see the functions of the queue. */
export function queueOperations(directory: Pick<ManagedDirectory, 'note' | 'routes'>) {
  return {
    /** @returns the ids of those that it was done to */
    change: (change: QueueChange, ids: readonly number[]) =>
      directory.note('queue', async (sql) => ofRecipients(change, await changeQueue(sql, change, ids))),

    /** @returns the ids of those that it was done to */
    fail: (ids: readonly number[], reason: string) =>
      directory.note('queue', async (sql) => ofRecipients('fail', await failQueue(sql, ids, reason), { reason })),

    /**
     * @param route by its name; null: what the rules say
     * @returns the ids of those that it was done to
     * @throws {DirectoryError} 'no-such-route'
     */
    async route(ids: readonly number[], route: string | null) {
      if (route !== null && route !== DIRECT_ROUTE) await directory.routes.read(route);
      return await directory.note('queue', async (sql) =>
        ofRecipients('route', await routeQueue(sql, ids, route), { by: route ?? 'rules' }),
      );
    },

    /** @returns how many recipients it holds; null: there is no such account */
    addHoldRule: (rule: HoldRule, reason: string) =>
      directory.note('queue', async (sql) => {
        const held = await addHoldRule(sql, rule, reason);
        const done = held === null ? null : { 'hold-rule': 'added', reason, held };
        return { result: held, name: `${rule.kind} ${rule.value}`, done };
      }),

    /** @returns how many recipients go on; null: there is no such rule */
    removeHoldRule: (rule: HoldRule) =>
      directory.note('queue', async (sql) => {
        const released = await removeHoldRule(sql, rule);
        const done = released === null ? null : { 'hold-rule': 'removed', released };
        return { result: released, name: `${rule.kind} ${rule.value}`, done };
      }),

    addSuppression: (address: string, reason: string) =>
      directory.note('queue', async (sql) => {
        await addSuppression(sql, address, reason);
        return { result: undefined, name: address, done: { suppression: 'added', reason } };
      }),

    /** @returns whether it was there */
    removeSuppression: (address: string) =>
      directory.note('queue', async (sql) => {
        const wasThere = await removeSuppression(sql, address);
        return { result: wasThere, name: address, done: wasThere ? { suppression: 'removed' } : null };
      }),

    /** @returns the hosts that were known */
    forgetTlsHosts: (hosts: readonly string[]) =>
      directory.note('queue', async (sql) => {
        const forgotten = await forgetTlsHosts(sql, hosts);
        const done = forgotten.length === 0 ? null : { 'tls-memory': 'forgotten', hosts: forgotten.slice(0, NAMED) };
        return { result: forgotten, name: forgotten[0] ?? '', done };
      }),
  };
}

function ofRecipients(
  what: string,
  ids: readonly number[],
  more: Readonly<Record<string, string>> = {},
): Deed<readonly number[]> {
  const [first] = ids;
  const recipients = ids.slice(0, NAMED).map(String);
  const done = {
    [what]: recipients,
    ...(ids.length > NAMED && { count: ids.length }),
    ...more,
  };
  return {
    result: ids,
    name: first === undefined ? '' : `recipient ${first}`,
    done: first === undefined ? null : done,
  };
}
