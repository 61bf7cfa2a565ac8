import { expect, test } from 'vitest';
import { unreadHosts } from './unread-hosts.ts';

test.each([
  ['a@one.example b@two.example', ['one.example', 'two.example']],
  ['a@one.example@two.example', ['one.example', 'two.example']],
  ['x, a@one.example (c) b@two.example', ['one.example', 'two.example']],
  ['a@one.example', []],
  ['a@one.example <b@two.example>', []],
  ['a@one.example, b@two.example', []],
  ['g: a@one.example; b@two.example', []],
  ['"a@one.example" b@two.example (c@three.example)', []],
  ['', []],
])('%s', (value, hosts) => {
  expect(unreadHosts(value)).toEqual(hosts);
});

test.each(['"', '(', '\\', '"\\', '@', 'a@', '<', ','])('hardening 34: %j repeated takes no long time', (piece) => {
  expect(unreadHosts(piece.repeat(200_000)).length).toBeLessThanOrEqual(200_000);
});
