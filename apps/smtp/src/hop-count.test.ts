import { expect, test } from 'vitest';
import { HopCount } from './hop-count.ts';

test.each([
  ['', 0],
  ['Subject: x\r\n\r\nReceived: in the body\r\n', 0],
  ['Received: a\r\nReceived: b\r\n\tfolded\r\nRECEIVED : c\r\nSubject: Received: d\r\n\r\n', 3],
  ['Received-SPF: pass\r\nX-Received: x\r\n Received: folded\r\nreceived:\r\n', 1],
  ['\r\nReceived: behind an empty header\r\n', 0],
  ['Received: without an end', 0],
])('%j has %i, wherever it is cut', (text, hops) => {
  for (let cut = 0; cut <= text.length; cut++) {
    const count = new HopCount();
    count.push(Buffer.from(text.slice(0, cut)));
    count.push(Buffer.from(text.slice(cut)));
    expect(count.hops).toBe(hops);
  }
});

test('octet by octet', () => {
  const count = new HopCount();
  for (const octet of Buffer.from('Received: a\r\nReceived: b\r\n\r\nReceived: c\r\n'))
    count.push(Buffer.from([octet]));
  expect(count.hops).toBe(2);
});
