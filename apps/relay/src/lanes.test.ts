import { BUILT_IN_ROUTE, DIRECT_SETTINGS, type Route } from '@postel/directory';
import type { LeasedRecipient } from '@postel/queue';
import { describe, expect, test } from 'vitest';
import type { Group } from './group.ts';
import { Lanes } from './lanes.ts';
import { TRANSACTIONS_A_DOMAIN, WAITING_FOR_A_HOST, WAITING_FOR_A_SMARTHOST } from './limits.ts';

const SMARTHOST: Route = {
  ...BUILT_IN_ROUTE,
  name: 'way-out',
  settings: { ...DIRECT_SETTINGS, hosts: ['smarthost.example'], connections: 2 },
};

/** One recipient, of whom lanes look only at what is said here. */
function group(domain: string, { isBulk = false, route = BUILT_IN_ROUTE }: { isBulk?: boolean; route?: Route } = {}) {
  const message = { envelope: { reversePath: 'mary@example.com' } };
  const recipient = { domain, isBulk, message } as LeasedRecipient;
  const lane = route === BUILT_IN_ROUTE ? domain : `route ${route.name}`;
  return { lane, domain, routeName: route.name, route, recipients: [recipient], here: new Set() } as unknown as Group;
}

const groups = (count: number, domain: string, more = {}) => Array.from({ length: count }, () => group(domain, more));

function begun(lanes: Lanes, isBulk = false): readonly Group[] {
  return [...lanes.begin(isBulk)];
}

test('lanes take turns, and each has so many transactions at most', () => {
  const lanes = new Lanes();
  lanes.add([...groups(TRANSACTIONS_A_DOMAIN + 1, 'a.example'), ...groups(2, 'b.example')]);
  const domains = begun(lanes).map(({ domain }) => domain);
  expect(domains.slice(0, 4)).toEqual(['a.example', 'b.example', 'a.example', 'b.example']);
  expect(domains).toHaveLength(TRANSACTIONS_A_DOMAIN + 2);
  expect(begun(lanes)).toEqual([]);
  lanes.ended(group('a.example'));
  expect(begun(lanes)).toHaveLength(1);
});

test('who begins only one leaves the others where they are', () => {
  const lanes = new Lanes();
  lanes.add(groups(2, 'a.example'));
  for (const _ of lanes.begin(false)) break;
  expect(begun(lanes)).toHaveLength(1);
});

test('what goes to many begins only where it is asked for', () => {
  const lanes = new Lanes();
  const [bulk, other] = [group('a.example', { isBulk: true }), group('a.example')];
  lanes.add([bulk, other]);
  expect(begun(lanes)).toEqual([other]);
  expect(begun(lanes, true)).toEqual([bulk]);
});

test('a lane is full while it has its fill and as many in hand, and free when one was begun', () => {
  const lanes = new Lanes();
  const full = new Set(['a.example']);
  lanes.add(groups(2 * TRANSACTIONS_A_DOMAIN, 'a.example'));
  expect(lanes.full()).toEqual(new Set());
  begun(lanes);
  expect([lanes.full(), lanes.isOneFree(full), lanes.isOneFree(new Set())]).toEqual([full, false, false]);
  lanes.ended(group('a.example'));
  begun(lanes);
  expect([lanes.full(), lanes.isOneFree(full)]).toEqual([new Set(), true]);
});

describe('a smarthost', () => {
  test('has the connections that its route says', () => {
    const lanes = new Lanes();
    lanes.add(groups(3, 'a.example', { route: SMARTHOST }));
    expect(begun(lanes)).toHaveLength(2);
  });

  test('has so many waiting at most, and it is counted who was turned away until there is room', () => {
    const lanes = new Lanes();
    const more = { route: SMARTHOST };
    expect(lanes.add(groups(WAITING_FOR_A_SMARTHOST + 1, 'a.example', more))).toHaveLength(1);
    expect([lanes.turnAway('route way-out', 1), lanes.turnAway('route way-out', 5)]).toEqual([0, 1]);
    lanes.forgetTurnedAway();
    expect(lanes.turnAway('route way-out', 1)).toBe(6);
    lanes.clear();
    lanes.forgetTurnedAway();
    expect(lanes.turnAway('route way-out', 1)).toBe(0);
  });
});

test('a group that waited for a host is the first of its lane; of its domain no more is taken meanwhile', () => {
  const lanes = new Lanes();
  const parked = group('a.example');
  expect(lanes.park('mx.example', parked)).toBe(true);
  expect([lanes.full(), begun(lanes)]).toEqual([new Set(['a.example']), []]);
  const other = group('a.example');
  lanes.add([other]);
  lanes.unpark('mx.example', 1);
  expect([lanes.full(), begun(lanes)]).toEqual([new Set(), [parked, other]]);
});

test('so many wait for a host at most, and as many go on as it has room for', () => {
  const lanes = new Lanes();
  for (let i = 0; i < WAITING_FOR_A_HOST; i++) expect(lanes.park('mx.example', group(`a${i}.example`))).toBe(true);
  expect(lanes.park('mx.example', group('late.example'))).toBe(false);
  lanes.unpark('mx.example', 2);
  expect(begun(lanes).map(({ domain }) => domain)).toEqual(['a0.example', 'a1.example']);
  expect(lanes.clear()).toHaveLength(WAITING_FOR_A_HOST - 2);
});

test('rules that have changed move what waits into other lanes', () => {
  const lanes = new Lanes();
  const message = { id: '1', envelope: { reversePath: 'mary@example.com' } } as LeasedRecipient['message'];
  const recipient = { domain: 'a.example', isBulk: false, message, alias: null, listFields: '' } as LeasedRecipient;
  lanes.add([{ ...group('a.example'), recipients: [recipient] }]);
  lanes.rearrange({ of: () => ({ name: SMARTHOST.name, route: SMARTHOST }) });
  expect(begun(lanes)).toMatchObject([{ lane: 'route way-out', routeName: 'way-out', recipients: [recipient] }]);
});
