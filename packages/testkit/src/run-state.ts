import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type DatabaseTarget, parseDatabaseTarget, SettingReader } from '@postel/config';

/** What a test wants to know from the `run.json` of a server that runs. */
export interface RunState {
  readonly pid: number;
  /** `null` until it answers. */
  readonly database: DatabaseTarget | null;
  /** `null` if it does not run yet, or is not ours. */
  readonly postgresPid: number | null;
  /** PIDs by process name. */
  readonly apps: Readonly<Record<string, number>>;
  /** Ports by service. */
  readonly ports: Readonly<Record<string, number>>;
}

export function readRunState(dataDirectory: string): RunState {
  const run = new SettingReader(JSON.parse(readFileSync(join(dataDirectory, 'run.json'), 'utf8')), 'run.json');
  const apps = run.at('apps').list((app) => [app.at('name').text(), app.at('pid').integer()] as const);
  return {
    pid: run.at('pid').integer(),
    database: run.at('database').orNull(parseDatabaseTarget),
    postgresPid: run.at('postgres').orNull((postgres) => postgres.at('pid').integer()),
    apps: Object.fromEntries(apps),
    ports: run.at('ports').record((port) => port.port()),
  };
}
