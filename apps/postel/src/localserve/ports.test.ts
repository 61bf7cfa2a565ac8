import { once } from 'node:events';
import { createServer } from 'node:net';
import { expect, test } from 'vitest';
import { CommandError, UsageError } from '../command-error.ts';
import { checkPortsAreFree, describePortProblem, portsAt } from './ports.ts';

test('the default offset gives the ports that scripts rely on', () => {
  expect(portsAt('1000')).toEqual({
    mx: 1025,
    lmtp: 1024,
    imap: 1143,
    imaps: 1993,
    submissions: 1465,
    submission: 1587,
    metrics: 1081,
  });
});

test.for(['-1', '1e3', '0x10', '1.5', '', '64543', 'abc'])('%s is no port offset', (offset) => {
  expect(() => portsAt(offset)).toThrow(UsageError);
});

test('a port in use is named, with what to do', async () => {
  const taken = createServer().listen(0, '127.0.0.1');
  await once(taken, 'listening');
  const address = taken.address();
  const port = address !== null && typeof address === 'object' ? address.port : 0;
  const check = checkPortsAreFree({ mx: 0, lmtp: 0, imap: port, imaps: 0, submissions: 0, submission: 0, metrics: 0 });
  await expect(check).rejects.toThrow(`Port ${port} on 127.0.0.1 is in use`);
  await expect(check).rejects.toThrow(CommandError);
  taken.close();
});

test('a port that is reserved for the system administrator says so', () => {
  expect(describePortProblem(143, 'EACCES')).toMatch(/1024 and above with --port-offset/);
});
