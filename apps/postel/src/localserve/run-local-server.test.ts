import { readFileSync, statSync } from 'node:fs';
import { get } from 'node:http';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { setTimeout as wait } from 'node:timers/promises';
import { createSecureContext } from 'node:tls';
import { type OwnPostel, startPostel } from '@postel/testkit';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { identifyProcess, processesIn } from '../data-directory/process-identity.ts';
import { ask } from '../fixtures/ask.ts';
import { SERVE_LINE_APP } from '../fixtures/scripts.ts';

/** Stopped; what the tests start from. */
let made: OwnPostel;
beforeAll(async () => {
  made = await startPostel({ script: SERVE_LINE_APP });
  await made.stop();
});
afterAll(() => made[Symbol.asyncDispose]());

function startCopy(): Promise<OwnPostel> {
  return startPostel({ copyOf: made.dataDirectory, script: SERVE_LINE_APP });
}

describe('a server that runs', () => {
  let postel: OwnPostel;
  beforeAll(async () => {
    postel = await startCopy();
  });
  afterAll(() => postel[Symbol.asyncDispose]());

  test('says "postel ready" on a line of its own, and how to connect', async () => {
    await postel.process.printed(/Stop with Ctrl-C/);
    const { output } = postel.process;
    expect(output).toMatch(/^postel ready$/m);
    expect(output).toContain(`port ${postel.ports.imaps}`);
    expect(output).toContain('postelpostel');
    expect(output).toContain('ca.pem');
  });

  test('keeps keys and everything else to its owner', () => {
    const mode = (...path: string[]) => statSync(join(postel.dataDirectory, ...path)).mode & 0o777;
    expect(mode()).toBe(0o700);
    expect(mode('certificates', 'ca-key.pem')).toBe(0o600);
    expect(mode('certificates', 'server-key.pem')).toBe(0o600);
    expect(mode('run.json')).toBe(0o600);
    expect(mode('logs', 'postel.log')).toBe(0o600);
    expect(mode('socket')).toBe(0o700);
  });

  test('has a certificate and key that TLS accepts', () => {
    const read = (name: string) => readFileSync(join(postel.dataDirectory, 'certificates', name), 'utf8');
    createSecureContext({ cert: read('server.pem'), key: read('server-key.pem') });
  });

  test('is healthy, and has metrics of itself and of its app', async () => {
    expect(await http(postel, '/healthz')).toEqual({
      status: 200,
      body: '{"status":"ok","parts":{"line-app":"ready","database":"ready"}}\n',
    });
    await ask(postel.ports.imap, 'hello');
    const { status, body } = await http(postel, '/metrics');
    expect(status).toBe(200);
    expect(body).toContain('postel_process_up{process="line-app"} 1');
    expect(body).toContain('postel_process_up{process="postgres"} 1');
    expect(body).toContain('postel_process_restarts_total{process="postgres"} 0');
    expect(body).toContain('lines_total{process="line-app"} 1');
    expect((await http(postel, '/')).status).toBe(404);
  });

  test('keeps a second one out of its data directory, which names the first', async () => {
    const { dataDirectory } = postel;
    await expect(startPostel({ dataDirectory, script: SERVE_LINE_APP })).rejects.toThrow(
      `Postel already runs on ${dataDirectory} (PID ${postel.pids.supervisor})`,
    );
    expect(await ask(postel.ports.imap, 'hello')).toMatch(/hello/);
  });

  test('keeps others off its ports, and they say which and what to do', async () => {
    const { portOffset } = postel;
    const failed = startPostel({ portOffset, script: SERVE_LINE_APP });
    await expect(failed).rejects.toThrow(/Port \d+ on 127.0.0.1 is in use by another program.*--port-offset/);
    await expect(failed).rejects.toThrow('exit code 1');
  });
});

test('an app that is killed is started again: the port opens, health and metrics tell of it', async () => {
  await using postel = await startCopy();
  const first = postel.pids.apps['line-app'] ?? 0;
  process.kill(first, 'SIGKILL');
  await postel.process.printed(/line-app died \(SIGKILL\)/);
  expect((await http(postel, '/healthz')).status).toBe(503);
  await postel.process.printed(/line-app works again/);
  expect(await ask(postel.ports.imap, 'hello')).not.toBe(`${first} hello`);
  expect((await http(postel, '/healthz')).status).toBe(200);
  expect((await http(postel, '/metrics')).body).toContain('postel_process_restarts_total{process="line-app"} 1');
});

