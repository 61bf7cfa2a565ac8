import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { connect, createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { ListenError, ListeningSockets } from './listening-sockets.ts';
import { type SupervisedApp, superviseApp } from './supervise-app.ts';

const lineApp = join(import.meta.dirname, 'fixtures/line-app.ts');
const host = '127.0.0.1';

let directory: string;
let sockets: ListeningSockets;
let apps: SupervisedApp[];
let port: number;

beforeEach(async () => {
  directory = mkdtempSync(join(tmpdir(), 'postel-sockets-'));
  sockets = new ListeningSockets();
  apps = [];
  port = await openFreePort();
});

afterEach(async () => {
  sockets[Symbol.dispose]();
  await Promise.all(apps.map((app) => app.stop()));
  rmSync(directory, { recursive: true });
});

test('two processes share a port, and neither gets all connections', async () => {
  const [one, two] = await Promise.all([start('one'), start('two')]);
  const served = new Map<string, number>();
  const open: Socket[] = [];
  for (let i = 0; i < 400; i++) {
    const { socket, answer } = await ask('hello');
    open.push(socket);
    served.set(answer, (served.get(answer) ?? 0) + 1);
  }
  for (const socket of open) socket.destroy();
  expect(served.get(`${one.pid} hello`)).toBeGreaterThan(40);
  expect(served.get(`${two.pid} hello`)).toBeGreaterThan(40);
});

test('1,000 connections wait while the process is busy', async () => {
  const app = await start('one');
  const waiting = Array.from({ length: 1_000 }, () => connect(port, host));
  process.kill(app.pid ?? 0, 'SIGSTOP');
  await Promise.all(waiting.map((socket) => once(socket, 'connect')));
  process.kill(app.pid ?? 0, 'SIGCONT');
  for (const socket of waiting) socket.destroy();
});

test('who connects while the process is dead waits for the next one', async () => {
  const app = await start('one');
  const first = app.pid;
  (await ask('hello')).socket.destroy();
  await Promise.allSettled([ask('die')]);
  const { socket, answer } = await ask('hello'); // before it is started again, which takes 200 ms
  socket.destroy();
  expect(answer).toBe(`${app.pid} hello`);
  expect(app.pid).not.toBe(first);
});

test('a process is replaced by one with other settings, and nobody is refused meanwhile', async () => {
  const app = await start('one');
  const first = app.pid;
  const replaced = app.replace(planOf('one'));
  let answers = 0;
  let isOver = false;
  void replaced.then(() => {
    isOver = true;
  });
  const failures: unknown[] = [];
  while (!isOver) {
    try {
      (await ask('hello')).socket.destroy();
      answers++;
    } catch (error) {
      failures.push(error); // the line app says no farewell to whom it has accepted
    }
  }
  expect(String(failures)).not.toContain('ECONNREFUSED');
  expect(answers).toBeGreaterThan(10);
  expect(app.pid).not.toBe(first);
  expect(app.restarts).toBe(0);
});

test('a replacement that cannot start leaves the process that is there', async () => {
  const app = await start('one');
  const first = app.pid;
  const wrong = { ...planOf('one'), settings: { processName: 'one', port: 'none' } };
  await expect(app.replace(wrong)).rejects.toThrow('Setting port must be a port');
  const { socket, answer } = await ask('hello');
  socket.destroy();
  expect(answer).toBe(`${first} hello`);
});

test('addresses are opened all or none, and an address in use is named', async () => {
  const taken = createServer().listen(0, host);
  await once(taken, 'listening');
  const address = taken.address();
  const takenPort = address !== null && typeof address === 'object' ? address.port : 0;
  const other = await freePort();
  const open = () =>
    sockets.open([
      { host, port: other },
      { host, port: takenPort },
    ]);
  expect(open).toThrow(expect.objectContaining({ code: 'EADDRINUSE', port: takenPort }));
  expect(open).toThrow(ListenError);
  taken.close();
  expect(() => sockets.descriptor({ host, port: other })).toThrow('no socket is open');
  expect(sockets.descriptor({ host, port })).toBeGreaterThan(2);
});

test.for([[['*']], [['0.0.0.0', '::']]])('%j is every address, of IPv4 and IPv6', async ([hosts = []]) => {
  const own = await freePort();
  const addresses = hosts.map((every) => ({ host: every, port: own }));
  sockets.open(addresses);
  for (const address of addresses) {
    const settings = { processName: `at ${address.host}`, ...address };
    const plan = { entry: lineApp, settings, addresses: [address] };
    const app = superviseApp({ ...plan, sockets, logFile: join(directory, 'log') });
    apps.push(app);
    await app.ready;
  }
  for (const to of ['127.0.0.1', '::1']) {
    const { socket, answer } = await ask('hello', own, to);
    socket.destroy();
    expect(answer).toContain('hello');
  }
});

test('an address that is given up is closed when the last process is gone', async () => {
  const app = await start('one');
  sockets.keepOnly([]);
  (await ask('hello')).socket.destroy();
  await app.stop();
  await expect(ask('hello')).rejects.toThrow('ECONNREFUSED');
});

async function start(name: string): Promise<SupervisedApp> {
  const app = superviseApp({ ...planOf(name), sockets, logFile: join(directory, 'log') });
  apps.push(app);
  await app.ready;
  return app;
}

function planOf(processName: string) {
  return { entry: lineApp, settings: { processName, port }, addresses: [{ host, port }] };
}

/** A port at which a socket is open. */
async function openFreePort(): Promise<number> {
  const free = await freePort();
  sockets.open([{ host, port: free }]);
  return free;
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, host);
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  return address !== null && typeof address === 'object' ? address.port : 0;
}

async function ask(line: string, to = port, at = host) {
  const socket = connect(to, at);
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  socket.once('data', (data) => resolve(data.toString().trim()));
  socket.once('error', reject).once('close', () => reject(new Error('closed')));
  socket.write(`${line}\n`);
  return { socket, answer: await promise };
}
