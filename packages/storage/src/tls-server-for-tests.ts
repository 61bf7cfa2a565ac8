import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { connect, createServer, type Socket } from 'node:net';
import { join } from 'node:path';
import { TLSSocket } from 'node:tls';
import { sharedPostel } from '@postel/testkit';
import type { DatabaseTarget } from './database.ts';

/** The database behind TLS, until somebody on the way writes nonsense between. */
export async function startTlsServer(target: DatabaseTarget, host = '127.0.0.1') {
  if ('url' in target) throw new Error('the test database is reached by a socket');
  const { dataDirectory } = sharedPostel();
  const file = (name: string) => readFileSync(join(dataDirectory, 'certificates', name));
  const secrets = { cert: file('server.pem'), key: file('server-key.pem') };

  const raw = new Set<Socket>();
  const server = createServer(async (client) => {
    raw.add(client);
    client.on('error', () => {});
    await once(client, 'data'); // SSLRequest
    client.write('S');
    const secure = new TLSSocket(client, { isServer: true, ...secrets });
    const upstream = connect(`${target.socketDirectory}/.s.PGSQL.5432`);
    secure.on('data', () => server.emit('data'));
    for (const socket of [secure, upstream]) socket.on('error', () => {});
    client.on('close', () => upstream.destroy());
    secure.pipe(upstream).pipe(secure);
  });
  server.listen(0, host);
  await once(server, 'listening');
  const address = server.address();
  const port = address !== null && typeof address === 'object' ? address.port : 0;
  return {
    /** Of the authority that its certificate is of; that names localhost, 127.0.0.1 and ::1. */
    caFile: join(dataDirectory, 'ca.pem'),
    target: { url: `postgres://${target.user}@${host}:${port}/${target.database}?sslmode=require` },
    events: server,
    garble() {
      for (const socket of raw) socket.write('this is no TLS record');
    },
    async [Symbol.asyncDispose]() {
      for (const socket of raw) socket.destroy();
      server.close();
      await once(server, 'close');
    },
  };
}
