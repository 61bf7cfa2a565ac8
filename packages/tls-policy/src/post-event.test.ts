import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { ScriptedResolver } from '@postel/dns';
import { expect, test } from 'vitest';
import { postEvent } from './post-event.ts';

/** Long enough for the connection. */
const TIMEOUT_MS = 2_000;

test.each(['', 'HTTP/1.1 200 OK\r\nX-Field: endless'])(
  'hardening 61: a web server that never ends its answer is left when its time is over: %j',
  async (said) => {
    const left: Promise<unknown>[] = [];
    const server = createServer((socket) => {
      left.push(once(socket, 'close'));
      socket.on('error', () => {}).on('data', () => socket.write(said));
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
    const web = { resolver: new ScriptedResolver({}), authorities: null, isReachable: () => true };
    const post = { url, headers: {}, body: Buffer.from('{}'), allowsPrivate: true };
    await expect(postEvent(web, post, TIMEOUT_MS)).rejects.toThrow();
    expect(left).toHaveLength(1);
    await Promise.all(left); // and it hears so
    server.close();
  },
);
