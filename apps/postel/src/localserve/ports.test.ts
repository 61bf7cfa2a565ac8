import { expect, test } from 'vitest';
import { UsageError } from '../command-error.ts';
import { describePortProblem, portsAt } from './ports.ts';

test('the default offset gives the ports that scripts rely on', () => {
  expect(portsAt('1000')).toEqual({
    mx: 1025,
    lmtp: 1024,
    imap: 1143,
    imaps: 1993,
    submissions: 1465,
    submission: 1587,
    web: 1080,
    webKeys: 1443,
    metrics: 1081,
  });
});

test.for(['-1', '1e3', '0x10', '1.5', '', '64543', 'abc'])('%s is no port offset', (offset) => {
  expect(() => portsAt(offset)).toThrow(UsageError);
});

test('a port in use is named, with what to do', () => {
  const problem = describePortProblem({ port: 1143, code: 'EADDRINUSE' });
  expect(problem).toMatch(/^Port 1143 on 127.0.0.1 is in use by another program.*--port-offset/);
});

test('a port that is reserved for the system administrator says so', () => {
  expect(describePortProblem({ port: 143, code: 'EACCES' })).toMatch(/1024 and above with --port-offset/);
});
