import { stuffDots } from '@postel/smtp-client';
import { expect, test } from 'vitest';
import { parseArguments } from './parse-arguments.ts';
import { prepareMail } from './prepare-mail.ts';

const DEFAULTS = { from: 'mary@example.com', domain: null };
const GIVEN = { id: 'x1', at: new Date('2026-11-22T15:16:59Z'), args: parseArguments(['-i', 'bob@example.org']) };
const LINE_ENDS = ['', '\r\n', '\n', '\r', '\r\r\n', '\n\r', '\0', '\0\r\n', '\r\0\n', '\r\n\0'];
const ENDS = LINE_ENDS.flatMap((before) =>
  LINE_ENDS.flatMap((after) => ['.', '..'].map((dot) => before + dot + after)),
);

test('hardening 8: whatever a message has in it, no server finds an end of data in what is sent, however little it asks of one', () => {
  for (const end of ENDS) {
    const input = Buffer.from(`Subject: one\n\ntext${end}MAIL FROM:<mary@example.com>\n`, 'latin1');
    const prepare = () => prepareMail({ ...GIVEN, input }, DEFAULTS);
    if (end.includes('\0')) {
      expect(prepare, JSON.stringify(end)).toThrow('NUL');
      continue;
    }
    const wire = stuffDots(prepare().message).toString('latin1');
    expect(wire, JSON.stringify(end)).not.toMatch(/[\0]|\r(?!\n)|(?<!\r)\n/);
    expect(`\r\n${wire}`, JSON.stringify(end)).not.toMatch(/[\r\n]\.[\r\n]/);
    expect(wire.endsWith('MAIL FROM:<mary@example.com>\r\n')).toBe(true);
  }
});

test('hardening 8: what was stored with bare line ends, as IMAP may, leaves in lines', () => {
  const input = Buffer.from('Subject: one\r\n\r\na\n.\nb\r.\rc\r\n.\nd');
  const { message } = prepareMail({ ...GIVEN, input }, DEFAULTS);
  expect(stuffDots(message).toString()).toMatch(/\r\n\r\na\r\n\.\.\r\nb\r\n\.\.\r\nc\r\n\.\.\r\nd\r\n$/);
});
