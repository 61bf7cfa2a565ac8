/** The mail servers as `postel localserve` starts them; what they do then is tested where they are. */
import { once } from 'node:events';
import { connect } from 'node:net';
import { networkInterfaces } from 'node:os';
import { connect as connectTls } from 'node:tls';
import { sharedPostel } from '@postel/testkit';
import { expect, test } from 'vitest';

test.for([
  ['imap', /^\* OK /],
  ['submission', /^220 localhost ESMTP /],
  ['mx', /^220 localhost ESMTP /],
  ['lmtp', /^220 localhost LMTP /],
] as const)('%s greets', async ([service, greeting]) => {
  const socket = connect(sharedPostel().ports[service], '127.0.0.1');
  const [first] = await once(socket, 'data');
  expect(String(first)).toMatch(greeting);
  socket.destroy();
});

test.for([
  ['imaps', /^\* OK /],
  ['submissions', /^220 localhost /],
] as const)('%s greets who trusts the authority', async ([service, greeting]) => {
  const { ports, ca } = sharedPostel();
  const socket = connectTls({ port: ports[service], host: '127.0.0.1', servername: 'localhost', ca });
  const [first] = await once(socket, 'data');
  expect(socket.authorized).toBe(true);
  expect(String(first)).toMatch(greeting);
  socket.destroy();
});

const outside = Object.values(networkInterfaces())
  .flatMap((addresses) => addresses ?? [])
  .find(({ family, internal }) => family === 'IPv4' && !internal);

test.skipIf(outside === undefined)('nothing listens beyond loopback (SKIP: no other address here)', async () => {
  for (const port of Object.values(sharedPostel().ports)) {
    const socket = connect(port, outside?.address);
    const [error] = await once(socket, 'error');
    expect(error).toMatchObject({ code: 'ECONNREFUSED' });
  }
});
