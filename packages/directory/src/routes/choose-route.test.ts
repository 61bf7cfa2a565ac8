import { expect, test } from 'vitest';
import { RouteBook, type RouteCondition } from './choose-route.ts';

const MAIL = { reversePath: 'mary@example.com', forwardPath: 'bob@example.org', accountId: 7, pinnedRoute: null };

test.each<[Partial<RouteCondition>, Partial<typeof MAIL>, boolean]>([
  [{ sender: 'example.com' }, {}, true],
  [{ sender: 'example.com' }, { reversePath: 'mary@below.example.com' }, false],
  [{ sender: '*.example.com' }, { reversePath: 'mary@a.below.example.com' }, true],
  [{ sender: '*.example.com' }, {}, false],
  [{ sender: '*.example.com' }, { reversePath: 'mary@notexample.com' }, false],
  [{ sender: 'mary@example.com' }, { reversePath: 'MARY@Example.COM' }, true],
  [{ sender: 'mary@example.com' }, { reversePath: 'fred@example.com' }, false],
  [{ sender: '<>' }, { reversePath: '' }, true],
  [{ sender: '<>' }, {}, false],
  [{ sender: 'example.com' }, { reversePath: '' }, false],
  [{ recipient: 'xn--bcher-kva.example' }, { forwardPath: 'bob@Bücher.example' }, true],
  [{ recipient: 'example.org', accountId: 7 }, {}, true],
  [{ recipient: 'example.org', accountId: 8 }, {}, false],
  [{ accountId: 7 }, { accountId: 8 }, false],
])('a rule about %j and mail with %j: %j', (condition, mail, isMatch) => {
  const rule = { sender: null, recipient: null, accountId: null, route: 'provider', ...condition };
  expect(new RouteBook([], [rule], 'direct').choose({ ...MAIL, ...mail })).toBe(isMatch ? 'provider' : 'direct');
});

test('the first rule counts that matches, then the default, and before all of them what was said of the mail itself', () => {
  const rule = { sender: null, recipient: 'example.org', accountId: null };
  const book = new RouteBook(
    [],
    [
      { ...rule, route: 'first' },
      { ...rule, route: 'second' },
    ],
    'rest',
  );
  expect(book.choose(MAIL)).toBe('first');
  expect(book.choose({ ...MAIL, forwardPath: 'bob@[192.0.2.1]' })).toBe('rest');
  expect(book.choose({ ...MAIL, pinnedRoute: 'pinned' })).toBe('pinned');
  expect(book.get('direct')).toMatchObject({ name: 'direct' });
  expect(book.get('pinned')).toBeNull();
});
