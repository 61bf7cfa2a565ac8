import { expect, test } from 'vitest';
import { formatReply, replies, type SmtpReply, storageReplies } from './replies.ts';

test('one line, several lines, and errors with the id of the connection', () => {
  expect(formatReply([250, '2.0.0', 'OK'], 'abc')).toBe('250 2.0.0 OK\r\n');
  expect(formatReply([250, null, ['a', 'b']], 'abc')).toBe('250-a\r\n250 b\r\n');
  expect(formatReply([214, '2.0.0', ['a', 'b']], 'abc')).toBe('214-2.0.0 a\r\n214 2.0.0 b\r\n');
  expect(formatReply([550, '5.1.1', 'No'], 'abc')).toBe('550 5.1.1 No (abc)\r\n');
  expect(formatReply([334, null, ''], 'abc')).toBe('334 \r\n');
});

test('the enhanced status code of every reply is of the class of its code, and lines are short enough', () => {
  const all: readonly (SmtpReply | null)[] = [...Object.values(replies), ...Object.values(storageReplies)];
  for (const reply of all) {
    if (reply === null) continue;
    const [code, enhancedStatusCode] = reply;
    if (enhancedStatusCode !== null) expect(enhancedStatusCode[0]).toBe(String(code)[0]);
    // RFC 5321 §4.5.3.1.5.
    for (const line of formatReply(reply, '0123456789').split('\r\n')) expect(line.length).toBeLessThanOrEqual(510);
  }
});