test('a database that is killed is started again, and health tells of it', async () => {
  await using postel = await startCopy();
  process.kill(postel.pids.postgres, 'SIGKILL');
  await postel.process.printed(/the database died \(SIGKILL\)/);
  expect(JSON.parse((await http(postel, '/healthz')).body)).toMatchObject({ status: 'unavailable' });
  await postel.process.printed(/the database works again/);
  expect((await http(postel, '/healthz')).status).toBe(200);
  expect((await http(postel, '/metrics')).body).toContain('postel_process_restarts_total{process="postgres"} 1');
});

test.for(['SIGTERM', 'SIGINT', 'SIGHUP'] as const)('%s stops everything, with exit code 0', async (signal) => {
  await using postel = await startCopy();
  const processes = processesOf(postel);
  expect(processes.length).toBeGreaterThan(5);
  expect(await postel.stop(signal)).toEqual({ code: 0, signal: null });
  expect(processes.filter((pid) => identifyProcess(pid) !== null)).toEqual([]);
  expect(() => statSync(join(postel.dataDirectory, 'run.json'))).toThrow('ENOENT');
  expect(() => statSync(join(postel.dataDirectory, 'postgres/postmaster.pid'))).toThrow('ENOENT');
});

test('a signal that comes while it starts stops what was started', async () => {
  await using postel = await startCopy();
  await postel.stop();
  const { dataDirectory, portOffset } = postel;
  const signalAt = { pattern: /starting the database/, signal: 'SIGTERM' } as const;
  const failed = startPostel({ dataDirectory, portOffset, script: SERVE_LINE_APP, signalAt });
  await expect(failed).rejects.toThrow('exit code 0');
  expect(processesIn(join(dataDirectory, 'postgres'), 'postgres')).toEqual([]);
});

test('when the supervisor is killed, the app ends by itself and the database stays for the next start', async () => {
  await using postel = await startCopy();
  const { supervisor, postgres, apps } = postel.pids;
  process.kill(supervisor, 'SIGKILL');
  await postel.process.ended;
  while (identifyProcess(apps['line-app'] ?? 0) !== null) await wait(10);
  expect(identifyProcess(postgres)).not.toBeNull();
  const { dataDirectory, portOffset } = postel;
  await using again = await startPostel({ dataDirectory, portOffset, script: SERVE_LINE_APP });
  expect(again.process.output).toContain(`stopping the Postgres that an earlier Postel left running (PID ${postgres})`);
  expect(identifyProcess(postgres)).toBeNull();
});

test('an error that nobody caught stops everything, with exit code 1', async () => {
  await using postel = await startCopy();
  const processes = processesOf(postel);
  expect(await postel.stop('SIGUSR2')).toEqual({ code: 1, signal: null });
  expect(postel.process.output).toContain('nobody foresaw this');
  expect(processes.filter((pid) => identifyProcess(pid) !== null)).toEqual([]);
});

test('a data directory with a long path has its socket elsewhere', async () => {
  const dataDirectory = join(made.dataDirectory, 'x'.repeat(100));
  const postel = await startPostel({ dataDirectory, script: SERVE_LINE_APP });
  const { database } = postel;
  const socketDirectory = 'socketDirectory' in database ? database.socketDirectory : '';
  expect(socketDirectory.length).toBeLessThan(100);
  expect(statSync(socketDirectory).mode & 0o777).toBe(0o700);
  await postel.stop();
  expect(() => statSync(socketDirectory)).toThrow('ENOENT');
});

/** Every process of a server: Postgres's own children too. */
function processesOf(postel: OwnPostel): readonly number[] {
  const { supervisor, apps } = postel.pids;
  return [supervisor, ...Object.values(apps), ...processesIn(join(postel.dataDirectory, 'postgres'), 'postgres')];
}

async function http(postel: OwnPostel, path: string): Promise<{ readonly status: number; readonly body: string }> {
  return new Promise((resolve, reject) => {
    get({ host: '127.0.0.1', port: postel.ports.metrics, path, agent: false }, async (response) => {
      resolve({ status: response.statusCode ?? 0, body: await text(response) });
    }).once('error', reject);
  });
}
