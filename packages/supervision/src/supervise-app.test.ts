import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { connect, createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { AppStartError } from './app-process.ts';
import { renderMetrics } from './render-metrics.ts';
import { type AppEvent, type SupervisedApp, superviseApp } from './supervise-app.ts';

const lineApp = join(import.meta.dirname, 'fixtures/line-app.ts');

let directory: string;
let events: AppEvent[];
let toldOf: { readonly type: AppEvent['type']; resolve(event: AppEvent): void }[];
let app: SupervisedApp | null;

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'postel-supervision-'));
  events = [];
  toldOf = [];
  app = null;
});

afterEach(async () => {
  await app?.stop();
  rmSync(directory, { recursive: true });
});

test('an app is ready with its ports, answers metrics, and stops with exit code 0', async () => {
  const running = start();
  const [port = 0] = await running.ready;
  expect(running.isReady).toBe(true);
  expect(await ask(port, 'hello')).toBe(`${running.pid} hello`);

  const metrics = await running.metrics();
  const text = await renderMetrics([{ process: running.name, metrics: metrics ?? [] }]);
  expect(text).toContain('lines_total{process="test-1"} 1');
  expect(text).toContain('process_start_time_seconds{process="test-1"}');

  await running.stop();
  expect(running.pid).toBeNull();
  expect(log()).toContain('"msg":"stopped"');
});

test.for(['die', 'throw', 'reject'])('an app that is told to %s is started again, on the same port', async (how) => {
  const running = start(await freePort());
  const [port = 0] = await running.ready;
  const first = running.pid;
  const ended = told('ended');
  const readyAgain = told('ready');
  await Promise.allSettled([ask(port, how)]);
  expect(await ended).toMatchObject({ how: how === 'die' ? 'SIGKILL' : 'exit code 1', restartInMs: 200 });
  await readyAgain;
  expect(running.restarts).toBe(1);
  expect(running.pid).not.toBe(first);
  expect(await ask(port, 'hello')).toBe(`${running.pid} hello`);
});

test('an app that cannot open its port says which, and is not started again', async () => {
  const taken = createServer().listen(0, '127.0.0.1');
  await once(taken, 'listening');
  const address = taken.address();
  const port = address !== null && typeof address === 'object' ? address.port : 0;
  const error: unknown = await start(port).ready.then(
    () => null,
    (reason) => reason,
  );
  taken.close();
  expect(error).toBeInstanceOf(AppStartError);
  expect(error).toMatchObject({ failure: { code: 'EADDRINUSE', port } });
});

test('settings of the wrong kind are named', async () => {
  await expect(start('143').ready).rejects.toThrow('Setting port must be a port');
});

test('an app that cannot even be loaded says where to look', async () => {
  app = superviseApp({
    entry: join(directory, 'missing.ts'),
    settings: { processName: 'missing' },
    logFile: join(directory, 'log'),
  });
  await expect(app.ready).rejects.toThrow(/exit code 1.*log/);
  expect(log()).toContain('MODULE_NOT_FOUND');
});

test('problems reach the supervisor, without secrets', async () => {
  const [port = 0] = await start().ready;
  const problem = told('problem');
  await ask(port, 'secret');
  expect(JSON.stringify(await problem)).toContain('a problem');
  expect(log()).toContain('a problem');
  expect(JSON.stringify(events) + log()).not.toContain('hunter2');
});

test('SIGINT and SIGHUP leave an app alone: they are meant for the supervisor', async () => {
  const running = start();
  const [port = 0] = await running.ready;
  const { pid } = running;
  if (pid !== null) process.kill(pid, 'SIGINT');
  if (pid !== null) process.kill(pid, 'SIGHUP');
  expect(await ask(port, 'hello')).toBe(`${pid} hello`);
});

test('an app that does not stop is ended at its deadline', { timeout: 20_000 }, async () => {
  const running = start();
  const [port = 0] = await running.ready;
  await ask(port, 'stick');
  await running.stop();
  expect(log()).toContain('ending at the deadline');
});

/** Starts the line app under supervision. */
function start(port: unknown = 0): SupervisedApp {
  const settings = { processName: 'test-1', port };
  app = superviseApp({
    entry: lineApp,
    settings,
    logFile: join(directory, 'log'),
    onEvent(event) {
      events.push(event);
      for (const waiting of toldOf) if (waiting.type === event.type) waiting.resolve(event);
    },
  });
  return app;
}

/** The next event of this type. */
function told(type: AppEvent['type']): Promise<AppEvent> {
  return new Promise((resolve) => toldOf.push({ type, resolve }));
}

function log(): string {
  return readFileSync(join(directory, 'log'), 'utf8');
}

async function ask(port: number, line: string): Promise<string> {
  const socket: Socket = connect(port, '127.0.0.1');
  const answer = new Promise<string>((resolve, reject) => {
    socket.once('data', (data) => resolve(data.toString().trim()));
    socket.once('error', reject);
    socket.once('close', () => reject(new Error('closed')));
  });
  socket.write(`${line}\n`);
  try {
    return await answer;
  } finally {
    socket.destroy();
  }
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  return address !== null && typeof address === 'object' ? address.port : 0;
}
