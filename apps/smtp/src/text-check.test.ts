import { expect, test } from 'vitest';
import { TEXT_LINE_OCTETS } from './limits.ts';
import { TextCheck } from './text-check.ts';

const long = 'x'.repeat(TEXT_LINE_OCTETS + 1);

const messages = [
  ['', null, null],
  ['a\r\n\r\nb\r\n', null, null],
  ['no end', null, null],
  ['a\nb\r\n', 'bare-lf', 'bare-lf'],
  ['\n', 'bare-lf', 'bare-lf'],
  ['a\rb\r\n', 'bare-cr', 'bare-cr'],
  ['a\r', 'bare-cr', 'bare-cr'],
  ['a\r\r\n', 'bare-cr', 'bare-cr'],
  ['a\r\r', 'bare-cr', 'bare-cr'],
  ['\0', 'nul', 'nul'],
  ['a\r\0', 'bare-cr', 'bare-cr'],
  ['\r\n\n', 'bare-lf', null],
  ['a: b\r\n\r\n\0\r\n\n', 'nul', null],
  ['a: b\r\n\r\n\r', 'bare-cr', null],
  [`${long.slice(1)}\r\n`, null, null],
  [long, 'line-too-long', 'line-too-long'],
  [`a\r\n${long}\r\n`, 'line-too-long', 'line-too-long'],
  [`a\r\n\r\n${long}\r\n`, 'line-too-long', null],
] as const;

test.for(messages.map((row) => [JSON.stringify(row[0]).slice(0, 30), ...row] as const))(
  '%s, whole and cut in two',
  ([, message, inAll, inHeader]) => {
    const octets = Buffer.from(message, 'latin1');
    const cuts = octets.length > 100 ? [0, 1, 4, octets.length - 1] : [...octets.keys(), octets.length];
    for (const [scope, fault] of [
      ['message', inAll],
      ['header', inHeader],
    ] as const) {
      for (const cut of cuts) {
        const check = new TextCheck(scope);
        check.push(octets.subarray(0, cut));
        check.push(octets.subarray(cut));
        check.end();
        expect(check.fault, `${scope}, cut at ${cut}`).toBe(fault);
      }
    }
  },
);
