import { expect, test } from 'vitest';
import { LoopWatch } from './loop-watch.ts';

test.each([
  ['Delivered-To: team@localhost', true],
  ['delivered-to :TEAM@LOCALHOST', true],
  ['Delivered-To: News@localhost', true], // of a domain that tells cases apart
  ['Delivered-To: news@localhost', false],
  ['Delivered-To: teams@localhost', false],
  ['X-Delivered-To: team@localhost', false],
  ['\r\nDelivered-To: team@localhost', false],
])('%j: has it come by one of the aliases before? %s', (line, hasLoop) => {
  const message = Buffer.from(`Subject: x\r\n${line}\r\n\r\ntext`);
  for (const octets of [1, message.length]) {
    const watch = new LoopWatch(new Set(['team@localhost', 'News@localhost']));
    for (let at = 0; at < message.length; at += octets) watch.push(message.subarray(at, at + octets));
    expect(watch.hasLoop).toBe(hasLoop);
  }
});
